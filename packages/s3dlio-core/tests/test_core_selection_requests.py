"""Names that look like patterns, and how few requests it takes to read a source."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

import pytest

from s3dlio_core import errors, operations, registry
from s3dlio_core.memory_store import MemoryProvider, MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from s3dlio_core.store import DeleteError, ObjectInfo, ObjectReader, ObjectStore, Page

#: Real keys that look like patterns, and what those would match.
KEYS = (
    "_$folder$",
    "_",
    "price$",
    "price",
    "x[1]",
    "x1",
    "a\\.b",
    "a.b",
    "s*r",
    "star",
    "d/a-1.log",
    "d/a-22.log",
    "d/b.txt",
    "d/e/a-1.log",
)
REAL = ("_$folder$", "price$", "x[1]", "a\\.b", "s*r")


class Recording(MemoryStore):
    """Remembers the requests of all its like."""

    requests: ClassVar[list[str]] = []

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Remember it."""
        self.requests.append(f"head {key}")
        return super().head(key, version=version)

    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Remember it."""
        self.requests.append(f"read {key}")
        return super().open_reader(key, start, stop, if_match=if_match, version=version)

    def list_page(
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        """Remember it."""
        self.requests.append(f"list {prefix} {delimiter}".rstrip())
        return super().list_page(
            prefix,
            delimiter=delimiter,
            token=token,
            start_after=start_after,
            page_size=page_size,
        )

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        """Remember it."""
        gone = list(keys)
        self.requests.append(f"delete {' '.join(gone)}")
        return super().delete_many(gone)


class RecordingProvider(MemoryProvider):
    """Opens such containers."""

    def open(self, container: str) -> ObjectStore:
        """Open one."""
        return Recording(container)


@pytest.fixture
def base() -> Iterator[str]:
    """The URI of a container that records, with KEYS in it."""
    name = uuid.uuid4().hex
    provider = MemoryProvider()
    provider.create_container(name)
    for key in KEYS:
        provider.open(name).put(key, key.encode())
    registry.register("recording", RecordingProvider)
    Recording.requests.clear()
    yield f"recording://{name}"
    registry.unregister("recording")


def _list(uri: str) -> object:
    return list(operations.list(uri))


def _list_deep(uri: str) -> object:
    return list(operations.list(uri, recursive=True))


def _delete_deep(uri: str) -> object:
    return operations.delete(uri, recursive=True)


@pytest.mark.parametrize(
    ("use", "text", "expected"),
    [
        # A name that is there.
        (operations.stat, "price", ["head price"]),
        (operations.get, "price", ["read price"]),
        (operations.exists, "price", ["head price"]),
        (operations.delete, "price", ["head price", "delete price"]),
        (_list, "price", ["head price"]),
        # One that looks like a pattern.
        (operations.stat, "x[1]", ["head x[1]"]),
        (operations.get, "x[1]", ["read x[1]"]),
        (operations.get, "price$", ["read price$"]),
        (operations.delete, "x[1]", ["head x[1]", "delete x[1]"]),
        # A directory.
        (_list, "d/", ["list d/ /"]),
        (_list, "d", ["head d", "list d/", "list d/ /"]),
        (_list_deep, "d/", ["list d/"]),
        (_delete_deep, "d/", ["list d/", "delete d/a-1.log d/a-22.log d/b.txt d/e/a-1.log"]),
        # Patterns: nothing but what can match is listed.
        (_list, "d/a-*.log", ["list d/a- /"]),
        (_list_deep, "d/a-*.log", ["list d/a- /"]),
        (_list, r"d/a-\d\.log", ["list d/a- /"]),
        (_list_deep, r"d/a-\d\.log", ["list d/a-"]),
        (_list, "*/a-1.log", ["list  /", "list d/a-1.log /"]),
        (_list, r"\w/a-1\.log", ["list  /", "list d/ /"]),
        (_list, "d/**/*.txt", ["list d/"]),
        (operations.stat, "d/a-??.log", ["head d/a-??.log", "list d/a- /", "head d/a-22.log"]),
        (operations.get, r"d/b\..*", [r"read d/b\..*", "list d/b. /", "read d/b.txt"]),
        (
            operations.delete,
            "d/a-*",
            ["head d/a-*", "list d/a-*/", "list d/a- /", "delete d/a-1.log d/a-22.log"],
        ),
    ],
)
def test_no_request_too_many(
    base: str, use: Callable[[str], object], text: str, expected: list[str]
) -> None:
    """A name costs one request, a pattern what it takes to list its literal beginning.

    And one to see that it's no directory's name, where something is deleted.
    """
    use(f"{base}/{text}")
    assert expected == Recording.requests


@pytest.mark.parametrize("key", REAL)
def test_an_object_that_looks_like_a_pattern_is_found_by_its_name(base: str, key: str) -> None:
    """It wins over the pattern; no neighbour is described, read or deleted."""
    uri = f"{base}/{key}"
    assert operations.stat(uri).key == key
    assert operations.get(uri) == key.encode()
    assert operations.exists(uri)
    operations.delete(uri)
    assert set(KEYS) - {key} == _keys(base)


@pytest.mark.parametrize("key", REAL)
@pytest.mark.parametrize("recursive", [False, True])
def test_what_was_deleted_takes_no_neighbour_the_second_time(
    base: str, key: str, recursive: bool
) -> None:
    """Nothing is read as a regular expression by a guess; a glob is one, as in a shell."""
    operations.delete(f"{base}/{key}")
    before = _keys(base)
    if key in {"x[1]", "s*r"}:
        operations.delete(f"{base}/{key}", recursive)
        assert before - _keys(base) == ({"x1"} if key == "x[1]" else {"star"})
        return
    with pytest.raises(errors.NothingMatchedError, match=r"literal name.*--regex"):
        operations.delete(f"{base}/{key}", recursive)
    assert before == _keys(base)


def _keys(base: str) -> set[str]:
    store = MemoryStore(base.removeprefix("recording://"))
    return {info.key for info in store.list_page().objects}


@pytest.mark.parametrize("key", REAL)
def test_a_literal_reading_takes_the_name_alone(base: str, key: str) -> None:
    """For every operation."""
    uri = f"{base}/{key}"
    goal = uuid.uuid4().hex
    MemoryProvider().create_container(goal)
    operations.download(uri, f"memory://{goal}/", patterns="literal")
    assert [entry.uri for entry in operations.list(f"memory://{goal}")] == [
        f"memory://{goal}/{key}"
    ]
    (entry,) = operations.list(uri, patterns="literal")
    assert entry.uri.endswith(f"/{key}")
    assert operations.stat(uri, patterns="literal").key == key
    assert operations.get(uri, patterns="literal") == key.encode()
    operations.delete(uri, patterns="literal")
    assert not operations.exists(uri, patterns="literal")
    with pytest.raises(errors.ObjectNotFoundError):
        operations.get(uri, patterns="literal")
    with pytest.raises(errors.NothingMatchedError):
        operations.delete(uri, patterns="literal")


@pytest.mark.parametrize(
    ("patterns", "text", "gone"),
    [
        ("regex", r"price\$", {"price$"}),
        ("regex", "price.?", {"price", "price$"}),
        ("regex", r"d/a-\d+\.log", {"d/a-1.log", "d/a-22.log"}),
        ("glob", "x[1]", {"x1"}),
        ("glob", "d/*.log", {"d/a-1.log", "d/a-22.log"}),
    ],
)
def test_delete_takes_patterns_that_are_asked_for(
    base: str, patterns: str, text: str, gone: set[str]
) -> None:
    """An explicit reading comes before what exists as written."""
    operations.delete(f"{base}/{text}", patterns=patterns)
    assert set(KEYS) - gone == _keys(base)


def test_delete_of_directories_that_a_pattern_matches_needs_recursive(base: str) -> None:
    """As when the directory itself is named."""
    with pytest.raises(errors.UsageError, match="recursive"):
        operations.delete(f"{base}/*/")
    assert set(KEYS) == _keys(base)
    operations.delete(f"{base}/*/", recursive=True)
    assert {key for key in KEYS if "/" not in key} == _keys(base)


@pytest.mark.parametrize("use", [operations.stat, operations.get])
def test_a_pattern_must_match_one_object(base: str, use: Callable[[str], object]) -> None:
    """Several are an error of usage, none is nothing matched."""
    with pytest.raises(errors.UsageError, match="read as a glob, this matches several"):
        use(f"{base}/d/a-*")
    with pytest.raises(errors.NothingMatchedError, match=r"read as a regex.*--literal"):
        use(f"{base}/d/\\d")


@pytest.mark.parametrize("name", [r"C:\users\x", r"a\(\d(", "[z-a]"])
def test_a_missing_name_that_would_be_a_bad_pattern_is_a_missing_name(base: str, name: str) -> None:
    """A program that asks for any name gets the same answer; who means a pattern is told."""
    assert not operations.exists(f"{base}/{name}")
    for use in (operations.stat, operations.get):
        with pytest.raises(errors.ObjectNotFoundError, match=r"Read as a \w+: bad "):
            use(f"{base}/{name}")
    with pytest.raises(errors.UsageError, match="bad "):
        operations.exists(f"{base}/{name}", patterns="glob" if name[0] == "[" else "regex")


def test_the_version_of_a_pattern_is_refused(base: str) -> None:
    """A version is of one object."""
    with pytest.raises(errors.UsageError, match="version"):
        operations.stat(f"{base}/x[1]", version="v", patterns="glob")
    with pytest.raises(errors.UsageError, match="version"):
        operations.copy(f"{base}/x[1]", f"{base}/y", version="v", patterns="regex")
