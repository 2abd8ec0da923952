"""Byte ranges of objects, from servers that honour ranges and from those that don't."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.checksums import CRC32
from s3dlio_core.content_check import CrcCheck, Outcome
from s3dlio_core.errors import (
    IntegrityError,
    InvalidRangeError,
    PreconditionFailedError,
    ServiceError,
)
from s3dlio_core.rest.range_reader import RangeReader, open_range
from s3dlio_core.store import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_core.content_check import ContentCheck

CONTENT = bytes(range(10))


@dataclass
class Answer:
    """An answer, and how it ended."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 206
    ended: str = ""

    def readinto(self, view: memoryview) -> int:
        """Give at most three bytes."""
        count = min(3, len(view), len(self.body))
        view[:count], self.body = self.body[:count], self.body[count:]
        return count

    def finish(self) -> None:
        """Remember it."""
        self.ended = self.ended or "finished"

    def close(self) -> None:
        """Remember it."""
        self.ended = self.ended or "closed"


@dataclass
class Source:
    """An object whose server gives one answer, or refuses the range."""

    answer: Answer | None
    uri: str = "test://c/k"
    size_bytes: int = len(CONTENT)
    etag: str = "e"
    check_of_all: ContentCheck | None = None
    asked: list[tuple[int, int | None, str | None]] = field(default_factory=list)

    def get(self, start: int, stop: int | None, if_match: str | None) -> Answer:
        """Answer."""
        self.asked.append((start, stop, if_match))
        if self.answer is None:
            raise InvalidRangeError("no")
        return self.answer

    def head(self, if_match: str | None) -> ObjectInfo:
        """Describe the object, whatever was asked."""
        del if_match
        return ObjectInfo("k", self.size_bytes, etag=self.etag)

    def describe(self, headers: Mapping[str, str], size_bytes: int) -> ObjectInfo:
        """Describe the object."""
        return ObjectInfo("k", size_bytes, etag=headers.get("etag"))

    def check(self, info: ObjectInfo) -> ContentCheck | None:
        """Give what the test wants."""
        del info
        return self.check_of_all


def whole(**headers: str) -> Answer:
    """The whole object, as a server sends it that knows no ranges."""
    return Answer(CONTENT, {"content-length": "10", "etag": "e", **headers}, 200)


def part(begin: int, end: int, *, status: int = 206, size: str = "10") -> Answer:
    """Bytes [begin, end), as they should be told."""
    told = {"content-range": f"bytes {begin}-{end - 1}/{size}", "etag": "e"}
    return Answer(CONTENT[begin:end], {**told, "content-length": str(end - begin)}, status)


def read(reader: RangeReader) -> bytes:
    """Read to the end."""
    with reader:
        return bytes(reader.readall())


@given(st.integers(0, 10), st.integers(0, 10), st.sampled_from(["exact", "as 200", "whole", "*"]))
def test_the_bytes_that_were_asked_for(start: int, length: int, way: str) -> None:
    """However the server sends them, and however much more."""
    stop = min(start + length, 10)
    if way == "whole":
        answer = whole()
    else:
        status, size = 200 if way == "as 200" else 206, "*" if way == "*" else "10"
        answer = part(start, stop, status=status, size=size)
    source = Source(answer if start < stop else None)
    assert CONTENT[start:stop] == read(open_range(source, start, stop, None))


@pytest.mark.parametrize(
    ("answer", "start", "stop", "ended"),
    [
        (part(2, 5), 2, 5, "finished"),
        (whole(), 2, None, "finished"),
        (whole(), 2, 5, "closed"),
        (part(2, 6), 2, 5, "closed"),
    ],
)
def test_connection_is_kept_only_where_nothing_is_left(
    answer: Answer, start: int, stop: int | None, ended: str
) -> None:
    """The rest of an answer is never read."""
    assert CONTENT[start:stop] == read(open_range(Source(answer), start, stop, None))
    assert ended == answer.ended


def test_reader_that_is_closed_early_cuts_its_connection() -> None:
    """And reads no more."""
    answer = part(2, 8)
    reader = open_range(Source(answer), 2, 8, None)
    assert reader.read(1) == CONTENT[2:3]
    reader.close()
    assert answer.ended == "closed"
    with pytest.raises(ValueError, match="closed reader"):
        reader.readinto(bytearray(1))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (part(3, 5), "sent bytes 3-4 of 10"),
        (part(2, 4), "sent bytes 2-3 of 10"),
        (replace(part(2, 5), headers={"etag": "e"}), "a part of the object, but not which"),
        (
            replace(part(2, 5), headers={**part(2, 5).headers, "content-length": "4"}),
            "4 bytes for bytes 2-4",
        ),
    ],
)
def test_other_bytes_are_an_error(answer: Answer, said: str) -> None:
    """It may be tried again, and the connection isn't kept."""
    with pytest.raises(ServiceError, match=said) as raised:
        open_range(Source(answer), 2, 5, None)
    assert raised.value.retryable
    assert answer.ended == "closed"


def test_body_that_ends_early_is_an_error() -> None:
    """Never a short result."""
    answer = replace(part(2, 8), body=CONTENT[2:4])
    with pytest.raises(IntegrityError, match="ended after 2 of 6 bytes"):
        read(open_range(Source(answer), 2, 8, None))
    assert answer.ended == "closed"


@pytest.mark.parametrize(("start", "stop"), [(-1, None), (-1, 3), (5, 4), (11, None), (11, 12)])
def test_ranges_that_no_object_has(start: int, stop: int | None) -> None:
    """Negative ones are never asked for; those beyond the end are the service's to refuse."""
    source = Source(None)
    with pytest.raises(InvalidRangeError, match="can't be read"):
        open_range(source, start, stop, None)
    assert len(source.asked) == (start == 11)


def test_range_beyond_the_end_of_a_whole_answer() -> None:
    """A server that knows no ranges doesn't refuse it."""
    answer = whole()
    with pytest.raises(InvalidRangeError, match="has 10 bytes"):
        open_range(Source(answer), 11, None, None)
    assert answer.ended == "closed"


@pytest.mark.parametrize(("start", "stop"), [(10, None), (10, 20), (4, 4), (0, 0)])
def test_nothing_is_read_of_an_empty_range(start: int, stop: int | None) -> None:
    """At the end of the object, too; and the object is described."""
    reader = open_range(Source(None), start, stop, "e")
    assert (10, "e") == (reader.info.size_bytes, reader.info.etag)
    assert read(reader) == b""


def test_range_that_was_refused_without_reason() -> None:
    """A service that refuses what the object has is no empty object."""
    with pytest.raises(IntegrityError, match="refused the range from 4 of 10 bytes"):
        open_range(Source(None), 4, 6, None)


@pytest.mark.parametrize("source", [Source(whole(etag="other")), Source(None, etag="other")])
def test_server_that_ignores_if_match(source: Source) -> None:
    """The answer's own ETag decides."""
    with pytest.raises(PreconditionFailedError, match="has the ETag other, not e"):
        open_range(source, 10, None, "e")


def check_of(content: bytes) -> CrcCheck:
    """Return what compares an object's bytes with the checksum of some."""
    expected = zlib.crc32(content).to_bytes(4, "big")
    return CrcCheck(CRC32, expected, len(CONTENT), uri="test://c/k")


def test_whole_object_is_compared_with_its_checksum() -> None:
    """And the last bytes of a wrong one aren't given."""
    good = open_range(Source(whole(), check_of_all=check_of(CONTENT)), 0, None, None)
    assert CONTENT == read(good)
    assert good.check is not None
    assert Outcome.VERIFIED is good.check.outcome
    wrong = open_range(Source(whole(), check_of_all=check_of(b"other")), 0, None, None)
    with wrong, pytest.raises(IntegrityError):
        wrong.readall()


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (1, None)])
def test_ranges_have_no_checksum(start: int, stop: int | None) -> None:
    """That of the whole object says nothing of them."""
    reader = open_range(Source(whole(), check_of_all=check_of(b"other")), start, stop, None)
    assert reader.check is None
    assert CONTENT[start:stop] == read(reader)


def test_empty_object_is_compared_too() -> None:
    """There is nothing to read, and that is what the checksum is of."""
    answer = Answer(b"", {"content-length": "0", "etag": "e"}, 200)
    check = CrcCheck(CRC32, bytes(4), 0, uri="test://c/k")
    reader = open_range(Source(answer, check_of_all=check), 0, None, None)
    assert (Outcome.VERIFIED, "finished") == (check.outcome, answer.ended)
    assert read(reader) == b""
