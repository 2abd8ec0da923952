"""What is said at the end of a transfer, on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_cli.failure_lines import FAILURES_SHOWN_MAX, tells_in_json
from s3dlio_cli.output import say, say_error
from s3dlio_core.errors import CancelledError, printable
from s3dlio_progress import format_bytes

if TYPE_CHECKING:
    from s3dlio_cli.options import Settings
    from s3dlio_core.transfer.report import TransferReport

__all__ = ["say_outcome", "summary_line"]

_DONE_WORDS = {
    "upload": "uploaded",
    "download": "downloaded",
    "copy": "copied",
    "move": "moved",
    "sync": "copied",
    "delete": "deleted",
}


def say_outcome(
    report: TransferReport, settings: Settings, *, failures_path: str | None = None
) -> None:
    """Say how many failures weren't named, what stopped the run, and the summary line.

    With --quiet only the errors; with --progress=json nothing, because its last line says it.
    Who interrupts a transfer needn't be told that it is an error.

    Args:
        report: the run's; its failures were said as they happened.
        settings: the command's.
        failures_path: the file that lists all failures, or None.
    """
    if tells_in_json(settings):
        return
    say_unnamed(report.failed_count, settings, failures_path or "--failures FILE")
    for source in report.unmatched:
        say_error(f"nothing matches {source}")
    if report.stopped_by is not None and not isinstance(report.stopped_by, CancelledError):
        say_error(str(report.stopped_by))
    if not settings.quiet:
        say(summary_line(report))


def say_unnamed(failed_count: int, settings: Settings, lister: str) -> None:
    """Say how many failures weren't named as they happened, if any.

    Args:
        failed_count: how many there were.
        settings: the command's.
        lister: what lists all.
    """
    more = failed_count - FAILURES_SHOWN_MAX
    if more > 0 and not settings.verbosity and not tells_in_json(settings):
        say_error(f"{_objects(more)} more failed; {lister} lists them")


def summary_line(report: TransferReport) -> str:
    """Return for example "uploaded 40 objects, 2.4 GiB in 19.2 s (127.3 MiB/s), 1 failed"."""
    text = _would_be_done(report) if report.dry_run else _done(report)
    if report.deleted_count and report.operation != "delete":
        text += f", {'would delete' if report.dry_run else 'deleted'} {report.deleted_count}"
    text += f", {report.failed_count} failed"
    if report.skipped_count:
        text += f", {report.skipped_count} skipped"
    if report.unmatched:
        sources = "source" if len(report.unmatched) == 1 else "sources"
        text += f", {len(report.unmatched)} {sources} matched nothing"
    if report.stopped_by is not None:
        cancelled = isinstance(report.stopped_by, CancelledError)
        text += "; interrupted before the end" if cancelled else "; stopped before the end"
    return printable(text)


def _done(report: TransferReport) -> str:
    word = _DONE_WORDS.get(report.operation, report.operation)
    text = f"{word} {_objects(report.done_count)}"
    if report.operation == "delete":
        return f"{text} in {report.elapsed_s:.1f} s"
    amount, rate = format_bytes(report.done_bytes), format_bytes(report.bytes_per_s)
    return f"{text}, {amount} in {report.elapsed_s:.1f} s ({rate}/s)"


def _would_be_done(report: TransferReport) -> str:
    verb = "copy" if report.operation == "sync" else report.operation
    text = f"(dryrun) would {verb} {_objects(report.done_count)}"
    return text if report.operation == "delete" else f"{text}, {format_bytes(report.done_bytes)}"


def _objects(count: int) -> str:
    return f"{count} object" if count == 1 else f"{count} objects"
