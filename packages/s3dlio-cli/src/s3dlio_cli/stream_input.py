"""Standard input, fifos and devices as sources: their bytes, straight into the caller's buffer."""

from __future__ import annotations

import os
import select
import sys
from typing import TYPE_CHECKING

from s3dlio_cli.output import widen_pipe
from s3dlio_core.errors import LocalIOError

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["StreamInput"]

_STDIN_FD = 0


class StreamInput:
    """A stream that is read once.

    Attributes:
        name: what it is called in messages.
    """

    def __init__(self, source: str) -> None:
        """Open it.

        Args:
            source: a path, or "-" for standard input.

        Raises:
            LocalIOError: it can't be opened.
        """
        self.name = "standard input" if source == "-" else source
        self._is_own = source != "-"
        if not self._is_own:
            if sys.stdin is None:
                raise LocalIOError("standard input is closed", operation="read")
            self._fd = _STDIN_FD
        else:
            try:
                self._fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                raise self._error(error) from error
        widen_pipe(self._fd)

    def readinto(self, view: memoryview) -> int:
        """Fill a view with what is there; wait while nothing is. 0 is the end.

        Raises:
            LocalIOError: it can't be read.
        """
        while True:
            try:
                return os.readv(self._fd, [view])
            except BlockingIOError:  # whoever has the other end made it so
                select.select([self._fd], [], [])
            except OSError as error:
                raise self._error(error) from error

    def _error(self, error: OSError) -> LocalIOError:
        return LocalIOError(f"can't read {self.name}: {error.strerror}", operation="read")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_own:
            os.close(self._fd)
