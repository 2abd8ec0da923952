"""What the tools know of the repository's layout."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"


@dataclass(frozen=True, slots=True)
class Package:
    """One distribution of the workspace.

    Attributes:
        path: its directory.
        name: the distribution's name.
        version: its version.
        siblings: the names of the packages of the workspace that it needs.
        requirements: all that it needs.
        extras: what its extras need besides.
    """

    path: Path
    name: str
    version: str
    siblings: tuple[str, ...]
    requirements: tuple[str, ...]
    extras: tuple[str, ...]

    @property
    def wheel_stem(self) -> str:
        """How the names of its files in dist/ begin."""
        return f"{self.name.replace('-', '_')}-{self.version}"


def read_packages() -> dict[str, Package]:
    """Read all packages, by name, siblings before those that need them."""
    found: dict[str, Package] = {}
    for path in sorted((ROOT / "packages").iterdir()):
        project = tomllib.loads((path / "pyproject.toml").read_text())["project"]
        requirements = tuple(project["dependencies"])
        siblings = tuple(
            requirement.partition("==")[0]
            for requirement in requirements
            if requirement.startswith("s3dlio-")
        )
        optional = project.get("optional-dependencies", {})
        extras = tuple(requirement for extra in optional.values() for requirement in extra)
        name = project["name"]
        found[name] = Package(path, name, project["version"], siblings, requirements, extras)
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


def closure(package: Package, packages: dict[str, Package]) -> list[Package]:
    """Return a package and the siblings that it declares, directly or not."""
    needed: dict[str, Package] = {}
    for name in package.siblings:
        needed.update((one.name, one) for one in closure(packages[name], packages))
    return [*needed.values(), package]
