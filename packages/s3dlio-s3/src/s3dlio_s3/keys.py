"""Which keys S3 can have. Pure.

Source: Amazon S3 User Guide, "Creating object key names".
"""

from __future__ import annotations

from s3dlio_core.rest.percent import is_utf8

__all__ = ["key_flaw"]

KEY_SIZE_MAX_BYTES = 1024


def key_flaw(key: str) -> str:
    """Return why S3 can't have such a key, or ""."""
    if not key:
        return "the key is empty"
    if not is_utf8(key):
        return "the key isn't valid Unicode"
    if len(key) * 4 > KEY_SIZE_MAX_BYTES and len(key.encode()) > KEY_SIZE_MAX_BYTES:
        return f"the key is longer than {KEY_SIZE_MAX_BYTES} bytes"
    return ""
