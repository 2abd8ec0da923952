"""Observers of s3dlio transfers: a progress bar, JSON lines, or plain warnings.

Importing this package is cheap: tqdm is imported when the first bar is drawn, not before.
"""

from __future__ import annotations

from s3dlio_progress.bars import BarObserver
from s3dlio_progress.choose import PROGRESS_MODES, make_observer
from s3dlio_progress.json_lines import JsonLinesObserver
from s3dlio_progress.output import write_line
from s3dlio_progress.plain import PlainObserver, describe_failure
from s3dlio_progress.rates import RateWindow
from s3dlio_progress.units import format_bytes, format_duration
from s3dlio_progress.values import error_values, failure_values, report_values, snapshot_values

__all__ = [
    "PROGRESS_MODES",
    "BarObserver",
    "JsonLinesObserver",
    "PlainObserver",
    "RateWindow",
    "describe_failure",
    "error_values",
    "failure_values",
    "format_bytes",
    "format_duration",
    "make_observer",
    "report_values",
    "snapshot_values",
    "write_line",
]
