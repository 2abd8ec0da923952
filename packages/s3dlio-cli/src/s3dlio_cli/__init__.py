"""s3-cli: universal copy between object stores and files, from a shell.

Rule of this package: importing `s3dlio_cli.app` loads no backend, no tqdm and no package metadata;
what a command needs is imported when it runs. A test holds it to that.
"""

from __future__ import annotations

__all__: list[str] = []
