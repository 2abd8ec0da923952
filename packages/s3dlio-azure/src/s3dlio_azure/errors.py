"""From an answer of Blob Storage to s3dlio's error: the one edge where that happens.

Rules that hold in this file:
- Pure: an answer's parts in, an error out. Nothing is raised here.
- What a code means stands in `error_codes`.
- The service's message is shown to the end of its first line: what follows quotes the request.

Sources: Azure Storage, "Status and error codes"; RFC 9110 section 10.2.3 for Retry-After.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from s3dlio_azure.error_codes import CODES, REDIRECT, meaning_of
from s3dlio_core.errors import (
    S3dlioError,
    Scope,
    ServiceError,
)
from s3dlio_core.logs import redact
from s3dlio_core.rest.headers import retry_after_s
from s3dlio_core.rest.meanings import is_foreign, is_undone, reason_of
from s3dlio_core.rest.xml import ERROR_BODY_MAX_BYTES, MalformedXmlError, parse_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_core.rest.meanings import Meaning

__all__ = ["ErrorBody", "Refusal", "error_of_refusal", "parse_error", "says_nothing"]

#: An error has some ten elements.
_TAG_COUNT_MAX = 1000
#: Operations that need no blob to be there: a copy needs its source.
_MAKING = frozenset({"put", "put part", "complete multipart upload"})
#: What is said of an answer that says nothing, with its status behind.
_BARE = "the service answered"
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._]{0,99}")
_CODE_IN_BYTES = re.compile(rb"<Code>([A-Za-z0-9._]{1,100})</Code>")
_MESSAGE_IN_BYTES = re.compile(rb"<Message>([^<&]*)")


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """An error document.

    Attributes:
        code: the service's error code, or "".
        message: its explanation.
        about: the header or parameter that it is about, or "".
    """

    code: str
    message: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that isn't a success.

    Attributes:
        operation, uri: what was asked for.
        status: the HTTP status.
        headers: of the answer, names in lower case.
        body: its body, or b"".
        endpoint: the service's URL.
        names_key: whether the request named a blob, so that a bare 404 is about that.
        changes: whether the request may change what the service holds.
    """

    operation: str
    uri: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    endpoint: str
    names_key: bool
    changes: bool

    @property
    def error(self) -> ErrorBody | None:
        """What the service says, or None when nothing shows that it is the service."""
        told = self.headers.get("x-ms-error-code", "").strip()
        code = told if _CODE.fullmatch(told) else ""
        parsed = parse_error(self.body) if self.body else None
        if parsed is None:
            return ErrorBody(code) if code else None
        return ErrorBody(code or parsed.code, parsed.message, parsed.about)


def parse_error(body: bytes) -> ErrorBody | None:
    """Return what an error document says, or None: it is none."""
    try:
        tree = parse_root(body, size_max_bytes=ERROR_BODY_MAX_BYTES, tag_count_max=_TAG_COUNT_MAX)
    except MalformedXmlError:
        return _scraped(body)
    if tree.name != "Error" or not _CODE.fullmatch(tree.text("Code").strip()):
        return None
    about = tree.text("HeaderName") or tree.text("QueryParameterName")
    return ErrorBody(tree.text("Code").strip(), tree.text("Message"), about[:100])


def _scraped(body: bytes) -> ErrorBody | None:
    """Return what can be read of an error document that is cut short or no good XML."""
    code = _CODE_IN_BYTES.search(body)
    if code is None:
        return None
    message = _MESSAGE_IN_BYTES.search(body)
    text = message[1].decode("utf-8", "replace") if message else ""
    return ErrorBody(code[1].decode("ascii"), text)


def error_of_refusal(refusal: Refusal) -> S3dlioError:
    """Return the error of an answer that isn't a success."""
    error = refusal.error
    if error is None and _is_foreign(refusal):
        return ServiceError(
            f"{refusal.endpoint} answered {refusal.status}, but not as Azure Blob Storage does",
            operation=refusal.operation,
            uri=refusal.uri,
            hint="Check the endpoint URL",
            scope=Scope.STORE,
        )
    code = error.code if error else ""
    meaning = meaning_of(
        code,
        refusal.status,
        names_key=refusal.names_key,
        makes_blob=refusal.operation in _MAKING,
    )
    return meaning.cls(
        _reason(error, meaning) if error else f"{_BARE} {refusal.status}",
        operation=refusal.operation,
        uri=refusal.uri,
        hint=_hint(refusal, meaning),
        retryable=meaning.retryable,
        retry_after_s=retry_after_s(refusal.headers),
        scope=meaning.scope,
        code=code,
        request_id=refusal.headers.get("x-ms-request-id", "")[:100],
        maybe_done=refusal.changes
        and refusal.status >= 500
        and not is_undone(meaning, is_known=code in CODES),
    )


def says_nothing(error: S3dlioError) -> bool:
    """Return whether a server failed at a change without a word of the service.

    Azurite does so at operations that it has no rule for when a SAS token is given.
    """
    is_failure = isinstance(error, ServiceError) and error.reason == f"{_BARE} 500"
    return is_failure and error.maybe_done and not error.request_id


def _is_foreign(refusal: Refusal) -> bool:
    """Return whether an answer without an error means that this is no Blob Storage at all."""
    if "x-ms-request-id" in refusal.headers or refusal.status < 400:
        return False
    if not refusal.body:
        # What anybody says would else count as a deletion.
        return refusal.status == 404 and refusal.changes
    return is_foreign(refusal.status)


def _reason(error: ErrorBody, meaning: Meaning) -> str:
    reason = reason_of(error.message.strip().partition("\n")[0], error.code, meaning)
    return redact(f"{reason} ({error.about})" if error.about else reason)


def _hint(refusal: Refusal, meaning: Meaning) -> str:
    if meaning is REDIRECT:
        try:
            host = urlsplit(refusal.headers.get("location", "")).hostname
        except ValueError:
            host = None
        if host:
            return f"It redirects to {host[:100]}, and isn't followed there: check the endpoint URL"
    return meaning.hint
