"""What stands on the screen after a transfer with a bar: nothing is garbled at any width."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.display import Display, shown
from tests.e2e.terminal import run_in_terminal
from tests.e2e.truth import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.terminal import Screen

pytestmark = pytest.mark.one_wire

WIDTHS: Final = [40, 80, 200]
#: Wide characters, a combining one, control characters, a long name.
NAMES: Final = ("a", "日本語" * 12, "e\u0301" * 30, "new\nline\x1b[2Jand\rmore", "n" * 200)


def broken_tree(root: Path, count: int = 0) -> list[str]:
    """Make files, and links to nothing; return the lines that tell the links.

    Args:
        root: where.
        count: how many links there are beside those with odd names.
    """
    write_tree(root, {f"z{number:02}": b"x" * 1000 for number in range(30)})
    names = sorted((*NAMES, *(f"more{number:03}" for number in range(count))), key=str.encode)
    for name in names:
        (root / name).symlink_to("nowhere")
    lines = (f"s3-cli: error: list {root}/{name}: a symbolic link to nothing" for name in names)
    return [line.translate({10: r"\n", 13: r"\r", 27: r"\x1b"}) for line in lines]


def run_upload(cli: Cli, *flags: str, columns: int = 80, term: str = "xterm") -> Screen:
    """Upload the tree in a terminal."""
    return run_in_terminal(
        [*cli.command, "upload", "in/", "out/", *flags],
        environment=cli.environment,
        directory=cli.directory,
        columns=columns,
        term=term,
    )


def said(lines: list[str], columns: int) -> list[str]:
    """The rows that lines take."""
    return shown("\r\n".join(lines), columns)


@pytest.mark.parametrize("columns", WIDTHS)
def test_failures_stand_whole_above_the_bar(columns: int, bare_cli: Cli, tmp_path: Path) -> None:
    """Each once, in whole lines; below them one row of the bar, and the summary."""
    lines = broken_tree(tmp_path / "in")
    screen = run_upload(bare_cli, columns=columns)
    assert screen.code == 1
    failures = said(lines, columns)
    assert screen.rows[: len(failures)] == failures
    bar, *summary = screen.rows[len(failures) :]
    assert re.fullmatch(r"UPLOAD: .*, 5 failed.*", bar)
    assert "".join(summary).startswith("uploaded 30 objects, 29.2 KiB in ")


def test_of_many_failures_the_first_are_named(bare_cli: Cli, tmp_path: Path) -> None:
    """Three hundred fill no screen: the end says how many there are and what lists them."""
    lines = broken_tree(tmp_path / "in", 300)
    screen = run_upload(bare_cli, "--failures0", "list")
    more = "s3-cli: error: more objects fail; from here on they are only counted"
    failures = said([*lines[:20], more], 80)
    assert screen.rows[: len(failures)] == failures
    bar, unnamed, *summary = screen.rows[len(failures) :]
    assert bar.startswith("UPLOAD: ")
    assert bar.endswith("305 failed")
    assert unnamed == "s3-cli: error: 285 objects more failed; list lists them"
    assert "".join(summary).endswith("305 failed")
    assert (tmp_path / "list").read_text().count("\0") == 305


@pytest.mark.parametrize("term", ["dumb", ""])
def test_no_bar_on_a_terminal_that_redraws_nothing(
    term: str, bare_cli: Cli, tmp_path: Path
) -> None:
    """Lines only."""
    lines = broken_tree(tmp_path / "in")
    screen = run_upload(bare_cli, term=term)
    failures = said(lines, 80)
    assert screen.rows[: len(failures)] == failures
    assert len(screen.rows) == len(failures) + 1
    assert "\x1b" not in screen.text


def test_nothing_but_ascii_is_drawn_where_the_locale_has_nothing_else(
    bare_cli: Cli, tmp_path: Path
) -> None:
    """A block character would be three on such a terminal, and wrap."""
    write_tree(tmp_path / "in", {"a": b"x" * 1000})
    screen = run_upload(bare_cli.with_environment(LC_ALL="C"))
    assert screen.code == 0
    assert "[####" in screen.text
    assert screen.text.isascii()


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_prompt_gets_a_row_of_its_own(columns: int, bare_cli: Cli, tmp_path: Path) -> None:
    """Behind success and behind failures."""
    broken_tree(tmp_path / "in")
    display = Display(columns)
    display.write(run_upload(bare_cli, columns=columns).text)
    assert display.is_on_fresh_row


# The emulator itself.


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("abcde\r\nf", ["abcde", "f"]),
        ("abcdef", ["abcde", "f"]),
        ("abcde\rX", ["Xbcde"]),
        ("abcd\r\x1b[K\rxy", ["xy"]),
        ("日本語", ["日本", "語"]),
        ("e\u0301bcde", ["e\u0301bcde"]),
        ("bar\rnew", ["new"]),
        ("longer\rx", ["longe", "x"]),
    ],
)
def test_a_window_of_five_columns(text: str, rows: list[str]) -> None:
    """What xterm shows."""
    assert shown(text, 5) == rows
