"""A rate over the last seconds, so that a bar shows what happens now and not the mean.

No clock is read here: times come from the snapshots, so that tests are plain values.
"""

from __future__ import annotations

from collections import deque

__all__ = ["WINDOW_S", "RateWindow"]

#: Long enough that whole parts of some MiB finishing on a slow line don't make the rate jump.
WINDOW_S = 8.0
#: A rate over less than this says nothing.
_SPAN_MIN_S = 0.3


class RateWindow:
    """The rate of a counter over a sliding window."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, elapsed_s: float, value: int) -> None:
        """Record the counter's value at a time; times must not go back."""
        samples = self._samples
        samples.append((elapsed_s, value))
        # The oldest sample kept is the last one outside the window: the span covers all of it.
        while len(samples) > 2 and samples[1][0] <= elapsed_s - self._window_s:
            samples.popleft()

    @property
    def per_s(self) -> float | None:
        """The rate per second, never negative; None while too little is known."""
        if len(self._samples) < 2:
            return None
        (start_s, start), (stop_s, stop) = self._samples[0], self._samples[-1]
        if stop_s - start_s < _SPAN_MIN_S:
            return None
        return max(stop - start, 0) / (stop_s - start_s)
