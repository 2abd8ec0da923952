"""From a scheme to the backend that serves it.

Looked up in this order: what `register` was told, the built-in stores (no scan at all), and the
entry points of the group "s3dlio.stores" of the installed distributions (entry name = scheme),
scanned once in a process. Two distributions that claim one scheme are an error naming both;
never does the last one win silently.
"""

from __future__ import annotations

import functools
import importlib
import sys
from typing import TYPE_CHECKING, cast

from s3dlio_core.errors import StoreConflictError, UnsupportedSchemeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint

    from s3dlio_core.store import StoreProvider
    from s3dlio_core.transfer.events import TransferObserver

__all__ = [
    "ENTRY_POINT_GROUP",
    "default_observer",
    "make_provider",
    "provider_class",
    "register",
    "unregister",
]

ENTRY_POINT_GROUP = "s3dlio.stores"
#: Where a package offers the observer of `progress=True`, under the name "auto".
OBSERVER_GROUP = "s3dlio.observers"

_BUILTIN = {
    "file": "s3dlio_core.file_store:FileProvider",
    "memory": "s3dlio_core.memory_store:MemoryProvider",
}
# Text for the error message only: nothing here is imported.
_PACKAGES = {"s3": "s3dlio-s3", "az": "s3dlio-azure", "direct": "s3dlio-direct"}

#: What only Linux has.
_LINUX_ONLY = {"direct": "Linux's O_DIRECT"}
_PLATFORM = sys.platform

_registered: dict[str, type[StoreProvider]] = {}


def register(scheme: str, provider: type[StoreProvider]) -> None:
    """Serve a scheme by this class, before any installed one."""
    _registered[scheme] = provider


def unregister(scheme: str) -> None:
    """Undo `register`."""
    _registered.pop(scheme, None)


def provider_class(scheme: str) -> type[StoreProvider]:
    """Return the provider class of a scheme, importing only that backend.

    Raises:
        UnsupportedSchemeError: nothing serves it; the message says what to install.
        StoreConflictError: two distributions claim it.
    """
    if scheme in _registered:
        return _registered[scheme]
    if scheme in _BUILTIN:
        module, _, name = _BUILTIN[scheme].partition(":")
        return cast("type[StoreProvider]", getattr(importlib.import_module(module), name))
    claims = _entry_points(ENTRY_POINT_GROUP).get(scheme, [])
    if len(claims) > 1:
        names = sorted(claim.dist.name if claim.dist else claim.value for claim in claims)
        raise StoreConflictError(
            f"{' and '.join(names)} both serve {scheme}://", hint="Uninstall one of them"
        )
    if not claims:
        if scheme in _LINUX_ONLY and _PLATFORM != "linux":
            raise UnsupportedSchemeError(
                f"{scheme}:// is {_LINUX_ONLY[scheme]}, and isn't here",
                hint="Use file:// for the same files",
            )
        package = _PACKAGES.get(scheme)
        known = sorted({*_BUILTIN, *_registered, *_entry_points(ENTRY_POINT_GROUP)})
        hint = (
            f"Install it with: pip install {package}"
            if package
            else f"Known schemes: {', '.join(known)}"
        )
        raise UnsupportedSchemeError(f"no installed store serves {scheme}://", hint=hint)
    return cast("type[StoreProvider]", claims[0].load())


def make_provider(
    scheme: str, options: Mapping[str, str] | None = None, host: str = ""
) -> StoreProvider:
    """Make the provider of a scheme.

    Args:
        scheme: for example "s3".
        options: the backend's options.
        host: the host that the URI names, or "".

    Raises:
        UsageError: an option that the backend doesn't know.
    """
    cls = provider_class(scheme)
    given = dict(options or {})
    unknown = sorted(set(given) - cls.option_names)
    if unknown:
        known = ", ".join(sorted(cls.option_names)) or "none"
        raise UsageError(
            f"unknown option {', '.join(unknown)} for {scheme}://", hint=f"It knows: {known}"
        )
    return cls.from_options(scheme, given, host)


def default_observer() -> TransferObserver:
    """Make the observer that an installed package offers for `progress=True`.

    Raises:
        UsageError: none does; the message says what to install.
    """
    claims = _entry_points(OBSERVER_GROUP).get("auto", [])
    if not claims:
        raise UsageError(
            "no installed package shows progress",
            hint="Install one with: pip install s3dlio-progress",
        )
    return cast("TransferObserver", claims[0].load()())


@functools.cache
def _entry_points(group: str) -> Mapping[str, list[EntryPoint]]:
    """Scan the installed distributions once: about 13 ms with a hundred of them."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - costs 13 ms, file:// needs none

    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=group):
        found.setdefault(entry.name, []).append(entry)
    return found
