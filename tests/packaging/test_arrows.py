"""The arrows between the packages go down only, and whatever is imported is declared."""

from __future__ import annotations

import re
import sys
from typing import Final

import pytest
from tools.workspace import ROOT, holds

from tests.packaging.imports import PACKAGES, Import, imports_of, imports_of_file, source_files

#: What each package may import of the others: ARCHITECTURE.md draws it.
ARROWS: Final = {
    "s3dlio-core": set[str](),
    "s3dlio-http": set[str](),
    "s3dlio-s3": {"s3dlio_core", "s3dlio_http"},
    "s3dlio-azure": {"s3dlio_core", "s3dlio_http"},
    "s3dlio-direct": {"s3dlio_core"},
    "s3dlio-progress": {"s3dlio_core"},
    "s3dlio-cli": {"s3dlio_core", "s3dlio_progress"},
}
#: Siblings that a package installs without importing them: entry points find them.
FOUND_BY_ENTRY_POINT: Final = {"s3dlio-cli": {"s3dlio_azure", "s3dlio_direct", "s3dlio_s3"}}
#: Modules that only type checkers see; nothing needs to be installed for them.
FOR_TYPES_ONLY: Final = {"typing_extensions", "_typeshed"}
#: The conformance suite is for packages that declare what it needs: the extra "testing".
TESTING: Final = {"packages/s3dlio-core/src/s3dlio_core/testing/": {"pytest", "hypothesis"}}

NAMES: Final = sorted(PACKAGES)


def own_modules(name: str) -> set[str]:
    """The top-level modules of a package."""
    return {path.name for path in (PACKAGES[name].path / "src").iterdir() if path.suffix == ""}


OURS: Final = {module for name in NAMES for module in own_modules(name)}


def third_party(name: str) -> list[Import]:
    """The imports of a package that are neither Python's nor ours."""
    return [
        found
        for found in imports_of(PACKAGES[name])
        if found.top not in sys.stdlib_module_names
        and found.top not in OURS
        and not (found.for_types and found.top in FOR_TYPES_ONLY)
        and not any(
            found.path.startswith(directory) and found.top in modules
            for directory, modules in TESTING.items()
        )
    ]


def test_every_package_has_its_arrows() -> None:
    """A new package must be drawn here, and in ARCHITECTURE.md."""
    assert sorted(ARROWS) == NAMES
    architecture = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert [] == [name for name in NAMES if name not in architecture]


@pytest.mark.parametrize("name", NAMES)
def test_arrows_go_down_only(name: str) -> None:
    """A package imports itself and what lies below it, nothing sideways, not even for types."""
    allowed = ARROWS[name] | own_modules(name)
    assert [] == [str(found) for found in imports_of(PACKAGES[name]) if found.top in OURS - allowed]


@pytest.mark.parametrize("name", NAMES)
def test_siblings_are_needed_only_where_they_run(name: str) -> None:
    """What installs on a system needs nothing there that doesn't."""
    needed = [
        f"{requirement} on {system}"
        for requirement in PACKAGES[name].requirements
        if requirement.name in PACKAGES
        for system in PACKAGES[name].systems - PACKAGES[requirement.name].systems
        if holds(requirement, system)
    ]
    assert [] == needed


@pytest.mark.parametrize("name", NAMES)
def test_siblings_are_declared(name: str) -> None:
    """What is imported of the siblings, or found by entry point, is what is declared."""
    used = ARROWS[name] | FOUND_BY_ENTRY_POINT.get(name, set())
    assert used == {sibling.replace("-", "_") for sibling in PACKAGES[name].siblings}


def test_core_needs_nothing_but_python() -> None:
    """It declares no dependency and imports none."""
    assert PACKAGES["s3dlio-core"].requirements == ()
    assert [] == [str(found) for found in third_party("s3dlio-core")]


def distributions(found: Import) -> set[str]:
    """What a distribution with this module may be called: `azure` is shared by many."""
    return {found.top, "_".join(found.module.split(".")[:2])}


@pytest.mark.parametrize("name", NAMES)
def test_third_parties_are_declared(name: str) -> None:
    """Each imported distribution stands in the package's own metadata."""
    declared = {requirement.name.replace("-", "_") for requirement in PACKAGES[name].declared}
    assert [] == [str(found) for found in third_party(name) if not distributions(found) & declared]


@pytest.mark.parametrize("name", NAMES)
def test_third_parties_that_are_declared_are_used(name: str) -> None:
    """Nobody installs a library for nothing. A compiled module needs what it was made with."""
    imports = imports_of(PACKAGES[name])
    if PACKAGES[name].is_compiled:
        imports.extend(imports_of_file(PACKAGES[name].path / "ffi_build.py"))
    used = {name for found in imports for name in distributions(found)}
    declared = {
        requirement.name.replace("-", "_")
        for requirement in PACKAGES[name].declared
        if not requirement.name.startswith("s3dlio-")
    }
    assert set() == declared - used


@pytest.mark.parametrize("name", NAMES)
def test_environment_is_read_in_few_places(name: str) -> None:
    """The environment is an argument nearly everywhere; these files read it."""
    allowed = {
        "packages/s3dlio-azure/src/s3dlio_azure/authorizer.py",
        "packages/s3dlio-azure/src/s3dlio_azure/config_options.py",
        "packages/s3dlio-core/src/s3dlio_core/sides.py",
        "packages/s3dlio-direct/src/s3dlio_direct/provider.py",
        "packages/s3dlio-http/src/s3dlio_http/adapter.py",
        "packages/s3dlio-s3/src/s3dlio_s3/config_options.py",
        "packages/s3dlio-s3/src/s3dlio_s3/sender.py",
        "packages/s3dlio-progress/src/s3dlio_progress/choose.py",
    }
    reading = {
        str(path.relative_to(ROOT))
        for path in source_files(PACKAGES[name])
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text(encoding="utf-8"))
    }
    assert set() == reading - allowed
