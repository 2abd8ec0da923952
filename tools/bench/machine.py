"""The machine: the facts that a figure needs beside it, without names and paths, and its CPUs."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20


def machine_facts() -> dict[str, object]:
    """Cores, processor, memory, kernel and interpreter."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": processor_name(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB,
        "kernel": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def processor_name() -> str:
    """The processor's name as the kernel has it, or else its architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE)
        if found:
            return found[1]
    return platform.machine()


def file_system_facts(directory: Path) -> dict[str, str]:
    """The kind of the file system that a directory lies on, and its options; only Linux tells.

    The third field of a line is the device, the sixth has the options of the mount; the kind and
    the options of the file system follow the "-" (proc_pid_mountinfo(5)).
    """
    device = directory.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    mounts = Path("/proc/self/mountinfo")
    for line in mounts.read_text().splitlines() if mounts.exists() else ():
        fields = line.split(" ")
        if fields[2] == wanted:
            dash = fields.index("-")
            return {"kind": fields[dash + 1], "options": f"{fields[5]}; {fields[dash + 3]}"}
    return {"kind": "unknown", "options": ""}


def reference_ms() -> float:
    """CPU time of a fixed piece of interpreted work, in milliseconds: how fast the machine is now.

    A virtual machine's speed may change by half within minutes.
    """
    began = time.process_time()
    total = 0
    for number in range(200_000):
        total += len(str(number))
    return (time.process_time() - began) * 1000


@contextlib.contextmanager
def on_cpus(cpus: set[int]) -> Iterator[None]:
    """Let processes that are started meanwhile run on these CPUs only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
