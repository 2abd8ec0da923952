"""From the texts that a user gives to the objects that they select.

How a text is read is described in `reading`. A literal names an object or, when there is no such
object, a directory (a prefix).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.selection.globs import split_glob, tail_regex
from s3dlio_core.selection.reading import Reading, read, reading_hint
from s3dlio_core.selection.regexes import Regex, split_regex
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from s3dlio_core.session import Place, Session
    from s3dlio_core.store import ObjectInfo, StoreProvider
    from s3dlio_core.uri import Uri

__all__ = [
    "Selection",
    "select",
    "select_as_written",
    "select_directory_as_written",
    "select_version",
]


@dataclass(frozen=True, slots=True)
class Selection:
    """What one source selects.

    Attributes:
        text: as the user wrote it.
        place: where it is looked for.
        found: the one literal object, or None.
        pattern: the segments of a glob below the place, or ().
        regex: the regular expression of the paths below the place, or None.
        lead: what relative names get in front: `dir` keeps its name, `dir/` doesn't.
        version: the version of the literal object that is meant, or None for the current one.
        hint: how else the text could have been read, for messages, or "".
    """

    text: str
    place: Place
    found: ObjectInfo | None = None
    pattern: tuple[str, ...] = ()
    regex: Regex | None = None
    lead: str = ""
    version: str | None = None
    hint: str = ""

    @property
    def reading(self) -> Reading:
        """How the text was read."""
        if self.pattern:
            return Reading.GLOB
        return Reading.LITERAL if self.regex is None else Reading.REGEX

    @property
    def is_pattern(self) -> bool:
        """Whether it was read as a pattern."""
        return self.reading is not Reading.LITERAL

    @property
    def names_directory(self) -> bool:
        """Whether it means the contents of a directory, or of those that a pattern matches."""
        return self.found is None and (not self.is_pattern or self.text.endswith("/"))

    @property
    def nothing_matched(self) -> str:
        """What to say when it selects nothing: how the text was read, and how else it could be."""
        text = f"nothing matched (read as {self.reading.meaning})"
        return f"{text}. {self.hint}" if self.hint else text


def select(
    session: Session,
    source: str | os.PathLike[str],
    asked: Reading = Reading.AUTO,
    *,
    may_be_regex: bool = True,
) -> Selection:
    """Read a source.

    Args:
        session: opens the stores.
        source: as the user wrote it.
        asked: how it is to be read.
        may_be_regex: whether AUTO may mean a regular expression.

    Raises:
        NothingMatchedError: a literal that names neither an object nor a directory.
        InvalidUriError, UnsupportedSchemeError: it can't be read at all.
        UsageError: a pattern makes no sense.
    """
    text = os.fspath(source)
    uri = parse_uri(text)
    exists = session.provider(uri).containers_are_paths and os.path.lexists(uri.path)
    reading = read(uri.key, asked, exists_as_written=exists, may_be_regex=may_be_regex)
    hint = reading_hint(uri.key, asked, reading)
    if reading is Reading.LITERAL:
        return _literal(session, text, uri, hint)
    if reading is Reading.GLOB:
        directory, segments = split_glob(uri.key)
        tail_regex(segments)  # a bad one is told before anything is copied
        found = Selection(text, session.place(uri, directory), pattern=tuple(segments), hint=hint)
    else:
        directory, expression = split_regex(uri.key)
        regex = Regex(expression)
        found = Selection(text, session.place(uri, directory), regex=regex, hint=hint)
    return _in_directory(found, session.provider(uri))


def _literal(session: Session, text: str, uri: Uri, hint: str) -> Selection:
    """Find the object or directory of this name."""
    provider = session.provider(uri)
    is_path = provider.containers_are_paths
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
        f"{reason} (read as a literal name)", operation="find", uri=text, hint=hint
    )


def select_as_written(
    session: Session,
    uri: str | os.PathLike[str],
    asked: Reading = Reading.AUTO,
    *,
    may_be_regex: bool = True,
) -> Selection:
    """Read a source; what exists exactly as written wins over a guessed pattern.

    That is an object, or a directory with something in it. See `select` for the arguments and
    errors.
    """
    parsed = parse_uri(uri)
    guess = read(parsed.key, asked, exists_as_written=False, may_be_regex=may_be_regex)
    if asked is Reading.AUTO and (guess is not Reading.LITERAL or parsed.key.endswith("/")):
        place, name = session.object(parsed)
        try:
            return Selection(os.fspath(uri), place, found=place.store.head(place.prefix + name))
        except (errors.ObjectNotFoundError, errors.InvalidKeyError):
            pass  # a pattern, a directory, or nothing
        except errors.ContainerNotFoundError:
            if not session.provider(parsed).containers_are_paths:
                raise
    return select_directory_as_written(session, uri, asked, may_be_regex=may_be_regex)


def select_directory_as_written(
    session: Session,
    uri: str | os.PathLike[str],
    asked: Reading = Reading.AUTO,
    *,
    may_be_regex: bool = True,
) -> Selection:
    """Read a source; a directory that exists exactly as written wins over a guessed pattern.

    See `select` for the arguments and errors.
    """
    parsed = parse_uri(uri)
    guess = read(parsed.key, asked, exists_as_written=False, may_be_regex=may_be_regex)
    provider = session.provider(parsed)
    # `select` itself looks whether a path exists, and costs no request.
    if guess is not Reading.LITERAL and asked is Reading.AUTO and not provider.containers_are_paths:
        prefix = parsed.key if parsed.key.endswith("/") else f"{parsed.key}/"
        if _is_directory(session.place(parsed, prefix), provider):
            asked = Reading.LITERAL
    return select(session, uri, asked, may_be_regex=may_be_regex)


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
            f"no such directory (read as {selection.reading.meaning})",
            operation="find",
            uri=selection.text,
            hint=selection.hint,
        )
    return selection


def _is_directory(place: Place, provider: StoreProvider) -> bool:
    if provider.containers_are_paths:
        return provider.container_exists(place.container)
    page = place.store.list_page(place.prefix, page_size=1)
    return bool(page.objects or page.next_token)
