"""docs/MIGRATING.md names everything of the original, and nothing of ours that isn't there."""

from __future__ import annotations

import builtins
import re
from typing import Final

import pytest

import s3dlio
from s3dlio_cli.app import main
from s3dlio_cli.command_table import TABLE
from s3dlio_core import errors
from tests.servers.base import REPOSITORY_ROOT

pytestmark = pytest.mark.one_wire

TEXT: Final = (REPOSITORY_ROOT / "docs" / "MIGRATING.md").read_text(encoding="utf-8")
_ROW: Final = re.compile(r"^\| (.+) \| (.+) \|$", re.MULTILINE)
ROWS: Final = _ROW.findall(TEXT)
THEIRS: Final = "\n".join(theirs for theirs, _ in ROWS)
OURS: Final = "\n".join(ours for _, ours in ROWS)
#: The command line of the original, src/bin/cli.rs at v0.8.3.
COMMANDS: Final = (
    *("list-buckets", "create-bucket", "delete-bucket", "list", "ls", "stat", "delete"),
    *("get", "mp-get", "put", "upload", "download"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_original_has_a_row(command: str) -> None:
    """What became of it stands beside it."""
    assert re.search(rf"^`{command}\b", THEIRS, re.MULTILINE)


def test_functions_that_are_named_are_there() -> None:
    """Whatever is written as `s3dlio.name` is a name of the module."""
    names = set(re.findall(r"\bs3dlio\.(\w+)", OURS))
    assert len(names) >= 10
    assert [] == [name for name in sorted(names) if not hasattr(s3dlio, name)]


def test_functions_that_are_in_both_are_named() -> None:
    """A name of the original that ours has, too, is what stands beside it."""
    python = TEXT.partition("\n## Python\n")[2].partition("\n## ")[0]
    rows = _ROW.findall(python)
    assert len(rows) > 10
    for theirs, ours in rows:
        for name in re.findall(r"`([a-z_]+)\b", theirs):
            if name in s3dlio.__all__ and name != "put":  # theirs wrote made-up data
                assert f"s3dlio.{name}" in ours
                assert not ours.startswith("—")


def test_errors_that_the_documents_name_are_there() -> None:
    """Whoever reads that an error is raised can catch it by its name."""
    pages = [REPOSITORY_ROOT / "README.md", *(REPOSITORY_ROOT / "docs").glob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    names = set(re.findall(r"`(?:s3dlio\.)?(\w+Error)\b", text)) - set(dir(builtins))
    assert len(names) > 3
    assert [] == [name for name in sorted(names) if not hasattr(s3dlio, name)]


def test_all_errors_are_names_of_the_module() -> None:
    """What is raised can be caught, without an import of another package."""
    tree = {name for name, value in vars(errors).items() if name.endswith("Error")}
    assert tree - set(dir(builtins)) <= set(s3dlio.__all__)


def test_commands_that_are_named_are_there() -> None:
    """Whatever is written as `s3-cli name` is a command or an alias."""
    names = set(re.findall(r"`s3-cli ([a-z-]+)", OURS))
    assert len(names) > 5
    context = main.make_context("s3-cli", ["ls"])
    assert [] == [name for name in sorted(names) if main.get_command(context, name) is None]


def test_options_that_are_named_are_there() -> None:
    """Whatever is written as `--name` is an option of some command."""
    known = {
        option
        for command in (main, *(entry.load() for entry in TABLE))
        for parameter in command.params
        for option in parameter.opts
    } | {"--help"}
    names = set(re.findall(r"`(--[a-z-]+)", OURS)) - {"--op-log"}
    assert len(names) > 5
    assert set() == names - known
