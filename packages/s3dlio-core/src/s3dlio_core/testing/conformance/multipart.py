"""Multipart uploads: parts in any order, completion as a whole, abort, resumption."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.errors import (
    InvalidPartError,
    NotSupportedError,
    ObjectNotFoundError,
    PreconditionFailedError,
    UploadNotFoundError,
)
from s3dlio_core.store import Attributes, MultipartUpload, ObjectStore, Part
from s3dlio_core.testing.conformance.base import (
    ConformanceBase,
    clone,
    content,
    exists,
    listed,
    needs,
    put_parts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


class MultipartTests(ConformanceBase):
    """What `create_multipart` begins."""

    def contents(self, store: ObjectStore, count: int) -> list[bytes]:
        """Return the contents of parts: all of the smallest size, and a last one of 5 bytes."""
        size_bytes = self.part_size_bytes(store)
        parts = [content(f"part {number}", size_bytes) for number in range(1, count)]
        return [*parts, content("last part", 5)]

    def offsets(self, contents: Sequence[bytes]) -> list[int]:
        """Return where each part begins."""
        return [sum(len(part) for part in contents[:index]) for index in range(len(contents))]

    @pytest.mark.parametrize("count", [1, 2, 3])
    def test_parts_are_joined(self, store: ObjectStore, prefix: str, count: int) -> None:
        """One, two or more parts become the object that they spell."""
        contents = self.contents(store, count)
        upload = store.create_multipart(f"{prefix}object")
        upload.complete(put_parts(upload, contents))
        assert b"".join(contents) == self.raw_get(store, f"{prefix}object")

    def test_sizes_may_be_told_ahead(self, store: ObjectStore, prefix: str) -> None:
        """The object is the same when its size and its parts' size are told at the start."""
        contents = self.contents(store, 2)
        upload = store.create_multipart(
            f"{prefix}object",
            size_bytes=sum(map(len, contents)),
            part_size_bytes=len(contents[0]),
        )
        upload.complete(put_parts(upload, contents))
        assert b"".join(contents) == self.raw_get(store, f"{prefix}object")

    def test_parts_come_in_any_order(self, store: ObjectStore, prefix: str) -> None:
        """Parts are joined by number, not in the order of their arrival."""
        contents = self.contents(store, 3)
        offsets = self.offsets(contents)
        upload = store.create_multipart(f"{prefix}object")
        parts = {n: upload.put_part(n, offsets[n - 1], contents[n - 1]) for n in (3, 1, 2)}
        upload.complete([parts[n] for n in (1, 2, 3)])
        assert b"".join(contents) == self.raw_get(store, f"{prefix}object")

    def test_parts_come_concurrently(self, store: ObjectStore, prefix: str) -> None:
        """Parts that are stored from several threads at once are joined right."""
        contents = self.contents(store, 4)
        offsets = self.offsets(contents)
        upload = store.create_multipart(f"{prefix}object")
        with ThreadPoolExecutor(4) as pool:
            parts = list(pool.map(upload.put_part, (1, 2, 3, 4), offsets, contents))
        upload.complete(parts)
        assert b"".join(contents) == self.raw_get(store, f"{prefix}object")

    def test_last_put_of_a_part_counts(self, store: ObjectStore, prefix: str) -> None:
        """A part that is stored again replaces the one before."""
        contents = self.contents(store, 2)
        upload = store.create_multipart(f"{prefix}object")
        upload.put_part(1, 0, content("first try", len(contents[0])))
        upload.complete(put_parts(upload, contents))
        assert b"".join(contents) == self.raw_get(store, f"{prefix}object")

    def test_part_describes_itself(self, store: ObjectStore, prefix: str) -> None:
        """A stored part tells its number, its size, and an ETag to hand back."""
        upload = store.create_multipart(f"{prefix}object")
        part = upload.put_part(1, 0, b"12345")
        upload.abort()
        assert (part.number, part.size_bytes) == (1, 5)
        assert part.etag
        assert part.offset_bytes in {0, None}

    def test_upload_knows_its_key(self, store: ObjectStore, prefix: str) -> None:
        """An upload tells the key that it was created for."""
        upload = store.create_multipart(f"{prefix}object")
        upload.abort()
        assert f"{prefix}object" == upload.key

    def test_part_keeps_no_reference_to_the_buffer(self, store: ObjectStore, prefix: str) -> None:
        """After a part is stored the caller may use its buffer for the next one."""
        contents = self.contents(store, 2)
        upload = store.create_multipart(f"{prefix}object")
        buffer = bytearray(contents[0])
        first = upload.put_part(1, 0, memoryview(buffer)[: len(contents[0])])
        buffer[: len(contents[1])] = contents[1]
        view = memoryview(buffer)[: len(contents[1])]
        second = upload.put_part(2, len(contents[0]), view)
        upload.complete([first, second])
        assert b"".join(contents) == self.raw_get(store, f"{prefix}object")

    def test_complete_describes_the_object(self, store: ObjectStore, prefix: str) -> None:
        """Completing answers key, measured size and ETag, as head gives them."""
        contents = self.contents(store, 2)
        upload = store.create_multipart(f"{prefix}object")
        info = upload.complete(put_parts(upload, contents))
        head = store.head(f"{prefix}object")
        expected = (f"{prefix}object", sum(map(len, contents)), head.etag)
        assert expected == (info.key, info.size_bytes, info.etag)
        assert head.size_bytes == info.size_bytes

    def test_expected_etag_comes_true(self, store: ObjectStore, prefix: str) -> None:
        """An upload that tells its object's ETag ahead tells the right one, or there is none."""
        upload = store.create_multipart(f"{prefix}object")
        parts = put_parts(upload, self.contents(store, 2))
        expected = upload.expected_etag(parts)
        info = upload.complete(parts)
        assert expected is None or info.etag in {expected, None}
        assert info.etag is not None or not store.capabilities.etag_changes

    def test_upload_is_invisible_until_complete(self, store: ObjectStore, prefix: str) -> None:
        """Before completion nothing is found or listed under the key."""
        upload = store.create_multipart(f"{prefix}object")
        put_parts(upload, self.contents(store, 2))
        assert not exists(store, f"{prefix}object")
        assert listed(store, prefix) == []
        upload.abort()

    def test_upload_leaves_the_old_object_until_complete(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """Until completion the old object stays as it was; then the new one is there."""
        contents = self.contents(store, 2)
        store.put(f"{prefix}object", b"old")
        upload = store.create_multipart(f"{prefix}object")
        parts = put_parts(upload, contents)
        assert self.raw_get(store, f"{prefix}object") == b"old"
        upload.complete(parts)
        assert b"".join(contents) == self.raw_get(store, f"{prefix}object")

    def test_abort_leaves_nothing(self, store: ObjectStore, prefix: str) -> None:
        """An aborted upload of a new key leaves no object."""
        upload = store.create_multipart(f"{prefix}object")
        put_parts(upload, self.contents(store, 2))
        upload.abort()
        assert not exists(store, f"{prefix}object")
        assert listed(store, prefix) == []

    def test_abort_leaves_the_old_object(self, store: ObjectStore, prefix: str) -> None:
        """An aborted upload leaves the object that was there."""
        store.put(f"{prefix}object", b"old")
        upload = store.create_multipart(f"{prefix}object")
        put_parts(upload, self.contents(store, 2))
        upload.abort()
        assert self.raw_get(store, f"{prefix}object") == b"old"

    def test_abort_may_come_twice(self, store: ObjectStore, prefix: str) -> None:
        """Aborting again does nothing, and is no error."""
        upload = store.create_multipart(f"{prefix}object")
        upload.abort()
        upload.abort()
        assert listed(store, prefix) == []

    def test_abort_after_complete_does_nothing(self, store: ObjectStore, prefix: str) -> None:
        """Aborting a completed upload leaves its object."""
        contents = self.contents(store, 2)
        upload = store.create_multipart(f"{prefix}object")
        upload.complete(put_parts(upload, contents))
        upload.abort()
        assert b"".join(contents) == self.raw_get(store, f"{prefix}object")

    def test_complete_after_abort_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """An aborted upload can't be completed."""
        upload = store.create_multipart(f"{prefix}object")
        parts = put_parts(upload, self.contents(store, 2))
        upload.abort()
        with pytest.raises(UploadNotFoundError):
            upload.complete(parts)
        assert not exists(store, f"{prefix}object")

    def test_part_after_abort_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """An aborted upload takes no parts."""
        upload = store.create_multipart(f"{prefix}object")
        upload.abort()
        with pytest.raises(UploadNotFoundError):
            upload.put_part(1, 0, b"12345")

    def test_part_after_complete_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """A completed upload takes no parts, and its object stays as it is."""
        upload = store.create_multipart(f"{prefix}object")
        upload.complete([upload.put_part(1, 0, b"12345")])
        with pytest.raises(UploadNotFoundError):
            upload.put_part(1, 0, b"67890")
        assert self.raw_get(store, f"{prefix}object") == b"12345"

    def test_missing_part_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """Completing with a part that was never stored fails, and the old object stays."""
        store.put(f"{prefix}object", b"old")
        contents = self.contents(store, 2)
        upload = store.create_multipart(f"{prefix}object")
        first = upload.put_part(1, 0, contents[0])
        invented = dataclasses.replace(first, number=2, offset_bytes=len(contents[0]))
        self._check_refused(store, f"{prefix}object", upload, [first, invented])

    def test_wrong_etag_of_a_part_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """Completing with an ETag that isn't the part's fails, and the old object stays."""
        store.put(f"{prefix}object", b"old")
        upload = store.create_multipart(f"{prefix}object")
        first, second = put_parts(upload, self.contents(store, 2))
        wrong = dataclasses.replace(first, etag="0123456789abcdef" * 2)
        self._check_refused(store, f"{prefix}object", upload, [wrong, second])

    def test_parts_out_of_order_are_refused(self, store: ObjectStore, prefix: str) -> None:
        """Completing with descending numbers fails, and the old object stays."""
        store.put(f"{prefix}object", b"old")
        upload = store.create_multipart(f"{prefix}object")
        first, second = put_parts(upload, self.contents(store, 2))
        self._check_refused(store, f"{prefix}object", upload, [second, first])

    def test_complete_without_parts_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """Completing with no part at all fails, and the old object stays."""
        store.put(f"{prefix}object", b"old")
        upload = store.create_multipart(f"{prefix}object")
        self._check_refused(store, f"{prefix}object", upload, [])

    def test_too_small_a_part_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """A part below the smallest size, other than the last, makes completing fail."""
        if self.part_size_bytes(store) < store.limits.part_size_min_bytes:
            pytest.skip("the test server takes smaller parts than the store declares")
        if store.limits.part_size_min_bytes == 1:
            return
        store.put(f"{prefix}object", b"old")
        upload = store.create_multipart(f"{prefix}object")
        parts = put_parts(upload, [b"too small", b"last"])
        self._check_refused(store, f"{prefix}object", upload, parts)

    def test_failed_complete_can_be_mended(self, store: ObjectStore, prefix: str) -> None:
        """After completing failed for a wrong part, the right parts still make the object."""
        contents = self.contents(store, 2)
        upload = store.create_multipart(f"{prefix}object")
        first, second = put_parts(upload, contents)
        with pytest.raises((InvalidPartError, UploadNotFoundError)):
            upload.complete([dataclasses.replace(first, etag="0123456789abcdef" * 2), second])
        upload.complete([first, second])
        assert b"".join(contents) == self.raw_get(store, f"{prefix}object")

    @pytest.mark.parametrize("number", [0, -1])
    def test_part_number_below_1_is_refused(
        self, store: ObjectStore, prefix: str, number: int
    ) -> None:
        """Part numbers begin at 1."""
        upload = store.create_multipart(f"{prefix}object")
        with pytest.raises(ValueError):  # noqa: PT011 - the text is each store's own
            upload.put_part(number, 0, b"12345")
        upload.abort()

    def test_part_number_over_the_limit_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """Part numbers end at `part_count_max`."""
        upload = store.create_multipart(f"{prefix}object")
        with pytest.raises(ValueError):  # noqa: PT011 - the text is each store's own
            upload.put_part(store.limits.part_count_max + 1, 0, b"12345")
        upload.abort()

    def test_empty_part_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """A part has at least one byte."""
        upload = store.create_multipart(f"{prefix}object")
        with pytest.raises(ValueError):  # noqa: PT011 - the text is each store's own
            upload.put_part(1, 0, b"")
        upload.abort()

    def test_parts_are_listed_in_order(self, store: ObjectStore, prefix: str) -> None:
        """The parts that the store holds are listed by ascending number, with their sizes."""
        contents = self.contents(store, 3)
        offsets = self.offsets(contents)
        upload = store.create_multipart(f"{prefix}object")
        put = {n: upload.put_part(n, offsets[n - 1], contents[n - 1]) for n in (2, 3, 1)}
        held = list(upload.parts())
        upload.abort()
        assert [part.number for part in held] == [1, 2, 3]
        assert [len(part) for part in contents] == [part.size_bytes for part in held]
        assert [put[n].etag for n in (1, 2, 3)] == [part.etag for part in held]
        assert all(
            part.offset_bytes in {offset, None} for part, offset in zip(held, offsets, strict=True)
        )

    def test_listed_parts_complete_the_upload(self, store: ObjectStore, prefix: str) -> None:
        """What `parts` yields can be handed to `complete`."""
        contents = self.contents(store, 2)
        upload = store.create_multipart(f"{prefix}object")
        put_parts(upload, contents)
        upload.complete(list(upload.parts()))
        assert b"".join(contents) == self.raw_get(store, f"{prefix}object")

    def test_new_upload_holds_no_parts(self, store: ObjectStore, prefix: str) -> None:
        """An upload begins without parts."""
        upload = store.create_multipart(f"{prefix}object")
        held = list(upload.parts())
        upload.abort()
        assert held == []

    def test_uploads_of_one_key_are_independent(self, store: ObjectStore, prefix: str) -> None:
        """Two uploads of one key don't mix; the one completed last is the object."""
        needs(store, "parallel_uploads")
        contents = [content(name, self.part_size_bytes(store)) for name in "abcd"]
        first = store.create_multipart(f"{prefix}object")
        second = store.create_multipart(f"{prefix}object")
        first_parts = [first.put_part(1, 0, contents[0])]
        second_parts = [second.put_part(1, 0, contents[1])]
        first_parts.append(first.put_part(2, len(contents[0]), contents[2]))
        second_parts.append(second.put_part(2, len(contents[1]), contents[3]))
        second.complete(second_parts)
        assert contents[1] + contents[3] == self.raw_get(store, f"{prefix}object")
        first.complete(first_parts)
        assert contents[0] + contents[2] == self.raw_get(store, f"{prefix}object")

    def test_later_upload_of_a_key_is_refused_without_the_capability(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """Where uploads of one key share its parts, the first completed ends the others."""
        if store.capabilities.parallel_uploads:
            return
        contents = [content(name, self.part_size_bytes(store)) for name in "ab"]
        first = store.create_multipart(f"{prefix}object")
        second = store.create_multipart(f"{prefix}object")
        first_parts = put_parts(first, contents[:1])
        second.complete(put_parts(second, contents[1:]))
        with pytest.raises(UploadNotFoundError):
            first.complete(first_parts)
        assert contents[1] == self.raw_get(store, f"{prefix}object")

    def test_multipart_keeps_attributes(self, store: ObjectStore, prefix: str) -> None:
        """Attributes given at creation are those of the object."""
        needs(store, "attributes")
        attributes = Attributes(content_type="text/x-tried", metadata={"owner": "me"})
        upload = store.create_multipart(f"{prefix}object", attributes=attributes)
        upload.complete([upload.put_part(1, 0, b"12345")])
        kept = store.head(f"{prefix}object").attributes
        assert kept is not None
        assert (kept.content_type, dict(kept.metadata)) == ("text/x-tried", {"owner": "me"})

    def test_declared_checksums_are_taken(self, store: ObjectStore, prefix: str) -> None:
        """An upload with any checksum that the store declares becomes the right object."""
        contents = self.contents(store, 2)
        for checksum in sorted(store.capabilities.checksums):
            key = f"{prefix}{checksum}"
            upload = store.create_multipart(key, checksum=checksum)
            upload.complete(put_parts(upload, contents))
            assert b"".join(contents) == self.raw_get(store, key)

    def test_undeclared_checksum_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """A checksum that the store doesn't declare is refused, not left out in silence."""
        with pytest.raises(NotSupportedError):
            store.create_multipart(f"{prefix}object", checksum="NO-SUCH-CHECKSUM")

    def _check_refused(
        self, store: ObjectStore, key: str, upload: MultipartUpload, parts: Sequence[Part]
    ) -> None:
        with pytest.raises((InvalidPartError, UploadNotFoundError)):
            upload.complete(parts)
        assert self.raw_get(store, key) == b"old"
        upload.abort()


class ResumeTests(ConformanceBase):
    """Going on with an upload from another process, and finding those that were left."""

    def test_upload_is_resumed(self, store: ObjectStore, prefix: str) -> None:
        """Another store object goes on with the upload: its parts are there, and it completes."""
        needs(store, "resume_multipart")
        first = content("first", self.part_size_bytes(store))
        upload = store.create_multipart(f"{prefix}object")
        upload.put_part(1, 0, first)
        with clone(store) as other:
            resumed = other.resume_multipart(f"{prefix}object", upload.token)
            assert [part.number for part in resumed.parts()] == [1]
            resumed.put_part(2, len(first), b"second")
            resumed.complete(list(resumed.parts()))
        assert first + b"second" == self.raw_get(store, f"{prefix}object")

    def test_resumed_upload_keeps_attributes(self, store: ObjectStore, prefix: str) -> None:
        """Attributes given at creation survive a resumption."""
        needs(store, "resume_multipart")
        needs(store, "attributes")
        attributes = Attributes(metadata={"owner": "me"})
        upload = store.create_multipart(f"{prefix}object", attributes=attributes)
        upload.put_part(1, 0, b"12345")
        resumed = store.resume_multipart(f"{prefix}object", upload.token)
        resumed.complete(list(resumed.parts()))
        kept = store.head(f"{prefix}object").attributes
        assert kept is not None
        assert dict(kept.metadata) == {"owner": "me"}

    def test_unknown_upload_is_not_found(self, store: ObjectStore, prefix: str) -> None:
        """Resuming an upload that was aborted fails, at once or at its first use."""
        needs(store, "resume_multipart")
        upload = store.create_multipart(f"{prefix}object")
        upload.put_part(1, 0, b"12345")
        token = upload.token
        upload.abort()
        with pytest.raises(UploadNotFoundError):
            list(store.resume_multipart(f"{prefix}object", token).parts())

    def test_completed_upload_is_not_found(self, store: ObjectStore, prefix: str) -> None:
        """Resuming an upload that was completed fails, and its object stays."""
        needs(store, "resume_multipart")
        upload = store.create_multipart(f"{prefix}object")
        upload.complete([upload.put_part(1, 0, b"12345")])
        with pytest.raises(UploadNotFoundError):
            list(store.resume_multipart(f"{prefix}object", upload.token).parts())
        assert self.raw_get(store, f"{prefix}object") == b"12345"

    def test_unfinished_uploads_are_listed(self, store: ObjectStore, prefix: str) -> None:
        """Unfinished uploads with the prefix are listed, with tokens to resume them by."""
        needs(store, "resume_multipart")
        keys = [f"{prefix}foo", f"{prefix}foobar", f"{prefix}other"]
        uploads = [store.create_multipart(key) for key in keys]
        for upload in uploads:
            upload.put_part(1, 0, b"12345")
        found = list(store.list_multiparts(f"{prefix}foo"))
        assert sorted(keys[:2]) == sorted(info.key for info in found)
        for info in found:
            store.resume_multipart(info.key, info.token).abort()
        uploads[2].abort()
        assert list(store.list_multiparts(prefix)) == []

    def test_finished_uploads_are_not_listed(self, store: ObjectStore, prefix: str) -> None:
        """Completed and aborted uploads aren't listed."""
        needs(store, "resume_multipart")
        done = store.create_multipart(f"{prefix}done")
        done.complete([done.put_part(1, 0, b"12345")])
        aborted = store.create_multipart(f"{prefix}aborted")
        aborted.put_part(1, 0, b"12345")
        aborted.abort()
        assert list(store.list_multiparts(prefix)) == []

    def test_two_uploads_of_one_key_are_listed(self, store: ObjectStore, prefix: str) -> None:
        """Each of two uploads of one key is listed, with a token of its own."""
        needs(store, "resume_multipart")
        uploads = [store.create_multipart(f"{prefix}object") for _ in range(2)]
        for upload in uploads:
            upload.put_part(1, 0, b"12345")
        tokens = {info.token for info in store.list_multiparts(prefix)}
        for upload in uploads:
            upload.abort()
        assert len(tokens) == 2

    def test_resume_is_refused_without_the_capability(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """A store that can't resume says so, both of resuming and of listing."""
        if store.capabilities.resume_multipart:
            return
        with pytest.raises(NotSupportedError):
            store.resume_multipart(f"{prefix}object", "token")
        with pytest.raises(NotSupportedError):
            list(store.list_multiparts(prefix))


class CopyPartTests(ConformanceBase):
    """Parts that the service copies from another object."""

    def test_parts_are_copied_from_an_object(self, store: ObjectStore, prefix: str) -> None:
        """Ranges of another object become parts, byte for byte, mixed with stored ones."""
        needs(store, "copy_part")
        size_bytes = self.part_size_bytes(store)
        data = content("source", 2 * size_bytes + 100)
        self.raw_put(store, f"{prefix}source", data)
        source = store.copy_source(f"{prefix}source")
        upload = store.create_multipart(f"{prefix}object")
        parts = [
            upload.copy_part(1, 0, source, 10, 10 + size_bytes),
            upload.put_part(2, size_bytes, data[:size_bytes]),
            upload.copy_part(3, 2 * size_bytes, source, 50, 57),
        ]
        info = upload.complete(parts)
        expected = data[10 : 10 + size_bytes] + data[:size_bytes] + data[50:57]
        assert expected == self.raw_get(store, f"{prefix}object")
        assert len(expected) == info.size_bytes

    def test_copied_part_describes_itself(self, store: ObjectStore, prefix: str) -> None:
        """A copied part tells its number, size and ETag."""
        needs(store, "copy_part")
        self.raw_put(store, f"{prefix}source", b"0123456789")
        upload = store.create_multipart(f"{prefix}object")
        part = upload.copy_part(1, 0, store.copy_source(f"{prefix}source"), 2, 5)
        upload.abort()
        assert (part.number, part.size_bytes) == (1, 3)
        assert part.etag

    def test_copy_part_of_a_missing_source_fails(self, store: ObjectStore, prefix: str) -> None:
        """A part of an object that doesn't exist is an error."""
        needs(store, "copy_part")
        upload = store.create_multipart(f"{prefix}object")
        with pytest.raises(ObjectNotFoundError):
            upload.copy_part(1, 0, store.copy_source(f"{prefix}missing"), 0, 5)
        upload.abort()

    def test_copy_part_of_the_right_etag(self, store: ObjectStore, prefix: str) -> None:
        """A part of a named ETag is copied while the source has it."""
        needs(store, "copy_part")
        needs(store, "etag_changes")
        etag = store.put(f"{prefix}source", b"0123456789").etag
        upload = store.create_multipart(f"{prefix}object")
        source = store.copy_source(f"{prefix}source", etag)
        upload.complete([upload.copy_part(1, 0, source, 2, 5)])
        assert self.raw_get(store, f"{prefix}object") == b"234"

    def test_copy_part_of_a_changed_source_fails(self, store: ObjectStore, prefix: str) -> None:
        """A part of an ETag that the source hasn't any more is an error."""
        needs(store, "copy_part")
        needs(store, "etag_changes")
        etag = store.put(f"{prefix}source", b"0123456789").etag
        store.put(f"{prefix}source", b"9876543210")
        upload = store.create_multipart(f"{prefix}object")
        with pytest.raises(PreconditionFailedError):
            upload.copy_part(1, 0, store.copy_source(f"{prefix}source", etag), 2, 5)
        upload.abort()

    def test_copy_part_from_elsewhere_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """A part of an object in another service isn't copied by this one."""
        self.raw_put(store, f"{prefix}source", b"0123456789")
        source = dataclasses.replace(store.copy_source(f"{prefix}source"), scheme="elsewhere")
        upload = store.create_multipart(f"{prefix}object")
        with pytest.raises(NotSupportedError):
            upload.copy_part(1, 0, source, 0, 5)
        upload.abort()

    def test_copy_part_is_refused_without_the_capability(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """A store that can't copy parts says so."""
        if store.capabilities.copy_part:
            return
        self.raw_put(store, f"{prefix}source", b"0123456789")
        upload = store.create_multipart(f"{prefix}object")
        with pytest.raises(NotSupportedError):
            upload.copy_part(1, 0, store.copy_source(f"{prefix}source"), 0, 5)
        upload.abort()
