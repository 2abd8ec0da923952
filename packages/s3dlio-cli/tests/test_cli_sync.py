"""sync and check on the command line: what is said, and the exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Cli = Callable[..., Any]


def _tree(root: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """The source."""
    return _tree(tmp_path / "1", {"a": "1", "d/b": "22"})


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The destination."""
    return _tree(tmp_path / "2", {"a": "333", "old": "", "d/old": ""})


def _names(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_a_sync_says_what_was_copied_and_deleted(cli: Cli, one: Path, other: Path) -> None:
    """On standard error, in one line."""
    outcome = cli("sync", one, other)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.startswith("copied 2 objects, 3 B in ")
    assert "deleted" not in outcome.err
    outcome = cli("sync", one, other, "--delete")
    assert outcome.code == 0
    assert outcome.err.endswith(", deleted 2, 0 failed, 2 skipped\n")
    assert _names(other) == _names(one)


def test_a_dry_run_shows_copies_and_deletions(cli: Cli, one: Path, other: Path) -> None:
    """Each by its own name."""
    outcome = cli("sync", one, other, "--delete", "-n")
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        f"(dryrun) copy: file://{one}/a to file://{other}/a",
        f"(dryrun) copy: file://{one}/d/b to file://{other}/d/b",
        f"(dryrun) delete: file://{other}/d/old",
        f"(dryrun) delete: file://{other}/old",
    ]
    assert outcome.err == "(dryrun) would copy 2 objects, 3 B, would delete 2, 0 failed\n"
    assert _names(other) == ["a", "d/old", "old"]


def test_a_refusal_is_an_error(cli: Cli, one: Path, other: Path) -> None:
    """What was copied is said, too."""
    outcome = cli("sync", one, other, "--delete", "--max-delete", 1)
    assert outcome.code == 1
    assert "2 objects of the destination are not in the source, and max_delete is 1" in outcome.err
    assert "copied 2 objects" in outcome.err
    assert _names(other) == ["a", "d/b", "d/old", "old"]


def test_a_failure_keeps_what_only_the_destination_has(cli: Cli, one: Path, other: Path) -> None:
    """And it is said that nothing was deleted, and why."""
    (one / "link").symlink_to("nowhere")
    outcome = cli("sync", one, other, "--delete")
    assert outcome.code == 1
    assert "nothing was deleted, since 1 object failed" in outcome.err
    assert _names(other) == ["a", "d/b", "d/old", "old"]


def test_the_json_summary_counts_deletions(cli: Cli, one: Path, other: Path) -> None:
    """Beside the copies."""
    out = cli("sync", one, other, "--delete", "--json").out
    *lines, summary = map(json.loads, out.splitlines())
    deleted = [line for line in lines if line["type"] == "deleted"]
    assert [line["size_bytes"] for line in deleted] == [None, None]
    assert (summary["done_count"], summary["deleted_count"], summary["ok"]) == (2, 2, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--max-delete", "1"), 2), (("--delete", "--max-delete", "-1"), 2), (("--overwrite",), 2)],
)
def test_wrong_usage(
    cli: Cli, one: Path, other: Path, arguments: tuple[str, ...], code: int
) -> None:
    """Nothing is done."""
    assert cli("sync", one, other, *arguments).code == code
    assert _names(other) == ["a", "d/old", "old"]


def test_nothing_in_the_source_is_code_3(cli: Cli, tmp_path: Path, other: Path) -> None:
    """As for every source that matches nothing."""
    (tmp_path / "empty").mkdir()
    for source in ("empty", "nope"):
        assert cli("sync", tmp_path / source, other, "--delete").code == 3
    assert _names(other) == ["a", "d/old", "old"]


@pytest.mark.parametrize("option", ["--files-from", "--regex", "-r", "--version-id"])
def test_a_tree_is_taken_whole(cli: Cli, one: Path, other: Path, option: str) -> None:
    """What chooses among sources is no option of these commands."""
    for command in ("sync", "check"):
        outcome = cli(command, one, other, option, "x")
        assert outcome.code == 2
        assert "No such option" in outcome.err


def test_a_check_lists_what_differs(cli: Cli, one: Path, other: Path) -> None:
    """On standard output; exit code 1 for any."""
    outcome = cli("check", one, other)
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        "different: a",
        "missing: d/b",
        "extra: d/old",
        "extra: old",
    ]
    assert outcome.err == "0 the same, 1 missing, 2 extra, 1 different, 0 failed\n"


def test_a_check_finds_no_difference(cli: Cli, one: Path) -> None:
    """Exit code 0; quiet is silent."""
    outcome = cli("check", one, f"{one}/", "--checksum")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "2 the same, 0 missing, 0 extra, 0 different, 0 failed\n"
    outcome = cli("check", one, one, "-q")
    assert (outcome.out, outcome.err) == ("", "")


def test_a_check_as_json(cli: Cli, one: Path, other: Path) -> None:
    """One object a line, and a summary."""
    lines = [json.loads(line) for line in cli("check", one, other, "--json").out.splitlines()]
    assert [line["type"] for line in lines] == [
        "different",
        "missing",
        "extra",
        "extra",
        "summary",
    ]
    assert lines[0] == {
        "type": "different",
        "path": "a",
        "source": f"file://{one}/a",
        "destination": f"file://{other}/a",
        "source_size_bytes": 1,
        "destination_size_bytes": 3,
    }
    assert (lines[-1]["exit_code"], lines[-1]["extra_count"], lines[-1]["ok"]) == (1, 2, False)


def test_what_can_not_be_compared_is_an_error(cli: Cli, one: Path) -> None:
    """A link to nothing, here; it is named, and nothing else differs."""
    (one / "link").symlink_to("nowhere")
    outcome = cli("check", one, one)
    assert outcome.code == 1
    assert "a symbolic link to nothing" in outcome.err
    assert "2 failed" in outcome.err


def test_a_check_that_is_stopped_ends_its_json(cli: Cli, one: Path, tmp_path: Path) -> None:
    """With a summary that says why."""
    outcome = cli("check", one, tmp_path / "nope", "--json")
    summary = json.loads(outcome.out)
    assert (outcome.code, summary["exit_code"], summary["type"]) == (3, 3, "summary")
    assert "no such directory" in summary["stopped_by"]["message"]


@pytest.mark.parametrize(
    ("more", "words"),
    [((), "the directory is empty"), (("--exclude", "d/"), "nothing that the filters leave")],
)
def test_an_empty_source_says_how_to_empty_a_destination(
    cli: Cli, tmp_path: Path, other: Path, more: tuple[str, ...], words: str
) -> None:
    """It is a directory as it is written, so the mistake is another one."""
    source = tmp_path / "nothing"
    (source / "d").mkdir(parents=True)
    if more:
        (source / "d/x").touch()
    outcome = cli("sync", source, other, "--delete", *more)
    assert outcome.code == 3
    assert words in outcome.err
    assert "To empty a destination, use delete" in outcome.err
    assert _names(other) == ["a", "d/old", "old"]
