"""Iteration over the pages of a listing."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from s3dlio_core.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.store import ListError, ObjectInfo, ObjectStore, Page

__all__ = ["iterate", "iterate_pages"]


def iterate_pages(
    store: ObjectStore, prefix: str = "", *, delimiter: str = "", start_after: str = ""
) -> Iterator[Page]:
    """Yield the pages of a listing.

    Raises:
        ServiceError: the store gave the same token twice: it would never end.
    """
    token: str | None = None
    while True:
        # `start_after` belongs to the first page; the token knows the rest.
        page = store.list_page(
            prefix, delimiter=delimiter, token=token, start_after="" if token else start_after
        )
        yield page
        if page.next_token is None:
            return
        if page.next_token == token:
            raise ServiceError(
                "the listing repeats its continuation token",
                operation="list",
                uri=store.uri_of(prefix),
            )
        token = page.next_token


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
