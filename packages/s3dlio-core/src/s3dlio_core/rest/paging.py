"""Listings that a service gives in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from s3dlio_core.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["all_pages"]

_Page = TypeVar("_Page")
_Token = TypeVar("_Token")


def all_pages(
    fetch: Callable[[_Token | None], _Page],
    next_of: Callable[[_Page], _Token | None],
    *,
    operation: str,
    uri: str = "",
) -> Iterator[_Page]:
    """Yield page after page, each fetched when it is wanted.

    Args:
        fetch: asks for the page of a token; None is the first.
        next_of: the token of the page that follows, or None.
        operation: what is asked for, for messages.
        uri: what it is asked of, likewise.

    Raises:
        ServiceError: the service names the same page again, and would do so for ever.
    """
    token = None
    while True:
        page = fetch(token)
        yield page
        following = next_of(page)
        if following is None:
            return
        if following == token:
            raise ServiceError("the service repeats a page", operation=operation, uri=uri)
        token = following
