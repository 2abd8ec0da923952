"""A stream that is read gives the bytes that are there, however it is read, of one state alone."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import pickle
import threading
import uuid
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3dlio_core import errors, operations
from s3dlio_core.checksums import CRC32
from s3dlio_core.content_check import CrcCheck, DigestCheck, Outcome
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.store import Capabilities
from s3dlio_core.streams import ObjectStream, RawObjectStream, read_ahead, reader
from s3dlio_core.transfer.buffers import BUDGET_BYTES, BufferPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3dlio_core.content_check import ContentCheck
    from s3dlio_core.store import ObjectReader

CONTENT = bytes(zlib.crc32(number.to_bytes(4, "big")) & 255 for number in range(3000))

MD5_SIZE_BYTES = 16


def _crc(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(4, "big")


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


@pytest.fixture(autouse=True, scope="module")
def _small_ranges() -> Iterator[None]:
    """Ranges of at most 64 bytes, so that small objects have many."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (reader, read_ahead):
            patch.setattr(module, "FIRST_RANGE_BYTES", 16)
            patch.setattr(module, "PART_SIZE_BYTES", 64)
        patch.setattr(reader, "_ONE_REQUEST_MAX_BYTES", 128)
        patch.setattr(reader, "_DIRECT_BYTES", 48)
        yield


class RecordingStore(MemoryStore):
    """Remembers what was asked for, and tells a checksum if it is given one."""

    def __init__(self, *, checksum: bytes | None = None) -> None:
        name = f"streams-{uuid.uuid4()}"
        MemoryProvider().create_container(name)
        super().__init__(name)
        self.ranges: list[tuple[int, int | None]] = []
        self.checksum = checksum
        self.checks: list[ContentCheck] = []
        self.pins: list[str | None] = []
        #: Ranges, by their first byte, that wait for an event or fail once.
        self.waits: dict[int, threading.Event] = {}
        self.fails: set[int] = set()

    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Open it, and remember the range."""
        self.ranges.append((start, stop))
        self.pins.append(if_match)
        if start in self.waits:
            self.waits[start].wait()
        if start in self.fails:
            self.fails.remove(start)
            raise errors.PermissionDeniedError("not now")
        opened = super().open_reader(key, start, stop, if_match=if_match, version=version)
        if self.checksum is not None and (start, stop) == (0, None):
            size_bytes, uri = opened.info.size_bytes, self.uri_of(key)
            if len(self.checksum) == MD5_SIZE_BYTES:
                opened.check = DigestCheck("MD5", self.checksum, size_bytes, uri=uri)
            else:
                opened.check = CrcCheck(CRC32, self.checksum, size_bytes, uri=uri)
            self.checks.append(opened.check)
        return opened


def _stored(content: bytes = CONTENT, **keywords: bytes) -> RecordingStore:
    store = RecordingStore(**keywords)
    store.put("k", content)
    return store


def _buffered(store: RecordingStore, buffer_size_bytes: int = 24) -> ObjectStream:
    return ObjectStream(RawObjectStream(store, "k"), buffer_size_bytes)


_STEPS = st.one_of(
    st.tuples(st.just("read"), st.integers(-1, 700)),
    st.tuples(st.just("read1"), st.integers(1, 300)),
    st.tuples(st.just("readinto"), st.integers(0, 300)),
    st.tuples(st.just("readline"), st.integers(-1, 300)),
    st.tuples(st.just("start"), st.integers(0, 3200)),
    st.tuples(st.just("forward"), st.integers(0, 200)),
    st.tuples(st.just("back"), st.integers(0, 100)),
    st.tuples(st.just("end"), st.integers(0, 3000)),
)


def _step(stream: io.BufferedIOBase, name: str, value: int) -> object:
    """Do one thing with a stream; return what must be the same for any other."""
    if name == "readinto":
        target = bytearray(value)
        # Fewer bytes than asked for are allowed.
        count = stream.readinto(target)
        stream.seek(stream.tell() - count)
        return stream.read(value)
    if name == "read1":
        part = stream.read1(value)
        assert bool(part) or stream.read(1) == b""
        stream.seek(stream.tell() - len(part))
        return stream.read(value)
    if name in {"read", "readline"}:
        return getattr(stream, name)(value)
    if name == "start":
        return stream.seek(value)
    if name == "forward":
        return stream.seek(value, os.SEEK_CUR)
    if name == "back":
        return stream.seek(max(0, stream.tell() - value))
    return stream.seek(-min(value, 2000), os.SEEK_END)


@settings(max_examples=150, deadline=None)
@given(st.lists(_STEPS, max_size=25), st.integers(1, 100), st.sampled_from([0, 1, 100, 2500, 3000]))
def test_any_reads_and_jumps_give_what_the_bytes_themselves_give(
    steps: list[tuple[str, int]], buffer_size_bytes: int, size_bytes: int
) -> None:
    """The same sequence over `io.BytesIO`."""
    content = CONTENT[:size_bytes]
    with _buffered(_stored(content), buffer_size_bytes) as stream, io.BytesIO(content) as expected:
        for name, value in steps:
            if size_bytes < 2000 and name == "end":
                continue
            assert _step(stream, name, value) == _step(expected, name, value)
            assert stream.tell() == expected.tell()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 3000),
    st.one_of(st.none(), st.integers(0, 3200)),
    st.lists(st.integers(1, 300), max_size=3),
)
def test_pieces_from_anywhere_to_anywhere_are_the_bytes_between(
    start: int, stop: int | None, before: list[int]
) -> None:
    """Also after something was read from the stream."""
    with RawObjectStream(_stored(), "k", start=start) as raw:
        for count in before:
            raw.read(count)
        position = raw.tell()
        found = b"".join(bytes(piece) for piece in raw.pieces(stop))
    assert found == CONTENT[position:stop]


def test_small_object_costs_one_request() -> None:
    """What opens it brings it."""
    store = _stored(CONTENT[:100])
    with _buffered(store) as stream:
        assert stream.read() == CONTENT[:100]
    assert store.ranges == [(0, None)]


def test_reading_on_asks_for_every_byte_once() -> None:
    """The first request's bytes, then ranges that grow."""
    store = _stored()
    with _buffered(store) as stream:
        while stream.read(10):
            pass
    ranges = sorted((start, stop) for start, stop in store.ranges[1:] if stop is not None)
    assert ranges[-1][1] == len(CONTENT)
    assert all(one[1] == other[0] for one, other in itertools.pairwise(ranges))
    assert max(stop - start for start, stop in ranges) == 64
    assert 0 < ranges[0][0] <= 64


def test_jump_asks_for_what_is_wanted_alone() -> None:
    """No range is read ahead where nobody has read on."""
    store = _stored()
    with _buffered(store) as stream:
        stream.seek(-22, os.SEEK_END)
        assert stream.read(22) == CONTENT[-22:]
        stream.seek(500)
        assert stream.read(5) == CONTENT[500:505]
    assert store.ranges[1:] == [(len(CONTENT) - 22, len(CONTENT)), (500, 524)]


def test_long_read_after_a_jump_comes_in_ranges_and_no_more() -> None:
    """Side by side, and nothing that wasn't asked for."""
    store = _stored()
    with RawObjectStream(store, "k") as raw:
        raw.seek(1000)
        target = bytearray(300)
        count = 0
        while count < 300:
            count += raw.readinto(memoryview(target)[count:])
    assert target == CONTENT[1000:1300]
    ranges = store.ranges[1:]
    assert len(ranges) > 3
    assert max(stop or 0 for _, stop in ranges) == 1300


def test_seeking_alone_asks_for_nothing() -> None:
    """Also to the end, which is how programs measure a file."""
    store = _stored()
    with _buffered(store) as stream:
        assert stream.seek(0, os.SEEK_END) == len(CONTENT)
        stream.seek(0)
        assert stream.read(3) == CONTENT[:3]
    assert store.ranges == [(0, None)]


@pytest.mark.parametrize("enforces", [True, False])
def test_object_that_changes_is_an_error_and_no_mix(enforces: bool) -> None:
    """The next range is of another state, whether the store finds it out or not."""
    store = _stored()
    store.capabilities = Capabilities(read_if_match=enforces)
    with RawObjectStream(store, "k") as raw:
        assert raw.read(10) == CONTENT[:10]
        store.put("k", CONTENT[::-1])
        raw.seek(1000)
        with pytest.raises(errors.SourceChangedError):
            raw.read(10)
        assert store.pins == [None, raw.info.etag if enforces else None]


@pytest.mark.parametrize("way", ["read", "lines", "raw", "pieces"])
@pytest.mark.parametrize("checksum", [_crc, _md5])
def test_bytes_are_compared_with_the_checksum(way: str, checksum: Callable[[bytes], bytes]) -> None:
    """A stream that is read to its end, in any sizes; small or in ranges that come anyhow."""
    for size_bytes in (100, len(CONTENT)):
        content = CONTENT[:size_bytes]
        good = _stored(content, checksum=checksum(content))
        assert _all_of(good, way) == content
        assert [check.outcome for check in good.checks] == [Outcome.VERIFIED]
        bad = _stored(content, checksum=checksum(b"oops"))
        with pytest.raises(errors.IntegrityError):
            _all_of(bad, way)


def test_damaged_object_stays_damaged() -> None:
    """Who catches the error and reads on gets it again, not the bytes."""
    for size_bytes in (100, len(CONTENT)):
        with _buffered(_stored(CONTENT[:size_bytes], checksum=b"oops")) as stream:
            for _ in range(3):
                with pytest.raises(errors.IntegrityError):
                    stream.read()
                with pytest.raises(errors.IntegrityError):
                    stream.raw.read(10)


class ShortStore(RecordingStore):
    """Its readers say nothing of the last byte, and end before it."""

    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Open all but the last byte."""
        last = self.head(key).size_bytes - 1
        stop = last if stop is None else min(stop, last)
        return super().open_reader(key, start, stop, if_match=if_match, version=version)


@pytest.mark.parametrize("size_bytes", [100, len(CONTENT)])
@pytest.mark.parametrize("way", ["read", "lines", "raw", "pieces"])
def test_object_that_ends_early_is_an_error(way: str, size_bytes: int) -> None:
    """Neither short bytes nor an endless wait; small or in ranges."""
    store = ShortStore()
    store.put("k", CONTENT[:size_bytes])
    with pytest.raises(errors.IntegrityError):
        _all_of(store, way)


def _all_of(store: RecordingStore, way: str) -> bytes:
    with _buffered(store) as stream:
        if way == "read":
            return stream.read()
        if way == "lines":
            return b"".join(stream)
        if way == "raw":
            return b"".join(iter(lambda: stream.raw.read(37) or b"", b""))
        return b"".join(bytes(piece) for piece in stream.raw.pieces())


@pytest.mark.parametrize("before", [0, 10, 1000])
@pytest.mark.parametrize("jump", [0, 40, 700, 2500])
@pytest.mark.parametrize("checksum", [_crc, _md5])
def test_reading_a_part_again_is_no_failed_comparison(
    before: int, jump: int, checksum: Callable[[bytes], bytes]
) -> None:
    """What can't be compared any more isn't."""
    store = _stored(checksum=checksum(CONTENT))
    with _buffered(store) as stream:
        stream.read(before)
        stream.seek(jump)
        assert stream.read() == CONTENT[jump:]
        stream.seek(0)
        assert stream.read() == CONTENT


def test_range_that_is_skipped_is_no_failed_comparison() -> None:
    """Nobody waits for it, and its bytes aren't compared."""
    store = _stored(checksum=zlib.crc32(CONTENT).to_bytes(4, "big"))
    with RawObjectStream(store, "k") as raw:
        while raw.tell() < 500:
            raw.read(100)
        assert raw._ahead is not None
        ranges = raw._ahead._ranges
        start, stop = ranges[-1].stop, ranges[-1].stop + 64
        store.waits[start] = threading.Event()
        while raw.tell() < start:
            raw.read(start - raw.tell())
        raw.seek(stop + 5)
        try:
            assert raw.read() == CONTENT[stop + 5 :]
        finally:
            store.waits[start].set()


def test_range_that_fails_may_be_read_again() -> None:
    """The error comes in its turn; what was on its way is asked for again."""
    store = _stored(checksum=zlib.crc32(CONTENT).to_bytes(4, "big"))
    with RawObjectStream(store, "k") as raw:
        found = raw.read(100) or b""
        while len(found) < 500:
            found += raw.read(100) or b""
        assert raw._ahead is not None
        ranges = raw._ahead._ranges
        store.fails.add(ranges[-1].stop)
        errors_seen = 0
        while len(found) < len(CONTENT):
            try:
                found += raw.read(100) or b""
            except errors.PermissionDeniedError:
                errors_seen += 1
    assert (found, errors_seen) == (CONTENT, 1)


def test_ranges_ahead_keep_to_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are asked for; and no memory is waited for that nobody would give back."""
    monkeypatch.setattr(reader, "BUDGET_BYTES", 5 * 64)
    pools: list[BufferPool] = []

    def pool(budget_bytes: int) -> BufferPool:
        assert budget_bytes == 5 * 64
        made = BufferPool(5 * 64 * 1024)  # no buffer is smaller than 64 KiB
        pools.append(made)
        return made

    monkeypatch.setattr(reader, "BufferPool", pool)
    with RawObjectStream(_stored(), "k", ahead_max=100) as raw:
        assert raw.read() == CONTENT
    assert pools[0]._allocated_bytes <= 5 * 64 * 1024
    assert BUDGET_BYTES == 192 * 1024**2


def test_missing_object_is_a_missing_file() -> None:
    """At once, as with Python's own `open`."""
    store = RecordingStore()
    with pytest.raises(FileNotFoundError):
        RawObjectStream(store, "k")


def test_closed_stream_refuses() -> None:
    """As files do."""
    stream = _buffered(_stored())
    stream.close()
    stream.close()
    with pytest.raises(ValueError, match="closed"):
        stream.read()


def test_no_thread_is_left_of_a_stream_that_nobody_closed() -> None:
    """The garbage collector ends what it has begun."""
    stream = _buffered(_stored())
    stream.read(500)
    threads = [*stream.raw._workers._threads]
    assert threads
    del stream
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("mode", ["rb", "r"])
def test_stream_does_not_pickle(mode: str, tmp_path: Path) -> None:
    """And the error says what to do."""
    (tmp_path / "f").write_bytes(b"x")
    with (
        operations.open(tmp_path / "f", mode) as stream,  # type: ignore[call-overload]
        pytest.raises(TypeError, match="pickle its URI"),
    ):
        pickle.dumps(stream)


def test_child_process_is_refused_by_name() -> None:
    """A fork has neither the threads nor a right to the sockets."""
    with RawObjectStream(_stored(), "k") as raw:
        raw.read(10)
        child = os.fork()
        if not child:
            code = 1
            try:
                raw.read(10)
            except errors.UsageError as error:
                code = 0 if "child process" in str(error) else 2
            raw.close()
            os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert raw.read(10) == CONTENT[10:20]
