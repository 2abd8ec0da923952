"""Snapshots, failures and reports as plain values for JSON. Field names are part of the interface.

Sizes are bytes, times are seconds; names end in their unit.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from s3dlio_core.errors import S3dlioError
    from s3dlio_core.transfer.events import Snapshot
    from s3dlio_core.transfer.report import Failure, Planned, Settled, TransferReport

__all__ = [
    "error_values",
    "failure_values",
    "planned_values",
    "report_values",
    "settled_values",
    "snapshot_values",
]


def snapshot_values(snapshot: Snapshot) -> dict[str, Any]:
    """Return the fields of a snapshot."""
    return asdict(snapshot)


def error_values(error: S3dlioError) -> dict[str, Any]:
    """Return what an error says."""
    return {
        "type": type(error).__name__,
        "message": str(error),
        "reason": error.reason,
        "operation": error.operation,
        "uri": error.uri,
        "hint": error.hint,
        "code": error.code,
        "request_id": error.request_id,
        "scope": error.scope.value,
        "retryable": error.retryable,
    }


def failure_values(failure: Failure) -> dict[str, Any]:
    """Return a failed object and why."""
    return {
        "source": failure.source,
        "destination": failure.destination,
        "error": error_values(failure.error),
    }


def planned_values(planned: Planned) -> dict[str, Any]:
    """Return what a dry run would do with one object."""
    return asdict(planned)


def settled_values(settled: Settled) -> dict[str, Any]:
    """Return what was done with one object, but for the action itself."""
    values = asdict(settled)
    del values["action"]
    return values


def report_values(report: TransferReport) -> dict[str, Any]:
    """Return a whole report, failures included; what was planned has been told one by one."""
    return {
        "operation": report.operation,
        "ok": report.ok,
        "dry_run": report.dry_run,
        "done_count": report.done_count,
        "done_bytes": report.done_bytes,
        "failed_count": report.failed_count,
        "skipped_count": report.skipped_count,
        "deleted_count": report.deleted_count,
        "verified_count": report.verified_count,
        "unverified": dict(report.unverified),
        "elapsed_s": round(report.elapsed_s, 3),
        "bytes_per_s": round(report.bytes_per_s, 1),
        "unmatched": list(report.unmatched),
        "notes": list(report.notes),
        "stopped_by": None if report.stopped_by is None else error_values(report.stopped_by),
        "failures": [failure_values(failure) for failure in report.failures],
    }
