"""The one object that a call is about, by name or by a pattern that only it matches."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeVar

from s3dlio_core import errors
from s3dlio_core.selection.expansion import expand
from s3dlio_core.selection.reading import Reading, read
from s3dlio_core.selection.sources import select
from s3dlio_core.store import ListError
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from s3dlio_core.selection.sources import Selection
    from s3dlio_core.session import Session
    from s3dlio_core.store import ObjectStore

__all__ = ["use_single"]

_Result = TypeVar("_Result")


def use_single(
    session: Session,
    uri: str | os.PathLike[str],
    asked: Reading,
    use: Callable[[ObjectStore, str], _Result],
) -> _Result:
    """Do something with an object; one that exists exactly as written wins over a guessed pattern.

    A name costs no request but the use's own.

    Args:
        session: opens the stores.
        uri: as the user wrote it; it has a key.
        asked: how it is to be read.
        use: takes the store and the key, and says with ObjectNotFoundError that it isn't there.

    Raises:
        ObjectNotFoundError: no object has this name.
        NothingMatchedError: the pattern matches no object.
        UsageError: it matches several.
    """
    parsed = parse_uri(uri)
    reading = read(parsed.key, asked, exists_as_written=False, may_be_regex=True)
    if asked is Reading.AUTO or reading is Reading.LITERAL:
        place, name = session.object(parsed)
        try:
            return use(place.store, place.prefix + name)
        except (errors.ObjectNotFoundError, errors.ContainerNotFoundError) as error:
            if reading is Reading.LITERAL:
                raise
            try:
                selection = select(session, uri)
            except errors.UsageError as bad:  # then nobody meant a pattern
                error.hint = error.hint or f"Read as {reading.meaning}: {bad.reason}"
                raise error from bad
    else:
        selection = select(session, uri, asked)
    return use(selection.place.store, _only_match(selection))


def _only_match(selection: Selection) -> str:
    """Return the key of the only object that a pattern matches."""
    objects = (found for found in expand(selection, recursive=False) if not isinstance(found, str))
    matches = list(itertools.islice(objects, 2))
    if not matches:
        raise errors.NothingMatchedError(
            selection.nothing_matched, operation="find", uri=selection.text
        )
    if isinstance(matches[0], ListError):
        raise matches[0].error
    if len(matches) > 1:
        raise errors.UsageError(
            f"read as {selection.reading.meaning}, this matches several objects",
            operation="find",
            uri=selection.text,
            hint="Name one of them; list shows them all",
        )
    return matches[0].key
