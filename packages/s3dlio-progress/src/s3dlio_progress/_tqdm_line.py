"""One line at the bottom of a terminal, kept by tqdm. The only module that imports tqdm.

tqdm brings the places of several bars, their locking, and `write`, which prints above them.
The text comes from `s3dlio_progress.line`. While the program runs in the background of its shell
nothing is drawn and nothing wiped: the shell's prompt stands where the line would be.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Any, TextIO

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LOCK", "TerminalLine"]

#: Held by who draws. Not tqdm's shared one, which takes a named semaphore for multiprocessing.
LOCK = threading.RLock()

_COLUMNS_DEFAULT = 80
_CLEAR_TO_END = "\x1b[K"  # ECMA-48 section 8.3.41, EL


class TerminalLine(tqdm):  # type: ignore[type-arg]  # generic in the stubs only
    """A tqdm bar whose text a function gives."""

    # tqdm would start a thread to redraw slow loops; the engine redraws ten times a second.
    monitor_interval = 0

    def __init__(self, stream: TextIO, text_of: Callable[[int], str]) -> None:
        self._text_of = text_of
        # With a delay tqdm draws nothing here: a stream that can't be written to would leave a
        # half-made object behind.
        super().__init__(file=stream, leave=True, mininterval=0, position=0, delay=1)
        self.delay = 0

    def __str__(self) -> str:
        # A character in the last column would leave the cursor in the wrapping state.
        return self._text_of(self._columns() - 1)

    def _columns(self) -> int:
        """Return the window's width now: it may be resized at any moment."""
        try:
            # Not tqdm's dynamic_ncols: a window of zero columns (some have that) misleads it.
            return os.get_terminal_size(self.fp.fileno()).columns or _COLUMNS_DEFAULT
        except (OSError, ValueError):  # no terminal: a file, a pipe, io.StringIO
            return _COLUMNS_DEFAULT

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Draw the line, or `msg` in its place."""
        if self._is_in_front():
            super().display(msg, pos)

    def refresh(self, nolock: bool = False, lock_args: Any = None) -> None:
        """Draw the line anew.

        tqdm's own would keep the lock for ever when the stream can't be written to.
        """
        del lock_args
        with contextlib.nullcontext() if nolock else LOCK:
            super().refresh(nolock=True)

    def clear(self, nolock: bool = False) -> None:
        """Wipe the line; see `refresh`."""
        if self._is_in_front():
            with contextlib.nullcontext() if nolock else LOCK:
                super().clear(nolock=True)

    def _is_in_front(self) -> bool:
        try:
            return os.tcgetpgrp(self.fp.fileno()) == os.getpgrp()
        except (OSError, ValueError):  # no terminal, or none that a shell controls us by
            return True

    def close(self) -> None:
        """Leave the line standing. Also called when the object is collected, so it can't raise."""
        with contextlib.suppress(OSError):  # a terminal that is gone: see output.py
            super().close()

    @staticmethod
    def status_printer(file: Any) -> Callable[[str], None]:
        """Return a function that replaces the line.

        tqdm pads with the spaces of the longest line so far, which wrap when the window has
        become narrower; clearing to the end of the line doesn't.
        """

        def show(text: str) -> None:
            file.write(f"\r{text}{_CLEAR_TO_END}")
            file.flush()

        return show


TerminalLine.set_lock(LOCK)
