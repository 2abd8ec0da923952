"""A store in memory that remembers how it was listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.memory_store import MemoryStore

if TYPE_CHECKING:
    from s3dlio_core.store import Page

__all__ = ["ListedStore"]


class ListedStore(MemoryStore):
    """A container that remembers what was listed.

    Attributes:
        listed: prefix and delimiter of each request.
        pages: the keys that each answer had.
    """

    def __init__(self, container: str, page_size: int | None = None) -> None:
        """Begin with nothing.

        Args:
            container: its name.
            page_size: how many keys a page has where none is asked for; None: a store's usual.
        """
        super().__init__(container)
        self.listed: list[tuple[str, str]] = []
        self.pages: list[list[str]] = []
        self._page_size = page_size

    def list_page(
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        """List, and remember it."""
        self.listed.append((prefix, delimiter))
        page = super().list_page(
            prefix,
            delimiter=delimiter,
            token=token,
            start_after=start_after,
            page_size=page_size or self._page_size,
        )
        self.pages.append([info.key for info in page.objects])
        return page
