"""Running a transfer for a command: observer, signals, summary, exit code."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING

from s3dlio_cli.command import interrupts_of
from s3dlio_cli.exit_codes import code_of_error, code_of_report, code_of_signal
from s3dlio_cli.failure_lines import observer_of
from s3dlio_cli.options import remembered_values, settings_of
from s3dlio_cli.output import StdoutClosed, emit_json, emit_name, flush
from s3dlio_cli.summary import say_outcome
from s3dlio_core.errors import LocalIOError, S3dlioError
from s3dlio_core.transfer.events import CancelToken, PassingObserver, Snapshot, TransferObserver
from s3dlio_progress import report_values
from s3dlio_progress.values import (
    error_values,
    failure_values,
    planned_values,
    settled_values,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import click

    from s3dlio_core.transfer.report import Failure, Planned, Settled, TransferReport

__all__ = ["run_transfer"]


class _Beginning(PassingObserver):
    """An observer that says when the transfer begins."""

    def __init__(self, inner: TransferObserver, begin: Callable[[], None]) -> None:
        super().__init__(inner)
        self._begin = begin

    def started(self, snapshot: Snapshot) -> None:
        """Say it, and pass it on."""
        self._begin()
        super().started(snapshot)


class _Showing(PassingObserver):
    """An observer of a dry run, which shows what would be done on standard output."""

    def __init__(self, inner: TransferObserver, operation: str) -> None:
        super().__init__(inner)
        self._operation = operation

    def planned(self, planned: Planned) -> None:
        """Show it, as `aws s3` does."""
        super().planned(planned)
        goal = f" to {planned.destination}" if planned.destination else ""
        operation = _planned_operation(self._operation, planned)
        emit_name(f"(dryrun) {operation}: {planned.source}{goal}")


class _JsonLines(PassingObserver):
    """An observer that writes a JSON object to standard output for each object that is done.

    A reader that has gone, or a full disk, doesn't end the transfer: it is told when that is over.
    """

    def __init__(self, inner: TransferObserver, operation: str) -> None:
        super().__init__(inner)
        self.wants_settled = True
        self._operation = operation
        self._is_read = True

    def settled(self, settled: Settled) -> None:
        """Write what was done with an object."""
        if self._inner.wants_settled:
            super().settled(settled)
        self._write(settled.action, settled_values(settled))

    def failed(self, failure: Failure) -> None:
        """Write what failed."""
        super().failed(failure)
        self._write("failed", failure_values(failure))

    def planned(self, planned: Planned) -> None:
        """Write what would be done."""
        super().planned(planned)
        operation = _planned_operation(self._operation, planned)
        self._write("planned", {"operation": operation, **planned_values(planned)})

    def progressed(self, snapshot: Snapshot) -> None:
        """Let a reader see what was written."""
        super().progressed(snapshot)
        self._try(flush)

    def _write(self, kind: str, values: Mapping[str, object]) -> None:
        values = {"type": kind, "operation": self._operation, **values}
        self._try(functools.partial(emit_json, values))

    def _try(self, write: Callable[[], None]) -> None:
        """Write; where nothing can be written any more, `run_transfer` meets that in its turn."""
        if self._is_read:
            try:
                write()
            except (StdoutClosed, LocalIOError):
                self._is_read = False


def _planned_operation(operation: str, planned: Planned) -> str:
    """Return what would be done with one object: a sync copies and deletes."""
    if operation != "sync":
        return operation
    return "copy" if planned.destination else "delete"


def run_transfer(
    ctx: click.Context,
    operation: str,
    transfer: Callable[[TransferObserver | None, CancelToken], TransferReport],
    *,
    cleans_up: bool = True,
) -> int:
    """Run a transfer and tell its outcome.

    Args:
        ctx: the command's.
        operation: its name, for an outcome without a report.
        transfer: takes the observer and the cancel token and returns the report; failures of
            objects are in the report, errors of usage are raised.
        cleans_up: whether a transfer that has begun must be asked to stop, because it has uploads
            to abort and temporary files to remove. What hasn't is simply ended.

    Returns:
        The exit code.

    Raises:
        S3dlioError: what the transfer raises, after it was told as JSON where that is asked for.
    """
    settings = settings_of(ctx)
    interrupts = interrupts_of(ctx)
    token = CancelToken()
    dry_run = "dry_run" in remembered_values(ctx)
    # A bar would stand between the lines of a dry run, or of JSON on the same terminal.
    has_lines = dry_run or (settings.as_json and sys.stdout.isatty())
    observer = observer_of(settings, with_bar=not has_lines)
    if settings.as_json:
        observer = _JsonLines(observer, operation)
    elif dry_run:
        observer = _Showing(observer, operation)
    if cleans_up and not dry_run:
        observer = _Beginning(observer, functools.partial(interrupts.begin, token))
    with interrupts.cancelling():
        try:
            report = transfer(observer, token)
        except S3dlioError as error:
            if settings.as_json:
                values = {"type": "summary", "operation": operation, "ok": False}
                code = code_of_error(error)
                emit_json({**values, "exit_code": code, "stopped_by": error_values(error)})
            raise
    # A signal that came after the last object was done has stopped nothing.
    stopped = interrupts.signum and token.cancelled and report.stopped_by is not None
    code = code_of_signal(interrupts.signum) if stopped else code_of_report(report)
    if settings.as_json:
        emit_json({"type": "summary", **report_values(report), "exit_code": code})
    say_outcome(report, settings, failures_path=_failures_path(ctx))
    return code


def _failures_path(ctx: click.Context) -> str | None:
    values = remembered_values(ctx)
    return values.get("failures") or values.get("failures0")
