"""The plan of a copy: from sources and destination to a lazy stream of entries."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.mapping import (
    Target,
    find_target,
    goal_within,
    refuse_senseless,
    relative_name,
)
from s3dlio_core.selection import Selection, expand, select, select_version
from s3dlio_core.store import ListError
from s3dlio_core.transfer.plan import CopyItem, Note, PlanEntry, Skipped, Unmatched
from s3dlio_core.transfer.report import Failure
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from s3dlio_core.session import Place, Session
    from s3dlio_core.uri import Uri

__all__ = ["plan_copy"]


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
                lost.append(Failure(str(parse_uri(source)), "", error))
            else:
                raise
            first_error = first_error or error
    if not selections:
        raise first_error or errors.UsageError("no source was given")
    target = find_target(session, destination, selections[0] if len(given) == 1 else None)
    refuse_senseless(selections, target, recursive=recursive)
    return target.place, _entries(selections, lost, target, recursive=recursive)


def _entries(
    selections: Sequence[Selection],
    lost: Sequence[Unmatched | Failure],
    target: Target,
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
            yield Failure(str(parse_uri(selection.text)), "", error)


def _selection_entries(
    selection: Selection, target: Target, *, recursive: bool
) -> Iterator[PlanEntry]:
    source, destination = selection.place.store, target.place.store
    # A glob may match its own destination, whose new objects the listing would find in turn.
    goal = goal_within(selection, target) if selection.pattern else None
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
        key = target.key(relative_name(selection, found))
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
