"""Deleting: exactly what is named, counted when it is done."""

from __future__ import annotations

import dataclasses
import errno
import os
import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors, operations
from s3dlio_core.deletion import Deletion
from s3dlio_core.memory_store import MEMORY_LIMITS, MemoryProvider, MemoryStore
from s3dlio_core.selection import Selection
from s3dlio_core.selection.names_from import read_nul
from s3dlio_core.session import Place
from s3dlio_core.testing.faults import Fault, FaultyStore
from s3dlio_core.transfer.events import CancelToken, Snapshot, TransferObserver

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from s3dlio_core.store import ObjectStore
    from s3dlio_core.transfer.report import Failure, TransferReport

NAMES = ("a", "a.txt", "ab", "d/a", "d/e/b", "d.txt", "dd/a", "x[1]", "x1")
DENIED = errors.PermissionDeniedError("no")


class Area:
    """A directory or a container with NAMES in it."""

    def __init__(self, base: str) -> None:
        self.base = base
        for name in NAMES:
            operations.put(f"{base}/{name}", b"")

    def names(self) -> list[str]:
        """Return what is left of NAMES, and what else is there."""
        try:
            found = list(operations.list(self.base, recursive=True))
        except errors.NothingMatchedError:
            return []
        return [entry.uri.partition(f"{self.base}/")[2] for entry in found]

    def without(self, *gone: str) -> list[str]:
        """Return NAMES without some, in the order of a listing."""
        return sorted(set(NAMES) - set(gone))


@pytest.fixture(params=["file", "memory"])
def area(request: pytest.FixtureRequest, tmp_path: Path) -> Area:
    """One of each kind."""
    return Area(str(tmp_path / "area") if request.param == "file" else f"memory://{_name()}")


@pytest.fixture
def memory() -> Area:
    """A container."""
    return Area(f"memory://{_name()}")


def _name() -> str:
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return name


@pytest.mark.parametrize(
    ("uris", "recursive", "gone"),
    [
        ("/a", False, ["a"]),
        ("/a", True, ["a"]),
        ("/d/a", False, ["d/a"]),
        ("/d", True, ["d/a", "d/e/b"]),
        ("/d/", True, ["d/a", "d/e/b"]),
        ("/a*", False, ["a", "a.txt", "ab"]),
        ("/d*", False, ["d.txt"]),
        ("/d*", True, ["d.txt", "d/a", "d/e/b", "dd/a"]),
        ("/?/*", False, ["d/a"]),
        ("/**/a", False, ["a", "d/a", "dd/a"]),
        ("/x[1]", False, ["x[1]"]),
        (["/a", "/d/e/b"], False, ["a", "d/e/b"]),
        (["/a", "/a"], False, ["a"]),
        ("/", True, list(NAMES)),
    ],
)
def test_exactly_what_is_named_goes(
    area: Area, uris: str | list[str], recursive: bool, gone: list[str]
) -> None:
    """Never a neighbour with the same beginning; an object's own name wins over a glob."""
    given = [uris] if isinstance(uris, str) else uris
    report = operations.delete([area.base + uri for uri in given], recursive)
    assert area.names() == area.without(*gone)
    assert (report.done_count, report.failed_count, report.ok) == (len(gone), 0, True)


@pytest.mark.parametrize(
    ("missing", "recursive"),
    [
        *((missing, False) for missing in ("/zz", "/zz*", "/zz/*", "/zz/y", "/**/zz")),
        *((missing, True) for missing in ("/zz", "/zz/", "/zz*", "/zz/*", "/zz/y", "/**/zz")),
    ],
)
def test_what_is_missing_is_an_error(area: Area, missing: str, recursive: bool) -> None:
    """When nothing at all was there to delete, nothing is deleted."""
    with pytest.raises(errors.NothingMatchedError):
        operations.delete(area.base + missing, recursive)
    assert area.names() == sorted(NAMES)


def test_one_of_several_that_is_missing_is_named(area: Area) -> None:
    """The others are deleted, and the report isn't ok."""
    uris = [f"{area.base}/a", f"{area.base}/zz", f"{area.base}/nowhere/zz"]
    with pytest.raises(errors.TransferFailedError) as caught:
        operations.delete(uris)
    report = caught.value.report
    assert report.unmatched == tuple(uris[1:])
    assert (report.done_count, report.ok) == (1, False)
    assert area.names() == area.without("a")


@pytest.mark.parametrize("directory", ["/d", "/d/", "/", ""])
def test_a_directory_needs_recursive(area: Area, directory: str) -> None:
    """Without it nothing is deleted, also not what else was named."""
    with pytest.raises(errors.UsageError, match="recursive"):
        operations.delete([f"{area.base}/a", area.base + directory])
    assert area.names() == sorted(NAMES)


def test_a_marker_alone_is_one_object(memory: Area) -> None:
    """Without `recursive` a key that ends in "/" is just that key."""
    operations.put(f"{memory.base}/d/", b"")
    assert operations.delete(f"{memory.base}/d/").done_count == 1
    assert memory.names() == sorted(NAMES)


def test_recursive_takes_a_marker_and_what_lies_below(memory: Area) -> None:
    """A marker object doesn't stand for its directory's content."""
    operations.put(f"{memory.base}/d/", b"")
    assert operations.delete(f"{memory.base}/d/", True).done_count == 3
    assert memory.names() == memory.without("d/a", "d/e/b")


def test_a_directory_goes_with_its_content(tmp_path: Path) -> None:
    """As with `rm -r`: no empty directories are left."""
    area = Area(str(tmp_path / "area"))
    operations.delete(f"{area.base}/d", True)
    assert not (tmp_path / "area" / "d").exists()
    assert (tmp_path / "area" / "dd").exists()


@pytest.mark.parametrize("name", [".", "./", "d/..", "file://./"])
def test_the_working_directory_loses_its_content_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It is still there afterwards, as is one that was named by ".."."""
    area = Area(str(tmp_path / "area"))
    monkeypatch.chdir(area.base)
    report = operations.delete(name, True)
    assert (report.ok, report.done_count, area.names()) == (True, len(NAMES), [])
    assert (tmp_path / "area").exists()


def test_a_link_is_deleted_and_not_its_target(tmp_path: Path) -> None:
    """A link to a file goes, the file stays."""
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to("target")
    operations.delete(tmp_path / "link")
    assert os.listdir(tmp_path) == ["target"]  # noqa: PTH208


def test_a_link_to_a_directory_is_not_read_as_the_directory(tmp_path: Path) -> None:
    """`rm -r link` would remove the link: what it points to stays, whatever was meant."""
    area = Area(str(tmp_path / "area"))
    (tmp_path / "link").symlink_to("area")
    with pytest.raises(errors.UsageError, match="symbolic link"):
        operations.delete(tmp_path / "link", True)
    assert area.names() == sorted(NAMES)
    operations.delete(f"{tmp_path}/link/", True)
    assert (area.names(), (tmp_path / "link").is_symlink()) == ([], True)


def test_nothing_below_a_linked_directory_is_deleted(tmp_path: Path) -> None:
    """What a tree's links point to is no part of it: it stays, and the links go."""
    area = Area(str(tmp_path / "area"))
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "own").write_text("x")
    (tmp_path / "tree" / "link").symlink_to("../area/d")
    (tmp_path / "tree" / "gone").symlink_to("nowhere")
    (tmp_path / "tree" / "only-links").mkdir()
    (tmp_path / "tree" / "only-links" / "up").symlink_to("..")
    planned = operations.delete(tmp_path / "tree", True, dry_run=True)
    report = operations.delete(tmp_path / "tree", True)
    assert planned.done_count == report.done_count == 4
    assert area.names() == sorted(NAMES)
    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize("filters", [{}, {"exclude": "zzz"}, {"exclude": "up"}])
def test_links_of_a_filtered_tree_are_things_of_their_own(
    tmp_path: Path, filters: dict[str, str]
) -> None:
    """Whether it is listed at once or level by level."""
    area = Area(str(tmp_path / "area"))
    (tmp_path / "tree" / "d").mkdir(parents=True)
    (tmp_path / "tree" / "d" / "up").symlink_to("..")
    (tmp_path / "tree" / "d" / "link").symlink_to("../../area")
    operations.delete(tmp_path / "tree", True, exclude=filters.get("exclude"))
    left = [path.name for path in (tmp_path / "tree").rglob("*") if path.is_symlink()]
    assert left == [name for name in filters.values() if name == "up"]
    assert area.names() == sorted(NAMES)


def test_a_pattern_deletes_links_and_does_not_enter_them(tmp_path: Path) -> None:
    """As with rm, which the shell hands their names."""
    area = Area(str(tmp_path / "area"))
    (tmp_path / "link").symlink_to("area")
    (tmp_path / "gone").symlink_to("nowhere")
    operations.delete(f"{tmp_path}/[lg]*", True)
    assert [path.name for path in tmp_path.iterdir()] == ["area"]
    assert area.names() == sorted(NAMES)


def test_a_link_to_nothing_is_deleted_by_its_name(tmp_path: Path) -> None:
    """What isn't there is told all the same."""
    (tmp_path / "gone").symlink_to("nowhere")
    assert operations.delete(tmp_path / "gone").done_count == 1
    with pytest.raises(errors.NothingMatchedError):
        operations.delete(tmp_path / "gone")


def test_a_deletion_refuses_to_follow_links(tmp_path: Path) -> None:
    """Rather than to do something else."""
    with pytest.raises(errors.UsageError, match="follows no symbolic links"):
        operations.delete(tmp_path, True, options={"links": "follow"})


# Counting, and how a run ends.


class Recorder(TransferObserver):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.begun: list[Snapshot] = []
        self.failures: list[Failure] = []
        self.ends: list[tuple[Snapshot, TransferReport]] = []

    def started(self, snapshot: Snapshot) -> None:
        """Remember."""
        self.begun.append(snapshot)

    def failed(self, failure: Failure) -> None:
        """Remember."""
        self.failures.append(failure)

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        """Remember."""
        self.ends.append((snapshot, report))


def _selection(store: ObjectStore) -> Selection:
    return Selection("all", Place(store, "", "x"))


def _store(*faults: Fault, batch_max: int = 2, count: int = 7) -> FaultyStore:
    limits = dataclasses.replace(MEMORY_LIMITS, delete_batch_max=batch_max)
    store = MemoryStore(_name(), limits=limits)
    for number in range(count):
        store.put(str(number), b"")
    return FaultyStore(store, faults)


def _run(
    store: FaultyStore, observer: TransferObserver, cancel: CancelToken | None = None
) -> TransferReport:
    selections: Sequence[Selection] = [_selection(store)]
    return Deletion(observer, cancel or CancelToken()).run(selections, recursive=True)


def test_a_key_that_fails_is_named_and_the_others_go() -> None:
    """The observer and the report have it by its URI."""
    store = _store(Fault("delete_many", DENIED, key="3"))
    observer = Recorder()
    report = _run(store, observer)
    assert [failure.source for failure in report.failures] == [store.uri_of("3")]
    assert (report.done_count, report.failed_count) == (6, 1)
    assert [info.key for info in store.list_page().objects] == ["3"]
    assert observer.failures == list(report.failures)
    with pytest.raises(errors.TransferFailedError):
        report.raise_for_failures()


def test_what_was_not_deleted_is_not_counted() -> None:
    """When a batch stops the run, only the batches before it are done."""
    store = _store(Fault("delete_many", errors.CredentialsError("expired"), key="5"))
    observer = Recorder()
    report = _run(store, observer)
    assert isinstance(report.stopped_by, errors.CredentialsError)
    assert (report.done_count, report.failed_count) == (4, 0)
    ((snapshot, told),) = observer.ends
    assert (snapshot.done_count, told) == (4, report)


def test_a_listing_that_stops_keeps_what_was_done() -> None:
    """An error while listing is the report's."""
    store = _store(Fault("list_page", errors.ConnectionFailedError("reset")))
    report = _run(store, Recorder())
    assert isinstance(report.stopped_by, errors.ConnectionFailedError)
    assert report.done_count == 0


def test_cancelling_stops_between_batches() -> None:
    """What was deleted is counted, the rest is still there."""
    cancel = CancelToken()

    class Cancelling(FaultyStore):
        def uri_of(self, key: str) -> str:
            if key == "2":
                cancel.cancel()
            return super().uri_of(key)

    store = Cancelling(_store(count=9).inner, [Fault("delete_many", DENIED, key="2")])
    report = _run(store, Recorder(), cancel)
    assert isinstance(report.stopped_by, errors.CancelledError)
    assert (report.done_count, report.failed_count) == (3, 1)
    assert [info.key for info in store.list_page().objects] == ["2", "4", "5", "6", "7", "8"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError()])
def test_an_observer_that_raises_is_told_the_end(error: BaseException) -> None:
    """Every `started` has one `finished`; the error goes on."""

    class Raising(Recorder):
        def failed(self, failure: Failure) -> None:
            raise error

    observer = Raising()
    with pytest.raises(type(error)):
        _run(_store(Fault("delete_many", DENIED)), observer)
    assert len(observer.begun) == len(observer.ends) == 1


def test_what_could_not_be_listed_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that can't be read isn't silently passed over."""
    scan = os.scandir

    def refuse(path: object) -> object:
        if str(path).endswith("locked/"):
            raise PermissionError(errno.EACCES, "no", str(path))
        return scan(path)  # type: ignore[call-overload]

    monkeypatch.setattr("os.scandir", refuse)
    (tmp_path / "d" / "locked").mkdir(parents=True)
    (tmp_path / "d" / "a").write_text("x")
    report = operations.delete(tmp_path / "d", True, raise_on_failure=False)
    assert (report.done_count, report.failed_count) == (1, 1)


def test_deleting_by_glob_takes_pages_as_they_come() -> None:
    """Deleting what a listing goes over loses nothing of it: thousands of keys, all gone."""
    name = _name()
    store = MemoryStore(name)
    for number in range(2500):
        store.put(f"k{number:05d}", b"")
    store.put("other", b"")
    report = operations.delete(f"memory://{name}/k*")
    assert report.done_count == 2500
    assert [info.key for info in store.list_page().objects] == ["other"]


def test_a_missing_container_stops_everything(memory: Area) -> None:
    """It is no object that isn't there."""
    with pytest.raises(errors.ContainerNotFoundError):
        operations.delete([f"memory://{uuid.uuid4().hex}/a", f"{memory.base}/a"])
    assert memory.names() == sorted(NAMES)


@pytest.mark.parametrize("name", ["run[1]", "run[1]/", "s*r", "s*r/"])
def test_a_directory_that_exists_as_written_isnt_a_pattern(area: Area, name: str) -> None:
    """What the pattern would match is a neighbour."""
    kept = [f"{neighbour}/precious" for neighbour in ("run1", "star")]
    for key in (f"{name.rstrip('/')}/a", *kept):
        operations.put(f"{area.base}/{key}", b"")
    operations.delete(f"{area.base}/{name}", recursive=True)
    assert area.names() == sorted([*NAMES, *kept])


def test_a_directory_as_written_still_needs_recursive(memory: Area) -> None:
    """Nothing is taken for the pattern instead."""
    for key in ("run[1]/a", "run1"):
        operations.put(f"{memory.base}/{key}", b"")
    with pytest.raises(errors.UsageError, match="names a directory"):
        operations.delete(f"{memory.base}/run[1]")
    assert memory.names() == sorted([*NAMES, "run[1]/a", "run1"])


def test_names_say_what_goes(area: Area) -> None:
    """Relative to the one URI, or whole; nothing else goes."""
    uris = [entry.uri for entry in operations.list(f"{area.base}/d/", recursive=True)]
    report = operations.delete(f"{area.base}/", names=iter(["a", uris[-1], "x[1]"]))
    assert (report.done_count, report.failed_count) == (3, 0)
    assert area.names() == area.without("a", "d/e/b", "x[1]")


def test_a_name_that_is_not_there_is_a_failure(area: Area) -> None:
    """The others go; what is named like the beginning of another isn't that one."""
    report = operations.delete(
        f"{area.base}/", names=["no", "a", "d.tx", "dd/a"], raise_on_failure=False
    )
    assert (report.done_count, report.failed_count) == (2, 2)
    missing = [failure.source.rpartition("/")[2] for failure in report.failures]
    assert missing == ["no", "d.tx"]
    assert area.names() == area.without("a", "dd/a")


def test_a_name_with_a_slash_means_what_lies_below_with_recursive_only(area: Area) -> None:
    """Without it, it is the object of exactly this name."""
    report = operations.delete(f"{area.base}/", names=["d/"], raise_on_failure=False)
    assert (report.done_count, report.failed_count) == (0, 1)
    assert area.names() == area.without()
    operations.delete(f"{area.base}/", recursive=True, names=["d/", "x1"])
    assert area.names() == area.without("d/a", "d/e/b", "x1")


def test_a_marker_is_named_exactly(memory: Area) -> None:
    """What a list of failures has of it deletes it alone."""
    operations.put(f"{memory.base}/d/", b"")
    assert operations.delete(f"{memory.base}/", names=["d/"]).done_count == 1
    assert memory.names() == memory.without()


def test_the_directory_of_the_names_stays(tmp_path: Path) -> None:
    """Even when its last file goes, with recursion, too: it isn't named."""
    area = Area(str(tmp_path / "area"))
    operations.delete(f"{area.base}/", recursive=True, names=NAMES)
    assert (tmp_path / "area").is_dir()
    assert area.names() == []


def test_a_link_that_is_named_goes_itself(tmp_path: Path) -> None:
    """What it points to stays."""
    area = Area(str(tmp_path / "area"))
    (tmp_path / "area/link").symlink_to("a")
    (tmp_path / "area/broken").symlink_to("nothing")
    operations.delete(f"{area.base}/", names=["link", "broken"])
    assert area.names() == area.without()
    assert not (tmp_path / "area/link").is_symlink()
    assert not (tmp_path / "area/broken").is_symlink()


def test_filters_and_dry_runs_hold_for_names(area: Area) -> None:
    """What is left out is no failure, and is counted."""
    report = operations.delete(
        f"{area.base}/", names=["a", "a.txt", "d.txt"], exclude="d*", dry_run=True
    )
    assert [planned.source.rpartition("/")[2] for planned in report.planned] == ["a", "a.txt"]
    assert area.names() == area.without()
    report = operations.delete(f"{area.base}/", names=["a", "a.txt", "d.txt"], exclude="d*")
    assert (report.done_count, len(report.notes)) == (2, 1)
    assert area.names() == area.without("a", "a.txt")


def test_names_lie_in_several_stores(memory: Area, tmp_path: Path) -> None:
    """Each goes from its own, and what lies elsewhere is a failure."""
    other = Area(str(tmp_path / "area"))
    names = [f"{memory.base}/a", f"file://{other.base}/ab", f"{memory.base}/x1", "memory://no/a"]
    report = operations.delete(
        [f"{memory.base}/", f"{other.base}/"], names=names, raise_on_failure=False
    )
    assert (report.done_count, report.failed_count) == (3, 1)
    assert memory.names() == memory.without("a", "x1")
    assert other.names() == other.without("ab")


def test_no_names_are_nothing_to_delete(area: Area) -> None:
    """An empty list isn't taken for no list; a text isn't taken for its letters."""
    assert operations.delete(f"{area.base}/", recursive=True, names=[]).done_count == 0
    with pytest.raises(TypeError):
        operations.delete(f"{area.base}/", names="abc")
    assert area.names() == area.without()


def test_a_failed_deletion_can_be_taken_up_by_its_list(tmp_path: Path) -> None:
    """As with transfers."""
    area = Area(str(tmp_path / "area"))
    failures = tmp_path / "failed"
    (tmp_path / "area/x1").unlink()
    operations.delete(
        f"{area.base}/", names=["a", "x1"], failures0=failures, raise_on_failure=False
    )
    (tmp_path / "area/x1").touch()
    with failures.open("rb") as stream:
        assert operations.delete(f"{area.base}/", names=read_nul(stream)).done_count == 1
    assert area.names() == area.without("a", "x1")
