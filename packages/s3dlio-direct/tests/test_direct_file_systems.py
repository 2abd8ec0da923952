"""Other file systems than the one of the tests: each gives the same bytes back, or says why not."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.disks.memory import placed
from tests.disks.page_cache import cached_pages, drop_cached

from s3dlio_core import errors
from s3dlio_core.operations import copy, download, upload
from s3dlio_direct import DirectProvider, DirectStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.disks.mounts import Mounts
    from tests.disks.native_calls import NativeCalls

PART: Final = 64 * 1024
SIZES: Final = [0, 1, 511, 513, 4095, 4096, 4097, PART - 1, PART, PART + 1, 3 * PART + 777]

DISKS: Final[dict[str, Callable[[Mounts], Path]]] = {
    "ext4": lambda mounts: mounts.disk("ext4"),
    "ext4-blocks-of-1024": lambda mounts: mounts.disk("ext4", "-b", "1024"),
    "ext4-sectors-of-4096": lambda mounts: mounts.disk("ext4", sector_bytes=4096),
    "ext4-without-journal": lambda mounts: mounts.disk("ext4", "-O", "^has_journal"),
    "ext2": lambda mounts: mounts.disk("ext2"),
    "xfs": lambda mounts: mounts.disk("xfs"),
    "btrfs": lambda mounts: mounts.disk("btrfs"),
    "overlay": lambda mounts: mounts.overlay(mounts.disk("ext4")),
}


@pytest.mark.parametrize("disk", DISKS)
def test_bytes_come_back(
    mounts: Mounts, tmp_path: Path, native_calls: NativeCalls, disk: str
) -> None:
    """Sizes around sectors, blocks and parts: there and back, direct, and nothing cached."""
    mounted = DISKS[disk](mounts)
    source, copied = tmp_path / "source", tmp_path / "copied"
    source.mkdir()
    for size_bytes in SIZES:
        content = random.Random(size_bytes).randbytes(size_bytes)
        (source / str(size_bytes)).write_bytes(content)
    upload(source, f"direct://{mounted}/tree", recursive=True, part_size_bytes=PART)
    files = {int(path.name): path for path in mounted.rglob("*") if path.name.isdigit()}
    assert SIZES == sorted(files)
    assert [] == [path for path in files.values() if cached_pages(path)]
    download(f"direct://{mounted}/tree/", copied, part_size_bytes=PART)
    assert [] == [path for path in files.values() if cached_pages(path)]
    assert [] == native_calls.buffered()
    for size_bytes, path in files.items():
        content = (source / str(size_bytes)).read_bytes()
        assert content == path.read_bytes(), size_bytes
        (found,) = [path for path in copied.rglob("*") if path.name == str(size_bytes)]
        assert content == found.read_bytes(), size_bytes


@pytest.mark.parametrize("disk", DISKS)
def test_alignment_is_found_where_no_kernel_tells_it(
    mounts: Mounts, native_calls: NativeCalls, disk: str
) -> None:
    """As before Linux 6.1: by trying, on a file that is new and on one that is there."""
    mounted = DISKS[disk](mounts)
    native_calls.after_open(_forget)
    content = random.Random(disk).randbytes(3 * PART + 777)
    for name in ("one", "two"):
        with DirectStore(str(mounted)) as store:
            store.put(name, placed(content, 1))
        assert 0 == cached_pages(mounted / name)
        with DirectStore(str(mounted)) as store, store.open_reader(name, 5) as reader:
            assert content[5:] == reader.readall()
        assert (0, content) == (cached_pages(mounted / name), (mounted / name).read_bytes())
    with DirectStore(str(mounted)) as store:
        store.put("empty", b"")
        with store.open_reader("empty") as reader:
            assert b"" == reader.readall()
    assert [] == native_calls.buffered()


def _forget(geometry: Any) -> None:
    geometry.memory_bytes = geometry.offset_bytes = geometry.block_bytes = 0


@pytest.mark.parametrize("disk", DISKS)
def test_parts_of_odd_sizes_come_back(mounts: Mounts, disk: str) -> None:
    """Blocks that two parts share are whole, whatever the sector."""
    mounted = DISKS[disk](mounts)
    content = random.Random(disk).randbytes(50_000)
    with DirectStore(str(mounted)) as store:
        upload = store.create_multipart("copied")
        starts = list(range(0, len(content), 3_333))
        for start in reversed(starts):
            part = placed(content[start : start + 3_333], start % 512)
            upload.put_part(start + 1, start, part)
        upload.complete(list(upload.parts()))
    drop_cached(mounted / "copied")
    assert content == (mounted / "copied").read_bytes()


def test_refusals_name_the_file_system(mounts: Mounts, tmp_path: Path) -> None:
    """Writing: an error that says who refuses and what to do; it stops the run, nothing is left."""
    mounted = mounts.ramfs()
    (tmp_path / "source").write_bytes(b"content")
    with pytest.raises(errors.NotSupportedError) as caught:
        upload(tmp_path / "source", f"direct://{mounted}/copied")
    assert f"ramfs at {mounted}" in str(caught.value)
    assert "O_DIRECT" in str(caught.value)
    assert "S3DLIO_DIRECT_FALLBACK=buffered" in caught.value.hint
    assert errors.Scope.CONTAINER is caught.value.scope
    assert [] == list(mounted.iterdir())


def test_refusals_of_reads_name_the_file_system(mounts: Mounts, tmp_path: Path) -> None:
    """Reading: likewise."""
    mounted = mounts.ramfs()
    (mounted / "source").write_bytes(b"content")
    with pytest.raises(errors.NotSupportedError, match=f"ramfs at {mounted}"):
        download(f"direct://{mounted}/source", tmp_path / "copied")
    assert not (tmp_path / "copied").exists()


def test_refusals_of_parts_leave_nothing(mounts: Mounts, tmp_path: Path) -> None:
    """A large file is refused before its first part, and there is no journal."""
    mounted = mounts.ramfs()
    (tmp_path / "source").write_bytes(bytes(3 * PART))
    with pytest.raises(errors.NotSupportedError, match="ramfs"):
        upload(tmp_path / "source", f"direct://{mounted}/copied", part_size_bytes=PART)
    assert [] == list(mounted.iterdir())


@pytest.mark.parametrize("chosen_by", ["option", "environment"])
def test_the_fallback_is_chosen_and_told(
    mounts: Mounts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    chosen_by: str,
) -> None:
    """Buffered, where the user asked for it: one warning, and the report says so."""
    mounted = mounts.ramfs()
    source = tmp_path / "source"
    source.mkdir()
    for name in ("one", "two", "three"):
        (source / name).write_bytes(name.encode() * PART)
    options = {"direct_fallback": "buffered"} if chosen_by == "option" else None
    if options is None:
        monkeypatch.setenv("S3DLIO_DIRECT_FALLBACK", "buffered")
    with caplog.at_level(logging.WARNING):
        report = upload(source, f"direct://{mounted}/", dest_options=options, part_size_bytes=PART)
    assert 3 == report.done_count
    warnings = [record for record in caplog.records if "page cache" in record.getMessage()]
    assert 1 == len(warnings)
    assert 1 == sum("page cache" in note for note in report.notes)
    found = {path.name: path.read_bytes() for path in mounted.rglob("*") if path.is_file()}
    assert {name: name.encode() * PART for name in ("one", "two", "three")} == found


def test_the_fallback_is_told_once(mounts: Mounts, caplog: pytest.LogCaptureFixture) -> None:
    """One warning a file system, however many stores and ways; each store remarks its own."""
    disks = [mounts.ramfs(), mounts.ramfs()]
    with DirectProvider(fallback="buffered") as machine:
        for disk in [*disks, *disks]:
            with machine.open(str(disk)) as store:
                store.put("file", b"content")
                with store.open_reader("file") as reader:
                    assert b"content" == reader.read()
                assert [
                    f"ramfs at {disk} refuses O_DIRECT: files were {done} through the page cache"
                    for done in ("written", "read")
                ] == list(store.remarks())
    assert [
        f"ramfs at {disk} refuses O_DIRECT: what it refuses goes through the page cache"
        for disk in disks
    ] == [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_copy_within_one_file_system_warns_once(
    mounts: Mounts, caplog: pytest.LogCaptureFixture, *, streamed: bool
) -> None:
    """Though it has a store for where it reads, and one for where it writes."""
    disk = mounts.ramfs()
    (disk / "source").mkdir()
    (disk / "source" / "file").write_bytes(bytes(PART if streamed else 1))
    report = copy(
        f"direct://{disk}/source/",
        f"direct://{disk}/copied/",
        recursive=True,
        options={"direct_fallback": "buffered"},
        part_size_bytes=PART // 4,
    )
    assert 1 == sum("page cache" in record.getMessage() for record in caplog.records)
    assert 2 == sum("page cache" in note for note in report.notes)


def test_the_fallback_is_counted(mounts: Mounts) -> None:
    """Its bytes are neither direct nor bounced ones."""
    with DirectStore(str(mounts.ramfs()), fallback="buffered") as store:
        store.put("file", b"content")
        with store.open_reader("file") as reader:
            assert b"content" == reader.read()
        counters = store.counters()
    assert (7, 7) == (counters.written_buffered_bytes, counters.read_buffered_bytes)
    assert 0 == counters.written_direct_bytes + counters.written_bounced_bytes


def test_the_fallback_is_for_refusals_only(direct_directory: Path, mounts: Mounts) -> None:
    """Where O_DIRECT can be had it is used, in the same run."""
    ramfs = mounts.ramfs()
    with DirectStore(str(direct_directory), fallback="buffered") as store:
        store.put("file", placed(bytes(PART), 0))
        assert ((), PART) == (store.remarks(), store.counters().written_direct_bytes)
    assert 0 == cached_pages(direct_directory / "file")
    options = {"direct_fallback": "buffered"}
    report = copy(f"direct://{direct_directory}/file", f"direct://{ramfs}/file", options=options)
    assert 1 == sum("page cache" in note for note in report.notes)
    assert 0 == cached_pages(direct_directory / "file")


def test_memory_that_takes_direct_io_works(mounts: Mounts) -> None:
    """A tmpfs takes O_DIRECT at any alignment and tells of none; its bytes are right, too."""
    mounted = mounts.tmpfs(1 << 20)
    content = random.Random(1).randbytes(100_001)
    with DirectStore(str(mounted)) as store:
        store.put("file", placed(content, 1))
        with store.open_reader("file", 5, 70_000) as reader:
            assert content[5:70_000] == reader.readall()
    assert content == (mounted / "file").read_bytes()
