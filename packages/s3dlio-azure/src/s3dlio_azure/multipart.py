"""Uploads in parts: blocks in any order, committed at once, resumable by a token.

The service has no uploads, only blocks beside a blob (see `block_ids`). What follows from that:

- Nothing is sent to begin an upload: it is there once it has a part.
- Whoever writes the blob whole, by a commit or in one request, discards all other blocks of it.
  Of two uploads of one key the first to complete ends the other, whose `complete` says so.
- Blocks can't be discarded without touching the blob that may be there. `abort` leaves one more
  block, of one byte, that says so; the upload isn't listed or resumed any more, and the service
  drops its blocks a week after the last of them was stored.
- The service finds blobs that were never committed. An upload that is to replace a blob is found
  by its key alone.

Rules that hold in this file:
- The token is JSON: the upload's id, the size of its parts when they are equal, the algorithm of
  their checksums, and what the service takes only at the end: attributes and condition. It holds
  no secret. One that `list_multiparts` gives knows the id alone.
- A part's ETag is its block's name.
- What `complete` returns was measured by the service.

Sources: Azure Storage, "Put Block", "Put Block List", "Get Block List" (remarks).
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING

from s3dlio_azure.block_ids import (
    ABORTED,
    block_id,
    is_upload_id,
    new_upload_id,
    parse_block_id,
)
from s3dlio_azure.checksums import needed
from s3dlio_azure.copies import copy_block
from s3dlio_azure.headers import attribute_headers
from s3dlio_core.errors import (
    ContainerNotFoundError,
    InvalidPartError,
    NotSupportedError,
    ObjectNotFoundError,
    S3dlioError,
    UploadNotFoundError,
)
from s3dlio_core.logs import get_logger
from s3dlio_core.rest.headers import condition_headers, strip_etag
from s3dlio_core.rest.parts import (
    check_order,
    check_part,
    condition_of_token,
    condition_values,
    failed_condition,
    looked_at,
    placed,
)
from s3dlio_core.store import Attributes, MultipartUpload, ObjectInfo, Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from s3dlio_azure.block_xml import Block
    from s3dlio_azure.checksums import BodyChecksum
    from s3dlio_azure.store import AzureStore
    from s3dlio_core.store import Buffer, Condition, CopySource

__all__ = ["AzureMultipartUpload", "make_token", "new_upload"]

logger = get_logger("azure")

_COMPLETE = "complete multipart upload"
_GONE = (
    "the upload's parts are gone: they were completed or have expired, or the blob was written by "
    "another upload or in one request"
)


def make_token(
    upload_id: str,
    *,
    part_size_bytes: int | None = None,
    attributes: Attributes | None = None,
    condition: Condition | None = None,
    checksum: str = "",
) -> str:
    """Write a token."""
    values: dict[str, object] = {"upload_id": upload_id}
    if part_size_bytes is not None:
        values["part_size_bytes"] = part_size_bytes
    if checksum:
        values["checksum"] = checksum
    if attributes is not None:
        values["attributes"] = _attribute_values(attributes)
    return json.dumps({**values, **condition_values(condition)})


def _attribute_values(attributes: Attributes) -> dict[str, object]:
    """Return what a blob can have of attributes, as JSON can write it."""
    values = {one.name: getattr(attributes, one.name) for one in fields(attributes)}
    del values["mode"]
    return {
        name: value if isinstance(value, str) else dict(value)
        for name, value in values.items()
        if value
    }


class AzureMultipartUpload(MultipartUpload):
    """An upload in parts to one key of one container."""

    def __init__(self, store: AzureStore, key: str, token: str, *, is_new: bool = False) -> None:
        """Read a token of `make_token`.

        Args:
            store: the container.
            key: the blob's key.
            token: the token.
            is_new: whether the upload has no parts, since it is only about to begin.

        Raises:
            UploadNotFoundError: the token isn't one of this backend.
        """
        self._store = store
        self._key = key
        self._token = token
        self._has_parts = not is_new
        self._has_ended = ""
        self._is_marked = False
        try:
            values = json.loads(token)
            self._upload_id = _checked_id(values["upload_id"])
            self._part_size_bytes: int | None = values.get("part_size_bytes")
            self._algorithm = str(values.get("checksum", ""))
            told = values.get("attributes")
            self._attributes = None if told is None else Attributes(**told)
            self._condition = condition_of_token(values)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise UploadNotFoundError(
                "the token names no upload", operation="resume", uri=store.uri_of(key)
            ) from None

    @property
    def key(self) -> str:
        """The key that the object will have."""
        return self._key

    @property
    def token(self) -> str:
        """Enough to go on in another process."""
        return self._token

    def put_part(self, number: int, offset_bytes: int, buffer: Buffer) -> Part:
        """Store a part."""
        view = memoryview(buffer).cast("B")
        name = self._begin_part("put part", number, view.nbytes)
        self._store.client.put_block(
            self._store.container, self._key, name, view, checksum=self._checksum
        )
        return Part(number, view.nbytes, name, offset_bytes)

    def copy_part(
        self, number: int, offset_bytes: int, source: CopySource, start: int, stop: int
    ) -> Part:
        """Store bytes [start, stop) of another blob as a part, server-side."""
        name = self._begin_part("copy part", number, stop - start)
        copy_block(self._store, self._key, name, source, start=start, stop=stop)
        return Part(number, stop - start, name, offset_bytes)

    def _begin_part(self, operation: str, number: int, size_bytes: int) -> str:
        """Check a part, and return its block's name."""
        self._check_is_open(operation)
        check_part(self._store.limits, operation, self._uri, number, size_bytes)
        self._has_parts = True
        return block_id(self._upload_id, number)

    def parts(self) -> Iterator[Part]:
        """Yield the parts that the store holds, by ascending number."""
        self._check_is_open("list parts")
        held = self._held()
        if ABORTED in held:
            raise self._gone("list parts", "the upload was aborted")
        if not held and self._has_parts:
            raise self._gone("list parts", _GONE)
        for number, block in sorted(held.items()):
            part = Part(number, block.size_bytes, block.name)
            yield placed(part, self._part_size_bytes)

    def complete(self, parts: Sequence[Part]) -> ObjectInfo:
        """Make the object of these parts, atomically."""
        self._check_is_open(_COMPLETE)
        check_order(parts, _COMPLETE, self._uri)
        for part in parts:
            if part.etag != block_id(self._upload_id, part.number):
                raise self._bad_part(f"part {part.number} isn't one of this upload")
        client, container = self._store.client, self._store.container
        try:
            answered = client.put_block_list(
                container,
                self._key,
                [part.etag for part in parts],
                attributes=self._attributes,
                condition=self._condition,
            )
        except UploadNotFoundError as error:
            raise self._explained(error, parts) from error
        except ObjectNotFoundError as error:
            if self._condition is None or self._condition.if_match is None:
                raise
            raise failed_condition(error) from error
        self._has_ended = "completed"
        size_bytes = sum(part.size_bytes for part in parts)
        etag = strip_etag(answered.get("etag", ""))
        return looked_at(
            lambda: client.head_blob(container, self._key),
            ObjectInfo(self._key, size_bytes, etag=etag),
        )

    def _explained(self, error: UploadNotFoundError, parts: Sequence[Part]) -> S3dlioError:
        """Return what a refused list of blocks means: some are missing, or all, or none."""
        held = self._held()
        missing = [part.number for part in parts if part.number not in held]
        if held:
            told = self._bad_part(
                f"part {missing[0]} was never stored"
                if missing
                else f"the service has all parts, and refuses them: {error.reason}"
            )
            told.code, told.request_id = error.code, error.request_id
            return told
        gone = self._gone(_COMPLETE, _GONE)
        gone.code, gone.request_id = error.code, error.request_id
        return gone

    def is_result(self, info: ObjectInfo, parts: Sequence[Part]) -> bool:
        """Compare the blob's blocks with the parts: no other upload names its blocks so."""
        if info.etag is None:
            return False
        blocks, etag = self._store.client.list_blocks(self._store.container, self._key, "committed")
        return etag == info.etag and [block.name for block in blocks] == [
            part.etag for part in parts
        ]

    def abort(self) -> None:
        """Let the parts expire, and leave a block that says so; no blob is touched."""
        if self._has_ended == "completed" or self._is_marked:
            return
        self._has_ended = "aborted"
        try:
            if self._has_parts and self._held():
                self._store.client.put_block(
                    self._store.container, self._key, block_id(self._upload_id, ABORTED), b"\0"
                )
        except ContainerNotFoundError:
            logger.debug("%s is gone with its container", self._uri)
        self._is_marked = True

    def _held(self) -> dict[int, Block]:
        """Return the upload's blocks that aren't committed, by number."""
        blocks, _ = self._store.client.list_blocks(self._store.container, self._key, "uncommitted")
        named = ((parse_block_id(block.name), block) for block in blocks)
        return {name[1]: block for name, block in named if name and name[0] == self._upload_id}

    @property
    def _checksum(self) -> BodyChecksum | None:
        """What parts are sent with.

        Raises:
            UsageError: it can't be computed here.
        """
        return needed(self._algorithm) if self._algorithm else None

    @property
    def _uri(self) -> str:
        return self._store.uri_of(self._key)

    def _check_is_open(self, operation: str) -> None:
        if self._has_ended:
            raise self._gone(operation, f"the upload was {self._has_ended}")

    def _gone(self, operation: str, reason: str) -> UploadNotFoundError:
        return UploadNotFoundError(
            reason, operation=operation, uri=self._uri, hint="Begin a new upload"
        )

    def _bad_part(self, reason: str) -> InvalidPartError:
        return InvalidPartError(reason, operation=_COMPLETE, uri=self._uri)


def new_upload(
    store: AzureStore,
    key: str,
    *,
    part_size_bytes: int | None = None,
    attributes: Attributes | None = None,
    condition: Condition | None = None,
    checksum: str | None = None,
) -> AzureMultipartUpload:
    """Begin an upload; see `ObjectStore.create_multipart`. No request is made.

    Raises:
        NotSupportedError: attributes that no request can carry, or another checksum.
        PreconditionFailedError: a condition that no blob can meet.
    """
    operation, uri = "create multipart upload", store.uri_of(key)
    # What `complete` would find out when all parts were sent.
    attribute_headers(attributes, operation, uri)
    condition_headers(operation, uri, condition)
    if checksum is None:
        found = store.client.checksum
        checksum = "" if found is None else found.name
    elif checksum not in store.capabilities.checksums:
        raise NotSupportedError(f"no checksum {checksum}", operation=operation, uri=uri)
    token = make_token(
        new_upload_id(),
        part_size_bytes=part_size_bytes,
        attributes=attributes,
        condition=condition,
        checksum=checksum,
    )
    return AzureMultipartUpload(store, key, token, is_new=True)


def _checked_id(text: object) -> str:
    if not isinstance(text, str) or not is_upload_id(text):
        raise ValueError("no upload has this id")
    return text
