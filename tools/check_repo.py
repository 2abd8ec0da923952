"""Rules of the repository that no other tool checks."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tools.workspace import ROOT, Package, read_packages

if TYPE_CHECKING:
    from collections.abc import Iterator


def _package_faults(package: Package, version: str) -> Iterator[str]:
    if package.version != version:
        yield f"{package.name} has version {package.version}, others {version}"
    for requirement in package.requirements:
        is_pinned = str(requirement.specifier) == f"=={version}"
        if requirement.name.startswith("s3dlio-") and not is_pinned:
            yield f"{package.name} must pin its sibling: {requirement}"
    if (package.path / "LICENSE").read_bytes() != (ROOT / "LICENSE").read_bytes():
        yield f"{package.name}: LICENSE differs from the repository's"
    if not (package.path / "README.md").read_text().strip():
        yield f"{package.name} has no README.md"
    for module in (package.path / "src").iterdir():
        is_package = module.is_dir() and not module.name.endswith(".egg-info")
        if is_package and not (module / "py.typed").exists():
            yield f"{module.relative_to(ROOT)} has no py.typed"


def _link_faults(package: Package) -> Iterator[str]:
    """What is compiled lies in native/, and the link to it is what makes sdists complete."""
    link = package.path / "native"
    if package.is_compiled and not (link.is_symlink() and link.resolve() == ROOT / "native"):
        yield f"{link.relative_to(ROOT)} must be a symbolic link to ../../native"


def _duplicate_test_names() -> Iterator[str]:
    listed = subprocess.run(
        ["git", "ls-files", "*test_*.py"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    seen: dict[str, str] = {}
    for path in listed.stdout.split():
        name = path.rpartition("/")[2]
        if name in seen:
            yield f"{path} and {seen[name]} have the same name"
        seen[name] = path


def _version_fault(version: str) -> Iterator[str]:
    module = ROOT / "packages/s3dlio-core/src/s3dlio_core/__init__.py"
    if f'__version__ = "{version}"' not in module.read_text():
        yield f"s3dlio_core.__version__ isn't {version}"
    if f"## {version}" not in (ROOT / "CHANGELOG.md").read_text():
        yield f"CHANGELOG.md has no section for {version}"


def main() -> int:
    """Print every fault; return 1 if there is one."""
    packages = read_packages()
    version = packages["s3dlio-core"].version
    faults = [
        *(fault for package in packages.values() for fault in _package_faults(package, version)),
        *(fault for package in packages.values() for fault in _link_faults(package)),
        *_duplicate_test_names(),
        *_version_fault(version),
    ]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
