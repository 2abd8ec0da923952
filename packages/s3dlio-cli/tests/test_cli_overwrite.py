"""The options about what exists at the destination."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_cli import overwrite_options
from s3dlio_core.transfer.overwrite import Compare, Overwrite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., Any]

OLD, NEW = 1_000_000_000, 1_500_000_000


def test_the_choices_are_those_of_core() -> None:
    """They are written down twice, since `--help` doesn't import core's transfers."""
    assert overwrite_options._OVERWRITES == tuple(one.value for one in Overwrite)
    compares = {one.value for one in Compare if one is not Compare.TIME}
    assert compares == set(overwrite_options._COMPARES.values())


def file_of(path: Path, content: bytes, mtime: int) -> None:
    """Write a file and set its time."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (mtime, mtime))


@pytest.mark.parametrize("command", ["upload", "download"])
@pytest.mark.parametrize(
    ("options", "replaced"),
    [
        ((), "differs newer older same"),
        (("--overwrite", "always"), "differs newer older same"),
        (("--overwrite", "never"), ""),
        (("--overwrite", "newer"), "newer"),
        (("--overwrite", "changed"), "newer older"),
        (("--size-only",), ""),
        (("--checksum",), "differs newer older"),
        (("--overwrite", "changed", "--checksum"), "differs newer older"),
    ],
)
def test_what_exists(
    cli: Cli, tmp_path: Path, command: str, options: tuple[str, ...], replaced: str
) -> None:
    """Each rule replaces what it says, and a missing file comes in any case."""
    for name, source_time, existing_time, existing in (
        ("same", OLD, OLD, b"new"),
        ("differs", OLD, OLD, b"old"),
        ("newer", NEW, OLD, b"old"),
        ("older", OLD, NEW, b"old"),
    ):
        file_of(tmp_path / "source" / name, b"new", source_time)
        file_of(tmp_path / "goal" / name, existing, existing_time)
        (tmp_path / "goal" / name).chmod(0o600)
    file_of(tmp_path / "source/missing", b"new", OLD)
    inodes = {path.name: path.stat().st_ino for path in (tmp_path / "goal").iterdir()}
    dry = cli(command, "--dry-run", *options, f"{tmp_path}/source/", f"{tmp_path}/goal/")
    told = [line.rpartition("/")[2] for line in dry.out.splitlines()]
    assert told == sorted(["missing", *replaced.split()])
    outcome = cli(command, *options, f"{tmp_path}/source/", f"{tmp_path}/goal/")
    assert outcome.code == 0
    found = {path.name for path in (tmp_path / "goal").iterdir()}
    assert found == {*inodes, "missing"}
    changed = [name for name in inodes if (tmp_path / "goal" / name).stat().st_ino != inodes[name]]
    assert replaced.split() == sorted(changed)
    skipped = 4 - len(changed)
    assert ("skipped" in outcome.err) is bool(skipped)
    assert not skipped or f", {skipped} skipped" in outcome.err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--size-only", "--checksum"), "--size-only and --checksum exclude each other"),
        (("--overwrite", "never", "--checksum"), 'compare goes with overwrite "changed"'),
        (("--overwrite", "sometimes"), "'sometimes' is not one of"),
    ],
)
def test_senseless_options(cli: Cli, tmp_path: Path, options: tuple[str, ...], reason: str) -> None:
    """Refused as usage errors, before anything is looked at."""
    outcome = cli("upload", *options, tmp_path / "missing", tmp_path / "goal/")
    assert outcome.code == 2
    assert reason in outcome.err
