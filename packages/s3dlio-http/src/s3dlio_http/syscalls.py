"""System calls that never wait, made without giving up the interpreter's lock (the GIL).

`socket.send` and `select.poll` give the lock up, so that other threads may run while the kernel
works. For a call of a few microseconds that costs more than the call: another thread is woken, and
this one sleeps until it gets the lock back. With eight threads and small requests it was half of
all their CPU time. What is called here neither blocks nor takes long, so it keeps the lock.

Source: poll(2), send(2); the documentation of `ctypes.PyDLL`.
"""

from __future__ import annotations

import ctypes
import select
import socket
from typing import Final

__all__ = ["AT_ONCE", "NO_SIGNAL", "SHORT_BYTES", "ReadableNow", "send_now"]

#: A broken connection is an error here, not a signal to the process.
NO_SIGNAL: Final = getattr(socket, "MSG_NOSIGNAL", 0)
#: Don't wait either.
AT_ONCE: Final = socket.MSG_DONTWAIT | NO_SIGNAL
#: What may be sent while other threads can't run, in bytes: it takes some ten microseconds.
SHORT_BYTES: Final = 16 * 1024

_libc = ctypes.PyDLL(None)

_send = _libc.send
_send.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int)
_send.restype = ctypes.c_ssize_t


class _PollFd(ctypes.Structure):
    _fields_ = (
        ("fd", ctypes.c_int),
        ("events", ctypes.c_short),
        ("revents", ctypes.c_short),
    )


_poll = _libc.poll
_poll.argtypes = (ctypes.POINTER(_PollFd), ctypes.c_ulong, ctypes.c_int)
_poll.restype = ctypes.c_int


def send_now(sock: socket.socket, data: bytes) -> int:
    """Send as much as the socket takes at once.

    Args:
        sock: a connected socket; None of its timeouts count.
        data: at most `SHORT_BYTES`.

    Returns:
        How many bytes were sent. 0 is no error yet: the socket is full or broken, as the next
        ordinary call will say.
    """
    return max(0, int(_send(sock.fileno(), data, len(data), AT_ONCE)))


class ReadableNow:
    """Whether a socket has something to read: bytes, its end, or an error."""

    __slots__ = ("_fd",)

    def __init__(self, sock: socket.socket) -> None:
        self._fd = _PollFd(sock.fileno(), select.POLLIN, 0)

    def __call__(self) -> bool:
        """Return whether a read wouldn't wait."""
        return bool(_poll(self._fd, 1, 0))
