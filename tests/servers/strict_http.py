"""A slow and strict reader of HTTP/1.1 answers: what some bytes mean, if they mean anything.

Tests hold a client against it: the client may refuse more, but what it accepts must be this.

Rules of this file: bytes in, a value or `NotHttpError` out; the connection ends after the bytes.
Where RFC 9112 lets a client choose between refusing and repairing, this refuses, with one
exception: a single LF ends a line of a head.

Source: RFC 9112, sections 2.2, 4, 5, 6.3 and 7.1; RFC 9110, section 5.5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: ([^\x00\r\n]*))?")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*)")
_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\x00\r\n]*)?")


class NotHttpError(ValueError):
    """The bytes aren't one whole valid answer."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer says.

    Attributes:
        status: the status of the final answer.
        body: its body, without framing.
        size_bytes: how much of the bytes is the answer, interim answers included.
    """

    status: int
    body: bytes
    size_bytes: int


class _Input:
    """Bytes with a position."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, size: int) -> bytes:
        taken = self.data[self.position : self.position + size]
        if len(taken) < size:
            raise NotHttpError("cut short")
        self.position += size
        return taken

    def line(self, *, lone_lf: bool) -> bytes:
        end = self.data.find(b"\n", self.position)
        if end < 0:
            raise NotHttpError("a line without an end")
        line = self.take(end + 1 - self.position)
        if line.endswith(b"\r\n"):
            return line[:-2]
        if not lone_lf:
            raise NotHttpError("a lone LF")
        return line[:-1]

    def fields(self) -> list[tuple[bytes, bytes]]:
        found = []
        while line := self.line(lone_lf=True):
            match = _FIELD.fullmatch(line)
            if match is None:
                raise NotHttpError(f"not a field: {line!r}")
            found.append((match[1].lower(), match[2].rstrip(b" \t")))
        return found


def read_answer(data: bytes, method: str) -> Meaning:
    """What the bytes mean, as the answer to a request with this method.

    Raises:
        NotHttpError: they aren't one whole answer at their beginning.
    """
    source = _Input(data)
    while True:
        match = _STATUS_LINE.fullmatch(source.line(lone_lf=True))
        if match is None:
            raise NotHttpError("not a status line")
        status, fields = int(match[2]), source.fields()
        if status == 101:
            raise NotHttpError("nobody asked to switch protocols")
        if status >= 200:
            break
    body = _read_body(source, method, status, fields, is_old=match[1] == b"0")
    return Meaning(status, body, source.position)


def _read_body(
    source: _Input, method: str, status: int, fields: list[tuple[bytes, bytes]], *, is_old: bool
) -> bytes:
    if method == "HEAD" or status in (204, 304):
        return b""
    codings = _members(fields, b"transfer-encoding")
    lengths = _members(fields, b"content-length")
    if codings is not None:
        if lengths is not None or is_old or [b"chunked"] != [c.lower() for c in codings if c]:
            raise NotHttpError("framing that can't be trusted")
        return _read_chunked(source)
    if lengths is None:
        return source.take(len(source.data) - source.position)
    if len({*lengths}) > 1 or not re.fullmatch(rb"[0-9]{1,19}", lengths[0]):
        raise NotHttpError("not one length")
    return source.take(int(lengths[0]))


def _members(fields: list[tuple[bytes, bytes]], name: bytes) -> list[bytes] | None:
    """The members of a list field, over all its lines; None where there is no line."""
    values = [value for found, value in fields if found == name]
    if not values:
        return None
    return [member.strip(b" \t") for value in values for member in value.split(b",")]


def _read_chunked(source: _Input) -> bytes:
    body = b""
    while True:
        match = _CHUNK_LINE.fullmatch(source.line(lone_lf=False))
        if match is None:
            raise NotHttpError("not a chunk size")
        size_bytes = int(match[1], 16)
        if size_bytes == 0:
            source.fields()
            return body
        body += source.take(size_bytes)
        if source.take(2) != b"\r\n":
            raise NotHttpError("a chunk without an end")
