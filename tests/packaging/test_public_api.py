"""`__all__` is what a module offers: all of it exists, and nothing public is missing."""

from __future__ import annotations

import importlib
import inspect
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import pytest

from tests.packaging.imports import PACKAGES, source_files

if TYPE_CHECKING:
    from types import ModuleType


def module_names() -> list[str]:
    """The modules of all packages that run on this system."""
    found = []
    for package in filter(attrgetter("is_for_here"), PACKAGES.values()):
        source = package.path / "src"
        for path in source_files(package):
            parts = path.relative_to(source).with_suffix("").parts
            name = ".".join(parts).removesuffix(".__init__")
            if not name.endswith("__main__"):
                found.append(name)
    return found


MODULES: Final = module_names()
#: Top-level modules: what they export is what README files and programs use.
PUBLIC: Final = [name for name in MODULES if "." not in name and name != "s3dlio_cli"]


def exported(module: ModuleType) -> list[str]:
    """What a module says that it offers; nothing where it doesn't say."""
    return list(getattr(module, "__all__", ()))


def test_the_command_line_is_a_program_and_no_library() -> None:
    """It exports nothing: `import s3dlio` is the way in for programs."""
    assert [] == exported(importlib.import_module("s3dlio_cli"))


@pytest.mark.parametrize("name", MODULES)
def test_what_is_exported_exists_once(name: str) -> None:
    """Each name of `__all__` can be had, and stands there once."""
    module = importlib.import_module(name)
    names = exported(module)
    assert [] == [one for one in names if not hasattr(module, one)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", PUBLIC)
def test_what_a_package_holds_is_exported(name: str) -> None:
    """Every public name of a top-level module that isn't a module is in `__all__`."""
    module = importlib.import_module(name)
    assert exported(module)
    public = {
        one
        for one, value in vars(module).items()
        if not one.startswith("_")
        and not inspect.ismodule(value)
        and type(value).__name__ != "_Feature"  # from __future__ import annotations
        and one != "TYPE_CHECKING"
    }
    assert public == {one for one in exported(module) if not one.startswith("_")}


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_exported_is_documented(name: str) -> None:
    """Each exported class and function has a docstring of its own."""
    module = importlib.import_module(name)
    assert [] == [
        one
        for one in exported(module)
        if (inspect.isclass(value := getattr(module, one)) or inspect.isfunction(value))
        and not inspect.getdoc(value)
    ]
