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
    from s3dlio_http.client import HttpAnswer

__all__ = ["check_is_no_page", "parsed"]

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
