"""Exit codes: what a script may rely on. Pure functions over reports and errors."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from s3dlio_core.errors import (
    CancelledError,
    NothingMatchedError,
    ObjectNotFoundError,
    S3dlioError,
    UsageError,
)

if TYPE_CHECKING:
    from s3dlio_core.transfer.report import TransferReport

__all__ = [
    "ALL_DONE",
    "INTERRUPTED",
    "NOTHING_MATCHED",
    "SOME_FAILED",
    "USAGE",
    "code_of_error",
    "code_of_report",
    "code_of_signal",
]

ALL_DONE = 0
SOME_FAILED = 1
USAGE = 2
NOTHING_MATCHED = 3
INTERRUPTED = 128 + signal.SIGINT  # 130, as shells say it


def code_of_signal(signum: int) -> int:
    """Return 129 for SIGHUP, 130 for SIGINT, 143 for SIGTERM."""
    return 128 + signum


def code_of_error(error: S3dlioError) -> int:
    """Return the code of an error that ended a command."""
    if isinstance(error, UsageError):
        return USAGE
    if isinstance(error, (NothingMatchedError, ObjectNotFoundError)):
        return NOTHING_MATCHED
    return INTERRUPTED if isinstance(error, CancelledError) else SOME_FAILED


def code_of_report(report: TransferReport) -> int:
    """Return the code of a transfer that came to its end, or was stopped."""
    if report.stopped_by is not None:
        # An object that vanished in the middle is a failure, not a source that matched nothing.
        code = code_of_error(report.stopped_by)
        return SOME_FAILED if code == NOTHING_MATCHED else code
    return ALL_DONE if report.ok else SOME_FAILED
