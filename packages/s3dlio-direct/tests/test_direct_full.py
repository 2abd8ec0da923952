"""A full disk, a limit, a directory that can't be written to: an error, and nothing left."""

from __future__ import annotations

import os
import resource
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest
from tests.disks.rights import bound_by_permissions

from s3dlio_core import errors
from s3dlio_core.operations import download, upload
from s3dlio_direct import DirectStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.disks.mounts import Mounts

MIB: Final = 1 << 20
DISK_MIB: Final = 16

#: How a file is written: at one go, in parts of a known size, in parts of an unknown one.
WAYS: Final = ["whole", "parts", "stream"]

SMALL: Final[dict[str, Callable[[Mounts], Path]]] = {
    "tmpfs": lambda mounts: mounts.tmpfs(MIB),
    "ext4": lambda mounts: mounts.disk("ext4"),
    # Can't reserve: it is full in the middle of a part.
    "ext2": lambda mounts: mounts.disk("ext2"),
}


def write(directory: Path, way: str, size_bytes: int) -> None:
    """Write a file of zeros."""
    with DirectStore(str(directory)) as store:
        if way == "whole":
            store.put("file", bytes(size_bytes))
            return
        announced = size_bytes if way == "parts" else None
        upload = store.create_multipart("file", size_bytes=announced)
        try:
            for number in range(size_bytes // MIB):
                upload.put_part(number + 1, number * MIB, bytes(MIB))
            upload.complete(list(upload.parts()))
        except errors.S3dlioError:
            upload.abort()
            raise


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("disk", SMALL)
def test_a_full_disk_is_told(mounts: Mounts, disk: str, way: str) -> None:
    """The error names it, the old file is as it was, and the space is free again."""
    mounted = SMALL[disk](mounts)
    (mounted / "file").write_bytes(b"old")
    before = os.statvfs(mounted).f_bfree
    with pytest.raises(errors.StorageFullError) as caught:
        write(mounted, way, (DISK_MIB + 2) * MIB)
    assert ("ENOSPC", f"direct://{mounted}/file") == (caught.value.code, caught.value.uri)
    del caught  # its traceback has the open file
    assert b"old" == (mounted / "file").read_bytes()
    assert ["file"] == [path.name for path in mounted.iterdir() if path.name != "lost+found"]
    assert before - 1 <= os.statvfs(mounted).f_bfree


@pytest.mark.parametrize("disk", ["tmpfs", "ext4"])
def test_a_full_disk_is_known_before_it_is_full(mounts: Mounts, disk: str) -> None:
    """Where space can be reserved nothing is written that has no place in the end."""
    mounted = SMALL[disk](mounts)
    with DirectStore(str(mounted)) as store:
        with pytest.raises(errors.StorageFullError) as caught:
            store.create_multipart("file", size_bytes=(DISK_MIB + 2) * MIB)
        assert f"direct://{mounted}/file" == caught.value.uri
        assert [] == [path for path in mounted.iterdir() if path.name != "lost+found"]


@pytest.mark.parametrize("disk", SMALL)
def test_a_full_disk_stops_the_run(mounts: Mounts, tmp_path: Path, disk: str) -> None:
    """Also when several workers write parts of several files; nothing of them is left."""
    mounted = SMALL[disk](mounts)
    source = tmp_path / "source"
    source.mkdir()
    for name in ("one", "two", "three"):
        (source / name).write_bytes(bytes(7 * MIB + 1))
    with pytest.raises(errors.StorageFullError) as caught:
        upload(source, f"direct://{mounted}/", part_size_bytes=MIB)
    assert "ENOSPC" == caught.value.code
    left = [path for path in mounted.rglob("*") if path.is_file()]
    assert [] == [path for path in left if path.stat().st_size != 7 * MIB + 1]
    assert [] == [path for path in left if path.name not in {"one", "two", "three"}]


@contextmanager
def file_size_limit(size_bytes: int) -> Iterator[None]:
    """Let no file of this process become larger (RLIMIT_FSIZE); without the signal."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("way", WAYS)
def test_a_file_size_limit_is_told(direct_directory: Path, way: str) -> None:
    """The kernel's limit, also one that no block ends at: an error of this file, nothing left."""
    with file_size_limit(2 * MIB + 100), pytest.raises(errors.ObjectTooLargeError) as caught:
        write(direct_directory, way, 3 * MIB)
    assert "EFBIG" == caught.value.code
    assert [] == list(direct_directory.iterdir())


@pytest.mark.parametrize("size_bytes", [2 * MIB, 2 * MIB + 100])
def test_a_file_as_large_as_the_limit_is_written(direct_directory: Path, size_bytes: int) -> None:
    """Padding counts for the kernel, but isn't the user's: what fits fits."""
    (direct_directory / "source").write_bytes(bytes(size_bytes))
    with file_size_limit(2 * MIB + 4096):
        upload(
            direct_directory / "source",
            f"direct://{direct_directory}/copied",
            part_size_bytes=MIB,
        )
    assert bytes(size_bytes) == (direct_directory / "copied").read_bytes()


def test_read_only_file_systems_are_told(
    mounts: Mounts, direct_directory: Path, tmp_path: Path
) -> None:
    """Nothing can be written there, and everything can be read."""
    mounted = mounts.read_only(direct_directory)
    (tmp_path / "source").write_bytes(b"content")
    with pytest.raises(errors.PermissionDeniedError) as caught:
        upload(tmp_path / "source", f"direct://{mounted}/copied")
    assert "EROFS" == caught.value.code
    (direct_directory / "there").write_bytes(b"content")
    download(f"direct://{mounted}/there", tmp_path / "copied")
    assert b"content" == (tmp_path / "copied").read_bytes()


@pytest.mark.parametrize("way", WAYS)
def test_a_directory_without_permission_is_told(direct_directory: Path, way: str) -> None:
    """A directory that the user may not write to."""
    inner = direct_directory / "inner"
    inner.mkdir()
    inner.chmod(0o555)
    with bound_by_permissions(), pytest.raises(errors.PermissionDeniedError) as caught:
        write(inner, way, MIB)
    assert "EACCES" == caught.value.code
    assert [] == list(inner.iterdir())


def test_a_file_without_permission_is_told(direct_directory: Path) -> None:
    """A file that the user may not read."""
    secret = direct_directory / "secret"
    secret.write_bytes(b"content")
    secret.chmod(0)
    store = DirectStore(str(direct_directory))
    with store, bound_by_permissions(), pytest.raises(errors.PermissionDeniedError) as caught:
        store.open_reader("secret")
    assert ("EACCES", store.uri_of("secret")) == (caught.value.code, caught.value.uri)
