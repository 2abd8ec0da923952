"""Decorators that retry what a provider and its stores do.

A write whose answer was lost is not guessed about:
- An unconditional `put`, `put_part`, `delete` or copy is done again: the outcome is the same.
- A conditional write whose later attempt says "condition failed" is compared with what is there
  now: if that is what was to be written, the earlier attempt had succeeded. A conditional copy is
  compared by who has the source at hand.
- `complete` whose later attempt says "no such upload" or "condition failed": the upload is asked
  whether the object is its result. A store that can't tell leaves the error as it is.
- A reader that breaks goes on at its offset, pinned to the ETag it began with.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.identity import same_object
from s3dlio_core.logs import get_logger
from s3dlio_core.retry.policy import Retrier, RetryPolicy
from s3dlio_core.store import (
    Attributes,
    Buffer,
    Condition,
    ContainerInfo,
    CopySource,
    DeleteError,
    ListError,
    MultipartInfo,
    MultipartUpload,
    ObjectInfo,
    ObjectReader,
    ObjectStore,
    Page,
    Part,
    StoreProvider,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from typing_extensions import Buffer as WritableBuffer
    from typing_extensions import Self

    from s3dlio_core.content_check import ContentCheck
    from s3dlio_core.transfer.events import CancelToken

_log = get_logger("retry")

_COMPARE_CHUNK_BYTES = 1024**2


class RetryingReader(ObjectReader):
    """A reader that opens its object again where it broke off."""

    def __init__(
        self,
        store: RetryingStore,
        key: str,
        start: int,
        stop: int | None,
        if_match: str | None,
        version: str | None,
    ) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._position = start
        self._stop = stop
        self._if_match = if_match
        self._version = version
        self._failures = 0
        self._reader = store.open_bare(key, start, stop, if_match, version)
        store.retry_check(key, self._reader.check)
        self._info = self._reader.info

    @property
    def info(self) -> ObjectInfo:
        """The object as the first answer described it."""
        return self._info

    @property
    def check(self) -> ContentCheck | None:
        """The comparison of the whole, which each later answer goes on with."""
        return self._reader.check

    @check.setter
    def check(self, check: ContentCheck | None) -> None:
        self._reader.check = check

    def readinto(self, buffer: WritableBuffer) -> int:
        """Fill the buffer, opening the object again after a retryable error."""
        while True:
            try:
                count = self._reader.readinto(buffer)
            except errors.S3dlioError as error:
                self._failures += 1
                self._store.retrier.pause(
                    error, "read", self._store.uri_of(self._key), self._failures
                )
                self._reopen()
            else:
                self._position += count
                self._failures = 0 if count else self._failures
                return count

    def _reopen(self) -> None:
        self._reader.close()
        check = self._reader.check
        pin = self._if_match
        if self._store.capabilities.read_if_match:
            pin = self._info.etag or pin
        try:
            self._reader = self._store.open_bare(
                self._key, self._position, self._stop, pin, self._version
            )
        except errors.PreconditionFailedError as error:
            raise self._changed() from error
        if not same_object(self._reader.info, self._info):
            raise self._changed()
        self._reader.check = check

    def _changed(self) -> errors.SourceChangedError:
        return errors.SourceChangedError(
            "the object changed while it was read",
            operation="read",
            uri=self._store.uri_of(self._key),
        )

    def close(self) -> None:
        """Close the current connection or file."""
        # An __init__ that failed leaves no reader, and io.IOBase.__del__ still calls this.
        if hasattr(self, "_reader"):
            self._reader.close()
        super().close()


class RetryingUpload(MultipartUpload):
    """A multipart upload whose calls are retried."""

    def __init__(self, store: RetryingStore, inner: MultipartUpload) -> None:
        self._store = store
        self._inner = inner
        self._uri = store.uri_of(inner.key)

    @property
    def key(self) -> str:
        """The key that the object will have."""
        return self._inner.key

    @property
    def token(self) -> str:
        """The inner upload's token."""
        return self._inner.token

    def put_part(self, number: int, offset_bytes: int, buffer: Buffer) -> Part:
        """Store a part, again if need be."""
        call = functools.partial(self._inner.put_part, number, offset_bytes, buffer)
        return self._store.retrier.call("put part", self._uri, call)

    def copy_part(
        self, number: int, offset_bytes: int, source: CopySource, start: int, stop: int
    ) -> Part:
        """Copy a part, again if need be."""
        call = functools.partial(self._inner.copy_part, number, offset_bytes, source, start, stop)
        return self._store.retrier.call("copy part", self._uri, call)

    def parts(self) -> Iterator[Part]:
        """Yield the parts; the list is read whole, so that it can be read again."""
        return iter(
            self._store.retrier.call("list parts", self._uri, lambda: list(self._inner.parts()))
        )

    def complete(self, parts: Sequence[Part]) -> ObjectInfo:
        """Complete the upload, resolving a lost answer."""

        def resolve(error: errors.S3dlioError) -> ObjectInfo | None:
            # A part that was sent twice may lie beside what was completed.
            settled = (
                errors.UploadNotFoundError,
                errors.PreconditionFailedError,
                errors.InvalidPartError,
            )
            if not isinstance(error, settled):
                return None
            return self._done_before(parts)

        call = functools.partial(self._inner.complete, parts)
        return self._store.retrier.call("complete", self._uri, call, resolve)

    def _done_before(self, parts: Sequence[Part]) -> ObjectInfo | None:
        try:
            info = self._store.head(self._inner.key)
        except errors.ObjectNotFoundError:
            return None
        return info if self._inner.is_result(info, parts) else None

    def expected_etag(self, parts: Sequence[Part]) -> str | None:
        """Return what the inner upload expects."""
        return self._inner.expected_etag(parts)

    def is_result(self, info: ObjectInfo, parts: Sequence[Part]) -> bool:
        """Return what the inner upload says."""
        return self._inner.is_result(info, parts)

    def abort(self) -> None:
        """Abort the upload, again if need be; also when the transfer was cancelled."""
        Retrier(self._store.retrier.policy).call("abort", self._uri, self._inner.abort)


class RetryingStore(ObjectStore):
    """A store whose calls are retried."""

    def __init__(
        self,
        inner: ObjectStore,
        policy: RetryPolicy | None = None,
        *,
        cancel: CancelToken | None = None,
        retrier: Retrier | None = None,
        owner: StoreProvider | None = None,
    ) -> None:
        """Wrap a store.

        Args:
            inner: the bare store.
            policy: how often and how long.
            cancel: ends waits early.
            retrier: shared with other stores of the same service, instead of the two before.
            owner: the provider that the store was opened for; it is closed with it.
        """
        self._owner = owner
        self.inner = inner
        self.retrier = retrier or Retrier(policy, cancel)
        self.limits = inner.limits
        self.capabilities = inner.capabilities

    def __reduce__(self) -> tuple[type[RetryingStore], tuple[ObjectStore, RetryPolicy]]:
        return type(self), (self.inner, self.retrier.policy)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inner!r})"

    @property
    def uri(self) -> str:
        """The inner store's URI."""
        return self.inner.uri

    def uri_of(self, key: str) -> str:
        """Return the inner store's URI of a key."""
        return self.inner.uri_of(key)

    def check_key(self, key: str) -> None:
        """Check a key; no request is made."""
        self.inner.check_key(key)

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Describe an object."""
        call = functools.partial(self.inner.head, key, version=version)
        return self.retrier.call("stat", self.uri_of(key), call)

    def list_page(
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        """List one page."""
        call = functools.partial(
            self.inner.list_page,
            prefix,
            delimiter=delimiter,
            token=token,
            start_after=start_after,
            page_size=page_size,
        )
        return self.retrier.call("list", self.uri_of(prefix), call)

    def list_entered(
        self, prefix: str, enter: Callable[[str], bool]
    ) -> Iterator[ObjectInfo | ListError] | None:
        """Return the inner store's walk, which goes on behind what it can't read."""
        return self.inner.list_entered(prefix, enter)

    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Open a reader that survives a broken connection."""
        return RetryingReader(self, key, start, stop, if_match, version)

    def open_bare(
        self,
        key: str,
        start: int,
        stop: int | None,
        if_match: str | None,
        version: str | None,
    ) -> ObjectReader:
        """Open the inner store's reader, again if need be."""
        call = functools.partial(
            self.inner.open_reader, key, start, stop, if_match=if_match, version=version
        )
        return self.retrier.call("read", self.uri_of(key), call)

    def put(
        self,
        key: str,
        buffer: Buffer,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Store an object, resolving a lost answer of a conditional write."""

        def resolve(error: errors.S3dlioError) -> ObjectInfo | None:
            if not isinstance(error, errors.PreconditionFailedError):
                return None
            return self._holds(key, buffer)

        call = functools.partial(
            self.inner.put, key, buffer, attributes=attributes, condition=condition
        )
        return self.retrier.call("put", self.uri_of(key), call, resolve)

    def _holds(self, key: str, buffer: Buffer) -> ObjectInfo | None:
        """Return the object's info if its content is this buffer."""
        expected = memoryview(buffer).cast("B")
        chunk = bytearray(min(_COMPARE_CHUNK_BYTES, len(expected)))
        with self.open_reader(key) as reader:
            if reader.info.size_bytes != len(expected):
                return None
            position = 0
            while position < len(expected):
                count = reader.readinto(chunk)
                if not count or chunk[:count] != expected[position : position + count]:
                    return None
                position += count
            return reader.info

    def create_multipart(
        self,
        key: str,
        *,
        size_bytes: int | None = None,
        part_size_bytes: int | None = None,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
        checksum: str | None = None,
    ) -> MultipartUpload:
        """Begin an upload.

        An attempt whose answer was lost may have begun one that nobody knows the token of. It
        can't be told from another client's, so it is left, and said in the log.
        """

        def call() -> MultipartUpload:
            try:
                return self.inner.create_multipart(
                    key,
                    size_bytes=size_bytes,
                    part_size_bytes=part_size_bytes,
                    attributes=attributes,
                    condition=condition,
                    checksum=checksum,
                )
            except errors.S3dlioError as error:
                if error.maybe_done:
                    _log.warning("an unfinished upload may be left at %s", self.uri_of(key))
                raise

        return RetryingUpload(self, self.retrier.call("create multipart", self.uri_of(key), call))

    def resume_multipart(self, key: str, token: str) -> MultipartUpload:
        """Go on with an upload."""
        call = functools.partial(self.inner.resume_multipart, key, token)
        return RetryingUpload(self, self.retrier.call("resume multipart", self.uri_of(key), call))

    def list_multiparts(self, prefix: str = "") -> Iterator[MultipartInfo]:
        """Yield unfinished uploads; the list is read whole, so that it can be read again."""
        return iter(
            self.retrier.call(
                "list multiparts",
                self.uri_of(prefix),
                lambda: list(self.inner.list_multiparts(prefix)),
            )
        )

    def remarks(self) -> tuple[str, ...]:
        """Return the inner store's."""
        return self.inner.remarks()

    def copy_source(
        self, key: str, etag: str | None = None, version: str | None = None
    ) -> CopySource:
        """Return the inner store's description."""
        return self.inner.copy_source(key, etag, version)

    def copy_from(
        self,
        source: CopySource,
        key: str,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Copy server-side.

        Whether a conditional copy whose answer was lost was carried out can be told only by who
        knows the source: the error says that it is in doubt (`maybe_done`).
        """

        def resolve(error: errors.S3dlioError) -> ObjectInfo | None:
            error.maybe_done = isinstance(error, errors.PreconditionFailedError)
            return None

        call = functools.partial(
            self.inner.copy_from, source, key, attributes=attributes, condition=condition
        )
        return self.retrier.call("copy", self.uri_of(key), call, resolve)

    def rename_from(
        self, source: CopySource, key: str, *, condition: Condition | None = None
    ) -> ObjectInfo:
        """Rename; once, since a second try couldn't tell what the first has done."""
        return self.inner.rename_from(source, key, condition=condition)

    def delete(self, key: str) -> None:
        """Delete an object."""
        self.retrier.call("delete", self.uri_of(key), lambda: self.inner.delete(key))

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        """Delete in batches; keys whose failure is retryable are sent again."""
        remaining = iter(keys)
        while batch := list(itertools.islice(remaining, self.limits.delete_batch_max)):
            yield from self._delete_batch(batch)

    def _delete_batch(self, keys: list[str]) -> Iterator[DeleteError]:
        attempt = 1
        while keys:
            request = functools.partial(self._delete_once, keys)
            failed = self.retrier.call("delete", self.uri, request)
            # Only what was asked for is sent again, whatever an answer names.
            asked = set(keys)
            again = [one for one in failed if one.error.retryable and one.key in asked]
            yield from (one for one in failed if not (one.error.retryable and one.key in asked))
            if not again:
                return
            try:
                self.retrier.pause(again[0].error, "delete", self.uri, attempt)
            except errors.CancelledError:
                raise
            except errors.S3dlioError:
                yield from again
                return
            keys = [failure.key for failure in again]
            attempt += 1

    def _delete_once(self, keys: list[str]) -> list[DeleteError]:
        return list(self.inner.delete_many(keys))

    def tags(self, key: str, *, version: str | None = None) -> Mapping[str, str]:
        """Return an object's tags."""
        call = functools.partial(self.inner.tags, key, version=version)
        return self.retrier.call("get tags", self.uri_of(key), call)

    def content_check(self, info: ObjectInfo, *, version: str | None = None) -> ContentCheck | None:
        """Return the inner store's, whose own requests are made again, too, if need be."""
        call = functools.partial(self.inner.content_check, info, version=version)
        check = self.retrier.call("stat", self.uri_of(info.key), call)
        self.retry_check(info.key, check)
        return check

    def retry_check(self, key: str, check: ContentCheck | None) -> None:
        """Let a check make its requests again, if need be."""
        if check is not None:
            check.retry_with(functools.partial(self.retrier.call, "stat", self.uri_of(key)))

    def presign(
        self, key: str, *, method: str = "GET", expires_s: int = 3600, version: str | None = None
    ) -> str:
        """Return the inner store's URL; what finds credentials is asked again if need be."""
        call = functools.partial(
            self.inner.presign, key, method=method, expires_s=expires_s, version=version
        )
        return self.retrier.call("presign", self.uri_of(key), call)

    def close(self) -> None:
        """Close the inner store, and the provider that was opened for it."""
        try:
            self.inner.close()
        finally:
            if self._owner is not None:
                self._owner.close()


class RetryingProvider(StoreProvider):
    """A provider whose calls are retried and whose stores retry; they share one budget."""

    def __init__(
        self,
        inner: StoreProvider,
        policy: RetryPolicy | None = None,
        cancel: CancelToken | None = None,
        side: str = "",
    ) -> None:
        """Wrap a provider; for the arguments see `Retrier`."""
        self.inner = inner
        self.retrier = Retrier(policy, cancel, side)
        self.containers_are_paths = inner.containers_are_paths

    def __reduce__(self) -> tuple[type[RetryingProvider], tuple[StoreProvider, RetryPolicy]]:
        return type(self), (self.inner, self.retrier.policy)

    @classmethod
    def from_options(cls, scheme: str, options: Mapping[str, str], host: str = "") -> Self:
        """Refuse: wrap a provider instead."""
        del scheme, options, host
        raise errors.UsageError("a retrying provider is made from another provider")

    def open(self, container: str) -> RetryingStore:
        """Open a container, wrapped."""
        return RetryingStore(self.inner.open(container), retrier=self.retrier)

    def list_containers(self) -> Iterator[ContainerInfo]:
        """Yield the containers; the list is read whole, so that it can be read again."""
        return iter(
            self.retrier.call("list containers", "", lambda: list(self.inner.list_containers()))
        )

    def create_container(self, name: str) -> None:
        """Create a container; "exists" after a lost answer means that it was created."""

        def resolve(error: errors.S3dlioError) -> bool | None:
            return True if isinstance(error, errors.ContainerExistsError) else None

        self.retrier.call("create", name, lambda: self._create(name), resolve)

    def _create(self, name: str) -> bool:
        self.inner.create_container(name)
        return True

    def delete_container(self, name: str) -> None:
        """Delete a container; "not found" after a lost answer means that it was deleted."""

        def resolve(error: errors.S3dlioError) -> bool | None:
            return True if isinstance(error, errors.ContainerNotFoundError) else None

        self.retrier.call("delete", name, lambda: self._delete(name), resolve)

    def _delete(self, name: str) -> bool:
        self.inner.delete_container(name)
        return True

    def container_exists(self, name: str) -> bool:
        """Return whether it exists."""
        return self.retrier.call("stat", name, lambda: self.inner.container_exists(name))

    def close(self) -> None:
        """Close the inner provider."""
        self.inner.close()
