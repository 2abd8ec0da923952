"""The time that metadata keep, in the form that it has in Azure. Pure.

Elsewhere it is decimal seconds (`s3dlio_core.mtimes`); here it is RFC 3339 with nine digits behind
the point, which rclone writes and reads.

Rules that hold in this file:
- `decode_mtime(encode_mtime(text)) == text` for every text that tells no RFC 3339 time.
- What tells no time, or not in the form that `mtimes` would give it, is kept as it is.

Sources: rclone's documentation, "Microsoft Azure Blob Storage", "Modification times and hashes";
RFC 3339 section 5.6.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from s3dlio_core.mtimes import mtime_text, parse_mtime

__all__ = ["decode_mtime", "encode_mtime"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND = timedelta(seconds=1)
_NS_PER_S = 10**9
_FORM = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)


def encode_mtime(text: str) -> str:
    """Return what Azure keeps for metadata that tell a time in decimal seconds."""
    mtime_ns = parse_mtime(text)
    if mtime_ns is None or mtime_text(mtime_ns) != text:
        return text
    seconds, fraction_ns = divmod(mtime_ns, _NS_PER_S)
    try:
        moment = _EPOCH + seconds * _SECOND
    except OverflowError:  # before the year 1, or after 9999
        return text
    return f"{moment.replace(tzinfo=None).isoformat()}.{fraction_ns:09d}Z"


def decode_mtime(text: str) -> str:
    """Return in decimal seconds the time that Azure keeps."""
    match = _FORM.fullmatch(text)
    if match is None:
        return text
    whole, fraction, zone = match.groups("")
    try:
        moment = datetime.fromisoformat(whole + ("+00:00" if zone == "Z" else zone))
    except ValueError:  # there is no such day, or zone
        return text
    return mtime_text((moment - _EPOCH) // _SECOND * _NS_PER_S + int(fraction.ljust(9, "0")))
