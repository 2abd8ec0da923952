"""Memory for bytes on their way: page-aligned, zero at first, and empty in a forked child."""

from __future__ import annotations

import ctypes
import mmap
import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core.anonymous_memory import HUGE_PAGE_BYTES, anonymous_memory
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


def _flags_of(address: int) -> list[str]:
    """Return what Linux says of the memory at an address (proc_pid_smaps(5))."""
    inside = False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
        if found:
            inside = int(found[1], 16) <= address < int(found[2], 16)
        elif inside and line.startswith("VmFlags:"):
            return line.split()[1:]
    raise AssertionError("no such memory")


@pytest.mark.skipif(
    not Path("/sys/kernel/mm/transparent_hugepage").exists(),
    reason="the kernel has no transparent huge pages",
)
@pytest.mark.parametrize(
    ("size_bytes", "asks"), [(HUGE_PAGE_BYTES - 1, False), (HUGE_PAGE_BYTES, True)]
)
def test_huge_pages_are_asked_for_where_one_fits(size_bytes: int, asks: bool) -> None:
    """And not for less, where each buffer would take more than it has."""
    memory = anonymous_memory(size_bytes)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    assert ("hg" in _flags_of(address)) == asks


def test_an_old_kernel_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that doesn't know how to wipe memory gives it all the same."""
    monkeypatch.setattr("s3dlio_core.anonymous_memory._MADV_WIPEONFORK", 255)
    assert len(anonymous_memory(10)) == 10
