"""Peak memory, CPU and wall time of copies of very many small objects, in core alone.

The source is generated and the sink keeps nothing, so that what grows with the number of objects is
core's: the plan, the queue, the report, and what remembers keys where two sources might meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.bench.in_core import measure_operations

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What `plan_memory_client` can do, and what each shows.
OPERATIONS = {
    "copy": "one source to a sink",
    "copy-two": "two sources whose objects might get the same names: the keys are remembered",
    "copy-matching": "a regular expression that all keys match",
    "copy-filtered": "an include and two excludes for each key",
    "unchanged": "overwrite=changed where all is there already: the destination is listed, too",
    "dry-run": "what would be done is told, and nothing copied",
}


def measure_plans(
    *, counts: Sequence[int], run_count: int, operations: Sequence[str] = tuple(OPERATIONS)
) -> dict[str, object]:
    """Do each operation with each number of objects, in a process of its own.

    Args:
        counts: numbers of objects.
        run_count: runs of each.
        operations: names of `OPERATIONS`.

    Raises:
        CommandFailedError: an operation failed, or didn't do all.
    """
    return measure_operations(
        "tools.bench.plan_memory_client",
        {name: OPERATIONS[name] for name in operations},
        counts=counts,
        run_count=run_count,
        sizes=lambda count: {"objects": count},
    )
