"""Azurite, Microsoft's own emulator of Azure Blob Storage, out of the npm registry.

Rules of this file: what is installed is what `azurite/package-lock.json` names, byte for byte, in a
directory of the repository that `make clean` removes; scripts of packages aren't run. One process
installs, and others wait for it.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.servers.base import REPOSITORY_ROOT

SOURCE: Final = Path(__file__).parent / "azurite"
LOCK_FILE: Final = SOURCE / "package-lock.json"
WITHOUT_SWEEPS: Final = SOURCE / "without_sweeps.js"
INSTALLED: Final = REPOSITORY_ROOT / ".azurite"
#: A copy of the lock file, made when all that it names is there.
STAMP: Final = INSTALLED / "installed.json"
PROGRAM: Final = INSTALLED / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
#: What packages that Azurite needs say of themselves.
NODE_VERSION_MIN: Final = 20


class AzuriteMissingError(RuntimeError):
    """This machine lacks what Azurite runs on."""


class AzuriteInstallError(RuntimeError):
    """Node.js is here, and npm could not install Azurite."""


def azurite_command() -> list[str]:
    """The command that starts Azurite's blob service; installs it if it isn't there.

    Raises:
        AzuriteMissingError: no Node.js, or one that is too old, or no npm.
        AzuriteInstallError: npm failed.
    """
    node, npm = _find_node(), shutil.which("npm")
    if npm is None:
        raise AzuriteMissingError("npm is not installed")
    # The file that says what to install is as good a lock as any, and always there.
    with LOCK_FILE.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = lock.read()
        if not STAMP.exists() or STAMP.read_bytes() != wanted:
            _install(npm)
            STAMP.write_bytes(wanted)
    return [node, f"--require={WITHOUT_SWEEPS}", str(PROGRAM)]


def _find_node() -> str:
    node = shutil.which("node")
    if node is None:
        raise AzuriteMissingError("Node.js is not installed")
    told = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    version = re.match(r"v(\d+)\.", told)
    if version is None or int(version[1]) < NODE_VERSION_MIN:
        raise AzuriteMissingError(
            f"Node.js {NODE_VERSION_MIN} or later is not installed, but {told.strip() or 'another'}"
        )
    return node


def _install(npm: str) -> None:
    INSTALLED.mkdir(exist_ok=True)
    for path in SOURCE.iterdir():
        shutil.copy(path, INSTALLED)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(
        command,
        check=False,
        cwd=INSTALLED,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise AzuriteInstallError(
            f"`{' '.join(command)}` in {INSTALLED} ended with {done.returncode}:\n"
            f"{done.stderr[-4000:]}"
        )
