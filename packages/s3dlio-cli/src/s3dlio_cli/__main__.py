"""`python -m s3dlio_cli` is s3-cli."""

from __future__ import annotations

import sys

from s3dlio_cli.app import run

sys.exit(run())
