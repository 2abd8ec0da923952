"""Whether one tree lies in the other: then each run would change what the next one finds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from s3dlio_core.errors import UsageError, printable

if TYPE_CHECKING:
    from s3dlio_core.session import Place

__all__ = ["refuse_overlap"]


def refuse_overlap(source: Place, destination: Place) -> None:
    """Refuse two trees of which one is the other, or lies in it, also where a link leads there.

    Raises:
        UsageError: it does.
    """
    one, other = _name(source), _name(destination)
    if one[0] == other[0] and (one[1].startswith(other[1]) or other[1].startswith(one[1])):
        raise UsageError(
            f"{printable(source.store.uri_of(source.prefix))} and "
            f"{printable(destination.store.uri_of(destination.prefix))} overlap",
            hint="Choose two trees of which none lies in the other",
        )


def _name(place: Place) -> tuple[tuple[str, str], str]:
    """Return the service, and the path of a tree in it, "/" behind."""
    store = place.store
    at = store.copy_source(place.prefix)
    if store.capabilities.directories:
        return (at.scheme, at.endpoint), os.path.realpath(place.container).rstrip("/") + "/"
    return (at.scheme, at.endpoint), f"{at.container}/{place.prefix}"
