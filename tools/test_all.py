"""Run all tests on every supported Python that this machine has; say which it lacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.pythons import VERSIONS, find_python

ROOT = Path(__file__).resolve().parents[1]
#: As in the Makefile.
REQUIREMENTS = "requirements-linux.txt" if sys.platform == "linux" else "requirements-dev.txt"


def _run(version: str, python: str) -> bool:
    environment = ROOT / f".venv-{version}"
    inside = environment / "bin" / "python"
    if not inside.exists():
        subprocess.run([python, "-m", "venv", environment], check=True)
    print(f"== Python {version}", flush=True)
    subprocess.run(
        [inside, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS],
        check=True,
        cwd=ROOT,
    )
    tests = [str(inside), "-m", "pytest", "-n", "2", "-q", *sys.argv[1:]]
    return subprocess.run(tests, check=False, cwd=ROOT).returncode == 0


def main() -> int:
    """Run them one after another; return 1 if one fails or none is found."""
    failed = []
    missing = []
    for version in VERSIONS:
        python = find_python(version)
        if python is None:
            missing.append(version)
        elif not _run(version, python):
            failed.append(version)
    if missing:
        print(f"not on this machine: Python {', '.join(missing)}", file=sys.stderr)
    if failed:
        print(f"failed on Python {', '.join(failed)}", file=sys.stderr)
    return 1 if failed or len(missing) == len(VERSIONS) else 0


if __name__ == "__main__":
    sys.exit(main())
