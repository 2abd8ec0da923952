"""From the texts that a user gives to the objects that they select.

How a source is read, in this order: a local path that exists as written is literal; a text with
`*`, `?`, `[…]` or `{…,…}` is a glob; everything else is literal. A literal names an object or, when
there is no such object, a directory (a prefix).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.selection.globs import is_glob, split_glob, tail_regex
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from s3dlio_core.session import Place, Session
    from s3dlio_core.store import ObjectInfo, StoreProvider

__all__ = ["Selection", "select", "select_as_written", "select_version"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What one source selects.

    Attributes:
        text: as the user wrote it.
        place: where it is looked for.
        found: the one literal object, or None.
        pattern: the segments of a glob below the place, or () for the whole directory.
        lead: what relative names get in front: `dir` keeps its name, `dir/` doesn't.
        version: the version of the literal object that is meant, or None for the current one.
    """

    text: str
    place: Place
    found: ObjectInfo | None = None
    pattern: tuple[str, ...] = ()
    lead: str = ""
    version: str | None = None

    @property
    def meaning(self) -> str:
        """How the text was read, for messages."""
        return "a glob" if self.pattern else "a literal name"


def select(session: Session, source: str | os.PathLike[str]) -> Selection:
    """Read a source.

    Raises:
        NothingMatchedError: a literal that names neither an object nor a directory.
        InvalidUriError, UnsupportedSchemeError: it can't be read at all.
    """
    text = os.fspath(source)
    uri = parse_uri(text)
    provider = session.provider(uri)
    is_path = provider.containers_are_paths
    if is_glob(uri.key) and not (is_path and os.path.lexists(uri.path)):
        directory, pattern = split_glob(uri.key)
        tail_regex(pattern)  # a bad one is told before anything is copied
        found = Selection(text, session.place(uri, directory), pattern=tuple(pattern))
        return _in_directory(found, provider)
    name = uri.key.rpartition("/")[2]
    if not name:
        return _in_directory(Selection(text, session.place(uri, uri.key)), provider)
    if is_path and name in {".", ".."}:
        return _in_directory(Selection(text, session.place(uri, f"{uri.key}/")), provider)
    place, name = session.object(uri)
    reason = "no such object or directory"
    try:
        return Selection(text, place, found=place.store.head(place.prefix + name))
    except errors.ObjectNotFoundError as error:
        if is_path and os.path.lexists(uri.path):
            reason = error.reason
    except errors.ContainerNotFoundError:
        if not is_path:
            raise
    place = session.place(uri, f"{uri.key}/")
    if _is_directory(place, provider):
        return Selection(text, place, lead=f"{name}/")
    raise errors.NothingMatchedError(
        f"{reason} (read as a literal name)", operation="find", uri=text
    )


def select_as_written(session: Session, uri: str | os.PathLike[str]) -> Selection:
    """Read a source; an object that exists exactly as written wins over a glob.

    Raises:
        NothingMatchedError: neither an object nor a directory, and no glob.
    """
    parsed = parse_uri(uri)
    if parsed.key:
        place, name = session.object(parsed)
        try:
            return Selection(os.fspath(uri), place, found=place.store.head(place.prefix + name))
        except (errors.ObjectNotFoundError, errors.InvalidKeyError):
            pass  # a glob, a directory, or nothing
        except errors.ContainerNotFoundError:
            if not session.provider(parsed).containers_are_paths:
                raise
    return select(session, uri)


def select_version(session: Session, source: str | os.PathLike[str], version: str) -> Selection:
    """Read a source as the name of one object, of which a version is meant.

    No listing is asked, so the object may have been deleted; and nothing is a pattern.

    Raises:
        NothingMatchedError: there is no such version of it.
        UsageError: it names a directory or a container.
    """
    text = os.fspath(source)
    uri = parse_uri(text)
    if not uri.key or uri.key.endswith("/"):
        raise errors.UsageError(
            "only an object has versions", operation="find", uri=text, hint="Name one object"
        )
    place, name = session.object(uri)
    try:
        found = place.store.head(place.prefix + name, version=version)
    except errors.ObjectNotFoundError as error:
        raise errors.NothingMatchedError(
            f"{error.reason} (read as a literal name, version {version})",
            operation="find",
            uri=text,
        ) from error
    return Selection(text, place, found=found, version=version)


def _in_directory(selection: Selection, provider: StoreProvider) -> Selection:
    """Check that a local directory is there; a prefix of an object store is found out by listing.

    Raises:
        NothingMatchedError: it isn't.
    """
    if provider.containers_are_paths and not _is_directory(selection.place, provider):
        raise errors.NothingMatchedError(
            f"no such directory (read as {selection.meaning})",
            operation="find",
            uri=selection.text,
        )
    return selection


def _is_directory(place: Place, provider: StoreProvider) -> bool:
    if provider.containers_are_paths:
        return provider.container_exists(place.container)
    page = place.store.list_page(place.prefix, page_size=1)
    return bool(page.objects or page.next_token)
