"""The plan of a sync: a comparison's matches become items to copy, the rest is remembered.

Rules that hold in this file:
- A source of nothing but empty folder markers counts as empty: consoles leave them behind.
- An item carries what stands at its destination, so that nothing is asked for it.
- A folder marker of the destination stays where a file system's source has something in that
  directory: files need no markers, so the source can't have it.
- Objects that can't stand beside each other at the destination are treated as in every copy
  (`collisions`).
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

from s3dlio_core.collisions import only_first, without_shadowed
from s3dlio_core.mapping import Target
from s3dlio_core.selection import Selection
from s3dlio_core.transfer.failure_lists import is_list
from s3dlio_core.transfer.plan import CopyItem, PlanEntry, Skipped
from s3dlio_core.transfer.planning import copy_entry, makes_directories, tell_left_out
from s3dlio_core.transfer.report import Failure
from s3dlio_core.trees.comparison import Extra, Match, Unlisted

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator

    from s3dlio_core.store import ObjectInfo
    from s3dlio_core.trees.comparison import Comparison, Difference
    from s3dlio_core.trees.extras import Extras
    from s3dlio_core.trees.order import Found

__all__ = ["SyncPlan"]


class SyncPlan:
    """What a sync copies.

    Attributes:
        is_complete: both trees have been read to their ends.
        matched_any: the source has something that the filters leave, and not just empty folders.
    """

    def __init__(
        self,
        comparison: Comparison,
        text: str,
        extras: Extras | None,
        lists: Collection[str] = (),
    ) -> None:
        """Prepare it.

        Args:
            comparison: of the two trees.
            text: the source as the user wrote it.
            extras: remembers what only the destination has; None: nothing does.
            lists: paths of files that the run itself writes, which aren't extras.
        """
        self.is_complete = False
        self.matched_any = False
        self._comparison = comparison
        self._extras = extras
        self._lists = lists
        self._selection = Selection(text, comparison.source)
        self._target = Target(comparison.destination)
        self._markers: list[Extra] = []
        source = comparison.source.store.capabilities
        destination = comparison.destination.store.capabilities
        self._keeps_markers = source.directories and not destination.directories

    def entries(self, source: Iterator[Found], destination: Iterator[Found]) -> Iterator[PlanEntry]:
        """Yield what is to be copied, what failed and what is left as it is.

        Args:
            source: what the source has.
            destination: what the destination has.
        """
        store = self._target.place.store
        entries: Iterator[PlanEntry] = self._entries(source, destination)
        if makes_directories(self._selection, store):
            entries = without_shadowed(entries, store)
        if not store.capabilities.case_sensitive:
            entries = only_first(entries, store)
        yield from entries
        if self._comparison.sieve is not None:
            yield from tell_left_out([self._comparison.sieve])
        self.is_complete = True

    def _entries(
        self, source: Iterator[Found], destination: Iterator[Found]
    ) -> Generator[PlanEntry, None, None]:
        with contextlib.ExitStack() as stack:
            for listing in (source, destination):
                if (close := getattr(listing, "close", None)) is not None:
                    stack.callback(close)
            for difference in self._comparison.differences(source, destination):
                yield from self._take(difference)
        self._settle_markers(None)

    def _take(self, difference: Difference) -> Iterator[PlanEntry]:
        if isinstance(difference, Match):
            if not _is_folder(difference.path, difference.source):
                self.matched_any = True
            self._settle_markers(difference.path)
            entry = copy_entry(difference.source, self._selection, self._target)
            if isinstance(entry, CopyItem):
                entry = dataclasses.replace(entry, existing=difference.existing)
            yield entry
        elif isinstance(difference, Unlisted):
            error = difference.error
            uri = difference.store.uri_of(error.key)
            yield Skipped(uri) if error.wanted else Failure(uri, "", error.error)
        elif self._extras is not None and not is_list(
            self._target.place.store, difference.info.key, self._lists
        ):
            self._take_extra(difference, self._extras)

    def _take_extra(self, extra: Extra, extras: Extras) -> None:
        if not self._keeps_markers:
            extras.add(extra.info.key)
            return
        above = [marker for marker in self._markers if extra.path.startswith(marker.path)]
        for marker in self._markers[len(above) :]:
            extras.add(marker.info.key)
        self._markers = above
        if _is_folder(extra.path, extra.info):
            self._markers.append(extra)
        else:
            extras.add(extra.info.key)

    def _settle_markers(self, path: str | None) -> None:
        """Drop the markers of the directories that a source lies in; the others before are extra.

        Args:
            path: the next of the source; None: there is none.
        """
        if self._extras is None:
            return
        for marker in self._markers:
            if path is None or not path.startswith(marker.path):
                self._extras.add(marker.info.key)
        self._markers.clear()


def _is_folder(path: str, info: ObjectInfo) -> bool:
    """Whether an object only marks a folder: one of the tree, or (with no path) the tree itself."""
    return (not path or path.endswith("/")) and not info.size_bytes
