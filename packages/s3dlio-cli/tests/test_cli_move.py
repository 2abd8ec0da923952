"""s3-cli move, and the lines of --json that tell each object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core.memory_store import MemoryProvider
from s3dlio_core.operations import upload

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Cli


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with two files."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in "ab":
        (tree / name).write_text(name)
    return tree


@pytest.fixture
def bucket() -> str:
    """The URI of an empty container."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return f"memory://{name}"


def _lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("name", ["mv", "move"])
def test_move_moves(cli: Cli, tree: Path, bucket: str, name: str) -> None:
    """The source is gone, and the summary says so."""
    outcome = cli(name, "-r", f"{tree}/", f"{bucket}/x/")
    assert outcome.code == 0
    assert outcome.err.startswith("moved 2 objects, 2 B in ")
    assert not tree.exists()
    assert cli("ls", f"{bucket}/x/").out.splitlines() == [f"{bucket}/x/a", f"{bucket}/x/b"]


def test_a_dry_run_moves_nothing(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """It shows what would be moved, as `aws s3` does."""
    outcome = cli("mv", "-n", tree / "a", tmp_path / "new")
    assert outcome.out == f"(dryrun) move: file://{tree}/a to file://{tmp_path}/new\n"
    assert outcome.err == "(dryrun) would move 1 object, 1 B, 0 failed\n"
    assert (tree / "a").exists()


def test_a_move_onto_itself_is_wrong_usage(cli: Cli, tree: Path) -> None:
    """Exit code 2, one line, and nothing is touched."""
    outcome = cli("mv", tree / "a", f"{tree}/../tree/a")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert (tree / "a").read_text() == "a"


@pytest.mark.parametrize(
    ("command", "action"), [("upload", "copied"), ("download", "copied"), ("mv", "moved")]
)
def test_json_tells_each_object(
    cli: Cli, tree: Path, bucket: str, command: str, action: str
) -> None:
    """One line for each that is done, then the summary."""
    if command == "download":
        upload(f"{tree}/", f"{bucket}/")
    source, goal = (bucket, tree) if command == "download" else (f"file://{tree}", bucket)
    *told, summary = _lines(cli(command, "--json", "-r", f"{source}/", f"{goal}/").out)
    goal = f"file://{tree}" if command == "download" else bucket
    shown = {
        (line["type"], line["source"], line["destination"], line["size_bytes"]) for line in told
    }
    assert shown == {(action, f"{source}/{name}", f"{goal}/{name}", 1) for name in "ab"}
    assert all(line["etag"] for line in told)
    assert (summary["type"], summary["done_count"]) == ("summary", 2)


def test_json_tells_each_deletion(cli: Cli, tree: Path) -> None:
    """With the URI that is gone."""
    *told, summary = _lines(cli("delete", "--json", f"{tree}/a", f"{tree}/b").out)
    assert [(line["type"], line["source"]) for line in told] == [
        ("deleted", f"file://{tree}/{name}") for name in "ab"
    ]
    assert summary["type"] == "summary"


def test_json_tells_failures_beside_what_is_done(cli: Cli, tree: Path, bucket: str) -> None:
    """A failure has its reason."""
    (tree / "c").symlink_to("nowhere")
    *told, _ = _lines(cli("upload", "--json", "-r", f"{tree}/", f"{bucket}/").out)
    assert sorted(line["type"] for line in told) == ["copied", "copied", "failed"]
    (failed,) = (line for line in told if line["type"] == "failed")
    assert failed["source"].endswith("/tree/c")
    assert failed["error"]["reason"]


@pytest.mark.parametrize("arguments", [("upload",), ("mv",)])
def test_json_of_a_dry_run_tells_the_plan(
    cli: Cli, tree: Path, bucket: str, arguments: tuple[str, ...]
) -> None:
    """The lines are "planned"."""
    *told, summary = _lines(cli(*arguments, "-n", "--json", "-r", f"{tree}/", f"{bucket}/").out)
    assert [line["type"] for line in told] == ["planned", "planned"]
    assert (summary["type"], summary["dry_run"]) == ("summary", True)


def test_a_reader_of_json_that_goes_does_not_end_the_transfer(tree: Path, tmp_path: Path) -> None:
    """All is moved although nobody reads on."""
    for number in range(3000):
        (tree / str(number)).touch()
    reading, writing = os.pipe()
    os.close(reading)
    command = [
        sys.executable,
        "-m",
        "s3dlio_cli",
        "mv",
        "--json",
        "-r",
        f"{tree}/",
        f"{tmp_path}/o",
    ]
    try:
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing)
    assert "Traceback" not in done.stderr.decode()
    assert len(list((tmp_path / "o").iterdir())) == 3002
