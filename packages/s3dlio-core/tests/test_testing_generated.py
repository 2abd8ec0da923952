"""The generated source and the discarding sink: exact contents, flat memory, true counts."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3dlio_core.errors import (
    IntegrityError,
    InvalidPartError,
    InvalidRangeError,
    NotSupportedError,
    ObjectNotFoundError,
    PreconditionFailedError,
    UploadNotFoundError,
)
from s3dlio_core.store import Condition, ObjectStore
from s3dlio_core.testing import DiscardingSink, GeneratedSource
from s3dlio_core.testing.generated import matches

_SIZE_BYTES = 3_000_000
_KEY = "000000/000001"


def _read(store: ObjectStore, key: str, start: int = 0, stop: int | None = None) -> bytes:
    with store.open_reader(key, start, stop) as reader:
        return reader.readall()


@pytest.fixture(scope="module")
def source() -> GeneratedSource:
    """Objects larger than the table that they are cut from."""
    return GeneratedSource(2500, _SIZE_BYTES)


@settings(max_examples=30, deadline=None)
@given(start=st.integers(0, _SIZE_BYTES), size=st.integers(0, 2_000_000))
def test_range_is_a_slice_of_the_whole(start: int, size: int) -> None:
    """Any range is exactly what a slice of the whole object is."""
    source = GeneratedSource(2, _SIZE_BYTES)
    assert _read(source, _KEY)[start : start + size] == _read(source, _KEY, start, start + size)


def test_objects_differ(source: GeneratedSource) -> None:
    """Two objects have different bytes."""
    assert _read(source, source.keys[0], 0, 1000) != _read(source, source.keys[1], 0, 1000)


def test_positions_differ(source: GeneratedSource) -> None:
    """Parts at different offsets have different bytes, also a power of two apart."""
    parts = {_read(source, _KEY, start, start + 64) for start in range(0, 2**21, 2**16)}
    assert len(parts) == 32


def test_contents_are_the_same_in_each_process(source: GeneratedSource) -> None:
    """The bytes follow from key and offset alone."""
    assert _read(source, _KEY, 5, 13).hex() == _read(GeneratedSource(2, 100), _KEY, 5, 13).hex()


def test_matches_knows_the_contents(source: GeneratedSource) -> None:
    """A buffer matches at its own key and offset only."""
    buffer = _read(source, _KEY, 1000, 2_500_000)
    assert matches(_KEY, 1000, buffer)
    assert not matches(_KEY, 1001, buffer)
    assert not matches(source.keys[2], 1000, buffer)
    assert not matches(_KEY, 1000, buffer[:-1] + bytes([buffer[-1] ^ 1]))


@pytest.mark.parametrize("page_size", [7, 1000, None])
def test_listing_is_whole_and_ordered(source: GeneratedSource, page_size: int | None) -> None:
    """All keys are listed once, in ascending order."""
    keys: list[str] = []
    token = None
    while True:
        page = source.list_page(token=token, page_size=page_size)
        keys += [info.key for info in page.objects]
        token = page.next_token
        if token is None:
            break
    assert sorted(keys) == keys
    assert list(source.keys) == keys


def test_listing_knows_directories(source: GeneratedSource) -> None:
    """There are a thousand objects to a directory."""
    assert source.list_page(delimiter="/").prefixes == ["000000/", "000001/", "000002/"]
    assert len(source.list_page("000002/").objects) == 500


def test_prefix_is_kept() -> None:
    """Keys begin with the source's prefix."""
    source = GeneratedSource(2, 10, prefix="some/where/")
    assert list(source.keys) == ["some/where/000000/000000", "some/where/000000/000001"]
    assert source.head("some/where/000000/000001").size_bytes == 10


@pytest.mark.parametrize("key", ["", "a", "000000", "000000/1000", "000002/000500", "0/0"])
def test_other_keys_are_missing(source: GeneratedSource, key: str) -> None:
    """What isn't listed isn't found."""
    with pytest.raises(ObjectNotFoundError):
        source.head(key)


def test_slice_of_keys(source: GeneratedSource) -> None:
    """Keys can be sliced."""
    assert list(source.keys[1:3]) == ["000000/000001", "000000/000002"]


def test_wrong_ranges_and_etags_are_refused(source: GeneratedSource) -> None:
    """The source keeps the contract's conditions on reading."""
    with pytest.raises(InvalidRangeError):
        source.open_reader(_KEY, _SIZE_BYTES + 1)
    with pytest.raises(PreconditionFailedError):
        source.open_reader(_KEY, if_match="another")


def test_source_refuses_writes(source: GeneratedSource) -> None:
    """Nothing can be changed."""
    with pytest.raises(NotSupportedError):
        source.put(_KEY, b"x")
    with pytest.raises(NotSupportedError):
        source.create_multipart(_KEY)
    with pytest.raises(NotSupportedError):
        source.delete(_KEY)
    with pytest.raises(NotSupportedError):
        source.copy_from(source.copy_source(_KEY), "copy")


def test_a_million_objects_take_no_memory() -> None:
    """A listing's page and a read of a huge source cost the same as of a small one."""
    source = GeneratedSource(10**9, 10**12)
    buffer = bytearray(100_000)
    tracemalloc.start()
    try:
        page = source.list_page("500000/", page_size=10)
        with source.open_reader(page.objects[0].key, 10**11) as reader:
            count = reader.readinto(buffer)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (len(page.objects), count) == (10, 100_000)
    assert peak_bytes < 100_000


def test_sink_counts_objects() -> None:
    """Objects and bytes are counted, from any number of threads."""
    sink = DiscardingSink()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: sink.put(str(n), bytes(n)), range(100)))
    assert (sink.object_count, sink.object_bytes) == (100, sum(range(100)))


def test_sink_counts_uploads(source: GeneratedSource) -> None:
    """An upload counts as an object when it is complete, with the size of its parts."""
    sink = DiscardingSink(verify=True, prefix="copy/")
    upload = sink.create_multipart(f"copy/{_KEY}")
    parts = [
        upload.put_part(number, start, _read(source, _KEY, start, start + 1_000_000))
        for number, start in ((3, 2_000_000), (1, 0), (2, 1_000_000))
    ]
    assert (sink.object_count, sink.open_upload_count) == (0, 1)
    assert upload.complete(sorted(parts, key=lambda part: part.number)).size_bytes == 3_000_000
    assert (sink.object_count, sink.open_upload_count, sink.part_count) == (1, 0, 3)


def test_sink_finds_wrong_bytes(source: GeneratedSource) -> None:
    """A byte that isn't the source's is an error, in a put and in a part."""
    sink = DiscardingSink(verify=True)
    data = _read(source, _KEY, 0, 1000)
    sink.put(_KEY, data)
    with pytest.raises(IntegrityError):
        sink.put(_KEY, data[:-1] + b"!")
    with pytest.raises(IntegrityError):
        sink.create_multipart(_KEY).put_part(2, 1000, data)


def test_sink_finds_gaps_between_parts() -> None:
    """Parts that don't lie end to end are an error."""
    sink = DiscardingSink()
    upload = sink.create_multipart("a")
    parts = [upload.put_part(1, 0, b"12345"), upload.put_part(2, 6, b"67890")]
    with pytest.raises(InvalidPartError):
        upload.complete(parts)
    upload.abort()
    upload.abort()
    with pytest.raises(UploadNotFoundError):
        upload.complete(parts)
    assert (sink.object_count, sink.open_upload_count) == (0, 0)


def test_sink_is_empty() -> None:
    """What was stored isn't found again."""
    sink = DiscardingSink()
    sink.put("a", b"x")
    sink.delete("a")
    assert (sink.list_page().objects, list(sink.delete_many(["a"]))) == ((), [])
    with pytest.raises(ObjectNotFoundError):
        sink.head("a")
    with pytest.raises(ObjectNotFoundError):
        sink.open_reader("a")


def test_sink_refuses_conditions() -> None:
    """The sink can't keep a condition, and says so."""
    sink = DiscardingSink()
    with pytest.raises(NotSupportedError):
        sink.put("a", b"x", condition=Condition(if_absent=True))
    with pytest.raises(NotSupportedError):
        sink.create_multipart("a", condition=Condition(if_absent=True))
