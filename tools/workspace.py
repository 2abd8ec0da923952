"""What the tools know of the repository's layout."""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
#: What a package that runs on a system says of itself, by `sys.platform`.
SYSTEMS: Final = {
    "darwin": "Operating System :: MacOS",
    "linux": "Operating System :: POSIX :: Linux",
}


@dataclass(frozen=True, slots=True)
class Package:
    """One distribution of the workspace.

    Attributes:
        path: its directory.
        name: the distribution's name.
        version: its version.
        siblings: the names of the packages of the workspace that it needs, here or elsewhere.
        requirements: all that it needs.
        extras: what each of its extras needs besides.
        systems: where it runs, as `sys.platform` says it.
    """

    path: Path
    name: str
    version: str
    siblings: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    extras: dict[str, tuple[Requirement, ...]]
    systems: frozenset[str]

    @property
    def wheel_stem(self) -> str:
        """How the names of its files in dist/ begin."""
        return f"{self.name.replace('-', '_')}-{self.version}"

    @property
    def declared(self) -> tuple[Requirement, ...]:
        """All that it needs, and all that its extras need."""
        return (*self.requirements, *itertools.chain(*self.extras.values()))

    @property
    def wheel(self) -> Path:
        """Its wheel in dist/."""
        found = sorted(DIST.glob(f"{self.wheel_stem}-*.whl"))
        if len(found) != 1:
            raise SystemExit(f"expected one wheel of {self.name} in {DIST}, found {len(found)}")
        return found[0]

    @property
    def is_compiled(self) -> bool:
        """Whether it has a module in C."""
        return (self.path / "ffi_build.py").exists()

    @property
    def is_for_here(self) -> bool:
        """Whether it runs on this system."""
        return sys.platform in self.systems


def read_packages() -> dict[str, Package]:
    """Read all packages, by name, siblings before those that need them."""
    found = {
        package.name: package
        for package in map(_read_package, sorted((ROOT / "packages").glob("*/pyproject.toml")))
    }
    ordered: dict[str, Package] = {}
    while len(ordered) < len(found):
        ready = [
            package
            for package in found.values()
            if package.name not in ordered and all(name in ordered for name in package.siblings)
        ]
        if not ready:
            raise SystemExit("the packages depend on each other in a circle")
        ordered.update((package.name, package) for package in ready)
    return ordered


def _read_package(path: Path) -> Package:
    project = tomllib.loads(path.read_text())["project"]
    requirements = tuple(map(Requirement, project["dependencies"]))
    optional = project.get("optional-dependencies", {})
    return Package(
        path=path.parent,
        name=project["name"],
        version=project["version"],
        siblings=tuple(one.name for one in requirements if one.name.startswith("s3dlio-")),
        requirements=requirements,
        extras={name: tuple(map(Requirement, texts)) for name, texts in optional.items()},
        systems=frozenset(
            system for system, line in SYSTEMS.items() if line in project["classifiers"]
        ),
    )


def closure(
    package: Package, packages: dict[str, Package], system: str = sys.platform
) -> list[Package]:
    """Return a package and the siblings that it declares for a system, directly or not."""
    needed: dict[str, Package] = {}
    for requirement in package.requirements:
        if requirement.name in packages and holds(requirement, system):
            sibling = packages[requirement.name]
            needed.update((one.name, one) for one in closure(sibling, packages, system))
    return [*needed.values(), package]


def holds(requirement: Requirement, system: str) -> bool:
    """Whether something is needed on a system, as its marker says."""
    marker = requirement.marker
    return marker is None or marker.evaluate({"sys_platform": system})
