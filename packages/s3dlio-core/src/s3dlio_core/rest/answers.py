"""What is said of a success that isn't one.

Rules that hold in this file:
- Pure: an answer's parts in, an exception out.
- A status of 200 proves nothing: any web server says it.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from s3dlio_core.errors import Scope, ServiceError

__all__ = ["Asked", "Service", "check_is_no_page", "no_service", "unreadable"]


class Asked(Protocol):
    """A request, as the stores have them."""

    operation: str

    @property
    def uri(self) -> str:
        """What it was asked of."""

    @property
    def changes(self) -> bool:
        """Whether it may change what the service holds."""


class Service(NamedTuple):
    """What an endpoint should be, in the words of messages.

    Attributes:
        none: as "no S3 service".
        one: as "an S3 service".
    """

    none: str
    one: str


def no_service(
    service: Service, endpoint: str, request: Asked, status: int, what: str
) -> ServiceError:
    """Return the error of an answer by something else.

    Args:
        service: what was expected.
        endpoint: the URL.
        request: what was asked for.
        status: the HTTP status.
        what: what was answered, e.g. "a web page".
    """
    return ServiceError(
        f"{endpoint} answered {status} {what}: {service.none}",
        operation=request.operation,
        uri=request.uri,
        hint="Check the endpoint URL",
        scope=Scope.STORE,
    )


def check_is_no_page(
    service: Service, endpoint: str, request: Asked, status: int, body: bytes
) -> None:
    """Check that the body of an answer that needs none isn't a web page.

    Raises:
        ServiceError: it is; whoever sent it did nothing.
    """
    if body.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
        raise no_service(service, endpoint, request, status, "a web page")


def unreadable(
    service: Service, endpoint: str, request: Asked, error: ValueError, request_id: str
) -> ServiceError:
    """Return the error of a body that can't be parsed.

    Args:
        service: what was expected.
        endpoint: the URL.
        request: what was asked for.
        error: what the parser said; true as its `cut`: the body ends too early.
        request_id: the service's id of the request, or "".
    """
    cut: bool = getattr(error, "cut", False)
    reason = "the answer is empty or cut short" if cut else f"unreadable answer: {error}"
    return ServiceError(
        f"{endpoint}: {reason}",
        operation=request.operation,
        uri=request.uri,
        hint="" if cut else f"Check that the endpoint URL is that of {service.one}",
        retryable=cut,
        request_id=request_id,
        maybe_done=request.changes,
    )
