"""Numbers as people read them. Pure functions.

One family of units everywhere, the binary one of IEC 80000-13 (KiB = 1024 B): sizes and rates can
be compared at a glance. Values are cut, never rounded up: what is shown as done is done.
"""

from __future__ import annotations

__all__ = ["format_bytes", "format_duration"]

_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_MINUTE_S = 60
_HOUR_S = 60 * _MINUTE_S
_DAY_S = 24 * _HOUR_S


def format_bytes(size_bytes: float) -> str:
    """Return for example "0 B", "1023 B", "1.5 KiB" or "2.4 GiB"."""
    tenths = int(size_bytes) * 10
    if tenths < 10 * 1024:
        return f"{int(size_bytes)} B"
    power = 0
    while tenths >= 10 * 1024 and power < len(_UNITS):
        tenths //= 1024
        power += 1
    return f"{tenths // 10}.{tenths % 10} {_UNITS[power - 1]}"


def format_duration(duration_s: float) -> str:
    """Return for example "6s", "1m05s", "2h03m" or "3d04h"."""
    whole_s = max(int(duration_s), 0)
    if whole_s < _MINUTE_S:
        return f"{whole_s}s"
    if whole_s < _HOUR_S:
        return f"{whole_s // _MINUTE_S}m{whole_s % _MINUTE_S:02}s"
    if whole_s < _DAY_S:
        return f"{whole_s // _HOUR_S}h{whole_s % _HOUR_S // _MINUTE_S:02}m"
    return f"{whole_s // _DAY_S}d{whole_s % _DAY_S // _HOUR_S:02}h"
