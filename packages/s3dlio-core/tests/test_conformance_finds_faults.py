"""The conformance suite is itself tested: each broken store below fails a named test of it.

A broken store is the sound memory store with one fault. The named test is the shipped one, called
with fixtures made by hand; it must pass on the sound store and fail on the broken one.
"""

# ruff: noqa: D102, D106 - each class says what its overridden method does wrong

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import itertools
import time
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import _memory_container as memory
from s3dlio_core.content_check import ContentCheck, Outcome
from s3dlio_core.errors import (
    ContainerNotFoundError,
    InvalidPartError,
    InvalidRangeError,
    ObjectNotFoundError,
    PreconditionFailedError,
    S3dlioError,
)
from s3dlio_core.memory_store import MemoryProvider, MemoryReader, MemoryStore, MemoryUpload
from s3dlio_core.mtimes import kept_mtime_s
from s3dlio_core.store import Attributes, Capabilities, Limits, ObjectInfo, Page
from s3dlio_core.testing import ObjectStoreTests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from s3dlio_core.store import (
        Buffer,
        Condition,
        CopySource,
        DeleteError,
        MultipartInfo,
        MultipartUpload,
        ObjectReader,
        ObjectStore,
        Part,
    )


class Suite(ObjectStoreTests):
    """The shipped tests, over containers of memory."""

    model_examples = 10

    def raw_put(self, store: ObjectStore, key: str, data: bytes) -> None:
        info = ObjectInfo(key, len(data), time.time(), memory.new_etag(), attributes=Attributes())
        container = _container(store)
        with container.lock:
            container.set(key, memory.Stored(info, data))

    def raw_get(self, store: ObjectStore, key: str) -> bytes:
        return _container(store).objects[key].content


def _container(store: ObjectStore) -> memory.Container:
    assert isinstance(store, MemoryStore)
    return store._handle.container("raw")


def run(test_name: str, cls: type[MemoryStore | MemoryProvider]) -> None:
    """Call a test of the suite with each of its parameters, on a fresh store each time."""
    test = getattr(Suite(), test_name)
    wanted = inspect.signature(test).parameters
    for parameters in _parameter_sets(test):
        name = uuid.uuid4().hex
        memory.create_container(name)
        store_class = cls if issubclass(cls, MemoryStore) else MemoryStore
        fixtures = {
            "store": store_class(name, limits=_LIMITS),
            "versioned_store": store_class(
                name, limits=_LIMITS, capabilities=Capabilities(versions=True)
            ),
            "prefix": "prefix/",
            "provider": cls() if issubclass(cls, MemoryProvider) else MemoryProvider(),
            "another_container_name": f"another-{name}",
            "missing_container_store": store_class(f"missing-{name}"),
        }
        test(**{key: value for key, value in fixtures.items() if key in wanted}, **parameters)


#: Small batches, so that the tests of them are quick.
_LIMITS = Limits(put_size_max_bytes=2**40, delete_batch_max=3)


def _parameter_sets(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """Yield what the `parametrize` marks of a test ask for."""
    axes: list[list[dict[str, Any]]] = []
    for mark in getattr(test, "pytestmark", []):
        names = mark.args[0]
        if isinstance(names, str):
            axes.append([{names: value} for value in mark.args[1]])
        else:
            axes.append([dict(zip(names, values, strict=True)) for values in mark.args[1]])
    for choice in itertools.product(*axes):
        merged: dict[str, Any] = {}
        for part in choice:
            merged |= part
        yield merged


# Reading


class StopOffByOne(MemoryStore):
    """A range includes its stop."""

    def open_reader(
        self, key: str, start: int = 0, stop: int | None = None, **options: Any
    ) -> ObjectReader:
        return super().open_reader(key, start, None if stop is None else stop + 1, **options)


class StartOffByOne(MemoryStore):
    """A range begins one byte late."""

    def open_reader(
        self, key: str, start: int = 0, stop: int | None = None, **options: Any
    ) -> ObjectReader:
        late = start + 1 if start and (stop is None or stop > start) else start
        return super().open_reader(key, late, stop, **options)


class StopBeyondTheEndFails(MemoryStore):
    """A stop beyond the end is an error."""

    def open_reader(
        self, key: str, start: int = 0, stop: int | None = None, **options: Any
    ) -> ObjectReader:
        if stop is not None and stop > self.head(key).size_bytes:
            self._handle.fail(InvalidRangeError, "beyond the end", "read", key)
        return super().open_reader(key, start, stop, **options)


class WrongRangeIsEmpty(MemoryStore):
    """A range outside the object is read as nothing."""

    def open_reader(
        self, key: str, start: int = 0, stop: int | None = None, **options: Any
    ) -> ObjectReader:
        try:
            return super().open_reader(key, start, stop, **options)
        except InvalidRangeError:
            return super().open_reader(key, 0, 0, **options)


class InfoHasTheRangesSize(MemoryStore):
    """A reader of a range tells the range's size as the object's."""

    def open_reader(
        self, key: str, start: int = 0, stop: int | None = None, **options: Any
    ) -> ObjectReader:
        stored = self._handle.find("read", key)
        begin, end = self._handle.cut("read", stored, start, stop)
        info = dataclasses.replace(stored.info, size_bytes=end - begin)
        return MemoryReader(dataclasses.replace(stored, info=info), begin, end)


class ReadIgnoresIfMatch(MemoryStore):
    """A read doesn't look at its condition."""

    def open_reader(
        self, key: str, start: int = 0, stop: int | None = None, **options: Any
    ) -> ObjectReader:
        return super().open_reader(key, start, stop)


class EmptyObjectIsNotFound(MemoryStore):
    """An object of no bytes counts as missing."""

    def head(self, key: str, **options: Any) -> ObjectInfo:
        info = super().head(key, **options)
        if not info.size_bytes:
            self._handle.fail(ObjectNotFoundError, "no such object", "head", key)
        return info


class BodyEndsEarly(MemoryStore):
    """A reader gives one buffer of bytes, and then says that it is at the end."""

    class Reader(MemoryReader):
        """Reads once."""

        used = False

        def readinto(self, buffer: Any, /) -> int:
            if self.used or not memoryview(buffer).nbytes:
                return 0
            self.used = True
            return super().readinto(buffer)

    def open_reader(
        self, key: str, start: int = 0, stop: int | None = None, **options: Any
    ) -> ObjectReader:
        stored = self._handle.find("read", key)
        return self.Reader(stored, *self._handle.cut("read", stored, start, stop))


class ReaderMixesVersions(MemoryStore):
    """A reader looks the object up again on each read."""

    class Reader(MemoryReader):
        """Reads from what is there now."""

        def __init__(self, store: MemoryStore, key: str, start: int, stop: int) -> None:
            super().__init__(store._handle.find("read", key), start, stop)
            self._store, self._at, self._stop = store, start, stop

        def readinto(self, buffer: Any, /) -> int:
            content = self._store._handle.find("read", self.info.key).content
            self._rest = memoryview(content)[self._at : self._stop]
            count = super().readinto(buffer)
            self._at += count
            return count

    def open_reader(
        self, key: str, start: int = 0, stop: int | None = None, **options: Any
    ) -> ObjectReader:
        stored = self._handle.find("read", key)
        return self.Reader(self, key, *self._handle.cut("read", stored, start, stop))


# Listing


class UnpagedList(MemoryStore):
    """A listing doesn't look at the page size."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        return super().list_page(prefix, **{**options, "page_size": None})


class FirstPageOnly(MemoryStore):
    """A listing ends after its first page."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        return dataclasses.replace(super().list_page(prefix, **options), next_token=None)


class ListStopsAtAnEmptyRest(MemoryStore):
    """A listing loses the last key of every full page but the last."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        page = super().list_page(prefix, **options)
        if page.next_token is None or len(page.objects) < 2:
            return page
        return dataclasses.replace(page, objects=page.objects[:-1])


class TokenRepeatsTheLastKey(MemoryStore):
    """A page begins with the last key of the page before."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        page = super().list_page(prefix, **options)
        last = str(options.get("token") or "").partition(":")[2]
        if last not in _container(self).objects:
            return page
        return dataclasses.replace(page, objects=[self.head(last), *page.objects][:-1])


class ListIsUnsorted(MemoryStore):
    """A page lists its keys backwards."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        page = super().list_page(prefix, **options)
        return dataclasses.replace(page, objects=page.objects[::-1])


class ListIsInUtf16Order(MemoryStore):
    """Keys are listed in the order of their UTF-16 units."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        page = super().list_page(prefix, **options)
        objects = sorted(page.objects, key=lambda info: info.key.encode("utf-16-be"))
        return dataclasses.replace(page, objects=objects)


class PrefixIsASegment(MemoryStore):
    """A prefix is taken for a directory."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        page = super().list_page(prefix, **options)
        below = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
        objects = [info for info in page.objects if info.key.startswith(below)]
        return dataclasses.replace(page, objects=objects)


class CommonPrefixesRepeat(MemoryStore):
    """A common prefix comes once for each of its keys."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        page = super().list_page(prefix, **options)
        if not page.prefixes:
            return page
        begin = page.prefixes[-1]
        keys = [key for key in _container(self).keys if key.startswith(begin)]
        prefixes = [*page.prefixes, *[begin for _ in keys[1:]]]
        return dataclasses.replace(page, prefixes=prefixes)


class StartAfterIsInclusive(MemoryStore):
    """A listing begins with `start_after` itself."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        page = super().list_page(prefix, **options)
        after = options.get("start_after", "")
        if options.get("token") is None and after in _container(self).objects:
            return dataclasses.replace(page, objects=[self.head(after), *page.objects])
        return page


class ListDecodesKeys(MemoryStore):
    """A listing percent-decodes its keys."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        page = super().list_page(prefix, **options)
        objects = [
            dataclasses.replace(info, key=urllib.parse.unquote_plus(info.key))
            for info in page.objects
        ]
        return dataclasses.replace(page, objects=objects)


class ListTellsOtherEtags(MemoryStore):
    """A listing leaves the ETags in quotes."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        page = super().list_page(prefix, **options)
        objects = [dataclasses.replace(info, etag=f'"{info.etag}"') for info in page.objects]
        return dataclasses.replace(page, objects=objects)


class DelimiterIsIgnored(MemoryStore):
    """A delimiter doesn't roll anything up."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        return super().list_page(prefix, **{**options, "delimiter": ""})


# Deleting


class DeletesNeighbours(MemoryStore):
    """A delete takes every key that begins so."""

    def delete(self, key: str) -> None:
        super().delete(key)
        for other in [other for other in _container(self).keys if other.startswith(key)]:
            super().delete(other)


class DeletesBelow(MemoryStore):
    """A delete of a directory's name takes what is in it."""

    def delete(self, key: str) -> None:
        super().delete(key)
        below = key if key.endswith("/") else f"{key}/"
        for other in [other for other in _container(self).keys if other.startswith(below)]:
            super().delete(other)


class DeleteOfAMissingKeyFails(MemoryStore):
    """Deleting twice is an error."""

    def delete(self, key: str) -> None:
        if key:
            self.head(key)
        super().delete(key)


class DeleteDoesNothing(MemoryStore):
    """A delete answers as if all were well."""

    def delete(self, key: str) -> None:
        self._handle.check_key("delete", key)
        self._handle.container("delete")


class EmptyKeyDeletesEverything(MemoryStore):
    """A delete of the empty key goes to the container."""

    def delete(self, key: str) -> None:
        for each in [key] if key else list(_container(self).keys):
            super().delete(each)


class DeleteManySwallowsErrors(MemoryStore):
    """Keys that could not be deleted aren't told."""

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        list(super().delete_many(keys))
        return iter(())


class DeleteManyDropsTheLastBatch(MemoryStore):
    """Keys that don't fill a batch stay."""

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        batch: list[str] = []
        for key in keys:
            batch.append(key)
            if len(batch) == self.limits.delete_batch_max:
                yield from super().delete_many(batch)
                batch = []


class DeleteManyCollectsAllKeys(MemoryStore):
    """Nothing is deleted before the last key is known."""

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        return super().delete_many(list(keys))


class DeleteManyStopsAtAnError(MemoryStore):
    """After a key that can't be deleted the others stay."""

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        for error in super().delete_many(keys):
            yield error
            return


# Putting


class HalfAPutIsVisible(MemoryStore):
    """An object grows under its key."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        view = memoryview(buffer).cast("B")
        super().put(key, view[: len(view) // 2], **options)
        time.sleep(0.001)  # long enough for a reader to come by
        return super().put(key, view, **options)


class PutKeepsTheBuffer(MemoryStore):
    """The caller's buffer is the object."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        info = super().put(key, buffer, **options)
        kept: Any = memoryview(buffer)
        _container(self).set(key, memory.Stored(info, kept))
        return info


class PutAppends(MemoryStore):
    """A put adds to the object that is there."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        present = _container(self).objects.get(key)
        before = present.content if present else b""
        return super().put(key, before + bytes(buffer), **options)


class PutCountsItems(MemoryStore):
    """A put takes the length of a view for its size in bytes."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        return super().put(key, bytes(buffer)[: len(buffer)], **options)


class PutDropsAttributes(MemoryStore):
    """A put forgets content headers and metadata."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        return super().put(key, buffer, condition=options.get("condition"))


class OldAttributesStay(MemoryStore):
    """A put without attributes keeps those of the object before it."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        present = _container(self).objects.get(key)
        if options.get("attributes") is None and present is not None:
            options["attributes"] = present.info.attributes
        return super().put(key, buffer, **options)


class MetadataAreItsTime(MemoryStore):
    """The time of an object is that of its metadata, which it doesn't declare."""

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        info = super().head(key, version=version)
        return dataclasses.replace(info, mtime=kept_mtime_s(info.attributes) or info.mtime)


class EtagStays(MemoryStore):
    """An overwrite of the same size keeps the ETag."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        info = super().put(key, buffer, **options)
        same = dataclasses.replace(info, etag=f"{info.size_bytes:x}")
        _container(self).set(key, memory.Stored(same, bytes(buffer)))
        return same


class PutAnswersAnotherEtag(MemoryStore):
    """The ETag that a put answers isn't the object's."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        info = super().put(key, buffer, **options)
        return dataclasses.replace(info, etag=memory.new_etag())


class PutDecodesKeys(MemoryStore):
    """A key is percent-decoded on its way in."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        return super().put(urllib.parse.unquote(key), buffer, **options)


class PutLowersKeys(MemoryStore):
    """Keys lose their capital letters."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        return super().put(key.lower(), buffer, **options)


class PutCollapsesSlashes(MemoryStore):
    """Two slashes in a key become one."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        return super().put(key.replace("//", "/"), buffer, **options)


# Conditions


class IfAbsentIsIgnored(MemoryStore):
    """A put doesn't look whether the key is free."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        condition: Condition | None = options.get("condition")
        if condition is not None and condition.if_absent:
            options["condition"] = None
        return super().put(key, buffer, **options)


class IfMatchIsIgnored(MemoryStore):
    """A put doesn't look at the ETag."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        condition: Condition | None = options.get("condition")
        if condition is not None and condition.if_match is not None:
            options["condition"] = None
        return super().put(key, buffer, **options)


class FailedConditionWrites(MemoryStore):
    """A put whose condition fails says so, and writes all the same."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        try:
            return super().put(key, buffer, **options)
        except PreconditionFailedError:
            super().put(key, buffer)
            raise


class ConditionIsCheckedTooEarly(MemoryStore):
    """Between the check of a condition and the write others may write."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        condition: Condition | None = options.pop("condition", None)
        if condition is not None:
            present = _container(self).objects.get(key)
            if condition.if_absent and present is not None:
                self._handle.fail(PreconditionFailedError, "it exists", "put", key)
            time.sleep(0.001)  # long enough for another thread to come by
        return super().put(key, buffer, **options)


# Multipart uploads


class _OtherUploads(MemoryStore):
    """A memory store whose uploads are of another class."""

    upload_class: type[MemoryUpload] = MemoryUpload

    def create_multipart(self, key: str, **options: Any) -> MultipartUpload:
        upload = super().create_multipart(key, **options)
        return self.upload_class(self._handle, key, upload.token)


class PartsJoinInOrderOfArrival(_OtherUploads):
    """The object has its parts in the order in which they came."""

    class Upload(MemoryUpload):
        def complete(self, parts: Sequence[Part]) -> ObjectInfo:
            with self._handle.locked("complete") as container:
                arrived = list(self._find(container, "complete").parts.values())
            super().complete(parts)
            content = b"".join(data for _, data in arrived)
            with self._handle.locked("complete") as container:
                return self._handle.write(container, "complete", self._key, content, None, None)

    upload_class = Upload


class MissingPartIsLeftOut(_OtherUploads):
    """Completing leaves out parts that were never stored."""

    class Upload(MemoryUpload):
        def complete(self, parts: Sequence[Part]) -> ObjectInfo:
            held = {part.number for part in self.parts()}
            return super().complete([part for part in parts if part.number in held])

    upload_class = Upload


class PartEtagIsIgnored(_OtherUploads):
    """Completing doesn't look at the parts' ETags."""

    class Upload(MemoryUpload):
        def complete(self, parts: Sequence[Part]) -> ObjectInfo:
            held = {part.number: part for part in self.parts()}
            return super().complete([held.get(part.number, part) for part in parts])

    upload_class = Upload


class PartErrorIsSwallowed(_OtherUploads):
    """An error of a part is logged away, and completing goes on with what is there."""

    class Upload(MemoryUpload):
        def complete(self, parts: Sequence[Part]) -> ObjectInfo:
            try:
                return super().complete(parts)
            except InvalidPartError:
                return super().complete(list(self.parts())[:1])

    upload_class = Upload


class AbortDeletesTheObject(_OtherUploads):
    """Aborting deletes the key."""

    class Upload(MemoryUpload):
        def abort(self) -> None:
            super().abort()
            with self._handle.locked("abort") as container:
                container.discard(self._key)

    upload_class = Upload


class AbortFailsTheSecondTime(_OtherUploads):
    """Aborting twice is an error."""

    class Upload(MemoryUpload):
        def abort(self) -> None:
            self.check("abort")
            super().abort()

    upload_class = Upload


class AbortLeavesTheUpload(_OtherUploads):
    """An aborted upload stays."""

    class Upload(MemoryUpload):
        def abort(self) -> None:
            """Do nothing."""

    upload_class = Upload


class PartsAreVisible(_OtherUploads):
    """A part shows under the key before the upload is complete."""

    class Upload(MemoryUpload):
        def put_part(self, number: int, offset_bytes: int, buffer: Buffer) -> Part:
            with self._handle.locked("put_part") as container:
                self._handle.write(container, "put", self._key, bytes(buffer), None, None)
            return super().put_part(number, offset_bytes, buffer)

    upload_class = Upload


class FirstPutOfAPartCounts(_OtherUploads):
    """A part that is stored again is ignored."""

    class Upload(MemoryUpload):
        def put_part(self, number: int, offset_bytes: int, buffer: Buffer) -> Part:
            for part in self.parts():
                if part.number == number:
                    return part
            return super().put_part(number, offset_bytes, buffer)

    upload_class = Upload


class PartKeepsTheBuffer(_OtherUploads):
    """The caller's buffer is the part."""

    class Upload(MemoryUpload):
        def put_part(self, number: int, offset_bytes: int, buffer: Buffer) -> Part:
            part = super().put_part(number, offset_bytes, buffer)
            kept: Any = buffer
            with self._handle.locked("put_part") as container:
                self._find(container, "put_part").parts[number] = (part, kept)
            return part

    upload_class = Upload


class EmptyPartIsTaken(_OtherUploads):
    """A part may be empty."""

    class Upload(MemoryUpload):
        def put_part(self, number: int, offset_bytes: int, buffer: Buffer) -> Part:
            return super().put_part(number, offset_bytes, buffer or b" ")

    upload_class = Upload


class CompleteAnswersAWrongSize(_OtherUploads):
    """Completing answers the size of the last part."""

    class Upload(MemoryUpload):
        def complete(self, parts: Sequence[Part]) -> ObjectInfo:
            info = super().complete(parts)
            return dataclasses.replace(info, size_bytes=parts[-1].size_bytes)

    upload_class = Upload


class UploadIgnoresItsCondition(MemoryStore):
    """Completing doesn't look whether the key is still free."""

    def create_multipart(self, key: str, **options: Any) -> MultipartUpload:
        return super().create_multipart(key, **{**options, "condition": None})


class UploadDropsAttributes(MemoryStore):
    """An upload forgets content headers and metadata."""

    def create_multipart(self, key: str, **options: Any) -> MultipartUpload:
        return super().create_multipart(key, **{**options, "attributes": None})


class UploadsOfAKeyMix(MemoryStore):
    """There is one upload a key."""

    def create_multipart(self, key: str, **options: Any) -> MultipartUpload:
        for token, upload in _container(self).uploads.items():
            if upload.key == key:
                return MemoryUpload(self._handle, key, token)
        return super().create_multipart(key, **options)


class ResumeLosesParts(MemoryStore):
    """A resumed upload begins anew."""

    def resume_multipart(self, key: str, token: str) -> MultipartUpload:
        upload = super().resume_multipart(key, token)
        _container(self).uploads[token].parts.clear()
        return upload


class ListMultipartsIgnoresThePrefix(MemoryStore):
    """All unfinished uploads are listed."""

    def list_multiparts(self, prefix: str = "") -> Iterator[MultipartInfo]:
        return super().list_multiparts()


# Copies


class CopiedPartIsShifted(_OtherUploads):
    """A copied part begins one byte late."""

    class Upload(MemoryUpload):
        def copy_part(
            self, number: int, offset_bytes: int, source: CopySource, start: int, stop: int
        ) -> Part:
            return super().copy_part(number, offset_bytes, source, start + 1, stop + 1)

    upload_class = Upload


class CopyIgnoresTheEtag(MemoryStore):
    """A copy takes the source as it is now."""

    def copy_from(self, source: CopySource, key: str, **options: Any) -> ObjectInfo:
        return super().copy_from(dataclasses.replace(source, etag=None), key, **options)


class CopyDropsMetadata(MemoryStore):
    """A copy forgets the source's attributes."""

    def copy_from(self, source: CopySource, key: str, **options: Any) -> ObjectInfo:
        attributes = options.pop("attributes", None) or Attributes()
        return super().copy_from(source, key, attributes=attributes, **options)


class CopyKeepsMetadata(MemoryStore):
    """A copy ignores the attributes that it is given."""

    def copy_from(self, source: CopySource, key: str, **options: Any) -> ObjectInfo:
        return super().copy_from(source, key, **{**options, "attributes": None})


class CopyTakesAnySource(MemoryStore):
    """A copy takes an object of the same name, whatever service the source names."""

    def copy_from(self, source: CopySource, key: str, **options: Any) -> ObjectInfo:
        return super().copy_from(self.copy_source(source.key), key, **options)


class CopyOfNothingIsEmpty(MemoryStore):
    """A copy of a missing object makes an empty one."""

    def copy_from(self, source: CopySource, key: str, **options: Any) -> ObjectInfo:
        try:
            return super().copy_from(source, key, **options)
        except ObjectNotFoundError:
            return self.put(key, b"")


class RenamesUnannounced(MemoryStore):
    """A rename is carried out although the capability isn't declared."""

    def rename_from(self, source: CopySource, key: str, **options: Any) -> ObjectInfo:
        info = self.copy_from(source, key, **options)
        self.delete(source.key)
        return info


class CopiedPartIgnoresTheEtag(_OtherUploads):
    """A copied part is of the source as it is now."""

    class Upload(MemoryUpload):
        def copy_part(
            self, number: int, offset_bytes: int, source: CopySource, start: int, stop: int
        ) -> Part:
            current = dataclasses.replace(source, etag=None)
            return super().copy_part(number, offset_bytes, current, start, stop)

    upload_class = Upload


# Tags


class PutDropsTags(MemoryStore):
    """A put forgets the tags."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        given = options.pop("attributes", None) or Attributes()
        attributes = dataclasses.replace(given, tags={})
        return super().put(key, buffer, attributes=attributes, **options)


class TagsAreNotCounted(MemoryStore):
    """A description doesn't say how many there are."""

    def head(self, key: str, **options: Any) -> ObjectInfo:
        return dataclasses.replace(super().head(key, **options), tag_count=None)


class ListTellsAttributesWithoutTags(MemoryStore):
    """A listing describes objects whole, but for their tags."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        page = super().list_page(prefix, **options)
        objects = [
            dataclasses.replace(self.head(info.key), tag_count=None) for info in page.objects
        ]
        return dataclasses.replace(page, objects=objects)


class TagsOfNothingAreNone(MemoryStore):
    """A missing object has no tags."""

    def tags(self, key: str, **options: Any) -> Mapping[str, str]:
        try:
            return super().tags(key, **options)
        except ObjectNotFoundError:
            return {}


class UploadDropsTags(MemoryStore):
    """An upload in parts forgets the tags."""

    def create_multipart(self, key: str, **options: Any) -> MultipartUpload:
        options["attributes"] = None
        return super().create_multipart(key, **options)


class CopyDropsTags(MemoryStore):
    """A copy with attributes of its own has no tags of its source."""

    def copy_from(self, source: CopySource, key: str, **options: Any) -> ObjectInfo:
        info = super().copy_from(source, key, **options)
        if options.get("attributes") is None:
            return info
        with self.open_reader(key) as reader:
            return self.put(key, reader.readall(), attributes=options["attributes"])


class CopyMergesTags(MemoryStore):
    """A copy has its source's tags beside those that it is given."""

    def copy_from(self, source: CopySource, key: str, **options: Any) -> ObjectInfo:
        given = options.pop("attributes", None)
        if given is not None:
            given = dataclasses.replace(given, tags={**self.tags(source.key), **given.tags})
        return super().copy_from(source, key, attributes=given, **options)


# Versions


class ReadIgnoresTheVersion(MemoryStore):
    """A read gives the current object, whatever version is asked for."""

    def open_reader(
        self, key: str, start: int = 0, stop: int | None = None, **options: Any
    ) -> ObjectReader:
        return super().open_reader(key, start, stop, if_match=options.get("if_match"))


class HeadIgnoresTheVersion(MemoryStore):
    """A description is that of the current object."""

    def head(self, key: str, **options: Any) -> ObjectInfo:
        return super().head(key)


class VersionsDieWithTheirObject(MemoryStore):
    """A deletion takes the versions with it."""

    def delete(self, key: str) -> None:
        super().delete(key)
        _container(self).versions.clear()


class VersionsAreOfAnyKey(MemoryStore):
    """A version is found under any key."""

    def head(self, key: str, **options: Any) -> ObjectInfo:
        version = options.get("version")
        for (_, name), stored in _container(self).versions.items():
            if name == version:
                return stored.info
        return super().head(key, **options)


class CopyIgnoresTheVersion(MemoryStore):
    """A copy is that of the current object."""

    def copy_source(
        self, key: str, etag: str | None = None, version: str | None = None
    ) -> CopySource:
        return super().copy_source(key, etag)


# Errors and the life of a store


class MissingKeyIsAKeyError(MemoryStore):
    """A missing key is Python's KeyError."""

    def head(self, key: str, **options: Any) -> ObjectInfo:
        return _container(self).objects[key].info


class MissingKeyHasNoUri(MemoryStore):
    """An error doesn't say which object."""

    def head(self, key: str, **options: Any) -> ObjectInfo:
        try:
            return super().head(key, **options)
        except ObjectNotFoundError as error:
            raise ObjectNotFoundError(error.reason, operation="head") from None


class MissingContainerIsAMissingKey(MemoryStore):
    """A missing container is reported as a missing object."""

    def head(self, key: str, **options: Any) -> ObjectInfo:
        try:
            return super().head(key, **options)
        except ContainerNotFoundError:
            self._handle.fail(ObjectNotFoundError, "no such object", "head", key)


class MissingContainerIsEmpty(MemoryStore):
    """A missing container lists nothing."""

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        try:
            return super().list_page(prefix, **options)
        except ContainerNotFoundError:
            return Page(())


class PutCreatesTheContainer(MemoryStore):
    """A put into a missing container creates it."""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        with contextlib.suppress(S3dlioError):
            memory.create_container(self._handle.name)
        return super().put(key, buffer, **options)


class RemarksOfEachPut(MemoryStore):
    """The same is told for each object."""

    _remarks: tuple[str, ...] = ()

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        self._remarks = (*self._remarks, "an object was put")
        return super().put(key, buffer, **options)

    def remarks(self) -> tuple[str, ...]:
        return self._remarks


class PickledStoreForgetsItsContainer(MemoryStore):
    """A pickled store opens another container."""

    def __reduce__(self) -> tuple[type[MemoryStore], tuple[str]]:
        return MemoryStore, ("another",)


class ThreadsShareAReadersPlace(MemoryStore):
    """All readers of a key share one position."""

    readers: dict[str, MemoryReader]

    def open_reader(
        self, key: str, start: int = 0, stop: int | None = None, **options: Any
    ) -> ObjectReader:
        reader = super().open_reader(key, start, stop, **options)
        if not hasattr(self, "readers"):
            self.readers = {}
        assert isinstance(reader, MemoryReader)
        before = self.readers.setdefault(key, reader)
        return reader if before.closed else before


class ComparisonNeverEnds(MemoryStore):
    """It tells of a comparison that no reader makes."""

    def content_check(self, info: ObjectInfo, **options: Any) -> ContentCheck:
        return ContentCheck(Outcome.UNREAD)

    def open_reader(self, key: str, *args: Any, **options: Any) -> ObjectReader:
        reader = super().open_reader(key, *args, **options)
        reader.check = self.content_check(reader.info)
        return reader


class RangesAreNotCompared(MemoryStore):
    """It declares checksums, and gives no check for ranges."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self.capabilities = dataclasses.replace(self.capabilities, read_checksums=True)


class ThreadsShareABuffer(MemoryStore):
    """A put goes through one buffer of the store's."""

    buffer = b""

    def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
        self.buffer = bytes(buffer)
        time.sleep(0.001)  # long enough for another thread to come by
        return super().put(key, self.buffer, **options)


class DeletesContainersWithObjects(MemoryProvider):
    """Deleting a container takes its objects, too."""

    def delete_container(self, name: str) -> None:
        if memory.container_exists(name):
            _container(MemoryStore(name)).objects.clear()
        super().delete_container(name)


class CreatesContainersTwice(MemoryProvider):
    """Creating a container that exists succeeds."""

    def create_container(self, name: str) -> None:
        if not memory.container_exists(name):
            super().create_container(name)


class OpeningCreates(MemoryProvider):
    """Opening a container creates it."""

    def open(self, container: str) -> ObjectStore:
        if not memory.container_exists(container):
            self.create_container(container)
        return super().open(container)


FAULTS: dict[type[MemoryStore | MemoryProvider], str] = {
    StopOffByOne: "test_range",
    StartOffByOne: "test_range",
    StopBeyondTheEndFails: "test_range_beyond_the_end",
    WrongRangeIsEmpty: "test_wrong_range_is_refused",
    InfoHasTheRangesSize: "test_info_has_the_whole_size",
    ReadIgnoresIfMatch: "test_read_if_match_fails",
    EmptyObjectIsNotFound: "test_empty_object_is_found",
    BodyEndsEarly: "test_readinto_fills_buffers_of_any_size",
    ReaderMixesVersions: "test_reader_never_mixes_versions",
    ComparisonNeverEnds: "test_whole_reads_end_their_comparison",
    RangesAreNotCompared: "test_ranges_are_compared_like_the_whole",
    ThreadsShareAReadersPlace: "test_readers_are_independent",
    UnpagedList: "test_pages_hold_each_key_once",
    FirstPageOnly: "test_pages_hold_each_key_once",
    ListStopsAtAnEmptyRest: "test_pages_hold_each_key_once",
    TokenRepeatsTheLastKey: "test_pages_hold_each_key_once",
    ListIsUnsorted: "test_listing_is_ordered_by_utf8_bytes",
    ListIsInUtf16Order: "test_listing_is_ordered_by_utf8_bytes",
    PrefixIsASegment: "test_prefix_is_a_prefix_of_the_string",
    CommonPrefixesRepeat: "test_pages_hold_each_common_prefix_once",
    StartAfterIsInclusive: "test_start_after_is_exclusive",
    ListDecodesKeys: "test_odd_key_survives",
    ListTellsOtherEtags: "test_listing_agrees_with_head",
    DelimiterIsIgnored: "test_delimiter_within_a_prefix",
    DeletesNeighbours: "test_delete_leaves_the_neighbours",
    DeletesBelow: "test_delete_of_a_prefix_deletes_nothing",
    DeleteOfAMissingKeyFails: "test_delete_of_a_missing_key_succeeds",
    DeleteDoesNothing: "test_store_behaves_like_a_dictionary",
    EmptyKeyDeletesEverything: "test_delete_of_an_empty_key_is_refused",
    DeleteManySwallowsErrors: "test_delete_many_names_the_keys_that_failed",
    DeleteManyDropsTheLastBatch: "test_delete_many_goes_beyond_a_batch",
    DeleteManyCollectsAllKeys: "test_delete_many_works_as_keys_come",
    DeleteManyStopsAtAnError: "test_delete_many_names_the_keys_that_failed",
    HalfAPutIsVisible: "test_readers_never_see_half_a_put",
    PutKeepsTheBuffer: "test_put_keeps_no_reference_to_the_buffer",
    PutAppends: "test_put_replaces_the_object",
    PutCountsItems: "test_put_takes_every_buffer",
    PutDropsAttributes: "test_metadata_is_kept",
    OldAttributesStay: "test_put_replaces_attributes",
    MetadataAreItsTime: "test_mtime_is_of_the_write_without_the_capability",
    EtagStays: "test_each_overwrite_changes_the_etag",
    PutAnswersAnotherEtag: "test_put_describes_the_object",
    PutDecodesKeys: "test_odd_key_survives",
    PutLowersKeys: "test_keys_that_look_alike_are_different",
    PutCollapsesSlashes: "test_key_that_is_no_file_name_survives",
    IfAbsentIsIgnored: "test_if_absent_leaves_an_object",
    IfMatchIsIgnored: "test_if_match_of_an_old_etag_fails",
    FailedConditionWrites: "test_if_absent_leaves_an_object",
    ConditionIsCheckedTooEarly: "test_one_of_many_creators_wins",
    PartsJoinInOrderOfArrival: "test_parts_come_in_any_order",
    MissingPartIsLeftOut: "test_missing_part_is_refused",
    PartEtagIsIgnored: "test_wrong_etag_of_a_part_is_refused",
    PartErrorIsSwallowed: "test_missing_part_is_refused",
    AbortDeletesTheObject: "test_abort_leaves_the_old_object",
    AbortFailsTheSecondTime: "test_abort_may_come_twice",
    AbortLeavesTheUpload: "test_complete_after_abort_is_refused",
    PartsAreVisible: "test_upload_is_invisible_until_complete",
    FirstPutOfAPartCounts: "test_last_put_of_a_part_counts",
    PartKeepsTheBuffer: "test_part_keeps_no_reference_to_the_buffer",
    EmptyPartIsTaken: "test_empty_part_is_refused",
    CompleteAnswersAWrongSize: "test_complete_describes_the_object",
    UploadIgnoresItsCondition: "test_multipart_if_absent_leaves_an_object",
    UploadDropsAttributes: "test_multipart_keeps_attributes",
    UploadsOfAKeyMix: "test_uploads_of_one_key_are_independent",
    ResumeLosesParts: "test_upload_is_resumed",
    ListMultipartsIgnoresThePrefix: "test_unfinished_uploads_are_listed",
    CopiedPartIsShifted: "test_parts_are_copied_from_an_object",
    RenamesUnannounced: "test_without_renames_one_is_refused",
    CopiedPartIgnoresTheEtag: "test_copy_part_of_a_changed_source_fails",
    PutDropsTags: "test_tags_are_kept",
    TagsAreNotCounted: "test_tags_are_kept",
    ListTellsAttributesWithoutTags: "test_listing_that_tells_attributes_counts_tags",
    TagsOfNothingAreNone: "test_tags_of_a_missing_object",
    UploadDropsTags: "test_multipart_keeps_tags",
    CopyDropsTags: "test_copy_keeps_tags",
    CopyMergesTags: "test_copy_replaces_tags",
    CopyIgnoresTheEtag: "test_copy_of_a_changed_source_fails",
    CopyDropsMetadata: "test_copy_keeps_attributes",
    CopyKeepsMetadata: "test_copy_replaces_attributes",
    CopyTakesAnySource: "test_copy_from_another_endpoint_is_refused",
    CopyOfNothingIsEmpty: "test_copy_of_a_missing_source_fails",
    ReadIgnoresTheVersion: "test_old_version_is_read",
    HeadIgnoresTheVersion: "test_old_version_is_described",
    VersionsDieWithTheirObject: "test_version_of_a_deleted_object_is_read",
    VersionsAreOfAnyKey: "test_version_of_another_object_is_not_found",
    CopyIgnoresTheVersion: "test_old_version_is_copied",
    MissingKeyIsAKeyError: "test_missing_key",
    MissingKeyHasNoUri: "test_missing_key_is_named",
    MissingContainerIsAMissingKey: "test_missing_container",
    MissingContainerIsEmpty: "test_missing_container",
    PutCreatesTheContainer: "test_missing_container_is_not_created",
    RemarksOfEachPut: "test_remarks_are_told_once",
    PickledStoreForgetsItsContainer: "test_store_pickles",
    ThreadsShareABuffer: "test_threads_write_different_keys",
    DeletesContainersWithObjects: "test_container_with_objects_is_not_deleted",
    CreatesContainersTwice: "test_container_is_created_once",
    OpeningCreates: "test_missing_container_opens",
}

#: How a test fails: its assertion, its `pytest.raises`, or the store's error.
_FAILURES = (AssertionError, pytest.fail.Exception, S3dlioError, KeyError, BufferError)


@pytest.mark.parametrize("test_name", sorted(set(FAULTS.values())))
def test_named_test_passes_on_the_sound_store(test_name: str) -> None:
    """Each test that is to find a fault passes where there is none."""
    run(test_name, MemoryStore)


@pytest.mark.parametrize("broken", FAULTS, ids=lambda cls: cls.__name__)
def test_fault_fails_its_named_test(broken: type[MemoryStore | MemoryProvider]) -> None:
    """Each broken store fails the test that is to find its fault."""
    with pytest.raises(_FAILURES):
        run(FAULTS[broken], broken)


GROUPS = [
    group
    for group in ObjectStoreTests.__mro__
    if any(name.startswith("test_") for name in vars(group))
]


@pytest.mark.parametrize("group", GROUPS, ids=lambda cls: cls.__name__)
def test_each_group_finds_a_fault(group: type) -> None:
    """No group of the suite is there for nothing."""
    assert [name for name in FAULTS.values() if name in vars(group)] != []
