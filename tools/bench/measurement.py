"""One command, run and counted by the kernel.

Rules of this file: CPU time and peak memory come from `wait4`, so they include every descendant
that the command waited for, CPU summed and memory as the largest single process. A child's peak is
never below what this process had in memory when it started the child (Linux counts the moment
between vfork and exec), so this package imports little.

Source: wait4(2), getrusage(2).
"""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KIB_PER_MIB = 1024
# ru_maxrss is in KiB on Linux and in bytes on macOS.
MAXRSS_PER_MIB = KIB_PER_MIB * 1024 if sys.platform == "darwin" else KIB_PER_MIB


class CommandFailedError(RuntimeError):
    """A measured command ended with another exit code than 0; its figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a command took."""

    wall_s: float
    cpu_user_s: float
    cpu_system_s: float
    peak_rss_mib: float

    @property
    def cpu_s(self) -> float:
        """User and system time together."""
        return self.cpu_user_s + self.cpu_system_s


def run_command(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end, its output put aside.

    Raises:
        CommandFailedError: it failed; the message has the end of its output.
    """
    return run_and_read(command, environment)[0]


def run_and_read(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> tuple[Run, str]:
    """Run a command to its end; what it took, and all that it said on both of its outputs.

    Raises:
        CommandFailedError: it failed; the message has the end of its output.
    """
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode != 0:
        raise CommandFailedError(f"exit code {process.returncode} of {command[0]}:\n{text[-2000:]}")
    run = Run(wall_s, usage.ru_utime, usage.ru_stime, usage.ru_maxrss / MAXRSS_PER_MIB)
    return run, text


def peak_rss_floor_mib() -> float:
    """The most that this process had in memory: no command's peak is reported below it."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would count what our own parent had when it started us.
        peak = re.search(r"^VmHWM:\s*(\d+) kB$", status.read_text(), re.MULTILINE)
        if peak is not None:
            return int(peak[1]) / KIB_PER_MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MAXRSS_PER_MIB


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest."""
    return {
        "median": round(statistics.median(values), 4),
        "min": round(min(values), 4),
        "max": round(max(values), 4),
    }


def summarize(runs: Sequence[Run]) -> dict[str, object]:
    """The spread of each figure over some runs of one command."""
    return {
        "runs": len(runs),
        "wall_s": spread([run.wall_s for run in runs]),
        "cpu_s": spread([run.cpu_s for run in runs]),
        "cpu_user_s": spread([run.cpu_user_s for run in runs]),
        "cpu_system_s": spread([run.cpu_system_s for run in runs]),
        "peak_rss_mib": spread([run.peak_rss_mib for run in runs]),
    }


def measure(command: Sequence[str], run_count: int) -> dict[str, object]:
    """Run a command several times."""
    runs = [run_command(command) for _ in range(run_count)]
    return {"command": list(command), **summarize(runs)}


def measure_pair(command: Sequence[str], other: Sequence[str], run_count: int) -> dict[str, object]:
    """Run two commands in turn, so that what the machine does meanwhile meets both.

    The ratios are the other's figure over the first one's, round by round.
    """
    rounds = [(run_command(command), run_command(other)) for _ in range(run_count)]
    return {
        "command": list(command),
        **summarize([first for first, _ in rounds]),
        "pair": {"command": list(other), **summarize([second for _, second in rounds])},
        "wall_ratio": spread([second.wall_s / first.wall_s for first, second in rounds]),
        "cpu_ratio": spread([second.cpu_s / max(first.cpu_s, 1e-6) for first, second in rounds]),
    }
