"""The operations that a user calls: one function each, for every store.

Sources and destinations are URIs or local paths (`str` or `os.PathLike`); how they are read and
mapped is described in `s3dlio_core.sources`. Rules that hold for all of them:

- `options` are the stores' settings, e.g. {"endpoint_url": …, "region": …, "profile": …}; what is
  not given comes from the environment and the stores' own configuration files.
- Each call opens its own connections and closes them. To keep them, use `open_store`.
- No signal handler is installed and no environment variable changed. Worker threads are daemons.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from s3dlio_core import errors
from s3dlio_core.deletion import Deletion
from s3dlio_core.registry import default_observer
from s3dlio_core.retry import RetryingStore
from s3dlio_core.sources import Selection, Session, expand, plan_copy, select
from s3dlio_core.store import (
    Attributes,
    Buffer,
    Condition,
    ContainerInfo,
    ListError,
    ObjectInfo,
    ObjectStore,
    StoreProvider,
)
from s3dlio_core.transfer.engine import Engine
from s3dlio_core.transfer.events import CancelToken, TransferObserver
from s3dlio_core.transfer.plan import Note, PlanEntry, Unmatched
from s3dlio_core.uri import Uri, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from s3dlio_core.transfer.report import TransferReport

__all__ = [
    "ListEntry",
    "copy",
    "create_container",
    "delete",
    "delete_container",
    "download",
    "exists",
    "get",
    "list",
    "list_containers",
    "open_store",
    "put",
    "stat",
    "upload",
]

#: A URI or a local path.
UriLike: TypeAlias = "str | os.PathLike[str]"
#: One source or several.
Sources: TypeAlias = "UriLike | Sequence[UriLike]"
#: An observer, or True for progress bars (needs the package s3dlio-progress).
Progress: TypeAlias = "TransferObserver | bool | None"

#: More threads than this cost more than they bring.
JOBS_MAX = 4096


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One line of a listing: an object, or a common prefix ("directory") without an `info`."""

    uri: str
    info: ObjectInfo | None


def upload(
    src_patterns: Sources,
    dest_prefix: UriLike,
    max_in_flight: int = 32,
    create_bucket: bool = False,
    *,
    recursive: bool = False,
    options: Mapping[str, str] | None = None,
    progress: Progress = None,
    cancel: CancelToken | None = None,
    part_size_bytes: int | None = None,
    raise_on_failure: bool = True,
) -> TransferReport:
    """Copy files to a store.

    Args:
        src_patterns: paths, directories or globs; URIs are taken as well.
        dest_prefix: where they go: "s3://bucket/logs/", "az://container/", a directory …
        max_in_flight: objects and parts that are transferred at the same time, at the most.
        create_bucket: create the destination's bucket or container when it doesn't exist.
        recursive: take subdirectories, too.
        options: the stores' settings.
        progress: an observer, or True for bars.
        cancel: stops the transfer when it is set.
        part_size_bytes: cut larger objects into parts of this size.
        raise_on_failure: raise what went wrong. Otherwise it is only in the report.

    Returns:
        What was done, and by name what failed. A failing object never stops the others.

    Raises:
        TransferFailedError: some objects failed (all others were copied); it has the report.
        NothingMatchedError: no source matched anything.
        CancelledError: the token was set.
        UsageError: arguments that make no sense.
        S3dlioError: what stopped the run: credentials, a missing bucket, no connection …
    """
    return _transfer(
        "upload",
        src_patterns,
        dest_prefix,
        _Settings(max_in_flight, create_bucket, recursive, part_size_bytes, raise_on_failure),
        options,
        progress,
        cancel,
    )


def download(
    src_uri: Sources,
    dest_dir: UriLike,
    max_in_flight: int = 64,
    recursive: bool = True,
    *,
    create_bucket: bool = False,
    options: Mapping[str, str] | None = None,
    progress: Progress = None,
    cancel: CancelToken | None = None,
    part_size_bytes: int | None = None,
    raise_on_failure: bool = True,
) -> TransferReport:
    """Copy objects to a directory. See `upload` for the arguments, what is returned and raised.

    Args:
        src_uri: an object, a prefix or a glob, or several of them.
        dest_dir: a directory; it is created. One object to a name that isn't a directory and has
            no trailing "/" is written to that name.
        max_in_flight: objects and parts that are transferred at the same time, at the most.
        recursive: take what lies deeper than one level, too.
        create_bucket: create the destination's bucket when it is one.
        options: the stores' settings.
        progress: an observer, or True for bars.
        cancel: stops the transfer when it is set.
        part_size_bytes: cut larger objects into parts of this size.
        raise_on_failure: raise what went wrong. Otherwise it is only in the report.
    """
    return _transfer(
        "download",
        src_uri,
        dest_dir,
        _Settings(max_in_flight, create_bucket, recursive, part_size_bytes, raise_on_failure),
        options,
        progress,
        cancel,
    )


def copy(
    sources: Sources,
    destination: UriLike,
    max_in_flight: int = 32,
    *,
    recursive: bool = False,
    create_bucket: bool = False,
    options: Mapping[str, str] | None = None,
    progress: Progress = None,
    cancel: CancelToken | None = None,
    part_size_bytes: int | None = None,
    raise_on_failure: bool = True,
) -> TransferReport:
    """Copy objects from any store to any store. See `upload` for the arguments and errors."""
    return _transfer(
        "copy",
        sources,
        destination,
        _Settings(max_in_flight, create_bucket, recursive, part_size_bytes, raise_on_failure),
        options,
        progress,
        cancel,
    )


@dataclass(frozen=True, slots=True)
class _Settings:
    """The plain values of a transfer."""

    jobs: int
    create_container: bool
    recursive: bool
    part_size_bytes: int | None
    raise_on_failure: bool

    def __post_init__(self) -> None:
        if not 1 <= self.jobs <= JOBS_MAX:
            raise errors.UsageError(f"max_in_flight is from 1 to {JOBS_MAX}, not {self.jobs}")
        if self.part_size_bytes is not None and self.part_size_bytes < 1:
            raise errors.UsageError("part_size_bytes must be positive")


def _transfer(
    operation: str,
    sources: Sources,
    destination: UriLike,
    settings: _Settings,
    options: Mapping[str, str] | None,
    progress: Progress,
    cancel: CancelToken | None,
) -> TransferReport:
    observer = _observer(progress)
    cancel = cancel or CancelToken()
    given = _several(sources)
    target = parse_uri(destination)
    with Session(options, cancel) as session:
        session.check_options([*(parse_uri(source) for source in given), target])
        place, entries = plan_copy(session, given, target, recursive=settings.recursive)
        first = _until_something(entries, operation)
        _prepare(session, target, place.container, create=settings.create_container)
        engine = Engine(
            operation,
            place.store,
            jobs=settings.jobs,
            part_size_bytes=settings.part_size_bytes,
            observer=observer,
            cancel=cancel,
        )
        report = engine.run(itertools.chain(first, entries))
    stopped_by = report.stopped_by
    if (
        isinstance(stopped_by, errors.ContainerNotFoundError)
        and stopped_by.uri.startswith(place.store.uri)
        and not stopped_by.hint
    ):
        stopped_by.hint = "Create it first, or ask for that: create_bucket (-c)"
    if settings.raise_on_failure:
        report.raise_for_failures()
    return report


def _several(sources: Sources) -> Sequence[UriLike]:
    return (sources,) if isinstance(sources, (str, os.PathLike)) else tuple(sources)


def _until_something(entries: Iterator[PlanEntry], operation: str) -> Sequence[PlanEntry]:
    """Read a plan up to its first object, so that nothing is created when nothing matches.

    Raises:
        NothingMatchedError: there is none.
    """
    seen: tuple[Unmatched | Note, ...] = ()
    for entry in entries:
        if not isinstance(entry, (Unmatched, Note)):
            return (*seen, entry)
        seen += (entry,)
    reasons = [entry.reason if isinstance(entry, Unmatched) else entry.text for entry in seen]
    raise errors.NothingMatchedError("; ".join(reasons), operation=operation)


def _prepare(session: Session, target: Uri, container: str, *, create: bool) -> None:
    """Create the destination's container: a bucket when that is asked for, a directory always."""
    provider = session.provider(target)
    if not (create or provider.containers_are_paths) or provider.container_exists(container):
        return
    with contextlib.suppress(errors.ContainerExistsError):  # somebody was faster
        provider.create_container(container)


def _observer(progress: Progress) -> TransferObserver | None:
    if progress is None or progress is False:
        return None
    return default_observer() if progress is True else progress


def delete(
    uris: Sources,
    recursive: bool = False,
    *,
    options: Mapping[str, str] | None = None,
    progress: Progress = None,
    cancel: CancelToken | None = None,
    raise_on_failure: bool = True,
) -> TransferReport:
    """Delete objects: exactly what is named, never a neighbour with the same prefix.

    An object that exists exactly as written wins over a glob. A directory of a file system that
    is named with `recursive` goes with its last file, as with `rm -r`.

    Args:
        uris: objects, globs or, with `recursive`, prefixes and directories.
        recursive: delete all that lies below.
        options: the stores' settings.
        progress: an observer, or True for bars.
        cancel: stops after the current batch.
        raise_on_failure: raise what went wrong. Otherwise it is only in the report.

    Raises:
        NothingMatchedError: nothing was there to delete.
        UsageError: a directory without `recursive`.
        TransferFailedError: some could not be deleted; all others were.
    """
    given = tuple(dict.fromkeys(os.fspath(uri) for uri in _several(uris)))
    if not given:
        raise errors.UsageError("nothing was given to delete", operation="delete")
    cancel = cancel or CancelToken()
    with Session(options, cancel) as session:
        session.check_options([parse_uri(uri) for uri in given])
        deletion = Deletion(_observer(progress) or TransferObserver(), cancel)
        selections = [_to_delete(session, uri, recursive=recursive) for uri in given]
        for lost in selections[: 1 if len(given) == 1 else 0]:
            if isinstance(lost, errors.NothingMatchedError):
                raise lost
        report = deletion.run(selections, recursive=recursive)
        if recursive and report.ok:
            for uri, selection in zip(given, selections, strict=True):
                _remove_directory(session.provider(parse_uri(uri)), selection)
    if len(report.unmatched) == len(given):
        raise errors.NothingMatchedError("; ".join(report.notes), operation="delete")
    if raise_on_failure:
        report.raise_for_failures()
    return report


def _remove_directory(
    provider: StoreProvider, selection: Selection | errors.NothingMatchedError
) -> None:
    """Remove what is left of a directory that was deleted: the directory itself."""
    if (
        provider.containers_are_paths
        and isinstance(selection, Selection)
        and selection.found is None
        and not selection.pattern
        and not Path(selection.place.container).is_symlink()
        # The name that is left when "/" is cut off: the root, "." and ".." only lose their content.
        and selection.text.rstrip("/").rpartition("/")[2] not in {"", ".", ".."}
    ):
        # A fifo, a device or what was written meanwhile keeps it.
        with contextlib.suppress(errors.ContainerNotEmptyError):
            provider.delete_container(selection.place.container)


def _to_delete(
    session: Session, uri: str, *, recursive: bool
) -> Selection | errors.NothingMatchedError:
    parsed = parse_uri(uri)
    try:
        if recursive and parsed.key.endswith("/"):
            return select(session, uri)  # all that lies below, not only a folder marker
        if session.provider(parsed).containers_are_paths and not parsed.key.endswith("/"):
            _refuse_linked_directory(uri, Path(parsed.path))
        return _as_written(session, uri)
    except errors.NothingMatchedError as error:
        return error


def _refuse_linked_directory(uri: str, path: Path) -> None:
    """Refuse to read a link as the directory that it points to.

    Raises:
        UsageError: it points to one.
    """
    if path.is_symlink() and path.is_dir():
        raise errors.UsageError(
            "this is a symbolic link to a directory",
            operation="delete",
            uri=uri,
            hint='Remove the link with rm, or write it with a "/" behind to delete what lies there',
        )


def _as_written(session: Session, uri: UriLike) -> Selection:
    """Read a source; an object that exists exactly as written wins over a glob.

    Raises:
        NothingMatchedError: neither an object nor a directory, and no glob.
    """
    parsed = parse_uri(uri)
    if parsed.key:
        place, name = session.object(parsed)
        try:
            return Selection(os.fspath(uri), place, found=place.store.head(place.prefix + name))
        except (errors.ObjectNotFoundError, errors.InvalidKeyError):
            pass  # a glob, a directory, or nothing
        except errors.ContainerNotFoundError:
            if not session.provider(parsed).containers_are_paths:
                raise
    return select(session, uri)


def list(  # noqa: A001 - the name is promised to callers
    uri: UriLike, recursive: bool = False, *, options: Mapping[str, str] | None = None
) -> Iterator[ListEntry]:
    """List an object, a directory or prefix, or what a glob matches, in the store's order.

    Args:
        uri: what to list.
        recursive: list all depths. Otherwise common prefixes ("directories") stand for what lies
            in them.
        options: the stores' settings.

    Yields:
        One entry at a time; pages are fetched as they are needed.

    Raises:
        NothingMatchedError: neither an object nor a directory has this name, or the glob or prefix
            matches nothing. (An empty container or local directory is there, and empty.)
        PermissionDeniedError: at the end, when a directory could not be read.
    """
    with Session(options) as session:
        parsed = parse_uri(uri)
        session.check_options([parsed])
        selection = select(session, uri)
        store = selection.place.store
        left_out: errors.S3dlioError | None = None
        there = _is_there(session, parsed, selection)
        for found in expand(selection, recursive=recursive):
            there = True
            if isinstance(found, str):
                yield ListEntry(store.uri_of(found), None)
            elif isinstance(found, ObjectInfo):
                yield ListEntry(store.uri_of(found.key), found)
            else:
                left_out = left_out or found.error
        if left_out is not None:
            raise left_out
        if not there:
            raise errors.NothingMatchedError(
                f"nothing matched (read as {selection.meaning})",
                operation="list",
                uri=selection.text,
            )


def _is_there(session: Session, uri: Uri, selection: Selection) -> bool:
    """Whether a selection names something that is there although it may be empty."""
    return selection.found is not None or (
        not selection.pattern and (not uri.key or session.provider(uri).containers_are_paths)
    )


def stat(uri: UriLike, *, options: Mapping[str, str] | None = None) -> ObjectInfo:
    """Describe an object.

    Raises:
        ObjectNotFoundError, ContainerNotFoundError: it isn't there.
    """
    with _object(uri, options) as (store, key):
        return store.head(key)


def exists(uri: UriLike, *, options: Mapping[str, str] | None = None) -> bool:
    """Return whether an object, a directory (anything with that prefix) or a container exists.

    A glob exists when it matches something.

    Raises:
        S3dlioError: it can't be told: no permission, no connection …
    """
    with Session(options) as session:
        parsed = parse_uri(uri)
        session.check_options([parsed])
        if not parsed.key:
            return session.provider(parsed).container_exists(session.container_name(parsed))
        try:
            selection = _as_written(session, uri)
            return _is_there(session, parsed, selection) or any(
                not isinstance(found, ListError) for found in expand(selection, recursive=False)
            )
        except (errors.NothingMatchedError, errors.ContainerNotFoundError):
            return False


def get(
    uri: UriLike,
    *,
    start: int = 0,
    stop: int | None = None,
    options: Mapping[str, str] | None = None,
) -> bytes:
    """Read an object, or bytes [start, stop) of it, into memory.

    Raises:
        ObjectNotFoundError: it isn't there.
        InvalidRangeError: the range lies outside of it.
    """
    with (
        _object(uri, options) as (store, key),
        store.open_reader(key, start, stop) as reader,
    ):
        size_bytes = reader.info.size_bytes
        end = size_bytes if stop is None else min(stop, size_bytes)
        content = bytearray(end - start)
        view = memoryview(content)
        while view:
            count = reader.readinto(view)
            if not count:
                raise errors.IntegrityError(
                    f"the object ends {len(view)} bytes early", operation="read", uri=str(uri)
                )
            view = view[count:]
        return bytes(content)


def put(
    uri: UriLike,
    data: Buffer,
    *,
    attributes: Attributes | None = None,
    condition: Condition | None = None,
    options: Mapping[str, str] | None = None,
) -> ObjectInfo:
    """Write bytes as an object, atomically. A local file's directory is created.

    Args:
        uri: the object's name.
        data: its whole content; for files and more than fits into memory use `upload`.
        attributes: content headers and metadata.
        condition: write only if it holds.
        options: the stores' settings.

    Raises:
        PreconditionFailedError: the condition doesn't hold.
    """
    with _object(uri, options, create_directory=True) as (store, key):
        return store.put(key, data, attributes=attributes, condition=condition)


@contextlib.contextmanager
def _object(
    uri: UriLike, options: Mapping[str, str] | None, *, create_directory: bool = False
) -> Iterator[tuple[ObjectStore, str]]:
    """Open the store of one object for the length of an operation."""
    parsed = parse_uri(uri)
    if not parsed.key:
        raise errors.UsageError(
            "this names a container, not an object", uri=str(uri), hint="Add a key"
        )
    with Session(options) as session:
        session.check_options([parsed])
        place, name = session.object(parsed)
        if create_directory:
            _prepare(session, parsed, place.container, create=False)
        yield place.store, place.prefix + name


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


def create_container(uri: UriLike, *, options: Mapping[str, str] | None = None) -> None:
    """Create a bucket, container or directory.

    Raises:
        ContainerExistsError: it exists, or the name belongs to somebody else.
    """
    with _container(uri, options) as (provider, name):
        provider.create_container(name)


def delete_container(uri: UriLike, *, options: Mapping[str, str] | None = None) -> None:
    """Delete an empty bucket, container or directory.

    Raises:
        ContainerNotFoundError: it doesn't exist.
        ContainerNotEmptyError: it holds objects.
    """
    with _container(uri, options) as (provider, name):
        provider.delete_container(name)


def list_containers(
    scheme: str = "s3", *, options: Mapping[str, str] | None = None
) -> Iterator[ContainerInfo]:
    """List the buckets or containers of an account.

    Args:
        scheme: "s3", "az" …; "s3://" is understood, too.
        options: the store's settings.

    Raises:
        NotSupportedError: the store has no such list.
    """
    anything = Uri(scheme.partition(":")[0].lower(), "", "")
    with Session(options) as session:
        session.check_options([anything])
        yield from session.provider(anything).list_containers()


@contextlib.contextmanager
def _container(
    uri: UriLike, options: Mapping[str, str] | None
) -> Iterator[tuple[StoreProvider, str]]:
    parsed = parse_uri(uri)
    with Session(options) as session:
        session.check_options([parsed])
        provider = session.provider(parsed)
        if parsed.key.rstrip("/") and not provider.containers_are_paths:
            raise errors.UsageError(
                "this names an object, not a container", uri=str(uri), hint="Leave out the key"
            )
        yield provider, session.container_name(parsed)
