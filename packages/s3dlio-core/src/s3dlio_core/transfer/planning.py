"""The plan of a copy: from sources and destination to a lazy stream of entries."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.collisions import only_first, without_shadowed
from s3dlio_core.local_names import check_local_key
from s3dlio_core.mapping import (
    Target,
    find_target,
    goal_within,
    may_collide,
    refuse_senseless,
    relative_name,
)
from s3dlio_core.selection import Reading, Selection, expand, select, select_version
from s3dlio_core.selection.filters import Sieve, left_out_text
from s3dlio_core.store import ListError
from s3dlio_core.transfer.named import NotFound
from s3dlio_core.transfer.own_sources import spare_sources
from s3dlio_core.transfer.plan import CopyItem, LeftOut, Note, PlanEntry, Skipped, Unmatched
from s3dlio_core.transfer.report import Failure
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from s3dlio_core.selection.filters import Filters
    from s3dlio_core.session import Place
    from s3dlio_core.sides import Sides
    from s3dlio_core.store import ObjectInfo, ObjectStore
    from s3dlio_core.transfer.named import NamedObjects
    from s3dlio_core.uri import Uri

__all__ = ["copy_entry", "makes_directories", "plan_copy", "tell_left_out"]


def plan_copy(
    sides: Sides,
    sources: Sequence[str | os.PathLike[str]],
    destination: Uri,
    *,
    recursive: bool,
    version: str | None = None,
    asked: Reading = Reading.AUTO,
    filters: Filters | None = None,
    named: NamedObjects | None = None,
    moving: bool = False,
) -> tuple[Place, Iterator[PlanEntry]]:
    """Plan the copies of an operation.

    Args:
        sides: open the stores.
        sources: as the user wrote them.
        destination: where they go.
        recursive: take what lies deeper than one level, too.
        version: copy this version of the one literal source.
        asked: how the sources are to be read.
        filters: what objects must be like to be copied.
        named: the objects that are meant, all of them in the sources; None for all of those.
        moving: sources will be deleted, so none may be replaced before.

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
                selections.append(select(sides.source, source, asked))
            else:
                selections.append(select_version(sides.source, source, version))
        except errors.S3dlioError as error:
            if isinstance(error, errors.NothingMatchedError):
                lost.append(Unmatched(source, str(error)))
            elif error.scope is errors.Scope.OBJECT:
                lost.append(Failure(str(parse_uri(source)), "", error))
            else:
                raise
            first_error = first_error or error
    if not selections:
        raise first_error or errors.UsageError("no source was given")
    target = find_target(sides.destination, destination, selections[0] if len(given) == 1 else None)
    # A name may stand for all that lies below it, whatever was said of recursion.
    refuse_senseless(selections, target, recursive=recursive or named is not None, moving=moving)
    if named is None:
        entries = _entries(selections, target, filters, recursive=recursive)
    else:
        entries = _named_entries(named, selections, target, filters)
    if named is not None or may_collide(selections, target):
        entries = only_first(entries, target.place.store)
    entries = spare_sources(entries, selections, target) if moving else entries
    return target.place, itertools.chain(lost, entries)


def _entries(
    selections: Sequence[Selection], target: Target, filters: Filters | None, *, recursive: bool
) -> Iterator[PlanEntry]:
    destination = target.place.store
    sieves = []
    for selection in selections:
        sieve = None if filters is None else Sieve(filters, selection.place.prefix)
        entries = _told_entries(selection, target, sieve, recursive=recursive)
        if makes_directories(selection, destination):
            entries = without_shadowed(entries, destination)
        yield from entries
        if sieve is not None:
            sieves.append(sieve)
    yield from tell_left_out(sieves)


def _named_entries(
    named: NamedObjects, selections: Sequence[Selection], target: Target, filters: Filters | None
) -> Iterator[PlanEntry]:
    prefixes = {selection.place.prefix for selection in selections}
    sieves = {} if filters is None else {prefix: Sieve(filters, prefix) for prefix in prefixes}
    found_any = False
    for answer in named.find(selections):
        found_any = True
        if isinstance(answer, NotFound):
            yield Failure(answer.uri, "", answer.error)
            continue
        selection, found = answer
        if filters is not None and not sieves[selection.place.prefix].keep(found):
            continue
        if isinstance(found, ListError):
            yield _left_out(found, selection.place.store)
        else:
            yield copy_entry(found, selection, target)
    yield from tell_left_out(sieves.values())
    if not found_any:
        yield LeftOut("the list of names is empty")


def tell_left_out(sieves: Iterable[Sieve]) -> Iterator[PlanEntry]:
    """Yield what is to be said of all that the filters left out."""
    object_count, directory_count = 0, 0
    for sieve in sieves:
        object_count += sieve.object_count
        directory_count += sieve.directory_count
    if object_count or directory_count:
        yield LeftOut(left_out_text(object_count, directory_count))


def makes_directories(selection: Selection, destination: ObjectStore) -> bool:
    """Whether names that stand beside each other may be a file and a directory of one name."""
    source = selection.place.store
    return destination.capabilities.directories and not source.capabilities.directories


def _told_entries(
    selection: Selection, target: Target, sieve: Sieve | None, *, recursive: bool
) -> Iterator[PlanEntry]:
    """Yield the entries of a selection; an error that concerns it alone is one of them."""
    try:
        yield from _selection_entries(selection, target, sieve, recursive=recursive)
    except errors.S3dlioError as error:
        if error.scope is not errors.Scope.OBJECT:
            raise
        yield Failure(str(parse_uri(selection.text)), "", error)


def _selection_entries(
    selection: Selection, target: Target, sieve: Sieve | None, *, recursive: bool
) -> Iterator[PlanEntry]:
    source = selection.place.store
    # A glob may match its own destination, whose new objects the listing would find in turn.
    goal = goal_within(selection, target) if selection.is_pattern else None
    matched = False
    left_out_count = 0
    for found in expand(selection, recursive=recursive, sieve=sieve):
        if isinstance(found, str):
            left_out_count += 1
            continue
        if goal is not None and source.uri_of(found.key).startswith(goal):
            continue
        matched = True
        if isinstance(found, ListError):
            yield _left_out(found, source)
        else:
            yield copy_entry(found, selection, target)
    if left_out_count:
        yield Note(
            f"{errors.printable(selection.text)}: {left_out_count} "
            f"{'subdirectory was' if left_out_count == 1 else 'subdirectories were'} left out "
            "(not recursive)"
        )
    if not matched and not (sieve is not None and sieve.anything):
        yield Unmatched(
            selection.text,
            f"{errors.printable(selection.text)}: {selection.nothing_matched}",
        )


def _left_out(found: ListError, source: ObjectStore) -> PlanEntry:
    uri = source.uri_of(found.key)
    return Skipped(uri) if found.wanted else Failure(uri, "", found.error)


def copy_entry(found: ObjectInfo, selection: Selection, target: Target) -> PlanEntry:
    """Return what is to be done with an object that was found."""
    source, destination = selection.place.store, target.place.store
    has_directories = destination.capabilities.directories
    key = target.key(relative_name(selection, found))
    if found.key.endswith("/") and not found.size_bytes and (has_directories or not key):
        return Skipped(source.uri_of(found.key))  # directories and containers need no marker
    if makes_directories(selection, destination):
        try:  # here, since what can't be written needs no directory that another must give way to
            check_local_key(key)
        except errors.InvalidKeyError as error:
            return _refused(error, source.uri_of(found.key), destination.uri_of(key))
    return CopyItem(source, found, key, selection.version)


def _refused(error: errors.S3dlioError, source: str, destination: str) -> Failure:
    error.uri = source
    return Failure(source, destination, error)
