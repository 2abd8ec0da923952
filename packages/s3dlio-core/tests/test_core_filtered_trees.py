"""Filters over whole trees: what is copied, listed and deleted, and what isn't even listed."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3dlio_core import errors, operations
from s3dlio_core.file_store import FileStore
from s3dlio_core.memory_store import MemoryProvider
from s3dlio_core.selection import Selection, expand
from s3dlio_core.selection.filters import Filters, Sieve
from s3dlio_core.session import Place
from s3dlio_core.testing.faults import FaultyStore
from s3dlio_core.testing.recording import ListedStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from s3dlio_core.store import ObjectStore, Page

TREE = (
    "a.log",
    "a.txt",
    "build/a.txt",
    "build/deep/b.txt",
    "d/a.log",
    "d/build/c.txt",
    "d/e/a.txt",
)


class SmallPages(ListedStore):
    """A container that lists three keys at a time, and what it listed."""

    def __init__(self, container: str) -> None:
        super().__init__(container, page_size=3)


def _container() -> str:
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return name


def _fill(base: str, names: Iterable[str]) -> None:
    for name in names:
        operations.put(f"{base}/{name}", name.encode())


@pytest.fixture(params=["file", "memory"])
def area(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The base of a tree of each kind."""
    base = str(tmp_path / "area") if request.param == "file" else f"memory://{_container()}"
    _fill(base, TREE)
    return base


def _names(base: str) -> list[str]:
    try:
        found = list(operations.list(f"{base}/", recursive=True))
    except errors.NothingMatchedError:
        return []
    return [entry.uri.partition(f"{base}/")[2] for entry in found]


def _generate(store: ObjectStore, filters: Filters, prefix: str = "") -> Iterator[str]:
    selection = Selection("x", Place(store, prefix, "x"))
    found_all = expand(selection, recursive=True, sieve=Sieve(filters, prefix))
    return (found if isinstance(found, str) else found.key for found in found_all)


def _found(store: ObjectStore, filters: Filters, prefix: str = "") -> list[str]:
    return list(_generate(store, filters, prefix))


def _count_reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often each directory is read."""
    scandir, read = os.scandir, Counter[str]()

    def count(path: str | Path) -> object:
        read[str(path).rstrip("/")] += 1
        return scandir(path)

    monkeypatch.setattr("s3dlio_core.file_store.store.folds_case", lambda _: False)  # it reads, too
    monkeypatch.setattr("s3dlio_core.file_store.walk.os.scandir", count)
    return read


def test_an_excluded_directory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its siblings are, each once."""
    _fill(str(tmp_path), TREE)
    read = _count_reads(monkeypatch)
    found = _found(FileStore(str(tmp_path)), Filters(exclude=("build",)))
    assert found == ["a.log", "a.txt", "d/a.log", "d/e/a.txt"]
    assert read == {str(tmp_path): 1, f"{tmp_path}/d": 1, f"{tmp_path}/d/e": 1}


@pytest.fixture
def deep_key(tmp_path: Path) -> Iterator[str]:
    """The key of a file that lies deeper than Python's stack, in directories that hold no other."""
    directories = [tmp_path]
    for _ in range(sys.getrecursionlimit() + 200):
        directories.append(directories[-1] / "d")
        directories[-1].mkdir()
    file = directories[-1] / "f"
    file.touch()
    yield str(file.relative_to(tmp_path))
    file.unlink()
    for directory in reversed(directories[1:]):
        directory.rmdir()


@pytest.mark.parametrize("filters", [{}, {"exclude": "none"}])
def test_each_directory_of_a_deep_tree_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deep_key: str, filters: dict[str, str]
) -> None:
    """With an exclude as without."""
    read = _count_reads(monkeypatch)
    [found] = operations.list(f"{tmp_path}/", recursive=True, **filters)  # type: ignore[arg-type]
    assert found.uri == f"file://{tmp_path}/{deep_key}"
    assert len(read) == deep_key.count("/") + 1
    assert set(read.values()) == {1}


def test_a_listing_of_one_level_looks_into_the_depth(tmp_path: Path, deep_key: str) -> None:
    """A common prefix stands for a file, however deep it lies."""
    (tmp_path / "empty/still").mkdir(parents=True)
    assert deep_key.startswith("d/d/")
    assert FileStore(str(tmp_path)).list_page(delimiter="/").prefixes == ["d/"]


def test_a_large_excluded_prefix_is_jumped_over() -> None:
    """The page that ends in it is followed by one behind it."""
    store = SmallPages(_container())
    for name in ["a", *(f"x/{number:03}" for number in range(100)), "x0", "y/x/1", "z"]:
        store.put(name, b"")
    assert _found(store, Filters(exclude=("x",))) == ["a", "x0", "z"]
    assert store.pages == [["a", "x/000", "x/001"], ["x0", "y/x/1", "z"]]


class NoBeginning(SmallPages):
    """A server that ignores where a page is to begin, or refuses names that no object can have."""

    def __init__(self, container: str, error: errors.S3dlioError | None) -> None:
        super().__init__(container)
        self._error = error

    def list_page(  # noqa: D102 - as in the contract
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        if start_after and self._error is not None:
            raise self._error
        return super().list_page(prefix, delimiter=delimiter, token=token, page_size=page_size)


@pytest.mark.parametrize("error", [None, errors.ServiceError("no such character")])
def test_a_store_that_cannot_jump_is_listed_whole(error: errors.S3dlioError | None) -> None:
    """And nothing is found twice, however many directories are excluded."""
    store = NoBeginning(_container(), error)
    excluded = (f"{directory}/{number}" for directory in ("x", "y") for number in range(9))
    for name in ["a", *excluded, "z"]:
        store.put(name, b"")
    found = itertools.islice(_generate(store, Filters(exclude=("x", "y"))), 10)
    assert list(found) == ["a", "z"]
    assert len(store.pages) <= 8


def test_a_cancelled_jump_is_no_refusal() -> None:
    """The run ends there."""
    store = NoBeginning(_container(), errors.CancelledError("by the user"))
    for name in [*(f"x/{number}" for number in range(9)), "z"]:
        store.put(name, b"")
    with pytest.raises(errors.CancelledError):
        _found(store, Filters(exclude=("x",)))


def test_a_small_excluded_prefix_costs_no_further_page() -> None:
    """Where the page goes on behind it, the next one has its token."""
    store = SmallPages(_container())
    for name in ["a", "x/1", "y", "z"]:
        store.put(name, b"")
    assert _found(store, Filters(exclude=("x",))) == ["a", "y", "z"]
    assert store.pages == [["a", "x/1", "y"], ["z"]]


KEYS = st.sets(
    st.lists(st.sampled_from(["a", "b", "x", "x0", ".x"]), min_size=1, max_size=4).map("/".join),
    max_size=25,
)
EXCLUDES = st.lists(
    st.sampled_from(["x", "x/", "/x", "a/x", "b/**", "?/b", "**/x/a", "re:a/.*", "re:.*/x"]),
    min_size=1,
    max_size=3,
)


@given(KEYS, EXCLUDES, st.sampled_from(["", "a/"]))
def test_jumps_lose_nothing(keys: set[str], exclude: list[str], prefix: str) -> None:
    """Page by page the same is found as when each key is asked for."""
    store = SmallPages(_container())
    for key in keys:
        store.put(key, b"")
    filters = Filters(exclude=tuple(exclude))
    below = (key for key in sorted(keys) if key.startswith(prefix))
    assert _found(store, filters, prefix) == [
        key for key in below if filters.keep_name(key[len(prefix) :])
    ]


@settings(max_examples=60)
@given(KEYS, EXCLUDES, st.booleans())
def test_a_walk_of_a_tree_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, keys: set[str], exclude: list[str], levels: bool
) -> None:
    """In one walk or level by level, the same is found, in order, as when each key is asked for."""
    store = FileStore(str(tmp_path_factory.mktemp("tree")))
    kept = []
    for key in sorted(keys, key=len):
        if not any(other.startswith(f"{key}/") for other in keys):  # no file and directory at once
            store.put(key, b"")
            kept.append(key)
    filters = Filters(exclude=tuple(exclude))
    listed = FaultyStore(store) if levels else store  # the former only has pages
    assert _found(listed, filters) == [key for key in sorted(kept) if filters.keep_name(key)]


@pytest.mark.parametrize("levels", [False, True])
def test_links_that_lead_upwards_end_a_filtered_walk(tmp_path: Path, levels: bool) -> None:
    """As they end one without filters: each is told, and not entered."""
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/f").write_bytes(b"")
    (tmp_path / "a/b/up").symlink_to(tmp_path / "a")
    store = FileStore(str(tmp_path))
    listed = FaultyStore(store) if levels else store
    expected = ["a/b/f", "a/b/up/"]
    assert _found(listed, Filters(exclude=("x",))) == _found(store, Filters()) == expected


def _refuse_to_read(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    scandir = os.scandir

    def refuse(path: str | Path) -> object:
        if str(path).rstrip("/").endswith(f"/{name}"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("s3dlio_core.file_store.walk.os.scandir", refuse)


def test_of_an_excluded_directory_no_entry_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have millions."""
    _fill(str(tmp_path), ("a.txt", *(f"build/{number}" for number in range(100))))
    read = 0
    scandir = os.scandir

    @contextlib.contextmanager
    def count(path: str) -> Iterator[Iterator[os.DirEntry[str]]]:
        def entries() -> Iterator[os.DirEntry[str]]:
            nonlocal read
            for entry in scan:
                read += "build/" in entry.path
                yield entry

        with scandir(path) as scan:
            yield entries()

    monkeypatch.setattr("s3dlio_core.file_store.walk.os.scandir", count)
    assert _found(FileStore(str(tmp_path)), Filters(exclude=("build",))) == ["a.txt"]
    assert read == 0


@pytest.mark.parametrize("exclude", ["build", "build/**", "re:build/.*"])
def test_an_unreadable_directory_that_is_excluded_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exclude: str
) -> None:
    """Nobody asked for what lies in it."""
    _fill(str(tmp_path / "area"), ("a.txt", "build/b.txt"))
    _refuse_to_read(monkeypatch, "build")
    report = operations.copy(
        f"{tmp_path}/area/", f"{tmp_path}/to/", recursive=True, exclude=exclude
    )
    assert (report.done_count, report.failed_count) == (1, 0)
    assert report.notes == ("the filters left out 1 directory with all in it",)


def test_an_unreadable_directory_is_a_failure_where_it_is_not_excluded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in it might be included."""
    _fill(str(tmp_path / "area"), ("a.txt", "build/b.txt"))
    _refuse_to_read(monkeypatch, "build")
    report = operations.copy(
        f"{tmp_path}/area/",
        f"{tmp_path}/to/",
        recursive=True,
        include="*.txt",
        raise_on_failure=False,
    )
    assert (report.done_count, report.failed_count) == (1, 1)


def test_a_broken_link_that_is_filtered_is_no_failure(tmp_path: Path) -> None:
    """Its name says that nobody asked for it."""
    _fill(str(tmp_path / "area"), ("a.txt",))
    (tmp_path / "area/link.log").symlink_to("nowhere")
    report = operations.copy(f"{tmp_path}/area/*", f"{tmp_path}/to/", include="*.txt")
    assert (report.done_count, report.failed_count) == (1, 0)


@pytest.mark.parametrize(
    ("source", "filters", "expected"),
    [
        ("/", {"include": "*.txt"}, [name for name in TREE if name.endswith(".txt")]),
        ("/", {"exclude": ["build", "*.log"]}, ["a.txt", "d/e/a.txt"]),
        ("/", {"include": "d", "exclude": "build"}, ["d/a.log", "d/e/a.txt"]),
        ("/", {"exclude": "/build"}, [name for name in TREE if not name.startswith("build")]),
        ("/", {"include": "a.*", "exclude": "a.txt"}, ["a.log", "d/a.log"]),
        ("/d/", {"include": "build/"}, ["build/c.txt"]),
        ("/d/", {"include": "d"}, []),
        ("/d/", {"include": r"re:[^/]*\.log"}, ["a.log"]),
        ("/*", {"exclude": "build/deep"}, [name for name in TREE if "deep" not in name]),
        ("/**/*.txt", {"exclude": "d"}, ["a.txt", "build/a.txt", "build/deep/b.txt"]),
        ("/d/*/c*", {"include": "build/*"}, ["build/c.txt"]),
        ("/", {"min_size": len("build/deep/b.txt")}, ["build/deep/b.txt"]),
        ("/", {"max_size": len("a.txt")}, ["a.log", "a.txt"]),
        ("/", {"newer": "1h", "include": "a.log"}, ["a.log", "d/a.log"]),
        ("/", {"older": "1h"}, []),
    ],
)
def test_patterns_are_relative_to_the_source(
    area: str, tmp_path: Path, source: str, filters: dict[str, str], expected: list[str]
) -> None:
    """What is kept goes where it goes without filters, whatever the store."""
    to = str(tmp_path / "to")
    report = operations.copy(area + source, f"{to}/", recursive=True, **filters)  # type: ignore[arg-type]
    assert (_names(to) if expected else []) == sorted(expected)
    assert report.done_count == len(expected)
    assert report.ok


def test_a_source_of_which_nothing_is_left_is_no_mistake(area: str, tmp_path: Path) -> None:
    """As every night when nothing is new; and nothing is created."""
    report = operations.copy(f"{area}/", f"{tmp_path}/to/", recursive=True, older="1h")
    assert (report.ok, report.done_count) == (True, 0)
    assert report.notes == (f"the filters left out {len(TREE)} objects",)
    assert not (tmp_path / "to").exists()


def test_objects_that_are_named_are_filtered_too(area: str, tmp_path: Path) -> None:
    """A shell may have expanded a pattern; one note counts them all."""
    sources = [f"{area}/a.log", f"{area}/a.txt", f"{area}/build/deep/b.txt"]
    report = operations.copy(sources, f"{tmp_path}/to/", exclude=["*.log", "b*"])
    assert _names(str(tmp_path / "to")) == ["a.txt"]
    assert report.notes == ("the filters left out 2 objects",)


def test_a_source_that_matches_nothing_is_still_told(area: str, tmp_path: Path) -> None:
    """Filters excuse only what they left out."""
    with pytest.raises(errors.NothingMatchedError):
        operations.copy(f"{area}/none*", f"{tmp_path}/to/", exclude="*.log")


def test_subdirectories_that_are_excluded_are_not_missed(area: str, tmp_path: Path) -> None:
    """Only the other one is counted among those that are left out."""
    report = operations.copy(f"{area}/", f"{tmp_path}/to/", exclude="build")
    assert report.done_count == 2
    assert "1 subdirectory was left out" in " ".join(report.notes)


def test_a_filtered_deletion_leaves_the_rest(area: str) -> None:
    """Neighbours stay, and the directory does."""
    report = operations.delete(f"{area}/d/", recursive=True, include="*.txt", exclude="e")
    assert report.done_count == 1
    assert _names(area) == [name for name in TREE if name != "d/build/c.txt"]


def test_a_filtered_deletion_needs_recursive_for_a_directory(area: str) -> None:
    """Filters make nothing recursive."""
    with pytest.raises(errors.UsageError, match="directory"):
        operations.delete(f"{area}/d", include="*.txt")
    assert _names(area) == list(TREE)


def test_a_deletion_of_which_nothing_is_left_is_no_mistake(area: str) -> None:
    """Nothing is deleted, and a note says why."""
    report = operations.delete([f"{area}/a.log", f"{area}/a.txt"], older="1h")
    assert (report.ok, report.done_count) == (True, 0)
    assert report.notes == ("the filters left out 2 objects",)
    assert _names(area) == list(TREE)


def test_a_filtered_directory_stays(tmp_path: Path) -> None:
    """Also when there is nothing left in it but another directory."""
    (tmp_path / "d/empty").mkdir(parents=True)
    (tmp_path / "d/x.tmp").write_bytes(b"")
    operations.delete(f"{tmp_path}/d", recursive=True, include="*.tmp")
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["empty"]


def test_a_filtered_listing_has_the_rest(area: str) -> None:
    """At all depths."""
    found = operations.list(f"{area}/", recursive=True, include="*.txt", exclude="build")
    assert [entry.uri.partition(f"{area}/")[2] for entry in found] == ["a.txt", "d/e/a.txt"]


def test_a_filtered_listing_of_one_level_leaves_out_excluded_prefixes(area: str) -> None:
    """Others may hold what is included."""
    found = operations.list(f"{area}/", include="*.txt", exclude="build")
    assert [entry.uri.partition(f"{area}/")[2] for entry in found] == ["a.txt", "d/"]


def test_a_listing_of_which_nothing_is_left_is_empty(area: str) -> None:
    """What is there, and filtered, isn't missing."""
    assert not list(operations.list(f"{area}/", recursive=True, include="nothing"))


def test_times_are_those_of_the_files(tmp_path: Path) -> None:
    """An old file is older."""
    _fill(str(tmp_path / "area"), ("new", "old"))
    long_ago_s = time.time() - 10 * 86_400
    os.utime(tmp_path / "area/old", (long_ago_s, long_ago_s))
    operations.copy(f"{tmp_path}/area/", f"{tmp_path}/to/", older="7d")
    operations.copy(f"{tmp_path}/area/", f"{tmp_path}/recent/", newer="7d")
    assert _names(str(tmp_path / "to")) == ["old"]
    assert _names(str(tmp_path / "recent")) == ["new"]


def test_bad_filters_are_told_before_anything_is_done(area: str, tmp_path: Path) -> None:
    """An error of usage."""
    with pytest.raises(errors.UsageError):
        operations.copy(f"{area}/", f"{tmp_path}/to/", recursive=True, exclude="re:(")
    assert not (tmp_path / "to").exists()
