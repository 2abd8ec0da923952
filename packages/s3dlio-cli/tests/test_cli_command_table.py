"""The table of commands: complete, in order, and lazy."""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from s3dlio_cli import commands
from s3dlio_cli.app import main
from s3dlio_cli.command_table import HEADINGS, TABLE, CommandEntry, all_names, entry_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Cli = Callable[..., Any]


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_an_entry_is_the_command_that_it_names(entry: CommandEntry) -> None:
    """It loads, its own name is the table's, and its alias leads to it."""
    command = entry.load()
    assert isinstance(command, click.Command)
    assert command.name == entry.name
    assert entry.heading in HEADINGS
    assert {entry} == {entry_of(name) for name in (entry.name, entry.alias or entry.name)}


def test_names_and_aliases_are_unique_and_in_order() -> None:
    """Nobody can take another's name, and additions don't meet at the end."""
    assert len(set(all_names())) == len(all_names())
    names = [entry.name for entry in TABLE]
    assert sorted(names) == names


def test_every_module_of_commands_is_in_the_table() -> None:
    """A command that nobody can run is a mistake."""
    files = {path.stem for path in Path(commands.__path__[0]).glob("*.py")} - {"__init__"}
    assert files == {entry.place.partition(":")[0] for entry in TABLE}


def test_the_help_shows_each_command_below_its_heading(cli: Cli) -> None:
    """The headings in their order, and each command once, with its alias."""
    lines = cli("--help").out.splitlines()
    assert list(HEADINGS) == [line[:-1] for line in lines if line[:-1] in HEADINGS]
    for entry in TABLE:
        label = entry.name + (f" ({entry.alias})" if entry.alias else "")
        assert sum(line.startswith(f"  {label}  ") for line in lines) == 1


def test_running_a_command_imports_no_other() -> None:
    """The start of one doesn't wait for all."""
    code = (
        "import sys\n"
        "from s3dlio_cli.app import run\n"
        "run(['stat', '--help'])\n"
        "found = [name for name in sys.modules if name.startswith('s3dlio_cli.commands.')]\n"
        "assert found == ['s3dlio_cli.commands.stat'], found\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def examples_of(command: click.Command) -> list[str]:
    """Return the command lines that the help of a command shows."""
    lines = (command.epilog or "").splitlines()[2:]
    return [line.strip() for line in lines if line.strip()]


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_the_examples_of_a_command_are_read_as_they_are_written(
    entry: CommandEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each names this command, or its alias, and gives it arguments that it takes."""
    monkeypatch.chdir(tmp_path)
    command = entry.load()
    examples = examples_of(command)
    assert examples
    called = []
    for example in examples:
        words = shlex.split(example)
        for name in words:
            if name.endswith(".txt"):  # a list of names is opened when it is read
                Path(name).touch()
        calls = calls_of(words)
        assert calls, example
        for name, *arguments in calls:
            found = entry_of(name)
            assert found is not None, example
            with (
                click.Context(main) as parent,
                found.load().make_context(name, arguments, parent=parent),
            ):
                called.append(found)
    assert entry in called


def calls_of(words: Sequence[str]) -> list[Sequence[str]]:
    """Return the arguments of each call of s3-cli in a line of shell."""
    calls: list[Sequence[str]] = []
    for is_separator, group in itertools.groupby(words, lambda word: word in {"&&", "|", ";"}):
        call = list(group)
        if not is_separator and "s3-cli" in call:
            arguments = call[call.index("s3-cli") + 1 :]
            calls.append(list(itertools.takewhile(lambda word: word not in {">", "<"}, arguments)))
    return calls


def test_the_readme_has_each_command_with_its_alias() -> None:
    """One row each."""
    readme = Path(__file__).parents[1] / "README.md"
    rows = [line.split("|") for line in readme.read_text(encoding="utf-8").splitlines()]
    found = {
        (cells[1].strip(" `").split()[0], cells[2].strip(" `") or None)
        for cells in rows
        if len(cells) >= 5 and cells[1].strip().startswith("`")
    }
    assert [] == [entry.name for entry in TABLE if (entry.name, entry.alias) not in found]


def test_the_readme_names_the_commands_of_each_option() -> None:
    """All that have it, and no other."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    table = text.partition("\n## Options of single commands\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`-.+) \| (.+) \| .+ \|$", table, re.MULTILINE)
    assert len(rows) > 10
    commands = {entry.name: entry.load() for entry in TABLE}
    for options, named in rows:
        for option in re.findall(r"(?<![\w-])--?[a-z][a-z0-9-]*", options):
            having = {
                name
                for name, found in commands.items()
                for parameter in found.params
                if option in parameter.opts and not getattr(parameter, "hidden", False)
            }
            assert (option, having) == (option, set(re.findall(r"[a-z]+", named)))
