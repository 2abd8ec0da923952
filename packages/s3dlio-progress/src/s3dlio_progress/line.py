"""The text of a progress line. Pure: a snapshot and a width go in, text comes out.

Rules that hold here:
- The bar is full only when the whole transfer has succeeded; until then its last cell isn't.
- While the listing goes on, totals carry a "+" and the time left is unknown ("--").
- The line never is wider than the columns given: pieces are left out from the least important.
  Only the number of failures always stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_progress.units import format_bytes, format_duration

if TYPE_CHECKING:
    from s3dlio_core.transfer.events import Snapshot

__all__ = ["Frame", "render_bar", "render_line"]

_BAR_COLUMNS_MIN = 6
_BAR_COLUMNS_MAX = 40
_LABEL_COLUMNS = len("DOWNLOAD: ")
#: The text after the bar is taken for a multiple of this, else the bar would change its width with
#: each digit of the rate.
_TAIL_STEP_COLUMNS = 6
#: An estimate beyond this many seconds (99 days) is noise.
_ETA_MAX_S = 99 * 86_400


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything that a line shows.

    Attributes:
        snapshot: the transfer's state.
        per_s: bytes (or objects, where no bytes move) per second, or None when unknown.
        succeeded: whether the transfer has ended and everything was done.
        ended: whether it has ended at all.
    """

    snapshot: Snapshot
    per_s: float | None
    succeeded: bool = False
    ended: bool = False

    @property
    def counts_objects(self) -> bool:
        """Whether objects measure the progress: no bytes move (deletions, empty files)."""
        return self.snapshot.total_bytes == 0

    @property
    def fraction(self) -> float:
        """How much is done of what is known: 0 to 1."""
        snapshot = self.snapshot
        if not self.counts_objects:
            return min(snapshot.done_bytes / snapshot.total_bytes, 1.0)
        if snapshot.total_count == 0:
            return 0.0
        return min(snapshot.done_count / snapshot.total_count, 1.0)


def render_bar(fraction: float, *, columns: int, full: bool, ascii_only: bool) -> str:
    """Return the inside of a bar.

    Args:
        fraction: 0 to 1.
        columns: its width.
        full: whether the bar may be full; else the end of its last cell stays empty.
        ascii_only: use "#" instead of block characters.
    """
    steps = 1 if ascii_only else 8
    filled = columns * steps if full else min(int(fraction * columns * steps), columns * steps - 1)
    cells, rest = divmod(filled, steps)
    if ascii_only:
        return ("#" * cells).ljust(columns)
    return ("█" * cells + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(columns)


def render_line(frame: Frame, *, columns: int, ascii_only: bool = False) -> str:
    """Return the line, at most this many columns wide."""
    label = f"{frame.snapshot.operation.upper()}:"
    for tail in _tails(frame):
        tail_columns = -(-len(tail) // _TAIL_STEP_COLUMNS) * _TAIL_STEP_COLUMNS
        room = columns - _LABEL_COLUMNS - tail_columns - len("[] ")
        if room >= _BAR_COLUMNS_MIN:
            bar = render_bar(
                frame.fraction,
                columns=min(room, _BAR_COLUMNS_MAX),
                full=frame.succeeded,
                ascii_only=ascii_only,
            )
            return f"{label:<{_LABEL_COLUMNS}}[{bar}] {tail}"
    return f"{label} {_tails(frame)[-1]}"[:columns]


def _tails(frame: Frame) -> list[str]:
    """Return what stands after the bar, from the richest to the shortest."""
    snapshot = frame.snapshot
    more = "" if snapshot.totals_final or frame.ended else "+"
    files = f"{snapshot.done_count}/{snapshot.total_count}{more} files"
    if snapshot.deleted_count and snapshot.operation != "delete":
        files += f", {snapshot.deleted_count} deleted"
    failed = f", {snapshot.failed_count} failed" if snapshot.failed_count else ""
    if frame.counts_objects:
        rate = "--/s" if frame.per_s is None else f"{int(frame.per_s)}/s"
        return [f"{files}{failed} ({rate}, ETA: {_eta(frame)})", f"{files}{failed}"]
    amount = f"{format_bytes(snapshot.done_bytes)}/{format_bytes(snapshot.total_bytes)}{more}"
    rate = "--" if frame.per_s is None else f"{format_bytes(frame.per_s)}/s"
    speed = f"({rate}, ETA: {_eta(frame)})"
    return [
        f"{amount} {speed} {files}{failed}",
        f"{amount} {speed}{failed}",
        f"{amount} ({rate}){failed}",
        f"{amount}{failed}",
    ]


def _eta(frame: Frame) -> str:
    if frame.succeeded:
        return "0s"
    snapshot = frame.snapshot
    if frame.ended or not snapshot.totals_final or not frame.per_s:
        return "--"
    if frame.counts_objects:
        left = snapshot.total_count - snapshot.done_count - snapshot.failed_count
    else:
        left = snapshot.total_bytes - snapshot.done_bytes
    left_s = max(left, 0) / frame.per_s
    return format_duration(left_s) if left_s < _ETA_MAX_S else "--"
