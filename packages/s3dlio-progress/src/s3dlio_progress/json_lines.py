"""Progress for programs: one JSON object a line.

    {"event": "start", "operation": "upload", …}
    {"event": "progress", …, "bytes_per_s": 100317593.6}      about once a second
    {"event": "failure", "source": …, "destination": …, "error": {…}}
    {"event": "planned", "source": …, "destination": …, …}    of a dry run: what would be done
    {"event": "note", "text": …}
    {"event": "finish", …, "ok": true, "failures": […]}

ASCII only (other characters are escaped as RFC 8259 section 7 says), flushed line by line. No
clock is read: times come from the snapshots.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any, TextIO

from s3dlio_core.transfer.events import TransferObserver
from s3dlio_progress.rates import RateWindow
from s3dlio_progress.values import (
    failure_values,
    planned_values,
    report_values,
    snapshot_values,
)

if TYPE_CHECKING:
    from s3dlio_core.transfer.events import Snapshot
    from s3dlio_core.transfer.report import Failure, Planned, TransferReport

__all__ = ["JsonLinesObserver"]


class JsonLinesObserver(TransferObserver):
    """Writes events to a stream.

    Args:
        stream: where to; standard error when None.
        interval_s: the least time between two "progress" events.
    """

    def __init__(self, stream: TextIO | None = None, interval_s: float = 1.0) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._interval_s = interval_s
        self._next_s = 0.0
        self._rate = RateWindow()

    def started(self, snapshot: Snapshot) -> None:
        """Write "start"."""
        self._rate = RateWindow()
        self._rate.add(snapshot.elapsed_s, snapshot.done_bytes)
        self._next_s = snapshot.elapsed_s + self._interval_s
        self._write("start", snapshot_values(snapshot))

    def progressed(self, snapshot: Snapshot) -> None:
        """Write "progress" when the interval is over."""
        self._rate.add(snapshot.elapsed_s, snapshot.done_bytes)
        if snapshot.elapsed_s < self._next_s:
            return
        self._next_s = snapshot.elapsed_s + self._interval_s
        per_s = self._rate.per_s
        rate = None if per_s is None else round(per_s, 1)
        self._write("progress", {**snapshot_values(snapshot), "bytes_per_s": rate})

    def failed(self, failure: Failure) -> None:
        """Write "failure"."""
        self._write("failure", failure_values(failure))

    def planned(self, planned: Planned) -> None:
        """Write "planned"."""
        self._write("planned", planned_values(planned))

    def noted(self, text: str) -> None:
        """Write "note"."""
        self._write("note", {"text": text})

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        """Write "finish", with the report."""
        self._write("finish", {**snapshot_values(snapshot), **report_values(report)})

    def _write(self, event: str, values: dict[str, Any]) -> None:
        # A reader that has gone away must not end the transfer.
        with contextlib.suppress(OSError):
            self._stream.write(json.dumps({"event": event, **values}) + "\n")
            self._stream.flush()
