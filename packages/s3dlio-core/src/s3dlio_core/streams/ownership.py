"""Whose a stream is: of the process that opened it, and of no pickle.

A child process that was forked has no threads and shares sockets with its parent, whose upload it
would end or abort. So it is refused, with a clear error; the child opens a stream of its own.
"""

from __future__ import annotations

import os
from typing import NoReturn

from s3dlio_core.errors import UsageError

__all__ = ["Owner", "refuse_pickling"]


class Owner:
    """The process that made this."""

    __slots__ = ("_pid",)

    def __init__(self) -> None:
        self._pid = os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether this is still that process."""
        return self._pid == os.getpid()

    def check(self, uri: str) -> None:
        """Check that this is still that process.

        Raises:
            UsageError: it is a child of it.
        """
        if not self.is_here:
            raise UsageError(
                "an open stream can't be used in a child process",
                uri=uri,
                hint="Open it in the process that uses it",
            )


def refuse_pickling(stream: object) -> NoReturn:
    """Say why a stream doesn't pickle.

    Raises:
        TypeError: always.
    """
    raise TypeError(
        f"can't pickle an open stream ({type(stream).__name__}): "
        "pickle its URI, and open it where it is used"
    )
