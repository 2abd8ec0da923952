"""Whatever the sizes, ranges, addresses and orders: the bytes are the same, and none is cached."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, pairwise
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.disks.memory import memory_at, placed
from tests.disks.page_cache import cached_pages, write_uncached

from s3dlio_direct import DirectStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from s3dlio_core.store import MultipartUpload, Part

PAGE: Final = 4096
PART: Final = 64 * 1024
#: Around what a disk, a page and a part are.
EDGES: Final = sorted(
    {
        max(0, multiple * unit + near)
        for unit in (512, PAGE, PART)
        for multiple in (0, 1, 2)
        for near in (-1, 0, 1)
    }
)
sizes = st.one_of(st.sampled_from(EDGES), st.integers(0, 3 * PART))
#: How far behind a page's boundary memory begins.
shifts = st.sampled_from([0, 0, 0, 1, 8, 511, 512, 513, PAGE - 1])
seeds = st.integers(0, 2**32)
quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def store(direct_directory: Path) -> Iterator[DirectStore]:
    """A store whose directory is empty in the end."""
    with DirectStore(str(direct_directory)) as store:
        yield store
        assert [] == sorted(direct_directory.rglob("*"))


NUMBERS: Final = count()


@contextmanager
def fresh(directory: Path) -> Iterator[Path]:
    """Give a name that no example has had, and remove its file."""
    path = directory / f"file-{next(NUMBERS)}"
    yield path
    path.unlink()


def content_of(seed: int, size_bytes: int) -> bytes:
    """Bytes among which no zeros stand out by accident."""
    return random.Random(seed).randbytes(size_bytes)


def moved_bytes(store: DirectStore) -> tuple[int, int]:
    """How many bytes a store has read and written, one way or the other."""
    counters = store.counters()
    return (
        counters.read_direct_bytes + counters.read_bounced_bytes,
        counters.written_direct_bytes + counters.written_bounced_bytes,
    )


@quick
@given(size_bytes=sizes, shift_bytes=shifts, seed=seeds)
def test_put_writes_the_same_bytes(
    store: DirectStore, direct_directory: Path, size_bytes: int, shift_bytes: int, seed: int
) -> None:
    """A whole object, of any size and from any address; the counters have each byte once."""
    content = content_of(seed, size_bytes)
    before = moved_bytes(store)
    with fresh(direct_directory) as path:
        info = store.put(path.name, placed(content, shift_bytes))
        assert (size_bytes, 0) == (info.size_bytes, cached_pages(path))
        assert (before[0], before[1] + size_bytes) == moved_bytes(store)
        assert content == path.read_bytes()


@dataclass(frozen=True)
class Piece:
    """A part to write.

    Attributes:
        number: of the part.
        start: its offset.
        stop: its end.
        shift_bytes: of the memory that it comes from.
        seed: of other bytes that are written in its place before, or None.
    """

    number: int
    start: int
    stop: int
    shift_bytes: int
    seed: int | None


@st.composite
def pieces_of(draw: st.DrawFn, size_bytes: int) -> list[Piece]:
    """Cut an object in parts: equal ones of any size, or each of its own."""
    if draw(st.booleans()):
        part = draw(st.sampled_from([1, 511, 512, PAGE - 1, PAGE, PAGE + 1, PART - 1, PART]))
        bounds = list(range(0, size_bytes, max(part, size_bytes // 24 + 1)))
    else:
        inner = st.one_of(st.sampled_from(EDGES), st.integers(1, size_bytes))
        bounds = sorted({0} | {cut for cut in draw(st.sets(inner, max_size=12)) if cut})
        bounds = [bound for bound in bounds if bound < size_bytes]
    others = st.one_of(st.none(), st.none(), seeds)
    return [
        Piece(number, start, stop, draw(shifts), draw(others))
        for number, (start, stop) in enumerate(pairwise([*bounds, size_bytes]), 1)
    ]


@st.composite
def uploads(draw: st.DrawFn) -> tuple[int, list[Piece], int | None]:
    """Draw an object's size, its parts in the order in which they come, and the size announced."""
    size_bytes = draw(sizes.filter(bool))
    pieces = draw(st.permutations(draw(pieces_of(size_bytes))))
    announced = draw(st.sampled_from([None, size_bytes, size_bytes, 1, size_bytes + 3 * PAGE]))
    return size_bytes, pieces, announced


def send(upload: MultipartUpload, content: bytes, pieces: Sequence[Piece], jobs: int) -> list[Part]:
    """Write the parts, so many at a time; return them in order."""

    def put(piece: Piece) -> Part:
        for seed in (piece.seed, None):
            part = content[piece.start : piece.stop]
            if seed is not None:
                part = content_of(seed, len(part))
            sent = upload.put_part(piece.number, piece.start, placed(part, piece.shift_bytes))
        return sent

    with ThreadPoolExecutor(jobs) as pool:
        return sorted(pool.map(put, pieces), key=lambda part: part.number)


#: Of an object of 9,000 bytes; they share a block.
TWO: Final = [Piece(1, 0, 5000, 0, None), Piece(2, 5000, 9000, 0, None)]


@quick
@given(upload=uploads(), jobs=st.sampled_from([1, 4]), seed=seeds)
@example(upload=(9000, TWO, 5000), jobs=1, seed=1)
@example(upload=(9000, TWO[::-1], 5000), jobs=1, seed=1)
@example(upload=(9000, TWO[::-1], 8000), jobs=1, seed=1)
def test_parts_in_any_order_make_the_same_bytes(
    store: DirectStore,
    direct_directory: Path,
    upload: tuple[int, list[Piece], int | None],
    jobs: int,
    seed: int,
) -> None:
    """Parts of any sizes, in any order, again, and at once; whatever size was announced."""
    size_bytes, pieces, announced = upload
    content = content_of(seed, size_bytes)
    with fresh(direct_directory) as path:
        begun = store.create_multipart(path.name, size_bytes=announced)
        info = begun.complete(send(begun, content, pieces, jobs))
        assert (size_bytes, 0) == (info.size_bytes, cached_pages(path))
        assert content == path.read_bytes()


@quick
@given(upload=uploads(), kept=st.integers(1, 12), seed=seeds)
def test_parts_that_are_left_out_are_cut_off(
    store: DirectStore,
    direct_directory: Path,
    upload: tuple[int, list[Piece], int | None],
    kept: int,
    seed: int,
) -> None:
    """An upload may be completed from its first parts: nothing of the others is in the file."""
    size_bytes, pieces, announced = upload
    content = content_of(seed, size_bytes)
    with fresh(direct_directory) as path:
        begun = store.create_multipart(path.name, size_bytes=announced)
        parts = send(begun, content, pieces, 1)[:kept]
        info = begun.complete(parts)
        assert (sum(part.size_bytes for part in parts), 0) == (info.size_bytes, cached_pages(path))
        assert content[: info.size_bytes] == path.read_bytes()


@quick
@given(
    size_bytes=sizes,
    bounds=st.tuples(sizes, st.one_of(st.none(), sizes)),
    reads=st.lists(st.tuples(sizes.filter(bool), shifts), min_size=1, max_size=4),
    seed=seeds,
)
@example(size_bytes=5000, bounds=(0, None), reads=[(4096, 0)], seed=1)
@example(size_bytes=5000, bounds=(4097, 4098), reads=[(1, 1)], seed=1)
def test_any_range_reads_the_same_bytes(
    store: DirectStore,
    direct_directory: Path,
    size_bytes: int,
    bounds: tuple[int, int | None],
    reads: list[tuple[int, int]],
    seed: int,
) -> None:
    """Any range of any file, into buffers of any size at any address."""
    content = content_of(seed, size_bytes)
    start = min(bounds[0], size_bytes)
    stop = None if bounds[1] is None else max(start, bounds[1])
    with fresh(direct_directory) as path:
        write_uncached(path, content)
        before = moved_bytes(store)
        found = read_all(store, path.name, start, stop, reads)
        assert content[start:stop] == found
        assert (before[0] + len(found), before[1]) == moved_bytes(store)
        assert 0 == cached_pages(path)


def read_all(
    store: DirectStore, key: str, start: int, stop: int | None, reads: list[tuple[int, int]]
) -> bytes:
    """Read a range with buffers of these sizes, over and over; nothing beside them may change."""
    found = b""
    with store.open_reader(key, start, stop) as reader:
        while True:
            for size_bytes, shift_bytes in reads:
                memory = memory_at(0, shift_bytes + size_bytes + PAGE)
                memory[:] = bytes([0xA5]) * len(memory)
                count = reader.readinto(memory[shift_bytes:][:size_bytes])
                if not count:
                    return found
                found += memory[shift_bytes:][:count]
                beside = bytes(memory[:shift_bytes]) + memory[shift_bytes + size_bytes :]
                assert not beside.strip(b"\xa5")
