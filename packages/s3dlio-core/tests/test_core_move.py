"""move, as its users call it: what goes, what stays, and what is refused."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors
from s3dlio_core.file_store import FileProvider, FileStore
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.operations import move
from s3dlio_core.transfer import TransferObserver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_core.store import Condition, CopySource, ObjectInfo
    from s3dlio_core.transfer import Snapshot, TransferReport


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with three files."""
    for name in ("a", "b", "deep/c"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "tree"


@pytest.fixture
def bucket() -> str:
    """The URI of an empty container."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return f"memory://{name}"


def _files(directory: Path) -> dict[str, str]:
    """Return the files below a directory, and what links point to."""
    return {
        str(path.relative_to(directory)): f"-> {path.readlink()}"
        if path.is_symlink()
        else path.read_text()
        for path in directory.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def _contents(bucket: str) -> dict[str, str]:
    store = MemoryStore(bucket.removeprefix("memory://"))
    return {
        info.key: (store.open_reader(info.key).readall() or b"").decode()
        for info in store.list_page().objects
    }


def _no_rename(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files be copied, as between two file systems."""

    def refuse(
        store: FileStore, source: CopySource, key: str, *, condition: Condition | None = None
    ) -> ObjectInfo:
        raise errors.NotSupportedError("another file system")

    monkeypatch.setattr(FileStore, "rename_from", refuse)


@pytest.fixture(params=["renamed", "copied"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with renames, and with copies."""
    if request.param == "copied":
        _no_rename(monkeypatch)
    return str(request.param)


ALL = {"a": "a", "b": "b", "deep/c": "deep/c"}

# What goes.


@pytest.mark.usefixtures("way")
def test_a_directory_moves_whole(tree: Path, tmp_path: Path) -> None:
    """Its files are at the destination, and it is gone itself."""
    report = move(tree, f"{tmp_path}/out/", recursive=True)
    assert (report.operation, report.done_count, report.ok) == ("move", 3, True)
    assert _files(tmp_path / "out" / "tree") == ALL
    assert not tree.exists()


def test_a_tree_goes_to_a_bucket_and_back(tree: Path, bucket: str) -> None:
    """What was moved there and back is what it was."""
    move(f"{tree}/", f"{bucket}/x/", recursive=True)
    assert not tree.exists()
    assert _contents(bucket) == {f"x/{key}": text for key, text in ALL.items()}
    move(f"{bucket}/x/", f"{tree}/", recursive=True)
    assert (_contents(bucket), _files(tree)) == ({}, ALL)


def test_several_sources_go_into_the_destination(tree: Path, bucket: str) -> None:
    """Each keeps its name."""
    assert move([tree / "a", f"{tree}/deep/*"], f"{bucket}/").done_count == 2
    assert (_contents(bucket), _files(tree)) == ({"a": "a", "c": "deep/c"}, {"b": "b"})


@pytest.mark.usefixtures("way")
def test_empty_directories_move_with_their_directory(tree: Path, tmp_path: Path) -> None:
    """They are made at the destination before the source is removed."""
    (tree / "empty" / "below").mkdir(parents=True)
    move(tree, tmp_path / "out", recursive=True)
    assert (tmp_path / "out" / "tree" / "empty" / "below").is_dir()
    assert not tree.exists()


@pytest.mark.parametrize(
    ("source", "options"),
    [("tree/*", {}), ("tree/", {"exclude": "b"}), ("tree/", {"names": ["a", "deep/"]})],
    ids=["glob", "filter", "names"],
)
def test_a_directory_that_is_not_moved_whole_stays(
    tree: Path, bucket: str, source: str, options: dict[str, str]
) -> None:
    """Also where all that is left of it is empty directories."""
    (tree / "b").unlink()
    move(f"{tree.parent}/{source}", f"{bucket}/", recursive=True, **options)  # type: ignore[arg-type]
    assert tree.is_dir()
    assert _files(tree) == {}


def test_a_directory_with_a_fifo_stays(tree: Path, bucket: str) -> None:
    """What can't be moved keeps the directories that it lies in."""
    os.mkfifo(tree / "deep" / "fifo")
    move(f"{tree}/", f"{bucket}/", recursive=True)
    assert (tree / "deep" / "fifo").exists()


# What stays.


@pytest.mark.usefixtures("way")
def test_a_dry_run_moves_nothing(tree: Path, tmp_path: Path) -> None:
    """It tells what would be moved."""
    report = move(tree, f"{tmp_path}/out/", recursive=True, dry_run=True)
    assert [(one.source[-6:], one.destination[-6:]) for one in report.planned][2] == ("deep/c",) * 2
    assert _files(tree) == ALL
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("rule", ["never", "newer", "changed"])
def test_what_a_rule_leaves_out_stays(tree: Path, tmp_path: Path, rule: str) -> None:
    """A file that exists there as it is here is neither replaced nor deleted here."""
    there = tmp_path / "out" / "a"
    there.parent.mkdir()
    there.write_text("a")
    mtime_ns = (tree / "a").stat().st_mtime_ns
    os.utime(there, ns=(mtime_ns, mtime_ns))
    report = move(f"{tree}/", f"{tmp_path}/out/", recursive=True, overwrite=rule)
    assert (report.done_count, report.skipped_count) == (2, 1)
    assert _files(tree) == {"a": "a"}


def test_what_another_source_takes_the_name_of_stays(tree: Path, tmp_path: Path) -> None:
    """The first of two is moved; the loser stays, and is a failure."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "a").write_text("the other a")
    report = move(
        [f"{tree}/", f"{other}/"], f"{tmp_path}/out/", recursive=True, raise_on_failure=False
    )
    (failure,) = report.failures
    assert isinstance(failure.error, errors.CollisionError)
    assert _files(other) == {"a": "the other a"}
    assert _files(tmp_path / "out") == ALL


def test_a_failure_keeps_its_directory(tree: Path, tmp_path: Path) -> None:
    """A file that can't be replaced there stays here."""
    (tmp_path / "out" / "a").mkdir(parents=True)
    with pytest.raises(errors.TransferFailedError):
        move(f"{tree}/", f"{tmp_path}/out/", recursive=True)
    assert _files(tree) == {"a": "a"}


def test_a_device_takes_nothing_away(tree: Path) -> None:
    """A file that is moved to /dev/null would be gone."""
    with pytest.raises(errors.TransferFailedError, match="device"):
        move(tree / "a", "/dev/null")
    assert _files(tree) == ALL


def test_a_device_takes_nothing_away_from_a_bucket(tree: Path, bucket: str) -> None:
    """Nor does an object, although it is written there."""
    move(tree / "a", f"{bucket}/a")
    with pytest.raises(errors.TransferFailedError):
        move(f"{bucket}/a", "/dev/null")
    assert _contents(bucket) == {"a": "a"}


# Onto itself, and onto what is still to be moved.


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("source", "destination"),
    [
        ("a", "a"),
        ("a", "."),
        ("a", "./deep/../a"),
        ("*", "."),
        ("deep", "."),
        ("./", "../tree/"),
        ("a", "../link/a"),
        ("../link/a", "."),
        ("./", "deep/"),
        ("./", "LINK/deep/"),
        ("a", "LINK/a"),
    ],
)
def test_nothing_is_moved_onto_or_into_itself(
    tree: Path, monkeypatch: pytest.MonkeyPatch, source: str, destination: str
) -> None:
    """Whatever path or link leads there, the command is refused."""
    (tree.parent / "link").symlink_to(tree)
    monkeypatch.chdir(tree)
    with pytest.raises(errors.UsageError, match=r"would be moved (on|in)to itself"):
        move(source, destination.replace("LINK", f"{tree.parent}/link"), recursive=True)
    assert _files(tree) == ALL


def test_a_hard_link_is_not_moved_onto_its_other_name(tree: Path, tmp_path: Path) -> None:
    """Two names of one file might be one name, where a directory folds case."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").hardlink_to(tree / "a")
    with pytest.raises(errors.TransferFailedError):
        move(tree / "a", f"{tmp_path}/out/")
    assert _files(tmp_path / "out") == {"a": "a"}
    assert _files(tree) == ALL


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("goal", ["deep/", "LINK/deep/"])
def test_a_glob_leaves_what_lies_at_its_goal(
    tree: Path, monkeypatch: pytest.MonkeyPatch, goal: str
) -> None:
    """`mv "tree/*" tree/deep/` moves the others there, once."""
    (tree.parent / "link").symlink_to(tree)
    monkeypatch.chdir(tree)
    goal = goal.replace("LINK", f"{tree.parent}/link")
    assert move("*", goal, recursive=True).done_count == 2
    assert _files(tree) == {"deep/a": "a", "deep/b": "b", "deep/c": "deep/c"}


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("goal", ["p/", "link/"])
def test_a_source_is_not_replaced_before_it_is_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goal: str
) -> None:
    """p/q/q/x would become p/q/x, which is a source itself: it stays."""
    monkeypatch.chdir(tmp_path)
    for name in ("p/q/q/x", "p/q/x", "p/q/y"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)
    Path("link").symlink_to("p")
    report = move("p/q/", goal, recursive=True, raise_on_failure=False)
    (failure,) = report.failures
    assert isinstance(failure.error, errors.CollisionError)
    assert _files(tmp_path / "p") == {"x": "p/q/x", "y": "p/q/y", "q/q/x": "p/q/q/x"}


def test_a_source_in_a_bucket_is_not_replaced_before_it_is_moved(bucket: str) -> None:
    """The same of keys; a literal source is none to be replaced, either."""
    store = MemoryStore(bucket.removeprefix("memory://"))
    for key in ("p/q/q/x", "p/q/x", "s/q/k", "p/q/k"):
        store.put(key, key.encode())
    report = move(f"{bucket}/p/q/", f"{bucket}/p/", recursive=True, raise_on_failure=False)
    assert (report.done_count, report.failed_count) == (2, 1)
    assert _contents(bucket) == {
        "p/k": "p/q/k",
        "p/q/q/x": "p/q/q/x",
        "p/x": "p/q/x",
        "s/q/k": "s/q/k",
    }
    store.put("p/q/k", b"still to be moved")
    report = move(
        [f"{bucket}/s/", f"{bucket}/p/q/k"], f"{bucket}/p/", recursive=True, raise_on_failure=False
    )
    assert (report.done_count, report.failed_count) == (1, 1)
    assert _contents(bucket)["p/k"] == "still to be moved"
    assert _contents(bucket)["s/q/k"] == "s/q/k"


@pytest.mark.usefixtures("way")
def test_names_that_a_directory_takes_for_one_lose_nothing(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where case is folded, the second of two names is a failure, and stays."""
    monkeypatch.setattr(
        "s3dlio_core.file_store.store.folds_case", lambda path: Path(path).name == "out"
    )
    (tree / "A").write_text("the other A")
    report = move(f"{tree}/", f"{tmp_path}/out/", recursive=True, raise_on_failure=False)
    assert report.failed_count == 1
    assert _files(tree) == {"a": "a"}
    assert _files(tmp_path / "out")["A"] == "the other A"


# Symbolic links.


@pytest.mark.parametrize("options", [None, MappingProxyType({"fsync": "true"})])
def test_links_are_moved_themselves(
    tree: Path, tmp_path: Path, options: Mapping[str, str] | None
) -> None:
    """To files, to directories and to nothing; what they point to stays."""
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "file").write_text("target")
    for name, to in (("file", "../target/file"), ("directory", "../target"), ("nothing", "gone")):
        (tree / name).symlink_to(to)
    assert move(tree, tmp_path / "out", recursive=True, options=options).done_count == 6
    links = {"file": "-> ../target/file", "directory": "-> ../target", "nothing": "-> gone"}
    assert _files(tmp_path / "out" / "tree") == {**ALL, **links}
    assert _files(tmp_path / "target") == {"file": "target"}
    assert not tree.exists()


@pytest.mark.parametrize("to", ["a", "gone"])
def test_a_link_that_is_named_is_moved_itself(tree: Path, tmp_path: Path, to: str) -> None:
    """As with mv."""
    (tree / "link").symlink_to(to)
    move(tree / "link", tmp_path / "new")
    assert str((tmp_path / "new").readlink()) == to
    assert _files(tree) == ALL


def test_a_link_to_a_directory_is_refused_by_its_name(tree: Path, bucket: str) -> None:
    """With a "/" behind, what lies there is moved, and the link stays."""
    link = tree.parent / "link"
    link.symlink_to(tree)
    with pytest.raises(errors.UsageError, match="symbolic link to a directory"):
        move(link, f"{bucket}/", recursive=True)
    assert _files(tree) == ALL
    move(f"{link}/", f"{bucket}/", recursive=True)
    assert _contents(bucket) == ALL
    assert link.is_symlink()


def test_a_link_does_not_go_to_a_bucket(tree: Path, bucket: str) -> None:
    """Only a file system can hold one: it stays, and the message says what can be done."""
    (tree / "link").symlink_to("a")
    report = move(f"{tree}/", f"{bucket}/", recursive=True, raise_on_failure=False)
    (failure,) = report.failures
    assert "--links" in failure.error.hint
    assert _files(tree) == {"link": "-> a"}


def test_links_that_are_followed_go_without_what_they_point_to(
    tree: Path, tmp_path: Path, bucket: str
) -> None:
    """A copy of the file goes, and the link; a file below a linked directory stays."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("outside")
    (tree / "link").symlink_to(outside / "file")
    (tree / "directory").symlink_to(outside)
    options = MappingProxyType({"links": "follow"})
    report = move(f"{tree}/", f"{bucket}/", recursive=True, raise_on_failure=False, options=options)
    assert report.failed_count == 1
    assert _contents(bucket)["link"] == "outside"
    assert _files(outside) == {"file": "outside"}
    assert _files(tree) == {"directory": f"-> {outside}"}


def test_links_that_are_skipped_stay(tree: Path, bucket: str) -> None:
    """And keep the directory that they lie in."""
    (tree / "link").symlink_to("a")
    report = move(f"{tree}/", f"{bucket}/", recursive=True, options={"links": "skip"})
    assert (report.done_count, report.skipped_count) == (3, 1)
    assert _files(tree) == {"link": "-> a"}


def test_a_linked_directory_below_the_destination_is_not_followed(
    tree: Path, tmp_path: Path
) -> None:
    """No file is moved out of the destination, and none is lost."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "deep").symlink_to(outside)
    report = move(f"{tree}/", f"{tmp_path}/out/", recursive=True, raise_on_failure=False)
    assert (report.done_count, report.failed_count) == (2, 1)
    assert _files(tree) == {"deep/c": "deep/c"}
    assert _files(outside) == {}


class Told(TransferObserver):
    """Remembers notes and the end."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.reports: list[TransferReport] = []

    def noted(self, text: str) -> None:
        """Remember a note."""
        self.notes.append(text)

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        """Remember the end."""
        del snapshot
        self.reports.append(report)


def test_a_directory_that_can_not_be_removed_is_told(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mount point, or one in a directory that may not be written: all was moved all the same."""

    def refuse(*_: object) -> None:
        raise errors.LocalIOError("Device or resource busy")

    monkeypatch.setattr(FileProvider, "delete_container", refuse)
    observer = Told()
    report = move(tree, tmp_path / "to/", recursive=True, progress=observer)
    assert (report.ok, report.done_count) == (True, 3)
    assert (observer.notes, observer.reports) == (list(report.notes), [report])
    (note,) = report.notes
    assert "all was moved" in note
    assert "busy" in note
