"""The order of keys in which two trees are merged, and listings that keep to it.

Rules that hold in this file:
- Keys are ordered by their UTF-8 bytes; undecodable bytes of file names count as themselves. That
  is the order of S3 ("Listing object keys programmatically": UTF-8 binary order) and of our walks,
  which sort a directory as its name with "/" behind it.
- A store that declares an order and doesn't keep to it is an error: a key that comes late would be
  taken for one that isn't there, and what only the other side has is deleted by some.
- A store that declares none (directory buckets) is sorted in a temporary file first. So are two
  trees of which one folds case: then names that only differ in it are one name.
"""

from __future__ import annotations

import pickle
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from s3dlio_core.collisions import fold
from s3dlio_core.errors import Scope, ServiceError
from s3dlio_core.selection.pruning import all_below
from s3dlio_core.store import ListError, ListOrder, ObjectInfo
from s3dlio_core.trees.disk_rows import DiskRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from s3dlio_core.selection.filters import Sieve
    from s3dlio_core.session import Place
    from s3dlio_core.store import ObjectStore

__all__ = ["Found", "ascending", "folded_order", "in_order_of_keys", "key_order", "listed"]


class Found(NamedTuple):
    """Something that a listing has.

    Attributes:
        order: what it is ordered by.
        path: its key relative to the tree.
        found: the object, or what could not be listed.
    """

    order: bytes
    path: str
    found: ObjectInfo | ListError


def key_order(path: str) -> bytes:
    """Return what orders keys: their bytes."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # no file name and no key of a service, but a str may hold it
        return path.encode("utf-8", "surrogatepass")


def folded_order(path: str) -> bytes:
    """Return what orders keys where a file system takes some for one name."""
    return key_order(fold(path))


def listed(
    place: Place, sieve: Sieve | None, order: Callable[[str], bytes] = key_order
) -> Iterator[Found]:
    """Yield all that a tree has, in ascending order.

    Args:
        place: the tree.
        sieve: says which directories needn't be listed; objects aren't filtered.
        order: what orders the keys.

    Raises:
        ServiceError: the store breaks its order, or lists a key twice.
        S3dlioError: it can't be listed.
    """
    store, cut = place.store, len(place.prefix)
    stream: Iterator[Found] = (
        Found(order(path := found.key[cut:]), path, found)
        for found in _all_below(store, place.prefix, sieve)
    )
    if order is not key_order:
        return in_order_of_keys(stream)
    if store.capabilities.list_order is not ListOrder.UTF8:
        stream = in_order_of_keys(stream)
    return ascending(stream, store)


def _all_below(
    store: ObjectStore, prefix: str, sieve: Sieve | None
) -> Iterator[ObjectInfo | ListError]:
    """Yield objects and errors; those of a walk in their places, not at the end of a page."""
    if store.capabilities.directories:
        walk = store.list_entered(prefix, _enter_all if sieve is None else sieve.enter)
        if walk is not None:
            return walk
    return all_below(store, prefix, sieve)


def _enter_all(directory: str) -> bool:
    del directory
    return True


def ascending(stream: Iterable[Found], store: ObjectStore) -> Iterator[Found]:
    """Hand a listing on as long as it ascends.

    What could not be listed may come late, but for what the store left out on purpose: that hides
    the keys that follow it.

    Raises:
        ServiceError: it doesn't.
    """
    last: bytes | None = None
    for one in stream:
        if isinstance(one.found, ListError) and not one.found.wanted:
            yield one
            continue
        if last is not None and one.order <= last:
            raise ServiceError(
                "the listing isn't in order, or has a key twice",
                operation="list",
                uri=store.uri_of(one.found.key),
                scope=Scope.CONTAINER,
                hint="The service doesn't keep to its protocol; nothing can be compared with it",
            )
        last = one.order
        yield one


def in_order_of_keys(stream: Iterable[Found]) -> Iterator[Found]:
    """Sort a listing in a temporary file. All of it is read before the first is yielded."""
    with closing(DiskRows()) as rows:
        rows.add_all((one.order, pickle.dumps((one.path, one.found))) for one in stream)
        for order, value in rows.in_order():
            yield Found(order, *pickle.loads(value))  # noqa: S301 - our own, in an unnamed file
