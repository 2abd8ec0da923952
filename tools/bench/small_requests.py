"""What one small signed request costs the client: our transport adapter beside requests' own.

Both run the same code, `S3Store` and all below it, in processes of their own that take turns, so
that what the machine does meanwhile meets both. They do so twice: wherever the scheduler puts them,
and with the client on one CPU and the server on the others. A thread that gets the interpreter's
lock from one on another CPU has to be woken there, which a virtual machine pays dearly for.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench.machine import on_cpus, reference_ms
from tools.bench.measurement import CommandFailedError, spread
from tools.bench.nginx_server import nginx_server

if TYPE_CHECKING:
    from tools.bench.nginx_server import NginxServer

SIZE_BYTES = 4096
BUCKET = "bench"
OPERATIONS = ("get", "put")
#: The names that S3DLIO_HTTP_ADAPTER takes.
OURS, STOCK = "s3dlio", "requests"


def measure_small_requests(*, count: int, threads: int, run_count: int) -> dict[str, object]:
    """Get and put objects of 4 KiB.

    Args:
        count: requests of each run.
        threads: threads that make them.
        run_count: runs of each adapter and operation.

    Raises:
        CommandFailedError: a client failed.
        ServerMissingError: there is no nginx.
    """
    results: list[dict[str, object]] = [
        {"operation": operation, "placement": placement}
        | _measure(operation, where, count=count, threads=threads, run_count=run_count)
        for placement, where in _placements().items()
        for operation in OPERATIONS
    ]
    return {
        "object_size_bytes": SIZE_BYTES,
        "requests": count,
        "threads": threads,
        "results": results,
    }


def _placements() -> dict[str, tuple[set[int], set[int]]]:
    """The CPUs of client and server."""
    free = os.sched_getaffinity(0)
    placements = {"any CPU": (free, free)}
    if len(free) > 1:
        first = min(free)
        placements["client on one CPU, server on others"] = ({first}, free - {first})
    return placements


def _measure(
    operation: str,
    where: tuple[set[int], set[int]],
    *,
    count: int,
    threads: int,
    run_count: int,
) -> dict[str, object]:
    client_cpus, server_cpus = where
    with contextlib.ExitStack() as stack:
        with on_cpus(server_cpus):
            server = stack.enter_context(nginx_server())
        _fill(server, count)
        rounds = []
        speeds = []
        with on_cpus(client_cpus):
            for order in _orders(run_count):
                speeds.append(reference_ms())
                rounds.append(
                    {adapter: _run(operation, adapter, server, count, threads) for adapter in order}
                )
        if operation == "put":
            _check_puts(server, count)
    return {**_figures(rounds, count), "reference_ms": spread(speeds)}


def _orders(run_count: int) -> list[tuple[str, str]]:
    """Who goes first, by turns."""
    return [(OURS, STOCK) if number % 2 == 0 else (STOCK, OURS) for number in range(run_count)]


def _content(number: int) -> bytes:
    return number.to_bytes(4, "big") * (SIZE_BYTES // 4)


def _fill(server: NginxServer, count: int) -> None:
    directory = server.data / BUCKET / "get"
    directory.mkdir(parents=True)
    # The server may write as another user.
    (server.data / BUCKET).chmod(0o777)
    for number in range(count):
        (directory / str(number)).write_bytes(_content(number))


def _check_puts(server: NginxServer, count: int) -> None:
    stored = [path.stat().st_size for path in (server.data / BUCKET / "put").iterdir()]
    if stored != [SIZE_BYTES] * count:
        raise CommandFailedError(f"{len(stored)} of {count} objects were stored whole")


def _run(
    operation: str, adapter: str, server: NginxServer, count: int, threads: int
) -> dict[str, float]:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tools.bench.small_requests_client", operation),
            *("--endpoint-url", server.endpoint_url),
            *("--count", str(count), "--threads", str(threads)),
        ],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "S3DLIO_HTTP_ADAPTER": adapter},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandFailedError(f"the client failed:\n{done.stderr[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _figures(rounds: list[dict[str, dict[str, float]]], count: int) -> dict[str, object]:
    def per_request_us(adapter: str, name: str) -> dict[str, float]:
        return spread([one[adapter][name] / count * 1e6 for one in rounds])

    def ratio(name: str) -> dict[str, float]:
        return spread([one[OURS][name] / one[STOCK][name] for one in rounds])

    figures: dict[str, object] = {"runs": len(rounds)}
    for name in ("cpu", "system_cpu", "wall"):
        figures[f"{name}_us"] = {
            adapter: per_request_us(adapter, f"{name}_s") for adapter in (OURS, STOCK)
        }
    return figures | {"cpu_ratio": ratio("cpu_s"), "wall_ratio": ratio("wall_s")}
