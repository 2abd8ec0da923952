"""A process that syncs a generated source to a sink that discards it, through the whole of core.

    python -m tools.bench.sync_memory_client sync 200000

The names of the operations are those of `sync_memory`. It fails unless all was done.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from s3dlio_core import operations
from s3dlio_core.registry import register
from s3dlio_core.sorted_page import page_of
from s3dlio_core.store import ListOrder, ObjectInfo, Page
from s3dlio_core.testing import DiscardingSink, GeneratedSource
from tools.bench.plan_memory_client import GeneratedProvider

if TYPE_CHECKING:
    from s3dlio_core.store import ObjectStore

SIZE_BYTES = 16
PREFIX = "x/"
PAGE_SIZE = 1000


class _Chained(Sequence[str]):
    """Two sequences of keys, one behind the other."""

    def __init__(self, one: Sequence[str], other: Sequence[str]) -> None:
        self._one = one
        self._other = other

    def __len__(self) -> int:
        return len(self._one) + len(self._other)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        behind = index - len(self._one)
        return self._one[index] if behind < 0 else self._other[behind]


class ListingSink(DiscardingSink):
    """Discards what is written, and lists objects: the source's first ones, and as many others."""

    def __init__(self, count: int) -> None:
        super().__init__()
        half = count // 2
        self._keys = _Chained(
            GeneratedSource(half, SIZE_BYTES, PREFIX).keys,
            GeneratedSource(half, SIZE_BYTES, f"{PREFIX}only-here/").keys,
        )

    def list_page(
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        """List a page."""
        return page_of(
            self._keys,
            lambda key: ObjectInfo(key, SIZE_BYTES, 0.0),
            self.uri,
            prefix=prefix,
            delimiter=delimiter,
            token=token,
            start_after=start_after,
            page_size=PAGE_SIZE if page_size is None else min(page_size, PAGE_SIZE),
        )


class TreesProvider(GeneratedProvider):
    """Serves `generated://source-COUNT`, `unordered-COUNT` and `sink-COUNT`."""

    def open(self, container: str) -> ObjectStore:
        """Return one of the three."""
        kind, _, count = container.partition("-")
        if kind == "sink":
            return ListingSink(int(count))
        source = GeneratedSource(int(count), SIZE_BYTES, PREFIX)
        if kind == "unordered":
            order = ListOrder.UNSPECIFIED
            source.capabilities = dataclasses.replace(source.capabilities, list_order=order)
        return source


def main() -> None:
    """Do one operation."""
    parser = argparse.ArgumentParser()
    parser.add_argument("operation", choices=("sync", "sync-unordered", "check"))
    parser.add_argument("count", type=int)
    options = parser.parse_args()
    register("generated", TreesProvider)
    count, half = options.count, options.count // 20
    kind = "unordered" if options.operation == "sync-unordered" else "source"
    trees = f"generated://{kind}-{count}/x", f"generated://sink-{half * 2}/x"
    if options.operation == "check":
        found = operations.check(*trees)
        done = found.same_count, found.missing_count, found.extra_count
    else:
        report = operations.sync(*trees, delete=True)
        done = report.skipped_count, report.done_count, report.deleted_count
    if done != (half, count - half, half):
        raise SystemExit(f"alike, missing and extra were {done}")


if __name__ == "__main__":
    main()
