"""The minimum speed: a transfer that crawls for too long is given up.

Rules that hold in this file:
- Only time that was spent waiting for the other side counts: a caller that is slow with its own
  work is never blamed on the server.
- It costs one subtraction and one comparison for each wait, and nothing for a body that came with
  its head.
"""

from __future__ import annotations

from dataclasses import dataclass

from s3dlio_http.errors import TooSlowError

__all__ = ["DEFAULT_MINIMUM_SPEED", "MinimumSpeed", "SpeedWatch"]


@dataclass(frozen=True, slots=True)
class MinimumSpeed:
    """Fewer bytes a second than this, over the whole window, end a transfer.

    Attributes:
        bytes_per_s: how many bytes a second are enough.
        window_s: over how many seconds of waiting it is measured.
    """

    bytes_per_s: float = 1024
    window_s: float = 60

    def __post_init__(self) -> None:
        if self.bytes_per_s <= 0 or self.window_s <= 0:
            raise ValueError("the minimum speed and its window must be above 0; None switches off")


DEFAULT_MINIMUM_SPEED = MinimumSpeed()


class SpeedWatch:
    """Watches one transfer in one direction."""

    __slots__ = ("_enough_bytes", "_moved_bytes", "_origin", "_waited_s", "_window_s")

    def __init__(self, minimum: MinimumSpeed, origin: str) -> None:
        self._enough_bytes = minimum.bytes_per_s * minimum.window_s
        self._window_s = minimum.window_s
        self._origin = origin
        self._moved_bytes = 0
        self._waited_s = 0.0

    def add(self, size_bytes: int, waited_s: float) -> None:
        """Count bytes and the time that was waited for them.

        Raises:
            TooSlowError: too few bytes came in this window.
        """
        self._moved_bytes += size_bytes
        self._waited_s += waited_s
        if self._waited_s >= self._window_s:
            if self._moved_bytes < self._enough_bytes:
                raise TooSlowError(self._origin, self._moved_bytes, self._waited_s)
            self._moved_bytes = 0
            self._waited_s = 0.0
