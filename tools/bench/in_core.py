"""Measuring operations of core alone, each in a process of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tools.bench.measurement import run_command, summarize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def measure_operations(
    client: str,
    operations: Mapping[str, str],
    *,
    counts: Sequence[int],
    run_count: int,
    sizes: Callable[[int], Mapping[str, int]],
) -> dict[str, object]:
    """Do each operation with each number of objects.

    Args:
        client: the module that does one: it takes the operation and the number.
        operations: what each shows, by name.
        counts: numbers of objects.
        run_count: runs of each.
        sizes: tells what a number means, for the results.

    Raises:
        CommandFailedError: an operation failed, or didn't do all.
    """
    results: list[dict[str, object]] = []
    for operation in operations:
        for count in counts:
            command = [sys.executable, "-m", client, operation, str(count)]
            runs = [run_command(command) for _ in range(run_count)]
            results.append({"operation": operation, **sizes(count), **summarize(runs)})
    return {"operations": dict(operations), "results": results}
