"""The filters' options of the commands that copy, delete and list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., Any]
    Names = Callable[[Path], list[str]]

NAMES = ("a.log", "b.txt", "build/c.txt", "d/e.txt")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--include", "*.txt"], ["b.txt", "build/c.txt", "d/e.txt"]),
        (["--include", "*.txt", "--exclude", "build"], ["b.txt", "d/e.txt"]),
        (["--exclude", "build", "--include", "*.txt"], ["b.txt", "d/e.txt"]),
        (["--include", "*.log", "--include", "d/"], ["a.log", "d/e.txt"]),
        (["--exclude", r"re:.*\.txt"], ["a.log"]),
        (["--max-size", "5"], ["a.log", "b.txt"]),
        (["--min-size", "6b"], ["build/c.txt", "d/e.txt"]),
        (["--newer", "1h", "--max-size", "1k", "--exclude=/b*"], ["a.log", "d/e.txt"]),
    ],
)
@pytest.mark.parametrize("command", ["upload", "download"])
def test_what_the_filters_keep_is_copied(
    cli: Cli,
    tree: Path,
    tmp_path: Path,
    command: str,
    options: list[str],
    expected: list[str],
    names: Names,
) -> None:
    """In any order of the options."""
    outcome = cli(command, "-r", *options, f"{tree}/", f"{tmp_path}/to/")
    assert outcome.code == 0
    assert names(tmp_path / "to") == expected


def test_what_is_left_out_is_told_in_one_line(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """Not by name: there may be millions."""
    outcome = cli("upload", "-r", "--include", "*.log", f"{tree}/", f"{tmp_path}/to/")
    assert "the filters left out 3 objects\n" in outcome.err


def test_nothing_new_is_no_failure(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """As every night in a job that copies what is new."""
    outcome = cli("upload", "-r", "--older", "1h", f"{tree}/", f"{tmp_path}/to/")
    assert outcome.code == 0
    assert not (tmp_path / "to").exists()


def test_a_filtered_deletion_leaves_the_rest(cli: Cli, tree: Path, names: Names) -> None:
    """Only what is kept by the filters goes."""
    assert cli("rm", "-r", "--include", "*.txt", "--exclude", "build", tree).code == 0
    assert names(tree) == ["a.log", "build/c.txt"]


def test_a_filtered_listing_has_the_rest(cli: Cli, tree: Path) -> None:
    """And its total."""
    outcome = cli("ls", "-r", "--exclude", "build", "--max-size", "5", f"{tree}/")
    assert outcome.out == f"file://{tree}/a.log\nfile://{tree}/b.txt\n"
    assert outcome.err == "Total objects: 2\n"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--min-size", "big"], "'big' is no size"),
        (["--newer", "yesterday"], "'yesterday' is neither a duration nor a time"),
        (["--exclude", "re:("], "bad regex ("),
        (["--include", ""], "names nothing"),
    ],
)
@pytest.mark.parametrize("command", ["upload", "rm", "ls"])
def test_a_filter_that_cannot_be_read_is_an_error_of_usage(
    cli: Cli,
    tree: Path,
    tmp_path: Path,
    command: str,
    options: list[str],
    reason: str,
    names: Names,
) -> None:
    """And nothing is done."""
    goal = [f"{tmp_path}/to/"] if command == "upload" else []
    outcome = cli(command, "-r", *options, f"{tree}/", *goal)
    assert outcome.code == 2
    assert reason in outcome.err
    assert names(tmp_path) == sorted(f"tree/{name}" for name in NAMES)


@pytest.mark.parametrize("option", ["--newer", "--older", "--min-size", "--max-size", "--failures"])
def test_an_option_that_is_empty_deletes_nothing(
    cli: Cli, tree: Path, option: str, names: Names
) -> None:
    """An unset variable of a script isn't "no filter"."""
    outcome = cli("rm", "-r", f"{tree}/", option, "")
    assert outcome.code == 2
    assert f"'{option}': it is empty" in outcome.err
    assert names(tree) == sorted(NAMES)


def test_a_common_option_that_is_empty_is_refused_before_the_command(
    cli: Cli, tree: Path, names: Names
) -> None:
    """Else a script would meet another service than the one that it means."""
    assert cli("--endpoint-url", "", "rm", "-r", f"{tree}/").code == 2
    assert names(tree) == sorted(NAMES)
