"""fio: its command for one transfer, and what it says of it.

Rules of this file:
- One file; with threads, each has a share of its own that lies behind the others'.
- O_DIRECT, no fsync, and the whole file is preallocated before it is written, as fio does it
  ("native": one fallocate of the size). Both are what s3dlio does.
- The memory that is written has one content all the time: fio's scrambling of it, which costs CPU,
  is off.
- fio's memory is of ordinary pages. "huge" behind the engine's name lets huge pages lie under it:
  glibc, from 2.35 on, asks for them where it is told to, and each begins where one can.

Source: fio(1), of version 3.33; glibc's manual, "Memory Allocation Tunables".
"""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.bench.measurement import CommandFailedError

if TYPE_CHECKING:
    from pathlib import Path

#: What `fio_command` calls huge pages, and what the environment must have for them.
HUGE = "huge"
HUGE_ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
_HUGE_PAGE_BYTES = 2 << 20
#: The engine whose parallelism is threads; that of the others is how many requests are in flight.
OF_THREADS = "psync"


@dataclass(frozen=True, slots=True)
class FioResult:
    """What fio says of one transfer.

    Attributes:
        size_bytes: what was transferred.
        transfer_s: the time from the first thread's first request to the last one's last.
        transfer_cpu_s: CPU time of its threads meanwhile.
    """

    size_bytes: int
    transfer_s: float
    transfer_cpu_s: float


def find_fio() -> str | None:
    """The program; None where there is none."""
    return shutil.which("fio")


def fio_program() -> str:
    """The program.

    Raises:
        FileNotFoundError: there is none.
    """
    program = find_fio()
    if program is None:
        raise FileNotFoundError(errno.ENOENT, "fio is not installed; try: apt-get install fio")
    return program


def fio_version() -> str:
    """What the program says of itself."""
    command = [fio_program(), "--version"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def fio_command(
    how: str,
    direction: str,
    path: Path,
    *,
    size_bytes: int,
    block_bytes: int,
    parallelism: int,
) -> list[str]:
    """What reads or writes a file.

    Args:
        how: the engine, of fio: "psync", "libaio", "io_uring" …; or that and " huge".
        direction: "read" or "write".
        path: of the file.
        size_bytes: of the file.
        block_bytes: of one request.
        parallelism: threads, or how many requests are in flight.
    """
    engine, _, pages = how.partition(" ")
    threads = parallelism if engine == OF_THREADS else 1
    share = size_bytes // threads
    return [
        *(fio_program(), "--name=bench", "--output-format=json", "--group_reporting", "--thread"),
        # A colon would begin another file's name.
        "--filename=" + str(path).replace(":", "\\:"),
        *(f"--ioengine={engine}", f"--rw={direction}", f"--bs={block_bytes}"),
        *(f"--numjobs={threads}", f"--iodepth={parallelism // threads}"),
        *(f"--size={share}", f"--offset_increment={share}"),
        *("--direct=1", "--fallocate=native", "--scramble_buffers=0"),
        *([f"--iomem_align={_HUGE_PAGE_BYTES}"] if pages == HUGE else []),
    ]


def parse_fio(text: str, direction: str) -> FioResult:
    """Read what fio said.

    Args:
        text: all that it wrote; before the JSON there may be notes.
        direction: "read" or "write".

    Raises:
        CommandFailedError: it isn't what fio says of a transfer that succeeded.
    """
    try:
        (job,) = json.loads(text[text.index("{") :])["jobs"]
        result = _result(job, direction)
    except (KeyError, TypeError, ValueError) as error:
        raise CommandFailedError(f"fio said no result:\n{text[-2000:]}") from error
    if job["error"] or not result.transfer_s:
        raise CommandFailedError(f"fio failed with error {job['error']}:\n{text[-2000:]}")
    return result


def _result(job: dict[str, Any], direction: str) -> FioResult:
    done = job[direction]
    # Percentages of the sum of the threads' times.
    cpu_s = (job["usr_cpu"] + job["sys_cpu"]) / 100 * job["job_runtime"] / 1000
    return FioResult(done["io_bytes"], done["runtime"] / 1000, cpu_s)
