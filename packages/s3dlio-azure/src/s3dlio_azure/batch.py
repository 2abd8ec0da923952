"""The body of a batch request, and that of its answer: multipart/mixed with a request in each part.

Rules that hold in this file:
- Pure.
- An answer is hostile until read: each part is about one request that was made, by its Content-ID,
  and about no other; what has no end is no answer.

Source: Azure Storage, Blob Batch; RFC 2046 section 5.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "BATCH_BODY_MAX_BYTES",
    "BATCH_MAX",
    "BatchAnswer",
    "MalformedBatchError",
    "SubAnswer",
    "batch_body",
    "parse_batch_answer",
]

#: Requests in a batch.
BATCH_MAX = 256
#: An answer: each part has some headers, and an error document with a message.
BATCH_BODY_MAX_BYTES = BATCH_MAX * 32 * 1024

_BOUNDARY = re.compile(
    r'multipart/mixed\s*;\s*boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?\s*', re.IGNORECASE
)
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: [^\r\n]*)?")
_CONTENT_ID = re.compile("[0-9]{1,9}")


class MalformedBatchError(ValueError):
    """The answer isn't one to the batch.

    Attributes:
        cut: whether it looks like a part of one: it ends too early.
    """

    def __init__(self, reason: str, *, cut: bool = False) -> None:
        super().__init__(reason)
        self.cut = cut


@dataclass(frozen=True, slots=True)
class SubAnswer:
    """What was answered to one request of a batch.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
        body: the body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """The answer to a batch.

    Attributes:
        by_number: what was answered to each request, by its place in the batch from 0 on.
        to_all: what was answered to the batch as a whole, or None.
    """

    by_number: Mapping[int, SubAnswer] = field(default_factory=dict)
    to_all: SubAnswer | None = None


def batch_body(boundary: str, requests: Iterable[tuple[str, str, Mapping[str, str]]]) -> bytes:
    """Build the body of a batch.

    Args:
        boundary: stands between the parts; nothing in them may have it.
        requests: method, target and headers of each.
    """
    parts = [
        f"--{boundary}\r\n"
        "Content-Type: application/http\r\n"
        "Content-Transfer-Encoding: binary\r\n"
        f"Content-ID: {number}\r\n\r\n"
        f"{method} {target} HTTP/1.1\r\n"
        f"{_head(headers)}"
        "\r\n"
        for number, (method, target, headers) in enumerate(requests)
    ]
    return f"{''.join(parts)}--{boundary}--\r\n".encode("ascii")


def _head(headers: Mapping[str, str]) -> str:
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()])


def parse_batch_answer(content_type: str, body: bytes, count: int) -> BatchAnswer:
    """Parse the answer to a batch.

    Args:
        content_type: the answer's Content-Type.
        body: its body.
        count: how many requests the batch had.

    Raises:
        MalformedBatchError: it isn't one, or is about what wasn't asked for.
    """
    found = _BOUNDARY.fullmatch(content_type.strip())
    if found is None:
        raise MalformedBatchError(f"the Content-Type {content_type[:100]!r} isn't that of a batch")
    before, *parts = (b"\r\n" + body).split(f"\r\n--{found[1]}".encode())
    if before or not parts or not parts[-1].startswith(b"--"):
        raise MalformedBatchError("the answer has no end", cut=True)
    by_number: dict[int, SubAnswer] = {}
    to_all = None
    for part in parts[:-1]:
        number, answer = _part(part)
        if number is None:
            to_all = answer
        elif number >= count or number in by_number:
            raise MalformedBatchError(f"the answer tells twice of part {number}, or has no such")
        else:
            by_number[number] = answer
    return BatchAnswer(by_number, to_all)


def _part(part: bytes) -> tuple[int | None, SubAnswer]:
    """Return the number of the request that a part is about, if it tells one, and the answer."""
    outer, _, inner = part.partition(b"\r\n\r\n")
    head, _, body = inner.partition(b"\r\n\r\n")
    line, _, rest = head.partition(b"\r\n")
    status = _STATUS_LINE.fullmatch(line)
    if status is None:
        raise MalformedBatchError("a part is no HTTP answer")
    answer = SubAnswer(int(status[1]), _headers(rest), body)
    number = _headers(outer).get("content-id")
    if number is None:
        return None, answer
    if not _CONTENT_ID.fullmatch(number):
        raise MalformedBatchError(f"{number[:40]!r} is no Content-ID that was sent")
    return int(number), answer


def _headers(text: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.decode("latin-1").split("\r\n"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name}
