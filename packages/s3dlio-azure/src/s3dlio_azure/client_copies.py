"""The operations that copy a blob with one request, and Get Blob Tags; a part of `client`.

Rules that hold in this file:
- What the server says that it doesn't have is asked for once only.

Sources: Azure Storage, Copy Blob From URL, Put Blob From URL, Get Blob Tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_azure.answers import check_is_of_service
from s3dlio_azure.block_xml import TAGS_BODY_MAX_BYTES, parse_tags
from s3dlio_azure.headers import attribute_headers, version_query
from s3dlio_core.errors import NotSupportedError, ServiceError
from s3dlio_core.rest.headers import condition_headers
from s3dlio_core.store import Attributes

if TYPE_CHECKING:
    import functools
    from collections.abc import Mapping

    from s3dlio_azure.config import AzureConfig
    from s3dlio_azure.request import BlobRequest
    from s3dlio_azure.sender import AzureSender
    from s3dlio_core.store import Condition
    from s3dlio_http.client import HttpAnswer

__all__ = ["CopyOperations"]

#: What a server says that lacks an operation: Azurite, and older services.
_LACKING = frozenset({"APINotImplemented", "NotImplemented"})


class CopyOperations:
    """Copy Blob From URL, Put Blob From URL, Get Blob Tags.

    Attributes:
        config: the configuration.
        sender: what requests are sent with.
        request: makes a request whose URI is of the account; else as `BlobRequest`.
        lacks: operations that the server was found not to have.
    """

    config: AzureConfig
    sender: AzureSender
    request: functools.partial[BlobRequest]
    lacks: set[str]

    def copy_blob(
        self,
        container: str,
        key: str,
        source: Mapping[str, str],
        *,
        tags: bool,
        condition: Condition | None = None,
    ) -> None:
        """Copy a blob with all that it has but its tier (Copy Blob From URL).

        Args:
            container: the container of the copy.
            key: its key.
            source: the headers that name the other blob.
            tags: whether it has the other blob's tags.
            condition: on the blob that may be there.
        """
        self._copy(
            "Copy Blob From URL",
            container,
            key,
            {**source, **_tag_option(tags=tags), "x-ms-requires-sync": "true"},
            Attributes(),
            condition,
        )

    def put_blob_from_url(
        self,
        container: str,
        key: str,
        source: Mapping[str, str],
        *,
        attributes: Attributes,
        tags: bool,
        condition: Condition | None = None,
    ) -> None:
        """Copy a blob's bytes (Put Blob From URL).

        Args:
            container: the container of the copy.
            key: its key.
            source: the headers that name the other blob.
            attributes: what the copy is to have.
            tags: whether it has the other blob's tags; then it is given none.
            condition: on the blob that may be there.
        """
        headers = {
            **source,
            **_tag_option(tags=tags),
            "x-ms-blob-type": "BlockBlob",
            "x-ms-copy-source-blob-properties": "false",
        }
        self._copy("Put Blob From URL", container, key, headers, attributes, condition)

    def _copy(
        self,
        name: str,
        container: str,
        key: str,
        headers: Mapping[str, str],
        attributes: Attributes,
        condition: Condition | None,
    ) -> None:
        request = self.request("copy", "PUT", container, key, body=b"")
        operation, uri, config = request.operation, request.uri, self.config
        request.headers = {
            **headers,
            **attribute_headers(
                attributes, operation, uri, access_tier=config.access_tier, tags=config.tags
            ),
            **condition_headers(operation, uri, condition),
        }
        answer = self.send_unless_lacking(name, request)
        if answer.headers.get("x-ms-copy-status", "success") != "success":
            raise ServiceError(
                "the copy wasn't finished when the service answered",
                operation=operation,
                uri=uri,
                maybe_done=True,
            )

    def send_unless_lacking(self, name: str, request: BlobRequest) -> HttpAnswer:
        """Send a request of an operation that some servers lack.

        Raises:
            NotSupportedError: this one lacks it.
        """
        if name not in self.lacks:
            try:
                answer = self.sender.send_for_nothing(request)
            except NotSupportedError as error:
                if error.code not in _LACKING:
                    raise
                self.lacks.add(name)
            else:
                check_is_of_service(self.config, request, answer)
                return answer
        raise NotSupportedError(
            f"the server has no {name}", operation=request.operation, uri=request.uri
        )

    def get_tags(self, container: str, key: str, *, version: str | None = None) -> dict[str, str]:
        """Return a blob's tags (Get Blob Tags)."""
        query = (("comp", "tags"), *version_query(version))
        request = self.request("get tags", "GET", container, key, query)
        return self.sender.send_for_value(request, parse_tags, TAGS_BODY_MAX_BYTES)


def _tag_option(*, tags: bool) -> dict[str, str]:
    return {"x-ms-copy-source-tag-option": "COPY"} if tags else {}
