"""A client process that copies a directory with one call of s3dlio, and tells what that took.

    python -m tools.bench.direct_small_client file:///tmp/x/source/ direct:///tmp/x/target/ 10000

It prints one JSON object: the wall and CPU time of the call alone, without the interpreter's start.
It fails unless that many objects were copied.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from s3dlio_core import operations


def main() -> None:
    """Copy."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("count", type=int)
    options = parser.parse_args()
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    report = operations.copy(options.source, options.target, recursive=True)
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    if report.done_count != options.count:
        raise SystemExit(f"{report.done_count} of {options.count} objects were copied")
    sys.stdout.write(json.dumps({"wall_s": wall_s, "cpu_s": cpu_s}) + "\n")


if __name__ == "__main__":
    main()
