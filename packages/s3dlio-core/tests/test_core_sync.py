"""What a sync copies and deletes: contents to contents, and nothing that was left out."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors
from s3dlio_core.file_store import store as store_module
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.operations import sync, upload
from s3dlio_core.transfer.events import Snapshot, TransferObserver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from s3dlio_core.transfer.report import Failure, Planned, Settled, TransferReport


class Remote:
    """A container in memory."""

    def __init__(self, *keys: str) -> None:
        self.name = uuid.uuid4().hex
        MemoryProvider().create_container(self.name)
        self.store = MemoryStore(self.name)
        self.add(*keys)

    def add(self, *keys: str) -> None:
        """Put objects; those that end in "/" are empty."""
        for key in keys:
            self.store.put(key, b"" if key.endswith("/") else key.encode())

    def uri(self, prefix: str = "") -> str:
        """Its URI."""
        return f"memory://{self.name}/{prefix}"

    @property
    def keys(self) -> list[str]:
        """All keys."""
        return [info.key for info in self.store.list_page().objects]


def _tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def _names(root: Path) -> list[str]:
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    )


def _mirror(source: object, destination: object, **keywords: object) -> TransferReport:
    return sync(source, destination, delete=True, **keywords)  # type: ignore[arg-type]


@pytest.mark.parametrize("source", ["in", "in/"])
@pytest.mark.parametrize("destination", ["x", "x/"])
def test_contents_go_to_contents(tmp_path: Path, source: str, destination: str) -> None:
    """Whatever the slashes; a neighbour with the same beginning is no part of either."""
    _tree(tmp_path / "in", "a", "d/b")
    remote = Remote("xa", "x/old", "x-", "x0/c")
    report = _mirror(f"{tmp_path}/{source}", remote.uri(destination))
    assert (report.done_count, report.deleted_count) == (2, 1)
    assert remote.keys == ["x-", "x/a", "x/d/b", "x0/c", "xa"]
    back = tmp_path / "back"
    _mirror(remote.uri(destination), f"{back}")
    assert _names(back) == ["a", "d/b"]


def test_a_second_run_does_nothing(tmp_path: Path) -> None:
    """What is there and unchanged isn't copied, and a change is."""
    root, remote = _tree(tmp_path, "a", "d/b"), Remote()
    for expected in ((2, 0), (0, 2)):
        report = _mirror(root, remote.uri())
        assert expected == (report.done_count, report.skipped_count)
    (root / "a").write_text("b")
    os.utime(root / "a", (2**32, 2**32))
    report = _mirror(root, remote.uri())
    assert (report.done_count, report.skipped_count) == (1, 1)


def test_nothing_is_deleted_unless_it_is_asked_for(tmp_path: Path) -> None:
    """Neither is anything said of it."""
    remote = Remote("old")
    report = sync(_tree(tmp_path, "a"), remote.uri())
    assert remote.keys == ["a", "old"]
    assert (report.deleted_count, report.notes) == (0, ())


@pytest.mark.parametrize(
    ("keywords", "copied"),
    [({}, 1), ({"compare": "size"}, 0), ({"overwrite": "never"}, 0), ({"overwrite": "always"}, 1)],
)
def test_the_rules_of_overwriting_hold(
    tmp_path: Path, keywords: Mapping[str, object], copied: int
) -> None:
    """The default is what changed, by time."""
    remote, root = Remote("a"), _tree(tmp_path, "a")
    os.utime(root / "a", (2**32, 2**32))
    assert _mirror(root, remote.uri(), **keywords).done_count == copied


def test_a_checksum_finds_what_times_hide(tmp_path: Path) -> None:
    """Same size, same time, other bytes."""
    one, other = _tree(tmp_path / "1", "a"), _tree(tmp_path / "2", "a")
    (other / "a").write_text("b")
    for root in (one, other):
        os.utime(root / "a", (1, 1))
    assert sync(one, other).done_count == 0
    assert sync(one, other, compare="checksum").done_count == 1
    assert (other / "a").read_text() == "a"


# What the filters leave out.


def test_what_the_filters_leave_out_is_not_deleted(tmp_path: Path) -> None:
    """By name on either side, by directory, and by what the source or the destination is like."""
    root = _tree(tmp_path, "keep", "x.tmp", "long-name", "d/in")
    remote = Remote("keep", "x.tmp", "y.tmp", "d/old", "long-name", "longer-name", "gone")
    report = _mirror(root, remote.uri(), exclude=["*.tmp", "d/"], max_size=6)
    assert report.deleted_count == 1
    assert remote.keys == ["d/old", "keep", "long-name", "longer-name", "x.tmp", "y.tmp"]


def test_a_time_filter_deletes_nothing_that_is_too_old(tmp_path: Path) -> None:
    """An object whose source exists, but is too old to be copied, stays; as do old extras."""
    root, other = (
        _tree(tmp_path / "1", "old", "new"),
        _tree(tmp_path / "2", "old", "gone", "ancient"),
    )
    os.utime(root / "old", (1, 1))
    os.utime(other / "ancient", (1, 1))
    assert _mirror(root, other, newer="1h").deleted_count == 1
    assert _names(other) == ["ancient", "new", "old"]


def test_an_include_limits_the_deletions(tmp_path: Path) -> None:
    """What no include takes is no part of either tree."""
    remote = Remote("b.jpg", "b.txt")
    _mirror(_tree(tmp_path, "a.jpg", "a.txt"), remote.uri(), include="*.jpg")
    assert remote.keys == ["a.jpg", "b.txt"]


# Names that can't be on one of the sides.


def test_markers_of_directories_stay_where_the_source_has_no_markers(tmp_path: Path) -> None:
    """A file system has none; a marker of a directory that is gone goes."""
    remote = Remote("d/", "d/e/", "d/e/old", "gone/", "gone/e/", "gone/f", "gone2/")
    _mirror(_tree(tmp_path, "a", "d/e/f"), remote.uri())
    assert remote.keys == ["a", "d/", "d/e/", "d/e/f"]


def test_markers_are_objects_where_both_sides_have_them() -> None:
    """They are copied and deleted as others are."""
    one, other = Remote("d/", "d/a"), Remote("e/")
    _mirror(one.uri(), other.uri())
    assert other.keys == ["d/", "d/a"]


def test_the_marker_of_the_destination_itself_stays() -> None:
    """A whole bucket, as a source, can't have it."""
    other = Remote("x/", "x/old")
    assert _mirror(Remote("a").uri(), other.uri("x")).deleted_count == 1
    assert other.keys == ["x/", "x/a"]


def test_a_marker_is_no_file(tmp_path: Path) -> None:
    """It is skipped on the way down, and is nothing that the destination lacks."""
    report = _mirror(Remote("d/", "d/a").uri(), tmp_path / "x")
    assert (report.done_count, report.skipped_count) == (1, 1)
    assert _names(tmp_path / "x") == ["d/a"]


@pytest.mark.parametrize("key", ["a//b", "../up", "./a"])
def test_a_key_that_can_be_no_file_fails_and_keeps_the_rest(tmp_path: Path, key: str) -> None:
    """That object alone; and since one failed, nothing is deleted."""
    here = _tree(tmp_path / "x", "old")
    report = _mirror(Remote("c", key).uri(), here, raise_on_failure=False)
    assert (report.done_count, report.failed_count, report.deleted_count) == (1, 1, 0)
    assert _names(here) == ["c", "old"]


def test_keys_of_any_form_go_from_one_object_store_to_another() -> None:
    """Each is what it is: no normal forms, no folding of slashes."""
    keys = ["a", "a//b", "a/b", "a/./b", "caf\u00e9", "cafe\u0301", "A", "%41", " "]
    one, other = Remote(*keys), Remote("a/", "B")
    report = _mirror(one.uri(), other.uri())
    assert (report.done_count, report.deleted_count) == (len(keys), 2)
    assert other.keys == one.keys


@pytest.mark.parametrize(("source", "there"), [("a", "a/b"), ("a/b", "a")])
def test_a_file_where_a_directory_stands_fails(tmp_path: Path, source: str, there: str) -> None:
    """And the other way round. What stands there stays: it goes only when all is copied."""
    here = _tree(tmp_path / "x", there)
    report = _mirror(Remote(source).uri(), here, raise_on_failure=False)
    assert (report.done_count, report.failed_count, report.deleted_count) == (0, 1, 0)
    assert _names(here) == [there]


def test_an_object_and_a_directory_of_one_name(tmp_path: Path) -> None:
    """The directory wins, as in every copy; the object fails, and nothing is deleted."""
    here = _tree(tmp_path / "x", "old")
    report = _mirror(Remote("a", "a-", "a/b").uri(), here, raise_on_failure=False)
    assert [failure.error.reason for failure in report.failures] != []
    assert isinstance(report.failures[0].error, errors.CollisionError)
    assert _names(here) == ["a-", "a/b", "old"]


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """Between file systems they are names like others: compared, copied and deleted."""
    for tree, names in (("1", (b"\x80", b"\xc3\xa9", b"z")), ("2", (b"\x81", b"\xc3\xa9"))):
        (tmp_path / tree).mkdir()
        for name in names:
            (tmp_path / tree / os.fsdecode(name)).touch()
    report = _mirror(tmp_path / "1", tmp_path / "2", compare="size")
    assert (report.done_count, report.skipped_count, report.deleted_count) == (2, 1, 1)
    assert _names(tmp_path / "2") == _names(tmp_path / "1")


@pytest.fixture
def folding(monkeypatch: pytest.MonkeyPatch) -> None:
    """File systems that say that they fold case."""
    monkeypatch.setattr(store_module, "folds_case", lambda _: True)


@pytest.mark.usefixtures("folding")
def test_what_has_another_case_is_not_deleted(tmp_path: Path) -> None:
    """On a file system that folds case the copy has just taken its place."""
    here = _tree(tmp_path / "x", "FILE", "caf\u00e9", "old")
    report = _mirror(Remote("File", "cafe\u0301", "z").uri(), here)
    assert report.deleted_count == 1
    assert {"FILE", "caf\u00e9"} <= set(_names(here))
    assert "old" not in _names(here)


@pytest.mark.usefixtures("folding")
def test_names_that_differ_in_case_alone_are_one(tmp_path: Path) -> None:
    """The first is copied, the other fails, and nothing is deleted."""
    here = _tree(tmp_path / "x", "old")
    report = _mirror(Remote("A", "a", "b").uri(), here, raise_on_failure=False)
    assert isinstance(report.failures[0].error, errors.CollisionError)
    assert (report.done_count, report.failed_count, report.deleted_count) == (2, 1, 0)


# Links.


def test_a_link_of_the_destination_is_removed_itself(tmp_path: Path) -> None:
    """What it points to, a file or a directory full of files, is no part of the destination."""
    elsewhere = _tree(tmp_path / "elsewhere", "f", "g")
    here = _tree(tmp_path / "x", "old")
    (here / "directory").symlink_to(elsewhere)
    (here / "file").symlink_to(elsewhere / "f")
    (here / "nothing").symlink_to("nowhere")
    report = _mirror(_tree(tmp_path / "in", "a"), here)
    assert report.deleted_count == 4
    assert _names(here) == ["a"]
    assert _names(elsewhere) == ["f", "g"]


def test_what_a_skipped_link_stands_for_is_not_deleted(tmp_path: Path) -> None:
    """Nor what lies below it, if it is a directory; its neighbours are no concern of it."""
    source = _tree(tmp_path / "in", "a", "b-")
    (source / "b").symlink_to("a")
    (source / "d").symlink_to(".")
    remote = Remote("b", "b-0", "b/x", "d-x", "d/x/y", "d0")
    report = _mirror(source, remote.uri(), options={"links": "skip"})
    assert report.deleted_count == 3
    assert remote.keys == ["a", "b", "b-", "b/x", "d/x/y"]


# What is refused.


@pytest.mark.parametrize(
    ("source", "destination"), [("", ""), ("", "x"), ("x", ""), ("x/", "x/y/"), ("x", "x")]
)
def test_trees_that_overlap_are_refused(source: str, destination: str) -> None:
    """One in the other, or both the same: the next run would find other things."""
    remote = Remote("x/a", "x/y/b", "xx/c")
    with pytest.raises(errors.UsageError, match="overlap"):
        sync(remote.uri(source), remote.uri(destination))
    assert sync(remote.uri("x"), remote.uri("xx")).done_count == 2


def test_a_link_hides_no_overlap(tmp_path: Path) -> None:
    """Directories are compared by where they are."""
    source = _tree(tmp_path / "in", "d/a")
    (tmp_path / "link").symlink_to(source / "d")
    with pytest.raises(errors.UsageError, match="overlap"):
        sync(source, tmp_path / "link")
    with pytest.raises(errors.UsageError, match="overlap"):
        sync(tmp_path / "link", source)


@pytest.mark.parametrize(
    "keywords",
    [
        {"max_delete": 1},
        {"max_delete": -1, "delete": True},
        {"names": ["a"]},
        {"patterns": "glob"},
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, keywords: Mapping[str, object]) -> None:
    """Before anything is done."""
    with pytest.raises(errors.UsageError):
        sync(_tree(tmp_path, "a"), Remote().uri(), **keywords)  # type: ignore[arg-type]


def test_a_number_of_deletions_is_a_number(tmp_path: Path) -> None:
    """A text or True isn't."""
    for wrong in ("1", True):
        with pytest.raises(TypeError):
            sync(tmp_path, Remote().uri(), delete=True, max_delete=wrong)  # type: ignore[arg-type]


# What is told.


class Recorder(TransferObserver):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.last: Snapshot | None = None
        self.report: TransferReport | None = None
        self.plans: list[Planned] = []

    def started(self, snapshot: Snapshot) -> None:
        """Remember."""
        self.events.append(f"started {snapshot.operation}")

    def failed(self, failure: Failure) -> None:
        """Remember."""
        self.events.append(f"failed {failure.source}")

    def settled(self, settled: Settled) -> None:
        """Remember."""
        self.events.append(f"{settled.action} {settled.source}")

    def planned(self, planned: Planned) -> None:
        """Remember."""
        self.plans.append(planned)

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        """Remember."""
        self.events.append("finished")
        self.last, self.report = snapshot, report


def test_copies_and_deletions_are_one_run(tmp_path: Path) -> None:
    """One beginning, one end, whose report has both."""
    observer = Recorder()
    report = _mirror(_tree(tmp_path, "a"), Remote("b", "c").uri(), progress=observer)
    assert observer.events == ["started sync", "finished"]
    assert observer.report == report
    assert observer.last is not None
    assert (observer.last.done_count, observer.last.deleted_count) == (1, 2)


def test_each_object_is_told_when_that_is_asked_for(tmp_path: Path) -> None:
    """What was copied, and what was deleted."""
    observer, remote = Recorder(), Remote("b")
    observer.wants_settled = True
    _mirror(_tree(tmp_path, "a"), remote.uri(), progress=observer)
    assert observer.events == [
        "started sync",
        f"copied file://{tmp_path}/a",
        f"deleted {remote.uri('b')}",
        "finished",
    ]


@pytest.mark.parametrize("there", [True, False])
def test_a_dry_run_tells_copies_and_deletions(tmp_path: Path, *, there: bool) -> None:
    """And changes nothing; a directory that a real run would create is empty."""
    source = _tree(tmp_path / "in", "a", "b")
    goal = tmp_path / "x"
    if there:
        _tree(goal, "old")
    observer = Recorder()
    report = _mirror(source, goal, dry_run=True, progress=observer)
    told = [(os.path.basename(one.source), bool(one.destination)) for one in observer.plans]  # noqa: PTH119
    assert told == [("a", True), ("b", True), *([("old", False)] if there else [])]
    assert (report.done_count, report.deleted_count) == (2, int(there))
    assert tuple(observer.plans) == report.planned
    assert goal.exists() == there


def test_failures_are_listed(tmp_path: Path) -> None:
    """In the file that was asked for."""
    remote = Remote("a//b", "c")
    _mirror(remote.uri(), tmp_path / "x", failures=tmp_path / "list", raise_on_failure=False)
    assert (tmp_path / "list").read_text() == f"{remote.uri('a//b')}\n"


def test_a_list_of_failures_is_no_extra(tmp_path: Path) -> None:
    """It is written where it was asked for, and stays, also in the destination."""
    source, goal = _tree(tmp_path / "source", "a"), _tree(tmp_path / "goal", "old")
    for name in ("lines", "nul"):
        (goal / name).touch()
    report = _mirror(source, goal, failures=goal / "lines", failures0=goal / "nul")
    assert report.deleted_count == 1
    assert _names(goal) == ["a", "lines", "nul"]


def test_a_refusal_is_raised(tmp_path: Path) -> None:
    """Unless the report is asked for."""
    with pytest.raises(errors.DeletionRefusedError, match="max_delete is 0"):
        _mirror(_tree(tmp_path, "a"), Remote("b").uri(), max_delete=0)


def test_a_bucket_is_created_when_that_is_asked_for(tmp_path: Path) -> None:
    """Else the error says how."""
    goal = f"memory://{uuid.uuid4().hex}/x"
    source = _tree(tmp_path, "a")
    with pytest.raises(errors.ContainerNotFoundError, match="create_bucket"):
        _mirror(source, goal)
    assert _mirror(source, goal, create_bucket=True, dry_run=True).done_count == 1
    assert _mirror(source, goal, create_bucket=True).done_count == 1


def test_a_sync_finds_what_an_upload_wrote(tmp_path: Path) -> None:
    """The rules of both are one."""
    root, remote = _tree(tmp_path, "a", "d/b"), Remote()
    upload(f"{root}/", remote.uri("x/"), recursive=True)
    assert sync(root, remote.uri("x")).skipped_count == 2
