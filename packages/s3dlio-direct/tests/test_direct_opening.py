"""Which files are opened with O_DIRECT, how their alignment is found, what else is handed out."""

from __future__ import annotations

import errno
import os
import pickle
import stat
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import errors
from s3dlio_core.operations import download
from s3dlio_direct import DirectProvider, DirectStore, native

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.disks.mounts import Mounts
    from tests.disks.native_calls import NativeCalls

    from s3dlio_direct._native import Geometry


@pytest.fixture
def silent_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that tells no alignment, as those before Linux 6.1."""
    told = native.open_direct

    def open_direct(*arguments: Any) -> tuple[int, Geometry]:
        fd, geometry = told(*arguments)
        geometry.memory_bytes = geometry.offset_bytes = geometry.block_bytes = 0
        return fd, geometry

    monkeypatch.setattr(native, "open_direct", open_direct)


def probes(calls: NativeCalls) -> int:
    """How often an alignment was tried out."""
    return [call.name for call in calls.calls].count("s3dlio_probe")


@pytest.mark.usefixtures("silent_kernel")
def test_alignment_is_found_once(direct_directory: Path, native_calls: NativeCalls) -> None:
    """All files of a device have one."""
    with DirectStore(str(direct_directory)) as store:
        for number in range(3):
            store.put(f"{number}", bytes(range(256)) * 20)
        with store.open_reader("2", 5, 5000) as reader:
            assert reader.read(5000) == (bytes(range(256)) * 20)[5:5000]
    assert probes(native_calls) == 1
    assert native_calls.buffered() == []


@pytest.mark.usefixtures("silent_kernel")
def test_alignment_is_found_once_for_all_stores(
    direct_directory: Path, native_calls: NativeCalls
) -> None:
    """Those of one provider; a pickled one finds out by itself."""
    with DirectProvider() as machine:
        for name in ("one", "two"):
            with machine.open(str(direct_directory)) as store:
                store.put(name, b"abc")
        assert probes(native_calls) == 1
        with pickle.loads(pickle.dumps(machine)).open(str(direct_directory)) as store:
            store.put("three", b"abc")
    assert probes(native_calls) == 2


@pytest.mark.usefixtures("silent_kernel")
def test_alignment_is_found_by_reading(direct_directory: Path, native_calls: NativeCalls) -> None:
    """A file that is only read is only read; an empty one tells nothing about the next."""
    for name, data in (("empty", b""), ("short", b"abc"), ("long", bytes(100_000))):
        direct_directory.joinpath(name).write_bytes(data)
    with DirectStore(str(direct_directory)) as store:
        for name, count in (("empty", 1), ("short", 2), ("long", 2)):
            with store.open_reader(name) as reader:
                assert len(reader.readall()) == reader.info.size_bytes
            assert probes(native_calls) == count
    assert direct_directory.joinpath("short").read_bytes() == b"abc"


@pytest.mark.usefixtures("silent_kernel")
def test_a_file_that_accepts_no_alignment_is_removed(
    direct_directory: Path, native_calls: NativeCalls
) -> None:
    """The file system refuses O_DIRECT, only later than others."""
    native_calls.fail_call(1, errno.EOPNOTSUPP)
    with DirectStore(str(direct_directory)) as store:
        with pytest.raises(errors.NotSupportedError, match="refuses O_DIRECT") as caught:
            store.put("new", b"abc")
        assert caught.value.scope is errors.Scope.CONTAINER
    assert list(direct_directory.iterdir()) == []


@pytest.mark.usefixtures("silent_kernel")
def test_a_file_that_accepts_no_alignment_is_buffered_if_allowed(
    direct_directory: Path, native_calls: NativeCalls
) -> None:
    """As one that can't be opened with O_DIRECT."""
    native_calls.fail_call(1, errno.EOPNOTSUPP)
    with DirectStore(str(direct_directory), fallback="buffered") as store:
        store.put("new", b"abc")
        assert store.counters().written_buffered_bytes == 3
        assert len(store.remarks()) == 1
    assert [path.name for path in direct_directory.iterdir()] == ["new"]


@pytest.mark.usefixtures("silent_kernel")
def test_an_error_of_finding_the_alignment_leaves_nothing(
    direct_directory: Path, native_calls: NativeCalls
) -> None:
    """A full disk isn't a refusal."""
    native_calls.fail_call(1, errno.ENOSPC)
    with (
        DirectStore(str(direct_directory), fallback="buffered") as store,
        pytest.raises(errors.StorageFullError),
    ):
        store.put("new", b"abc")
    assert list(direct_directory.iterdir()) == []


def test_nothing_is_read_from_a_fifo(direct_directory: Path) -> None:
    """It is no file, whether the kernel opens it with O_DIRECT or not."""
    path = direct_directory / "fifo"
    os.mkfifo(path)
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(fd, b"abc")
        with (
            DirectStore(str(direct_directory)) as store,
            pytest.raises(errors.ObjectNotFoundError, match="no regular file"),
        ):
            store.open_reader("fifo")
        assert os.read(fd, 10) == b"abc"
    finally:
        os.close(fd)


def test_a_directory_is_called_one(direct_directory: Path) -> None:
    """The kernel refuses to open it with O_DIRECT, too, which isn't the news."""
    direct_directory.joinpath("sub").mkdir()
    with (
        DirectStore(str(direct_directory)) as store,
        pytest.raises(errors.ObjectNotFoundError, match="it is a directory"),
    ):
        store.open_reader("sub")


def test_devices_without_a_cache_are_written_to(direct_directory: Path) -> None:
    """/dev/null takes bytes as it does from file://."""
    with DirectStore("/dev") as store:
        assert store.put("null", b"abc").size_bytes == 3
        upload = store.create_multipart("null")
        upload.complete([upload.put_part(1, 0, b"abc")])


def test_block_devices_are_refused(direct_directory: Path) -> None:
    """They would be written to through the page cache."""
    status = os.stat_result((stat.S_IFBLK | 0o600, *[0] * 9))
    with (
        DirectStore(str(direct_directory)) as store,
        pytest.raises(errors.NotSupportedError, match="block device"),
    ):
        store.check_device(status)


def _with_a_file_in_its_inode(mounts: Mounts) -> Path:
    """Make a directory with two files; ext4 never does direct I/O with the short one."""
    directory = mounts.disk("ext4", "-O", "inline_data") / "source"
    directory.mkdir()
    for name, data in (("long", bytes(range(250)) * 40), ("short", b"abc")):
        directory.joinpath(name).write_bytes(data)
    return directory


def test_a_file_that_is_refused_stops_no_other(mounts: Mounts, tmp_path: Path) -> None:
    """The file system does O_DIRECT, and only not with this one."""
    source = _with_a_file_in_its_inode(mounts)
    with pytest.raises(errors.TransferFailedError) as caught:
        download(f"direct://{source}/", tmp_path / "copies", recursive=True)
    (failure,) = caught.value.report.failures
    assert failure.error.scope is errors.Scope.OBJECT
    assert "refuses O_DIRECT for some of its files" in str(failure.error)
    assert [path.name for path in tmp_path.joinpath("copies").iterdir()] == ["long"]


def test_a_file_that_is_refused_is_buffered_if_allowed(mounts: Mounts) -> None:
    """The other one isn't."""
    with DirectStore(str(_with_a_file_in_its_inode(mounts)), fallback="buffered") as store:
        for name in ("long", "short"):
            with store.open_reader(name) as reader:
                assert len(reader.readall()) == reader.info.size_bytes
        assert store.counters().read_buffered_bytes == 3
        (remark,) = store.remarks()
    assert remark.endswith(
        "refuses O_DIRECT for some of its files: files were read through the page cache"
    )


@pytest.mark.parametrize("make", [DirectStore, lambda root, **options: DirectProvider(**options)])
def test_an_unknown_fallback_is_refused(direct_directory: Path, make: Callable[..., Any]) -> None:
    """It isn't taken for "refuse"."""
    with pytest.raises(errors.UsageError, match='fallback is "refuse" or "buffered", not "bufe"'):
        make(str(direct_directory), fallback="bufe")


def test_a_null_byte_ends_no_path(direct_directory: Path) -> None:
    """C would read another file."""
    direct_directory.joinpath("secret").write_bytes(b"abc")
    with (
        DirectStore(f"{direct_directory}/secret\0/public") as store,
        pytest.raises(ValueError, match="null byte"),
    ):
        store.open_reader("harmless")


def test_a_file_system_that_may_buffer_direct_writes_is_told(
    mounts: Mounts, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, when it is written to; what is read is direct."""
    disk = mounts.disk("btrfs")
    with DirectProvider() as provider:
        for _ in range(2):
            store = provider.open(str(disk))
            for number in range(2):
                store.put(f"{number}", b"abc")
            (remark,) = store.remarks()
            assert remark.startswith(f"btrfs at {disk} may take direct writes through the page")
        assert [record.getMessage() for record in caplog.records] == [remark]
        reading = provider.open(str(disk))
        reading.open_reader("0").close()
        assert reading.remarks() == ()
