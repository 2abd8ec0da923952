"""The Blob service API: one method for each operation that a store makes of it.

Rules that hold in this file:
- A method makes one request, and gives back values. Pages stay pages.
- Nothing here retries.
- A success counts only when its head is the service's: any web server says 200.

Source: Azure Storage, "Blob Storage REST API", one page for each operation.
"""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING, Any

from s3dlio_azure.answers import check_describes_blob, check_is_of_service, parsed
from s3dlio_azure.batch import BATCH_BODY_MAX_BYTES, BatchAnswer, batch_body, parse_batch_answer
from s3dlio_azure.checksums import for_requests, request_headers
from s3dlio_azure.client_blocks import BlockOperations
from s3dlio_azure.headers import (
    attribute_headers,
    check_answered_version,
    object_info,
    version_query,
)
from s3dlio_azure.list_xml import (
    LIST_BODY_MAX_BYTES,
    ContainersPage,
    count_list_blobs,
    parse_list_blobs,
    parse_list_containers,
)
from s3dlio_azure.request import BlobRequest
from s3dlio_azure.sender import AzureSender
from s3dlio_core.errors import ServiceError
from s3dlio_core.rest.checksums import reject_other
from s3dlio_core.rest.headers import byte_range, condition_headers, content_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3dlio_azure.batch import SubAnswer
    from s3dlio_azure.checksums import BodyChecksum
    from s3dlio_azure.config import AzureConfig
    from s3dlio_core.errors import S3dlioError
    from s3dlio_core.store import Attributes, Buffer, Condition, ObjectInfo, Page
    from s3dlio_http.client import HttpAnswer

__all__ = ["BlobClient"]

_OF_CONTAINER = ("restype", "container")


class BlobClient(BlockOperations):
    """A storage account, as one configuration reaches it. Thread-safe, fork-safe, picklable.

    Attributes:
        config: the configuration.
        sender: signs and sends what this and other modules of the package ask for.
        request: makes a request whose URI is of this account; else as `BlobRequest`.
        has_batches: whether the service takes batches, as far as is known.
    """

    def __init__(self, config: AzureConfig) -> None:
        """Take a configuration; nothing is sent."""
        self.config = config
        self.sender = AzureSender(config)
        self.request = functools.partial(BlobRequest, account_uri=config.account_uri)
        self.has_batches = True
        self.lacks = set()

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.config,))

    @functools.cached_property
    def checksum(self) -> BodyChecksum | None:
        """What bodies are sent with where nobody asked for another; None: nothing.

        Raises:
            UsageError: the configured one can't be computed.
        """
        return for_requests(self.config)

    def close(self) -> None:
        """Close the pooled connections."""
        self.sender.close()

    def list_containers(self, *, marker: str | None = None) -> ContainersPage:
        """List a page of the account's containers (List Containers)."""
        query = [("comp", "list")]
        if marker:
            query.append(("marker", marker))
        request = self.request("list containers", "GET", query=tuple(query))
        return self.sender.send_for_value(request, parse_list_containers, LIST_BODY_MAX_BYTES)

    def create_container(self, name: str) -> None:
        """Create a container that nobody reads without a credential (Create Container)."""
        self._ask_container("create container", "PUT", name)

    def delete_container(self, name: str) -> None:
        """Delete a container with all that it holds (Delete Container)."""
        self._ask_container("delete container", "DELETE", name)

    def head_container(self, name: str) -> None:
        """Raise unless a container exists and may be described (Get Container Properties)."""
        self._ask_container("head container", "HEAD", name)

    def _ask_container(self, operation: str, method: str, name: str) -> None:
        request = self.request(operation, method, name, query=(_OF_CONTAINER,))
        check_is_of_service(self.config, request, self.sender.send_for_nothing(request))

    def list_blobs(
        self,
        container: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        marker: str | None = None,
        page_size: int | None = None,
        include: Sequence[str] = ("metadata",),
    ) -> Page:
        """List a page of a container's blobs (List Blobs).

        Args:
            container: the container.
            prefix: what their names begin with.
            delimiter: rolls up what lies behind it.
            marker: `Page.next_token` of the page before.
            page_size: at most so many; None is as many as the service gives.
            include: what is listed besides, e.g. "uncommittedblobs".
        """
        query = [_OF_CONTAINER, ("comp", "list"), ("include", ",".join(include))]
        if prefix:
            query.append(("prefix", prefix))
        if delimiter:
            query.append(("delimiter", delimiter))
        if marker:
            query.append(("marker", marker))
        if page_size is not None:
            query.append(("maxresults", str(page_size)))
        request = self.request("list", "GET", container, query=tuple(query))
        parse = functools.partial(
            parse_list_blobs,
            include_directories=self.config.include_directory_stubs,
            uncommitted="uncommittedblobs" in include,
        )
        return self.sender.send_for_value(request, parse, LIST_BODY_MAX_BYTES)

    def count_blobs(
        self, container: str, *, versions: bool, marker: str | None = None
    ) -> tuple[int, str | None]:
        """Look whether a container has anything (List Blobs).

        Args:
            container: the container.
            versions: whether an older version of a blob is something.
            marker: that of the page before.

        Returns:
            0 or 1, and the marker of the next page.
        """
        query = [_OF_CONTAINER, ("comp", "list"), ("maxresults", "1")]
        if versions:
            query.append(("include", "versions"))
        if marker:
            query.append(("marker", marker))
        request = self.request("list", "GET", container, query=tuple(query))
        return self.sender.send_for_value(request, count_list_blobs, LIST_BODY_MAX_BYTES)

    def get_blob(
        self,
        container: str,
        key: str,
        *,
        start: int = 0,
        stop: int | None = None,
        if_match: str | None = None,
        version: str | None = None,
    ) -> HttpAnswer:
        """Begin to read a blob (Get Blob).

        Args:
            container: the container.
            key: the blob's key.
            start: first byte.
            stop: end of the range, exclusive, above `start`; None is the end of the blob.
            if_match: read only this ETag.
            version: read this version.

        Returns:
            The answer; the caller reads it to its end or closes it.
        """
        request = self.request("read", "GET", container, key, version_query(version))
        headers = condition_headers(request.operation, request.uri, if_match=if_match)
        if start or stop is not None:
            headers["range"] = byte_range(start, stop)
        request.headers = headers
        answer = self.sender.send(request)
        try:
            self._check_blob(request, answer, version)
        except BaseException:
            answer.close()
            raise
        return answer

    def head_blob(
        self, container: str, key: str, *, if_match: str | None = None, version: str | None = None
    ) -> ObjectInfo:
        """Describe a blob (Get Blob Properties)."""
        request = self.request("head", "HEAD", container, key, version_query(version))
        request.headers = condition_headers(request.operation, request.uri, if_match=if_match)
        answer = self.sender.send_for_nothing(request)
        self._check_blob(request, answer, version)
        if content_length(answer.headers) is None:
            raise ServiceError(
                "the answer doesn't say how long the blob is",
                operation=request.operation,
                uri=request.uri,
            )
        return object_info(key, answer.headers)

    def _check_blob(self, request: BlobRequest, answer: HttpAnswer, version: str | None) -> None:
        check_describes_blob(self.config, request, answer)
        check_answered_version(request.operation, request.uri, version, answer.headers)

    def put_blob(
        self,
        container: str,
        key: str,
        buffer: Buffer,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> HttpAnswer:
        """Store a block blob in one request (Put Blob); return the head of the answer."""
        request = self.request("put", "PUT", container, key, body=buffer)
        operation, uri, config = request.operation, request.uri, self.config
        sent = request_headers(self.checksum, buffer)
        request.headers = {
            "x-ms-blob-type": "BlockBlob",
            **sent,
            **attribute_headers(
                attributes, operation, uri, access_tier=config.access_tier, tags=config.tags
            ),
            **condition_headers(operation, uri, condition),
        }
        answer = self.sender.send_for_nothing(request)
        check_is_of_service(config, request, answer, etag=True)
        reject_other(sent, answer.headers, operation, uri)
        return answer

    def delete_blob(self, container: str, key: str) -> None:
        """Delete a blob (Delete Blob)."""
        request = self._deletion(container, key)
        check_is_of_service(self.config, request, self.sender.send_for_nothing(request))

    def delete_blobs(self, container: str, keys: Sequence[str]) -> BatchAnswer:
        """Delete up to 256 blobs of a container (Blob Batch).

        Raises:
            S3dlioError: the batch was refused, or its answer tells of what wasn't asked for.
        """
        boundary = f"batch_{uuid.uuid4()}"
        requests = [self._deletion(container, key) for key in keys]
        signed = [("DELETE", *self.sender.sign_subrequest(request)) for request in requests]
        batch = self._batch(container)
        batch.headers = {"content-type": f"multipart/mixed; boundary={boundary}"}
        batch.body = batch_body(boundary, signed)
        answer = self.sender.send(batch)
        content_type = answer.headers.get("content-type", "")
        return parsed(
            self.config,
            batch,
            answer,
            answer.read(BATCH_BODY_MAX_BYTES),
            lambda body: parse_batch_answer(content_type, body, len(keys)),
        )

    def _deletion(self, container: str, key: str) -> BlobRequest:
        snapshots = self.config.delete_snapshots
        headers = {"x-ms-delete-snapshots": snapshots} if snapshots else {}
        return self.request("delete", "DELETE", container, key, headers=headers)

    def _batch(self, container: str) -> BlobRequest:
        query = (_OF_CONTAINER, ("comp", "batch"))
        return self.request("delete", "POST", container, query=query)

    def error_of_deletion(self, container: str, key: str, answer: SubAnswer) -> S3dlioError:
        """Return the error of a deletion that a batch's answer tells was refused."""
        request = self._deletion(container, key)
        return self.sender.error_of(request, answer.status, answer.headers, answer.body)

    def error_of_batch(self, container: str, answer: SubAnswer) -> S3dlioError:
        """Return the error of a batch that was refused within its own answer."""
        return self.sender.error_of(
            self._batch(container), answer.status, answer.headers, answer.body
        )
