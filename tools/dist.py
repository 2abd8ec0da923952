"""Build every package: an sdist, and the wheel from that sdist."""

from __future__ import annotations

import shutil
import subprocess
import sys

from tools.workspace import DIST, read_packages


def main() -> None:
    """Build into dist/, which is emptied first."""
    shutil.rmtree(DIST, ignore_errors=True)
    for package in read_packages().values():
        print(f"building {package.name} {package.version}", flush=True)
        # Without --wheel or --sdist, `build` makes the wheel from the unpacked sdist.
        command = [sys.executable, "-m", "build", "--outdir", str(DIST), str(package.path)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{package.name} doesn't build:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
