"""What an answer of Blob Storage must hold to count as a success, and what is said when it doesn't.

Rules that hold in this file:
- Pure: an answer's parts in, a value or an exception out.
- A status of 200 proves nothing: any web server says it.

Source: Azure Storage, "Status and error codes".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from s3dlio_core.rest import answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_azure.config import AzureConfig
    from s3dlio_azure.request import BlobRequest
    from s3dlio_core.errors import ServiceError
    from s3dlio_http.client import HttpAnswer

__all__ = ["check_describes_blob", "check_is_no_page", "check_is_of_service", "parsed"]

SERVICE = answers.Service("no Azure Blob Storage", "Azure Blob Storage")

_Value = TypeVar("_Value")


def check_is_no_page(
    config: AzureConfig, request: BlobRequest, answer: HttpAnswer, body: bytes
) -> None:
    """Check that the body of an answer that needs none isn't a web page.

    Raises:
        ServiceError: it is; whoever sent it did nothing.
    """
    answers.check_is_no_page(SERVICE, config.endpoint, request, answer.status, body)


def check_is_of_service(
    config: AzureConfig, request: BlobRequest, answer: HttpAnswer, *, etag: bool = False
) -> None:
    """Check that the head of a success is Blob Storage's: any web server says 200 or 201.

    Args:
        config: the configuration.
        request: what was asked for.
        answer: its answer.
        etag: whether it must have one, as that to a write has.

    Raises:
        ServiceError: it isn't.
    """
    if "x-ms-request-id" not in answer.headers:
        raise _not_azure(config, request, answer, "without x-ms-request-id")
    if etag and not answer.headers.get("etag"):
        raise _not_azure(config, request, answer, "without ETag")


def check_describes_blob(config: AzureConfig, request: BlobRequest, answer: HttpAnswer) -> None:
    """Check that the head of a success speaks of a blob.

    Raises:
        ServiceError: it tells no type of blob, or no ETag.
    """
    for name in ("x-ms-blob-type", "etag"):
        if not answer.headers.get(name):
            raise _not_azure(config, request, answer, f"without {name}")


def parsed(
    config: AzureConfig,
    request: BlobRequest,
    answer: HttpAnswer,
    body: bytes,
    parse: Callable[[bytes], _Value],
) -> _Value:
    """Return what the body of a success says.

    Raises:
        ServiceError: it says nothing that can be read.
    """
    try:
        return parse(body)
    except ValueError as error:
        request_id = answer.headers.get("x-ms-request-id", "")
        raise answers.unreadable(SERVICE, config.endpoint, request, error, request_id) from error


def _not_azure(
    config: AzureConfig, request: BlobRequest, answer: HttpAnswer, what: str
) -> ServiceError:
    return answers.no_service(SERVICE, config.endpoint, request, answer.status, what)
