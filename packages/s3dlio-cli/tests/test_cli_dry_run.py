"""-n, --dry-run: what is printed, and that nothing else happens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import operations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., Any]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a directory with files at two levels."""
    root = tmp_path / "tree"
    (root / "deep").mkdir(parents=True)
    (root / "a.log").write_bytes(b"a" * 1000)
    (root / "deep" / "d.log").write_bytes(b"d")
    return root


def _state(root: Path) -> list[str]:
    return sorted(str(path) for path in root.rglob("*"))


@pytest.mark.parametrize("command", ["upload", "download"])
@pytest.mark.parametrize("flag", ["-n", "--dry-run"])
def test_each_copy_is_a_line_on_standard_output(
    cli: Cli, tree: Path, tmp_path: Path, command: str, flag: str
) -> None:
    """As `aws s3` writes it; the summary is on standard error; nothing is created."""
    before = _state(tmp_path)
    outcome = cli(command, "-r", flag, f"{tree}/", tmp_path / "out")
    assert outcome.out.splitlines() == [
        f"(dryrun) {command}: file://{tree}/{name} to file://{tmp_path}/out/{name}"
        for name in ("a.log", "deep/d.log")
    ]
    assert outcome.err == f"(dryrun) would {command} 2 objects, 1001 B, 0 failed\n"
    assert (outcome.code, _state(tmp_path)) == (0, before)


def test_each_deletion_is_a_line(cli: Cli, tree: Path) -> None:
    """Without a destination."""
    before = _state(tree)
    outcome = cli("rm", "-r", "-n", tree)
    assert outcome.out.splitlines() == [
        f"(dryrun) delete: file://{tree}/{name}" for name in ("a.log", "deep/d.log")
    ]
    assert outcome.err == "(dryrun) would delete 2 objects, 0 failed\n"
    assert _state(tree) == before


def test_json_has_an_object_for_each(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """And the summary as the last one."""
    outcome = cli("upload", "-n", "--json", f"{tree}/*.log", f"{tmp_path}/out/")
    planned, summary = [json.loads(line) for line in outcome.out.splitlines()]
    assert planned == {
        "type": "planned",
        "operation": "upload",
        "source": f"file://{tree}/a.log",
        "destination": f"file://{tmp_path}/out/a.log",
        "size_bytes": 1000,
    }
    shown = {name: summary[name] for name in ("dry_run", "ok", "exit_code", "done_count")}
    assert shown == {"dry_run": True, "ok": True, "exit_code": 0, "done_count": 1}


def test_json_progress_has_an_event_for_each(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """On standard error, beside the lines on standard output."""
    outcome = cli("upload", "-n", "--progress", "json", f"{tree}/*.log", f"{tmp_path}/out/")
    events = [json.loads(line) for line in outcome.err.splitlines()]
    assert [event["event"] for event in events] == ["start", "planned", "finish"]
    assert events[1]["source"] == f"file://{tree}/a.log"
    assert outcome.out.startswith("(dryrun) upload: ")


def test_quiet_leaves_the_lines(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """They are what was asked for; -q is about messages."""
    outcome = cli("upload", "-q", "-n", f"{tree}/a.log", f"{tmp_path}/out/")
    assert outcome.err == ""
    assert outcome.out.count("\n") == 1


def test_the_exit_code_is_that_of_the_real_run(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """1 for what fails, 2 for wrong usage, 3 for nothing matched."""
    (tree / "bad").symlink_to("nowhere")
    for arguments, code in [
        ((f"{tree}/", f"{tmp_path}/out/"), 1),
        ((f"{tree}/a.log", "memory://missing/x"), 1),
        ((f"{tree}/a.log", f"{tree}/a.log"), 2),
        ((f"{tree}/*.csv", f"{tmp_path}/out/"), 3),
    ]:
        dry, real = cli("upload", "-n", *arguments), cli("upload", *arguments)
        assert (dry.code, real.code) == (code, code), arguments


def test_a_bucket_that_would_be_created_is_noted(cli: Cli, tree: Path) -> None:
    """On standard error."""
    outcome = cli("upload", "-n", "-c", f"{tree}/a.log", "memory://dry-run-bucket/x/")
    assert outcome.err.startswith("note: memory://dry-run-bucket would be created\n")
    assert (
        outcome.out == f"(dryrun) upload: file://{tree}/a.log to memory://dry-run-bucket/x/a.log\n"
    )
    assert not operations.exists("memory://dry-run-bucket")


def test_the_list_of_failures_is_left_alone(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """Nothing is changed."""
    (tmp_path / "list").write_text("file:///old\n")
    cli("upload", "-n", f"{tree}/", f"{tmp_path}/out/", "--failures", tmp_path / "list")
    cli("rm", "-rn", f"{tree}/", "--failures0", tmp_path / "list")
    assert (tmp_path / "list").read_text() == "file:///old\n"
