"""Which objects are meant: how a source is read, and what it selects."""

from __future__ import annotations

from s3dlio_core.selection.expansion import expand
from s3dlio_core.selection.sources import Selection, select, select_as_written, select_version

__all__ = ["Selection", "expand", "select", "select_as_written", "select_version"]
