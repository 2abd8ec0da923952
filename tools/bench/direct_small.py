"""Many small files with O_DIRECT and back, beside the same with file://, by s3dlio.

Each copy is a process of its own, on one file system, into a new directory; nobody syncs. The two
take turns, and the other one begins from round to round. What arrived is compared with what was
there. The files that are read were synced before, so that no copy waits for their being written.

Nothing is removed before the end: for a minute and more, ext4 looks for an inode that wasn't in use
just now (`recently_deleted`), and then a new file takes ten times as long, whoever makes it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench.direct_io import check_disk, client_environment
from tools.bench.machine import file_system_facts
from tools.bench.measurement import run_and_read, spread
from tools.bench.transfer_memory import WrongResultError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DIRECTIONS = ("up", "down")
#: What the other store is compared with.
FILES = "file"
#: What a file takes besides its bytes, at the most: its inode, the rest of its last block.
_FILE_BYTES = 4096 + 512


def measure_direct_small(
    *,
    count: int,
    size_bytes: int,
    run_count: int,
    directory: Path | None,
    scheme: str = "direct",
) -> dict[str, object]:
    """Copy many files both ways.

    Args:
        count: how many.
        size_bytes: of each.
        run_count: rounds.
        directory: where the files lie meanwhile; the system's temporary directory if None.
        scheme: of the store that is measured.

    Raises:
        CommandFailedError: a copy failed.
        WrongResultError: other content arrived.
        OSError: there is no disk.
    """
    with tempfile.TemporaryDirectory(dir=directory) as temporary:
        work_dir = Path(temporary)
        check_disk(work_dir, (1 + 4 * run_count) * count * (size_bytes + _FILE_BYTES))
        _make_files(work_dir / "source", count, size_bytes)
        rounds = [_run_round(work_dir, count, scheme, number) for number in range(run_count)]
        facts = file_system_facts(work_dir)
    return {
        "file_system": facts,
        "files": count,
        "file_size_bytes": size_bytes,
        "results": [
            {"direction": direction, "runs": run_count, **_figures(direction, rounds)}
            for direction in DIRECTIONS
        ],
    }


def _make_files(directory: Path, count: int, size_bytes: int) -> None:
    directory.mkdir()
    for number in range(count):
        (directory / f"file-{number:06}").write_bytes(os.urandom(size_bytes))
    os.sync()


def _run_round(
    work_dir: Path, count: int, scheme: str, number: int
) -> dict[tuple[str, bool], dict[str, float]]:
    """Copy both ways, with the other store or with files alone; the figures by these two."""
    figures = {}
    source = work_dir / "source"
    for direction in DIRECTIONS:
        for is_other in (False, True) if number % 2 == 0 else (True, False):
            one = scheme if is_other else FILES
            schemes = (FILES, one) if direction == "up" else (one, FILES)
            target = work_dir / f"{number}-{direction}-{one}-{is_other}"
            figures[direction, is_other] = _copy(source, target, count, schemes)
    return figures


def _copy(source: Path, target: Path, count: int, schemes: tuple[str, str]) -> dict[str, float]:
    """Copy once, and compare what arrived.

    Raises:
        WrongResultError: it is something else.
    """
    uris = [f"{scheme}://{path}/" for scheme, path in zip(schemes, (source, target), strict=True)]
    command = [sys.executable, "-m", "tools.bench.direct_small_client", *uris, str(count)]
    run, text = run_and_read(command, client_environment())
    names = sorted(path.name for path in source.iterdir())
    arrived = sorted(path.name for path in target.iterdir())
    if names != arrived or any(
        (source / name).read_bytes() != (target / name).read_bytes() for name in names
    ):
        raise WrongResultError(f"{uris[1]} has something else than {uris[0]}")
    figures: dict[str, float] = json.loads(text.splitlines()[-1])
    return {**figures, "process_wall_s": run.wall_s, "process_cpu_s": run.cpu_s}


def _figures(
    direction: str, rounds: Sequence[Mapping[tuple[str, bool], Mapping[str, float]]]
) -> dict[str, object]:
    files, other = ([one[direction, is_other] for one in rounds] for is_other in (False, True))
    names = list(files[0])
    return {
        "files_alone": {name: spread([one[name] for one in files]) for name in names},
        "with_store": {name: spread([one[name] for one in other]) for name in names},
        "ratio": {
            name: spread([b[name] / a[name] for a, b in zip(files, other, strict=True)])
            for name in names
        },
    }
