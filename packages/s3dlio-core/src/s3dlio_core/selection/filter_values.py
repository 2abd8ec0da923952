"""Sizes and times as users write them in filters. Pure: the present time is an argument."""

from __future__ import annotations

import contextlib
import datetime as dt
import re

from s3dlio_core.errors import UsageError

__all__ = ["parse_duration", "parse_size", "parse_time"]

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgtp])(i?)(b?)|b)?", re.IGNORECASE | re.ASCII)
_UNITS = "kmgtp"
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+", re.ASCII)
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])", re.ASCII)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{3}|\.\d{6})?)?(?:[zZ]|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
_UNIT_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


def parse_size(value: int | str) -> int:
    """Read a size: 4096, "10k", "10KiB" (1024 bytes each), "10KB" (1000 bytes each), "1.5G".

    Returns:
        Bytes.

    Raises:
        UsageError: it's no size, or negative.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise UsageError(f"a size can't be negative: {value}")
        return value
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise UsageError(
            f"{value!r} is no size", hint="Write bytes, or a unit behind: 4096, 10k, 5MiB, 2GB"
        )
    number, unit, binary, byte = found.groups()
    base = 1000 if byte and not binary else 1024
    factor = base ** (_UNITS.index(unit.lower()) + 1) if unit else 1
    whole, _, fraction = number.partition(".")
    return int(whole + fraction) * factor // int(10 ** len(fraction))


def parse_time(value: str | dt.datetime | dt.timedelta, now_s: float) -> float:
    """Read a moment: how long ago ("7d", "1h30m", a timedelta), or a date and time of ISO 8601.

    A date alone is its midnight. Without an offset from UTC, it's local time.

    Args:
        value: what was written.
        now_s: the present, seconds since the epoch.

    Returns:
        Seconds since the epoch.

    Raises:
        UsageError: it's neither.
    """
    if isinstance(value, dt.timedelta):
        return now_s - value.total_seconds()
    if isinstance(value, dt.datetime):
        return value.timestamp()
    if isinstance(value, str):
        text = value.strip()
        if _DURATION.fullmatch(text):
            return now_s - _seconds(text)
        if _ISO.fullmatch(text):
            with contextlib.suppress(ValueError, OverflowError):  # no such day: told below
                # Python 3.10 doesn't know "Z".
                return dt.datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text)).timestamp()
    raise UsageError(
        f"{value!r} is neither a duration nor a time",
        hint="Write how long ago (7d, 12h, 1h30m), or a date: 2026-01-31, 2026-01-31T12:00Z",
    )


def parse_duration(text: str) -> float:
    """Read a length of time: "90s", "1h30m", "7d"; or seconds without a unit.

    Returns:
        Seconds.

    Raises:
        UsageError: it's none.
    """
    written = text.strip()
    if _DURATION.fullmatch(written):
        return _seconds(written)
    if re.fullmatch(r"\d+", written, re.ASCII):
        return float(written)
    raise UsageError(f"{text!r} is no length of time", hint="Write for example 900, 15m, 1h30m, 7d")


def _seconds(duration: str) -> float:
    return sum(float(number) * _UNIT_S[unit] for number, unit in _DURATION_PART.findall(duration))
