"""Keys as UTF-8, and in the paths of URLs. Pure.

Source: RFC 3986 sections 2.1, 2.3 and 3.3.
"""

from __future__ import annotations

import re
from urllib.parse import quote

__all__ = ["encode_key", "is_utf8"]

# What most keys are made of, and is sent as it is (RFC 3986 section 2.3).
_UNRESERVED = re.compile("[A-Za-z0-9._~/-]*")


def encode_key(key: str) -> str:
    """Percent-encode a key for a path: every byte but unreserved ones and "/"."""
    return key if _UNRESERVED.fullmatch(key) else quote(key, safe="/")


def is_utf8(text: str) -> bool:
    """Return whether a text can be written in UTF-8: it has no lone surrogate."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
