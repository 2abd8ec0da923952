"""Copying what is named one by one: how lists are read, where names lead, and what is asked."""

from __future__ import annotations

import io
import os
import threading
import uuid
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core import errors, operations
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.selection.names_from import read_lines, read_nul
from s3dlio_core.transfer.events import CancelToken, TransferObserver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3dlio_core.store import ObjectInfo
    from s3dlio_core.transfer.report import Failure

TREE = ("a.txt", "b c.txt", "d/a.txt", "d/e/c.txt", "é.txt")


@pytest.fixture(params=["file", "memory"])
def area(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The base of a tree of each kind: each object's content is its name."""
    if request.param == "file":
        base = f"file://{tmp_path}/area"
    else:
        name = uuid.uuid4().hex
        MemoryProvider().create_container(name)
        base = f"memory://{name}"
    for name in TREE:
        operations.put(f"{base}/{name}", name.encode())
    return base


def _content(root: Path) -> dict[str, str]:
    files = [path for path in root.rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_text() for path in files}


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"\n \n# note\n#a\na # b\n", ["a # b"]),
        (b" a \n", [" a "]),
        (b"a\rb\n", ["a\rb"]),
        (b"\xc3\xa9\n\xff\n", ["é", "\udcff"]),
    ],
)
def test_a_list_of_lines_is_read(content: bytes, names: list[str]) -> None:
    """Blank lines and notes are no names; everything else is, as it is."""
    assert list(read_lines(io.BytesIO(content))) == names


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"", []),
        (b"a\0b", ["a", "b"]),
        (b"\0a\0\0", ["a"]),
        (b"#a\0 \0a\nb\r\n\0\xff\0", ["#a", " ", "a\nb\r\n", "\udcff"]),
    ],
)
def test_a_list_with_nul_bytes_is_read(content: bytes, names: list[str]) -> None:
    """Only an empty name is none."""
    assert list(read_nul(io.BytesIO(content))) == names


@given(st.lists(st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name)))
def test_every_name_survives_a_list_with_nul_bytes(names: list[bytes]) -> None:
    """Also what isn't text."""
    content = b"".join(name + b"\0" for name in names)
    assert [os.fsencode(name) for name in read_nul(io.BytesIO(content))] == names


def test_a_list_of_many_pieces_is_read_whole() -> None:
    """Names that lie across two reads, too."""
    names = [f"{number:07}" for number in range(50_000)]
    assert list(read_lines(io.BytesIO("\n".join(names).encode()))) == names


def test_a_list_that_cannot_be_read_stops_the_run(area: str, tmp_path: Path) -> None:
    """The error says that it's the list."""

    class Broken(io.RawIOBase):
        def read(self, _: int = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(errors.LocalIOError, match="list of names can't be read: Input"):
        operations.copy(f"{area}/", f"{tmp_path}/to/", names=read_lines(Broken()))  # type: ignore[arg-type]


def test_relative_names_lie_below_the_source(area: str, tmp_path: Path) -> None:
    """And keep their path, as they do without a list; nothing else is copied."""
    names = ["d/e/c.txt", "a.txt", "é.txt"]
    report = operations.copy(f"{area}/", f"{tmp_path}/to/", names=names)
    assert report.done_count == 3
    assert _content(tmp_path / "to") == {name: name for name in names}


def test_a_directory_keeps_its_name(area: str, tmp_path: Path) -> None:
    """`d` gives `d/…`, as it does without a list."""
    operations.copy(f"{area}/d", f"{tmp_path}/to/", names=["e/c.txt"])
    assert _content(tmp_path / "to") == {"d/e/c.txt": "d/e/c.txt"}


def test_whole_uris_lie_in_any_of_the_sources(area: str, tmp_path: Path) -> None:
    """Directories, objects and the directories of patterns."""
    sources = [f"{area}/d/", f"{area}/a.txt", f"{area}/b*"]
    names = [f"{area}/{name}" for name in ("d/e/c.txt", "b c.txt", "a.txt")]
    operations.copy(sources, f"{tmp_path}/to/", names=names)
    assert _content(tmp_path / "to") == {
        "e/c.txt": "d/e/c.txt",
        "b c.txt": "b c.txt",
        "a.txt": "a.txt",
    }


def test_absolute_paths_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the source is written so or not."""
    (tmp_path / "area").mkdir()
    (tmp_path / "area/x").write_text("x")
    monkeypatch.chdir(tmp_path)
    for number, source in enumerate(("area", "./area/", f"{tmp_path}/area", "file://./area")):
        names = [str(tmp_path / "area/x"), "file://./area/x"]
        report = operations.copy(source, f"to{number}/", names=names)
        assert (report.done_count, report.skipped_count) == (1, 1)


def test_names_of_find_are_understood(tmp_path: Path) -> None:
    """It puts "./" in front."""
    (tmp_path / "area").mkdir()
    (tmp_path / "area/x").write_text("x")
    operations.copy(f"{tmp_path}/area/", f"{tmp_path}/to/", names=["./x", ".//./x"])
    assert _content(tmp_path / "to") == {"x": "x"}


def test_keys_of_an_object_store_are_exact(tmp_path: Path) -> None:
    """A "./" is part of them, and so is what looks like a way up."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    store = MemoryStore(name)
    for key in ("p/./x", "p//y", "p/http://z"):
        store.put(key, key.encode())
    names = ["./x", "/y", "http://z"]
    to = uuid.uuid4().hex
    MemoryProvider().create_container(to)
    report = operations.copy(f"memory://{name}/p/", f"memory://{to}", names=names)
    assert report.done_count == 3
    assert [info.key for info in MemoryStore(to).list_page().objects] == ["./x", "/y", "http://z"]


def test_a_name_is_copied_once(area: str, tmp_path: Path) -> None:
    """However often and however it is written."""
    names = ["a.txt", f"{area}/a.txt", "a.txt"]
    report = operations.copy(f"{area}/", f"{tmp_path}/to/", names=names)
    assert (report.done_count, report.skipped_count) == (1, 2)


def test_a_name_with_a_slash_behind_means_all_below(area: str, tmp_path: Path) -> None:
    """Lists of failures name directories so that couldn't be read."""
    report = operations.copy(f"{area}/", f"{tmp_path}/to/", names=["d/"])
    assert report.done_count == 2
    assert sorted(_content(tmp_path / "to")) == ["d/a.txt", "d/e/c.txt"]


def test_the_source_itself_can_be_named(area: str, tmp_path: Path) -> None:
    """With or without its slash, as a list of failures has it when it couldn't be read."""
    for number, name in enumerate((area, f"{area}/")):
        report = operations.copy(f"{area}/", f"{tmp_path}/{number}/", names=[name])
        assert report.done_count == len(TREE)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none.txt", "no such"),
        ("none/", "nothing lies below it"),
        ("SCHEME/elsewhere/x", ""),
        ("AREA-x/a.txt", "none of the sources"),
        ("SCHEME", ""),
    ],
)
def test_a_name_that_leads_nowhere_is_a_failure(
    area: str, tmp_path: Path, name: str, reason: str
) -> None:
    """The others are copied."""
    scheme = area.partition("//")[0] + "//"
    written = name.replace("SCHEME", scheme).replace("AREA", area)
    report = operations.copy(
        f"{area}/", f"{tmp_path}/to/", names=["a.txt", written], raise_on_failure=False
    )
    assert _content(tmp_path / "to") == {"a.txt": "a.txt"}
    (failure,) = report.failures
    assert reason in str(failure.error).lower()
    assert name.removeprefix("SCHEME").removeprefix("AREA") in failure.source


@pytest.mark.parametrize("name", ["../secret", "d/../../secret", "/etc/passwd", "d//a.txt", "a\0b"])
def test_no_name_leads_out_of_a_directory(tmp_path: Path, name: str) -> None:
    """It is that name's failure."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "area/d").mkdir(parents=True)
    (tmp_path / "area/d/a.txt").write_text("a")
    report = operations.copy(
        f"{tmp_path}/area/", f"{tmp_path}/to/", names=[name], raise_on_failure=False
    )
    assert (report.done_count, report.failed_count) == (0, 1)
    assert not _content(tmp_path / "to")


def test_a_relative_name_needs_one_directory(area: str, tmp_path: Path) -> None:
    """Otherwise it isn't said where it lies."""
    for sources in ([f"{area}/", f"{area}/d/"], [f"{area}/a.txt"]):
        report = operations.copy(
            sources, f"{tmp_path}/to/", names=["a.txt"], raise_on_failure=False
        )
        (failure,) = report.failures
        assert "relative name needs one source" in str(failure.error)


def test_nothing_is_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each name is one question."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    MemoryStore(name).put("p/x", b"x")
    monkeypatch.setattr(
        "s3dlio_core.memory_store.MemoryStore.list_page",
        lambda *_, **__: pytest.fail("nothing is to be listed"),
    )
    report = operations.copy(f"memory://{name}/p/", f"{tmp_path}/to/", names=["x"])
    assert report.done_count == 1


def test_names_are_looked_up_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each answer may take as long as the way to the service."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    keys = ("a", "b", "c", "d")
    for key in keys:
        MemoryStore(name).put(key, b"x")
    together = threading.Barrier(len(keys))
    head = MemoryStore.head

    def wait_for_the_others(store: MemoryStore, key: str, **keywords: str | None) -> ObjectInfo:
        together.wait(60)
        return head(store, key, **keywords)

    monkeypatch.setattr(MemoryStore, "head", wait_for_the_others)
    report = operations.copy(f"memory://{name}/", f"{tmp_path}/to/", len(keys), names=keys)
    assert report.done_count == len(keys)


def test_names_are_read_as_they_are_needed(area: str, tmp_path: Path) -> None:
    """A list without end doesn't keep a run from its first object, and ends with it."""

    def endless() -> Iterator[str]:
        while True:
            yield from ("a.txt", "none")

    cancel = CancelToken()

    class CancelAtFailure(TransferObserver):
        def failed(self, failure: Failure) -> None:
            cancel.cancel()

    with pytest.raises(errors.CancelledError):
        operations.copy(
            f"{area}/",
            f"{tmp_path}/to/",
            names=endless(),
            cancel=cancel,
            progress=CancelAtFailure(),
        )


def test_filters_hold_for_names(area: str, tmp_path: Path) -> None:
    """Their paths are those below the source."""
    names = ["a.txt", "d/a.txt", "d/e/c.txt"]
    report = operations.copy(f"{area}/", f"{tmp_path}/to/", names=names, exclude="e")
    assert sorted(_content(tmp_path / "to")) == ["a.txt", "d/a.txt"]
    assert report.notes == ("the filters left out 1 object",)


def test_an_empty_list_is_no_mistake(area: str, tmp_path: Path) -> None:
    """A run without failures leaves one; nothing is created."""
    report = operations.copy(f"{area}/", f"{tmp_path}/to/", names=[])
    assert (report.ok, report.done_count) == (True, 0)
    assert report.notes == ("the list of names is empty",)
    assert not (tmp_path / "to").exists()


def test_a_dry_run_tells_what_names_lead_to(area: str, tmp_path: Path) -> None:
    """In their order."""
    report = operations.copy(
        f"{area}/", f"{tmp_path}/to/", names=["d/a.txt", "a.txt"], dry_run=True
    )
    assert [one.source for one in report.planned] == [f"{area}/d/a.txt", f"{area}/a.txt"]
    assert not (tmp_path / "to").exists()


def test_a_text_is_no_list_of_names(area: str, tmp_path: Path) -> None:
    """Its characters aren't meant."""
    with pytest.raises(TypeError, match="names"):
        operations.copy(f"{area}/", f"{tmp_path}/to/", names="a.txt")


def test_a_version_and_names_are_refused(area: str, tmp_path: Path) -> None:
    """A version is of one object."""
    with pytest.raises(errors.UsageError, match="version"):
        operations.copy(f"{area}/a.txt", f"{tmp_path}/to/", names=["a.txt"], version="1")


def test_a_list_without_its_separator_is_refused() -> None:
    """A list of lines that is read as one with NUL bytes has one endless name."""
    with pytest.raises(errors.UsageError, match="more than 1048576 bytes"):
        list(read_nul(io.BytesIO(b"name\n" * 400_000)))


@pytest.mark.parametrize("name", [5, b"a.txt"])
def test_a_name_of_another_type_is_a_mistake_of_the_program(
    area: str, tmp_path: Path, name: object
) -> None:
    """It is named."""
    with pytest.raises(TypeError, match="a name is a text"):
        operations.copy(f"{area}/", tmp_path / "to", names=[name])  # type: ignore[list-item]


def test_a_directory_that_is_named_is_not_copied_into_itself(tmp_path: Path) -> None:
    """Also without `recursive`, since its name takes all below."""
    (tmp_path / "src" / "m").mkdir(parents=True)
    (tmp_path / "src" / "a").write_text("a")
    with pytest.raises(errors.UsageError, match="into itself"):
        operations.copy(f"{tmp_path}/src/", f"{tmp_path}/src/m/", names=["./"])
    assert list((tmp_path / "src" / "m").iterdir()) == []


@pytest.mark.parametrize("other", ["s3://b/a.txt", "file:///elsewhere/a.txt"])
def test_a_uri_of_another_store_lies_in_none_of_the_sources(tmp_path: Path, other: str) -> None:
    """It isn't read as a relative name."""
    operations.put(tmp_path / "from" / "a.txt", b"a")
    report = operations.copy(
        f"{tmp_path}/from/", tmp_path / "to", names=[other, "a.txt"], raise_on_failure=False
    )
    assert report.done_count == 1
    assert ["lies in none of the sources" in str(one.error) for one in report.failures] == [True]
