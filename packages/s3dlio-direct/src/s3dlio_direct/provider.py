"""`DirectProvider`: directories as containers, whose files are read and written past the cache."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from s3dlio_core.file_store import FileProvider
from s3dlio_direct.devices import Devices
from s3dlio_direct.opening import Fallback, check_fallback
from s3dlio_direct.store import DirectStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

__all__ = ["DirectProvider"]

_OPTION = "direct_fallback"
_VARIABLE = "S3DLIO_DIRECT_FALLBACK"


class DirectProvider(FileProvider):
    """The local machine's directories."""

    scheme = "direct"
    option_names = FileProvider.option_names | {_OPTION}

    def __init__(self, *, fallback: Fallback = "refuse", **options: Any) -> None:
        """Make the provider.

        Args:
            fallback: what is done where a file system refuses O_DIRECT: see `DirectStore`.
            options: those of `FileProvider`.
        """
        super().__init__(**options)
        self.fallback = check_fallback("fallback", fallback)
        self._devices = Devices()

    @classmethod
    def from_options(cls, scheme: str, options: Mapping[str, str], host: str = "") -> Self:
        """Make the provider of `FileProvider`'s options, "direct_fallback" and its variable."""
        provider = super().from_options(scheme, options, host)
        provider.fallback = _fallback(options, os.environ)
        return provider

    def open(self, container: str) -> DirectStore:
        """Open a directory by its path."""
        return DirectStore(
            container,
            fallback=self.fallback,
            devices=self._devices,
            fsync=self._fsync,
            follow_links=self._follow_links,
            own_links=self._own_links,
        )


def _fallback(options: Mapping[str, str], environ: Mapping[str, str]) -> Fallback:
    """Return what is chosen; an empty variable chooses nothing."""
    named, value = f"the option {_OPTION}", options.get(_OPTION)
    if value is None:
        named, value = _VARIABLE, environ.get(_VARIABLE) or "refuse"
    return check_fallback(named, value)
