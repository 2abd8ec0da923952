"""A limit on the bytes per second of an operation, shared by all its threads.

Rules that hold in this file:
- Bytes are paid for before they move, in the order in which threads ask. Of any stretch of time no
  more comes through than its length allows, but for one slice.
- What isn't used is lost: an operation that waited for a server doesn't make up for it in a rush.
- Time comes from outside, so that tests need none.

What is limited is what this process reads from a source or hands to a store. A request's body still
leaves as fast as the line takes it: an upload pauses between parts, not within one.

Source of the units: rclone's documentation, "--bwlimit".
"""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Protocol, TypeAlias

from s3dlio_core.errors import CancelledError, UsageError
from s3dlio_core.selection.filter_values import parse_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_core.transfer.events import CancelToken

__all__ = ["Bandwidth", "Bwlimit", "Readable", "make_bandwidth", "paced", "parse_bwlimit"]

#: What users give: "10M", "512k", a number of KiB; None, 0 or "off" is no limit.
Bwlimit: TypeAlias = "str | int | None"

#: So much time's worth of bytes moves at once: long enough to cost little, short enough to be even.
SLICE_S = 0.05
SLICE_MIN_BYTES = 512
SLICE_MAX_BYTES = 4 * 1024**2

_BARE_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


class Readable(Protocol):
    """What bytes are read from; an `ObjectReader` is one."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer, or less of it; return how many bytes, 0 at the end."""


class Bandwidth:
    """Lets bytes through at a rate. Thread-safe."""

    def __init__(
        self,
        bytes_per_s: float,
        *,
        now_s: Callable[[], float] = time.monotonic,
        wait: Callable[[float, CancelToken | None], bool] | None = None,
    ) -> None:
        """Make a limit.

        Args:
            bytes_per_s: the rate, above 0.
            now_s: a clock that never goes back.
            wait: sleeps so many seconds, or less when the token is set, and says whether it was.
        """
        self.bytes_per_s = bytes_per_s
        self.slice_bytes = int(min(max(bytes_per_s * SLICE_S, SLICE_MIN_BYTES), SLICE_MAX_BYTES))
        self._now_s = now_s
        self._wait = wait or _sleep
        self._lock = threading.Lock()
        self._free_at_s = now_s()

    def take(self, size_bytes: int, cancel: CancelToken | None = None) -> None:
        """Wait until so many bytes may have come through.

        Raises:
            CancelledError: the token was set.
        """
        with self._lock:
            begins_s = max(self._now_s(), self._free_at_s)
            self._free_at_s = ends_s = begins_s + size_bytes / self.bytes_per_s
        while (left_s := ends_s - self._now_s()) > 0:
            if self._wait(left_s, cancel):
                raise CancelledError("cancelled")


class _Paced:
    """A reader whose bytes are paid for."""

    def __init__(self, reader: Readable, bandwidth: Bandwidth, cancel: CancelToken | None) -> None:
        self._reader = reader
        self._bandwidth = bandwidth
        self._cancel = cancel
        self._paid_bytes = 0

    def readinto(self, buffer: memoryview, /) -> int:
        """Read what is paid for; pay for a slice when that is used up."""
        if not self._paid_bytes:
            self._paid_bytes = min(len(buffer), self._bandwidth.slice_bytes)
            self._bandwidth.take(self._paid_bytes, self._cancel)
        count = self._reader.readinto(buffer[: self._paid_bytes])
        self._paid_bytes -= count
        return count


def paced(
    reader: Readable, bandwidth: Bandwidth | None, cancel: CancelToken | None = None
) -> Readable:
    """Return a reader that keeps to a limit; the reader itself where there is none."""
    return reader if bandwidth is None else _Paced(reader, bandwidth, cancel)


def make_bandwidth(limit: Bwlimit) -> Bandwidth | None:
    """Return what keeps to a limit that a user gave; see `parse_bwlimit`."""
    bytes_per_s = parse_bwlimit(limit)
    return None if bytes_per_s is None else Bandwidth(bytes_per_s)


def parse_bwlimit(value: Bwlimit) -> float | None:
    """Read a limit as rclone does: "10M", "512k" and the like, of 1024; a bare number is KiB.

    Returns:
        Bytes per second; None for no limit: None, 0 or "off".

    Raises:
        UsageError: it's no rate.
    """
    if value is None or value == "off":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError(f"bwlimit is a text or a number of KiB per second, not {value!r}")
    text = str(value).strip()
    try:
        bytes_per_s = parse_size(f"{text}k" if _BARE_NUMBER.fullmatch(text) else text)
    except UsageError:
        raise UsageError(
            f"{value!r} is no bandwidth",
            hint="Write bytes per second with a unit: 10M, 512k; or off",
        ) from None
    if not bytes_per_s and re.search("[1-9]", text):
        raise UsageError(f"{value!r} is less than a byte per second")
    return float(bytes_per_s) or None


def _sleep(seconds: float, cancel: CancelToken | None) -> bool:
    if cancel is not None:
        return cancel.wait(seconds)
    time.sleep(seconds)
    return False
