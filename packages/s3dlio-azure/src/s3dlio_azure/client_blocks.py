"""The operations on blocks; a part of `client`.

Source: Azure Storage, Put Block, Put Block From URL, Get Block List, Put Block List.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from s3dlio_azure.answers import check_is_of_service
from s3dlio_azure.block_xml import (
    BLOCKS_BODY_MAX_BYTES,
    Block,
    block_list_body,
    parse_block_list,
)
from s3dlio_azure.checksums import request_headers
from s3dlio_azure.client_copies import CopyOperations
from s3dlio_azure.errors import says_nothing
from s3dlio_azure.headers import attribute_headers
from s3dlio_core.errors import NotSupportedError, ObjectNotFoundError, ServiceError
from s3dlio_core.rest.checksums import reject_other
from s3dlio_core.rest.headers import byte_range, condition_headers, strip_etag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from s3dlio_azure.checksums import BodyChecksum
    from s3dlio_core.store import Attributes, Buffer, Condition

__all__ = ["BlockOperations"]

_LIST = ("comp", "blocklist")


class BlockOperations(CopyOperations):
    """Put Block to Put Block List."""

    def put_block(
        self,
        container: str,
        key: str,
        name: str,
        buffer: Buffer,
        *,
        checksum: BodyChecksum | None = None,
    ) -> None:
        """Store a block (Put Block).

        Args:
            container: the container.
            key: the blob's key.
            name: the block's id, in base64.
            buffer: its bytes, at least one.
            checksum: what the service compares them with.

        Raises:
            IntegrityError: the service got other bytes.
        """
        sent = request_headers(checksum, buffer)
        request = self.request(
            "put part", "PUT", container, key, _block_query(name), headers=sent, body=buffer
        )
        answer = self.sender.send_for_nothing(request)
        check_is_of_service(self.config, request, answer)
        reject_other(sent, answer.headers, request.operation, request.uri)

    def put_block_from_url(
        self,
        container: str,
        key: str,
        name: str,
        source: Mapping[str, str],
        *,
        start: int,
        stop: int,
    ) -> None:
        """Store bytes [start, stop) of another blob as a block (Put Block From URL).

        Args:
            container: the container.
            key: the blob's key.
            name: the block's id, in base64.
            source: the headers that name the other blob.
            start: its first byte.
            stop: the end, exclusive.

        Raises:
            NotSupportedError: the server lacks it, or fails at it without a word.
        """
        headers = {**source, "x-ms-source-range": byte_range(start, stop)}
        request = self.request(
            "copy part", "PUT", container, key, _block_query(name), headers=headers, body=b""
        )
        try:
            self.send_unless_lacking("Put Block From URL", request)
        except ServiceError as error:
            if not says_nothing(error):
                raise
            raise NotSupportedError(
                f"the server can't copy blocks: {error.reason}",
                operation=request.operation,
                uri=request.uri,
            ) from error

    def list_blocks(self, container: str, key: str, kind: str) -> tuple[list[Block], str | None]:
        """Return a blob's blocks, and the ETag that it has now (Get Block List).

        Args:
            container: the container.
            key: the blob's key.
            kind: "committed" or "uncommitted".
        """
        query = (_LIST, ("blocklisttype", kind))
        request = self.request("list parts", "GET", container, key, query)
        parse = functools.partial(parse_block_list, kind=kind)
        try:
            blocks, headers = self.sender.send_for_document(request, parse, BLOCKS_BODY_MAX_BYTES)
        except ObjectNotFoundError:
            # Without any block there is no such blob.
            return [], None
        return blocks, strip_etag(headers.get("etag", ""))

    def put_block_list(
        self,
        container: str,
        key: str,
        names: Iterable[str],
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> Mapping[str, str]:
        """Make a blob of uncommitted blocks (Put Block List); return the headers of the answer.

        Args:
            container: the container.
            key: the blob's key.
            names: the blocks' ids, in the order of their bytes.
            attributes: what the blob is to have.
            condition: on the blob that may be there.
        """
        operation, config = "complete multipart upload", self.config
        request = self.request(
            operation, "PUT", container, key, (_LIST,), body=block_list_body(names)
        )
        request.headers = {
            "content-type": "application/xml",
            **attribute_headers(
                attributes, operation, request.uri, access_tier=config.access_tier, tags=config.tags
            ),
            **condition_headers(operation, request.uri, condition),
        }
        answer = self.sender.send_for_nothing(request)
        check_is_of_service(config, request, answer, etag=True)
        return answer.headers


def _block_query(name: str) -> tuple[tuple[str, str], ...]:
    return (("comp", "block"), ("blockid", name))
