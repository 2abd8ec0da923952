"""Authorization by shared key: what is signed of a request, and the signature.

Rules that hold in this file:
- Pure: no clock, no sockets. Who calls gives the headers, `x-ms-date` among them.
- The path is signed as it is sent, percent-encoded; parameters are signed decoded.
- Header names are lower case but Content-Length, as they are sent; a parameter stands in a query
  once.

Source: Azure Storage, "Authorize with Shared Key", "Shared Key format for 2009-09-19 and later"
(from version 2015-02-21 on an empty body's length is signed as nothing). Headers are sorted as the
service does it, by the collation of .NET, where "-" counts for nothing and "_" comes before digits;
the table is that of azure-storage-blob.
"""

from __future__ import annotations

import binascii
import functools
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["authorization", "sign", "string_to_sign"]

_PREFIX = "x-ms-"
#: Of these the values alone are signed, in this order; what isn't sent is empty.
_STANDARD = (
    "content-encoding",
    "content-language",
    "Content-Length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
#: What a header's name may have (RFC 9110 section 5.6.2), in the service's order.
_IN_ORDER = "!#$%&*.^_`|~+0123456789abcdefghijklmnopqrstuvwxyz"
_WEIGHTS = str.maketrans(
    {**{char: chr(place) for place, char in enumerate(_IN_ORDER, 1)}, "-": None, "'": None}
)
_HYPHENS = str.maketrans(dict.fromkeys(_IN_ORDER, "0") | {"'": "1", "-": "2"})


def authorization(
    account: str,
    key: bytes,
    method: str,
    path: str,
    query: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
) -> str:
    """Return the value of the Authorization header.

    Args:
        account: the account's name.
        key: its key, decoded.
        method: the HTTP method.
        path: the path as it is sent; with an emulator it begins with the account's name.
        query: the parameters, not encoded.
        headers: all that are sent, names in lower case but Content-Length.
    """
    return f"SharedKey {account}:" + sign(
        key, string_to_sign(account, method, path, query, headers)
    )


def sign(key: bytes, text: str) -> str:
    """Return the signature of a text, in base64."""
    digest = hmac.digest(key, text.encode(), "sha256")
    return binascii.b2a_base64(digest, newline=False).decode("ascii")


def string_to_sign(
    account: str,
    method: str,
    path: str,
    query: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
) -> str:
    """Return what is signed of a request; see `authorization`."""
    lines = [method]
    lines += [headers.get(name, "") for name in _STANDARD]
    if lines[3] == "0":
        lines[3] = ""
    lines += [f"{name}:{headers[name].strip()}" for name in _sorted_names(tuple(headers))]
    lines.append(f"/{account}{path}")
    lines += [
        f"{name}:{value}" for name, value in sorted((name.lower(), value) for name, value in query)
    ]
    return "\n".join(lines)


# Requests of one kind have the same headers, but for metadata.
@functools.lru_cache(maxsize=512)
def _sorted_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted((name for name in names if name.startswith(_PREFIX)), key=_collation))


def _collation(name: str) -> tuple[str, str]:
    return name.translate(_WEIGHTS), name.translate(_HYPHENS)
