"""A call in a thread of its own, whose outcome isn't lost when its caller is interrupted.

Python raises KeyboardInterrupt, and what signal handlers raise, in the main thread, wherever that
is; a request that is made there may have been served, and nobody gets to know.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

__all__ = ["Untorn"]

_Result = TypeVar("_Result")


class Untorn(Generic[_Result]):
    """A call. Its thread is a daemon: no interpreter that ends waits for it.

    Attributes:
        was_told: whether its outcome was given to who waited for it.
    """

    def __init__(self, function: Callable[[], _Result]) -> None:
        """Prepare; nothing is called. Keep a reference before it begins.

        Args:
            function: is called once.
        """
        self.was_told = False
        self._function: Callable[[], _Result] | None = function
        self._has_begun = False
        self._over = threading.Event()
        self._result: _Result | None = None
        self._error: BaseException | None = None

    def begin(self) -> Self:
        """Begin it."""
        self._has_begun = True
        thread = threading.Thread(target=self._run, name="s3dlio-request", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter ends, or the system gives no more threads
            self._run()
        return self

    def _run(self) -> None:
        # What it refers to may refer to this, and to much memory.
        function, self._function = self._function, None
        try:
            if function is not None:
                self._result = function()
        except BaseException as error:  # noqa: BLE001 - raised again by who waits for it
            self._error = error
        finally:
            self._over.set()

    @property
    def is_open(self) -> bool:
        """Whether it has begun, and not ended."""
        return self._has_begun and not self._over.is_set()

    def result(self) -> _Result:
        """Begin it; wait for its end; return its result, or raise its error. Called once."""
        self.begin()
        self._over.wait()
        self.was_told = True
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # whose traceback refers to this frame
        return self._result  # type: ignore[return-value]  # a call without error has one

    def outcome(self, timeout_s: float) -> _Result | None:
        """Wait for its end, but not forever; return its result, None where it has none."""
        if self._has_begun:
            self._over.wait(timeout_s)
        return self._result
