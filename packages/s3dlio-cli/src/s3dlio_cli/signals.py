"""Ctrl-C, SIGTERM and a closed terminal (SIGHUP), for the program only.

The library installs no handler.

The first signal asks a transfer that has begun to stop: it aborts its unfinished uploads and
removes its temporary files. Everything else (planning, a listing, a deletion) ends at once, and a
second signal ends everything at once: but not a second SIGHUP, which the shell and the system both
may send.
A signal that is ignored when the program starts (nohup, a shell's background job) stays ignored.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

from s3dlio_cli.exit_codes import code_of_signal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.transfer.events import CancelToken

__all__ = ["Interrupted", "Interrupts"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MESSAGE = b"\ns3-cli: stopping; once more to exit at once\n"
_STDERR_FD = 2


class Interrupted(BaseException):
    """A signal came while no transfer was running."""


class Interrupts:
    """The signals of one run of the program.

    Attributes:
        signum: the signal that came, or 0.
    """

    def __init__(self) -> None:
        self.signum = 0
        self._token: CancelToken | None = None

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Handle the signals until the block ends; nothing is done outside the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[signal.Signals, Any] = {}
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, self._handle)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def cancelling(self) -> Iterator[None]:
        """Let a transfer in this block `begin`; until it does, a signal ends it at once."""
        try:
            yield
        finally:
            self._token = None

    def begin(self, token: CancelToken) -> None:
        """Let the first signal set this token from now on: there may be something to clean up."""
        self._token = token

    def _handle(self, signum: int, _frame: object) -> None:
        if self.signum:
            if signum != signal.SIGHUP:
                _exit_at_once(signum)
            return
        self.signum = signum
        if self._token is None:
            raise Interrupted
        # Not by way of sys.stderr: the signal may have interrupted a write to it.
        with contextlib.suppress(OSError):
            os.write(_STDERR_FD, _MESSAGE)
        # In a thread: this one may hold the lock that the token needs.
        threading.Thread(target=self._token.cancel, name="s3dlio-cancel", daemon=True).start()


def _exit_at_once(signum: int) -> None:
    with contextlib.suppress(OSError):
        if os.isatty(_STDERR_FD):
            os.write(_STDERR_FD, b"\n")  # the prompt mustn't stand behind a bar
    os._exit(code_of_signal(signum))
