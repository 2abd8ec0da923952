"""The wheels that users get: what lies in each, and what each says of itself."""

from __future__ import annotations

import email.parser
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from packaging.requirements import Requirement
from tools.workspace import ROOT, holds

from tests.packaging.imports import PACKAGES, source_files

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

NAMES: Final = sorted(name for name, package in PACKAGES.items() if package.is_for_here)
PURE: Final = [name for name in NAMES if not PACKAGES[name].is_compiled]
COMPILED: Final = [name for name in NAMES if PACKAGES[name].is_compiled]
ENTRY_POINTS: Final = {
    "s3dlio-azure": "[s3dlio.stores]\naz = s3dlio_azure.provider:AzureProvider\n",
    "s3dlio-cli": "[console_scripts]\ns3-cli = s3dlio_cli.app:run\n",
    "s3dlio-core": "",
    "s3dlio-direct": "[s3dlio.stores]\ndirect = s3dlio_direct.provider:DirectProvider\n",
    "s3dlio-http": "",
    "s3dlio-progress": "[s3dlio.observers]\nauto = s3dlio_progress.choose:make_observer\n",
    "s3dlio-s3": "[s3dlio.stores]\ns3 = s3dlio_s3.store:S3Provider\n",
}


@dataclass(frozen=True, slots=True)
class Wheel:
    """An opened wheel.

    Attributes:
        name: of the file.
        files: path → content.
    """

    name: str
    files: dict[str, bytes]

    def info(self, name: str) -> str:
        """A file of the metadata directory, or ""."""
        found = [path for path in self.files if path.endswith(f".dist-info/{name}")]
        return self.files[found[0]].decode() if found else ""

    @property
    def metadata(self) -> Message:
        """The core metadata."""
        return email.parser.Parser().parsestr(self.info("METADATA"))

    @property
    def modules(self) -> dict[str, bytes]:
        """What is installed beside the metadata."""
        return {path: content for path, content in self.files.items() if ".dist-info/" not in path}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Wheel]:
    """The wheel of every package, built from a copy, since building writes beside the source."""
    root = tmp_path_factory.mktemp("wheels")
    return {name: build_wheel(name, root) for name in NAMES}


def build_wheel(name: str, root: Path) -> Wheel:
    """Build one."""
    copy = root / name
    ignored = shutil.ignore_patterns("build", "*.egg-info", "__pycache__", "*.o", "*.so")
    shutil.copytree(PACKAGES[name].path, copy, ignore=ignored)
    # What `build` calls in the end: each of its own processes costs as much as this one.
    code = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, root / "dist"],
        check=False,
        capture_output=True,
        text=True,
        cwd=copy,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (root / "dist").glob(f"{PACKAGES[name].wheel_stem}-*.whl")
    with zipfile.ZipFile(path) as archive:
        return Wheel(path.name, {member: archive.read(member) for member in archive.namelist()})


def test_only_the_command_line_installs_s3dlio(wheels: dict[str, Wheel]) -> None:
    """An unrelated project on PyPI installs a module of that name, too."""
    tops = {
        name: {path.partition("/")[0] for path in wheel.modules} for name, wheel in wheels.items()
    }
    expected = {name: {name.replace("-", "_")} for name in NAMES}
    assert tops == {**expected, "s3dlio-cli": {"s3dlio", "s3dlio_cli"}}


@pytest.mark.parametrize("name", NAMES)
def test_wheel_holds_the_whole_source_and_nothing_else(name: str, wheels: dict[str, Wheel]) -> None:
    """Every module, a py.typed for each package, what is compiled; no tests and no C."""
    source = PACKAGES[name].path / "src"
    expected = {path.relative_to(source).as_posix() for path in source_files(PACKAGES[name])}
    expected |= {path.relative_to(source).as_posix() for path in source.glob("*/py.typed")}
    expected |= {path.relative_to(source).as_posix() for path in source.rglob("*.pyi")}
    if PACKAGES[name].is_compiled:
        expected.add(f"{name.replace('-', '_')}/_native.abi3.so")
    assert expected == set(wheels[name].modules)
    assert {f"{path.name}/py.typed" for path in source.iterdir() if path.suffix == ""} <= expected


@pytest.mark.parametrize("name", PURE)
def test_wheel_is_pure_and_for_any_system(name: str, wheels: dict[str, Wheel]) -> None:
    """Nothing is compiled."""
    assert wheels[name].name.endswith("-py3-none-any.whl")
    assert "Root-Is-Purelib: true" in wheels[name].info("WHEEL")


@pytest.mark.parametrize("name", COMPILED)
def test_wheel_of_c_is_for_every_python_of_one_system(name: str, wheels: dict[str, Wheel]) -> None:
    """The stable interface of Python 3.10: one wheel for it and all later ones."""
    assert re.search(r"-cp310-abi3-linux_[a-z0-9_]+\.whl$", wheels[name].name)
    assert "Root-Is-Purelib: false" in wheels[name].info("WHEEL")


@pytest.mark.parametrize("name", NAMES)
def test_wheel_says_what_it_is(name: str, wheels: dict[str, Wheel]) -> None:
    """Licence, description, supported Pythons."""
    metadata = wheels[name].metadata
    assert (ROOT / "LICENSE").read_text() == wheels[name].info("licenses/LICENSE")
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["Summary"]
    assert (PACKAGES[name].path / "README.md").read_text() == metadata.get_payload()


def test_versions_are_in_lockstep(wheels: dict[str, Wheel]) -> None:
    """One version, and siblings are pinned to it."""
    (version,) = {wheel.metadata["Version"] for wheel in wheels.values()}
    for wheel in wheels.values():
        siblings = [
            requirement
            for requirement in map(Requirement, wheel.metadata.get_all("Requires-Dist", []))
            if requirement.name.startswith("s3dlio")
        ]
        assert [] == [found for found in siblings if str(found.specifier) != f"=={version}"]


@pytest.mark.parametrize(("system", "is_needed"), [("linux", True), ("darwin", False)])
def test_the_command_line_needs_direct_on_linux_alone(
    system: str, is_needed: bool, wheels: dict[str, Wheel]
) -> None:
    """Elsewhere there is no wheel of it, and none can be built."""
    declared = wheels["s3dlio-cli"].metadata.get_all("Requires-Dist", [])
    (found,) = [one for one in map(Requirement, declared) if one.name == "s3dlio-direct"]
    assert is_needed == holds(found, system)


@pytest.mark.parametrize("name", NAMES)
def test_entry_points(name: str, wheels: dict[str, Wheel]) -> None:
    """The script, the store of each scheme, the observer."""
    assert ENTRY_POINTS[name].split() == wheels[name].info("entry_points.txt").split()
