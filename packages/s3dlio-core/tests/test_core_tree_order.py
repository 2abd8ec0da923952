"""Merging two trees: orders, listings that break theirs, sorting on disk, reading ahead."""

from __future__ import annotations

import itertools
import os
import threading
import uuid
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core import errors
from s3dlio_core.file_store import FileStore
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.session import Place
from s3dlio_core.store import Capabilities, ListError, ListOrder, ObjectInfo, Page
from s3dlio_core.trees import ahead as ahead_module
from s3dlio_core.trees.ahead import read_ahead
from s3dlio_core.trees.disk_rows import DiskRows
from s3dlio_core.trees.merge import merge
from s3dlio_core.trees.order import (
    Found,
    ascending,
    folded_order,
    in_order_of_keys,
    key_order,
    listed,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from s3dlio_core.store import ObjectStore

#: Any key of a service, and any name of a file system.
KEYS = st.text() | st.binary(min_size=1).map(os.fsdecode)
#: Names that meet where one is a directory, or where only bytes tell them apart.
MEETING = st.lists(
    st.sampled_from(["a", "b", "/", "-", ".", "0", "é", "\udc80", "\uffff", "\U0001f600"]),
    min_size=1,
    max_size=5,
).map("".join)


def _found(key: str) -> Found:
    return Found(key_order(key), key, ObjectInfo(key, 1))


def _place(store: ObjectStore, prefix: str = "") -> Place:
    return Place(store, prefix, "")


def _memory(**settings: object) -> MemoryStore:
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return MemoryStore(name, **settings)  # type: ignore[arg-type]


class Scripted(MemoryStore):
    """A store whose listing is what a test says."""

    def __init__(self, pages: Sequence[Page], capabilities: Capabilities | None = None) -> None:
        super().__init__(uuid.uuid4().hex, capabilities=capabilities or Capabilities())
        self._pages: dict[str | None, Page] = {None: pages[0]}
        for page, following in itertools.pairwise(pages):
            assert page.next_token is not None
            self._pages[page.next_token] = following

    def list_page(self, prefix: str = "", *, token: str | None = None, **others: object) -> Page:
        """Return the page of a token."""
        del prefix, others
        return self._pages[token]


def _pages(*pages: Iterable[str]) -> list[Page]:
    several = [tuple(ObjectInfo(key, 1) for key in page) for page in pages]
    last = len(several) - 1
    return [
        Page(objects, next_token=None if number == last else f"t{number}")
        for number, objects in enumerate(several)
    ]


@given(st.lists(KEYS))
def test_keys_are_ordered_by_their_bytes(keys: list[str]) -> None:
    """UTF-8, and undecodable bytes as they are; different keys never are one."""
    ordered = sorted(set(keys), key=key_order)
    assert [os.fsencode(key) for key in ordered if _is_name(key)] == sorted(
        os.fsencode(key) for key in set(keys) if _is_name(key)
    )
    assert len({key_order(key) for key in ordered}) == len(ordered)


def _is_name(key: str) -> bool:
    try:
        os.fsencode(key)
    except UnicodeEncodeError:
        return False
    return True


@given(st.sets(MEETING), st.sets(MEETING))
def test_a_merge_finds_what_both_have(one: set[str], other: set[str]) -> None:
    """In order, each key once, and on the sides that have it."""
    merged = list(
        merge(
            (_found(key) for key in sorted(one, key=key_order)),
            (_found(key) for key in sorted(other, key=key_order)),
        )
    )
    groups = [tuple([found.path for found in side] for side in pair) for pair in merged]
    expected = [
        ([key] if key in one else [], [key] if key in other else [])
        for key in sorted(one | other, key=key_order)
    ]
    assert groups == expected


def test_a_merge_keeps_those_of_one_order_together() -> None:
    """Names that only differ in case, where that makes one name of them."""
    mine = [Found(folded_order(name), name, ObjectInfo(name, 1)) for name in ("A", "a", "b")]
    theirs = [Found(folded_order("a"), "a", ObjectInfo("a", 1))]
    (first, second) = merge(mine, theirs)
    assert [[found.path for found in side] for side in first] == [["A", "a"], ["a"]]
    assert [[found.path for found in side] for side in second] == [["b"], []]


@given(st.sets(MEETING.map(lambda key: key.replace("\udc80", "\u0080"))))
def test_a_memory_store_lists_in_order(keys: set[str]) -> None:
    """Its order is the one that is merged by."""
    store = _memory(page_size_max=3)
    for key in keys:
        store.put(key, b"")
    paths = [found.path for found in listed(_place(store), None)]
    assert paths == sorted(keys, key=key_order)


NAMES = (
    b"a",
    b"a-",
    b"a.b",
    b"a/b",
    b"a0",
    b"b\xff",
    b"b\xc3\xa9",
    b"b\x80/x",
    b"z/\xf0\x9f\x98\x80",
)


def test_a_file_store_lists_in_order(tmp_path: Path) -> None:
    """Directories stand as their names with "/" behind; names that aren't text have their place."""
    for name in NAMES[1:]:
        path = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118 - bytes
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - bytes
        with open(path, "wb"):  # noqa: PTH123 - bytes
            pass
    found = list(listed(_place(FileStore(str(tmp_path))), None))
    assert [os.fsencode(one.path) for one in found] == sorted(NAMES[1:])


def test_what_a_walk_left_out_stands_in_its_place(tmp_path: Path) -> None:
    """A skipped link comes where its name belongs, not at the end of a page."""
    for name in "ac":
        (tmp_path / name).touch()
    (tmp_path / "b").symlink_to("a")
    store = FileStore(str(tmp_path), follow_links=False)
    found = list(listed(_place(store), None))
    assert [one.path for one in found] == ["a", "b", "c"]
    assert isinstance(found[1].found, ListError)


@pytest.mark.parametrize(
    "pages",
    [
        [["b", "a"]],
        [["a", "b"], ["a", "c"]],
        [["a", "b"], ["b"]],
        [["a", "a"]],
        [["\U0001f600", "\uffff"]],  # the order of UTF-16, which Azure has
    ],
)
def test_a_listing_that_breaks_its_order_is_an_error(pages: list[list[str]]) -> None:
    """Within a page and between pages, and a key that comes twice; it stops a run."""
    store = Scripted(_pages(*pages))
    with pytest.raises(errors.ServiceError, match="isn't in order") as caught:
        list(listed(_place(store), None))
    assert caught.value.scope is errors.Scope.CONTAINER


def test_a_listing_without_an_order_is_sorted() -> None:
    """As that of a directory bucket."""
    unordered = Capabilities(list_order=ListOrder.UNSPECIFIED)
    store = Scripted(_pages(["c", "a"], ["b", "\U0001f600", "\uffff"]), unordered)
    found = [one.path for one in listed(_place(store), None)]
    assert found == ["a", "b", "c", "\uffff", "\U0001f600"]


def test_a_listing_without_an_order_has_no_key_twice() -> None:
    """It can't be told which of the two is the object."""
    store = Scripted(_pages(["a"], ["a"]), Capabilities(list_order=ListOrder.UNSPECIFIED))
    with pytest.raises(errors.ServiceError, match="twice"):
        list(listed(_place(store), None))


def test_what_is_hidden_on_purpose_must_not_come_late() -> None:
    """What it hides would have been taken for absent; what merely failed may come late."""
    failed = ListError("a", errors.PermissionDeniedError("no"))
    wanted = ListError("a", errors.NotSupportedError("a link"), wanted=True)
    store = _memory()
    late = [_found("b"), Found(b"a", "a", failed)]
    assert list(ascending(late, store)) == late
    with pytest.raises(errors.ServiceError):
        list(ascending([_found("b"), Found(b"a", "a", wanted)], store))


@given(st.lists(KEYS, unique_by=key_order))
def test_sorting_on_disk_is_sorting(keys: list[str]) -> None:
    """Whatever the keys are."""
    found = [_found(key) for key in keys]
    assert list(in_order_of_keys(found)) == sorted(found, key=lambda one: one.order)


def test_sorting_on_disk_keeps_what_could_not_be_listed() -> None:
    """Errors go through the file, too."""
    error = ListError("b/", errors.PermissionDeniedError("no", uri="x"))
    (first, second) = in_order_of_keys([Found(b"b/", "b/", error), _found("a")])
    assert first.path == "a"
    assert isinstance(second.found, ListError)
    assert str(second.found.error) == "x: no"


def test_an_error_ends_the_sorting() -> None:
    """Nothing is yielded of a listing that broke off."""

    def broken() -> Iterator[Found]:
        yield _found("a")
        raise errors.ServiceError("page 2")

    with pytest.raises(errors.ServiceError, match="page 2"):
        list(in_order_of_keys(broken()))


def test_rows_that_find_no_room_say_so() -> None:
    """An error of the temporary file is one of ours, and stops a run."""
    rows = DiskRows()
    rows.close()
    with pytest.raises(errors.LocalIOError, match="temporary file") as caught:
        rows.add(b"a", b"")
    assert caught.value.scope is errors.Scope.STORE


@given(st.lists(st.integers(), max_size=30), st.integers(1, 7))
def test_reading_ahead_changes_nothing(elements: list[int], size: int) -> None:
    """The same elements in the same order, whatever the batches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ahead_module, "BATCH_SIZE", size)
        assert list(read_ahead(iter(elements))) == elements


def test_reading_ahead_hands_on_what_came_before_an_error() -> None:
    """And then the error."""

    def broken() -> Iterator[int]:
        yield 1
        yield 2
        raise errors.ServiceError("page 2")

    stream = read_ahead(broken())
    assert [next(stream), next(stream)] == [1, 2]
    with pytest.raises(errors.ServiceError, match="page 2"):
        next(stream)


def test_reading_ahead_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few batches wait, and who stops reading ends the thread, which closes the stream."""
    monkeypatch.setattr(ahead_module, "BATCH_SIZE", 1)
    monkeypatch.setattr(ahead_module, "CHECK_S", 0.01)
    closed = threading.Event()
    read: list[int] = []

    def endless() -> Iterator[int]:
        try:
            while True:
                read.append(len(read))
                yield read[-1]
        finally:
            closed.set()

    stream = read_ahead(endless())
    assert next(stream) == 0
    stream.close()
    assert closed.wait(60)
    assert len(read) <= ahead_module.BATCHES_AHEAD_MAX + 3
