"""Packages with a module in C: what their sdists hold, and what pip says where they can't be built.

pip shows what a build prints in the middle of its own report. One line of ours is read there; a
compiler's complaints about a header say nothing to somebody who only wanted to install.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Final

import pytest
from tools.workspace import ROOT

from tests.packaging.imports import PACKAGES

if TYPE_CHECKING:
    from pathlib import Path

COMPILED: Final = sorted(
    name for name, package in PACKAGES.items() if package.is_compiled and package.is_for_here
)
#: What building and testing leave behind.
_PRODUCTS: Final = ("build", "*.egg-info", "__pycache__", "*.o", "*.so", "*.a", "s3dlio-test-*")


def checkout_of(name: str, parent: Path) -> Path:
    """A package's directory in a copy of the repository: beside native/, and linked to it."""
    ignored = shutil.ignore_patterns(*_PRODUCTS)
    shutil.copytree(ROOT / "native", parent / "native", ignore=ignored)
    target = parent / "packages" / name
    return shutil.copytree(PACKAGES[name].path, target, symlinks=True, ignore=ignored)


def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """This Python, with some arguments."""
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd)


def native_files() -> set[str]:
    """What the repository keeps in native/, or would after the next commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "native"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {path for path in listed.stdout.split() if (ROOT / path).exists()}


@pytest.mark.parametrize("name", COMPILED)
def test_sdist_holds_the_c_sources_as_plain_files(name: str, tmp_path: Path) -> None:
    """Who unpacks it can build it: no link leads out of it, and no product of a build is in it."""
    package = checkout_of(name, tmp_path)
    for product in ("src/left.o", "tests/left.so", "build/left.c", "s3dlio-test-1-0"):
        path = tmp_path / "native" / product
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"left by a build")
    code = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    built = run("-c", code, tmp_path, cwd=package)
    assert built.returncode == 0, built.stdout + built.stderr
    stem = PACKAGES[name].wheel_stem
    with tarfile.open(tmp_path / f"{stem}.tar.gz") as archive:
        files = {
            member.name.removeprefix(f"{stem}/"): member.isreg()
            for member in archive.getmembers()
            if not member.isdir()
        }
    assert native_files() == {path for path in files if path.startswith("native/")}
    assert {"ffi_build.py", "setup.py"} <= set(files)
    assert any(path.endswith("_conformance.py") for path in files)
    assert [] == [path for path, is_regular in files.items() if not is_regular]


@pytest.mark.parametrize("name", COMPILED)
def test_checkout_that_lost_its_link_says_so(name: str, tmp_path: Path) -> None:
    """Where git can't make symbolic links, they are files with the name of their target."""
    package = checkout_of(name, tmp_path)
    (package / "native").unlink()
    (package / "native").write_text("../../native")
    done = run("-m", "pip", "install", "--no-build-isolation", "--no-deps", "--no-index", package)
    assert done.returncode == 1, done.stdout + done.stderr
    shown = re.search(r"\[1 lines of output\]\n(.*)\n", done.stderr)
    assert shown, done.stderr
    for word in (name, "native", "symbolic link", "core.symlinks"):
        assert word in shown[1]


@pytest.mark.parametrize("name", COMPILED)
def test_building_elsewhere_says_where_it_builds(name: str, tmp_path: Path) -> None:
    """A compiler that can't find Linux's headers wouldn't."""
    code = (
        "import sys; from setuptools import build_meta; sys.platform = 'darwin'; "
        "build_meta.get_requires_for_build_wheel()"
    )
    done = run("-c", code, cwd=checkout_of(name, tmp_path))
    assert done.returncode == 1, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    assert name in line
    assert "Linux" in line
