"""Numbers as people read them."""

from __future__ import annotations

import pytest

from s3dlio_progress.rates import RateWindow
from s3dlio_progress.units import format_bytes, format_duration


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1023.9 KiB"),
        (1024**2, "1.0 MiB"),
        (int(2.4 * 1024**3), "2.3 GiB"),
        (5 * 1024**4, "5.0 TiB"),
        (1024**6, "1.0 EiB"),
        (5000 * 1024**6, "5000.0 EiB"),
    ],
)
def test_sizes_use_binary_units_and_are_cut(size_bytes: int, text: str) -> None:
    """A size is shown in the largest binary unit that keeps it at least 1, never rounded up."""
    assert text == format_bytes(size_bytes)


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (-1, "0s"),
        (0.9, "0s"),
        (6, "6s"),
        (65, "1m05s"),
        (7380, "2h03m"),
        (3 * 86_400 + 4 * 3600 + 59, "3d04h"),
    ],
)
def test_durations_use_at_most_two_units(duration_s: float, text: str) -> None:
    """A duration is shown in at most two units."""
    assert text == format_duration(duration_s)


def test_a_rate_is_unknown_at_first() -> None:
    """Nothing is said of a rate before there are two samples some time apart."""
    window = RateWindow()
    window.add(0.0, 0)
    window.add(0.1, 1000)
    assert window.per_s is None


def test_a_rate_is_that_of_the_last_seconds() -> None:
    """What happened before the window doesn't count."""
    window = RateWindow(window_s=5.0)
    for second in range(20):
        window.add(float(second), 1000 * second if second < 10 else 10_000 + 50 * (second - 10))
    assert window.per_s == pytest.approx(50.0)


def test_a_rate_is_never_negative() -> None:
    """Bytes of a failed object are taken out again, and the rate is zero then."""
    window = RateWindow()
    window.add(0.0, 1000)
    window.add(1.0, 0)
    assert window.per_s == 0.0
