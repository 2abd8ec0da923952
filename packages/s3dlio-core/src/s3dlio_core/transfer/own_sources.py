"""What a move would write onto sources of the same run, which are still to be moved.

Copies may replace what else is copied; a move must not: the object that is replaced would be
neither here nor there. That can happen where sources lie below the destination: `mv -r p/q/ p/`
gives p/q/q/x the name p/q/x, which may be the next source. Such an object fails, and stays.

Two places are compared as far as their names tell (`moving.place_name`); directories by their true
paths.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from s3dlio_core.errors import CollisionError
from s3dlio_core.mapping import distinct_name
from s3dlio_core.transfer.moving import place_name
from s3dlio_core.transfer.plan import CopyItem, PlanEntry
from s3dlio_core.transfer.report import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from s3dlio_core.mapping import Target
    from s3dlio_core.selection import Selection
    from s3dlio_core.session import Place

__all__ = ["spare_sources"]


def spare_sources(
    entries: Iterator[PlanEntry], selections: Sequence[Selection], target: Target
) -> Iterator[PlanEntry]:
    """Return entries in which each item that would be written onto a source is a failure.

    Args:
        entries: of a plan.
        selections: its sources.
        target: where they go.
    """
    if target.exact is not None:  # one object, and not onto itself
        return entries
    objects: set[str] = set()
    regions: list[str] = []
    for selection in selections:
        literal = selection.found is not None
        key = selection.place.prefix if selection.found is None else selection.found.key
        at = _key_at(target.place, selection.place, key)
        if at is None or not at.startswith(target.place.prefix):
            continue
        if literal:
            objects.add(distinct_name(at, target))
        elif at != target.place.prefix:
            regions.append(distinct_name(at, target))
    if not objects and not regions:
        return entries
    return _spared(entries, target, objects, tuple(regions))


def _spared(
    entries: Iterator[PlanEntry], target: Target, objects: set[str], regions: tuple[str, ...]
) -> Iterator[PlanEntry]:
    for entry in entries:
        if isinstance(entry, CopyItem):
            name = distinct_name(entry.key, target)
            if name in objects or name.startswith(regions):
                yield _refused(entry, target)
                continue
        yield entry


def _refused(item: CopyItem, target: Target) -> Failure:
    source, goal = item.source.uri_of(item.info.key), target.place.store.uri_of(item.key)
    error = CollisionError(
        f"it would be moved to where sources lie: {goal}",
        operation="move",
        uri=source,
        hint="Move it in a run of its own, after the others",
    )
    return Failure(source, goal, error)


def _key_at(target: Place, place: Place, key: str) -> str | None:
    """Return the key that what a place has by this key has at the destination, if it has one."""
    if all(one.store.capabilities.directories for one in (target, place)):
        root = os.path.realpath(target.container).rstrip("/") + "/"
        path = os.path.realpath(f"{place.container}/{key}") + (
            "" if key and key[-1] != "/" else "/"
        )
        return path[len(root) :] if path.startswith(root) else None
    return key if place_name(target.store) == place_name(place.store) else None
