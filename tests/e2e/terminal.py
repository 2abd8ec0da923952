"""A pseudo-terminal with a program in it, and what somebody before it would see."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.e2e.command_line import check_text
from tests.e2e.display import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

COLUMNS: Final = 100
_ESCAPE_SEQUENCE: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Screen:
    """What a program wrote to its terminal.

    Attributes:
        code: its exit code.
        text: everything, with control characters.
        columns: the terminal's width.
    """

    code: int
    text: str
    columns: int = COLUMNS

    @property
    def rows(self) -> list[str]:
        """What stands there in the end, row by row, as far back as one can scroll."""
        return shown(self.text, self.columns)

    @property
    def frames(self) -> list[str]:
        """What stood in a line at one time or another, without terminal control."""
        plain = _ESCAPE_SEQUENCE.sub("", self.text)
        return [frame.strip() for frame in re.split(r"[\r\n]+", plain) if frame.strip()]

    def bars(self, label: str) -> list[str]:
        """The frames of a progress bar."""
        return [frame for frame in self.frames if frame.startswith(f"{label}:")]


def run_in_terminal(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    typed: str = "",
    columns: int = COLUMNS,
    term: str = "xterm",
) -> Screen:
    """Run a program whose three streams are a terminal, to its end.

    Args:
        command: what is run.
        environment: its variables.
        directory: where.
        typed: what stands in the terminal's input from the beginning.
        columns: the terminal's width.
        term: what TERM says that it is.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=directory,
        env={**environment, "TERM": term, "PYTHONUTF8": "1"},
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    pieces = []
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        while True:
            try:
                piece = terminal.read(1 << 16)
            except OSError:  # Linux says EIO when the last one has closed it
                break
            if not piece:
                break
            pieces.append(piece)
    process.wait()
    text = b"".join(pieces).decode()
    check_text(text)
    return Screen(process.returncode, text, columns)
