"""Which objects are meant: how a source is read, and what it selects."""

from __future__ import annotations

from s3dlio_core.selection.expansion import expand
from s3dlio_core.selection.reading import Reading
from s3dlio_core.selection.single import use_single
from s3dlio_core.selection.sources import (
    Selection,
    select,
    select_as_written,
    select_directory_as_written,
    select_version,
)

__all__ = [
    "Reading",
    "Selection",
    "expand",
    "select",
    "select_as_written",
    "select_directory_as_written",
    "select_version",
    "use_single",
]
