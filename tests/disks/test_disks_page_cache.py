"""The witnesses of O_DIRECT see what they are for."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING

import pytest

from tests.disks.candidates import find_direct, why_not_direct
from tests.disks.page_cache import (
    cached_pages,
    drop_cached,
    sees_partial_pages,
    write_uncached,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.disks.mounts import Mounts


def test_written_pages_are_seen_until_they_are_dropped(direct_directory: Path) -> None:
    """A buffered write leaves its pages; dropping takes them out."""
    path = direct_directory / "file"
    path.write_bytes(bytes(3 * mmap.PAGESIZE + 1))
    assert 4 == cached_pages(path)
    drop_cached(path)
    assert 0 == cached_pages(path)


def test_read_pages_are_seen(direct_directory: Path) -> None:
    """A buffered read of one page shows, and asking alone brings nothing in."""
    path = direct_directory / "file"
    write_uncached(path, bytes(64 * mmap.PAGESIZE))
    assert [0, 0] == [cached_pages(path), cached_pages(path)]
    with path.open("rb", buffering=0) as file:
        file.read(1)
    assert 1 <= cached_pages(path)


def test_direct_reads_leave_no_page(direct_directory: Path) -> None:
    """The directory that the tests are given really does O_DIRECT."""
    path = direct_directory / "file"
    write_uncached(path, b"x" * mmap.PAGESIZE)
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
    try:
        with mmap.mmap(-1, mmap.PAGESIZE) as memory:
            assert mmap.PAGESIZE == os.preadv(fd, [memory], 0)
            assert b"xx" == memory[:2]
    finally:
        os.close(fd)
    assert 0 == cached_pages(path)


@pytest.mark.skipif(not sees_partial_pages(), reason="cachestat(2) came with Linux 6.5")
def test_the_page_that_a_cut_leaves_is_seen(direct_directory: Path) -> None:
    """The file system reads the last block, to put zeros at its end."""
    path = direct_directory / "file"
    write_uncached(path, b"x" * 3 * mmap.PAGESIZE)
    os.truncate(path, 2 * mmap.PAGESIZE + 1)
    assert 1 == cached_pages(path)


def test_an_empty_file_has_no_page(tmp_path: Path) -> None:
    """Nothing can be mapped of it."""
    (tmp_path / "file").touch()
    assert 0 == cached_pages(tmp_path / "file")


def test_memory_can_not_be_dropped(mounts: Mounts) -> None:
    """Who asks for an uncached file where there is none is told."""
    with pytest.raises(OSError, match="stay in the page cache"):
        write_uncached(mounts.tmpfs(1 << 20) / "file", b"content")


def test_memory_proves_nothing_about_direct(mounts: Mounts) -> None:
    """A tmpfs takes any alignment, a ramfs no O_DIRECT: no directories for these tests."""
    assert "any alignment" in why_not_direct(mounts.tmpfs(1 << 20))
    assert "refuses O_DIRECT" in why_not_direct(mounts.ramfs())


def test_the_environment_names_the_directory(mounts: Mounts) -> None:
    """What it names is taken or refused, and nothing else is tried."""
    ramfs = mounts.ramfs()
    found, reason = find_direct(ramfs.parent, {"S3DLIO_DIRECT_DIR": str(ramfs)})
    assert (None, True) == (found, reason.startswith(f"{ramfs} refuses O_DIRECT"))


def test_mounts_are_gone_afterwards(mounts: Mounts, tmp_path: Path) -> None:
    """Also one with an open file in it."""
    mounted = mounts.disk()
    mounts.read_only(mounted)
    mounts.overlay(mounted)
    with (mounted / "file").open("wb"):
        mounts.close()
    assert [] == list(tmp_path.iterdir())


def test_read_only_mounts_refuse_writes(mounts: Mounts, tmp_path: Path) -> None:
    """Even root's."""
    with pytest.raises(OSError, match="Read-only"):
        (mounts.read_only(tmp_path) / "file").touch()


def test_disks_of_other_sectors(mounts: Mounts) -> None:
    """Small sectors let small writes through, large ones don't."""
    small, large = mounts.disk("ext2"), mounts.disk(sector_bytes=4096)
    assert ["", ""] == [why_not_direct(small), why_not_direct(large)]
    with mmap.mmap(-1, 512) as memory:
        for mounted, takes in ((small, True), (large, False)):
            fd = os.open(mounted / "file", os.O_RDWR | os.O_CREAT | os.O_DIRECT)
            try:
                assert takes == _can_write(fd, memory)
            finally:
                os.close(fd)


def _can_write(fd: int, memory: mmap.mmap) -> bool:
    try:
        return os.pwrite(fd, memory, 0) == len(memory)
    except OSError:
        return False
