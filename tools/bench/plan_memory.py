"""Peak memory, CPU and wall time of copies of very many small objects, in core alone.

The source is generated and the sink keeps nothing, so that what grows with the number of objects is
core's: the plan, the queue, the report, and what remembers keys where two sources might meet.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tools.bench.measurement import run_command, summarize

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
    results: list[dict[str, object]] = []
    for operation in operations:
        for count in counts:
            command = [sys.executable, "-m", "tools.bench.plan_memory_client", operation]
            runs = [run_command([*command, str(count)]) for _ in range(run_count)]
            results.append({"operation": operation, "objects": count, **summarize(runs)})
    return {"operations": {name: OPERATIONS[name] for name in operations}, "results": results}
