"""From an S3 answer to s3dlio's error: the one edge where that happens.

Rules that hold in this file:
- Pure: an answer's parts in, an error out. Nothing is raised here.
- What a code means stands in `error_codes`.
- The service's message is shown, never the request's headers.

Source: Amazon S3 API Reference, "Error responses".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core.errors import (
    ObjectNotFoundError,
    S3dlioError,
    Scope,
    ServiceError,
)
from s3dlio_core.rest.headers import retry_after_s
from s3dlio_core.rest.meanings import is_foreign, is_undone, reason_of
from s3dlio_s3.error_codes import (
    CODES,
    REDIRECT,
    REDIRECT_CODES,
    WRONG_REGION,
    meaning_of_status,
)
from s3dlio_s3.redirects import TEMPORARY_REDIRECT, location_host, told_region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_core.rest.meanings import Meaning
    from s3dlio_s3.wire_xml import ErrorBody

__all__ = ["Refusal", "error_of_code", "error_of_refusal"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that isn't a success.

    Attributes:
        operation, uri: what was asked for.
        status: the HTTP status.
        headers: of the answer; looked up without regard to case.
        error: the parsed error document, or None.
        has_body: whether there was a body, S3's or not.
        endpoint: the service's URL.
        region: the region that the request was signed for.
        names_key: whether the request named a key, so that a bare 404 is about that.
        changes: whether the request may change what the service holds.
    """

    operation: str
    uri: str
    status: int
    headers: Mapping[str, str]
    error: ErrorBody | None
    has_body: bool
    endpoint: str
    region: str
    names_key: bool
    changes: bool


def error_of_code(
    body: ErrorBody, operation: str, uri: str, *, status: int = 400, maybe_done: bool = False
) -> S3dlioError:
    """Return the error of a code that stands inside an answer of status 200.

    Args:
        body: the error.
        operation: what was asked for.
        uri: what it was asked of.
        status: judges a code that isn't known.
        maybe_done: whether the request may have been carried out.
    """
    meaning = CODES.get(body.code) or meaning_of_status(status)
    return meaning.cls(
        reason_of(body.message, body.code, meaning),
        operation=operation,
        uri=uri,
        hint=meaning.hint,
        retryable=meaning.retryable,
        scope=meaning.scope,
        code=body.code,
        request_id=body.request_id,
        maybe_done=maybe_done,
    )


def error_of_refusal(refusal: Refusal) -> S3dlioError:
    """Return the error of an answer that isn't a success."""
    error = refusal.error
    if error is None and refusal.has_body and is_foreign(refusal.status):
        return ServiceError(
            f"{refusal.endpoint} answered {refusal.status}, but not as an S3 service does",
            operation=refusal.operation,
            uri=refusal.uri,
            hint="Check the endpoint URL",
            scope=Scope.STORE,
        )
    if refusal.status == 405 and refusal.headers.get("x-amz-delete-marker") == "true":
        return ObjectNotFoundError(
            "this version marks the deletion of the object",
            operation=refusal.operation,
            uri=refusal.uri,
            code=error.code if error else "",
            hint="Name the version before it",
        )
    meaning = _meaning(refusal)
    request_id = refusal.headers.get("x-amz-request-id", "")
    return meaning.cls(
        reason_of(error.message, error.code, meaning)
        if error
        else f"the service answered {refusal.status}",
        operation=refusal.operation,
        uri=refusal.uri,
        hint=_hint(refusal, meaning),
        retryable=meaning.retryable,
        retry_after_s=retry_after_s(refusal.headers),
        scope=meaning.scope,
        code=(error.code if error else "") or REDIRECT_CODES.get(refusal.status, ""),
        request_id=(error.request_id if error else "") or request_id,
        maybe_done=refusal.changes
        and refusal.status >= 500
        and not is_undone(meaning, is_known=error is not None and error.code in CODES),
    )


def _meaning(refusal: Refusal) -> Meaning:
    code = refusal.error.code if refusal.error else ""
    if code in CODES:
        return CODES[code]
    if refusal.status == 404:
        return CODES["NoSuchKey" if refusal.names_key else "NoSuchBucket"]
    return meaning_of_status(refusal.status)


def _hint(refusal: Refusal, meaning: Meaning) -> str:
    host = location_host(refusal.headers)
    if refusal.status == TEMPORARY_REDIRECT and host:
        return f"It redirects to {host}, and isn't followed there: check the endpoint URL"
    region = told_region(refusal.headers, refusal.error)
    if meaning in (REDIRECT, WRONG_REGION) and region and region != refusal.region:
        return (
            f"The request was signed for {refusal.region}: set the region {region} by option "
            f"(--region) or AWS_REGION"
        )
    return meaning.hint
