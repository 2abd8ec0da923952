"""Directories that go away while they are listed, and names that a listing leaves out.

A disk that is unmounted, a share that drops, a directory that somebody renames: what is missing
then isn't missing from the source, so a sync must not delete it from the destination.
"""

from __future__ import annotations

import os
import shutil
import socket
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors
from s3dlio_core.file_store import FileStore
from s3dlio_core.file_store.walk import Walk
from s3dlio_core.listing import iterate
from s3dlio_core.operations import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3dlio_core.store import ListError, ObjectInfo
    from s3dlio_core.transfer.report import TransferReport

FILES = ("a/f0", "a/f1", "b/f0", "b/f1", "c/f0")


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """A source and a destination that are alike."""
    for name in ("source", "destination"):
        for file in FILES:
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file)
            os.utime(path, (1e9, 1e9))
    return tmp_path / "source", tmp_path / "destination"


@pytest.fixture
def when(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, str, Callable[[], object]], None]:
    """Make something happen when a walk of a directory comes to a key, once."""

    def arrange(root: Path, key: str, happen: Callable[[], object]) -> None:
        done: list[str] = []

        def once(walk: Walk, here: str) -> None:
            if walk._root == str(root) and here == key and not done:
                done.append(here)
                happen()

        descend, describe = Walk._descend, Walk._object

        def descended(walk: Walk, here: str, levels: list[object]) -> Iterator[ListError]:
            once(walk, here)
            return descend(walk, here, levels)  # type: ignore[arg-type]

        def described(walk: Walk, here: str, path: str) -> ObjectInfo | ListError | None:
            once(walk, here)
            return describe(walk, here, path)

        monkeypatch.setattr(Walk, "_descend", descended)
        monkeypatch.setattr(Walk, "_object", described)

    return arrange


def _mirror(source: Path, destination: Path) -> TransferReport:
    return sync(source, destination, delete=True, raise_on_failure=False)


def _assert_all_there(report: TransferReport, destination: Path) -> None:
    assert report.deleted_count == 0
    assert not report.ok
    assert all((destination / file).exists() for file in FILES)


@pytest.mark.parametrize("at", ["a/", "a/f0", "b/", "b/f1", "c/f0"])
@pytest.mark.parametrize("leaves_an_empty_one", [False, True])
def test_a_source_that_goes_away_deletes_nothing(
    trees: tuple[Path, Path],
    when: Callable[[Path, str, Callable[[], object]], None],
    at: str,
    *,
    leaves_an_empty_one: bool,
) -> None:
    """A mount leaves the empty directory that it hid."""
    source, destination = trees

    def unmount() -> None:
        source.rename(source.with_name("unmounted"))
        if leaves_an_empty_one:
            source.mkdir()

    when(source, at, unmount)
    report = _mirror(source, destination)
    _assert_all_there(report, destination)
    assert isinstance(report.stopped_by, errors.LocalIOError)
    assert "unmounted" in str(report.stopped_by)


@pytest.mark.parametrize("at", ["b/", "b/f0", "b/f1"])
@pytest.mark.parametrize("leaves_an_empty_one", [False, True])
def test_a_directory_of_the_source_that_goes_away_deletes_nothing(
    trees: tuple[Path, Path],
    when: Callable[[Path, str, Callable[[], object]], None],
    at: str,
    *,
    leaves_an_empty_one: bool,
) -> None:
    """Another disk may be mounted anywhere in a tree."""
    source, destination = trees

    def unmount() -> None:
        (source / "b").rename(source.with_name("unmounted"))
        if leaves_an_empty_one and at != "b/":  # nothing tells that it was another before
            (source / "b").mkdir()

    when(source, at, unmount)
    report = _mirror(source, destination)
    _assert_all_there(report, destination)
    assert [failure.source for failure in report.failures] == [f"file://{source}/b/"]


def test_a_file_that_goes_away_was_never_there(
    trees: tuple[Path, Path], when: Callable[[Path, str, Callable[[], object]], None]
) -> None:
    """Somebody removed it, and that is what the destination is to be like."""
    source, destination = trees
    when(source, "b/f0", (source / "b" / "f0").unlink)
    report = _mirror(source, destination)
    assert (report.ok, report.deleted_count) == (True, 1)
    assert not (destination / "b" / "f0").exists()


def test_a_listing_of_a_directory_that_is_not_there_is_empty(tmp_path: Path) -> None:
    """A prefix is no directory that was seen before."""
    with FileStore(str(tmp_path)) as store:
        assert list(iterate(store, "no/such/")) == []


def test_a_listing_says_that_its_directory_went_away(
    trees: tuple[Path, Path], when: Callable[[Path, str, Callable[[], object]], None]
) -> None:
    """Not for comparisons alone."""
    source, _ = trees
    when(source, "b/", lambda: shutil.rmtree(source))
    with FileStore(str(source)) as store, pytest.raises(errors.LocalIOError, match="unmounted"):
        list(iterate(store))


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))


def _loop(path: Path) -> None:
    path.symlink_to("..")


@pytest.mark.parametrize(
    ("make", "there"),
    [(_fifo, "b/odd"), (_fifo, "b/odd/x"), (_socket, "b/odd"), (_loop, "b/odd/x")],
)
def test_what_has_the_name_of_something_that_is_no_file_stays(
    trees: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], None],
    there: str,
) -> None:
    """The source has that name, though nothing of it can be copied: it is skipped."""
    source, destination = trees
    monkeypatch.chdir(source)
    make(source / "b" / "odd")
    (destination / there).parent.mkdir(exist_ok=True)
    (destination / there).write_text("other")
    (destination / "b" / "odder").write_text("extra")
    report = _mirror(source, destination)
    assert (report.ok, report.deleted_count, report.skipped_count) == (True, 1, len(FILES) + 1)
    assert (destination / there).exists()
