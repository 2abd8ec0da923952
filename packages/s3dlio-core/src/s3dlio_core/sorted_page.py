"""One page out of keys that are already in order: the listing of `memory://` and of test stores.

Rules that hold in this file:
- Pure: keys, prefix and token in, a page out.
- The time of a page doesn't grow with the number of keys: positions are found by bisection, and a
  rolled-up prefix is stepped over whole.
- A token names the last key or prefix that was given, so a listing goes on at the right place
  whatever was written or deleted in between.
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

from s3dlio_core.errors import NotSupportedError, UsageError
from s3dlio_core.store import ObjectInfo, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["page_of"]


def page_of(
    keys: Sequence[str],
    describe: Callable[[str], ObjectInfo],
    uri: str,
    *,
    prefix: str,
    delimiter: str,
    token: str | None,
    start_after: str,
    page_size: int,
) -> Page:
    """Cut one page out of ascending keys.

    Args:
        keys: in ascending order; looked at by index only.
        describe: gives the description of a key.
        uri: names the store in errors.
        prefix: as of `ObjectStore.list_page`, like all that follow.
        delimiter: "" or "/".
        token: `Page.next_token` of the page before, or None.
        start_after: a key, or "".
        page_size: at most this many objects and prefixes together.

    Raises:
        NotSupportedError: another delimiter.
        UsageError: a token or page size that makes no sense.
    """
    if delimiter not in {"", "/"}:
        raise NotSupportedError(
            f"keys can't be grouped by {delimiter!r}, only by '/'", operation="list", uri=uri
        )
    if page_size < 1:
        raise UsageError(f"a page can't hold {page_size} keys", operation="list", uri=uri)
    index = bisect.bisect_left(keys, prefix)
    if start_after:
        index = max(index, bisect.bisect_right(keys, start_after))
    if token is not None:
        index = max(index, _after_token(keys, token, uri))
    objects: list[ObjectInfo] = []
    prefixes: list[str] = []
    last = ""
    while index < len(keys) and keys[index].startswith(prefix):
        if len(objects) + len(prefixes) == page_size:
            return Page(objects, prefixes, last)
        key = keys[index]
        end = key.find("/", len(prefix)) if delimiter else -1
        if end < 0:
            objects.append(describe(key))
            last, index = f"key:{key}", index + 1
        else:
            prefixes.append(key[: end + 1])
            last = f"prefix:{prefixes[-1]}"
            index = _after_prefix(keys, prefixes[-1])
    return Page(objects, prefixes)


def _after_token(keys: Sequence[str], token: str, uri: str) -> int:
    kind, _, text = token.partition(":")
    if kind == "key":
        return bisect.bisect_right(keys, text)
    if kind == "prefix" and text.endswith("/"):
        return _after_prefix(keys, text)
    raise UsageError("not a token of this store's listing", operation="list", uri=uri)


def _after_prefix(keys: Sequence[str], prefix: str) -> int:
    """Return the index of the first key beyond those under a prefix that ends in "/"."""
    return bisect.bisect_left(keys, prefix[:-1] + chr(ord("/") + 1))
