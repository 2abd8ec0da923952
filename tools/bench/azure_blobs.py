"""Files to Azure Blob Storage and back: s3dlio, s3-cli, and peers that are installed.

The server is Azurite, in memory, and the files lie in memory, too. Each client is a process of its
own, so that its CPU time, with the start of its interpreter, and its peak of memory are its own.
Clients take turns; each round begins with another one and has a server of its own. A ratio is
s3dlio's figure over the client's, round by round.

What each client stored or fetched is compared with the files by SHA-256, every time. In the end
each does each piece of work once more, through a relay that counts its requests.
"""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.azurite_server import AzuriteServer

from tools.bench.azure_blobs_clients import missing_clients
from tools.bench.azure_blobs_work import (
    DIRECTIONS,
    carry,
    check_content,
    fill,
    make_files,
)
from tools.bench.machine import reference_ms
from tools.bench.measurement import Run, spread, summarize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.bench.azure_blobs_clients import Client
    from tools.bench.azure_blobs_work import Files

#: With this client the others are compared.
OURS = "s3dlio"


def measure_azure_blobs(
    clients: Sequence[Client],
    *,
    large_size_bytes: int,
    small_size_bytes: int,
    count: int,
    run_count: int,
    directory: Path | None,
) -> dict[str, object]:
    """Move one large file and many small ones, up and down, with each client.

    Args:
        clients: which ones; s3dlio is among them.
        large_size_bytes: the size of the one.
        small_size_bytes: that of each of the many.
        count: how many they are.
        run_count: runs of each client and piece of work.
        directory: where the files lie meanwhile; in memory if None.

    Raises:
        CommandFailedError: a client failed.
        WrongResultError: other content arrived.
    """
    with tempfile.TemporaryDirectory(dir=directory or _directory_in_memory()) as temporary:
        work_dir = Path(temporary)
        kinds = [
            make_files(work_dir / "large", 1, large_size_bytes),
            make_files(work_dir / "small", count, small_size_bytes),
        ]
        speeds = []
        rounds = []
        for number in range(run_count):
            first = number % len(clients)
            speeds.append(reference_ms())
            rounds.append(_run_round([*clients[first:], *clients[:first]], kinds, work_dir))
        # It comes last, for the log that is read makes this process large: see `measurement`.
        requests = _count_requests(clients, kinds, work_dir)
    return {
        "clients": {client.name: client.facts for client in clients},
        "missing": missing_clients(clients),
        "reference_ms": spread(speeds),
        "results": [
            {
                "files": files.count,
                "file_size_bytes": files.size_bytes,
                "direction": direction,
                "clients": {
                    client.name: {
                        "requests": requests[files.name, direction, client.name],
                        **_figures(rounds, files, direction, client),
                    }
                    for client in clients
                },
            }
            for files, direction in itertools.product(kinds, DIRECTIONS)
        ],
    }


def _directory_in_memory() -> Path | None:
    """One that is never written to a disk; None if the system has none."""
    shared_memory = Path("/dev/shm")  # noqa: S108 - what is made in it has a name of its own
    return shared_memory if shared_memory.is_dir() else None


def _count_requests(
    clients: Sequence[Client], kinds: Sequence[Files], work_dir: Path
) -> dict[tuple[str, str, str], dict[str, int]]:
    """How many requests of each method each client makes for each piece of work."""
    requests = {}
    with AzuriteServer() as server:
        fill(kinds, server)
        for files, direction, client in itertools.product(kinds, DIRECTIONS, clients):
            before = len(server.request_log())
            carry(client, direction, files, server, work_dir)
            methods = Counter(record.method for record in server.request_log()[before:])
            requests[files.name, direction, client.name] = dict(sorted(methods.items()))
            check_content(client, direction, files, server, work_dir)
    return requests


def _run_round(
    clients: Sequence[Client], kinds: Sequence[Files], work_dir: Path
) -> dict[tuple[str, str, str], Run]:
    """Let each client do each piece of work once, at a fresh server."""
    runs = {}
    with AzuriteServer(logs_requests=False) as server:
        fill(kinds, server)
        for files, direction, client in itertools.product(kinds, DIRECTIONS, clients):
            run = carry(client, direction, files, server, work_dir)
            runs[files.name, direction, client.name] = run
            check_content(client, direction, files, server, work_dir)
    return runs


def _figures(
    rounds: Sequence[dict[tuple[str, str, str], Run]], files: Files, direction: str, client: Client
) -> dict[str, object]:
    """What a piece of work took a client, and s3dlio over that."""
    runs = [one[files.name, direction, client.name] for one in rounds]
    ours = [one[files.name, direction, OURS] for one in rounds]
    pairs = list(zip(ours, runs, strict=True))
    ratios = {
        "s3dlio_cpu_ratio": spread([our.cpu_s / max(run.cpu_s, 1e-6) for our, run in pairs]),
        "s3dlio_wall_ratio": spread([our.wall_s / run.wall_s for our, run in pairs]),
    }
    return {**summarize(runs), **({} if client.name == OURS else ratios)}
