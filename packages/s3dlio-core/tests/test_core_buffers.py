"""Buffers: reused, page-aligned, under one budget, and nobody waits for ever."""

from __future__ import annotations

import mmap
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.anonymous_memory import HUGE_PAGE_BYTES
from s3dlio_core.transfer import buffers
from s3dlio_core.transfer.buffers import BufferPool

KIB = 1024
MIB = 1024**2


class Held:
    """A thread that holds one lease from its construction until `release`."""

    def __init__(self, pool: BufferPool, size_bytes: int, *, wait: bool = True) -> None:
        self.has = threading.Event()
        self._go = threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(pool, size_bytes))
        self._thread.start()
        if wait:
            assert self.has.wait(30)

    def _hold(self, pool: BufferPool, size_bytes: int) -> None:
        with pool.lease(size_bytes):
            self.has.set()
            self._go.wait()

    def release(self) -> None:
        """Give the lease back."""
        self._go.set()
        self._thread.join()


@given(st.integers(0, 40 * MIB))
def test_a_view_has_exactly_the_size_asked_for(size_bytes: int) -> None:
    """The buffer may be larger, but not by more than its size class."""
    assert size_bytes <= buffers._capacity(size_bytes)
    assert buffers._capacity(size_bytes) <= max(64 * KIB, 2 * size_bytes, size_bytes + MIB)


@pytest.mark.parametrize("size_bytes", [MIB, MIB + 1, 2 * MIB, 5 * MIB, 8 * MIB])
def test_large_buffers_are_whole_huge_pages(size_bytes: int) -> None:
    """Else the kernel would put ordinary pages under the last of it, or under all."""
    assert buffers._capacity(size_bytes) % HUGE_PAGE_BYTES == 0


@pytest.mark.parametrize("size_bytes", [0, 1, 4095, 65_537, 3 * MIB + 7])
def test_a_lease_is_writable_memory(size_bytes: int) -> None:
    """Its bytes are the caller's, for any size, zero included."""
    with BufferPool().lease(size_bytes) as view:
        view[:] = b"x" * size_bytes
        assert view.nbytes == size_bytes
        assert not view.readonly


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_does_not_write_into_a_lease() -> None:
    """What a child does with a buffer that it inherits is its own affair."""
    with BufferPool().lease(10) as view:
        view[:] = b"parent's.."
        child = os.fork()
        if not child:
            view[:] = b"child's..."
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert bytes(view) == b"parent's.."


def test_a_buffer_is_used_again() -> None:
    """Leases of one size class, one after the other, share one buffer."""
    pool = BufferPool()
    seen = set()
    for size_bytes in (1000, 2000, 65_536):
        with pool.lease(size_bytes) as view:
            assert isinstance(view.obj, mmap.mmap)
            seen.add(id(view.obj))
    assert len(seen) == 1
    assert pool._allocated_bytes == 64 * KIB


def test_the_budget_is_never_exceeded() -> None:
    """Many workers, many sizes, a budget for a few: memory stays under it, and all finish."""
    pool = BufferPool(budget_bytes=4 * MIB)
    peaks: list[int] = []

    def work(number: int) -> None:
        with pool.lease((number * 300_000) % (3 * MIB) + 1) as view:
            view[0] = 1
            peaks.append(pool._allocated_bytes)

    with ThreadPoolExecutor(16) as executor:
        list(executor.map(work, range(600)))
    assert len(peaks) == 600
    assert max(peaks) <= 4 * MIB
    assert pool._leased_count == 0


def test_unused_buffers_of_other_sizes_make_room() -> None:
    """What lies idle is given back before anybody waits."""
    pool = BufferPool(budget_bytes=2 * MIB)
    with pool.lease(2 * MIB):
        pass
    with pool.lease(100):
        assert pool._allocated_bytes == 64 * KIB


def test_one_buffer_larger_than_the_budget_is_leased_alone() -> None:
    """It waits until nothing else is leased, and others wait for it."""
    pool = BufferPool(budget_bytes=1 * MIB)
    small = Held(pool, 100)
    large = Held(pool, 5 * MIB, wait=False)
    assert not large.has.is_set()
    small.release()
    assert large.has.wait(30)
    other = Held(pool, 100, wait=False)
    assert not other.has.wait(0.02)
    large.release()
    assert other.has.wait(30)
    other.release()


def test_a_small_request_passes_a_large_one_that_finds_no_room() -> None:
    """A buffer that is given back wakes all who wait: the first may want another size."""
    pool = BufferPool(budget_bytes=4 * MIB)
    first, second = Held(pool, 2 * MIB), Held(pool, 2 * MIB)
    large = Held(pool, 4 * MIB, wait=False)
    with pool._changed:
        pass
    small = Held(pool, 2 * MIB, wait=False)
    first.release()
    assert small.has.wait(30)
    small.release()
    second.release()
    assert large.has.wait(30)
    large.release()


def test_memory_that_the_system_refuses_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failed allocation the budget is what it was, and nobody waits for it."""
    pool = BufferPool(budget_bytes=1 * MIB)

    def refuse(*_: object, **__: object) -> mmap.mmap:
        raise OSError(12, "Cannot allocate memory")

    with monkeypatch.context() as patch:
        patch.setattr("s3dlio_core.anonymous_memory.mmap.mmap", refuse)
        with pytest.raises(OSError, match="allocate"), pool.lease(1 * MIB):
            pass
    assert (pool._allocated_bytes, pool._leased_count) == (0, 0)
    with pool.lease(9 * MIB) as view:
        assert view.nbytes == 9 * MIB


def test_an_error_in_a_lease_gives_it_back() -> None:
    """The buffer is free again although the error still refers to a view of it."""
    pool = BufferPool(budget_bytes=64 * KIB)

    def fail() -> None:
        with pool.lease(10) as view:
            raise ValueError("broken", view[:5])

    with pytest.raises(ValueError, match="broken") as caught:
        fail()
    with pool.lease(10) as view:
        view[0] = 1
    assert caught.value.args[1].nbytes == 5


def test_closing_gives_the_memory_back() -> None:
    """What isn't leased is dropped."""
    pool = BufferPool()
    with pool.lease(1), pool.lease(3 * MIB):
        pass
    pool.close()
    assert pool._allocated_bytes == 0
