"""A client process that makes many small requests through `S3Store`, and counts what they cost.

    python -m tools.bench.small_requests_client get --count 10000 --threads 8 --endpoint-url URL

It prints one JSON object: the wall and CPU time of the requests alone, without the interpreter's
start, imports and the first request of each thread.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import threading
import time
from typing import TYPE_CHECKING

from s3dlio_s3 import Credentials, S3Config, S3Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


CREDENTIALS = Credentials("AKIDBENCH", "bench-secret")
SIZE_BYTES = 4096
BUCKET = "bench"


def get_one(store: S3Store, number: int, buffer: bytearray) -> None:
    """Read an object whole into a buffer."""
    view = memoryview(buffer)
    done = 0
    with store.open_reader(f"get/{number}") as reader:
        while count := reader.readinto(view[done:]):
            done += count
    if done != SIZE_BYTES:
        raise SystemExit(f"object {number} has {done} bytes")


def put_one(store: S3Store, number: int, buffer: bytearray) -> None:
    """Store a buffer as an object."""
    store.put(f"put/{number}", buffer)


OPERATIONS: dict[str, Callable[[S3Store, int, bytearray], None]] = {"get": get_one, "put": put_one}


def measure(operation: str, endpoint_url: str, count: int, thread_count: int) -> dict[str, float]:
    """Make the requests; return seconds."""
    config = S3Config(endpoint_url=endpoint_url, credentials=CREDENTIALS)
    one = OPERATIONS[operation]
    ready = threading.Barrier(thread_count + 1)
    start = threading.Barrier(thread_count + 1)
    failures: list[BaseException] = []

    def work(store: S3Store, numbers: Sequence[int]) -> None:
        try:
            buffer = bytearray(SIZE_BYTES)
            one(store, numbers[0], buffer)
            ready.wait()
            start.wait()
            for number in numbers:
                one(store, number, buffer)
        except BaseException as failure:  # noqa: BLE001 - the main thread raises it
            failures.append(failure)
            ready.abort()
            start.abort()

    with S3Store.connect(BUCKET, config) as store:
        threads = [
            threading.Thread(target=work, args=(store, range(first, count, thread_count)))
            for first in range(thread_count)
        ]
        for thread in threads:
            thread.start()
        try:
            ready.wait()
            before = _clocks()
            start.wait()
        except threading.BrokenBarrierError:
            before = _clocks()
        for thread in threads:
            thread.join()
        after = _clocks()
    if failures:
        raise failures[0]
    return {name: after[name] - before[name] for name in before}


def _clocks() -> dict[str, float]:
    return {
        "wall_s": time.perf_counter(),
        "cpu_s": time.process_time(),
        "system_cpu_s": resource.getrusage(resource.RUSAGE_SELF).ru_stime,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("operation", choices=sorted(OPERATIONS))
    parser.add_argument("--endpoint-url", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    figures = measure(options.operation, options.endpoint_url, options.count, options.threads)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
