"""A recorder between `s3dlio_direct.native` and its C library; it can make a call fail.

It asks the kernel for the flags of the descriptor at each call (F_GETFL), so that what it says of
O_DIRECT is what the kernel does, not what somebody meant to do.
"""

from __future__ import annotations

import fcntl
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NativeCall", "NativeCalls"]

#: The functions that move bytes, by how their payload is called here.
READS: Final = frozenset({"s3dlio_read", "s3dlio_pread"})
WRITES: Final = frozenset({"s3dlio_write", "s3dlio_pwrite"})


@dataclass(frozen=True, slots=True)
class NativeCall:
    """One call of the C library.

    Attributes:
        name: of the function.
        path: what the descriptor belonged to; "" for `s3dlio_open`.
        direct: whether the kernel had O_DIRECT for the descriptor then.
        address: of the caller's memory; 0 where the function takes none.
        size_bytes: of that memory.
        result: what the function returned.
    """

    name: str
    path: str
    direct: bool
    address: int
    size_bytes: int
    result: int


class NativeCalls:
    """Stands where `native.lib` stood, and passes everything on to it; thread-safe."""

    def __init__(self, lib: Any, ffi: Any) -> None:
        """Begin with no calls.

        Args:
            lib: the library.
            ffi: its types.
        """
        self._lib = lib
        self._ffi = ffi
        self._lock = threading.Lock()
        self._begun = 0
        self._failing: dict[int, int] = {}
        self._before: Callable[[str], None] | None = None
        self._after_open: Callable[[Any], None] | None = None
        self.calls: list[NativeCall] = []

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._lib, name)
        if not callable(function):
            return function

        def call(*arguments: Any) -> int:
            return self._call(name, function, arguments)

        return call

    def fail_call(self, number: int, error_number: int) -> None:
        """Let a call return an error instead of doing anything; the first one is 0."""
        self._failing[number] = error_number

    def before_each(self, do: Callable[[str], None]) -> None:
        """Do something before each call, whose name it is told."""
        self._before = do

    def after_open(self, do: Callable[[Any], None]) -> None:
        """Do something with the geometry of each file that was opened."""
        self._after_open = do

    def clear(self) -> None:
        """Forget the calls and the failures to come."""
        with self._lock:
            self._begun = 0
            self._failing.clear()
            self.calls.clear()

    @property
    def reads(self) -> list[NativeCall]:
        """The calls that read."""
        return [call for call in self.calls if call.name in READS]

    @property
    def writes(self) -> list[NativeCall]:
        """The calls that wrote."""
        return [call for call in self.calls if call.name in WRITES]

    def buffered(self) -> list[NativeCall]:
        """Return the calls that moved bytes without O_DIRECT."""
        return [call for call in self.reads + self.writes if not call.direct]

    def _call(self, name: str, function: Callable[..., int], arguments: tuple[Any, ...]) -> int:
        if self._before is not None:
            self._before(name)
        with self._lock:
            error_number = self._failing.get(self._begun)
            self._begun += 1
        path, direct = "", False
        if name != "s3dlio_open":
            path, direct = _described(arguments[0])
        result = function(*arguments) if error_number is None else -error_number
        if name == "s3dlio_open" and self._after_open is not None and result >= 0:
            self._after_open(arguments[4])
        address, size_bytes = self._memory(name, arguments)
        call = NativeCall(name, path, direct, address, size_bytes, result)
        with self._lock:
            self.calls.append(call)
        return result

    def _memory(self, name: str, arguments: tuple[Any, ...]) -> tuple[int, int]:
        if name not in READS | WRITES:
            return 0, 0
        return int(self._ffi.cast("uintptr_t", arguments[2])), int(arguments[3])


def _described(fd: int) -> tuple[str, bool]:
    try:
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
        return str(Path(f"/proc/self/fd/{fd}").readlink()), bool(flags & os.O_DIRECT)
    except OSError:
        return "", False  # no descriptor, which the library shall say itself
