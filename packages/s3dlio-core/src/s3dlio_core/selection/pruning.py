"""Listings of all depths that leave out excluded directories without reading them.

- A file system's directories are read once each, in one walk; one that is excluded isn't read.
  (A store that has directories, but no such walk, is listed level by level.)
- An object store is listed flat. A page that ends in an excluded directory is followed by one that
  begins behind it. So filters never cost a request, and save most of those of a large directory.
  A server that ignores where a page is to begin, or refuses it, is listed whole instead.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.listing import iterate, iterate_pages
from s3dlio_core.store import ListError, ListOrder, ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.selection.filters import Sieve
    from s3dlio_core.store import ObjectStore, Page

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
            walk = store.list_entered(prefix, sieve.enter)
            return _by_levels(store, prefix, sieve) if walk is None else walk
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
    pages, may_jump = iterate_pages(store, prefix), True
    while (page := next(pages, None)) is not None:
        yield from page.objects
        yield from page.errors
        if not may_jump or page.next_token is None or not page.objects:
            continue
        if behind := sieve.behind_excluded(page.objects[-1].key):
            pages_behind = _pages_behind(store, prefix, behind)
            may_jump = pages_behind is not None
            pages = pages_behind or pages


def _pages_behind(store: ObjectStore, prefix: str, behind: str) -> Iterator[Page] | None:
    """Return the pages of a listing that begins behind a name; None when the store can't do it.

    Some servers ignore where a listing is to begin, may refuse a name that is no object's, or take
    it for the end: where nothing is found behind it, the listing itself has to say so.
    """
    pages = iterate_pages(store, prefix, start_after=behind)
    try:
        first = next(page for page in pages if page.objects or page.errors or not page.next_token)
    except errors.CancelledError:
        raise
    except errors.S3dlioError:
        return None  # if it's no matter of the beginning, the next page meets it, too
    if not first.objects or first.objects[0].key <= behind:
        return None
    return itertools.chain([first], pages)
