"""One large file with O_DIRECT: fio and s3dlio, at the same parallelism and block size.

Each transfer is a process of its own, on one file system, of one file of the same size. In each
round all take turns for each row, one begins after the other from round to round, and s3dlio is
compared with fio by the bandwidths of one round. fio preallocates the whole file before it writes,
as s3dlio does; nobody syncs. Bandwidth is that of the transfer alone: fio begins to count when its
threads begin, as s3dlio does. CPU time is the process's, and beside it that of the transfer alone.

What is read was written with O_DIRECT, so that nothing of it is in memory.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench.fio import HUGE, HUGE_ENVIRONMENT, fio_command, fio_version, parse_fio
from tools.bench.machine import MIB, file_system_facts
from tools.bench.measurement import CommandFailedError, Run, run_and_read, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

GIB = 1 << 30
DIRECTIONS = ("read", "write")
#: By name: those that take part in each round, and what they are.
EACH_ROUND = {
    "fio psync": "threads, pread and pwrite",
    "fio libaio": "one thread, so many requests in flight",
    "s3dlio store": "threads, readinto and put_part",
}
#: Likewise those that take part in some rounds only, since each costs as much time.
SOME_ROUNDS = {
    "fio psync huge": "as psync, with huge pages under its memory",
    "fio io_uring": "one thread, so many requests in flight",
    "s3dlio engine": "copy, from a generated source or to a sink that discards",
}
#: Of these, with which s3dlio is compared.
COMPARED_WITH = ("fio psync", "fio libaio", "fio psync huge")
#: File systems that take O_DIRECT and go through memory all the same.
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
#: What else needs room meanwhile.
_SPARE_BYTES = GIB


@dataclass(frozen=True, slots=True)
class Row:
    """What all do alike."""

    direction: str
    block_bytes: int
    parallelism: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """One of them has done it.

    Attributes:
        run: the process.
        transfer_s: the time that the transfer alone took.
        transfer_cpu_s: its CPU time.
    """

    run: Run
    transfer_s: float
    transfer_cpu_s: float

    def figures(self, size_bytes: int) -> dict[str, float]:
        """What is told of it."""
        gib = size_bytes / GIB
        return {
            "mib_per_s": size_bytes / MIB / self.transfer_s,
            "cpu_s_per_gib": self.run.cpu_s / gib,
            "transfer_cpu_s_per_gib": self.transfer_cpu_s / gib,
            "besides_s": self.run.wall_s - self.transfer_s,
        }


@dataclass(frozen=True, slots=True)
class Place:
    """Where files are read and written.

    Attributes:
        directory: of theirs.
        scheme: of the URIs that s3dlio is told.
        size_bytes: of the file.
    """

    directory: Path
    scheme: str
    size_bytes: int

    @property
    def source(self) -> Path:
        """The file that is read."""
        return self.directory / "source"

    @property
    def target(self) -> Path:
        """The file that is written, and removed."""
        return self.directory / "target"


def measure_direct_io(
    *,
    size_bytes: int,
    block_bytes: Sequence[int],
    jobs: Sequence[int],
    run_count: int,
    some_run_count: int,
    directory: Path | None,
    scheme: str = "direct",
) -> dict[str, object]:
    """Write and read a file with each block size and parallelism.

    Args:
        size_bytes: of the file; a multiple of each block times each of `jobs`.
        block_bytes: of one request.
        jobs: threads, or requests in flight.
        run_count: rounds.
        some_run_count: in how many of them `SOME_ROUNDS` take part.
        directory: where the files lie meanwhile; the system's temporary directory if None.
        scheme: of the store that is measured.

    Raises:
        CommandFailedError: one of them failed.
        OSError: there is no fio, no room, or no disk.
        ValueError: the file isn't that multiple.
    """
    rows = [Row(*row) for row in itertools.product(DIRECTIONS, block_bytes, jobs)]
    for row in rows:
        if size_bytes % (row.block_bytes * row.parallelism):
            raise ValueError(f"{size_bytes} bytes aren't whole blocks for each: {row}")
    with tempfile.TemporaryDirectory(dir=directory) as temporary:
        place = Place(Path(temporary), scheme, size_bytes)
        check_disk(place.directory, 2 * size_bytes)
        _lay_out(place)
        rounds = [_run_round(rows, names, place) for names in _turns(run_count, some_run_count)]
        return {
            "fio": fio_version(),
            "file_system": file_system_facts(place.directory),
            "file_size_mib": size_bytes / MIB,
            "contestants": EACH_ROUND | SOME_ROUNDS,
            "results": [_figures(row, rounds, size_bytes) for row in rows],
        }


def check_disk(directory: Path, size_bytes: int) -> None:
    """Check that a directory lies on a disk, and has room.

    Raises:
        OSError: it has not.
    """
    kind = file_system_facts(directory)["kind"]
    if kind in _IN_MEMORY:
        raise OSError(
            errno.EOPNOTSUPP, f"{kind} is no disk; name another directory with --directory"
        )
    free = shutil.disk_usage(directory).free
    needed = size_bytes + _SPARE_BYTES
    if free < needed:
        raise OSError(errno.ENOSPC, f"{needed // MIB} MiB are needed, and {free // MIB} are free")


def _lay_out(place: Place) -> None:
    """Write what is read: of random content, so that no layer below makes it smaller."""
    command = fio_command(
        "psync",
        "write",
        place.source,
        size_bytes=place.size_bytes,
        block_bytes=min(MIB, place.size_bytes),
        parallelism=1,
    )
    parse_fio(run_and_read([*command, "--refill_buffers"])[1], "write")


def _turns(run_count: int, some_run_count: int) -> Iterator[list[str]]:
    """Who takes part in each round, in which order."""
    some = {number * run_count // some_run_count for number in range(some_run_count)}
    for number in range(run_count):
        names = [*EACH_ROUND, *(SOME_ROUNDS if number in some else ())]
        first = number % len(names)
        order = [*names[first:], *names[:first]]
        yield order if number % 2 == 0 else order[::-1]


def _run_round(
    rows: Sequence[Row], names: Sequence[str], place: Place
) -> dict[tuple[Row, str], Transfer]:
    return {(row, name): _transfer(name, row, place) for row in rows for name in names}


def _transfer(name: str, row: Row, place: Place) -> Transfer:
    """Let one of them do it, and remove what it wrote.

    Raises:
        CommandFailedError: it failed, or wrote a file of another size.
    """
    program, _, how = name.partition(" ")
    path = place.source if row.direction == "read" else place.target
    try:
        done = (_by_fio if program == "fio" else _by_s3dlio)(how, row, path, place)
        if path.stat().st_size != place.size_bytes:
            raise CommandFailedError(f"{name} wrote {path.stat().st_size} bytes: {row}")
    finally:
        place.target.unlink(missing_ok=True)
    return done


def _by_fio(how: str, row: Row, path: Path, place: Place) -> Transfer:
    command = fio_command(
        how,
        row.direction,
        path,
        size_bytes=place.size_bytes,
        block_bytes=row.block_bytes,
        parallelism=row.parallelism,
    )
    run, text = run_and_read(command, os.environ | (HUGE_ENVIRONMENT if HUGE in how else {}))
    result = parse_fio(text, row.direction)
    if result.size_bytes != place.size_bytes:
        raise CommandFailedError(f"fio {how} moved {result.size_bytes} bytes: {row}")
    return Transfer(run, result.transfer_s, result.transfer_cpu_s)


def _by_s3dlio(client: str, row: Row, path: Path, place: Place) -> Transfer:
    command = [
        *(sys.executable, "-m", "tools.bench.direct_io_client", client, row.direction),
        *(f"{place.scheme}://{path}", "--size", str(place.size_bytes)),
        *("--block", str(row.block_bytes), "--threads", str(row.parallelism)),
    ]
    run, text = run_and_read(command, client_environment())
    told = json.loads(text.splitlines()[-1])
    return Transfer(run, told["transfer_s"], told["transfer_cpu_s"])


def client_environment() -> dict[str, str]:
    """The environment of a client: no settings of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("S3DLIO_")}
    return {**kept, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


def _figures(
    row: Row, rounds: Sequence[Mapping[tuple[Row, str], Transfer]], size_bytes: int
) -> dict[str, object]:
    return {
        "direction": row.direction,
        "block_bytes": row.block_bytes,
        "parallelism": row.parallelism,
        "contestants": {
            name: _figures_of(name, row, [one for one in rounds if (row, name) in one], size_bytes)
            for name in EACH_ROUND | SOME_ROUNDS
            if any((row, name) in one for one in rounds)
        },
    }


def _figures_of(
    name: str, row: Row, rounds: Sequence[Mapping[tuple[Row, str], Transfer]], size_bytes: int
) -> dict[str, object]:
    done = [one[row, name].figures(size_bytes) for one in rounds]
    figures: dict[str, object] = {"runs": len(done)}
    figures |= {figure: spread([one[figure] for one in done]) for figure in done[0]}
    if name.startswith("s3dlio"):
        figures |= {f"over {fio}": _compared(name, fio, row, rounds) for fio in COMPARED_WITH}
    return figures


def _compared(
    name: str, other: str, row: Row, rounds: Sequence[Mapping[tuple[Row, str], Transfer]]
) -> dict[str, object]:
    """One's figures over another's, in the rounds that both took part in."""
    pairs = [
        (one[row, name], one[row, other])
        for one in rounds
        if (row, name) in one and (row, other) in one
    ]
    return {
        "pairs": len(pairs),
        "bandwidth_ratio": spread([b.transfer_s / a.transfer_s for a, b in pairs]),
        "cpu_ratio": spread([a.run.cpu_s / b.run.cpu_s for a, b in pairs]),
    }
