"""What stands at the destination, from a listing that is read in step with the plan.

Plans mostly come in the order of listings, so one page of the destination's answers what a
thousand requests would; a million objects that exist cost a thousand requests.

Rules that hold in this file:
- At most one page a lookup. What isn't known then is found out by a request of its own (`decide`),
  many of which run at the same time.
- A listing that answers little isn't worth its while: it pauses, each time longer, and goes on
  behind the keys that matter by then. Short runs list nothing.
- No order is relied on that the store doesn't declare, or that a page contradicts.
- A listing that fails is no failure of the run: not everybody who may read may list.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.logs import get_logger
from s3dlio_core.store import ListOrder
from s3dlio_core.transfer.plan import ABSENT, CopyItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from s3dlio_core.store import ObjectInfo, ObjectStore, Page
    from s3dlio_core.transfer.plan import Existing, PlanEntry

__all__ = ["DestinationListing", "with_existing"]

_log = get_logger("transfer")

#: A page that answers fewer lookups than this costs more than it saves.
ANSWERS_MIN = 10
#: Lookups that are left to requests of their own, at first and at the most.
PAUSE_MIN = 16
PAUSE_MAX = 4096


def with_existing(
    entries: Iterable[PlanEntry], destination: ObjectStore, prefix: str
) -> Iterator[PlanEntry]:
    """Yield a plan's entries, with what is known of their destinations.

    Args:
        entries: the plan.
        destination: where to.
        prefix: all keys of the plan begin with it.
    """
    listing = DestinationListing(destination, prefix)
    for entry in entries:
        if isinstance(entry, CopyItem):
            yield replace(entry, existing=listing.find(entry.key))
        else:
            yield entry


class DestinationListing:
    """Answers lookups of keys that mostly ascend."""

    def __init__(self, destination: ObjectStore, prefix: str) -> None:
        """Begin before the first key.

        Args:
            destination: the store.
            prefix: lookups are of keys that begin with it.
        """
        self._store = destination
        self._prefix = prefix
        capabilities = destination.capabilities
        # A file system answers for one name faster than for a whole directory.
        self._is_off = capabilities.directories or capabilities.list_order is not ListOrder.UTF8
        # What is known: all keys after the first of these, up to the last; None: to the end.
        self._infos: dict[str, ObjectInfo] = {}
        self._after = ""
        self._last: str | None = ""
        self._token: str | None = None
        # By the page; None when that has been weighed.
        self._answered_count: int | None = None
        self._pause = PAUSE_MIN
        self._pause_left = PAUSE_MIN

    def find(self, key: str) -> Existing | None:
        """Return what stands at a key, or that nothing does; None when it isn't known."""
        if self._is_off:
            return None
        if not self._knows(key):
            if not self._may_read():
                return None
            self._read_page(key)
            if not self._knows(key):
                return None
        self._answered_count = (self._answered_count or 0) + 1
        return self._infos.get(key, ABSENT)

    def _knows(self, key: str) -> bool:
        return self._after < key and (self._last is None or key <= self._last)

    def _may_read(self) -> bool:
        """Whether it is time for another page."""
        if self._answered_count is None:
            pass  # a pause has ended
        elif self._answered_count >= ANSWERS_MIN:
            self._pause = PAUSE_MIN
        else:
            self._pause = min(self._pause * 2, PAUSE_MAX)
            self._pause_left = self._pause
        self._answered_count = None
        if not self._pause_left:
            return True
        self._pause_left -= 1
        return False

    def _read_page(self, key: str) -> None:
        is_behind = key <= self._after  # another source of the plan begins
        after = "" if is_behind else self._last or ""
        token = None if is_behind else self._token
        try:
            if self._store.capabilities.start_after:
                # Not farther than to keys that may lie between: there is no key just before one.
                after = max(after, key[:-1])
                page = self._store.list_page(self._prefix, start_after=after)
            else:
                page = self._store.list_page(self._prefix, token=token)
        except errors.CancelledError:
            raise
        except errors.S3dlioError as error:
            self._stop(str(error))
        else:
            self._take(page, after)

    def _take(self, page: Page, after: str) -> None:
        keys = [info.key for info in page.objects]
        if page.errors or sorted(keys) != keys or (after and keys and keys[0] <= after):
            self._stop("its keys don't ascend, or some can't be listed")
            return
        self._infos = {info.key: info for info in page.objects}
        self._after = after
        self._token = page.next_token
        self._last = None if page.next_token is None else (keys or [after])[-1]
        self._answered_count = 0

    def _stop(self, reason: str) -> None:
        _log.info("%s is asked for each object, not listed: %s", self._store.uri, reason)
        self._is_off = True
        self._infos = {}
