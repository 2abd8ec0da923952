"""delete: what it asks before it deletes much, and lists of names."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import operations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., Any]


class Typed(io.StringIO):
    """What somebody types on a terminal."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give a function that makes both streams a terminal on which something is typed."""

    def use(text: str) -> None:
        monkeypatch.setattr("sys.stdin", Typed(text))
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    return use


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a directory with twelve files."""
    root = tmp_path / "tree"
    (root / "d").mkdir(parents=True)
    for number in range(11):
        (root / f"{number:02}").touch()
    (root / "d/e\x1b[31m").touch()
    return root


def count(root: Path) -> int:
    """Return how many files there are."""
    return sum(path.is_file() for path in root.rglob("*"))


@pytest.mark.parametrize("answer", ["y\n", "YES\n", " yes \n"])
def test_who_agrees_deletes(
    cli: Cli, tree: Path, typing: Callable[[str], None], answer: str
) -> None:
    """After it was shown what goes: the first ten names, and how many."""
    typing(answer)
    outcome = cli("rm", "-r", f"{tree}/")
    assert (outcome.code, outcome.out, tree.exists()) == (0, "", False)
    shown, _, rest = outcome.err.partition("  ... and 2 more\n")
    assert shown.splitlines() == [f"  file://{tree}/{number:02}" for number in range(10)]
    assert rest.startswith("Delete these 12 objects? [y/N] ")
    assert "deleted 12 objects" in rest


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yep\n", "ja\n"])
def test_who_does_not_agree_deletes_nothing(
    cli: Cli, tree: Path, typing: Callable[[str], None], answer: str
) -> None:
    """Whatever else is typed, the end of the input included."""
    typing(answer)
    outcome = cli("rm", "-r", tree)
    assert (outcome.code, count(tree)) == (1, 12)
    last = outcome.err.splitlines()[-1]
    assert last.endswith("s3-cli: error: nothing was deleted: it wasn't confirmed")


def test_a_refusal_is_told_as_json(cli: Cli, tree: Path, typing: Callable[[str], None]) -> None:
    """Standard output is data, also here."""
    typing("n\n")
    values = json.loads(cli("rm", "-r", "--json", tree).out.splitlines()[-1])
    assert (values["ok"], values["exit_code"]) == (False, 1)


def test_names_are_shown_without_control_characters(
    cli: Cli, tree: Path, typing: Callable[[str], None]
) -> None:
    """A name writes nothing of its own to the terminal; one object is "this" one."""
    typing("n\n")
    err = cli("rm", "-r", tree / "d").err
    assert "\x1b" not in err
    assert "Delete this object? [y/N] " in err


@pytest.mark.parametrize(
    "arguments", [["-f"], ["--force"], ["-y"], ["--yes"], ["-n"], ["--exclude", "*"]]
)
def test_who_says_so_is_not_asked(
    cli: Cli, tree: Path, typing: Callable[[str], None], arguments: list[str]
) -> None:
    """Nor for a dry run, nor when nothing would go."""
    typing("n\n")
    outcome = cli("rm", "-r", *arguments, tree)
    assert (outcome.code, "[y/N]" in outcome.err) == (0, False)


def test_one_that_is_named_is_not_asked_about(
    cli: Cli, tree: Path, typing: Callable[[str], None]
) -> None:
    """Only -r asks."""
    typing("n\n")
    outcome = cli("rm", tree / "00", tree / "01")
    assert (outcome.code, count(tree), "[y/N]" in outcome.err) == (0, 10, False)


@pytest.mark.parametrize("missing", ["sys.stdin.isatty", "sys.stderr.isatty"])
def test_a_script_is_never_asked(
    cli: Cli,
    tree: Path,
    typing: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
) -> None:
    """One stream that isn't a terminal is enough."""
    typing("n\n")
    monkeypatch.setattr(missing, lambda: False, raising=False)
    outcome = cli("rm", "-r", tree)
    assert (outcome.code, tree.exists(), "[y/N]" in outcome.err) == (0, False, False)


def test_a_closed_input_is_no_terminal(
    cli: Cli, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As cron starts programs."""
    monkeypatch.setattr("sys.stdin", None)
    assert cli("rm", "-r", tree).code == 0


def test_what_matches_nothing_is_said_before_a_question(
    cli: Cli, tree: Path, typing: Callable[[str], None]
) -> None:
    """There is nothing to agree to."""
    typing("y\n")
    outcome = cli("rm", "-r", tree / "none")
    assert (outcome.code, outcome.err.count("\n"), "[y/N]" in outcome.err) == (3, 1, False)


def test_a_list_says_what_goes(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """And nothing else does; what isn't there fails, and can be listed again."""
    names, failed = tmp_path / "names", tmp_path / "failed"
    names.write_text(f"00\nfile://{tree}/01\n99\n")
    outcome = cli("rm", "--files-from", names, "--failures", failed, f"{tree}/")
    assert (outcome.code, count(tree)) == (1, 10)
    assert failed.read_text() == f"file://{tree}/99\n"


def test_a_list_with_nul_bytes_says_what_goes(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """Also below a directory that it names, with -r."""
    names = tmp_path / "names"
    names.write_bytes(b"d/\x0000\x00")
    assert cli("rm", "-r", "--files-from0", names, f"{tree}/").code == 0
    assert count(tree) == 10


def test_a_list_is_asked_about_as_it_is(
    cli: Cli, tree: Path, tmp_path: Path, typing: Callable[[str], None]
) -> None:
    """It can be read only once, so nothing is counted before."""
    names = tmp_path / "names"
    names.write_text("d/\n")
    typing("n\n")
    outcome = cli("rm", "-r", "--files-from", names, f"{tree}/")
    assert (outcome.code, count(tree)) == (1, 12)
    assert (
        'Delete all that the list names, and all below names that end in "/"? [y/N]' in outcome.err
    )


def test_a_list_that_would_be_emptied_is_refused(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """Before anything is deleted."""
    names = tmp_path / "names"
    names.write_text("00\n")
    assert cli("rm", "--files-from", names, "--failures", names, f"{tree}/").code == 2
    assert (count(tree), names.read_text()) == (12, "00\n")


def test_objects_of_a_bucket_go_by_a_list(cli: Cli, tmp_path: Path) -> None:
    """Of a store with batches and requests at the same time."""
    operations.create_container("memory://delete-list")
    for number in range(50):
        operations.put(f"memory://delete-list/p/{number}", b"")
    names = tmp_path / "names"
    names.write_text("".join(f"{number}\n" for number in range(40)))
    assert cli("rm", "--files-from", names, "memory://delete-list/p/").code == 0
    left = [entry.path for entry in operations.list("memory://delete-list/p/")]
    assert left == [str(number) for number in range(40, 50)]


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_json_counts_deletions_and_makes_no_size_up(
    cli: Cli, tree: Path, more: tuple[str, ...]
) -> None:
    """A deletion doesn't ask how large something is, so it doesn't say 0 bytes."""
    (tree / "00").write_bytes(b"content")
    *lines, summary = map(json.loads, cli("rm", tree / "00", "--json", *more).out.splitlines())
    assert [(line["source"], line["destination"]) for line in lines] == [(f"file://{tree}/00", "")]
    assert lines[0]["size_bytes"] is None
    assert (summary["done_count"], summary["deleted_count"]) == (1, 1)
    assert summary["ok"]


def test_the_summary_line_says_once_what_was_deleted(cli: Cli, tree: Path) -> None:
    """Not again what a sync has deleted besides."""
    text = cli("rm", tree / "00").err
    assert text.startswith("deleted 1 object in ")
    assert text.count("deleted") == 1
