"""Memory for bytes on their way: page-aligned, zero at first, and empty in a forked child."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.anonymous_memory import anonymous_memory
from s3dlio_core.transfer.buffers import BufferPool


@given(st.integers(1, 3_000_000))
def test_memory_begins_at_a_page(size_bytes: int) -> None:
    """Of any size, and filled with zeros."""
    memory = anonymous_memory(size_bytes)
    assert len(memory) == size_bytes
    assert ctypes.addressof(ctypes.c_char.from_buffer(memory)) % mmap.PAGESIZE == 0
    assert not any(memory[:100])


def _child_sees(view: memoryview) -> bytes:
    """Return the first bytes that a forked child finds."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, view[:8])
        view[:8] = b"child's!"
        os._exit(0)
    os.close(writing)
    assert os.waitpid(child, 0)[1] == 0
    seen = os.read(reading, 100)
    os.close(reading)
    return seen


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux wipes memory on a fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_sees_zeros() -> None:
    """And the parent's bytes stay what they were, whatever the child does with its own."""
    with memoryview(anonymous_memory(100_000)) as view:
        view[:8] = b"parent's"
        assert _child_sees(view) == bytes(8)
        assert bytes(view[:8]) == b"parent's"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux wipes memory on a fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_sees_zeros_in_a_lease() -> None:
    """The buffers of transfers are such memory."""
    with BufferPool().lease(100_000) as view:
        view[:8] = b"parent's"
        assert _child_sees(view) == bytes(8)
        assert bytes(view[:8]) == b"parent's"


def test_an_old_kernel_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that doesn't know how to wipe memory gives it all the same."""
    monkeypatch.setattr("s3dlio_core.anonymous_memory._MADV_WIPEONFORK", 255)
    assert len(anonymous_memory(10)) == 10
