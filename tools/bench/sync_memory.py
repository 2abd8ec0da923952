"""Peak memory, CPU and wall time of syncs of very many small objects, in core alone.

The source is generated; the destination lists a tenth as many objects, half of them the source's,
and discards what is written. So what grows with the number of objects is core's: both listings,
their merge, the plan, the queue, what is to be deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.bench.in_core import measure_operations

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What `sync_memory_client` can do, and what each shows.
OPERATIONS = {
    "sync": "two listings in order, merged; half of the destination is deleted at the end",
    "sync-unordered": "the same with a source that promises no order: it is sorted on disk first",
    "check": "the same two listings, compared without copying",
}


def measure_syncs(
    *, counts: Sequence[int], run_count: int, operations: Sequence[str] = tuple(OPERATIONS)
) -> dict[str, object]:
    """Do each operation with each number of objects, in a process of its own.

    Args:
        counts: numbers of objects of the source.
        run_count: runs of each.
        operations: names of `OPERATIONS`.

    Raises:
        CommandFailedError: an operation failed, or didn't do all.
    """
    return measure_operations(
        "tools.bench.sync_memory_client",
        {name: OPERATIONS[name] for name in operations},
        counts=counts,
        run_count=run_count,
        sizes=lambda count: {"source_objects": count, "destination_objects": count // 10},
    )
