"""What is seen while a transfer runs: on a terminal, in a pipe, by a program."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.terminal import COLUMNS, run_in_terminal
from tests.e2e.truth import write_tree
from tests.servers import Answer, Delay

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import LargeFile
    from tests.e2e.terminal import Screen
    from tests.e2e.truth import Bucket
    from tests.servers import FaultProxy

pytestmark = pytest.mark.one_wire

_AMOUNT = re.compile(r"([0-9.]+) ([KMG]?i?B)/([0-9.]+) ([KMG]?i?B)")
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def on_screen(cli: Cli, *arguments: object) -> Screen:
    """Run s3-cli in a terminal."""
    command = [*cli.command, *(str(argument) for argument in arguments)]
    return run_in_terminal(command, environment=cli.environment, directory=cli.directory)


def done_bytes(frame: str) -> float:
    """The bytes done that a frame of a bar tells; the first one knows of none yet."""
    found = _AMOUNT.search(frame)
    if found is None:
        assert " 0/0+ files" in frame
        return 0.0
    return float(found[1]) * _UNITS[found[2]]


def is_full(frame: str) -> bool:
    """Whether the bar of a frame has no empty cell."""
    inside = frame.partition("[")[2].partition("]")[0]
    return set(inside) == {"█"}


@pytest.fixture
def slow_line(fault_proxy: FaultProxy) -> FaultProxy:
    """A line on which each part takes a moment, so that there is something to see."""
    fault_proxy.add(Delay(0.05), pattern=r"partNumber=|/x$", times=None)
    return fault_proxy


def test_bar_moves_inside_one_object_and_is_full_at_the_end(
    slow_line: FaultProxy, faulty_cli: Cli, moto: Bucket, large_file: LargeFile
) -> None:
    """It grows, never shrinks, and is full in its last frame only."""
    del slow_line
    screen = on_screen(faulty_cli, "upload", "-j", "2", large_file.path, f"{moto.uri}/x")
    assert screen.code == 0
    bars = screen.bars("UPLOAD")
    amounts = [done_bytes(bar) for bar in bars]
    assert sorted(amounts) == amounts
    assert len({amount for amount in amounts if 0 < amount < 300 << 20}) >= 3
    assert not any(is_full(bar) for bar in bars if done_bytes(bar) < 300 << 20)
    assert is_full(bars[-1])
    assert "300.0 MiB/300.0 MiB" in bars[-1]
    assert "1/1 files" in bars[-1]
    assert max(map(len, screen.frames)) <= COLUMNS
    assert "uploaded 1 object, 300.0 MiB" in screen.frames[-1]


def test_bar_of_a_download_moves(
    slow_line: FaultProxy, faulty_cli: Cli, moto: Bucket, medium_file: LargeFile
) -> None:
    """Likewise on the way down."""
    del slow_line
    moto.client.upload_file(str(medium_file.path), moto.name, "x")
    screen = on_screen(faulty_cli, "download", "-j", "1", f"{moto.uri}/x", "back")
    assert screen.code == 0
    amounts = [done_bytes(bar) for bar in screen.bars("DOWNLOAD")]
    assert len(set(amounts)) >= 3
    assert is_full(screen.bars("DOWNLOAD")[-1])


def test_bar_of_a_failure_is_never_full(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, tmp_path: Path
) -> None:
    """Its last frame says what failed, and the failure stands above it."""
    write_tree(tmp_path / "in", {"bad": b"", **{f"{n}": b"x" * 1000 for n in range(20)}})
    fault_proxy.add(Answer.error(403, "AccessDenied"), pattern="/bad$", times=None)
    screen = on_screen(faulty_cli, "upload", "in/", f"{moto.uri}/")
    assert screen.code == 1
    bars = screen.bars("UPLOAD")
    assert not any(is_full(bar) for bar in bars)
    assert "1 failed" in bars[-1]
    (failure,) = [frame for frame in screen.frames if "/bad" in frame]
    assert failure.startswith("s3-cli: error: ")


def test_bar_of_a_stopped_run_is_never_full(moto_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """A missing bucket."""
    write_tree(tmp_path / "in", {"a": b"x" * 1000})
    screen = on_screen(moto_cli, "upload", "in/a", f"s3://{moto.name}-missing/")
    assert screen.code == 1
    assert not any(is_full(bar) for bar in screen.bars("UPLOAD"))
    assert len([frame for frame in screen.frames if frame.startswith("s3-cli: error:")]) == 1


@pytest.mark.parametrize("flags", [("--progress", "none"), ("-q",)])
def test_no_bar_where_none_is_wanted(
    flags: tuple[str, ...], moto_cli: Cli, moto: Bucket, tmp_path: Path
) -> None:
    """Also on a terminal."""
    write_tree(tmp_path / "in", {"a": b"x"})
    screen = on_screen(moto_cli, "upload", "in/a", moto.uri, *flags)
    assert (screen.code, screen.bars("UPLOAD")) == (0, [])
    assert "\x1b" not in screen.text
    if flags == ("-q",):
        assert screen.text == ""


@pytest.mark.parametrize("flags", [(), ("-v",), ("-vv",), ("--json",), ("--progress", "json")])
def test_pipe_has_no_control_characters(
    flags: tuple[str, ...], cli: Cli, bucket: Bucket, medium_file: LargeFile
) -> None:
    """Lines of text and nothing else."""
    outcome = cli("upload", medium_file.path, f"{bucket.uri}/x", *flags).expect(0)
    for text in (outcome.out, outcome.err):
        assert {"\n"} >= {char for char in text if unicodedata.category(char) == "Cc"}


def test_json_lines_tell_the_whole_story(
    slow_line: FaultProxy, faulty_cli: Cli, moto: Bucket, large_file: LargeFile
) -> None:
    """Each line of standard error is an object: start, progress, finish."""
    del slow_line
    outcome = faulty_cli(
        "upload", "-j", "2", "--progress", "json", large_file.path, f"{moto.uri}/x"
    ).expect(0)
    events: list[dict[str, Any]] = [json.loads(line) for line in outcome.err.splitlines()]
    names = [event["event"] for event in events]
    assert (names[0], names[-1]) == ("start", "finish")
    assert {"progress"} >= set(names[1:-1])
    done = [event["done_bytes"] for event in events]
    assert sorted(done) == done
    assert large_file.size_bytes == done[-1]
    assert (events[-1]["ok"], events[-1]["done_count"]) == (True, 1)
    assert outcome.out == ""


def test_json_lines_tell_failures(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, tmp_path: Path
) -> None:
    """With the name and the reason, in an event of their own and in the last one."""
    write_tree(tmp_path / "in", {"a": b"x", "bad": b"x"})
    fault_proxy.add(Answer.error(403, "AccessDenied"), pattern="/bad$", times=None)
    outcome = faulty_cli("upload", "--progress", "json", "in/", f"{moto.uri}/").expect(1)
    events: list[dict[str, Any]] = [json.loads(line) for line in outcome.err.splitlines()]
    (failure,) = [event for event in events if event["event"] == "failure"]
    assert failure["source"] == f"file://{tmp_path}/in/bad"
    assert failure["destination"] == f"{moto.uri}/bad"
    assert failure["error"]["code"] == "AccessDenied"
    assert not events[-1]["ok"]
    assert len(events[-1]["failures"]) == 1


def test_json_ends_with_a_summary(cli: Cli, bucket: Bucket, tmp_path: Path) -> None:
    """Standard output has it behind the objects, standard error what people read."""
    write_tree(tmp_path / "in", {"a": b"12", "b": b"345"})
    outcome = cli("upload", "--json", "in/", f"{bucket.uri}/").expect(0)
    summary = outcome.summary
    assert [line["type"] for line in outcome.lines] == ["copied", "copied", "summary"]
    assert {
        "type": "summary",
        "operation": "upload",
        "dry_run": False,
        "ok": True,
        "exit_code": 0,
        "done_count": 2,
        "done_bytes": 5,
        "deleted_count": 0,
        "failed_count": 0,
        "skipped_count": 0,
        "verified_count": 0,
        "unverified": {},
        "failures": [],
        "unmatched": [],
        "notes": [],
        "stopped_by": None,
    } == {name: summary[name] for name in summary if name not in {"elapsed_s", "bytes_per_s"}}
    assert summary["elapsed_s"] > 0
    assert "uploaded 2 objects, 5 B" in outcome.err


def test_json_summary_of_a_stopped_run(cli: Cli, bucket: Bucket, tmp_path: Path) -> None:
    """It says what stopped it, and the exit code."""
    write_tree(tmp_path / "in", {"a": b"12"})
    outcome = cli("upload", "--json", "in/a", f"s3://{bucket.name}-missing/").expect(1)
    assert (outcome.summary["ok"], outcome.summary["exit_code"]) == (False, 1)
    assert outcome.summary["stopped_by"]["type"] == "ContainerNotFoundError"
