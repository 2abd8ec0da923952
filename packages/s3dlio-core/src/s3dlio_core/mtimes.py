"""Modification times that travel with objects, as user metadata.

Rules that hold in this file:
- The metadata's name is `mtime` and its value decimal seconds since the epoch, with as many of
  nine digits behind the point as are needed. So rclone writes and reads it.
- Integers of nanoseconds: a float has no room for a file's time.
- A value of another form says nothing; it is no error, since anybody may have written it.

Source: https://rclone.org/s3/ ("Modification times and hashes").
"""

from __future__ import annotations

import re

from s3dlio_core.store import Attributes

__all__ = [
    "MTIME",
    "kept_mtime_ns",
    "kept_mtime_s",
    "mtime_attributes",
    "mtime_ns_of",
    "mtime_text",
    "parse_mtime",
]

#: The name of the metadata.
MTIME = "mtime"
_NS_PER_S = 10**9
#: Twelve digits are 30,000 years; a file system takes less.
_FORM = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,30}))?", re.ASCII)


def mtime_text(mtime_ns: int) -> str:
    """Return the metadata of a time in nanoseconds since the epoch."""
    sign = "-" if mtime_ns < 0 else ""
    seconds, fraction_ns = divmod(abs(mtime_ns), _NS_PER_S)
    fraction = f".{fraction_ns:09d}".rstrip("0") if fraction_ns else ""
    return f"{sign}{seconds}{fraction}"


def parse_mtime(text: str) -> int | None:
    """Return the nanoseconds since the epoch that metadata tells; None when it tells no time."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    sign, seconds, fraction = match.groups("")
    mtime_ns = int(seconds) * _NS_PER_S + int(fraction[:9].ljust(9, "0"))
    return -mtime_ns if sign else mtime_ns


def mtime_attributes(mtime_ns: int) -> Attributes:
    """Return attributes that tell a time, in nanoseconds since the epoch, and nothing else."""
    return Attributes(metadata={MTIME: mtime_text(mtime_ns)})


def kept_mtime_ns(attributes: Attributes | None) -> int | None:
    """Return the time that attributes tell, in nanoseconds since the epoch, or None."""
    text = None if attributes is None else attributes.metadata.get(MTIME)
    return None if text is None else parse_mtime(text)


def kept_mtime_s(attributes: Attributes | None) -> float | None:
    """Return the time that attributes tell, in seconds since the epoch, or None."""
    kept_ns = kept_mtime_ns(attributes)
    return None if kept_ns is None else kept_ns / _NS_PER_S


def mtime_ns_of(mtime_s: float) -> int:
    """Return the nanoseconds of a time in seconds, to the microsecond that a float can tell."""
    return round(mtime_s * 10**6) * 10**3
