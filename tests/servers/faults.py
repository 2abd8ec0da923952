"""The faults that a `FaultProxy` can be told to make, and the rule that says when.

Rules of this file: a fault is a value; one may be used by several rules. Sizes count bytes of a
body, without its head.
"""

from __future__ import annotations

import abc
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tests.servers.http_relay import forward
from tests.servers.s3_error import REASON_PHRASES, error_xml

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from tests.servers.http_relay import Exchange


class Fault(abc.ABC):
    """What happens to a request that a rule picks."""

    @abc.abstractmethod
    def apply(self, exchange: Exchange) -> None:
        """Do the exchange, in this fault's way."""


@dataclass(frozen=True, slots=True)
class Answer(Fault):
    """Answer in the server's place.

    Attributes:
        status: the status.
        body: the body.
        headers: further headers, as pairs.
        reaches_server: the server does the request all the same, and its answer is dropped.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/xml"),)
    reaches_server: bool = False

    @classmethod
    def slow_down(cls, retry_after_s: int | None = None) -> Answer:
        """S3's 503 SlowDown, with a Retry-After if given."""
        headers = [("Content-Type", "application/xml")]
        if retry_after_s is not None:
            headers.append(("Retry-After", str(retry_after_s)))
        return cls(503, error_xml("SlowDown", "Please reduce your request rate."), tuple(headers))

    @classmethod
    def internal_error(cls, *, reaches_server: bool = False) -> Answer:
        """S3's 500 InternalError, perhaps after the server did it."""
        body = error_xml("InternalError", "We encountered an internal error. Please try again.")
        return cls(500, body, reaches_server=reaches_server)

    @classmethod
    def error(cls, status: int, code: str, message: str = "An injected error.") -> Answer:
        """Any S3 error; with status 200, the kind that Complete and Copy can answer."""
        return cls(status, error_xml(code, message))

    @classmethod
    def error_in_ok(cls, code: str = "InternalError") -> Answer:
        """A 200 whose body is an error, as CompleteMultipartUpload and CopyObject can answer."""
        # S3 keeps such a connection alive by spaces before the document.
        return cls(200, b"   \n" + error_xml(code, "We encountered an internal error."))

    @classmethod
    def html(cls, status: int = 502, title: str = "Bad Gateway") -> Answer:
        """A web page, as something between the client and the server answers."""
        page = f"<html><head><title>{escape(title)}</title></head><body><h1>{status}</h1></body>"
        return cls(status, page.encode(), (("Content-Type", "text/html"),))

    @classmethod
    def huge_headers(cls, header_count: int = 1000, value_size_bytes: int = 1000) -> Answer:
        """An answer with very much head."""
        value = "x" * value_size_bytes
        return cls(200, b"", tuple((f"x-huge-{number}", value) for number in range(header_count)))

    def apply(self, exchange: Exchange) -> None:
        """Read the request, and answer."""
        if self.reaches_server:
            exchange.forward_request()
            for _ in exchange.answer_body(exchange.read_answer()):
                pass
        else:
            exchange.discard_request()
        exchange.log(self.status)
        lines = [f"HTTP/1.1 {self.status} {REASON_PHRASES.get(self.status, 'Injected')}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        body = b"" if exchange.method == "HEAD" else self.body
        exchange.client.send("\r\n".join(lines).encode("latin-1") + body)


@dataclass(frozen=True, slots=True)
class RawAnswer(Fault):
    """Answer with these bytes, which need not be HTTP, and close."""

    content: bytes = b"\x16\x03\x01 this is not HTTP\r\n\r\n"

    def apply(self, exchange: Exchange) -> None:
        """Read the request, send the bytes, close."""
        exchange.discard_request()
        exchange.log(0)
        exchange.client.send(self.content)
        exchange.end()


@dataclass(frozen=True, slots=True)
class ResetMidResponse(Fault):
    """Reset the connection after so many bytes of the answer's body."""

    after_bytes: int = 0

    def apply(self, exchange: Exchange) -> None:
        """Pass on the head and the first bytes, then reset."""
        exchange.forward_request()
        _forward_some_of_answer(exchange, self.after_bytes)
        exchange.reset()


@dataclass(frozen=True, slots=True)
class ShortBody(Fault):
    """Close the connection after so many bytes of the answer's body, as if that were all."""

    after_bytes: int = 0

    def apply(self, exchange: Exchange) -> None:
        """Pass on the head and the first bytes, then close."""
        exchange.forward_request()
        _forward_some_of_answer(exchange, self.after_bytes)
        exchange.end()


@dataclass(frozen=True, slots=True)
class CorruptBody(Fault):
    """Change one byte of the answer's body; its length stays right."""

    offset_bytes: int = 0

    def apply(self, exchange: Exchange) -> None:
        """Pass the answer on, with the byte at the offset inverted."""
        exchange.forward_request()
        answer = exchange.read_answer()
        exchange.log(answer.status)
        exchange.client.send(answer.raw)
        position = 0
        for piece in exchange.answer_body(answer):
            if position <= self.offset_bytes < position + len(piece):
                changed = bytearray(piece)
                changed[self.offset_bytes - position] ^= 0xFF
                exchange.client.send(bytes(changed))
            else:
                exchange.client.send(piece)
            position += len(piece)


@dataclass(frozen=True, slots=True)
class ResetMidRequest(Fault):
    """Reset the connection after so many bytes of the request's body."""

    after_bytes: int = 0

    def apply(self, exchange: Exchange) -> None:
        """Pass on the head and the first bytes of the body, then reset."""
        exchange.invite_body()
        exchange.upstream.send(exchange.head.raw)
        for piece in _first_bytes(exchange.request_body(), self.after_bytes):
            exchange.upstream.send(piece)
        exchange.log(0)
        exchange.reset()


@dataclass(frozen=True, slots=True)
class LostAnswer(Fault):
    """Let the server do it, and reset the connection in place of the answer."""

    def apply(self, exchange: Exchange) -> None:
        """Pass the request on, read the answer to its end, reset."""
        exchange.forward_request()
        for _ in exchange.answer_body(exchange.read_answer()):
            pass
        exchange.log(0)
        exchange.reset()


@dataclass(frozen=True, slots=True)
class Delay(Fault):
    """Pass the request on after so many seconds. Prefer `Hold`, which needs no clock."""

    delay_s: float

    def apply(self, exchange: Exchange) -> None:
        """Wait, then pass it on."""
        time.sleep(self.delay_s)
        forward(exchange)


@dataclass(frozen=True, slots=True)
class Hold(Fault):
    """Keep requests until the test lets them go on.

    Attributes:
        arrived: is set when a request is held.
        released: set it to let all held requests go on, and those that come later.
    """

    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def apply(self, exchange: Exchange) -> None:
        """Say that it is here, wait, then pass it on."""
        self.arrived.set()
        self.released.wait()
        forward(exchange)


class Rule:
    """A fault and the requests that it is for. Its counters may be read at any time.

    Attributes:
        matched_count: requests that matched so far.
        applied_count: those of them that met the fault.
    """

    def __init__(
        self,
        fault: Fault,
        *,
        method: str | None,
        pattern: re.Pattern[str] | None,
        nth: int,
        times: int | None,
    ) -> None:
        self.fault = fault
        self.method = method
        self.pattern = pattern
        self.first = nth
        self.times = times
        self.matched_count = 0
        self.applied_count = 0

    def matches(self, method: str, target: str) -> bool:
        """Whether the rule is about such a request."""
        if self.method is not None and self.method != method:
            return False
        return self.pattern is None or self.pattern.search(target) is not None

    def count(self) -> bool:
        """Count a request that matches; whether it is one to meet the fault. Not thread-safe."""
        self.matched_count += 1
        due = self.matched_count >= self.first
        return due and (self.times is None or self.applied_count < self.times)


def _first_bytes(pieces: Iterator[bytes], limit_bytes: int) -> Iterator[bytes]:
    for piece in pieces:
        if limit_bytes <= 0:
            return
        yield piece[:limit_bytes]
        limit_bytes -= len(piece)


def _forward_some_of_answer(exchange: Exchange, limit_bytes: int) -> None:
    answer = exchange.read_answer()
    exchange.log(answer.status)
    exchange.client.send(answer.raw)
    for piece in _first_bytes(exchange.answer_body(answer), limit_bytes):
        exchange.client.send(piece)
