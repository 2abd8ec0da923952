"""The plan: sizes of parts, and entries that another process could carry out."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3dlio_core.errors import ObjectTooLargeError
from s3dlio_core.memory_store import MemoryStore
from s3dlio_core.retry import RetryingStore
from s3dlio_core.store import Limits, ObjectInfo
from s3dlio_core.transfer.plan import (
    PART_SIZE_BYTES,
    CopyItem,
    copy_part_size_for,
    part_count,
    part_size_for,
)

MIB = 1024**2
GIB = 1024**3
# Amazon S3 User Guide, "Amazon S3 multipart upload limits".
S3 = Limits(
    put_size_max_bytes=5 * GIB,
    object_size_max_bytes=5 * 1024**4,
    part_size_min_bytes=5 * MIB,
    part_size_max_bytes=5 * GIB,
)
ANY = Limits(put_size_max_bytes=2**63)
DIRECT = Limits(put_size_max_bytes=2**63, alignment_bytes=4096)


@pytest.mark.parametrize(
    ("size_bytes", "wanted_bytes", "expected"),
    [
        (0, None, None),
        (1, None, None),
        (2 * PART_SIZE_BYTES, None, None),
        (2 * PART_SIZE_BYTES + 1, None, PART_SIZE_BYTES),
        (300 * MIB, None, PART_SIZE_BYTES),
        (5 * 1024**4, None, 525 * MIB),
        (6 * MIB, 6 * MIB, None),
        (6 * MIB + 1, 6 * MIB, 6 * MIB),
        (6 * MIB, 1 * MIB, 5 * MIB),
        (5 * MIB, 1 * MIB, None),
        (100 * MIB, 33 * MIB + 1, 33 * MIB + 1),
        (6 * GIB, 20 * GIB, 5 * GIB),
    ],
)
def test_parts_suit_the_destination(
    size_bytes: int, wanted_bytes: int | None, expected: int | None
) -> None:
    """Small objects go whole; parts have the wanted size as far as the limits allow."""
    assert expected == part_size_for(size_bytes, ANY, S3, wanted_bytes)


@pytest.mark.parametrize(("source", "destination"), [(DIRECT, S3), (S3, DIRECT)])
def test_parts_begin_where_both_stores_are_fast(source: Limits, destination: Limits) -> None:
    """A wanted size is rounded up to the alignment of either store."""
    part = part_size_for(100 * MIB, source, destination, 7 * MIB + 1)
    assert part == 7 * MIB + 4096


def test_an_alignment_never_breaks_a_limit() -> None:
    """It makes copies fast; the largest part is a rule."""
    small = Limits(put_size_max_bytes=10, part_size_max_bytes=10)
    four = Limits(put_size_max_bytes=100, alignment_bytes=4)
    sixteen = Limits(put_size_max_bytes=100, alignment_bytes=16)
    assert part_size_for(50, four, small) == 8
    assert part_size_for(50, sixteen, small) == 10


def test_a_put_limit_is_enough_to_cut() -> None:
    """An object over the largest put goes in parts, even in one."""
    limits = Limits(put_size_max_bytes=10)
    assert part_size_for(11, ANY, limits) == PART_SIZE_BYTES
    assert part_size_for(10, ANY, limits) is None


@pytest.mark.parametrize(
    ("size_bytes", "wanted_bytes", "expected"),
    [
        (0, None, None),
        (5 * GIB, None, None),
        (5 * GIB, 8 * MIB, None),
        (5 * GIB + 1, None, 64 * MIB),
        (5 * GIB + 1, 8 * MIB, 8 * MIB),
        (5 * GIB + 1, 1, 5 * MIB),
        (5 * 1024**4, None, 525 * MIB),
    ],
)
def test_copies_are_cut_where_a_service_copies_no_more(
    size_bytes: int, wanted_bytes: int | None, expected: int | None
) -> None:
    """CopyObject takes 5 GiB; UploadPartCopy has the limits of any part."""
    assert expected == copy_part_size_for(size_bytes, S3, wanted_bytes)


def test_a_limit_of_copies_is_its_own() -> None:
    """A store may copy less at one go than it takes, or cut otherwise."""
    limits = Limits(put_size_max_bytes=100, copy_size_max_bytes=10, copy_part_size_bytes=7)
    assert [None, 7] == [copy_part_size_for(size, limits) for size in (10, 11)]


def test_a_copy_that_never_fits_is_refused() -> None:
    """As an upload is."""
    limits = Limits(put_size_max_bytes=10, part_size_max_bytes=10, part_count_max=9)
    with pytest.raises(ObjectTooLargeError):
        copy_part_size_for(91, limits)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(put_size_max_bytes=10, object_size_max_bytes=99),
        Limits(put_size_max_bytes=10, part_size_max_bytes=10, part_count_max=9),
    ],
)
def test_an_object_that_never_fits_is_refused(limits: Limits) -> None:
    """Neither an object over the limit nor one that needs too many parts is begun."""
    with pytest.raises(ObjectTooLargeError):
        part_size_for(100, ANY, limits)


@given(
    size_bytes=st.integers(0, 6 * 1024**4),
    wanted_bytes=st.none() | st.integers(1, 6 * GIB),
    put_max=st.integers(1, 6 * GIB),
    part_min=st.integers(1, 8 * MIB),
    part_max=st.integers(8 * MIB, 6 * GIB),
    count_max=st.integers(1, 50_000),
    alignments=st.tuples(*[st.sampled_from([1, 512, 4096, MIB, 3000])] * 2),
)
@example(100, None, 1, 1, 8 * MIB, 1, (1, 1))
def test_parts_cover_every_byte_once(
    size_bytes: int,
    wanted_bytes: int | None,
    put_max: int,
    part_min: int,
    part_max: int,
    count_max: int,
    alignments: tuple[int, int],
) -> None:
    """Whatever the limits: parts lie end to end, within them, or the object can't fit at all."""
    source = Limits(put_size_max_bytes=2**63, alignment_bytes=alignments[0])
    destination = Limits(
        put_size_max_bytes=put_max,
        part_size_min_bytes=part_min,
        part_size_max_bytes=part_max,
        part_count_max=count_max,
        alignment_bytes=alignments[1],
    )
    try:
        part = part_size_for(size_bytes, source, destination, wanted_bytes)
    except ObjectTooLargeError:
        assert size_bytes > part_max * count_max
        return
    if part is None:
        assert size_bytes <= put_max
        return
    count = part_count(size_bytes, part)
    assert part_min <= part <= part_max
    assert 1 <= count <= count_max
    assert (count - 1) * part < size_bytes <= count * part


def test_an_item_pickles() -> None:
    """A copy item can be carried out by another process: its store pickles by configuration."""
    store = RetryingStore(MemoryStore("somewhere"))
    item = pickle.loads(pickle.dumps(CopyItem(store, ObjectInfo("a/b", 3, 1.5, "tag"), "x/b")))
    assert (item.info, item.key) == (ObjectInfo("a/b", 3, 1.5, "tag"), "x/b")
    assert item.source.uri_of("a/b") == "memory://somewhere/a/b"
