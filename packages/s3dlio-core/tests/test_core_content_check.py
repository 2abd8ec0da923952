"""Bytes are compared with the checksum that their store tells, however they are read."""

from __future__ import annotations

import functools
import hashlib
import itertools
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core import errors
from s3dlio_core.checksums import CRC32
from s3dlio_core.content_check import ContentCheck, CrcCheck, DigestCheck, Outcome
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.retry import RetryingStore
from s3dlio_core.store import Capabilities, ObjectInfo, ObjectReader
from s3dlio_core.testing.faults import Fault, FaultyStore
from s3dlio_core.transfer.engine import Engine
from s3dlio_core.transfer.plan import CopyItem

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from s3dlio_core.store import ObjectStore
    from s3dlio_core.transfer.report import TransferReport

CONTENT = bytes(range(256)) * 20
RESET = errors.ConnectionFailedError("reset", scope=errors.Scope.OBJECT)


def _checksum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(4, "big")


def _composite(content: bytes, part_size_bytes: int) -> bytes:
    """A checksum of the parts' checksums, computed as S3 describes it."""
    starts = range(0, len(content), part_size_bytes)
    return _checksum(b"".join(_checksum(content[at : at + part_size_bytes]) for at in starts))


def _check(content: bytes, part_size_bytes: int | None = None) -> CrcCheck:
    expected = _composite(content, part_size_bytes) if part_size_bytes else _checksum(content)
    return CrcCheck(
        CRC32, expected, len(content), uri="memory://c/k", part_size_bytes=part_size_bytes
    )


def _add_all(check: ContentCheck, content: bytes, cuts: list[int]) -> None:
    bounds = [0, *cuts, len(content)]
    ranges = [(a, b) for a, b in itertools.pairwise(bounds) if a != b]
    for start, stop in sorted(ranges, key=lambda one: one[0] * 7919 % 101):
        check.add(start, memoryview(content)[start:stop])


# The comparison.


@given(
    content=st.binary(max_size=300),
    cuts=st.lists(st.integers(0, 300), max_size=8),
    part_size_bytes=st.none() | st.integers(1, 100),
)
def test_right_bytes_are_verified_in_any_pieces(
    content: bytes, cuts: list[int], part_size_bytes: int | None
) -> None:
    """In any order and cut anywhere, also elsewhere than where the parts begin."""
    check = _check(content, part_size_bytes if content else None)
    _add_all(check, content, sorted(min(cut, len(content)) for cut in cuts))
    check.finish()
    assert check.outcome is Outcome.VERIFIED


@given(
    content=st.binary(min_size=1, max_size=300),
    at=st.integers(0, 299),
    part_size_bytes=st.none() | st.integers(1, 100),
)
def test_one_flipped_bit_is_found(content: bytes, at: int, part_size_bytes: int | None) -> None:
    """Wherever it is, whatever the checksum covers."""
    check = _check(content, part_size_bytes)
    wrong = bytearray(content)
    wrong[at % len(content)] ^= 0x10
    check.add(0, memoryview(wrong))
    with pytest.raises(errors.IntegrityError, match="the bytes that were read have") as raised:
        check.finish()
    assert (False, "memory://c/k") == (raised.value.retryable, raised.value.uri)
    assert check.outcome is not Outcome.VERIFIED


@pytest.mark.parametrize("ranges", [[], [(0, 10)], [(0, 10), (20, 5120)], [(1, 5120)]])
def test_missing_bytes_are_an_error(ranges: list[tuple[int, int]]) -> None:
    """A part of the content proves nothing; who says that it is all is stopped."""
    check = _check(CONTENT)
    for start, stop in ranges:
        check.add(start, memoryview(CONTENT)[start:stop])
    with pytest.raises(errors.IntegrityError, match="were not compared") as raised:
        check.finish()
    assert (False, Outcome.UNREAD) == (raised.value.retryable, check.outcome)


def test_bytes_may_be_added_by_many_threads() -> None:
    """Pieces of many threads meet in one result."""
    content = CONTENT * 100
    check = _check(content, 70_000)
    starts = range(0, len(content), 1000)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: check.add(at, memoryview(content)[at : at + 1000]), starts))
    check.finish()
    assert check.outcome is Outcome.VERIFIED


def test_unequal_parts_are_not_taken_for_damage() -> None:
    """When the parts turn out to have other sizes, nothing is known."""
    check = CrcCheck(
        CRC32,
        _composite(CONTENT, 700),
        len(CONTENT),
        uri="",
        part_size_bytes=1000,
        confirm_parts=lambda: False,
    )
    check.add(0, memoryview(CONTENT))
    check.finish()
    assert check.outcome is Outcome.UNKNOWN_PARTS


def test_parts_that_cannot_be_asked_for_are_an_error_for_good() -> None:
    """Who read the bytes again would add them twice, so the error isn't retryable."""

    def confirm() -> bool:
        raise errors.ServiceError("slow down", retryable=True)

    check = CrcCheck(
        CRC32,
        _composite(b"other", 1000),
        len(CONTENT),
        uri="",
        part_size_bytes=1000,
        confirm_parts=confirm,
    )
    check.add(0, memoryview(CONTENT))
    with pytest.raises(errors.ServiceError, match="slow down") as raised:
        check.finish()
    assert not raised.value.retryable


def test_nothing_to_compare_says_why() -> None:
    """A check without a checksum takes everything, and keeps its reason."""
    check = ContentCheck(Outcome.NO_CHECKSUM)
    check.add(0, memoryview(b"x"))
    check.finish()
    assert check.outcome is Outcome.NO_CHECKSUM


def _digest_check(content: bytes) -> DigestCheck:
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    return DigestCheck("MD5", digest, len(content), uri="memory://c/k")


@given(content=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=8))
def test_a_digest_is_compared_in_order(content: bytes, cuts: list[int]) -> None:
    """Cut anywhere, the bytes have their digest; other ones don't."""
    bounds = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    right, wrong = _digest_check(content), _digest_check(b"other" + content)
    for start, stop in itertools.pairwise(bounds):
        right.add(start, memoryview(content)[start:stop])
    right.finish()
    assert (True, Outcome.VERIFIED) == (right.needs_order, right.outcome)
    wrong.add(0, memoryview(bytes(5) + content))
    with pytest.raises(errors.IntegrityError, match="have the MD5") as raised:
        wrong.finish()
    assert (False, Outcome.UNREAD) == (raised.value.retryable, wrong.outcome)


@pytest.mark.parametrize(
    "ranges",
    [[], [(0, 10)], [(10, 5120), (0, 10)], [(0, 10), (20, 5120), (10, 20)], [(0, 10), (0, 5120)]],
)
def test_a_digest_of_bytes_out_of_order_proves_nothing(ranges: list[tuple[int, int]]) -> None:
    """All of them or not: who says that it is all, in order, is stopped."""
    check = _digest_check(CONTENT)
    for start, stop in ranges:
        check.add(start, memoryview(CONTENT)[start:stop])
    with pytest.raises(errors.IntegrityError, match="were not compared"):
        check.finish()


# Readers and the engine.


class CheckedReader(ObjectReader):
    """Compares what another reader gives."""

    def __init__(self, inner: ObjectReader, start: int, check: ContentCheck | None) -> None:
        super().__init__()
        self._inner = inner
        self._position = start
        self.check = check

    @property
    def info(self) -> ObjectInfo:
        """The inner reader's."""
        return self._inner.info

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read at most 1,000 bytes, and compare at the end."""
        view = memoryview(buffer).cast("B")[:1000]
        count = self._inner.readinto(view) or 0
        if self.check is not None:
            self.check.add(self._position, view[:count])
            self._position += count
            if self._position == self.info.size_bytes:
                self.check.finish()
        return count


class CheckedStore(MemoryStore):
    """A container that tells checksums of its objects, right or wrong ones."""

    def __init__(self, name: str, told: dict[str, bytes]) -> None:
        super().__init__(name, capabilities=Capabilities(read_checksums=True))
        self.told = told

    def content_check(self, info: ObjectInfo, *, version: str | None = None) -> ContentCheck:
        """Compare with what is told of the key."""
        told = self.told.get(info.key)
        if told is None:
            return ContentCheck(Outcome.NO_CHECKSUM)
        return self._made(info, told)

    def _made(self, info: ObjectInfo, told: bytes) -> ContentCheck:
        return CrcCheck(CRC32, told, info.size_bytes, uri=self.uri_of(info.key))

    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Open a reader that compares, when it is to read everything."""
        reader = super().open_reader(key, start, stop, if_match=if_match, version=version)
        check = self.content_check(reader.info) if (start, stop) == (0, None) else None
        return CheckedReader(reader, start, check)


@pytest.fixture
def source() -> CheckedStore:
    """A container with three equal objects: a right checksum, a wrong one, none."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    store = CheckedStore(name, {"right": _checksum(CONTENT), "wrong": _checksum(b"other")})
    for key in ("right", "wrong", "without"):
        store.put(key, CONTENT)
    return store


@pytest.fixture
def destination() -> MemoryStore:
    """An empty container."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return MemoryStore(name, capabilities=Capabilities(copy=False))


def _copied(source: ObjectStore, destination: MemoryStore, part: int | None) -> TransferReport:
    engine = Engine("copy", destination, jobs=3, part_size_bytes=part)
    return engine.run(
        [CopyItem(source, source.head(key), key) for key in ("right", "wrong", "without")]
    )


@pytest.mark.parametrize("part_size_bytes", [None, 700])
@pytest.mark.parametrize("wrap", [lambda store: store, RetryingStore, FaultyStore])
def test_wrong_bytes_never_arrive(
    source: CheckedStore, destination: MemoryStore, part_size_bytes: int | None, wrap: type
) -> None:
    """Whole or in parts: what differs fails and isn't stored; the report counts the others."""
    report = _copied(wrap(source), destination, part_size_bytes)
    assert ["right", "without"] == [info.key for info in destination.list_page().objects]
    assert list(destination.list_multiparts()) == []
    assert (2, 1, 1) == (report.done_count, report.verified_count, report.failed_count)
    assert {Outcome.NO_CHECKSUM.value: 1} == report.unverified
    assert isinstance(report.failures[0].error, errors.IntegrityError)


class DigestStore(CheckedStore):
    """A container that tells digests, in its listings too."""

    def _made(self, info: ObjectInfo, told: bytes) -> ContentCheck:
        return DigestCheck("MD5", told, info.size_bytes, uri=self.uri_of(info.key))


def test_a_digest_is_compared_where_bytes_come_in_order(destination: MemoryStore) -> None:
    """A whole object's is; that of one that many workers read in parts is told not to be."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    source = DigestStore(name, {"wrong": b"other"})
    source.put("wrong", CONTENT)
    items = [CopyItem(source, source.head("wrong"), "wrong")]
    whole = Engine("copy", destination, jobs=3).run(items)
    assert (0, 1) == (whole.done_count, whole.failed_count)
    parted = Engine("copy", destination, jobs=3, part_size_bytes=700).run(items)
    assert (1, 0) == (parted.done_count, parted.verified_count)
    assert {Outcome.READ_IN_PARTS.value: 1} == parted.unverified


def test_stores_without_checksums_report_nothing(
    source: CheckedStore, destination: MemoryStore
) -> None:
    """Where there is nothing to compare, nothing is said to be unverified."""
    _copied(MemoryStore(source.uri.removeprefix("memory://")), destination, 700)
    report = _copied(destination, destination, None)
    assert (3, 0, {}) == (report.done_count, report.verified_count, report.unverified)


@pytest.mark.parametrize("key", ["right", "wrong"])
@pytest.mark.parametrize("after_bytes", [0, 1500, 4500])
def test_a_resumed_read_is_compared_as_a_whole(
    source: CheckedStore, key: str, after_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison goes on where the connection broke."""
    monkeypatch.setattr("s3dlio_core.retry.policy.time.sleep", lambda _s: None)
    faulty = FaultyStore(source, [Fault("read", RESET, key=key, after_bytes=after_bytes)])
    with RetryingStore(faulty).open_reader(key) as reader:
        if key == "wrong":
            with pytest.raises(errors.IntegrityError, match="the bytes that were read have"):
                reader.readall()
            return
        assert CONTENT == reader.readall()
        assert reader.check is not None
        assert reader.check.outcome is Outcome.VERIFIED
    assert faulty.count("open_reader") == 2


def test_a_check_is_asked_for_again(source: CheckedStore) -> None:
    """A request that fails once is repeated, as any other."""
    faulty = FaultyStore(source, [Fault("content_check", RESET)])
    check = RetryingStore(faulty).content_check(source.head("right"))
    assert check is not None
    assert faulty.count("content_check") == 2


class PartedStore(CheckedStore):
    """A container whose checksums are of parts; what asks for the parts' sizes can fail.

    Attributes:
        failures: how many of the next requests for the sizes fail.
    """

    failures = 0

    def content_check(self, info: ObjectInfo, *, version: str | None = None) -> ContentCheck:
        """Compare with what is told of the key, as the checksum of parts."""
        return CrcCheck(
            CRC32,
            self.told[info.key],
            info.size_bytes,
            uri=self.uri_of(info.key),
            part_size_bytes=700,
            confirm_parts=self._confirm,
        )

    def _confirm(self) -> bool:
        self.failures -= 1
        if self.failures >= 0:
            raise errors.ServiceError("slow down", retryable=True)
        return True


@pytest.mark.parametrize("failures", [1, 1000])
@pytest.mark.parametrize("part_size_bytes", [None, 1400])
def test_wrong_bytes_never_arrive_when_the_parts_are_asked_for_in_vain(
    destination: MemoryStore,
    part_size_bytes: int | None,
    failures: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The question alone is repeated; no bytes are read twice, nothing wrong is stored."""
    monkeypatch.setattr("s3dlio_core.retry.policy.time.sleep", lambda _s: None)
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    source = PartedStore(name, {"wrong": _composite(b"other", 700)})
    source.put("wrong", CONTENT)
    source.failures = failures
    faulty = FaultyStore(source)
    store = RetryingStore(faulty)
    engine = Engine("copy", destination, jobs=3, part_size_bytes=part_size_bytes)
    report = engine.run([CopyItem(store, store.head("wrong"), "wrong")])
    assert (0, 1) == (report.done_count, report.failed_count)
    assert [] == destination.list_page().objects[:]
    asked = "slow down" if failures > 1 else "the bytes that were read have"
    assert asked in str(report.failures[0].error)
    assert faulty.count("open_reader") == (1 if part_size_bytes is None else 4)


def test_default_is_no_check(destination: MemoryStore) -> None:
    """A store that says nothing of checksums compares nothing."""
    destination.put("k", CONTENT)
    assert destination.content_check(destination.head("k")) is None
    with destination.open_reader("k") as reader:
        assert reader.check is None


def test_the_check_of_a_wrapped_reader_can_be_replaced(source: CheckedStore) -> None:
    """Wrappers hand the comparison on in both directions."""
    check = ContentCheck(Outcome.NO_CHECKSUM)
    make = functools.partial(FaultyStore(source).open_reader, "right")
    for reader in (make(), RetryingStore(source).open_reader("right")):
        with reader:
            reader.check = check
            assert reader.check is check
