"""What goes where: data to standard output, everything else to standard error.

Rules that hold here:
- A terminal gets names with control characters escaped. A pipe or file gets them as they are, and
  `--json` is the way to read names that contain newlines.
- Names that aren't text (undecodable bytes of a file system) come out as the bytes they are.
- When the reader of standard output has gone (`| head`), the program ends quietly.
- Errors are one line, redacted once more.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3dlio_core.errors import LocalIOError, Scope, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "BinaryOutput",
    "StdoutClosed",
    "emit",
    "emit_json",
    "emit_name",
    "say",
    "say_error",
    "say_warning",
    "use_exact_names",
    "widen_pipe",
]

PROGRAM = "s3-cli"
#: What a process without privileges may ask for: /proc/sys/fs/pipe-max-size, pipe(7).
_PIPE_SIZE_BYTES = 1024**2


class StdoutClosed(BaseException):
    """The reader of standard output has gone."""


def use_exact_names() -> None:
    """Let standard output carry any name: UTF-8 and undecodable bytes, except to a terminal."""
    if sys.stdout is None:  # closed by who started the program: >&-
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is None:  # replaced by a program that runs this one inside itself
        return
    if sys.stdout.isatty():
        reconfigure(errors="backslashreplace")
    else:
        reconfigure(encoding="utf-8", errors="surrogateescape")


def emit(line: str) -> None:
    """Write a line of data."""
    with _told():
        sys.stdout.write(f"{line}\n")


def emit_name(name: str) -> None:
    """Write a name as a line of data."""
    emit(printable(name) if sys.stdout.isatty() else name)


def emit_json(values: dict[str, Any]) -> None:
    """Write one JSON object as a line of data."""
    emit(json.dumps(values))


class BinaryOutput:
    """Standard output for bytes as they are."""

    def __init__(self) -> None:
        """Prepare to write.

        Raises:
            LocalIOError: standard output was closed by who started the program.
        """
        if sys.__stdout__ is None:
            raise _cannot_write("it is closed")
        flush()
        self._fd = sys.stdout.fileno()
        widen_pipe(self._fd)

    def write(self, view: memoryview) -> None:
        """Write all bytes.

        Raises:
            StdoutClosed: the reader has gone.
            LocalIOError: standard output takes no more.
        """
        rest = view
        with _told():
            while rest:
                rest = rest[self._write_some(rest) :]

    def _write_some(self, view: memoryview) -> int:
        try:
            return os.write(self._fd, view)
        except BlockingIOError:  # whoever has the other end made it so
            select.select([], [self._fd], [])
            return 0


def widen_pipe(fd: int) -> None:
    """Let a pipe hold as much as the system gives everybody: fewer, larger reads and writes."""
    # Linux; elsewhere, or for anything but a pipe, nothing changes.
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE_SIZE_BYTES)


def flush() -> None:
    """Write out what is buffered.

    Raises:
        StdoutClosed: the reader has gone.
        LocalIOError: standard output takes no more.
    """
    with _told():
        sys.stdout.flush()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Tell a reader that has gone from an output that fails."""
    try:
        yield
    except BrokenPipeError:
        raise StdoutClosed from None
    except OSError as error:
        raise _cannot_write(error.strerror) from error


def _cannot_write(reason: str | None) -> LocalIOError:
    # Whatever else would be written would meet it, too.
    return LocalIOError(f"can't write to standard output: {reason}", scope=Scope.STORE)


def discard_stdout() -> None:
    """Send what is still buffered nowhere, so that the interpreter doesn't fail at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def say(text: str) -> None:
    """Write a message to standard error, above a progress bar."""
    from s3dlio_progress import write_line  # noqa: PLC0415 - keeps `--help` quick

    write_line(text)


def say_error(text: str) -> None:
    """Write an error as one line."""
    from s3dlio_core.logs import redact  # noqa: PLC0415 - keeps `--help` quick

    say(f"{PROGRAM}: error: {printable(redact(text))}")


def say_warning(text: str) -> None:
    """Write a warning, whose secrets are removed already, as one line."""
    say(f"{PROGRAM}: warning: {printable(text)}")
