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
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3dlio_core.errors import LocalIOError, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "StdoutClosed",
    "emit",
    "emit_json",
    "emit_name",
    "say",
    "say_error",
    "say_warning",
    "use_exact_names",
]

PROGRAM = "s3-cli"


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
        raise LocalIOError(f"can't write to standard output: {error.strerror}") from error


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
