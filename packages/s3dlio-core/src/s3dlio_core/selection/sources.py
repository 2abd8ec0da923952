"""From the texts that a user gives to the objects that they select, and where those go.

How a source is read, in this order: a local path that exists as written is literal; a text with
`*`, `?`, `[…]` or `{…,…}` is a glob; everything else is literal. A literal names an object or, when
there is no such object, a directory (a prefix).

Where things go:
- One literal object to a destination that has no trailing "/" and is no directory: that very name.
- Otherwise into the destination: `dir/` gives its contents, `dir` keeps its name, a glob keeps what
  follows its literal directory, an object keeps its last segment.
- Several sources always go into the destination, also when some of them match nothing. Two
  literal objects of one name are refused; two directories or globs that give the same name are not
  noticed: one of the two objects stays.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.listing import iterate
from s3dlio_core.patterns import is_glob, literal_lead, match_segment, split_glob, tail_regex
from s3dlio_core.store import ListError, ObjectInfo
from s3dlio_core.transfer.plan import CopyItem, Note, PlanEntry, Skipped, Unmatched
from s3dlio_core.transfer.report import Failure
from s3dlio_core.uri import Uri, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from s3dlio_core.session import Place, Session
    from s3dlio_core.store import ObjectStore, StoreProvider

__all__ = [
    "Selection",
    "expand",
    "plan_copy",
    "select",
    "select_as_written",
    "select_version",
]


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


def expand(selection: Selection, *, recursive: bool) -> Iterator[ObjectInfo | str | ListError]:
    """Yield what a selection finds: objects, subdirectories that are left out, and errors."""
    place = selection.place
    if selection.found is not None:
        yield selection.found
    elif selection.pattern:
        yield from _glob(place.store, place.prefix, list(selection.pattern), recursive=recursive)
    else:
        yield from iterate(place.store, place.prefix, delimiter="" if recursive else "/")


def _glob(
    store: ObjectStore, prefix: str, segments: list[str], *, recursive: bool
) -> Iterator[ObjectInfo | str | ListError]:
    """Expand a glob level by level, so that only directories that can match are listed."""
    head, rest = segments[0], segments[1:]
    if head == "**":
        regex = tail_regex(segments)
        for found in iterate(store, prefix):
            if (
                isinstance(found, str)
                or _is_unread_directory(found)
                or regex.fullmatch(found.key, len(prefix))
            ):
                yield found
    elif rest and not is_glob(head):
        yield from _glob(store, f"{prefix}{head}/", rest, recursive=recursive)
    else:
        for found in iterate(store, prefix + literal_lead(head), delimiter="/"):
            name = (found if isinstance(found, str) else found.key)[len(prefix) :]
            if not match_segment(head, name.rstrip("/")):
                continue
            if isinstance(found, str):
                yield from _glob_below(store, found, rest, recursive=recursive)
            elif not rest or _is_unread_directory(found):
                yield found


def _is_unread_directory(found: ObjectInfo | ListError) -> bool:
    """Whether this is a directory that couldn't be listed: what lies in it might match."""
    return isinstance(found, ListError) and found.key.endswith("/")


def _glob_below(
    store: ObjectStore, directory: str, rest: list[str], *, recursive: bool
) -> Iterator[ObjectInfo | str | ListError]:
    """Go on with a glob in a directory that matched, or take the directory itself."""
    if rest:
        yield from _glob(store, directory, rest, recursive=recursive)
    elif recursive:
        yield from iterate(store, directory)
    else:
        yield directory


@dataclass(frozen=True, slots=True)
class _Target:
    """Where the objects of an operation go: below a place, or to exactly one key."""

    place: Place
    exact: str | None = None

    def key(self, relative: str) -> str:
        return self.place.prefix + relative if self.exact is None else self.exact


def find_target(session: Session, destination: Uri, only: Selection | None) -> _Target:
    """Decide where the sources go; see the module's docstring.

    Args:
        session: opens the stores.
        destination: as the user wrote it.
        only: the source, when a single one was given.
    """
    into = not destination.key or destination.key.endswith("/")
    if not into and only is not None and only.found is not None:
        provider = session.provider(destination)
        is_path = provider.containers_are_paths
        if not (is_path and provider.container_exists(destination.path)):
            place, name = session.object(destination)
            return _Target(place, exact=place.prefix + name)
    return _Target(session.place(destination, destination.key + ("" if into else "/")))


def plan_copy(
    session: Session,
    sources: Sequence[str | os.PathLike[str]],
    destination: Uri,
    *,
    recursive: bool,
    version: str | None = None,
) -> tuple[Place, Iterator[PlanEntry]]:
    """Plan the copies of an operation.

    Args:
        session: opens the stores.
        sources: as the user wrote them.
        destination: where they go.
        recursive: take what lies deeper than one level, too.
        version: copy this version of the one literal source.

    Returns:
        The destination's place, and the entries, lazily.

    Raises:
        NothingMatchedError: no source is there at all.
        UsageError: two literal sources would get the same name, a directory would be copied
            into itself, or a version is asked for of several sources.
    """
    given = tuple(dict.fromkeys(os.fspath(source) for source in sources))
    if version is not None and len(given) != 1:
        raise errors.UsageError(
            f"a version is of one object, and {len(given)} sources were given",
            hint="Copy each version in a run of its own",
        )
    selections: list[Selection] = []
    lost: list[Unmatched | Failure] = []
    first_error: errors.S3dlioError | None = None
    for source in given:
        try:
            if version is None:
                selections.append(select(session, source))
            else:
                selections.append(select_version(session, source, version))
        except errors.S3dlioError as error:
            if isinstance(error, errors.NothingMatchedError):
                lost.append(Unmatched(source, str(error)))
            elif error.scope is errors.Scope.OBJECT:
                lost.append(Failure(source, "", error))
            else:
                raise
            first_error = first_error or error
    if not selections:
        raise first_error or errors.UsageError("no source was given")
    target = find_target(session, destination, selections[0] if len(given) == 1 else None)
    _refuse_onto_itself(selections, target)
    _refuse_collisions(selections, target)
    if recursive:
        _refuse_into_itself(selections, target)
    return target.place, _entries(selections, lost, target, recursive=recursive)


def _refuse_collisions(selections: Sequence[Selection], target: _Target) -> None:
    """Refuse two literal sources of one name: the second would replace the first."""
    seen: dict[str, str] = {}
    for selection in selections:
        if selection.found is None:
            continue
        key = target.key(_relative(selection, selection.found))
        if key in seen:
            raise errors.UsageError(
                f"{errors.printable(seen[key])} and {errors.printable(selection.text)} would both "
                f"be written to {errors.printable(target.place.store.uri_of(key))}",
                hint="Copy them in two runs, to two directories",
            )
        seen[key] = selection.text


def _refuse_onto_itself(selections: Sequence[Selection], target: _Target) -> None:
    """Refuse to replace what is copied by its copy: links and hard links would be lost."""
    for selection in selections:
        if selection.version is not None:
            continue  # an older version onto the object itself brings it back
        if selection.found is not None:
            source = selection.place, selection.found.key
            goal = target.place, target.key(_relative(selection, selection.found))
        else:
            source = selection.place, selection.place.prefix
            goal = target.place, target.place.prefix + selection.lead
        if _true_name(*source) == _true_name(*goal):
            raise errors.UsageError(
                f"{errors.printable(selection.text)} would be copied onto itself",
                hint="Choose another destination",
            )


def _true_name(place: Place, key: str) -> str:
    """Return a name that two ways to one object or directory share."""
    if not place.store.capabilities.directories:
        return place.store.uri_of(key)
    return os.path.realpath(f"{place.container}/{key}")


def _goal_within(selection: Selection, target: _Target) -> str | None:
    """Return the URI that a directory's or glob's copies go below, if it lies in the source."""
    source = selection.place.store.uri_of(selection.place.prefix)
    goal = target.place.store.uri_of(target.place.prefix + selection.lead)
    return goal if goal != source and goal.startswith(source) else None


def _lies_within(selection: Selection, target: _Target) -> bool:
    """Whether copies would lie in the source, also where a link makes another path of it."""
    if _goal_within(selection, target) is not None:
        return True
    stores = (selection.place.store, target.place.store)
    if not all(store.capabilities.directories for store in stores):
        return False
    source = os.path.realpath(selection.place.container)
    goal = os.path.realpath(os.path.join(target.place.container, selection.lead))  # noqa: PTH118 - text
    return goal != source and goal.startswith(source.rstrip("/") + "/")


def _refuse_into_itself(selections: Sequence[Selection], target: _Target) -> None:
    """Refuse a directory whose copies would lie in it: the listing would find them, for ever."""
    for selection in selections:
        if selection.found is not None or selection.pattern:
            continue
        if _lies_within(selection, target):
            goal = target.place.store.uri_of(target.place.prefix + selection.lead)
            raise errors.UsageError(
                f"{errors.printable(selection.text)} would be copied into itself, to "
                f"{errors.printable(goal)}",
                hint="Choose a destination outside of it",
            )


def _relative(selection: Selection, info: ObjectInfo) -> str:
    return selection.lead + info.key[len(selection.place.prefix) :]


def _entries(
    selections: Sequence[Selection],
    lost: Sequence[Unmatched | Failure],
    target: _Target,
    *,
    recursive: bool,
) -> Iterator[PlanEntry]:
    yield from lost
    for selection in selections:
        try:
            yield from _selection_entries(selection, target, recursive=recursive)
        except errors.S3dlioError as error:
            if error.scope is not errors.Scope.OBJECT:
                raise
            yield Failure(selection.text, "", error)


def _selection_entries(
    selection: Selection, target: _Target, *, recursive: bool
) -> Iterator[PlanEntry]:
    source, destination = selection.place.store, target.place.store
    # A glob may match its own destination, whose new objects the listing would find in turn.
    goal = _goal_within(selection, target) if selection.pattern else None
    matched = False
    left_out_count = 0
    for found in expand(selection, recursive=recursive):
        if isinstance(found, str):
            left_out_count += 1
            continue
        if goal is not None and source.uri_of(found.key).startswith(goal):
            continue
        matched = True
        if isinstance(found, ListError):
            yield Failure(source.uri_of(found.key), "", found.error)
            continue
        key = target.key(_relative(selection, found))
        marker = found.key.endswith("/") and not found.size_bytes
        if marker and (destination.capabilities.directories or not key):
            yield Skipped(source.uri_of(found.key))  # directories and containers need none
        else:
            yield CopyItem(source, found, key, selection.version)
    if left_out_count:
        yield Note(
            f"{errors.printable(selection.text)}: {left_out_count} "
            f"{'subdirectory was' if left_out_count == 1 else 'subdirectories were'} left out "
            "(not recursive)"
        )
    if not matched:
        yield Unmatched(
            selection.text,
            f"{errors.printable(selection.text)}: nothing matched (read as {selection.meaning})",
        )
