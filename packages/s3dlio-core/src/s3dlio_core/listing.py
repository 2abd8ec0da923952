"""Iteration over the pages of a listing."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

from s3dlio_core.errors import Scope, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.store import ListError, ObjectInfo, ObjectStore, Page

__all__ = ["iterate", "iterate_pages"]


def iterate_pages(
    store: ObjectStore, prefix: str = "", *, delimiter: str = "", start_after: str = ""
) -> Iterator[Page]:
    """Yield the pages of a listing.

    Raises:
        ServiceError: the store repeats a token, so it would never end, or lists what wasn't asked
            for: a caller that deletes or maps names relies on the prefix.
    """
    token: str | None = None
    seen: set[int] = set()
    while True:
        # `start_after` belongs to the first page; the token knows the rest.
        page = store.list_page(
            prefix, delimiter=delimiter, token=token, start_after="" if token else start_after
        )
        if prefix:
            _check_prefix(store, prefix, page)
        yield page
        token = page.next_token
        if token is None:
            return
        if hash(token) in seen:
            raise _broken(store, prefix, "repeats its continuation tokens")
        seen.add(hash(token))


def _check_prefix(store: ObjectStore, prefix: str, page: Page) -> None:
    keys = itertools.chain((info.key for info in page.objects), page.prefixes)
    if not all(key.startswith(prefix) for key in keys):
        raise _broken(store, prefix, "has keys without the prefix that was asked for")


def _broken(store: ObjectStore, prefix: str, how: str) -> ServiceError:
    return ServiceError(
        f"the listing {how}",
        operation="list",
        uri=store.uri_of(prefix),
        scope=Scope.CONTAINER,
        hint="The service doesn't keep to its protocol",
    )


def iterate(
    store: ObjectStore, prefix: str = "", *, delimiter: str = ""
) -> Iterator[ObjectInfo | str | ListError]:
    """Yield objects and common prefixes in the order of the listing, then what was left out."""
    for page in iterate_pages(store, prefix, delimiter=delimiter):
        if page.prefixes:
            merged: Iterator[ObjectInfo | str] = heapq.merge(
                page.objects, page.prefixes, key=_key_of
            )
            yield from merged
        else:
            yield from page.objects
        yield from page.errors


def _key_of(found: ObjectInfo | str) -> str:
    return found if isinstance(found, str) else found.key
