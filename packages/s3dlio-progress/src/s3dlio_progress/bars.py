"""The progress bar of a transfer.

    UPLOAD:   [██████████████▏     ] 1.8 GiB/2.4 GiB (95.7 MiB/s, ETA: 6s) 12/40 files

It moves inside large objects, because the engine counts finished parts. Failures are printed
above it. No colours and no other terminal control than carriage return and clearing the line.
"""

from __future__ import annotations

import contextlib
import sys
from locale import CODESET, nl_langinfo
from typing import TYPE_CHECKING, TextIO

from s3dlio_progress.line import Frame, render_line
from s3dlio_progress.plain import PlainObserver
from s3dlio_progress.rates import RateWindow

if TYPE_CHECKING:
    from s3dlio_core.transfer.events import Snapshot
    from s3dlio_core.transfer.report import TransferReport
    from s3dlio_progress._tqdm_line import TerminalLine

__all__ = ["BarObserver"]


class BarObserver(PlainObserver):
    """Draws a bar for one transfer at a time.

    Args:
        stream: where to; standard error when None.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(sys.stderr if stream is None else stream)
        self._line: TerminalLine | None = None
        self._frame: Frame | None = None
        self._rate = RateWindow()
        self._shows_unicode = True

    def started(self, snapshot: Snapshot) -> None:
        """Draw the first frame."""
        # tqdm costs 30 ms to import: only who sees a bar pays for it.
        from s3dlio_progress._tqdm_line import TerminalLine  # noqa: PLC0415

        self._rate = RateWindow()
        self._set_frame(snapshot)
        stream = sys.stderr if self._stream is None else self._stream
        self._shows_unicode = _shows_unicode(stream)
        self._line = TerminalLine(stream, self._text)
        self._draw()

    def progressed(self, snapshot: Snapshot) -> None:
        """Draw the state."""
        self._set_frame(snapshot)
        self._draw()

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        """Draw the last frame and leave it standing."""
        moved = report.done_bytes if snapshot.total_bytes else report.done_count
        mean = moved / report.elapsed_s if report.elapsed_s > 0 else None
        self._frame = Frame(snapshot, mean, succeeded=report.ok, ended=True)
        if self._line is not None:
            self._line.close()
            self._line = None

    def _set_frame(self, snapshot: Snapshot) -> None:
        moved = snapshot.done_bytes if snapshot.total_bytes else snapshot.done_count
        self._rate.add(snapshot.elapsed_s, moved)
        self._frame = Frame(snapshot, self._rate.per_s)

    def _draw(self) -> None:
        if self._line is not None:
            with contextlib.suppress(OSError):  # a terminal that is gone: see output.py
                self._line.refresh()

    def _text(self, columns: int) -> str:
        if self._frame is None:
            return ""
        ascii_only = not self._shows_unicode
        return render_line(self._frame, columns=columns, ascii_only=ascii_only)


def _shows_unicode(stream: TextIO | None) -> bool:
    encoding = getattr(stream, "encoding", None)
    if encoding is None:  # no terminal: io.StringIO
        return True
    # In its UTF-8 mode, which is that of the locale "C", Python writes UTF-8 to any terminal.
    return all(name.lower().startswith("utf") for name in (encoding, nl_langinfo(CODESET)))
