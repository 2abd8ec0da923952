"""A store that fails on request: `FaultyStore` wraps any other, and each `Fault` is one plan.

Rules that hold in this file:
- Without a fault each call is handed on unchanged.
- A fault names the operation as the contract's method is called ("put", "list_page", "complete" …);
  "read" is a reader's `readinto`.
- Faults and calls are counted under a lock, so they may be used from many threads.
"""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from s3dlio_core.errors import Scope
from s3dlio_core.store import (
    Attributes,
    Buffer,
    Condition,
    CopySource,
    DeleteError,
    MultipartInfo,
    MultipartUpload,
    ObjectInfo,
    ObjectReader,
    ObjectStore,
    Page,
    Part,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from _typeshed import WriteableBuffer

    from s3dlio_core.content_check import ContentCheck
    from s3dlio_core.errors import S3dlioError
    from s3dlio_core.store import ListError

__all__ = ["Call", "Fault", "FaultyStore"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Fault:
    """When to fail, and how.

    Attributes:
        operation: a method of the contract, or "read" for a reader's `readinto`.
        error: what is raised, as a copy; its operation and URI are filled in where they are empty.
        key: only for this key (for `list_page`: this prefix), or None for any.
        times: how often it fails, or None for ever.
        skip: how many matching calls pass before the first failure.
        after: the call is carried out first and its answer is lost; else it fails before. Not
            for "read" and "delete_many", which always fail before.
        after_bytes: "read" only: how many bytes of the body come before the failure.
    """

    operation: str
    error: S3dlioError
    key: str | None = None
    times: int | None = 1
    skip: int = 0
    after: bool = False
    after_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One call that a FaultyStore received.

    Attributes:
        operation: the method's name, or "read".
        key: the key, or the prefix of a listing.
        failed: whether a fault struck.
    """

    operation: str
    key: str
    failed: bool


class _Plan:
    """The faults that are left, and the calls so far."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._lock = threading.Lock()
        self._left: list[tuple[Fault, list[int]]] = [(fault, [0]) for fault in faults]
        self.calls: list[Call] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._left.append((fault, [0]))

    def strike(self, operation: str, key: str, done_bytes: int = 0) -> Fault | None:
        """Record a call and return the fault that strikes it."""
        with self._lock:
            struck = None
            for fault, seen in self._left:
                if not self._matches(fault, operation, key, done_bytes):
                    continue
                seen[0] += 1
                end = None if fault.times is None else fault.skip + fault.times
                if seen[0] > fault.skip and (end is None or seen[0] <= end):
                    struck = fault
                    break
            self.calls.append(Call(operation, key, struck is not None))
            return struck

    def _matches(self, fault: Fault, operation: str, key: str, done_bytes: int) -> bool:
        return (
            fault.operation == operation
            and fault.key in {None, key}
            and done_bytes >= fault.after_bytes
        )

    def limit_bytes(self, key: str, done_bytes: int) -> int | None:
        """Return how many bytes a read may give before a fault's place, or None."""
        with self._lock:
            places = [
                fault.after_bytes - done_bytes
                for fault, _ in self._left
                if fault.operation == "read"
                and fault.key in {None, key}
                and fault.after_bytes > done_bytes
            ]
        return min(places, default=None)

    def run(self, operation: str, key: str, uri: str, call: Callable[[], _T]) -> _T:
        """Make a call, unless a fault strikes."""
        fault = self.strike(operation, key)
        if fault is None:
            return call()
        if fault.after:
            call()
        raise named(fault.error, operation, uri)


def named(error: S3dlioError, operation: str, uri: str) -> S3dlioError:
    """Return a copy of an error that names operation and URI."""
    copied = copy.copy(error)
    copied.operation = copied.operation or operation
    copied.uri = copied.uri or uri
    return copied


class FaultyStore(ObjectStore):
    """Wraps a store and fails as planned.

    Args:
        inner: the store that does the work.
        faults: what is to fail; `add` plans more.
    """

    def __init__(self, inner: ObjectStore, faults: Sequence[Fault] = ()) -> None:
        self.inner = inner
        self.limits = inner.limits
        self.capabilities = inner.capabilities
        self._plan = _Plan(faults)

    def __reduce__(self) -> tuple[type[FaultyStore], tuple[ObjectStore]]:
        return type(self), (self.inner,)

    def add(self, fault: Fault) -> None:
        """Plan another fault."""
        self._plan.add(fault)

    @property
    def calls(self) -> list[Call]:
        """The calls so far, in the order of their arrival."""
        return list(self._plan.calls)

    def count(self, operation: str, *, failed: bool | None = None) -> int:
        """Return how many calls of an operation came, or of those how many failed or didn't."""
        return sum(
            call.operation == operation and failed in {None, call.failed} for call in self.calls
        )

    @property
    def uri(self) -> str:
        """The inner store's."""
        return self.inner.uri

    def uri_of(self, key: str) -> str:
        """Return the inner store's."""
        return self.inner.uri_of(key)

    def check_key(self, key: str) -> None:
        """Hand on."""
        self.inner.check_key(key)

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Hand on, or fail."""
        return self._run("head", key, lambda: self.inner.head(key, version=version))

    def list_page(
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        """Hand on, or fail."""
        return self._run(
            "list_page",
            prefix,
            lambda: self.inner.list_page(
                prefix,
                delimiter=delimiter,
                token=token,
                start_after=start_after,
                page_size=page_size,
            ),
        )

    def list_entered(
        self, prefix: str, enter: Callable[[str], bool]
    ) -> Iterator[ObjectInfo | ListError] | None:
        """Hand on, or fail."""
        return self._run("list_entered", prefix, lambda: self.inner.list_entered(prefix, enter))

    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Hand on, or fail; "read" faults strike the reader."""
        reader = self._run(
            "open_reader",
            key,
            lambda: self.inner.open_reader(key, start, stop, if_match=if_match, version=version),
        )
        return FaultyReader(reader, self._plan, key, self.uri_of(key))

    def put(
        self,
        key: str,
        buffer: Buffer,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Hand on, or fail."""
        return self._run(
            "put",
            key,
            lambda: self.inner.put(key, buffer, attributes=attributes, condition=condition),
        )

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
        """Hand on, or fail; the upload's methods may fail, too."""
        upload = self._run(
            "create_multipart",
            key,
            lambda: self.inner.create_multipart(
                key,
                size_bytes=size_bytes,
                part_size_bytes=part_size_bytes,
                attributes=attributes,
                condition=condition,
                checksum=checksum,
            ),
        )
        return FaultyUpload(upload, self._plan, self.uri_of(key))

    def resume_multipart(self, key: str, token: str) -> MultipartUpload:
        """Hand on, or fail; the upload's methods may fail, too."""
        upload = self._run("resume_multipart", key, lambda: self.inner.resume_multipart(key, token))
        return FaultyUpload(upload, self._plan, self.uri_of(key))

    def list_multiparts(self, prefix: str = "") -> Iterator[MultipartInfo]:
        """Hand on, or fail."""
        return self._run("list_multiparts", prefix, lambda: self.inner.list_multiparts(prefix))

    def remarks(self) -> tuple[str, ...]:
        """Return the inner store's."""
        return self.inner.remarks()

    def copy_source(
        self, key: str, etag: str | None = None, version: str | None = None
    ) -> CopySource:
        """Hand on."""
        return self.inner.copy_source(key, etag, version)

    def copy_from(
        self,
        source: CopySource,
        key: str,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Hand on, or fail."""
        return self._run(
            "copy_from",
            key,
            lambda: self.inner.copy_from(source, key, attributes=attributes, condition=condition),
        )

    def tags(self, key: str, *, version: str | None = None) -> Mapping[str, str]:
        """Hand on, or fail."""
        return self._run("tags", key, lambda: self.inner.tags(key, version=version))

    def rename_from(
        self, source: CopySource, key: str, *, condition: Condition | None = None
    ) -> ObjectInfo:
        """Hand on, or fail."""
        return self._run(
            "rename_from",
            key,
            lambda: self.inner.rename_from(source, key, condition=condition),
        )

    def delete(self, key: str) -> None:
        """Hand on, or fail."""
        self._run("delete", key, lambda: self.inner.delete(key))

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        """Hand on what no fault strikes; a struck key is yielded, or raised if it is no object's.

        A fault names the operation "delete_many" and, if it likes, a key.
        """
        struck: list[DeleteError] = []

        def passing() -> Iterator[str]:
            for key in keys:
                fault = self._plan.strike("delete_many", key)
                if fault is None:
                    yield key
                    continue
                error = named(fault.error, "delete_many", self.uri_of(key))
                if error.scope is not Scope.OBJECT:
                    raise error
                struck.append(DeleteError(key, error))

        yield from self.inner.delete_many(passing())
        yield from struck

    def content_check(self, info: ObjectInfo, *, version: str | None = None) -> ContentCheck | None:
        """Hand on, or fail."""
        return self._run(
            "content_check",
            info.key,
            lambda: self.inner.content_check(info, version=version),
        )

    def presign(
        self, key: str, *, method: str = "GET", expires_s: int = 3600, version: str | None = None
    ) -> str:
        """Return the inner store's URL."""
        return self._run(
            "presign",
            key,
            lambda: self.inner.presign(key, method=method, expires_s=expires_s, version=version),
        )

    def close(self) -> None:
        """Close the inner store."""
        self.inner.close()

    def _run(self, operation: str, key: str, call: Callable[[], _T]) -> _T:
        return self._plan.run(operation, key, self.uri_of(key), call)


class FaultyUpload(MultipartUpload):
    """An upload of a FaultyStore."""

    def __init__(self, inner: MultipartUpload, plan: _Plan, uri: str) -> None:
        self._inner = inner
        self._plan = plan
        self._uri = uri

    @property
    def key(self) -> str:
        """The inner upload's."""
        return self._inner.key

    @property
    def token(self) -> str:
        """The inner upload's."""
        return self._inner.token

    def put_part(self, number: int, offset_bytes: int, buffer: Buffer) -> Part:
        """Hand on, or fail."""
        return self._run("put_part", lambda: self._inner.put_part(number, offset_bytes, buffer))

    def copy_part(
        self, number: int, offset_bytes: int, source: CopySource, start: int, stop: int
    ) -> Part:
        """Hand on, or fail."""
        return self._run(
            "copy_part",
            lambda: self._inner.copy_part(number, offset_bytes, source, start, stop),
        )

    def parts(self) -> Iterator[Part]:
        """Hand on, or fail."""
        return self._run("parts", self._inner.parts)

    def complete(self, parts: Sequence[Part]) -> ObjectInfo:
        """Hand on, or fail."""
        return self._run("complete", lambda: self._inner.complete(parts))

    def expected_etag(self, parts: Sequence[Part]) -> str | None:
        """Hand on."""
        return self._inner.expected_etag(parts)

    def is_result(self, info: ObjectInfo, parts: Sequence[Part]) -> bool:
        """Hand on."""
        return self._inner.is_result(info, parts)

    def abort(self) -> None:
        """Hand on, or fail."""
        self._run("abort", self._inner.abort)

    def _run(self, operation: str, call: Callable[[], _T]) -> _T:
        return self._plan.run(operation, self._inner.key, self._uri, call)


class FaultyReader(ObjectReader):
    """A reader of a FaultyStore: gives `after_bytes` of its body, then fails."""

    def __init__(self, inner: ObjectReader, plan: _Plan, key: str, uri: str) -> None:
        super().__init__()
        self._inner = inner
        self._plan = plan
        self._key = key
        self._uri = uri
        self._done_bytes = 0

    @property
    def info(self) -> ObjectInfo:
        """The inner reader's."""
        return self._inner.info

    @property
    def check(self) -> ContentCheck | None:
        """The inner reader's."""
        return self._inner.check

    @check.setter
    def check(self, check: ContentCheck | None) -> None:
        self._inner.check = check

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Hand on up to the place of the next fault, and fail there."""
        fault = self._plan.strike("read", self._key, self._done_bytes)
        if fault is not None:
            raise named(fault.error, "read", self._uri)
        view = memoryview(buffer).cast("B")
        limit_bytes = self._plan.limit_bytes(self._key, self._done_bytes)
        count = self._inner.readinto(view if limit_bytes is None else view[:limit_bytes]) or 0
        self._done_bytes += count
        return count

    def close(self) -> None:
        """Close the inner reader."""
        self._inner.close()
        super().close()
