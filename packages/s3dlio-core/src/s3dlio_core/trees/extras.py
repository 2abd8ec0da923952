"""What only the destination has: remembered on disk until everything is copied, then deleted.

Rules that hold in this file:
- Nothing is deleted before both listings have come to their ends and all is copied.
- All or nothing is refused: one failure of the run, a source that has nothing to copy, or more
  extras than `max_delete` leave them all.
- A refusal is never silent: it is a note beside the failures, or the error of the run.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from s3dlio_core.errors import DeletionRefusedError
from s3dlio_core.trees.disk_rows import DiskRows
from s3dlio_core.trees.order import key_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from s3dlio_core.store import ObjectStore
    from s3dlio_core.transfer.report import TransferReport

__all__ = ["Extras", "refusal_of", "why_kept"]


class Extras:
    """Keys of the destination that the source hasn't."""

    def __init__(self) -> None:
        """Begin with none."""
        self._rows = DiskRows()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, key: str) -> None:
        """Remember a key."""
        self._rows.add(key_order(key), b"")

    def batches(self, size: int) -> Iterator[Sequence[str]]:
        """Yield all keys, so many at a time.

        Args:
            size: of a batch.
        """
        keys = (str(name, "utf-8", "surrogateescape") for name, _ in self._rows.in_order())
        while batch := list(itertools.islice(keys, size)):
            yield batch

    def close(self) -> None:
        """Forget them."""
        self._rows.close()


def why_kept(report: TransferReport) -> str:
    """Return why a run that didn't do everything may delete nothing; "" when it did."""
    if report.stopped_by is not None:
        return "the run was stopped"
    if report.failed_count:
        return f"{report.failed_count} {_objects(report.failed_count)} failed"
    return ""


def refusal_of(
    count: int, *, destination: ObjectStore, prefix: str, matched_any: bool, max_delete: int | None
) -> DeletionRefusedError | None:
    """Return why a run that did everything may delete nothing all the same; None: it may.

    Args:
        count: how many extras there are.
        destination: where they are.
        prefix: what their keys begin with.
        matched_any: whether the source has anything that the filters leave.
        max_delete: how many may be deleted; None: any number.
    """
    found = f"{count} {_objects(count)} of the destination {'is' if count == 1 else 'are'} not"
    if not matched_any:
        reason = (
            f"nothing was deleted: nothing of the source is left to compare with, and {found} in it"
        )
        hint = "To empty a destination on purpose, use delete"
    elif max_delete is not None and count > max_delete:
        reason = f"nothing was deleted: {found} in the source, and max_delete is {max_delete}"
        hint = "A dry run without max_delete lists them"
    else:
        return None
    return DeletionRefusedError(
        reason, operation="delete", uri=destination.uri_of(prefix), hint=hint
    )


def _objects(count: int) -> str:
    return "object" if count == 1 else "objects"
