"""A client process that writes or reads one large file with s3dlio, and tells what it took.

    python -m tools.bench.direct_io_client store write direct:///tmp/x/file --size 4294967296 \
        --block 1048576 --threads 8

`store` makes the contract's own calls: each thread has a share of the file, and memory of one block
such as the engine's; it reads its share with one reader and a `readinto` for each block, or writes
it with a `put_part` for each block into one upload. `engine` makes one call of `copy`, from a
generated source or to a sink that discards, with as many jobs and parts of a block.

It prints one JSON object. `transfer_s` and `transfer_cpu_s` are without the interpreter's start,
and for the store without opening it, beginning the upload with its preallocation, and completing
it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core import operations
from s3dlio_core.registry import register
from s3dlio_core.testing import GeneratedSource
from s3dlio_core.transfer.buffers import BufferPool
from tools.bench.plan_memory_client import GeneratedProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_core.store import ObjectStore, Part


class SizedProvider(GeneratedProvider):
    """Serves `generated://SIZE`, a source of one object of so many bytes, and the sink."""

    def open(self, container: str) -> ObjectStore:
        """Return one of the two."""
        return GeneratedSource(1, int(container)) if container.isdecimal() else super().open("sink")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much, and in which pieces."""

    size_bytes: int
    block_bytes: int
    threads: int


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(before: tuple[float, float]) -> dict[str, float]:
    wall_s, cpu_s = _clocks()
    return {"transfer_s": wall_s - before[0], "transfer_cpu_s": cpu_s - before[1]}


def on_threads(
    count: int, work: Callable[[int, memoryview], None], block_bytes: int
) -> dict[str, float]:
    """Let threads work at the same time, each with its own memory; what that took."""
    pool = BufferPool(budget_bytes=sys.maxsize)
    ready = threading.Barrier(count + 1)
    start = threading.Barrier(count + 1)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        buffer = pool.lend(block_bytes).view
        buffer[:] = os.urandom(block_bytes)
        ready.wait()
        start.wait()
        try:
            work(number, buffer)
        except BaseException as failure:  # noqa: BLE001 - the main thread raises it
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    ready.wait()
    before = _clocks()
    start.wait()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return _since(before)


def read_by_store(store: ObjectStore, name: str, sizes: Sizes) -> dict[str, float]:
    """Read a file with the contract's calls."""
    share = sizes.size_bytes // sizes.threads

    def work(number: int, buffer: memoryview) -> None:
        done = 0
        with store.open_reader(name, number * share, (number + 1) * share) as reader:
            while piece := reader.readinto(buffer):
                done += piece
        if done != share:
            raise SystemExit(f"{done} of {share} bytes were read")

    return on_threads(sizes.threads, work, sizes.block_bytes)


def write_by_store(store: ObjectStore, name: str, sizes: Sizes) -> dict[str, float]:
    """Write a file with the contract's calls."""
    share, block = sizes.size_bytes // sizes.threads, sizes.block_bytes
    parts: list[list[Part]] = [[] for _ in range(sizes.threads)]
    upload = store.create_multipart(name, size_bytes=sizes.size_bytes, part_size_bytes=block)

    def work(number: int, buffer: memoryview) -> None:
        done = parts[number]
        for offset in range(number * share, (number + 1) * share, block):
            done.append(upload.put_part(offset // block + 1, offset, buffer))

    figures = on_threads(sizes.threads, work, block)
    upload.complete([part for done in parts for part in done])
    return figures


def by_store(direction: str, uri: str, sizes: Sizes) -> dict[str, float]:
    """Read or write a file with the contract's calls."""
    directory, _, name = uri.rpartition("/")
    transfer = {"read": read_by_store, "write": write_by_store}[direction]
    with operations.open_store(directory) as store:
        return transfer(store, name, sizes)


def by_engine(direction: str, uri: str, sizes: Sizes) -> dict[str, float]:
    """Copy one object through the engine."""
    register("generated", SizedProvider)
    source, target = uri, "generated://sink/x"
    if direction == "write":
        source, target = f"generated://{sizes.size_bytes}/000000/000000", uri
    before = _clocks()
    report = operations.copy(source, target, sizes.threads, part_size_bytes=sizes.block_bytes)
    figures = _since(before)
    if report.done_count != 1:
        raise SystemExit(f"{report.done_count} objects were copied, not 1")
    return figures


CLIENTS = {"store": by_store, "engine": by_engine}


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=CLIENTS)
    parser.add_argument("direction", choices=("read", "write"))
    parser.add_argument("uri")
    for option in ("--size", "--block", "--threads"):
        parser.add_argument(option, type=int, required=True)
    options = parser.parse_args()
    sizes = Sizes(options.size, options.block, options.threads)
    figures = CLIENTS[options.client](options.direction, options.uri, sizes)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
