"""What goes where: data to standard output, everything else to standard error.

Rules that hold here:
- A terminal gets names with control characters escaped. A pipe or file gets them as they are, and
  `--json` is the way to read names that contain newlines.
- Names that aren't text (undecodable bytes of a file system) come out as the bytes they are.
- When the reader of standard output has gone (`| head`), the program ends quietly.
- Errors are one line, redacted once more.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from s3dlio_core.errors import printable

__all__ = ["StdoutClosed", "emit", "emit_json", "emit_name", "say", "say_error", "use_exact_names"]

PROGRAM = "s3-cli"


class StdoutClosed(BaseException):
    """The reader of standard output has gone."""


def use_exact_names() -> None:
    """Let standard output carry any name: UTF-8 and undecodable bytes, except to a terminal."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is None:  # replaced by a program that runs this one inside itself
        return
    if sys.stdout.isatty():
        reconfigure(errors="backslashreplace")
    else:
        reconfigure(encoding="utf-8", errors="surrogateescape")


def emit(line: str) -> None:
    """Write a line of data."""
    try:
        sys.stdout.write(f"{line}\n")
    except BrokenPipeError:
        raise StdoutClosed from None


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
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise StdoutClosed from None


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
