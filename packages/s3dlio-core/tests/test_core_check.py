"""check: what differs between two trees, and what it is never silent about."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.operations import check, sync
from s3dlio_core.transfer.events import CancelToken, Snapshot, TransferObserver
from s3dlio_core.trees import check_run as check_run_module
from s3dlio_core.trees.check_report import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from s3dlio_core.trees.check_report import CheckReport, Discrepancy


def _tree(root: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def _memory(files: Mapping[str, str]) -> str:
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    store = MemoryStore(name)
    for key, content in files.items():
        store.put(key, content.encode())
    return f"memory://{name}/"


def _place(kind: str, tmp_path: Path, files: Mapping[str, str]) -> str:
    if kind == "memory":
        return _memory(files)
    return str(_tree(tmp_path / uuid.uuid4().hex, files))


def _told(report: CheckReport) -> list[tuple[str, str]]:
    return [(found.kind.value, found.path) for found in report.discrepancies]


KINDS = ("memory", "file")
ONE = {"a": "1", "b": "22", "d/same": "s", "longer": "12"}
OTHER = {"b": "23", "c": "3", "d/same": "s", "longer": "1"}


@pytest.mark.parametrize("one", KINDS)
@pytest.mark.parametrize("other", KINDS)
@pytest.mark.parametrize("checksum", [False, True])
def test_each_difference_is_found(tmp_path: Path, one: str, other: str, *, checksum: bool) -> None:
    """In the order of names, between any two stores; bytes only when they are asked for."""
    told: list[Discrepancy] = []
    report = check(
        _place(one, tmp_path, ONE),
        _place(other, tmp_path, OTHER),
        checksum=checksum,
        tell=told.append,
    )
    expected = [("missing", "a"), ("extra", "c"), ("different", "longer")]
    if checksum:
        expected.insert(1, ("different", "b"))
    assert _told(report) == expected
    assert tuple(told) == report.discrepancies
    assert not report.ok
    assert (report.missing_count, report.extra_count) == (1, 1)
    assert (report.different_count, report.same_count) == (1 + checksum, 2 - checksum)


def test_a_difference_says_where_and_how_much(tmp_path: Path) -> None:
    """Both URIs, also of what isn't there, and both sizes."""
    one, other = _memory({"a": "1"}), _tree(tmp_path, {"b": "22"})
    missing, extra = check(one.rstrip("/"), other).discrepancies
    assert (missing.kind, missing.source) == (Kind.MISSING, f"{one}a")
    assert missing.destination == f"file://{other}/a"
    assert (missing.source_size_bytes, missing.destination_size_bytes) == (1, None)
    assert (extra.source_size_bytes, extra.destination_size_bytes) == (None, 2)


@pytest.mark.parametrize("checksum", [False, True])
def test_what_was_synced_is_alike(tmp_path: Path, *, checksum: bool) -> None:
    """Whatever is on both sides, and a tree with itself."""
    one, other = _tree(tmp_path / "1", ONE), tmp_path / "2"
    sync(one, other)
    for destination in (other, one):
        report = check(one, destination, checksum=checksum)
        assert report.ok
        assert report.same_count == len(ONE)


def test_markers_are_no_difference_to_files(tmp_path: Path) -> None:
    """Between two object stores they are objects like others."""
    files, marked = {"d/a": "1"}, {"d/": "", "d/a": "1"}
    there = _tree(tmp_path, files)
    for pair in ((_memory(marked), there), (there, _memory(marked))):
        report = check(*pair)
        assert report.ok
        assert report.skipped_count == 1
    assert _told(check(_memory(marked), _memory(files))) == [("missing", "d/")]


def test_the_marker_of_a_tree_itself_is_no_difference() -> None:
    """A whole bucket has none."""
    whole, below = _memory({"a": ""}), _memory({"x/": "", "x/a": ""}) + "x"
    for pair in ((whole, below), (below, whole)):
        report = check(*pair)
        assert report.ok
        assert (report.same_count, report.skipped_count) == (1, pair[0] == below)


def test_filters_limit_both_sides(tmp_path: Path) -> None:
    """By name, and by what either object is like."""
    one = _tree(tmp_path / "1", {"a.tmp": "", "d/x": "1", "big": "1" * 9})
    other = _tree(tmp_path / "2", {"b.tmp": "", "large": "1" * 9})
    report = check(one, other, exclude=["*.tmp", "d/"], max_size=5)
    assert report.ok
    assert report.notes == ("the filters left out 2 objects and 1 directory with all in it",)


def test_what_can_not_be_listed_is_a_failure(tmp_path: Path) -> None:
    """On either side: never taken for alike."""
    one, other = _tree(tmp_path / "1", {"a": "1"}), _tree(tmp_path / "2", {"a": "1"})
    (one / "b").symlink_to("nowhere")
    for pair in ((one, other), (other, one)):
        report = check(*pair)
        assert not report.ok
        assert (report.failed_count, report.same_count) == (1, 1)
        assert "a symbolic link to nothing" in str(report.failures[0].error)


def test_skipped_links_are_told(tmp_path: Path) -> None:
    """They are no difference, since the user left them out."""
    one, other = _tree(tmp_path / "1", {"a": "1"}), _tree(tmp_path / "2", {"a": "1", "b": "1"})
    (one / "b").symlink_to("a")
    report = check(one, other, options={"links": "skip"})
    assert report.ok
    assert report.skipped_count == 1


def test_what_can_not_be_read_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one object, and the others are compared."""

    def unreadable(*_: object) -> bool:
        raise errors.PermissionDeniedError("no")

    monkeypatch.setattr(check_run_module, "same_content", unreadable)
    one, other = _tree(tmp_path / "1", {"a": "1", "b": "1"}), _tree(tmp_path / "2", {"a": "1"})
    report = check(one, other, checksum=True)
    assert _told(report) == [("missing", "b")]
    assert [failure.source for failure in report.failures] == [f"file://{one}/a"]


def test_where_no_checksum_is_told_both_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked for is bytes."""
    monkeypatch.setattr(check_run_module, "same_content", lambda *_: None)
    one, other = _memory({"a": "12", "b": "1"}), _tree(tmp_path, {"a": "13", "b": "1"})
    report = check(one, other, checksum=True)
    assert _told(report) == [("different", "a")]
    assert report.same_count == 1


@pytest.mark.parametrize("side", [0, 1])
def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path, side: int) -> None:
    """And not a tree in which all is missing."""
    pair = [tmp_path, tmp_path / "nope"]
    with pytest.raises(errors.NothingMatchedError, match="no such directory"):
        check(pair[side], pair[1 - side])


def test_nothing_on_both_sides_is_an_error(tmp_path: Path) -> None:
    """Nothing was compared, so nothing is alike."""
    with pytest.raises(errors.NothingMatchedError, match="neither side"):
        check(tmp_path, _memory({}))
    assert _told(check(_memory({}), _memory({"a": ""}))) == [("extra", "a")]


class Last(TransferObserver):
    """Remembers the end."""

    def finished(self, snapshot: Snapshot, report: object) -> None:
        """Remember."""
        del report
        self.snapshot = snapshot


def test_the_progress_counts(tmp_path: Path) -> None:
    """Objects that were found, and those that are alike."""
    observer = Last()
    check(_tree(tmp_path, ONE), _memory(OTHER), progress=observer)
    assert observer.snapshot.operation == "check"
    assert (observer.snapshot.done_count, observer.snapshot.total_count) == (2, 5)


@pytest.mark.parametrize("checksum", [False, True])
def test_a_check_can_be_cancelled(tmp_path: Path, *, checksum: bool) -> None:
    """Nothing is returned that could be taken for an outcome."""
    token = CancelToken()
    token.cancel()
    with pytest.raises(errors.CancelledError):
        check(_tree(tmp_path, ONE), _memory(OTHER), cancel=token, checksum=checksum)


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """They have their place in the order."""
    for tree, name in (("1", b"\x80"), ("2", b"\xff")):
        _tree(tmp_path / tree, {"\u00e9": "1"})
        (tmp_path / tree / os.fsdecode(name)).touch()
    report = check(tmp_path / "1", tmp_path / "2")
    assert _told(report) == [("missing", "\udc80"), ("extra", "\udcff")]
