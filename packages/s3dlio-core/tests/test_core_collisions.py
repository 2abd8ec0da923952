"""Objects that would land on one destination: found while planning, and nothing is overwritten."""

from __future__ import annotations

import unicodedata
import uuid
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3dlio_core import collisions, errors, operations
from s3dlio_core.collisions import SeenKeys, fold, without_shadowed
from s3dlio_core.file_store import store as file_store
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.store import ObjectInfo
from s3dlio_core.transfer.plan import CopyItem, Note, Skipped
from s3dlio_core.transfer.report import Failure

if TYPE_CHECKING:
    from pathlib import Path

    from s3dlio_core.transfer.report import TransferReport


@pytest.fixture
def container() -> MemoryStore:
    """An empty container."""
    return _container()


def _container() -> MemoryStore:
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return MemoryStore(name)


def _fill(store: MemoryStore, *keys: str) -> None:
    for key in keys:
        store.put(key, key.encode())


def _content(store: MemoryStore) -> dict[str, str]:
    found = {}
    for info in store.list_page().objects:
        with store.open_reader(info.key) as reader:
            found[info.key] = reader.read().decode()
    return found


def _files(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()
    }


def _copy(source: MemoryStore, sources: str, goal: object) -> TransferReport:
    """Copy what the names, set apart by spaces, select; none is everything."""
    given = [f"{source.uri}/{one}" for one in sources.split(" ")]
    return operations.copy(given, str(goal), recursive=True, raise_on_failure=False)


# Several sources.


@pytest.mark.parametrize(
    ("sources", "lost", "expected"),
    [
        ("a/ b/", ["b/x"], {"x": "a/x", "y": "a/y", "z": "b/z"}),
        ("b/ a/", ["a/x"], {"x": "b/x", "y": "a/y", "z": "b/z"}),
        ("a/* b/x", ["b/x"], {"x": "a/x", "y": "a/y"}),
        ("b/x a/*", ["a/x"], {"x": "b/x", "y": "a/y"}),
        ("a/[x] b/[x]", ["b/x"], {"x": "a/x"}),
        ("c/d a/ e/d", ["e/d/x"], {"d/x": "c/d/x", "x": "a/x", "y": "a/y"}),
        ("c/d e/d/", [], {"d/x": "c/d/x", "x": "e/d/x"}),
    ],
)
def test_the_later_of_two_objects_of_one_name_fails(
    sources: str, lost: list[str], expected: dict[str, str]
) -> None:
    """The first is copied, the error names it, and the others arrive."""
    source, target = _container(), _container()
    _fill(source, "a/x", "a/y", "b/x", "b/z", "c/d/x", "e/d/x")
    report = _copy(source, sources, f"{target.uri}/")
    assert _content(target) == expected
    assert [source.uri_of(key) for key in lost] == [one.source for one in report.failures]
    for failure in report.failures:
        assert isinstance(failure.error, errors.CollisionError)
        assert expected[failure.destination.removeprefix(f"{target.uri}/")] in failure.error.reason


def test_an_object_that_two_sources_select_is_copied_once() -> None:
    """The second time it is skipped: nothing has gone wrong."""
    source, target = _container(), _container()
    _fill(source, "a.log", "b.log", "b.txt")
    report = _copy(source, "*.log b* a.log", f"{target.uri}/")
    assert sorted(_content(target)) == ["a.log", "b.log", "b.txt"]
    assert (report.ok, report.done_count, report.skipped_count) == (True, 3, 2)


@pytest.mark.parametrize(
    ("sources", "remembers"),
    [
        ("a/", False),
        ("c/d a/x b/z", False),
        ("a/x b/z", False),
        ("c/d a", False),
        ("a/ b/", True),
        ("a/x b/", True),
        ("c/d e/d", True),
        ("c/ e/d", True),
    ],
)
def test_keys_are_remembered_where_sources_may_meet(
    monkeypatch: pytest.MonkeyPatch, sources: str, remembers: bool
) -> None:
    """A single source, and directories of different names, pay nothing for it."""
    made: list[SeenKeys] = []

    class Watched(SeenKeys):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr("s3dlio_core.collisions.SeenKeys", Watched)
    source, target = _container(), _container()
    _fill(source, "a/x", "b/z", "c/d/1", "e/d/2")
    assert _copy(source, sources, f"{target.uri}/").ok
    assert remembers == bool(made)


# Case.


@pytest.fixture
def folding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every directory fold case, as far as the store says."""
    monkeypatch.setattr(file_store, "folds_case", lambda _: True)


@pytest.mark.usefixtures("folding")
def test_keys_that_differ_in_case_alone_collide_where_case_is_folded(
    container: MemoryStore, tmp_path: Path
) -> None:
    """Also in a directory's name, and in how an accent is composed; directories just meet."""
    _fill(container, "A/x", "A/y", "a/X", "a/z", "e\u0301", "\u00e9")
    report = _copy(container, "", tmp_path / "goal")
    assert _files(tmp_path / "goal") == {
        "A/x": "A/x",
        "A/y": "A/y",
        "a/z": "a/z",
        "e\u0301": "e\u0301",
    }
    assert ["a/X", "\u00e9"] == [
        one.source.removeprefix(f"{container.uri}/") for one in report.failures
    ]
    assert all(isinstance(one.error, errors.CollisionError) for one in report.failures)


def test_keys_that_differ_in_case_are_different_elsewhere(
    container: MemoryStore, tmp_path: Path
) -> None:
    """They are where the file system of the tests says so; the store finds out by itself."""
    (tmp_path / "goal").mkdir()
    (tmp_path / "goal" / "Probe").write_text("")
    if (tmp_path / "goal" / "pROBE").exists():
        pytest.skip("this file system folds case")
    _fill(container, "A", "a")
    assert _copy(container, "", tmp_path / "goal").done_count == 2


@pytest.mark.usefixtures("folding")
def test_literal_names_that_differ_in_case_are_refused_where_case_is_folded(
    container: MemoryStore, tmp_path: Path
) -> None:
    """The arguments show it: nothing is copied."""
    _fill(container, "d/A", "e/a")
    with pytest.raises(errors.UsageError, match="both be written"):
        _copy(container, "d/A e/a", tmp_path / "goal")
    assert not (tmp_path / "goal").exists()


@given(st.text(max_size=20))
@example("\u0130")
@example("\u1e9e\u0345")
def test_composition_is_nothing_to_folding(text: str) -> None:
    """Nor is folding twice."""
    folded = fold(text)
    assert [folded] * 3 == [
        fold(unicodedata.normalize("NFC", text)),
        fold(unicodedata.normalize("NFD", text)),
        fold(folded),
    ]


def test_folding_finds_what_file_systems_take_for_one() -> None:
    """Names that macOS or Windows can't keep apart."""
    for one, other in (
        ("README", "readme"),
        ("\u00c9t\u00e9", "e\u0301te\u0301"),
        ("stra\u00dfe", "STRASSE"),
    ):
        assert fold(one) == fold(other)
    assert fold("a") != fold("b")


# The set of keys.


@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4))))
@example([("\udcff", "a"), ("\udcff", "b"), ("\x00", "\udc80"), ("", "")])
def test_the_set_of_keys_is_a_dictionary(pairs: list[tuple[str, str]]) -> None:
    """The first source of a key stays."""
    seen, model = SeenKeys(), dict[str, str]()
    for key, source in pairs:
        assert model.get(key) == seen.add(key, source)
        model.setdefault(key, source)
    seen.close()


@pytest.mark.parametrize("pages_max", [1, 3])
def test_no_room_for_the_keys_stops_the_run(
    monkeypatch: pytest.MonkeyPatch, pages_max: int
) -> None:
    """Going on without them could overwrite something."""
    setup = (f"PRAGMA max_page_count={pages_max}", *collisions._SETUP)
    monkeypatch.setattr(collisions, "_SETUP", setup)
    source, target = _container(), _container()
    _fill(source, *(f"a/{'k' * 900}{number}" for number in range(20)), "b/x")
    with pytest.raises(errors.LocalIOError, match="can't be remembered"):
        operations.copy([f"{source.uri}/a/", f"{source.uri}/b/"], target.uri, raise_on_failure=True)


# An object over others.


def test_a_directory_wins_over_an_object_of_its_name(
    container: MemoryStore, tmp_path: Path
) -> None:
    """One object fails, not all that lie below its name; its neighbours are untouched."""
    _fill(container, "a", "a b", "a-x", "a/1", "a/2", "a/2/3", "b", "b/", "c")
    report = _copy(container, "", tmp_path / "goal")
    assert sorted(_files(tmp_path / "goal")) == ["a b", "a-x", "a/1", "a/2/3", "b", "c"]
    failed = {one.source.removeprefix(f"{container.uri}/"): one.error for one in report.failures}
    assert {"a", "a/2", "b/"} == set(failed)
    assert "a/1" in failed["a"].reason
    assert isinstance(failed["a"], errors.CollisionError)


def test_an_empty_object_over_others_is_a_folder_marker(
    container: MemoryStore, tmp_path: Path
) -> None:
    """It is skipped, as one with a "/" behind is; alone it is an empty file."""
    container.put("a", b"")
    _fill(container, "a/1")
    container.put("b", b"")
    report = _copy(container, "", tmp_path / "goal")
    assert _files(tmp_path / "goal") == {"a/1": "a/1", "b": ""}
    assert (report.ok, report.skipped_count) == (True, 1)


_KEYS = st.lists(
    st.lists(st.sampled_from(["a", "b", "a-", "a!", "aa", "a0"]), min_size=1, max_size=4).map(
        "/".join
    ),
    unique=True,
)


@given(_KEYS)
def test_exactly_the_keys_with_others_below_are_taken_out(keys: list[str]) -> None:
    """In a listing in order: each key once, and no file where a directory is needed."""
    store, destination = MemoryStore("from"), MemoryStore("to")
    items = [CopyItem(store, ObjectInfo(key, 1), key) for key in sorted(keys)]
    entries = list(without_shadowed(iter(items), destination))
    needed = {key for key in keys if any(other.startswith(f"{key}/") for other in keys)}
    copied = [one.key for one in entries if isinstance(one, CopyItem)]
    lost = [one.source for one in entries if isinstance(one, Failure)]
    assert sorted(set(keys) - needed) == sorted(copied)
    assert sorted(store.uri_of(key) for key in needed) == sorted(lost)


def test_what_is_no_copy_goes_through_at_once() -> None:
    """Notes and skipped objects wait for nothing."""
    store = MemoryStore("from")
    item = CopyItem(store, ObjectInfo("a", 1), "a")
    entries = without_shadowed(iter([item, Note("n"), Skipped("s")]), store)
    assert [Note("n"), Skipped("s"), item] == list(entries)
