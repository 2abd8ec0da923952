"""Keys in the paths of URLs. Pure.

Source: RFC 3986 sections 2.1, 2.3 and 3.3.
"""

from __future__ import annotations

import re
from urllib.parse import quote

__all__ = ["encode_key"]

# What most keys are made of, and is sent as it is (RFC 3986 section 2.3).
_UNRESERVED = re.compile("[A-Za-z0-9._~/-]*")


def encode_key(key: str) -> str:
    """Percent-encode a key for a path: every byte but unreserved ones and "/"."""
    return key if _UNRESERVED.fullmatch(key) else quote(key, safe="/")
