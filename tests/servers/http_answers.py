"""Hypothesis strategies: valid HTTP answers of every framing, with what they mean; and broken ones.

Source: RFC 9112, sections 4 to 7; RFC 9110, section 5.
"""

from __future__ import annotations

import itertools
import string
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st

_TOKEN: Final = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"
_VISIBLE: Final = "".join(map(chr, [*range(0x21, 0x7F), *range(0xA0, 0x100)]))
#: Names that say something of their own to a client.
_RESERVED: Final = {
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "content-encoding",
}
_STATUSES: Final = (200, 200, 200, 201, 206, 204, 301, 304, 400, 404, 416, 500, 503, 299, 599)

#: What breaks an answer, when it stands in the wrong place.
NASTY: Final = (
    *(b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b",", b";", b"-", b"+", b"_"),
    *(b"0", b"1", b"0x", b"ffffffffffffffff", b"99999999999999999999", b"\xff", b"\x0b", b"\x85"),
    *(b"\r\nContent-Length: 3", b"\r\nContent-Length: 0", b"\r\nContent-Length: -1"),
    *(b"\r\nTransfer-Encoding: chunked", b"\r\nTransfer-Encoding: identity", b"\r\n folded"),
    *(b"\r\nConnection: close", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    *(b"HTTP/1.1 101 Switching\r\n\r\n", b"HTTP/1.0 ", b"0\r\n\r\n", b"3\r\nabc\r\n"),
    b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
)


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """A valid answer.

    Attributes:
        method: the method of the request that it answers.
        wire: its bytes, interim answers before it included.
        status: its status.
        reason: its reason phrase.
        fields: names and values of its fields, in order, framing included.
        body: its body without framing.
        ends_with_connection: whether only the connection's end ends its body.
        may_be_followed: whether its connection may be used for another request.
        interim: the statuses of the interim answers before it.
    """

    method: str
    wire: bytes
    status: int
    reason: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    ends_with_connection: bool
    may_be_followed: bool
    interim: tuple[int, ...]

    def values(self, name: str) -> list[str]:
        """The values of a field."""
        return [value for found, value in self.fields if found.lower() == name.lower()]


_names = st.text(_TOKEN, min_size=1, max_size=12).filter(lambda n: n.lower() not in _RESERVED)
_words = st.lists(st.text(_VISIBLE, min_size=1, max_size=12), max_size=4)
_values = st.builds(lambda words, gap: gap.join(words), _words, st.sampled_from([" ", "  ", "\t"]))
_spaces = st.sampled_from(["", " ", " ", " ", "  ", "\t", " \t "])
_fields = st.lists(
    st.tuples(st.one_of(_names, st.sampled_from(["X-Same", "x-same", "ETag"])), _values), max_size=6
)
_bodies = st.one_of(st.binary(max_size=40), st.binary(min_size=1000, max_size=3000))


def any_case(text: str) -> st.SearchStrategy[str]:
    """The text with its letters in one case or another."""
    return st.sampled_from([text, text.lower(), text.upper(), text.swapcase()])


@st.composite
def _lines(draw: st.DrawFn, fields: list[tuple[str, str]]) -> bytes:
    lines = [f"{name}:{draw(_spaces)}{value}{draw(_spaces)}\r\n" for name, value in fields]
    return "".join(lines).encode("latin-1")


@st.composite
def _chunked(draw: st.DrawFn, body: bytes) -> bytes:
    cuts = sorted({*draw(st.lists(st.integers(1, max(1, len(body) - 1)), max_size=5))})
    edges = [0, *(cut for cut in cuts if cut < len(body)), len(body)]
    extensions = st.sampled_from(["", "", ";a", ";a=b", ' ; a = "b; c"', ";a=b;c=d"])
    wire = b""
    for start, stop in itertools.pairwise(edges):
        if start < stop:
            size = draw(st.sampled_from(["{:x}", "{:X}", "{:04x}"])).format(stop - start)
            wire += (size + draw(extensions) + "\r\n").encode() + body[start:stop] + b"\r\n"
    trailers = draw(_lines(draw(st.one_of(st.just([]), _fields))))
    last = draw(st.sampled_from(["0", "000"])) + draw(extensions)
    return wire + last.encode() + b"\r\n" + trailers + b"\r\n"


@st.composite
def _interim(draw: st.DrawFn, status: int) -> bytes:
    lines = draw(_lines(draw(_fields)))
    return f"HTTP/1.1 {status} {draw(st.sampled_from(['Wait', '']))}\r\n".encode() + lines + b"\r\n"


@st.composite
def answers(draw: st.DrawFn) -> GivenAnswer:
    """A valid answer to a request without a body."""
    method = draw(st.sampled_from(["GET", "GET", "GET", "HEAD", "DELETE", "OPTIONS"]))
    version = draw(st.sampled_from(["1.1", "1.1", "1.1", "1.0"]))
    status = draw(st.sampled_from(_STATUSES))
    has_body = method != "HEAD" and status not in (204, 304)
    body = draw(_bodies) if has_body else b""
    framings = ["length", "length", "end", "chunked"]
    framing = draw(st.sampled_from(framings if version == "1.1" else framings[:-1]))
    fields = draw(_fields)
    framed, content = body, []
    if framing == "length" and status != 204:
        promised = len(body) if has_body else draw(st.integers(0, 5000))
        content = [(draw(any_case("Content-Length")), str(promised))]
    elif framing == "chunked" and status != 204:
        content = [(draw(any_case("Transfer-Encoding")), draw(any_case("chunked")))]
        framed = draw(_chunked(body)) if has_body else b""
    connection = draw(st.sampled_from(["", "", "close", "keep-alive"]))
    if connection:
        content.append((draw(any_case("Connection")), draw(any_case(connection))))
    for field in content:
        fields.insert(draw(st.integers(0, len(fields))), field)
    reason = " ".join(draw(_words))
    interim = draw(st.lists(st.sampled_from([100, 100, 102, 103]), max_size=2))
    before = b"".join(draw(_interim(code)) for code in interim)
    start = f"HTTP/{version} {status} {reason}\r\n".encode("latin-1")
    ends = has_body and framing == "end"
    return GivenAnswer(
        method=method,
        wire=before + start + draw(_lines(fields)) + b"\r\n" + framed,
        status=status,
        reason=reason,
        fields=tuple(fields),
        body=body,
        ends_with_connection=ends,
        may_be_followed=not ends
        and (connection != "close" if version == "1.1" else connection == "keep-alive"),
        interim=tuple(interim),
    )


@st.composite
def pieces(draw: st.DrawFn, wire: bytes) -> list[bytes]:
    """The same bytes, cut anywhere."""
    cuts = draw(st.lists(st.integers(0, len(wire)), max_size=6))
    edges = [0, *sorted(cuts), len(wire)]
    return [wire[a:b] for a, b in itertools.pairwise(edges) if a < b]


@st.composite
def _mutated(draw: st.DrawFn, wire: bytes) -> bytes:
    # Half of the places lie in the head, or near it: a body can hardly be broken.
    place = draw(st.one_of(st.integers(0, len(wire)), st.integers(0, min(len(wire), 120))))
    size = draw(st.integers(0, 12))
    kind = draw(st.sampled_from(["insert", "insert", "replace", "delete", "repeat", "cut"]))
    if kind == "cut":
        return wire[:place]
    if kind == "delete":
        return wire[:place] + wire[place + size :]
    if kind == "repeat":
        return wire[: place + size] + wire[place:]
    nasty = draw(st.one_of(st.sampled_from(NASTY), st.binary(min_size=1, max_size=4)))
    return wire[:place] + nasty + wire[place + (len(nasty) if kind == "replace" else 0) :]


@st.composite
def broken_answers(draw: st.DrawFn) -> tuple[str, bytes]:
    """A method, and what was a valid answer to it before it was changed here and there."""
    given = draw(answers())
    wire = given.wire
    for _ in range(draw(st.integers(1, 3))):
        wire = draw(_mutated(wire))
    return given.method, wire
