"""Listings of all depths that leave out excluded directories without reading them.

- In a file system the tree is listed level by level; a directory that is excluded isn't listed.
- An object store is listed flat. A page that ends in an excluded directory is followed by one that
  begins behind it. So filters never cost a request, and save most of those of a large directory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.listing import iterate, iterate_pages
from s3dlio_core.store import ListError, ListOrder, ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.selection.filters import Sieve
    from s3dlio_core.store import ObjectStore

__all__ = ["all_below", "enters", "one_level"]


def enters(sieve: Sieve | None, directory: str) -> bool:
    """Whether a directory, whose key ends in "/", may hold something to take."""
    return sieve is None or sieve.enter(directory)


def one_level(
    store: ObjectStore, prefix: str, sieve: Sieve | None
) -> Iterator[ObjectInfo | str | ListError]:
    """Yield objects, errors and directories of one level, without those that are excluded."""
    for found in iterate(store, prefix, delimiter="/"):
        if not isinstance(found, str) or enters(sieve, found):
            yield found


def all_below(
    store: ObjectStore, prefix: str, sieve: Sieve | None
) -> Iterator[ObjectInfo | ListError]:
    """Yield objects and errors of all depths, in the store's order.

    Args:
        store: is listed.
        prefix: what is found begins with it.
        sieve: says what needn't be listed; objects of other directories aren't filtered here.
    """
    if sieve is not None and sieve.filters.excludes_directories:
        if store.capabilities.directories:
            return _by_levels(store, prefix, sieve)
        if store.capabilities.start_after and store.capabilities.list_order is ListOrder.UTF8:
            return _with_jumps(store, prefix, sieve)
    return _flat(store, prefix)


def _flat(store: ObjectStore, prefix: str) -> Iterator[ObjectInfo | ListError]:
    for page in iterate_pages(store, prefix):
        yield from page.objects
        yield from page.errors


def _by_levels(store: ObjectStore, prefix: str, sieve: Sieve) -> Iterator[ObjectInfo | ListError]:
    # Not a recursion: a tree may be deeper than Python's stack.
    levels = [iterate(store, prefix, delimiter="/")]
    while levels:
        for found in levels[-1]:
            if not isinstance(found, str):
                yield found
            elif sieve.enter(found):
                levels.append(iterate(store, found, delimiter="/"))
                break
        else:
            levels.pop()


def _with_jumps(store: ObjectStore, prefix: str, sieve: Sieve) -> Iterator[ObjectInfo | ListError]:
    pages = iterate_pages(store, prefix)
    while (page := next(pages, None)) is not None:
        yield from page.objects
        yield from page.errors
        if page.next_token is None or not page.objects:
            continue
        if behind := sieve.behind_excluded(page.objects[-1].key):
            pages = iterate_pages(store, prefix, start_after=behind)
