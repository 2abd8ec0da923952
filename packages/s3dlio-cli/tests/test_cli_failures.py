"""--failures, --failures0 and --retries."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import operations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., Any]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a directory with a good file and two that can't be read."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "good").write_bytes(b"g")
    (root / "bad").symlink_to("nowhere")
    (root / "bad\nname").symlink_to("nowhere")
    return root


@pytest.mark.parametrize("extra", [(), ("--retries", "2")])
def test_failures_are_listed_for_files_from(
    cli: Cli, tree: Path, tmp_path: Path, extra: tuple[str, ...]
) -> None:
    """One a line; a name that can't stand there is told, and stands in the other list."""
    arguments = ("upload", f"{tree}/", tmp_path / "out", "--failures", tmp_path / "list", *extra)
    outcome = cli(*arguments)
    assert outcome.code == 1
    assert (tmp_path / "list").read_text() == f"file://{tree}/bad\n"
    assert "s3-cli: warning: " in outcome.err
    assert "line break: --failures0 can" in outcome.err
    outcome = cli(*arguments, "--failures0", tmp_path / "list0")
    names = {f"file://{tree}/bad", f"file://{tree}/bad\nname", ""}
    assert names == set((tmp_path / "list0").read_text().split("\0"))
    assert "line break" not in outcome.err


def test_a_list_in_a_missing_directory_is_wrong_usage(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """One line says so, and nothing is copied or deleted."""
    for arguments in [("upload", f"{tree}/", tmp_path / "out"), ("delete", "-r", tree)]:
        outcome = cli(*arguments, "--failures", tmp_path / "no" / "list")
        assert (outcome.code, outcome.err.count("\n")) == (2, 1)
        assert "the list of failures can't be written: No such file" in outcome.err
    assert (tree / "good").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")  # noqa: PTH110
def test_a_list_that_is_cut_short_is_an_error_even_with_quiet(
    cli: Cli, tree: Path, tmp_path: Path
) -> None:
    """Once, beside the failures themselves."""
    outcome = cli("upload", "-q", f"{tree}/", tmp_path / "out", "--failures", "/dev/full")
    assert outcome.code == 1
    assert outcome.err.count("s3-cli: error: the list of failures is incomplete: /dev/full") == 1
    assert (tmp_path / "out" / "good").exists()


def test_a_negative_number_of_retries_is_wrong_usage(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """The option takes what the operations take."""
    assert cli("upload", f"{tree}/", tmp_path / "out", "--retries", "-1").code == 2


def test_what_failed_is_tried_again(
    cli: Cli, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The options reach the operation."""
    seen: list[object] = []
    upload = operations.upload

    def watched(*arguments: Any, **keywords: Any) -> object:
        seen.append(keywords["retries"])
        return upload(*arguments, **keywords)

    monkeypatch.setattr(operations, "upload", watched)
    cli("upload", f"{tree}/good", tmp_path / "out/", "--retries", "3")
    cli("upload", f"{tree}/good", tmp_path / "out/")
    assert seen == [3, 0]


@pytest.mark.parametrize("command", ["upload", "copy", "sync", "check"])
@pytest.mark.parametrize("flags", [(), ("-v",), ("-q",), ("--json",)])
def test_each_failure_is_said_once_by_each_command(
    cli: Cli, tree: Path, tmp_path: Path, command: str, flags: tuple[str, ...]
) -> None:
    """Whatever else is said."""
    (tmp_path / "out").mkdir()
    lines = cli(command, f"{tree}/", tmp_path / "out", *flags).err.splitlines()
    for name in (f"{tree}/bad: ", rf"{tree}/bad\nname: "):
        (line,) = [line for line in lines if name in line]
        assert line.startswith("s3-cli: error: ")
