"""Warnings as lines, without a bar: for logs, pipes and dumb terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from s3dlio_core.errors import printable
from s3dlio_core.transfer.events import TransferObserver
from s3dlio_progress.output import write_line

if TYPE_CHECKING:
    from s3dlio_core.transfer.report import Failure

__all__ = ["WARNINGS_MAX", "PlainObserver", "describe_failure"]

#: Failures that are warned about one by one; the report has them all.
WARNINGS_MAX = 20


def describe_failure(failure: Failure) -> str:
    """Return one line that names the object and the reason, each once."""
    text = str(failure.error)
    source, named = printable(failure.source), printable(failure.error.uri)
    # Not "in text": a short name may be in any. The system's errors name a file by its path.
    is_path = named.startswith("/") and source.endswith(f"://{named}")
    is_named = is_path or source in named
    return text if is_named else f"{source}: {text}"


class PlainObserver(TransferObserver):
    """Writes failures and notes as lines, and nothing else.

    Args:
        stream: where to; standard error when None.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._warned_count = 0

    def failed(self, failure: Failure) -> None:
        """Warn of the first failures, then say once that there are more."""
        self._warned_count += 1
        if self._warned_count <= WARNINGS_MAX:
            self._say(f"warning: {describe_failure(failure)}")
        elif self._warned_count == WARNINGS_MAX + 1:
            self._say("warning: more objects fail; from here on they are only counted")

    def noted(self, text: str) -> None:
        """Write a note."""
        self._say(f"note: {printable(text)}")

    def _say(self, text: str) -> None:
        write_line(text, self._stream)
