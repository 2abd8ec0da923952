"""Iteration over listings, and the end of one that has none."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors
from s3dlio_core.listing import iterate, iterate_pages
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.store import ListError, ObjectInfo, Page
from s3dlio_core.testing.faults import Fault, FaultyStore

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYS = ["a", "b/c", "b/d/e", "b0", "c", "d/x"]


@pytest.fixture(params=[1, 2, 1000])
def store(request: pytest.FixtureRequest) -> MemoryStore:
    """A container with KEYS in it, in pages of each size."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    filled = MemoryStore(name, page_size_max=request.param)
    for key in KEYS:
        filled.put(key, b"")
    return filled


def _names(found: Sequence[ObjectInfo | str | ListError]) -> list[str]:
    return [one if isinstance(one, str) else one.key for one in found]


@pytest.mark.parametrize(
    ("prefix", "delimiter", "expected"),
    [
        ("", "", KEYS),
        ("", "/", ["a", "b/", "b0", "c", "d/"]),
        ("b", "", ["b/c", "b/d/e", "b0"]),
        ("b/", "/", ["b/c", "b/d/"]),
        ("b/d/", "/", ["b/d/e"]),
        ("zz", "", []),
    ],
)
def test_all_pages_are_one_listing(
    store: MemoryStore, prefix: str, delimiter: str, expected: list[str]
) -> None:
    """Objects and common prefixes come in one order, whatever the size of the pages."""
    assert expected == _names(list(iterate(store, prefix, delimiter=delimiter)))


def test_pages_are_fetched_as_they_are_needed(store: MemoryStore) -> None:
    """Whoever takes one object costs one request."""
    faulty = FaultyStore(store)
    next(iterate(faulty))
    assert faulty.count("list_page") == 1


def test_a_listing_begins_after_a_key(store: MemoryStore) -> None:
    """The key belongs to the first request; the token knows the rest."""
    pages = iterate_pages(store, start_after="b/c")
    assert [info.key for page in pages for info in page.objects] == ["b/d/e", "b0", "c", "d/x"]


class Scripted(FaultyStore):
    """Gives these pages, and the last one for ever."""

    def __init__(self, inner: MemoryStore, *pages: Page) -> None:
        super().__init__(inner)
        self.pages = list(pages)

    def list_page(
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        """Give the next one."""
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]


def test_a_token_that_comes_again_is_an_error(store: MemoryStore) -> None:
    """A broken service must not be listed for ever."""
    scripted = Scripted(store, Page((), next_token="same"))
    with pytest.raises(errors.ServiceError, match="repeats"):
        list(iterate(scripted))


def test_an_empty_page_is_no_end(store: MemoryStore) -> None:
    """Only a page without a token is the last."""
    info = ObjectInfo("k", 0)
    scripted = Scripted(store, Page((), next_token="1"), Page((), next_token="2"), Page((info,)))
    assert list(iterate(scripted)) == [info]


def test_what_was_left_out_comes_with_its_page(store: MemoryStore) -> None:
    """Errors of a page follow its objects and don't end the listing."""
    left_out = ListError("d/", errors.PermissionDeniedError("no"))
    one, two = ObjectInfo("a", 0), ObjectInfo("z", 0)
    scripted = Scripted(store, Page((one,), next_token="1", errors=(left_out,)), Page((two,)))
    assert list(iterate(scripted)) == [one, left_out, two]


def test_a_page_that_fails_ends_the_listing(store: MemoryStore) -> None:
    """What came before it was given; the error goes on."""
    store._page_size_max = 1
    faulty = FaultyStore(store, [Fault("list_page", errors.ServiceError("down"), skip=1)])
    found = iterate(faulty)
    assert _names([next(found)]) == ["a"]
    with pytest.raises(errors.ServiceError):
        list(found)
