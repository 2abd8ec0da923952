"""Which keys S3 can have. Pure.

Source: Amazon S3 User Guide, "Creating object key names".
"""

from __future__ import annotations

__all__ = ["is_utf8", "key_flaw"]

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


def is_utf8(text: str) -> bool:
    """Return whether a text can be written in UTF-8: it has no lone surrogate."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
