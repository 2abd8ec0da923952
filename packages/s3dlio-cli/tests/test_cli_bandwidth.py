"""--bwlimit, in a time of the tests' own."""

from __future__ import annotations

import os
import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_cli.app import run
from s3dlio_core import bandwidth, operations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., Any]


@pytest.fixture
def waits_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each wait would have been; the time passes at once."""
    waits: list[float] = []
    real = bandwidth.Bandwidth

    def wait(seconds: float, _cancel: object) -> bool:
        waits.append(seconds)
        return False

    def make(bytes_per_s: float) -> bandwidth.Bandwidth:
        return real(bytes_per_s, now_s=lambda: 1000 + sum(waits) * (1 + 1e-9), wait=wait)

    monkeypatch.setattr(bandwidth, "Bandwidth", make)
    return waits


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with 20 KiB."""
    (tmp_path / "in").mkdir()
    for name in "ab":
        (tmp_path / "in" / name).write_bytes(name.encode() * 10_240)
    return tmp_path / "in"


@pytest.fixture
def goal() -> str:
    """A fresh container in memory."""
    uri = f"memory://{uuid.uuid4().hex}"
    operations.create_container(uri)
    return uri


@pytest.mark.parametrize("command", ["upload", "download", "cp", "mv"])
def test_copies_keep_to_it(
    cli: Cli, tree: Path, goal: str, waits_s: list[float], command: str
) -> None:
    """Twenty KiB at ten a second take two seconds."""
    done = cli("-q", command, "-j", 1, "-r", "--bwlimit", "10k", f"{tree}/", f"{goal}/")
    assert (done.code, done.err) == (0, "")
    assert sum(waits_s) == pytest.approx(2, rel=1e-3)


def test_put_keeps_to_it(cli: Cli, tree: Path, goal: str, waits_s: list[float]) -> None:
    """A file, and what comes from a pipe."""
    assert cli("put", "--bwlimit", "10", tree / "a", f"{goal}/a").code == 0
    assert sum(waits_s) == pytest.approx(1, rel=1e-3)
    fifo = tree / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(b"f" * 10_240,))
    writer.start()
    assert cli("put", "--bwlimit", "10k", fifo, f"{goal}/f").code == 0
    writer.join()
    assert operations.get(f"{goal}/f") == b"f" * 10_240
    # A slice that was paid for before the end was seen.
    assert 1.999 <= sum(waits_s) <= 2.2


def test_cat_keeps_to_it(
    tree: Path, waits_s: list[float], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """What is written to standard output takes its time."""
    code = run(["cat", "--bwlimit", "10k", str(tree / "a"), str(tree / "b")])
    assert (code, capfdbinary.readouterr().out) == (0, b"a" * 10_240 + b"b" * 10_240)
    assert sum(waits_s) == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize("command", ["upload", "download", "cp", "mv", "put"])
def test_what_is_no_rate_is_refused(cli: Cli, tree: Path, goal: str, command: str) -> None:
    """It is an error of usage, and nothing is copied."""
    done = cli(command, "--bwlimit", "fast", tree / "a", f"{goal}/a")
    assert done.code == 2
    assert "10M, 512k" in done.err
    assert not operations.exists(f"{goal}/a")
