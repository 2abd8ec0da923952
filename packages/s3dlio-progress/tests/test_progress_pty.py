"""A bar on a real pseudo-terminal, also while its window is resized."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
import threading
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.transfer.events import Snapshot
from s3dlio_core.transfer.report import TransferReport
from s3dlio_progress import BarObserver, make_observer

if TYPE_CHECKING:
    from collections.abc import Iterator


class Pty:
    """A pseudo-terminal whose output is collected by a thread."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        self.stream = os.fdopen(slave, "w", encoding="utf-8")
        self._chunks: list[bytes] = []
        self._thread = threading.Thread(target=self._collect)
        self._thread.start()

    def resize(self, columns: int) -> None:
        """Set the window's width, as a terminal emulator does."""
        fcntl.ioctl(self.stream, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def text(self) -> str:
        """Close the terminal and return all that was written to it."""
        self.stream.close()
        self._thread.join()
        return b"".join(self._chunks).decode()

    def close(self) -> None:
        """Release both ends."""
        self.stream.close()
        self._thread.join()
        os.close(self.master)

    def _collect(self) -> None:
        while True:
            try:
                chunk = os.read(self.master, 65536)
            except OSError:  # Linux: EIO when the other end is closed; macOS: end of file
                return
            if not chunk:
                return
            self._chunks.append(chunk)


@pytest.fixture
def terminal() -> Iterator[Pty]:
    """Give a pseudo-terminal."""
    made = Pty()
    yield made
    made.close()


def state(done: int, elapsed_s: float) -> Snapshot:
    """Return a state of one large object."""
    return Snapshot(
        "download", 0, 0, 0, 1, done * 2**20, 1000 * 2**20, totals_final=True, elapsed_s=elapsed_s
    )


def widths(text: str) -> list[int]:
    """Return the width of each frame."""
    pieces = text.replace("\x1b[K", "").replace("\r\n", "\r").split("\r")
    return [len(piece) for piece in pieces if piece]


@pytest.mark.parametrize("columns", [40, 80, 132])
def test_a_bar_fits_the_window(
    terminal: Pty, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each frame is narrower than the window, by at least the last column."""
    monkeypatch.setenv("TERM", "xterm")
    terminal.resize(columns)
    observer = make_observer("auto", terminal.stream)
    assert isinstance(observer, BarObserver)
    observer.started(state(0, 0.0))
    observer.progressed(state(500, 1.0))
    observer.finished(state(1000, 2.0), TransferReport("download", 1, 1000 * 2**20, elapsed_s=2.0))
    assert max(widths(terminal.text())) < columns


def test_a_bar_follows_a_resize(terminal: Pty) -> None:
    """The frame after the window became narrower fits it."""
    terminal.resize(100)
    observer = BarObserver(terminal.stream)
    observer.started(state(0, 0.0))
    terminal.resize(50)
    observer.progressed(state(500, 1.0))
    observer.finished(state(500, 1.0), TransferReport("download"))
    shown = widths(terminal.text())
    assert shown[0] > 50
    assert max(shown[1:]) < 50


def test_a_bar_moves_inside_a_large_object(terminal: Pty) -> None:
    """No object is finished, and still each frame shows more."""
    terminal.resize(80)
    observer = BarObserver(terminal.stream)
    observer.started(state(0, 0.0))
    for tenth in range(1, 10):
        observer.progressed(state(tenth * 100, tenth / 10))
    observer.finished(state(900, 1.0), TransferReport("download"))
    bars = re.findall(r"\[(.*?)\]", terminal.text().replace("\x1b[K", ""))
    shown = [bar.count("█") / len(bar) for bar in bars]
    assert sorted(shown) == shown
    assert shown[-1] > shown[0]


def test_a_window_without_a_size_is_taken_for_eighty_columns(terminal: Pty) -> None:
    """Some terminals say they have no columns at all."""
    terminal.resize(0)
    observer = BarObserver(terminal.stream)
    observer.started(state(0, 0.0))
    observer.finished(state(0, 1.0), TransferReport("download"))
    assert 60 < max(widths(terminal.text())) < 80


def test_nothing_is_drawn_in_the_background(terminal: Pty, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell's prompt stands there: it is neither wiped nor written over; lines are told."""
    monkeypatch.setattr("os.tcgetpgrp", lambda _fd: -1)
    observer = BarObserver(terminal.stream)
    observer.started(state(0, 0.0))
    observer.noted("left out")
    observer.progressed(state(500, 1.0))
    monkeypatch.setattr("os.tcgetpgrp", lambda _fd: os.getpgrp())
    observer.progressed(state(600, 2.0))
    observer.finished(state(600, 2.0), TransferReport("download"))
    before, _, after = terminal.text().partition("note: left out\r\n")
    assert before == ""
    assert after.startswith("\rDOWNLOAD: ")
    assert "500.0 MiB" not in after
