"""What the operations over two trees share."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.registry import provider_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_core.session import Place, Session
    from s3dlio_core.sides import SideOptions
    from s3dlio_core.uri import Uri

__all__ = ["nothing_there", "own_links", "place_of", "refuse_choices"]


def place_of(session: Session, uri: Uri) -> Place:
    """Return the tree below a URI, with or without "/" behind."""
    key = uri.key
    return session.place(uri, key if not key or key.endswith("/") else f"{key}/")


def nothing_there(operation: str, place: Place, reason: str) -> errors.NothingMatchedError:
    """Return the error of a tree that has nothing."""
    return errors.NothingMatchedError(
        f"{reason} ({operation} takes directories and prefixes, as they are written)",
        operation=operation,
        uri=place.store.uri_of(place.prefix),
        hint="For one object, or what a pattern matches, use copy" if operation == "sync" else "",
    )


def refuse_choices(operation: str, keywords: Mapping[str, object]) -> None:
    """Refuse keywords that choose among sources: a tree is compared whole.

    Raises:
        UsageError: one was given.
    """
    if keywords.get("names") is not None:
        raise errors.UsageError(f"{operation} takes no list of names", hint="Use filters")
    if keywords.get("patterns", "auto") not in {"auto", "literal"}:
        raise errors.UsageError(
            f"{operation} takes its source and destination literally", hint="Use filters"
        )


def own_links(options: SideOptions, destination: Uri) -> SideOptions:
    """Return options under which links of the destination are things of their own.

    So what they point to, which may lie anywhere, is neither compared nor deleted.
    """
    if "links" not in provider_class(destination.scheme).option_names:
        return options
    return dataclasses.replace(options, dest={**(options.dest or {}), "links": "own"})
