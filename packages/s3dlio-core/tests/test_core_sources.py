"""How sources are read, and where their objects go: one table for every pair of stores."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors, operations
from s3dlio_core.memory_store import MemoryProvider, MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3dlio_core.transfer.report import TransferReport

TREE = ("a.txt", "b.txt", "d/a.txt", "d/e/c.txt", "d.txt", "d2/f.txt", "x[1].txt", "x1.txt")


@dataclass
class Area:
    """A directory or a container, and what lies in it."""

    base: str
    root: Path | None = None
    store: MemoryStore = field(default_factory=lambda: MemoryStore("unused"))

    def fill(self, names: Iterable[str]) -> None:
        """Write objects whose content is their own name."""
        for name in names:
            if self.root is None:
                self.store.put(name, name.encode())
            else:
                path = self.root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(name)

    def content(self) -> dict[str, str]:
        """Return what lies in it: name → content."""
        if self.root is not None:
            files = [path for path in self.root.rglob("*") if path.is_file()]
            return {str(path.relative_to(self.root)): path.read_text() for path in files}
        found = {}
        for info in self.store.list_page().objects:
            with self.store.open_reader(info.key) as reader:
                found[info.key] = reader.read().decode()
        return found


def _area(kind: str, path: Path) -> Area:
    if kind == "file":
        path.mkdir()
        return Area(str(path), root=path)
    return _memory()


def _memory() -> Area:
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return Area(f"memory://{name}", store=MemoryStore(name))


@pytest.fixture(params=["file", "memory"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Area:
    """A source of each kind, with TREE in it."""
    area = _area(request.param, tmp_path / "source")
    area.fill(TREE)
    return area


@pytest.fixture(params=["file", "memory"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Area:
    """An empty destination of each kind."""
    return _area(request.param, tmp_path / "target")


def _copy(
    source: Area, sources: str | list[str], target: Area, to: str, *, recursive: bool = False
) -> TransferReport:
    given = [sources] if isinstance(sources, str) else sources
    return operations.copy(
        [source.base + one for one in given], target.base + to, recursive=recursive
    )


@pytest.mark.parametrize(
    ("sources", "to", "recursive", "expected"),
    [
        # One literal object: to exactly that name, or into what ends in "/".
        ("/a.txt", "/new", False, {"new": "a.txt"}),
        ("/a.txt", "/deep/new.txt", False, {"deep/new.txt": "a.txt"}),
        ("/a.txt", "/new/", False, {"new/a.txt": "a.txt"}),
        ("/a.txt", "/", False, {"a.txt": "a.txt"}),
        ("/a.txt", "", False, {"a.txt": "a.txt"}),
        ("/d/e/c.txt", "/x/", False, {"x/c.txt": "d/e/c.txt"}),
        ("/a.txt", "/new", True, {"new": "a.txt"}),
        # Several: always into the destination.
        (["/a.txt", "/d/e/c.txt"], "/new", False, {"new/a.txt": "a.txt", "new/c.txt": "d/e/c.txt"}),
        (["/a.txt", "/a.txt"], "/new", False, {"new": "a.txt"}),
        # A directory keeps its name; with "/" behind, its contents go.
        ("/d", "/new", True, {"new/d/a.txt": "d/a.txt", "new/d/e/c.txt": "d/e/c.txt"}),
        ("/d/", "/new", True, {"new/a.txt": "d/a.txt", "new/e/c.txt": "d/e/c.txt"}),
        ("/d/", "/new/", True, {"new/a.txt": "d/a.txt", "new/e/c.txt": "d/e/c.txt"}),
        ("/d", "", True, {"d/a.txt": "d/a.txt", "d/e/c.txt": "d/e/c.txt"}),
        ("/d/e", "", True, {"e/c.txt": "d/e/c.txt"}),
        # Without recursion: one level.
        ("/d", "/new", False, {"new/d/a.txt": "d/a.txt"}),
        ("/d/", "/new", False, {"new/a.txt": "d/a.txt"}),
        # A glob keeps what follows its literal directory.
        ("/*.txt", "/n", False, {f"n/{n}": n for n in TREE if "/" not in n}),
        ("/d/*.txt", "/n", False, {"n/a.txt": "d/a.txt"}),
        ("/d/*", "/n", False, {"n/a.txt": "d/a.txt"}),
        ("/d/*", "/n", True, {"n/a.txt": "d/a.txt", "n/e/c.txt": "d/e/c.txt"}),
        ("/d*/?.txt", "/n", False, {"n/d/a.txt": "d/a.txt", "n/d2/f.txt": "d2/f.txt"}),
        ("/*/e/*", "/n", False, {"n/d/e/c.txt": "d/e/c.txt"}),
        ("/**/c.txt", "/n", False, {"n/d/e/c.txt": "d/e/c.txt"}),
        ("/d/**", "/n", False, {"n/a.txt": "d/a.txt", "n/e/c.txt": "d/e/c.txt"}),
        ("/{a,b}.txt", "/n", False, {"n/a.txt": "a.txt", "n/b.txt": "b.txt"}),
        ("/[!a].txt", "/n", False, {"n/b.txt": "b.txt", "n/d.txt": "d.txt"}),
        ("/a*", "/n", False, {"n/a.txt": "a.txt"}),
        ("/x[[]1].txt", "/n", False, {"n/x[1].txt": "x[1].txt"}),
        ("/*/", "/n", False, {"n/d/a.txt": "d/a.txt", "n/d2/f.txt": "d2/f.txt"}),
        ("/d*/", "/n", True, {f"n/{n}": n for n in TREE if n.startswith(("d/", "d2/"))}),
        # A regular expression, likewise; without recursion at its own depth.
        (r"/.*\.txt$", "/n", False, {f"n/{n}": n for n in TREE if "/" not in n}),
        (r"/.*\.txt$", "/n", True, {f"n/{n}": n for n in TREE}),
        (r"/d/[a-c]\.txt", "/n", False, {"n/a.txt": "d/a.txt"}),
        (r"/d/[a-c]\.txt", "/n", True, {"n/a.txt": "d/a.txt"}),
        (r"/d\d?/.\.txt", "/n", False, {"n/d/a.txt": "d/a.txt", "n/d2/f.txt": "d2/f.txt"}),
        (r"/(d/)+e/.*", "/n", True, {"n/d/e/c.txt": "d/e/c.txt"}),
        (r"/[ab]+\.txt", "/n", False, {"n/a.txt": "a.txt", "n/b.txt": "b.txt"}),
        (r"/d\d/", "/n", False, {"n/d2/f.txt": "d2/f.txt"}),
        (r"/x\[1\]\.txt", "/n", False, {"n/x[1].txt": "x[1].txt"}),
        # Several of different kinds.
        (["/d2", "/a.txt"], "/n", True, {"n/d2/f.txt": "d2/f.txt", "n/a.txt": "a.txt"}),
        (["/d2/", "/[b]*"], "/n", False, {"n/f.txt": "d2/f.txt", "n/b.txt": "b.txt"}),
    ],
)
def test_where_things_go(
    source: Area,
    target: Area,
    sources: str | list[str],
    to: str,
    recursive: bool,
    expected: dict[str, str],
) -> None:
    """The rules of the module's docstring, the same for files and objects on either side."""
    report = _copy(source, sources, target, to, recursive=recursive)
    assert target.content() == expected
    assert (report.ok, report.done_count) == (True, len(expected))


def test_what_is_not_recursive_says_what_it_left_out(source: Area, target: Area) -> None:
    """Subdirectories are counted in a note."""
    report = _copy(source, "/d", target, "/n")
    (note,) = report.notes
    assert "1 subdirectory was left out" in note
    report = _copy(source, "/", target, "/m")
    assert "2 subdirectories were left out" in report.notes[0]


@pytest.mark.parametrize("missing", ["/zz", "/zz/", "/zz*", "/zz/*", "/**/zz", "/a.txt/", "/d/zz"])
@pytest.mark.parametrize("first", [False, True])
def test_one_of_several_that_is_missing(
    source: Area, target: Area, missing: str, first: bool
) -> None:
    """It is named as unmatched, and the others go where they would have gone."""
    sources = [missing, "/a.txt"] if first else ["/a.txt", missing]
    with pytest.raises(errors.TransferFailedError, match="nothing matched") as caught:
        _copy(source, sources, target, "/n")
    report = caught.value.report
    assert report.unmatched == (source.base + missing,)
    assert target.content() == {"n/a.txt": "a.txt"}
    assert (report.ok, report.done_count, report.failed_count) == (False, 1, 0)
    assert any("zz" in note or "a.txt/" in note for note in report.notes)


@pytest.mark.parametrize("missing", ["/zz", "/zz/", "/zz*", "/zz/*", "/**/zz", "/d/zz/y"])
def test_all_sources_missing(source: Area, tmp_path: Path, missing: str) -> None:
    """That is an error, and nothing is created for nothing."""
    goal = tmp_path / "new" / "directory"
    with pytest.raises(errors.NothingMatchedError):
        operations.copy([source.base + missing, source.base + "/yy"], f"{goal}/")
    assert not goal.parent.exists()


def test_only_directories_without_recursion_match_nothing(source: Area, target: Area) -> None:
    """The error says what was left out."""
    source.fill(["only/deeper/x"])
    with pytest.raises(errors.NothingMatchedError, match="left out"):
        _copy(source, "/only", target, "/n")
    assert target.content() == {}


def test_two_literal_sources_of_one_name_are_refused(source: Area, target: Area) -> None:
    """The second would replace the first: nothing is copied."""
    with pytest.raises(errors.UsageError, match=r"a\.txt"):
        _copy(source, ["/a.txt", "/d/a.txt", "/b.txt"], target, "/n")
    assert target.content() == {}


@pytest.mark.parametrize(
    ("bad", "words"), [("/[z-a]", "z-a"), (r"/a\.(txt", "at character 4"), (r"/[z-a]+\.", "z-a")]
)
def test_a_bad_pattern_is_told_before_anything_is_copied(
    source: Area, target: Area, bad: str, words: str
) -> None:
    """Also when it isn't the first source."""
    with pytest.raises(errors.UsageError, match=words):
        _copy(source, ["/a.txt", bad], target, "/n")
    assert target.content() == {}


@pytest.mark.parametrize("sources", ["/d/", "/d"])
def test_a_directory_is_not_copied_into_itself(source: Area, sources: str) -> None:
    """The listing would find the copies, and theirs, and theirs."""
    with pytest.raises(errors.UsageError, match="into itself"):
        _copy(source, sources, source, "/d/copy", recursive=True)
    assert sorted(source.content()) == sorted(TREE)


@pytest.mark.parametrize("pattern", ["/**", "/*", "/d/**/*", "/{d,d2}"])
def test_a_glob_leaves_its_own_destination_out(source: Area, pattern: str) -> None:
    """What lies in the destination is not copied into it once more."""
    source.fill(["d/copy/old"])
    before = source.content()
    _copy(source, pattern, source, "/d/copy/", recursive=True)
    added = {key: name for key, name in source.content().items() if key not in before}
    assert added
    assert "d/copy/old" not in added.values()
    assert not any(key.count("copy") > 1 for key in added)


def test_a_directory_is_copied_beside_itself(source: Area) -> None:
    """A name that begins like the source's is another directory."""
    _copy(source, "/d/", source, "/d-copy", recursive=True)
    assert source.content()["d-copy/e/c.txt"] == "d/e/c.txt"


def test_dotted_names_take_no_neighbours(source: Area, target: Area) -> None:
    """`d` is the directory d, never d.txt or d2."""
    _copy(source, "/d", target, "", recursive=True)
    assert sorted(target.content()) == ["d/a.txt", "d/e/c.txt"]


# What only local paths have.


def test_a_path_that_exists_as_written_is_literal(tmp_path: Path, target: Area) -> None:
    """Signs of a glob in a file's own name mean themselves."""
    source = _area("file", tmp_path / "source")
    source.fill(["x[1].txt", "x1.txt", "a*b", "axb", "d{1,2}/f"])
    _copy(source, ["/x[1].txt", "/a*b", "/d{1,2}"], target, "/n", recursive=True)
    assert sorted(target.content()) == ["n/a*b", "n/d{1,2}/f", "n/x[1].txt"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (".", {"a": "a", "d/b": "d/b"}),
        ("./", {"a": "a", "d/b": "d/b"}),
        ("d/..", {"a": "a", "d/b": "d/b"}),
        ("d/.", {"b": "d/b"}),
        ("d", {"d/b": "d/b"}),
        ("./d", {"d/b": "d/b"}),
        ("./*", {"a": "a", "d/b": "d/b"}),
        ("file://./d/", {"b": "d/b"}),
    ],
)
def test_relative_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, expected: dict[str, str]
) -> None:
    """A path is relative to the working directory; "." and ".." give their contents."""
    source, target = _area("file", tmp_path / "source"), _memory()
    source.fill(["a", "d/b"])
    monkeypatch.chdir(tmp_path / "source")
    operations.copy(given, target.base, recursive=True)
    assert target.content() == expected


def test_paths_may_be_path_objects(tmp_path: Path) -> None:
    """Any os.PathLike will do, for sources and destination, alone or in a list."""
    source = _area("file", tmp_path / "source")
    source.fill(["a", "b"])
    operations.upload(tmp_path / "source" / "a", tmp_path / "one" / "x")
    operations.upload([tmp_path / "source" / "a", tmp_path / "source" / "b"], tmp_path / "two")
    assert (tmp_path / "one" / "x").read_text() == "a"
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == ["a", "b"]


def test_one_file_goes_into_an_existing_directory(tmp_path: Path) -> None:
    """Also without a "/" behind its name, as with cp."""
    source = _area("file", tmp_path / "source")
    source.fill(["a"])
    (tmp_path / "there").mkdir()
    operations.copy(tmp_path / "source" / "a", tmp_path / "there")
    assert (tmp_path / "there" / "a").read_text() == "a"


@pytest.mark.parametrize("to", ["file/below", "file/", "file/below/deeper"])
def test_a_destination_below_a_file_is_a_clear_error(source: Area, tmp_path: Path, to: str) -> None:
    """The message says that a file is in the way, and the file is untouched."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(errors.S3dlioError, match="file stands"):
        operations.copy(source.base + "/d/", tmp_path / to)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_what_is_no_regular_file_is_no_source(tmp_path: Path, kind: str) -> None:
    """The message says so, and nothing waits for a writer."""
    path = Path("/dev/zero")
    if kind == "fifo":
        path = tmp_path / "fifo"
        os.mkfifo(path)
    with pytest.raises(errors.NothingMatchedError, match="no regular file"):
        operations.copy(path, tmp_path / "x")


# What only object stores have.


def test_odd_keys_survive_between_object_stores() -> None:
    """Empty segments, leading slashes, dots, percent signs and markers are exact."""
    source, target = _memory(), _memory()
    keys = ["/lead", "a//b", "a/./b", "a/../b", "%41", "a+b c", "é\n\U0001f600", "mark/", "?#"]
    source.fill(keys)
    operations.copy(source.base + "/", target.base, recursive=True)
    assert sorted(target.content()) == sorted(keys)


@pytest.mark.parametrize(
    ("key", "name"),
    [("/lead", "lead"), ("a//b", "b"), ("x/..", ".."), ("a/%41", "%41"), ("a/b#c?", "b#c?")],
)
def test_an_odd_key_is_found_as_it_is_written(key: str, name: str) -> None:
    """A source keeps its last segment, whatever stands in it."""
    source, target = _memory(), _memory()
    source.fill([key, "other"])
    operations.copy(f"{source.base}/{key.replace('?', '[?]')}", f"{target.base}/n/")
    assert target.content() == {f"n/{name}": key}


def test_keys_that_are_no_safe_file_names_fail_alone(tmp_path: Path) -> None:
    """Nothing is written outside the destination; the others arrive."""
    source = _memory()
    source.fill(["d/ok", "d/../../up", "d//empty", "d/./dot", "d/..", "d/x\x00y"])
    goal = tmp_path / "in" / "goal"
    report = operations.download(source.base + "/d/", goal, raise_on_failure=False)
    assert (report.done_count, report.failed_count) == (1, 5)
    assert all(isinstance(one.error, errors.InvalidKeyError) for one in report.failures)
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()] == [
        "in/goal/ok"
    ]


def test_folder_markers_are_skipped_on_the_way_to_directories(tmp_path: Path) -> None:
    """They are counted as skipped; one with content is a failure, since it would be lost."""
    source = _memory()
    source.store.put("d/", b"")
    source.store.put("d/e/", b"")
    source.store.put("d/full/", b"content")
    source.fill(["d/a"])
    report = operations.download(source.base + "/d/", tmp_path / "x", raise_on_failure=False)
    assert (report.done_count, report.skipped_count, report.failed_count) == (1, 2, 1)
    assert [path.name for path in (tmp_path / "x").rglob("*")] == ["a"]


def test_a_marker_of_the_source_itself_needs_no_key() -> None:
    """The contents of `d/` go to a container's root: the marker has no name left there."""
    source, target = _memory(), _memory()
    source.store.put("d/", b"")
    source.fill(["d/a"])
    report = operations.copy(source.base + "/d/", target.base)
    assert target.content() == {"a": "d/a"}
    assert (report.ok, report.skipped_count) == (True, 1)


def test_a_literal_object_wins_over_a_prefix() -> None:
    """When both `d` and `d/a` are there, `d` names the object."""
    source, target = _memory(), _memory()
    source.fill(["d", "d/a"])
    operations.copy(source.base + "/d", target.base + "/", recursive=True)
    assert target.content() == {"d": "d"}


def test_a_missing_source_container_stops_everything(target: Area, tmp_path: Path) -> None:
    """It is no source that matches nothing, and no hint says to create it."""
    with pytest.raises(errors.ContainerNotFoundError) as caught:
        operations.copy([f"memory://{uuid.uuid4().hex}/a", str(tmp_path)], target.base)
    assert "create" not in str(caught.value)
