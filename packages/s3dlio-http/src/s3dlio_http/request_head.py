"""From a prepared request to the bytes of its head.

Rules that hold in this file:
- The target and the values stand on the wire exactly as in the request: nothing is normalised.
- A control character anywhere is refused, so no value can begin a header or a request of its own.
- What this adapter doesn't do itself is `None`, never a guess: requests' own adapter does it.

Source: RFC 9112 sections 2, 3 and 5; RFC 9110 sections 5.1, 5.5, 5.6.2 and 8.6.
"""

from __future__ import annotations

import re
from typing import Any

from requests.exceptions import InvalidHeader, InvalidURL
from requests.structures import CaseInsensitiveDict

__all__ = ["request_head"]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
#: All control characters but the tab, which is white space in a value.
_CONTROLS = bytes(code for code in range(32) if code != 9) + b"\x7f"
#: Methods of which a missing body is said to be missing.
_METHODS_WITH_BODY = frozenset({"PATCH", "POST", "PUT"})

#: Names that were checked once, with what stands before the value. Programs use few.
_NAMES_MAX = 4096
_prefixes: dict[str, str] = {}
_methods = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}


def request_head(
    method: Any, target: str, headers: Any, host: str, body_bytes: int | None
) -> bytes | None:
    """Return the head of a request, or None for one that requests' own adapter must send.

    Args:
        method: the method.
        target: path and query, percent-encoded.
        headers: the request's headers.
        host: the value of Host when the headers don't have it.
        body_bytes: the length of the body; None when there is none.

    Raises:
        InvalidHeader: a name, a value or the length can't stand in a request.
        InvalidURL: the target has a control character.
    """
    if _is_strange_target(target) or (method not in _methods and _is_strange_method(method)):
        return None
    fields = _by_lower_name(headers)
    prefixes = _prefixes
    try:
        lines = [prefixes[name] + value for name, value in fields.values()]
    except (KeyError, TypeError):
        fields = _checked(fields)
        lines = [f"\r\n{name}: {value}" for name, value in fields.values()]
    if "transfer-encoding" in fields or not _keeps_alive(fields):
        return None
    if "host" not in fields:
        lines.insert(0, f"\r\nHost: {host}")
    if "accept-encoding" not in fields:
        lines.append("\r\nAccept-Encoding: identity")
    length = fields.get("content-length")
    if length is None:
        if body_bytes is not None or method in _METHODS_WITH_BODY:
            lines.append(f"\r\nContent-Length: {body_bytes or 0}")
    elif length[1] != str(body_bytes or 0):
        raise InvalidHeader("content-length isn't the length of the body")
    return _encoded(f"{method} {target} HTTP/1.1{''.join(lines)}\r\n\r\n", len(lines) + 2)


def _by_lower_name(headers: Any) -> dict[str, tuple[Any, Any]]:
    # A loop over the items of a CaseInsensitiveDict takes four times as long.
    if type(headers) is CaseInsensitiveDict:
        fields: dict[str, tuple[Any, Any]] = headers._store  # type: ignore[attr-defined] # noqa: SLF001
        return fields
    return {name.lower(): (name, value) for name, value in headers.items()}


def _keeps_alive(fields: dict[str, tuple[Any, Any]]) -> bool:
    connection = fields.get("connection")
    return connection is None or connection[1].lower() == "keep-alive"


def _encoded(head: str, lines: int) -> bytes:
    try:
        encoded = head.encode("latin-1")
    except UnicodeEncodeError:
        raise InvalidHeader("a header has a character outside of latin-1") from None
    # The only control characters are the ends of our own lines.
    if len(encoded.translate(None, _CONTROLS)) + 2 * lines != len(encoded):
        raise InvalidHeader("a header has a control character")
    return encoded


def _is_strange_target(target: str) -> bool:
    """Return whether requests' own adapter must encode it."""
    if target.isascii() and target.isprintable():
        return " " in target or "#" in target
    if any(ord(char) < 32 or ord(char) == 127 for char in target):
        raise InvalidURL("the path or the query has a control character")
    return True


def _is_strange_method(method: Any) -> bool:
    """Return whether requests' own adapter must judge it; remember it when not."""
    if not isinstance(method, str) or method.upper() == "CONNECT":
        return True
    if not _TOKEN.fullmatch(method):
        raise InvalidHeader("the method isn't a word of HTTP")
    if len(_methods) < _NAMES_MAX:
        _methods.add(method)
    return False


def _checked(fields: dict[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """Return names and values as text; remember the names."""
    checked = {}
    for given_name, given_value in fields.values():
        name, value = _text(given_name), _text(given_value)
        if not _TOKEN.fullmatch(name):
            raise InvalidHeader("the name of a header isn't a word of HTTP")
        if len(_prefixes) < _NAMES_MAX:
            _prefixes[name] = f"\r\n{name}: "
        checked[name.lower()] = name, value
    return checked


def _text(part: Any) -> str:
    if isinstance(part, bytes):
        return part.decode("latin-1")
    if isinstance(part, str | int):
        return str(part)
    raise InvalidHeader("a header is neither text nor bytes")
