"""What the stores of one provider know together of the devices that their files lie on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from s3dlio_core.forks import renew_in_children
from s3dlio_core.logs import get_logger

if TYPE_CHECKING:
    from s3dlio_direct._native import Geometry

__all__ = ["Devices"]

_log = get_logger("direct")


class Devices:
    """See the module's docstring. Threads may share it; a pickle of it knows nothing.

    Attributes:
        geometries: the alignment that was found by trying, by the device's number.
    """

    def __init__(self) -> None:
        self.geometries: dict[int, Geometry] = {}
        self._warned: set[str] = set()
        self.renew_after_fork()
        renew_in_children(self)

    def renew_after_fork(self) -> None:
        """Take a new lock."""
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Devices], tuple[()]]:
        return Devices, ()

    def warn(self, text: str) -> None:
        """Log a warning; the same one a second time isn't."""
        with self._lock:
            if text in self._warned:
                return
            self._warned.add(text)
        _log.warning("%s", text)
