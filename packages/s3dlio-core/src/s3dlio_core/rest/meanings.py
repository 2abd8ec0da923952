"""What refusals mean: the shape of a store's table of error codes, and what all services share.

Rules that hold in this file:
- Pure.
- A known code decides; an unknown one is judged by the HTTP status.

Source: RFC 9110 section 15; RFC 6585 section 4 and RFC 4918 section 11.5 for 429 and 507.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core.errors import (
    ConflictError,
    CredentialsError,
    InvalidRangeError,
    NotSupportedError,
    ObjectTooLargeError,
    PermissionDeniedError,
    PreconditionFailedError,
    RequestTimeoutError,
    S3dlioError,
    Scope,
    ServiceError,
    StorageFullError,
    ThrottledError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STATUSES", "Meaning", "is_foreign", "is_undone", "meaning_of_status", "reason_of"]

_REASON_MAX_CHARS = 500


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error code means to us.

    Attributes:
        cls: the class of the error.
        retryable: None keeps the class's default.
        scope: None keeps the class's default.
        hint: what to do next, or "".
    """

    cls: type[S3dlioError]
    retryable: bool | None = None
    scope: Scope | None = None
    hint: str = ""


_REFUSED = Meaning(ServiceError)
_FAILED = Meaning(ServiceError, retryable=True)

#: What statuses mean at every service; each adds its redirects and what it says of credentials.
STATUSES: Mapping[int, Meaning] = {
    403: Meaning(PermissionDeniedError),
    408: Meaning(RequestTimeoutError),
    409: Meaning(ConflictError),
    412: Meaning(PreconditionFailedError),
    413: Meaning(ObjectTooLargeError),
    416: Meaning(InvalidRangeError),
    429: Meaning(ThrottledError),
    501: Meaning(NotSupportedError),
    503: Meaning(ThrottledError),
    507: Meaning(StorageFullError),
}


def meaning_of_status(status: int, statuses: Mapping[int, Meaning]) -> Meaning:
    """Return what an HTTP status means when there is no known code.

    Args:
        status: the status, 300 or above.
        statuses: the service's table.
    """
    return statuses.get(status) or (_FAILED if status >= 500 else _REFUSED)


def is_foreign(status: int) -> bool:
    """Return whether a body that isn't the service's own error means that another one answered.

    A load balancer before a real service says 403, 429 and 5xx in HTML.
    """
    return status < 500 and status not in {403, 408, 413, 429}


def is_undone(meaning: Meaning, *, is_known: bool) -> bool:
    """Return whether a 5xx says that nothing was done.

    Args:
        meaning: what it means.
        is_known: whether it has a known code of the service. Without one a 503 may be that of a
            gateway, which lost the service in the middle.
    """
    if meaning.cls is ThrottledError:
        return is_known
    return meaning.cls in {NotSupportedError, StorageFullError}


def reason_of(message: str, code: str, meaning: Meaning) -> str:
    """Return the service's explanation on one line; where there is none, ours."""
    text = " ".join(message.split())
    if text in {"", code}:
        # Some send the code alone. The class says in words what it means.
        text = " ".join((meaning.cls.__doc__ or code).split())
        if issubclass(meaning.cls, CredentialsError):
            text = "the service refuses the credentials"
    return text.rstrip(".")[:_REASON_MAX_CHARS]
