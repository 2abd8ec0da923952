"""--files-from and --files-from0."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., Any]
    Names = Callable[[Path], list[str]]

NAMES = ("a.log", "b.txt", "d/c.txt", "d/line\nbreak")


@pytest.mark.parametrize("command", ["upload", "download"])
def test_what_a_list_names_is_copied(
    cli: Cli, tree: Path, tmp_path: Path, command: str, names: Names
) -> None:
    """Without its notes; several lists add up."""
    (tmp_path / "list").write_text("# a note\n\na.log\n")
    (tmp_path / "list0").write_bytes(b"d/line\nbreak\0")
    lists = ("--files-from", tmp_path / "list", "--files-from0", tmp_path / "list0")
    assert cli(command, *lists, f"{tree}/", f"{tmp_path}/to/").code == 0
    assert names(tmp_path / "to") == ["a.log", "d/line\nbreak"]


def test_a_list_comes_from_standard_input(
    cli: Cli, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: Names
) -> None:
    """As from `find . -name '*.txt'`."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"./b.txt\n./d/c.txt\n")))
    assert cli("upload", "--files-from", "-", tree, f"{tmp_path}/to/").code == 0
    assert names(tmp_path / "to") == ["tree/b.txt", "tree/d/c.txt"]


def test_a_name_that_is_not_there_is_a_failure(
    cli: Cli, tree: Path, tmp_path: Path, names: Names
) -> None:
    """The others are copied."""
    (tmp_path / "list").write_text("none\nb.txt\n")
    outcome = cli("upload", "--files-from", tmp_path / "list", f"{tree}/", f"{tmp_path}/to/")
    assert outcome.code == 1
    assert f"file://{tree}/none" in outcome.err
    assert names(tmp_path / "to") == ["b.txt"]


def test_what_failed_is_copied_by_the_list_of_failures(
    cli: Cli, tree: Path, tmp_path: Path, names: Names
) -> None:
    """Until nothing fails, and with nothing more to do after that."""
    goal = tmp_path / "to"
    for name in ("b.txt", "d/line\nbreak"):  # a directory in the way
        (goal / name / "in the way").mkdir(parents=True)
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    assert cli("upload", "-r", f"{tree}/", goal, "--failures0", first).code == 1
    for name in ("b.txt", "d/line\nbreak"):
        (goal / name / "in the way").rmdir()
        (goal / name).rmdir()
    retry = ("upload", "-r", f"{tree}/", goal)
    outcome = cli(*retry, "--files-from0", first, "--failures0", second)
    assert outcome.code == 0
    assert "uploaded 2 objects" in outcome.err
    assert names(goal) == sorted(NAMES)
    outcome = cli(*retry, "--files-from0", second, "--failures0", third)
    assert (outcome.code, third.read_bytes()) == (0, b"")
    assert "the list of names is empty\n" in outcome.err


@pytest.mark.parametrize("options", [("--failures",), ("--failures0",)])
def test_a_list_is_not_emptied_by_its_own_run(
    cli: Cli, tree: Path, tmp_path: Path, options: tuple[str]
) -> None:
    """However the file is named."""
    (tmp_path / "list").write_text("a.log\n")
    (tmp_path / "link").symlink_to("list")
    lists = ("--files-from", tmp_path / "list", *options, tmp_path / "link")
    outcome = cli("upload", *lists, f"{tree}/", f"{tmp_path}/to/")
    assert outcome.code == 2
    assert "would empty the list of names" in outcome.err
    assert (tmp_path / "list").read_text() == "a.log\n"


def test_a_missing_list_is_wrong_usage(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """Nothing is copied."""
    outcome = cli("upload", "--files-from", tmp_path / "none", f"{tree}/", f"{tmp_path}/to/")
    assert outcome.code == 2
    assert "No such file" in outcome.err
    assert not (tmp_path / "to").exists()


def test_standard_input_is_one_list(
    cli: Cli, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second would silently get nothing."""
    (tmp_path / "list").write_text("a.log")
    with (tmp_path / "list").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        lists = ("--files-from", "-", "--files-from0", "-")
        outcome = cli("upload", *lists, f"{tree}/", tmp_path / "to")
    assert outcome.code == 2
    assert "standard input is one list" in outcome.err


def test_a_failure_has_its_name_however_short(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """Also where the reason has the same letter in it."""
    (tmp_path / "list").write_text("a\n")
    (tmp_path / "other").mkdir()
    lists = ("--files-from", tmp_path / "list")
    outcome = cli("upload", *lists, f"{tree}/", f"{tmp_path}/other/", f"{tmp_path}/to/")
    assert outcome.code == 1
    assert "a: a relative name needs one source" in outcome.err
