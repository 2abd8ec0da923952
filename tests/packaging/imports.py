"""The imports of a package's source, found without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tools.workspace import ROOT, Package, read_packages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGES: Final = read_packages()


@dataclass(frozen=True, slots=True)
class Import:
    """One import.

    Attributes:
        path: the file, below the repository's root.
        line: its line.
        module: what is imported, with its dots.
        for_types: whether it stands below `if TYPE_CHECKING:`.
    """

    path: str
    line: int
    module: str
    for_types: bool

    @property
    def top(self) -> str:
        """The top-level module."""
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.module}"


def source_files(package: Package) -> list[Path]:
    """The Python files of a package's source."""
    return sorted((package.path / "src").rglob("*.py"))


def imports_of(package: Package) -> list[Import]:
    """Every import of a package, wherever in a file it stands."""
    return [found for path in source_files(package) for found in imports_of_file(path)]


def imports_of_file(path: Path) -> Iterator[Import]:
    """Every import of a file."""
    name = str(path.relative_to(ROOT))
    yield from _walk(ast.parse(path.read_text(encoding="utf-8")), name, for_types=False)


def _walk(node: ast.AST, path: str, *, for_types: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(path, node.lineno, alias.name, for_types)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{path}:{node.lineno}: a relative import"
        yield Import(path, node.lineno, node.module or "", for_types)
    elif isinstance(node, ast.If) and _is_type_checking(node.test):
        for child in node.body:
            yield from _walk(child, path, for_types=True)
        for child in node.orelse:
            yield from _walk(child, path, for_types=for_types)
    else:
        for inner in ast.iter_child_nodes(node):
            yield from _walk(inner, path, for_types=for_types)


def _is_type_checking(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"
