"""Peak memory, CPU and wall time of s3-cli moving one large object up and down.

The source is a sparse file and the server keeps nothing, so neither disk nor storage is measured,
except that the download is written. Paths and ports are left out of the recorded commands.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench.machine import MIB
from tools.bench.measurement import Run, run_command, summarize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OBJECT_URI = "s3://bench/object"


class WrongResultError(RuntimeError):
    """A transfer that said it succeeded left something else than it should."""


@contextlib.contextmanager
def discard_server() -> Iterator[int]:
    """The discarding server in a process of its own; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.bench.discard_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[2],
    )
    with process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        yield int(json.loads(process.stdout.readline())["port"])
        process.stdin.close()


def client_environment(port: int) -> dict[str, str]:
    """The environment with which s3-cli finds the server, and no configuration of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def default_s3_cli() -> Path:
    """The s3-cli beside this interpreter."""
    return Path(sys.executable).parent / "s3-cli"


def check_download(directory: Path, size_bytes: int) -> None:
    """Compare the downloaded file with what the server sent, and remove it.

    Raises:
        WrongResultError: it is another.
    """
    path = directory / "object"
    if not path.is_file() or path.stat().st_size != size_bytes:
        raise WrongResultError(f"the download left no file of {size_bytes} bytes")
    with path.open("rb") as file:
        while piece := file.read(MIB):
            if piece.count(0) != len(piece):
                raise WrongResultError("the download is not what the server sent")
    path.unlink()


def measure_transfers(
    *, size_bytes: int, jobs: Sequence[int], run_count: int, s3_cli: Path, directory: Path | None
) -> dict[str, object]:
    """Upload and download one object of zeros with each number of jobs.

    Args:
        size_bytes: the object's size.
        jobs: the values for `--jobs`.
        run_count: runs of each.
        s3_cli: the command to measure.
        directory: where the files lie meanwhile; the system's temporary directory if None.
    """
    results: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(dir=directory) as temporary, discard_server() as port:
        source = Path(temporary) / "object"
        with source.open("wb") as file:
            file.truncate(size_bytes)
        target = Path(temporary) / "down"
        target.mkdir()
        environment = client_environment(port)
        for count in jobs:
            upload = ["upload", str(source), OBJECT_URI, "-j", str(count)]
            download = ["download", OBJECT_URI, f"{target}/", "-j", str(count)]
            uploads: list[Run] = []
            downloads: list[Run] = []
            for _ in range(run_count):
                uploads.append(run_command([str(s3_cli), *upload], environment))
                downloads.append(run_command([str(s3_cli), *download], environment))
                check_download(target, size_bytes)
            results += [
                {"command": f"s3-cli upload object {OBJECT_URI} -j {count}", **summarize(uploads)},
                {"command": f"s3-cli download {OBJECT_URI} . -j {count}", **summarize(downloads)},
            ]
    return {"object_size_mib": size_bytes / MIB, "results": results}
