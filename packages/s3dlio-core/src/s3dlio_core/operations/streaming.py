"""open, and what get and s3-cli's cat and put are made of: objects as streams."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal, overload

from s3dlio_core import errors
from s3dlio_core.operations.arguments import JOBS_MAX, UriLike, object_uri, prepare_container
from s3dlio_core.selection import Reading, use_single
from s3dlio_core.session import Session
from s3dlio_core.store import Attributes, Condition
from s3dlio_core.streams.reader import (
    AHEAD_MAX,
    BUFFER_SIZE_BYTES,
    ObjectStream,
    RawObjectStream,
)
from s3dlio_core.streams.text import TextStream
from s3dlio_core.streams.upload import PARTS_AT_ONCE, StreamUpload
from s3dlio_core.streams.writer import ObjectWriter
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Mapping

    from s3dlio_core.bandwidth import Bandwidth
    from s3dlio_core.store import ObjectStore
    from s3dlio_core.transfer.events import CancelToken

__all__ = ["open", "open_raw", "open_writer"]

#: Ranges ahead for who takes all in order: 128 MiB, and one more that is handed out.
PIECES_AHEAD = 16


@overload
def open(  # noqa: A001 - as below
    uri: UriLike,
    mode: Literal["rb", "br"] = ...,
    *,
    buffering: int = ...,
    version: str | None = ...,
    patterns: str = ...,
    max_in_flight: int | None = ...,
    options: Mapping[str, str] | None = ...,
    cancel: CancelToken | None = ...,
) -> ObjectStream: ...


@overload
def open(  # noqa: A001 - as below
    uri: UriLike,
    mode: Literal["wb", "bw", "xb", "bx"],
    *,
    attributes: Attributes | None = ...,
    condition: Condition | None = ...,
    part_size_bytes: int | None = ...,
    max_in_flight: int | None = ...,
    options: Mapping[str, str] | None = ...,
    cancel: CancelToken | None = ...,
) -> ObjectWriter: ...


@overload
def open(  # noqa: A001 - as below
    uri: UriLike,
    mode: Literal["r", "rt", "w", "wt", "x", "xt"],
    *,
    buffering: int = ...,
    encoding: str = ...,
    errors: str | None = ...,
    newline: str | None = ...,
    version: str | None = ...,
    patterns: str = ...,
    attributes: Attributes | None = ...,
    condition: Condition | None = ...,
    part_size_bytes: int | None = ...,
    max_in_flight: int | None = ...,
    options: Mapping[str, str] | None = ...,
    cancel: CancelToken | None = ...,
) -> TextStream: ...


def open(  # noqa: A001 - the name is promised to callers
    uri: UriLike,
    mode: str = "rb",
    *,
    buffering: int = -1,
    encoding: str = "utf-8",
    errors: str | None = None,
    newline: str | None = None,
    version: str | None = None,
    patterns: str = "auto",
    attributes: Attributes | None = None,
    condition: Condition | None = None,
    part_size_bytes: int | None = None,
    max_in_flight: int | None = None,
    options: Mapping[str, str] | None = None,
    cancel: CancelToken | None = None,
) -> io.IOBase:
    """Open an object as one of Python's own streams, for every store.

    A stream that is read is seekable, buffered, and reads ahead in threads when it is read on. It
    gives the bytes of one state of the object, or an error. A stream that is written commits the
    object when it is closed; an exception in its `with` block, or its end without `close`, writes
    nothing. Parts are sent while more is written.

    Args:
        uri: the object's name; to read, also a pattern that matches only this one (see `stat`).
        mode: "rb", "wb" or "xb" (only if no such object exists) for bytes; "r", "w" or "x", also
            with "t", for text.
        buffering: bytes that are read at the least; -1 is 256 KiB.
        encoding: of text; it doesn't depend on the locale.
        errors: what becomes of text that can't be encoded or decoded; see `io.TextIOWrapper`.
        newline: what becomes of line ends; see `io.TextIOWrapper`.
        version: read this version (`ObjectInfo.version`).
        patterns: how the text is read; see `TransferKeywords`.
        attributes: of the new object: content headers, metadata, storage class and tags.
        condition: commit only if it holds.
        part_size_bytes: of the parts that are sent, 64 MiB by default; what fits into one is sent
            whole.
        max_in_flight: requests at the same time at the most; 7 to read, 16 to write.
        options: the stores' settings.
        cancel: ends its requests when it is set.

    Returns:
        `ObjectStream` or `ObjectWriter`, or a `TextStream` over one; each has `info` (that of a
        text stream has its `buffer`), an `ObjectInfo`.

    Raises:
        ObjectNotFoundError: there is nothing to read.
        PreconditionFailedError: mode "x", and it exists.
        UsageError: another mode, or arguments that make no sense with it.
    """
    kind, is_text = _read_mode(mode)
    if kind == "r":
        if attributes is not None or condition is not None or part_size_bytes is not None:
            raise _meaningless("attributes, condition and part_size_bytes are for writing")
        raw = open_raw(
            uri,
            version=version,
            patterns=patterns,
            max_in_flight=AHEAD_MAX if max_in_flight is None else max_in_flight,
            options=options,
            cancel=cancel,
        )
        below: ObjectStream | ObjectWriter = ObjectStream(
            raw, BUFFER_SIZE_BYTES if buffering < 1 else buffering
        )
    else:
        if version is not None:
            raise _meaningless("a version is for reading")
        if kind == "x" and condition is not None:
            raise _meaningless('mode "x" is a condition itself')
        below = open_writer(
            uri,
            attributes=attributes,
            condition=Condition(if_absent=True) if kind == "x" else condition,
            part_size_bytes=part_size_bytes,
            max_in_flight=PARTS_AT_ONCE if max_in_flight is None else max_in_flight,
            options=options,
            cancel=cancel,
        )
    return TextStream(below, encoding, errors, newline) if is_text else below


def _read_mode(mode: str) -> tuple[str, bool]:
    """Return "r", "w" or "x", and whether text is meant."""
    kinds, forms = [[one for one in mode if one in letters] for letters in ("rwx", "bt")]
    if len(kinds) != 1 or len(forms) > 1 or len(mode) != len(kinds) + len(forms):
        raise errors.UsageError(
            f"mode {mode!r} isn't known",
            hint='Objects are read ("rb", "r") or written whole ("wb", "w", "xb", "x")',
        )
    return kinds[0], forms != ["b"]


def _meaningless(reason: str) -> errors.UsageError:
    return errors.UsageError(reason, operation="open")


def open_raw(
    uri: UriLike,
    *,
    start: int = 0,
    stop: int | None = None,
    last_bytes: int | None = None,
    version: str | None = None,
    patterns: str = "auto",
    max_in_flight: int = PIECES_AHEAD,
    bandwidth: Bandwidth | None = None,
    session: Session | None = None,
    options: Mapping[str, str] | None = None,
    cancel: CancelToken | None = None,
) -> RawObjectStream:
    """Open an object without a buffer, mostly to take its `pieces`, which no byte is copied for.

    Args:
        uri: the object's name, or a pattern that matches only this one; see `stat`.
        start: where reading begins.
        stop: what is wanted ends here; None is the object's end.
        last_bytes: begin so many bytes before the end, or at its beginning if it is shorter.
        version: read this version.
        patterns: how the text is read; see `TransferKeywords`.
        max_in_flight: ranges of 8 MiB that are read ahead at the most.
        bandwidth: what reading on keeps to; nothing is read ahead then.
        session: where to find the store, and close it in the end; then `options` and `cancel` of
            requests are its own. None begins one for this stream.
        options: the stores' settings.
        cancel: ends its requests when it is set.

    Raises:
        ObjectNotFoundError: it isn't there.
        InvalidRangeError: the range lies outside of it.
    """
    _check_in_flight(max_in_flight)
    asked = Reading.of(patterns, version)
    with contextlib.ExitStack() as stack:
        at_close = None
        if session is None:
            session = _session(stack, uri, options, cancel)
            at_close = session.close
        else:
            session.check_options([object_uri(uri)])

        def use(store: ObjectStore, key: str) -> RawObjectStream:
            seen = None if last_bytes is None else store.head(key, version=version)
            return RawObjectStream(
                store,
                key,
                version=version,
                start=start if seen is None else max(0, seen.size_bytes - (last_bytes or 0)),
                stop=stop,
                seen=seen,
                ahead_max=max_in_flight,
                bandwidth=bandwidth,
                cancel=cancel,
                at_close=at_close,
            )

        opened = use_single(session, uri, asked, use)
        stack.pop_all()
        return opened


def open_writer(
    uri: UriLike,
    *,
    attributes: Attributes | None = None,
    condition: Condition | None = None,
    create_bucket: bool = False,
    part_size_bytes: int | None = None,
    max_in_flight: int = PARTS_AT_ONCE,
    options: Mapping[str, str] | None = None,
    cancel: CancelToken | None = None,
    sent: Callable[[int], None] | None = None,
) -> ObjectWriter:
    """Open an object to be written; see `open`.

    Args:
        uri: the object's name.
        attributes: what it is written with.
        condition: commit only if it holds. That it must be absent is looked at now, too.
        create_bucket: create the container when it doesn't exist.
        part_size_bytes: of the parts that are sent.
        max_in_flight: parts on their way at the most.
        options: the stores' settings.
        cancel: ends its requests when it is set.
        sent: is told the size of each part that was sent; never by two threads at once.

    Raises:
        PreconditionFailedError: it must be absent, and isn't.
    """
    _check_in_flight(max_in_flight)
    if part_size_bytes is not None and part_size_bytes < 1:
        raise errors.UsageError("part_size_bytes must be positive")
    with contextlib.ExitStack() as stack:
        session = _session(stack, uri, options, cancel)
        parsed = parse_uri(uri)
        place, name = session.object(parsed)
        key = place.prefix + name
        prepare_container(session, parsed, place.container, create=create_bucket)
        place.store.check_key(key)
        if condition is not None and condition.if_absent:
            _expect_absent(place.store, key)
        upload = StreamUpload(
            place.store,
            key,
            attributes=attributes,
            condition=condition,
            part_size_bytes=part_size_bytes,
            parts_at_once=max_in_flight,
            cancel=cancel,
            at_end=session.close,
            sent=sent,
        )
        stack.pop_all()
        return ObjectWriter(upload)


def _expect_absent(store: ObjectStore, key: str) -> None:
    """Check that nothing is there: the commit's condition would tell, but only at the end."""
    if not store.capabilities.put_if_absent:
        raise errors.NotSupportedError(
            "the store has no such conditional writes", operation="put", uri=store.uri_of(key)
        )
    with contextlib.suppress(errors.ObjectNotFoundError):
        store.head(key)
        raise errors.PreconditionFailedError(
            "it exists already", operation="put", uri=store.uri_of(key)
        )


def _check_in_flight(count: int) -> None:
    if not 1 <= count <= JOBS_MAX:
        raise errors.UsageError(f"max_in_flight is from 1 to {JOBS_MAX}, not {count}")


def _session(
    stack: contextlib.ExitStack,
    uri: UriLike,
    options: Mapping[str, str] | None,
    cancel: CancelToken | None,
) -> Session:
    """Begin the session of a stream, which closes it unless the stack is emptied before."""
    parsed = object_uri(uri)
    session = stack.enter_context(Session(options, cancel))
    session.check_options([parsed])
    return session
