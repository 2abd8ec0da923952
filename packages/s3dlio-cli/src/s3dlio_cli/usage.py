"""What directories hold, added up. Pure; keeps a record of each directory that is to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Total", "Usage"]


@dataclass(slots=True)
class Total:
    """A number of objects, and how many bytes they have together."""

    object_count: int = 0
    size_bytes: int = 0

    def add(self, size_bytes: int, count: int = 1) -> None:
        """Add objects."""
        self.object_count += count
        self.size_bytes += size_bytes


class Usage:
    """The sums of a tree, down to a depth.

    Attributes:
        total: of the whole tree.
    """

    def __init__(self, depth: int = 0) -> None:
        """Begin with nothing.

        Args:
            depth: how many levels of directories get sums of their own.
        """
        self.total = Total()
        self._depth = depth
        self._directories: dict[str, Total] = {}

    def add(self, path: str, size_bytes: int) -> None:
        """Add an object.

        Args:
            path: its name relative to the tree.
            size_bytes: its size.
        """
        self.total.add(size_bytes)
        end = 0
        for _ in range(self._depth):
            end = path.find("/", end) + 1
            if not end:
                return
            self._directories.setdefault(path[:end], Total()).add(size_bytes)

    def directories(self) -> Iterator[tuple[str, Total]]:
        """Yield the directories and their sums, in order, without the whole tree's."""
        for path in sorted(self._directories):
            yield path, self._directories[path]
