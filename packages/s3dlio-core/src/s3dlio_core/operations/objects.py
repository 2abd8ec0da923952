"""list, stat, exists, get, put and open_store: single objects and listings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.bandwidth import Bwlimit, make_bandwidth
from s3dlio_core.operations.arguments import (
    UriLike,
    object_session,
    prepare_container,
)
from s3dlio_core.operations.filtering import FilterKeywords, make_filters
from s3dlio_core.operations.streaming import open_raw
from s3dlio_core.retry import RetryingStore
from s3dlio_core.selection import Reading, Selection, expand, select, select_as_written, use_single
from s3dlio_core.selection.filters import Sieve
from s3dlio_core.session import Session
from s3dlio_core.store import (
    Attributes,
    Buffer,
    Condition,
    ListError,
    ObjectInfo,
    ObjectStore,
)
from s3dlio_core.uri import Uri, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typing_extensions import Unpack

__all__ = [
    "ListEntry",
    "describe",
    "exists",
    "get",
    "get_range",
    "list",
    "list_in",
    "open_store",
    "put",
    "stat",
]


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One line of a listing: an object, or a common prefix ("directory") without an `info`.

    Attributes:
        uri: its whole name.
        info: what the listing knows of the object.
        path: its name below the directory or prefix that was listed; of a single object its last
            part.
    """

    uri: str
    info: ObjectInfo | None
    path: str


def list(  # noqa: A001 - the name is promised to callers
    uri: UriLike,
    recursive: bool = False,
    *,
    patterns: str = "auto",
    options: Mapping[str, str] | None = None,
    **filter_keywords: Unpack[FilterKeywords],
) -> Iterator[ListEntry]:
    """List an object, a directory or prefix, or what a pattern matches, in the store's order.

    Args:
        uri: what to list.
        recursive: list all depths. Otherwise common prefixes ("directories") stand for what lies
            in them.
        patterns: how the text is read; see `TransferKeywords`.
        options: the stores' settings.
        filter_keywords: what objects must be like to be listed; see `FilterKeywords`. A common
            prefix is only left out when it is excluded.

    Yields:
        One entry at a time; pages are fetched as they are needed.

    Raises:
        NothingMatchedError: neither an object nor a directory has this name, or the pattern or
            prefix matches nothing. (An empty container or local directory is there, and empty.)
        PermissionDeniedError: at the end, when a directory could not be read.
    """
    with Session(options) as session:
        yield from list_in(session, uri, recursive, patterns=patterns, **filter_keywords)


def list_in(
    session: Session,
    uri: UriLike,
    recursive: bool = False,
    *,
    patterns: str = "auto",
    **filter_keywords: Unpack[FilterKeywords],
) -> Iterator[ListEntry]:
    """List as `list` does, in a session that goes on."""
    asked = Reading.of(patterns)
    filters = make_filters(**filter_keywords)
    parsed = parse_uri(uri)
    session.check_options([parsed])
    selection = select(session, uri, asked)
    store = selection.place.store
    left_out: errors.S3dlioError | None = None
    there = _is_there(session, parsed, selection)
    base = len(_base(selection))
    sieve = None if filters is None else Sieve(filters, selection.place.prefix)
    for found in expand(selection, recursive=recursive, sieve=sieve):
        there = True
        if isinstance(found, str):
            yield ListEntry(store.uri_of(found), None, found[base:])
        elif isinstance(found, ObjectInfo):
            yield ListEntry(store.uri_of(found.key), found, found.key[base:])
        elif not found.wanted:
            left_out = left_out or found.error
    if left_out is not None:
        raise left_out
    if not there and not (sieve is not None and sieve.anything):
        raise errors.NothingMatchedError(
            selection.nothing_matched, operation="list", uri=selection.text
        )


def _base(selection: Selection) -> str:
    """Return what the keys of a selection have in front of their paths."""
    found = selection.found
    return selection.place.prefix if found is None else found.key[: found.key.rfind("/") + 1]


def _is_there(session: Session, uri: Uri, selection: Selection) -> bool:
    """Whether a selection names something that is there although it may be empty."""
    return selection.found is not None or (
        not selection.is_pattern and (not uri.key or session.provider(uri).containers_are_paths)
    )


def stat(
    uri: UriLike,
    *,
    version: str | None = None,
    patterns: str = "auto",
    options: Mapping[str, str] | None = None,
) -> ObjectInfo:
    """Describe an object.

    Args:
        uri: the object's name, or a pattern that matches only this one; what exists exactly as
            written wins over a pattern that isn't asked for.
        version: describe this version (`ObjectInfo.version`), also of an object that was deleted.
            The name is taken literally then.
        patterns: how the text is read; see `TransferKeywords`.
        options: the stores' settings.

    Raises:
        ObjectNotFoundError, ContainerNotFoundError: it isn't there.
        NothingMatchedError: a pattern matches nothing.
        UsageError: a pattern matches several objects.
        NotSupportedError: the store has no versions.
    """
    return describe(uri, version=version, patterns=patterns, options=options)[1]


def describe(
    uri: UriLike,
    *,
    version: str | None = None,
    patterns: str = "auto",
    options: Mapping[str, str] | None = None,
) -> tuple[str, ObjectInfo]:
    """Describe an object, and say its URI: a pattern doesn't. See `stat`."""
    asked = Reading.of(patterns, version)

    def head(store: ObjectStore, key: str) -> tuple[str, ObjectInfo]:
        return store.uri_of(key), store.head(key, version=version)

    with object_session(uri, options) as session:
        return use_single(session, uri, asked, head)


def exists(
    uri: UriLike, *, patterns: str = "auto", options: Mapping[str, str] | None = None
) -> bool:
    """Return whether an object, a directory (anything with that prefix) or a container exists.

    A pattern exists when it matches something.

    Args:
        uri: what to look for.
        patterns: how the text is read; see `TransferKeywords`.
        options: the stores' settings.

    Raises:
        S3dlioError: it can't be told: no permission, no connection …
    """
    asked = Reading.of(patterns)
    with Session(options) as session:
        parsed = parse_uri(uri)
        session.check_options([parsed])
        if not parsed.key:
            return session.provider(parsed).container_exists(session.container_name(parsed))
        try:
            selection = select_as_written(session, uri, asked)
            return _is_there(session, parsed, selection) or any(
                not isinstance(found, ListError) for found in expand(selection, recursive=False)
            )
        except (errors.NothingMatchedError, errors.ContainerNotFoundError):
            return False
        except errors.UsageError:
            if asked is not Reading.AUTO:
                raise
            return False  # a name that would be a bad pattern is a name


def get(
    uri: UriLike,
    *,
    start: int = 0,
    stop: int | None = None,
    version: str | None = None,
    patterns: str = "auto",
    bwlimit: Bwlimit = None,
    options: Mapping[str, str] | None = None,
) -> bytes:
    """Read an object, or bytes [start, stop) of it, into memory; many by ranges side by side.

    Args:
        uri: the object's name, or a pattern that matches only this one; see `stat`.
        start: first byte.
        stop: end of the range, exclusive; None is the end of the object.
        version: read this version (`ObjectInfo.version`), also of an object that was deleted.
        patterns: how the text is read; see `TransferKeywords`.
        bwlimit: the most bytes per second, "10M" or "512k"; see `TransferKeywords`.
        options: the stores' settings.

    Raises:
        ObjectNotFoundError: it isn't there.
        NothingMatchedError: a pattern matches nothing.
        UsageError: a pattern matches several objects.
        InvalidRangeError: the range lies outside of it.
        NotSupportedError: the store has no versions.
    """
    with open_raw(
        uri,
        start=start,
        stop=stop,
        version=version,
        patterns=patterns,
        bandwidth=make_bandwidth(bwlimit),
        options=options,
    ) as stream:
        return stream.take(stop)


def get_range(
    uri: UriLike,
    offset: int,
    length: int | None = None,
    *,
    version: str | None = None,
    patterns: str = "auto",
    bwlimit: Bwlimit = None,
    options: Mapping[str, str] | None = None,
) -> bytes:
    """Read a part of an object into memory; see `get`.

    Args:
        uri: the object's name, or a pattern that matches only this one; see `stat`.
        offset: the first byte, at most the object's size.
        length: how many bytes, fewer where the object ends before; None is all that follow.
        version: read this version (`ObjectInfo.version`).
        patterns: how the text is read; see `TransferKeywords`.
        bwlimit: the most bytes per second; see `TransferKeywords`.
        options: the stores' settings.

    Raises:
        ObjectNotFoundError: it isn't there.
        InvalidRangeError: `offset` or `length` is negative, or `offset` beyond the end.
        TypeError: one of them is no whole number.
    """
    for name, number in (("offset", offset), ("length", length)):
        if isinstance(number, bool) or not isinstance(number, (int, type(None))):
            raise TypeError(f"{name} is a whole number of bytes, not {number!r}")
    return get(
        uri,
        start=offset,
        stop=None if length is None else offset + length,
        version=version,
        patterns=patterns,
        bwlimit=bwlimit,
        options=options,
    )


def put(
    uri: UriLike,
    data: Buffer,
    *,
    attributes: Attributes | None = None,
    condition: Condition | None = None,
    bwlimit: Bwlimit = None,
    options: Mapping[str, str] | None = None,
) -> ObjectInfo:
    """Write bytes as an object, atomically. A local file's directory is created.

    Args:
        uri: the object's name.
        data: its whole content; for files and more than fits into memory use `upload`.
        attributes: content headers, metadata, storage class and tags; a store drops what it has
            no place for.
        condition: write only if it holds.
        bwlimit: the most bytes per second: it waits as long as these would take, then sends them.
        options: the stores' settings.

    Raises:
        PreconditionFailedError: the condition doesn't hold.
    """
    bandwidth = make_bandwidth(bwlimit)
    with object_session(uri, options) as session:
        parsed = parse_uri(uri)
        place, name = session.object(parsed)
        prepare_container(session, parsed, place.container, create=False)
        key = place.prefix + name
        if bandwidth is not None:
            bandwidth.take(memoryview(data).nbytes)
        return place.store.put(key, data, attributes=attributes, condition=condition)


def open_store(uri: UriLike, *, options: Mapping[str, str] | None = None) -> ObjectStore:
    """Open a container, with retries, to work with its objects by key. Close it with `with`.

    Args:
        uri: "s3://bucket", "az://container", "memory://name" or, for files, any directory.
        options: the store's settings.

    Raises:
        UsageError: the URI names an object.
    """
    parsed = parse_uri(uri)
    session = Session(options)
    session.check_options([parsed])
    provider = session.provider(parsed)
    if parsed.key and not provider.containers_are_paths:
        raise errors.UsageError(
            "open_store takes a container", uri=str(uri), hint=f"Leave out the key {parsed.key!r}"
        )
    inner = provider.inner.open(session.container_name(parsed))
    return RetryingStore(inner, retrier=provider.retrier, owner=provider)
