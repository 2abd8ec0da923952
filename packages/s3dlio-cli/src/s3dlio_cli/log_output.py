"""Where log records go: to a file, to standard error with -v, else only warnings, in plain words.

This module imports logging, and so is imported when a command runs, not for `--help`.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from s3dlio_cli.output import say, say_error, say_warning
from s3dlio_core import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_cli.options import Settings

__all__ = ["log_output"]

#: Its records are the failures of objects, which `failure_lines.py` says anyway.
_TOLD_ELSEWHERE = f"{logs.ROOT_LOGGER}.transfer.failed"


#: Of more warnings than these the first may be said again: memory doesn't grow with a tree.
_REMEMBERED_MAX = 4096


class _Warnings(logging.Handler):
    """Says each warning or error once, as a line of this program, as far back as it remembers."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        text = record.getMessage()
        if record.name != _TOLD_ELSEWHERE and text not in self._said:
            if len(self._said) >= _REMEMBERED_MAX:
                self._said.clear()
            self._said.add(text)
            (say_error if record.levelno >= logging.ERROR else say_warning)(text)


@contextlib.contextmanager
def log_output(settings: Settings) -> Iterator[None]:
    """Send records where the settings say, until the block ends.

    Raises:
        OSError: the log file can't be opened.
    """
    root = logs.get_logger()  # its NullHandler keeps records off standard error otherwise
    with contextlib.ExitStack() as stack:
        if settings.verbosity or settings.log_file is not None:
            stack.enter_context(
                logs.configure(
                    logging.DEBUG if settings.verbosity > 1 else logging.INFO,
                    file=settings.log_file,
                    log_format=settings.log_format,
                    console=say if settings.verbosity else None,
                    console_lacks=_TOLD_ELSEWHERE,
                )
            )
        if not settings.verbosity and (settings.quiet or not settings.is_silent):
            warnings = _Warnings(logging.ERROR if settings.quiet else logging.WARNING)
            root.addHandler(warnings)
            stack.callback(root.removeHandler, warnings)
        yield
