"""Where the objects that sources select go.

Where things go:
- One literal object to a destination that has no trailing "/" and is no directory: that very name.
- Otherwise into the destination: `dir/` gives its contents, `dir` keeps its name, a glob keeps what
  follows its literal directory, an object keeps its last segment.
- Several sources always go into the destination, also when some of them match nothing. Two
  literal objects of one name are refused; where directories or patterns may give one name twice,
  the plan finds out (`collisions`).
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.collisions import fold
from s3dlio_core.identity import same_service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3dlio_core.selection import Selection
    from s3dlio_core.session import Place, Session
    from s3dlio_core.store import ObjectInfo
    from s3dlio_core.uri import Uri

__all__ = [
    "Target",
    "distinct_name",
    "find_target",
    "goal_within",
    "may_collide",
    "refuse_senseless",
    "relative_name",
    "same_place",
]


@dataclass(frozen=True, slots=True)
class Target:
    """Where the objects of an operation go: below a place, or to exactly one key."""

    place: Place
    exact: str | None = None

    def key(self, relative: str) -> str:
        """Return the key of what has this relative name."""
        return self.place.prefix + relative if self.exact is None else self.exact


def find_target(session: Session, destination: Uri, only: Selection | None) -> Target:
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
            return Target(place, exact=place.prefix + name)
    return Target(session.place(destination, destination.key + ("" if into else "/")))


def relative_name(selection: Selection, info: ObjectInfo) -> str:
    """Return the name that an object of a selection has below the destination."""
    return selection.lead + info.key[len(selection.place.prefix) :]


def refuse_senseless(
    selections: Sequence[Selection], target: Target, *, recursive: bool, moving: bool = False
) -> None:
    """Refuse what the arguments alone show to go wrong.

    Raises:
        UsageError: two literal sources would get one name, or something would be copied onto or
            into itself.
    """
    done = "moved" if moving else "copied"
    _refuse_onto_itself(selections, target, done)
    _refuse_collisions(selections, target)
    if recursive:
        _refuse_into_itself(selections, target, done)


def _refuse_collisions(selections: Sequence[Selection], target: Target) -> None:
    """Refuse two literal sources of one name: the second would replace the first."""
    seen: dict[str, str] = {}
    for selection in selections:
        if selection.found is None:
            continue
        key = target.key(relative_name(selection, selection.found))
        name = distinct_name(key, target)
        if name in seen:
            raise errors.UsageError(
                f"{errors.printable(seen[name])} and {errors.printable(selection.text)} would both "
                f"be written to {errors.printable(target.place.store.uri_of(key))}",
                hint="Copy them in two runs, to two directories",
            )
        seen[name] = selection.text


def distinct_name(key: str, target: Target) -> str:
    """Return what of a key no other object at the destination may share."""
    return key if target.place.store.capabilities.case_sensitive else fold(key)


def may_collide(selections: Sequence[Selection], target: Target) -> bool:
    """Whether two objects may get one key, for what `refuse_senseless` lets through.

    Two sources can where one's names may begin like all of the other's; one alone can where only
    the destination folds case.
    """
    to_case_sensitive = target.place.store.capabilities.case_sensitive
    regions: list[tuple[str, bool]] = []
    for selection in selections:
        literal = selection.found is not None
        if not (literal or to_case_sensitive) and _is_case_sensitive(selection):
            return True
        name = (
            selection.lead if selection.found is None else relative_name(selection, selection.found)
        )
        regions.append((distinct_name(name, target), literal))
    regions.sort()
    return any(
        not literal and following.startswith(region)
        for (region, literal), (following, _) in itertools.pairwise(regions)
    )


def _is_case_sensitive(selection: Selection) -> bool:
    return selection.place.store.capabilities.case_sensitive


def _refuse_onto_itself(selections: Sequence[Selection], target: Target, done: str) -> None:
    """Refuse to replace what is copied by its copy: links and hard links would be lost."""
    for selection in selections:
        if selection.version is not None:
            continue  # an older version onto the object itself brings it back
        if selection.found is not None:
            source = selection.place, selection.found.key
            goal = target.place, target.key(relative_name(selection, selection.found))
        else:
            source = selection.place, selection.place.prefix
            goal = target.place, target.place.prefix + selection.lead
        if same_place(source, goal):
            raise errors.UsageError(
                f"{errors.printable(selection.text)} would be {done} onto itself",
                hint="Choose another destination",
            )


def same_place(one: tuple[Place, str], other: tuple[Place, str]) -> bool:
    """Whether two keys of two places are one object, or one directory.

    The same name on another service is another object.
    """
    if _true_name(*one) != _true_name(*other):
        return False
    return same_service(one[0].store, other[0].store)


def _true_name(place: Place, key: str) -> str:
    """Return a name that two ways to one object or directory share."""
    if not place.store.capabilities.directories:
        return f"{place.container}/{key}"
    return os.path.realpath(f"{place.container}/{key}")


def goal_within(selection: Selection, target: Target) -> str | None:
    """Return the URI that a directory's or glob's copies go below, if it lies in the source.

    It is written as the source writes its own: that of the target may name a host besides.
    """
    place, goal_key = selection.place, target.place.prefix + selection.lead
    stores = (place.store, target.place.store)
    source = place.store.uri_of(place.prefix)
    if not any(store.capabilities.directories for store in stores):
        if place.container != target.place.container or not same_service(*stores):
            return None
        goal = place.store.uri_of(goal_key)
        return goal if goal != source and goal.startswith(source) else None
    goal = target.place.store.uri_of(goal_key)
    if goal != source and goal.startswith(source):
        return goal if same_service(*stores) else None
    if not all(store.capabilities.directories for store in stores):
        return None
    # A link may make another path of it.
    true_source = os.path.realpath(selection.place.container).rstrip("/") + "/"
    true_goal = os.path.realpath(f"{target.place.container}/{selection.lead}") + "/"
    if true_goal == true_source or not true_goal.startswith(true_source):
        return None
    return source + true_goal[len(true_source) :]


def _refuse_into_itself(selections: Sequence[Selection], target: Target, done: str) -> None:
    """Refuse a directory whose copies would lie in it: the listing would find them, for ever."""
    for selection in selections:
        if selection.found is not None or selection.is_pattern:
            continue
        if goal_within(selection, target) is not None:
            goal = target.place.store.uri_of(target.place.prefix + selection.lead)
            raise errors.UsageError(
                f"{errors.printable(selection.text)} would be {done} into itself, to "
                f"{errors.printable(goal)}",
                hint="Choose a destination outside of it",
            )
