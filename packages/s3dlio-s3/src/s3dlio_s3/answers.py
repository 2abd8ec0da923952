"""What an answer of S3 must hold to count as a success, and what is said when it doesn't.

Rules that hold in this file:
- Pure: an answer's parts in, a value or an exception out.
- A status of 200 proves nothing: any web server says it, and S3 itself says it before the work of
  CopyObject, UploadPartCopy and CompleteMultipartUpload is done.

Source: Amazon S3 API Reference, "Error responses", CopyObject, CompleteMultipartUpload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from s3dlio_core.errors import Scope, ServiceError
from s3dlio_core.rest import answers
from s3dlio_s3 import wire_xml
from s3dlio_s3.errors import Refusal, error_of_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from s3dlio_http.client import HttpAnswer
    from s3dlio_s3.config import S3Config
    from s3dlio_s3.request import S3Request

__all__ = [
    "check_describes_object",
    "check_encrypted",
    "check_is_no_page",
    "parsed",
    "refusal_of",
]

SERVICE = answers.Service("no S3 service", "an S3 service")

_Value = TypeVar("_Value")


def check_is_no_page(config: S3Config, request: S3Request, answer: HttpAnswer, body: bytes) -> None:
    """Check that the body of an answer that needs none isn't a web page.

    Raises:
        ServiceError: it is; whoever sent it did nothing.
    """
    answers.check_is_no_page(SERVICE, config.endpoint, request, answer.status, body)


def check_describes_object(config: S3Config, request: S3Request, answer: HttpAnswer) -> None:
    """Check that the head of a success speaks of an object: any web server says 200.

    Raises:
        ServiceError: neither an ETag (it may be empty) nor a time of modification.
    """
    if "etag" not in answer.headers and "last-modified" not in answer.headers:
        what = "without ETag and Last-Modified"
        raise answers.no_service(SERVICE, config.endpoint, request, answer.status, what)


def check_encrypted(config: S3Config, request: S3Request, answered: Mapping[str, str]) -> None:
    """Check that the answer to a write confirms the encryption that was asked for.

    Raises:
        ServiceError: it doesn't: a server that doesn't know the headers ignores them.
    """
    if asked := config.settings.unconfirmed(answered):
        raise ServiceError(
            f"the server doesn't confirm the encryption {asked}: what it has stored may lie "
            "there unencrypted",
            operation=request.operation,
            uri=request.uri,
            hint="Use a server that encrypts, or leave the setting out",
            scope=Scope.CONTAINER,
            maybe_done=True,
        )


def parsed(
    config: S3Config,
    request: S3Request,
    answer: HttpAnswer,
    body: bytes,
    parse: Callable[[bytes], _Value],
) -> _Value:
    """Return what the XML of a success says.

    Raises:
        S3dlioError: an error inside the answer, or no S3 answer.
    """
    try:
        return parse(body)
    except ValueError as error:
        inner = wire_xml.parse_error(body)
        if inner is not None and (inner.code or inner.message):
            raise error_of_code(
                inner, request.operation, request.uri, status=500, maybe_done=request.changes
            ) from None
        request_id = answer.headers.get("x-amz-request-id", "")
        raise answers.unreadable(SERVICE, config.endpoint, request, error, request_id) from error


def refusal_of(
    config: S3Config, request: S3Request, region: str, answer: HttpAnswer, body: bytes
) -> Refusal:
    """Return an answer that isn't a success, as it is judged.

    Args:
        config: the configuration.
        request: what was asked for.
        region: the region that it was signed for.
        answer: the answer.
        body: its body, or b"".
    """
    return Refusal(
        operation=request.operation,
        uri=request.uri,
        status=answer.status,
        headers=answer.headers,
        error=wire_xml.parse_error(body) if body else None,
        has_body=bool(body),
        endpoint=config.endpoint,
        region=region,
        names_key=bool(request.key),
        changes=request.changes,
    )
