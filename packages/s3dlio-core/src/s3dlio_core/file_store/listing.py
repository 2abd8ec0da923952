"""Listings of a directory in pages, and the walks that wait for their next page.

Rules that hold here:
- A walk waits where its page ended, so that no directory is read twice; one that was dropped
  meanwhile begins again behind the last thing on the page, which is what the token tells.
- Only so many wait: listings that nobody continues don't pile up.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.file_store.walk import Found, Walk
from s3dlio_core.store import ListError, ObjectInfo, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Listings", "can_begin_keys"]

PAGE_SIZE = 1000
_WALKS_KEPT_MAX = 16


class Listings:
    """The listings of one directory; for any number of threads."""

    def __init__(self, root: str, *, follow_links: bool, own_links: bool) -> None:
        """Begin with none.

        Args:
            root: the directory.
            follow_links: see `Walk`.
            own_links: see `Walk`.
        """
        self._root = root
        self._follow_links = follow_links
        self._own_links = own_links
        self._walks: OrderedDict[tuple[str, str, str], Iterator[Found]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many walks wait."""
        return len(self._walks)

    def page(
        self,
        prefix: str,
        delimiter: str,
        token: str | None,
        start_after: str,
        page_size: int | None,
    ) -> Page:
        """List a page; see `ObjectStore.list_page`."""
        if delimiter not in {"", "/"}:
            raise errors.NotSupportedError(f'the delimiter is "/", not "{delimiter}"')
        if not can_begin_keys(prefix):
            return Page(())
        walk = self._resume(prefix, delimiter, token, start_after)
        page = _take(walk, page_size or PAGE_SIZE)
        if page.next_token is not None:
            self._keep((prefix, delimiter, page.next_token), walk)
        return page

    def entered(
        self, prefix: str, enter: Callable[[str], bool]
    ) -> Iterator[ObjectInfo | ListError]:
        """List in one walk; see `ObjectStore.list_entered`."""
        if not can_begin_keys(prefix):
            return
        for found in self._walk(prefix, "", "", "", enter):
            if not isinstance(found, str):  # which is for those who roll directories up
                yield found

    def clear(self) -> None:
        """Drop the walks that wait."""
        self._walks.clear()

    def _resume(
        self, prefix: str, delimiter: str, token: str | None, start_after: str
    ) -> Iterator[Found]:
        if token is None:
            return self._walk(prefix, delimiter, start_after, "")
        with self._lock:
            walk = self._walks.pop((prefix, delimiter, token), None)
        if walk is not None:
            return walk
        last = token[1:]
        return self._walk(prefix, delimiter, last, last if token[0] == "p" else "")

    def _walk(
        self,
        prefix: str,
        delimiter: str,
        after: str,
        skip: str,
        enter: Callable[[str], bool] | None = None,
    ) -> Iterator[Found]:
        return iter(
            Walk(
                self._root,
                prefix,
                delimiter,
                after,
                skip,
                follow_links=self._follow_links,
                own_links=self._own_links,
                enter=enter,
            )
        )

    def _keep(self, at: tuple[str, str, str], walk: Iterator[Found]) -> None:
        with self._lock:
            self._walks[at] = walk
            if len(self._walks) > _WALKS_KEPT_MAX:
                self._walks.popitem(last=False)


def can_begin_keys(prefix: str) -> bool:
    """Whether any key can begin with this prefix: no walk leaves the root."""
    try:
        os.fsencode(prefix)
    except UnicodeEncodeError:
        return False
    return all(segment not in {"", ".", ".."} for segment in prefix.split("/")[:-1]) and (
        "\x00" not in prefix
    )


def _take(walk: Iterator[Found], page_size: int) -> Page:
    """Take a page from a walk. Its token is the last thing on it: "k" + key or "p" + prefix."""
    objects: list[ObjectInfo] = []
    prefixes: list[str] = []
    left_out: list[ListError] = []
    token = ""
    for found in walk:
        if isinstance(found, ObjectInfo):
            objects.append(found)
            token = "k" + found.key
        elif isinstance(found, str):
            prefixes.append(found)
            token = "p" + found
        else:
            left_out.append(found)
            continue
        if len(objects) + len(prefixes) >= page_size:
            return Page(objects, prefixes, token, left_out)
    return Page(objects, prefixes, None, left_out)
