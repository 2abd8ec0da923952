"""Running a check for its command: lines on standard output, a summary, the exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from s3dlio_cli.command import interrupts_of
from s3dlio_cli.exit_codes import ALL_DONE, SOME_FAILED, code_of_error
from s3dlio_cli.failure_lines import observer_of
from s3dlio_cli.options import settings_of
from s3dlio_cli.output import emit_json, emit_name, say
from s3dlio_cli.summary import say_unnamed
from s3dlio_core.errors import S3dlioError
from s3dlio_core.transfer.events import CancelToken
from s3dlio_progress.values import error_values, failure_values

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from s3dlio_core.transfer.events import TransferObserver
    from s3dlio_core.trees.check_report import CheckReport, Discrepancy

__all__ = ["run_check"]


def run_check(
    ctx: click.Context,
    check: Callable[[Callable[[Discrepancy], None], TransferObserver, CancelToken], CheckReport],
) -> int:
    """Run a check and tell its outcome.

    Args:
        ctx: the command's.
        check: takes what is told each difference, the observer and the cancel token.

    Returns:
        The exit code.

    Raises:
        S3dlioError: what the check raises.
    """
    settings = settings_of(ctx)
    # A bar would stand between the lines.
    observer = observer_of(settings, with_bar=not sys.stdout.isatty())
    tell = _tell_json if settings.as_json else _tell
    with interrupts_of(ctx).cancelling():
        try:
            report = check(tell, observer, CancelToken())
        except S3dlioError as error:
            if settings.as_json:
                known = {"type": "summary", "operation": "check", "ok": False}
                code = code_of_error(error)
                emit_json({**known, "exit_code": code, "stopped_by": error_values(error)})
            raise
    if settings.as_json:
        emit_json(report_values(report))
    say_unnamed(report.failed_count, settings, "--json")
    if not settings.is_silent:
        say(summary_line(report))
    return ALL_DONE if report.ok else SOME_FAILED


def _tell(found: Discrepancy) -> None:
    emit_name(f"{found.kind.value}: {found.path}")


def _tell_json(found: Discrepancy) -> None:
    emit_json(
        {
            "type": found.kind.value,
            "path": found.path,
            "source": found.source,
            "destination": found.destination,
            "source_size_bytes": found.source_size_bytes,
            "destination_size_bytes": found.destination_size_bytes,
        }
    )


def report_values(report: CheckReport) -> dict[str, Any]:
    """Return the last line of a check as JSON; the differences were lines of their own."""
    return {
        "type": "summary",
        "operation": "check",
        "ok": report.ok,
        "same_count": report.same_count,
        "missing_count": report.missing_count,
        "extra_count": report.extra_count,
        "different_count": report.different_count,
        "failed_count": report.failed_count,
        "skipped_count": report.skipped_count,
        "elapsed_s": round(report.elapsed_s, 3),
        "notes": list(report.notes),
        "failures": [failure_values(failure) for failure in report.failures],
        "exit_code": ALL_DONE if report.ok else SOME_FAILED,
    }


def summary_line(report: CheckReport) -> str:
    """Return for example "7 the same, 1 missing, 0 extra, 2 different, 0 failed"."""
    text = (
        f"{report.same_count} the same, {report.missing_count} missing, "
        f"{report.extra_count} extra, {report.different_count} different, "
        f"{report.failed_count} failed"
    )
    return f"{text}, {report.skipped_count} skipped" if report.skipped_count else text
