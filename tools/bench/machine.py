"""The facts about a machine that a figure needs beside it. No names, no paths."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

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
