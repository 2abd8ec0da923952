"""From the bytes of an answer's head to its status, its fields and the framing of its body.

Rules that hold in this file:
- Strict where leniency could let one answer be read as two, or as another: line ends are CR LF,
  names are tokens, no folded lines, no NUL, and the length of the body is never guessed.
- One pass by one regular expression. It matches line by line, and the number of matches must be the
  number of lines: so every byte of the head was matched.

Source: RFC 9112 sections 2.2, 4, 5, 6 and 9.3; RFC 9110 sections 5, 6.4 and 15.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from s3dlio_http.errors import MalformedAnswerError

__all__ = ["CHUNKED", "UNTIL_CLOSE", "AnswerHead", "HeadLimits", "body_length", "check_trailer"]

#: What `body_length` returns for a body whose length isn't known in advance.
CHUNKED = -1
UNTIL_CLOSE = -2

_LENGTH_MAX = 2**63 - 1
_STATUS_LINE = re.compile(r"HTTP/1\.([0-9]) ([1-9][0-9][0-9])(?: ([^\r\n\0]*))?\r\n")
#: A value begins with no white space, so that no input makes the matcher try again and again.
_FIELD = re.compile(
    r"^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[^\r\n\0 \t][^\r\n\0]*)?)\r\n", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """What a server may send besides the body.

    Attributes:
        size_bytes: of one head; also how much of a connection is buffered.
        fields: header lines of one head.
        interim: answers with a status of 1xx before the real one.
        chunk_line_bytes: a chunk's size with its extensions.
        trailer_bytes: all header lines after a chunked body.
    """

    size_bytes: int = 64 * 1024
    fields: int = 200
    interim: int = 16
    chunk_line_bytes: int = 256
    trailer_bytes: int = 16 * 1024


class AnswerHead:
    """The head of an answer.

    Attributes:
        minor: the x of HTTP/1.x.
        status: three digits.
        reason: what stands after the status, or "".
        fields: lower-case name -> (name, value); values of repeated names joined by ", ".
        pairs: name and value of each line.
    """

    __slots__ = ("fields", "minor", "pairs", "reason", "status")

    def __init__(self, text: str, fields_max: int) -> None:
        """Parse a head.

        Args:
            text: the head up to and with the CR LF of its last line, as latin-1.
            fields_max: how many lines are allowed.

        Raises:
            MalformedAnswerError: it isn't one.
        """
        first = _STATUS_LINE.match(text)
        if first is None:
            raise MalformedAnswerError("the answer doesn't begin with a status line of HTTP/1")
        minor, status, reason = first.groups()
        self.minor = int(minor)
        self.status = int(status)
        self.reason = reason or ""
        pairs = self.pairs = _fields(text, first.end())
        if len(pairs) > fields_max:
            raise MalformedAnswerError(f"the answer has more than {fields_max} headers")
        self.fields = {name.lower(): (name, value) for name, value in pairs}
        if len(self.fields) != len(pairs):
            self.fields = _joined(pairs)

    @property
    def keeps_alive(self) -> bool:
        """Whether the server wants to keep the connection."""
        connection = self.fields.get("connection")
        if connection is None:
            return self.minor > 0
        if connection[1] == "keep-alive":
            return True
        tokens = _tokens(connection[1])
        return "close" not in tokens and (self.minor > 0 or "keep-alive" in tokens)


def body_length(head: AnswerHead, method: str) -> int:
    """Return the length of a body in bytes, CHUNKED or UNTIL_CLOSE.

    Raises:
        MalformedAnswerError: the head contradicts itself, or says what isn't understood.
    """
    fields = head.fields
    if method == "HEAD" or head.status in {204, 304}:
        return 0
    length = fields.get("content-length")
    coding = fields.get("transfer-encoding")
    if coding is not None:
        if length is not None:
            raise MalformedAnswerError("the answer has Content-Length and Transfer-Encoding")
        if coding[1].lower() != "chunked" or not head.minor:
            raise MalformedAnswerError("the answer has a transfer coding other than chunked")
        return CHUNKED
    if length is None:
        return UNTIL_CLOSE
    value = length[1]
    if value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    return _odd_length(value)


def check_trailer(text: str) -> None:
    """Check the lines after a chunked body.

    Raises:
        MalformedAnswerError: they aren't header lines.
    """
    _fields(text, 0)


def _fields(text: str, start: int) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = _FIELD.findall(text, start)
    if len(pairs) != text.count("\n", start):
        raise MalformedAnswerError("the answer has a malformed header line")
    if " \r" in text or "\t" in text:
        return [(name, value.rstrip(" \t")) for name, value in pairs]
    return pairs


def _joined(pairs: list[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    fields: dict[str, tuple[str, str]] = {}
    for name, value in pairs:
        lower = name.lower()
        seen = fields.get(lower)
        fields[lower] = (name, value) if seen is None else (seen[0], f"{seen[1]}, {value}")
    return fields


def _tokens(value: str) -> set[str]:
    return {token.strip(" \t").lower() for token in value.split(",")}


def _odd_length(value: str) -> int:
    """Return a length that is said several times (RFC 9110 section 8.6), or has many digits."""
    lengths = _tokens(value)
    text = lengths.pop()
    if lengths or not (text.isascii() and text.isdecimal()) or len(text) > 4096:
        raise MalformedAnswerError("the answer's Content-Length isn't a number")
    if int(text) > _LENGTH_MAX:
        raise MalformedAnswerError("the answer's Content-Length is too large")
    return int(text)
