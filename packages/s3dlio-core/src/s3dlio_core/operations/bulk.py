"""get_many, put_many, stat_many: many small objects at a time, each with its own outcome.

Rules that hold in this file:
- Results come in the order in which they were asked for, whatever was answered first.
- An error of object scope is that object's outcome, and the others go on; any other would meet them
  all, and is raised.
- Names are exact: no pattern, no listing.
- Everything is in memory at once. For what doesn't fit there: `upload`, `download`, and streams.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, overload

from s3dlio_core import errors
from s3dlio_core.bandwidth import Bwlimit, make_bandwidth
from s3dlio_core.in_memory import read_object
from s3dlio_core.operations.arguments import (
    UriLike,
    check_arguments,
    object_uri,
    prepare_container,
)
from s3dlio_core.operations.outcomes import outcomes
from s3dlio_core.session import Session
from s3dlio_core.transfer.events import CancelToken
from s3dlio_core.transfer.report import FAILURES_KEPT_MAX, Failure, TransferReport
from s3dlio_core.uri import Uri, parse_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from typing_extensions import Unpack

    from s3dlio_core.errors import S3dlioError
    from s3dlio_core.store import Attributes, Buffer, ObjectInfo, ObjectStore

__all__ = ["BulkKeywords", "get_many", "put_many", "stat_many"]

_Result = TypeVar("_Result")
_Entry = TypeVar("_Entry")


class BulkKeywords(TypedDict, total=False):
    """The keyword arguments that these operations share; all are optional.

    Attributes:
        store: an open store, which keeps its connections from call to call: see `open_store`. The
            names are keys of it then.
        cancel: stops the operation when it is set; what is under way may yet be written.
        options: the stores' settings.
    """

    store: ObjectStore | None
    cancel: CancelToken | None
    options: Mapping[str, str] | None


@overload
def get_many(
    uris: Iterable[UriLike],
    max_in_flight: int = ...,
    *,
    bwlimit: Bwlimit = ...,
    raise_on_failure: Literal[True] = ...,
    **keywords: Unpack[BulkKeywords],
) -> list[tuple[str, bytes]]: ...


@overload
def get_many(
    uris: Iterable[UriLike],
    max_in_flight: int = ...,
    *,
    bwlimit: Bwlimit = ...,
    raise_on_failure: bool,
    **keywords: Unpack[BulkKeywords],
) -> list[tuple[str, bytes | S3dlioError]]: ...


def get_many(
    uris: Iterable[UriLike],
    max_in_flight: int = 64,
    *,
    bwlimit: Bwlimit = None,
    raise_on_failure: bool = True,
    **keywords: Unpack[BulkKeywords],
) -> Any:
    """Read many objects into memory, many at a time.

    Args:
        uris: the objects' exact names, of one store or several. One that comes twice is read twice.
        max_in_flight: requests at the same time, at the most.
        bwlimit: the most bytes per second of all together; see `TransferKeywords`.
        raise_on_failure: raise when some can't be read, once all others are. With False each of
            them has its error in the place of its content.
        keywords: see `BulkKeywords`.

    Returns:
        (name, content) of each, in the order of `uris`.

    Raises:
        TransferFailedError: some can't be read; its report names them.
        CancelledError: the token was set.
        UsageError: arguments that make no sense.
        S3dlioError: what would meet all others, too: credentials, a missing bucket …
    """
    bandwidth = make_bandwidth(bwlimit)
    with _Bulk("get", max_in_flight, keywords) as bulk:

        def get(one: _Named) -> bytes:
            return read_object(one.store, one.key, bandwidth=bandwidth, cancel=bulk.cancel)

        return bulk.run(get, bulk.found(uris), raises=raise_on_failure)


@overload
def stat_many(
    uris: Iterable[UriLike],
    max_in_flight: int = ...,
    *,
    raise_on_failure: Literal[True] = ...,
    **keywords: Unpack[BulkKeywords],
) -> list[tuple[str, ObjectInfo]]: ...


@overload
def stat_many(
    uris: Iterable[UriLike],
    max_in_flight: int = ...,
    *,
    raise_on_failure: bool,
    **keywords: Unpack[BulkKeywords],
) -> list[tuple[str, ObjectInfo | S3dlioError]]: ...


def stat_many(
    uris: Iterable[UriLike],
    max_in_flight: int = 64,
    *,
    raise_on_failure: bool = True,
    **keywords: Unpack[BulkKeywords],
) -> Any:
    """Describe many objects, many at a time, without a listing.

    See `get_many` for what is raised.

    Args:
        uris: the objects' exact names, of one store or several.
        max_in_flight: requests at the same time, at the most.
        raise_on_failure: raise when some can't be described, once all others are. With False each
            of them has its error in the place of its description.
        keywords: see `BulkKeywords`.

    Returns:
        (name, info) of each, in the order of `uris`.
    """
    with _Bulk("stat", max_in_flight, keywords) as bulk:
        return bulk.run(
            lambda one: one.store.head(one.key), bulk.found(uris), raises=raise_on_failure
        )


@overload
def put_many(
    items: Iterable[tuple[UriLike, Buffer]],
    max_in_flight: int = ...,
    *,
    attributes: Attributes | None = ...,
    bwlimit: Bwlimit = ...,
    raise_on_failure: Literal[True] = ...,
    **keywords: Unpack[BulkKeywords],
) -> list[tuple[str, ObjectInfo]]: ...


@overload
def put_many(
    items: Iterable[tuple[UriLike, Buffer]],
    max_in_flight: int = ...,
    *,
    attributes: Attributes | None = ...,
    bwlimit: Bwlimit = ...,
    raise_on_failure: bool,
    **keywords: Unpack[BulkKeywords],
) -> list[tuple[str, ObjectInfo | S3dlioError]]: ...


def put_many(
    items: Iterable[tuple[UriLike, Buffer]],
    max_in_flight: int = 64,
    *,
    attributes: Attributes | None = None,
    bwlimit: Bwlimit = None,
    raise_on_failure: bool = True,
    **keywords: Unpack[BulkKeywords],
) -> Any:
    """Write many objects, many at a time, each atomically. Local files' directories are created.

    Args:
        items: names and contents, read as they are needed, so they may be made one by one.
        max_in_flight: requests at the same time, at the most.
        attributes: what all of them are written with; see `put`.
        bwlimit: the most bytes per second of all together; see `put`.
        raise_on_failure: raise when some can't be written, once all others are. With False each of
            them has its error in the place of what is said of it.
        keywords: see `BulkKeywords`.

    Returns:
        (name, info) of each, in the order of `items`.

    Raises:
        TransferFailedError: some can't be written; its report names them. Of two items of one name
            the later one fails.
        CancelledError, UsageError, S3dlioError: see `get_many`.
    """
    bandwidth = make_bandwidth(bwlimit)
    with _Bulk("put", max_in_flight, keywords) as bulk:

        def put(one: _Named) -> ObjectInfo:
            if bandwidth is not None:
                bandwidth.take(memoryview(one.data).nbytes, bulk.cancel)
            with bulk.writing(one) as store:
                return store.put(one.key, one.data, attributes=attributes)

        named = (bulk.new(name, data) for name, data in _several(items))
        return bulk.run(put, named, raises=raise_on_failure)


@dataclass(slots=True)
class _Named:
    """An object, and what it was called by who asked.

    Attributes:
        name: the text.
        store: where it lies.
        key: its key there.
        data: what to write.
        directory: where a file is written; its store is of this object alone.
        refused: why nothing is done.
    """

    name: str
    store: ObjectStore
    key: str
    data: Buffer = b""
    directory: str = ""
    refused: S3dlioError | None = None


class _Bulk(contextlib.ExitStack):
    """One operation on many objects: where they are, and what becomes of them."""

    def __init__(self, operation: str, max_in_flight: int, keywords: BulkKeywords) -> None:
        super().__init__()
        unknown = sorted(set(keywords) - BulkKeywords.__optional_keys__)
        if unknown:
            raise TypeError(f"unknown argument {', '.join(unknown)}")
        options = keywords.get("options")
        cancel = keywords.get("cancel")
        check_arguments(max_in_flight, None, cancel, options)
        self.cancel = cancel or CancelToken()
        self._operation = operation
        self._max_in_flight = max_in_flight
        self._store = keywords.get("store")
        if self._store is not None and options:
            raise errors.UsageError("an open store has its options already")
        self._session = self.enter_context(Session(options, self.cancel))
        self._schemes: dict[str, Uri] = {}
        self._prepared: set[str] = set()
        self._written: set[object] = set()

    def found(self, names: Iterable[UriLike]) -> Iterable[_Named]:
        """Locate objects that are to be read; they are located one by one, as they are needed."""
        known = list(_several(names))
        if self._store is None:
            self._schemes = {uri.scheme: uri for uri in map(parse_uri, known)}
            self._session.check_options(self._schemes.values())
        return map(self._found, known)

    def _found(self, name: UriLike) -> _Named:
        text = os.fspath(name)
        if self._store is not None:
            return _Named(text, self._store, text)
        uri = self._parsed(name)
        if self._session.provider(uri).containers_are_paths and _is_plain(uri.key):
            # One store for all directories.
            return _Named(text, self._session.place(uri, "").store, uri.key)
        place, key = self._session.object(uri)
        return _Named(text, place.store, place.prefix + key)

    def new(self, name: UriLike, data: Buffer) -> _Named:
        """Locate an object that is to be written."""
        text = os.fspath(name)
        if self._store is not None:
            return self._once(_Named(text, self._store, text, data), text)
        uri = self._parsed(name)
        if not self._session.provider(uri).containers_are_paths:
            place, key = self._session.object(uri)
            return self._once(_Named(text, place.store, place.prefix + key, data), uri)
        cut = uri.key.rfind("/") + 1
        store = self._session.place(uri, "").store
        directory = f"{uri.container}{uri.key[:cut]}" or "."
        one = _Named(text, store, uri.key[cut:], data, directory)
        return self._once(one, Path(directory).resolve() / uri.key[cut:])

    @contextlib.contextmanager
    def writing(self, one: _Named) -> Iterator[ObjectStore]:
        """Give the store that an object is written to.

        A file has one of its own, since each keeps its directory open, in every thread.
        """
        if not one.directory:
            yield one.store
            return
        uri = parse_uri(one.name)
        if one.directory not in self._prepared:
            prepare_container(self._session, uri, one.directory, create=False)
            self._prepared.add(one.directory)
        with self._session.provider(uri).open(one.directory) as store:
            yield store

    def run(
        self, function: Callable[[_Named], _Result], entries: Iterable[_Named], *, raises: bool
    ) -> list[tuple[str, _Result | S3dlioError]]:
        """Call a function for each object; return the outcomes, or raise when some are errors."""

        def unless_refused(one: _Named) -> _Result:
            if one.refused is not None:
                raise one.refused
            return function(one)

        calls = outcomes(unless_refused, entries, self._max_in_flight, self.cancel, _is_its_own)
        with contextlib.closing(calls):
            found = [(one.name, result) for one, result in calls]
        if raises:
            _raise_for_failures(self._operation, found)
        return found

    def _parsed(self, name: UriLike) -> Uri:
        uri = object_uri(name)
        if uri.scheme not in self._schemes:
            self._schemes[uri.scheme] = uri
            self._session.check_options(self._schemes.values())
        return uri

    def _once(self, one: _Named, place: object) -> _Named:
        """Refuse an object that is written a second time: either content could be the last."""
        if place in self._written:
            one.refused = errors.CollisionError(
                "another item has this name", operation=self._operation, uri=one.name
            )
        self._written.add(place)
        return one


def _several(entries: Iterable[_Entry]) -> Iterable[_Entry]:
    if isinstance(entries, (str, bytes, os.PathLike)) or not isinstance(entries, Iterable):
        raise TypeError(f"several are taken, in an iterable, not {type(entries).__name__}")
    return entries


def _is_its_own(one: _Named, error: S3dlioError) -> bool:
    """Whether an error concerns this object alone, or this file's directory."""
    of_directory = (errors.ContainerNotFoundError, errors.ContainerExistsError)
    return error.scope is errors.Scope.OBJECT or (
        bool(one.directory) and isinstance(error, of_directory)
    )


def _is_plain(key: str) -> bool:
    """Whether a path can be followed from the root: no empty, "." or ".." segment."""
    return not {"", ".", ".."}.intersection(key.split("/"))


def _raise_for_failures(operation: str, found: Iterable[tuple[str, object]]) -> None:
    done_count = failed_count = 0
    failures: list[Failure] = []
    for name, outcome in found:
        if not isinstance(outcome, errors.S3dlioError):
            done_count += 1
            continue
        failed_count += 1
        if len(failures) < FAILURES_KEPT_MAX:
            failures.append(Failure(name, "", outcome))
    TransferReport(
        operation, done_count=done_count, failed_count=failed_count, failures=tuple(failures)
    ).raise_for_failures()
