"""Renames of the file store: at once, without clobbering, within both roots."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors
from s3dlio_core.file_store import FileStore
from s3dlio_core.operations import move
from s3dlio_core.store import Condition, CopySource

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT = Condition(if_absent=True)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[FileStore]:
    """A store with the file "a"."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a").write_text("content")
    with FileStore(str(tmp_path / "source")) as store:
        yield store


@pytest.fixture
def goal(tmp_path: Path) -> Iterator[FileStore]:
    """An empty store, in which links are things of their own."""
    (tmp_path / "goal").mkdir()
    with FileStore(str(tmp_path / "goal"), own_links=True) as store:
        yield store


def _at(store: FileStore, key: str) -> Path:
    return Path(store.root, key)


def test_a_rename_keeps_the_file(source: FileStore, goal: FileStore) -> None:
    """Inode, time and permissions are the old ones; the answer describes it as head does."""
    _at(source, "a").chmod(0o640)
    os.utime(_at(source, "a"), ns=(10**18, 10**18 + 7))
    before = _at(source, "a").stat()
    info = goal.rename_from(source.copy_source("a", source.head("a").etag), "deep/er/b")
    after = _at(goal, "deep/er/b").stat()
    assert (before.st_ino, before.st_mtime_ns, before.st_mode) == (
        after.st_ino,
        after.st_mtime_ns,
        after.st_mode,
    )
    assert (info.key, info.size_bytes, info.etag) == ("deep/er/b", 7, goal.head("deep/er/b").etag)
    assert not _at(source, "a").exists()


def test_a_rename_replaces_what_is_there(source: FileStore, goal: FileStore) -> None:
    """A file, or a link, which isn't followed."""
    outside = Path(source.root).parent / "outside"
    outside.write_text("outside")
    _at(goal, "a").symlink_to(outside)
    goal.rename_from(source.copy_source("a"), "a")
    assert (_at(goal, "a").read_text(), outside.read_text()) == ("content", "outside")


def _no_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.parametrize("links", [True, False])
def test_a_rename_can_be_kept_from_clobbering(
    source: FileStore, goal: FileStore, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    """Of two that give one name, one is refused and stays; also without hard links."""
    if not links:
        _no_hard_links(monkeypatch)
    source.put("b", b"other")
    goal.rename_from(source.copy_source("a"), "x", condition=ABSENT)
    with pytest.raises(errors.PreconditionFailedError):
        goal.rename_from(source.copy_source("b"), "x", condition=ABSENT)
    assert (_at(goal, "x").read_text(), _at(source, "b").read_text()) == ("content", "other")
    assert not _at(source, "a").exists()


def test_a_file_that_can_not_lose_its_old_name_gets_no_new_one(
    source: FileStore, goal: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of a directory that may not be written: two names of one file would stay."""
    unlink = os.unlink

    def refuse(name: str, *, dir_fd: int) -> None:
        if name == "a":
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(errors.PermissionDeniedError, match="its old name"):
        goal.rename_from(source.copy_source("a"), "x", condition=ABSENT)
    assert (_at(source, "a").stat().st_nlink, _at(goal, "x").exists()) == (1, False)


@pytest.mark.parametrize("links", [True, False])
def test_a_name_that_appears_meanwhile_is_not_clobbered(
    source: FileStore, goal: FileStore, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    """The system decides, not a look before."""
    if not links:
        _no_hard_links(monkeypatch)
    monkeypatch.setattr("s3dlio_core.file_store.writing.existing", lambda *_: None)
    goal.put("x", b"theirs")
    with pytest.raises(errors.PreconditionFailedError):
        goal.rename_from(source.copy_source("a"), "x", condition=ABSENT)
    assert (_at(goal, "x").read_text(), _at(source, "a").read_text()) == ("theirs", "content")


@pytest.mark.parametrize("links", [True, False])
def test_a_rename_that_fails_leaves_no_name_behind(
    source: FileStore, goal: FileStore, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    """An error of the system leaves the source, and nothing at the destination."""
    if not links:
        _no_hard_links(monkeypatch)

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(errors.LocalIOError):
        goal.rename_from(source.copy_source("a"), "x", condition=None if links else ABSENT)
    assert list(Path(goal.root).iterdir()) == []
    assert _at(source, "a").read_text() == "content"


# What is refused.


def test_a_source_that_changed_is_not_renamed(source: FileStore, goal: FileStore) -> None:
    """What was found is what is moved."""
    etag = source.head("a").etag
    _at(source, "a").write_text("something else")
    with pytest.raises(errors.SourceChangedError):
        goal.rename_from(source.copy_source("a", etag), "a")
    assert _at(source, "a").exists()


def test_a_missing_source_is_told(source: FileStore, goal: FileStore) -> None:
    """With the source's URI."""
    with pytest.raises(errors.ObjectNotFoundError) as caught:
        goal.rename_from(source.copy_source("gone"), "a")
    assert caught.value.uri == source.uri_of("gone")


@pytest.mark.parametrize("side", ["source", "goal"])
def test_no_link_leads_a_rename_out_of_a_root(
    source: FileStore, goal: FileStore, side: str
) -> None:
    """Neither below the source nor below the destination is one followed."""
    outside = Path(source.root).parent / "outside"
    outside.mkdir()
    (outside / "file").write_text("outside")
    _at(source if side == "source" else goal, "link").symlink_to(outside)
    key, to = ("link/file", "x") if side == "source" else ("a", "link/a")
    with pytest.raises(errors.InvalidKeyError):
        goal.rename_from(source.copy_source(key), to)
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert _at(source, "a").exists()


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a/../../outside", ""])
def test_no_key_leads_a_rename_out_of_a_root(source: FileStore, goal: FileStore, key: str) -> None:
    """Nor does a name, on either side."""
    (Path(source.root).parent / "outside").write_text("outside")
    with pytest.raises(errors.InvalidKeyError):
        goal.rename_from(CopySource("file", "", source.root, key), "x")
    with pytest.raises(errors.InvalidKeyError):
        goal.rename_from(source.copy_source("a"), key)
    assert _at(source, "a").exists()


def test_a_source_of_another_kind_is_not_renamed(goal: FileStore) -> None:
    """Nor one of another machine."""
    for source in (CopySource("s3", "", "b", "k"), CopySource("file", "elsewhere", "/", "k")):
        with pytest.raises(errors.NotSupportedError):
            goal.rename_from(source, "k")


def test_a_fifo_is_not_renamed(source: FileStore, goal: FileStore) -> None:
    """Only files and links are objects."""
    os.mkfifo(_at(source, "fifo"))
    with pytest.raises(errors.NotSupportedError):
        goal.rename_from(source.copy_source("fifo"), "x")


def test_a_directory_is_not_renamed(source: FileStore, goal: FileStore) -> None:
    """Nor is a directory replaced."""
    _at(source, "directory").mkdir()
    with pytest.raises(errors.ObjectNotFoundError):
        goal.rename_from(source.copy_source("directory"), "x")
    _at(goal, "x").mkdir()
    with pytest.raises(errors.InvalidKeyError):
        goal.rename_from(source.copy_source("a"), "x")


def test_links_that_are_read_through_are_not_renamed(source: FileStore, tmp_path: Path) -> None:
    """The caller copies what they point to."""
    _at(source, "link").symlink_to("a")
    with FileStore(str(tmp_path)) as goal, pytest.raises(errors.NotSupportedError):
        goal.rename_from(source.copy_source("link"), "x")


# Another file system.


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system say that names that differ in their directories lie in two file systems."""
    rename, link = os.rename, os.link

    def same(from_fd: int, to_fd: int) -> None:
        if not os.path.samestat(os.fstat(from_fd), os.fstat(to_fd)):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    def rename_here(source: str, goal: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        same(src_dir_fd, dst_dir_fd)
        rename(source, goal, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    def link_here(
        source: str, goal: str, *, src_dir_fd: int, dst_dir_fd: int, follow_symlinks: bool = True
    ) -> None:
        same(src_dir_fd, dst_dir_fd)
        ends = {"src_dir_fd": src_dir_fd, "dst_dir_fd": dst_dir_fd}
        link(source, goal, **ends, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "rename", rename_here)
    monkeypatch.setattr(os, "link", link_here)


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("overwrite", ["always", "never"])
def test_a_file_is_copied_to_another_file_system(
    source: FileStore, goal: FileStore, overwrite: str
) -> None:
    """With its time, and the source goes."""
    os.utime(_at(source, "a"), ns=(10**18, 10**18 + 7))
    assert move(_at(source, "a"), _at(goal, "b"), overwrite=overwrite).done_count == 1
    assert _at(goal, "b").read_text() == "content"
    assert _at(goal, "b").stat().st_mtime_ns == 10**18 + 7
    assert not _at(source, "a").exists()


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("overwrite", ["always", "never"])
def test_a_link_is_made_anew_in_another_file_system(
    source: FileStore, goal: FileStore, overwrite: str
) -> None:
    """As mv does; the old one goes, what it points to stays."""
    _at(source, "link").symlink_to("a")
    assert move(_at(source, "link"), _at(goal, "b"), overwrite=overwrite).done_count == 1
    assert str(_at(goal, "b").readlink()) == "a"
    assert [path.name for path in Path(source.root).iterdir()] == ["a"]


@pytest.mark.usefixtures("elsewhere")
def test_a_link_in_another_file_system_clobbers_nothing(source: FileStore, goal: FileStore) -> None:
    """With the condition; the link stays."""
    _at(source, "link").symlink_to("a")
    goal.put("x", b"theirs")
    with pytest.raises(errors.PreconditionFailedError):
        goal.rename_from(source.copy_source("link"), "x", condition=ABSENT)
    assert _at(source, "link").is_symlink()
    goal.rename_from(source.copy_source("link"), "x")
    assert str(_at(goal, "x").readlink()) == "a"
    assert [path.name for path in Path(goal.root).iterdir()] == ["x"]


def test_what_is_renamed_is_made_durable(
    source: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the option fsync: the file, and in the end its directories."""
    synced: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{fd}").readlink()))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    (tmp_path / "goal").mkdir()
    _at(source, "link").symlink_to("a")
    with FileStore(str(tmp_path / "goal"), fsync=True, own_links=True) as goal:
        goal.rename_from(source.copy_source("a"), "x")
        goal.rename_from(source.copy_source("link"), "deep/y")
    assert {"goal/x", "goal/deep"} <= {name.removeprefix(f"{tmp_path}/") for name in synced}
    assert str(tmp_path / "goal") in synced
