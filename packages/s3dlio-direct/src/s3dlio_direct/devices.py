"""What the stores of one provider know together of the devices that their files lie on."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        self._warned: dict[str, object] = {}  # by text, who warned

    def __reduce__(self) -> tuple[type[Devices], tuple[()]]:
        return Devices, ()

    def warn(self, text: str) -> None:
        """Log a warning; the same one a second time isn't."""
        caller = object()
        if self._warned.setdefault(text, caller) is caller:  # no lock: setdefault is atomic
            _log.warning("%s", text)
