"""A stream of unknown length to an object and back: s3-cli, and peers that are installed.

`seq 1 LAST | s3-cli put - URI` goes to a real server once, and what lies in the server's directory
is compared with what seq writes, by SHA-256; then the same comes back through `s3-cli cat`. The
figures are taken with the server that keeps nothing, so that they are the client's: the CPU times
include seq's own, the peak of memory is that of the largest process.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.servers import RcloneServer
from tests.servers.rclone_server import find_rclone

from tools.bench.machine import MIB
from tools.bench.measurement import Run, run_command, summarize
from tools.bench.transfer_memory import (
    OBJECT_URI,
    WrongResultError,
    client_environment,
    discard_server,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: What rclone is told about the server, beside its endpoint.
_RCLONE_REMOTE = {
    "RCLONE_CONFIG": os.devnull,
    "RCLONE_CONFIG_BENCH_TYPE": "s3",
    "RCLONE_CONFIG_BENCH_PROVIDER": "Other",
    "RCLONE_CONFIG_BENCH_ENV_AUTH": "true",
    "RCLONE_CONFIG_BENCH_NO_CHECK_BUCKET": "true",
}


def commands(s3_cli: Path) -> dict[str, tuple[str, str]]:
    """The command of each tool that is installed: from standard input, and to standard output."""
    found = {"s3-cli": (f"{s3_cli} put - {OBJECT_URI}", f"{s3_cli} cat {OBJECT_URI}")}
    if rclone := find_rclone():
        found["rclone"] = (f"{rclone} rcat bench:bench/object", f"{rclone} cat bench:bench/object")
    if aws := shutil.which("aws"):
        found["aws"] = (f"{aws} s3 cp - {OBJECT_URI}", f"{aws} s3 cp {OBJECT_URI} -")
    return found


def check_content(last: int, s3_cli: Path) -> dict[str, object]:
    """Send the numbers to a real server and get them back.

    Returns:
        Their size and hash.

    Raises:
        WrongResultError: something else is there, or comes back.
    """
    numbers = ["seq", "1", str(last)]
    expected, size_bytes = _hash_of(numbers, os.environ)
    with RcloneServer() as server:
        environment = {**client_environment(0), **server.environment}
        script = f"set -euo pipefail; seq 1 {last} | {s3_cli} put -c - {OBJECT_URI}"
        run_command(["bash", "-c", script], environment)
        stored, _ = _hash_of(["cat", str(server.root / "bench" / "object")], environment)
        back, _ = _hash_of([str(s3_cli), "cat", OBJECT_URI], environment)
    if {stored, back} != {expected}:
        raise WrongResultError(f"sent {expected}, the server holds {stored}, {back} came back")
    return {"size_mib": round(size_bytes / MIB, 1), "sha256_sent_stored_and_read": expected}


def _hash_of(command: Sequence[str], environment: Mapping[str, str]) -> tuple[str, int]:
    """The hash and the size of what a command writes."""
    digest, size_bytes = hashlib.sha256(), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(environment)) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        while piece := process.stdout.read(MIB):
            digest.update(piece)
            size_bytes += len(piece)
    return digest.hexdigest(), size_bytes


def measure_streams(*, last: int, run_count: int, s3_cli: Path) -> dict[str, object]:
    """Check the content once, then measure each tool in turn.

    Args:
        last: the last number that seq writes.
        run_count: runs of each.
        s3_cli: the command to measure.
    """
    content = check_content(last, s3_cli)
    runs: dict[tuple[str, str], list[Run]] = {}
    with discard_server() as port:
        environment = {**client_environment(port), **_RCLONE_REMOTE}
        environment["RCLONE_CONFIG_BENCH_ENDPOINT"] = environment["AWS_ENDPOINT_URL"]
        for _ in range(run_count):
            for tool, (put, cat) in commands(s3_cli).items():
                scripts = {"put": f"seq 1 {last} | {put}", "cat": f"{cat} | cat > {os.devnull}"}
                for what, script in scripts.items():
                    command = ["bash", "-c", f"set -euo pipefail; {script}"]
                    runs.setdefault((tool, what), []).append(run_command(command, environment))
    results = [
        {"tool": tool, "stream": what, **summarize(these)} for (tool, what), these in runs.items()
    ]
    return {"command": f"seq 1 {last} | s3-cli put - URI", **content, "results": results}
