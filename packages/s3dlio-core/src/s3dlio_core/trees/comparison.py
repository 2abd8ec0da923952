"""Which object of one tree stands where in the other.

Rules that hold in this file:
- Filters say what the trees are: what they leave out of either is in neither. So an object of the
  destination whose source exists, but is too large or too old, is no extra; nor is one that the
  filters would leave out if it were in the source.
- What a listing left out may be there. Below it nothing of the other side is an extra, and nothing
  counts as absent.
- A folder marker of the destination itself ("x/" of x/) is no extra: a whole bucket has none.
- Where names that differ in case alone are one name, an object of the destination stands for all
  sources of its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from s3dlio_core.selection.filters import Sieve
from s3dlio_core.store import ListError, ObjectInfo
from s3dlio_core.transfer.plan import ABSENT
from s3dlio_core.trees.ahead import read_ahead
from s3dlio_core.trees.merge import merge
from s3dlio_core.trees.order import Found, folded_order, key_order, listed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from s3dlio_core.selection.filters import Filters
    from s3dlio_core.session import Place
    from s3dlio_core.store import ObjectStore
    from s3dlio_core.transfer.plan import Existing

__all__ = ["Comparison", "Difference", "Extra", "Match", "Unlisted"]


@dataclass(frozen=True, slots=True)
class Match:
    """An object of the source, and what stands at its place in the destination.

    Attributes:
        path: relative to the source.
        source: the object.
        existing: what stands there, that nothing does, or None: it isn't known.
    """

    path: str
    source: ObjectInfo
    existing: Existing | None


@dataclass(frozen=True, slots=True)
class Extra:
    """An object that only the destination has.

    Attributes:
        path: relative to the destination.
        info: the object.
    """

    path: str
    info: ObjectInfo


@dataclass(frozen=True, slots=True)
class Unlisted:
    """Something that a listing had to leave out, or was told to (`ListError.wanted`)."""

    store: ObjectStore
    error: ListError


#: What a comparison finds.
Difference: TypeAlias = "Match | Extra | Unlisted"


class _Hidden:
    """What a listing left out, as long as keys may lie there. Asked in ascending order."""

    def __init__(self) -> None:
        self._orders: list[bytes] = []

    def add(self, order: bytes) -> None:
        self._orders.append(order)

    def covers(self, order: bytes) -> bool:
        """Whether a key is hidden, or lies below what is."""
        if not self._orders:
            return False
        self._orders = [one for one in self._orders if order.startswith(one)]
        return any(
            order == one or not one or one.endswith(b"/") or order[len(one) :].startswith(b"/")
            for one in self._orders
        )


class Comparison:
    """One comparison of two trees.

    Attributes:
        sieve: counts what the filters left out of the source; None without filters.
    """

    def __init__(self, source: Place, destination: Place, filters: Filters | None) -> None:
        """Prepare it. No request is made.

        Args:
            source: the one tree.
            destination: the other.
            filters: what objects must be like.
        """
        self.source = source
        self.destination = destination
        self._filters = filters
        self.sieve = None if filters is None else Sieve(filters, source.prefix)
        folds = not all(place.store.capabilities.case_sensitive for place in (source, destination))
        self._order = folded_order if folds else key_order
        self._hidden_source = _Hidden()
        self._hidden_destination = _Hidden()

    def source_listing(self) -> Generator[Found, None, None]:
        """Return what the source has, read ahead in a thread."""
        return read_ahead(listed(self.source, self.sieve, self._order))

    def destination_listing(self) -> Generator[Found, None, None]:
        """Return what the destination has, likewise."""
        prefix = self.destination.prefix
        sieve = None if self._filters is None else Sieve(self._filters, prefix)
        return read_ahead(listed(self.destination, sieve, self._order))

    def differences(
        self, source: Iterator[Found], destination: Iterator[Found]
    ) -> Iterator[Difference]:
        """Yield all of the source, and what only the destination has, in the order of keys.

        Args:
            source: from `source_listing`.
            destination: from `destination_listing`.
        """
        for mine, theirs in merge(source, destination):
            yield from self._unlisted(mine, self.source.store, self._hidden_source)
            yield from self._unlisted(theirs, self.destination.store, self._hidden_destination)
            found_any = False
            for one in mine:
                if isinstance(one.found, ObjectInfo):
                    found_any = True
                    if self.sieve is None or self.sieve.keep(one.found):
                        yield Match(one.path, one.found, self._existing(one, theirs))
            if not found_any:
                yield from self._extras(theirs)

    def _unlisted(
        self, group: Sequence[Found], store: ObjectStore, hidden: _Hidden
    ) -> Iterator[Unlisted]:
        for one in group:
            if isinstance(one.found, ListError) and self._is_meant(one.path):
                hidden.add(one.order)
                yield Unlisted(store, one.found)

    def _is_meant(self, path: str) -> bool:
        """Whether what could not be listed may hold something that the filters leave."""
        filters = self._filters
        if filters is None or not path:
            return True
        return filters.enter(path) if path.endswith("/") else filters.keep_name(path)

    def _existing(self, mine: Found, theirs: Sequence[Found]) -> Existing | None:
        objects = [one for one in theirs if isinstance(one.found, ObjectInfo)]
        for one in objects:
            if one.path == mine.path and isinstance(one.found, ObjectInfo):
                return one.found
        if objects or self._hidden_destination.covers(mine.order):
            return None  # of another case, or not to be seen: to be asked for by its name
        return ABSENT

    def _extras(self, theirs: Sequence[Found]) -> Iterator[Extra]:
        for one in theirs:
            if not isinstance(one.found, ObjectInfo) or self._hidden_source.covers(one.order):
                continue
            if not one.path and not one.found.size_bytes:
                continue
            if self._filters is None or self._filters.keep(one.path, one.found):
                yield Extra(one.path, one.found)
