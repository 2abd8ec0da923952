"""From what went wrong on the wire to s3dlio's errors: one table.

Rules that hold in this file:
- Pure. Kinds are names, so that this works with any HTTP client; they are those of
  `s3dlio_http.wire_errors.WireErrorKind`, and the stores' tests hold the table against it.
- A hint names options and variables only by what a store gives as `Places`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from s3dlio_core.errors import (
    ConnectionFailedError,
    IntegrityError,
    NotSupportedError,
    RequestTimeoutError,
    S3dlioError,
    Scope,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KINDS", "Places", "WireError", "WireRequest", "error_of_request", "error_of_wire"]


class WireRequest(Protocol):
    """What a client was to send, as `s3dlio_http.HttpRequest` says it."""

    operation: str
    uri: str
    origin: str


class _Kind(Protocol):
    @property
    def name(self) -> str: ...


class WireError(Protocol):
    """What went wrong, as `s3dlio_http.WireError` says it."""

    @property
    def kind(self) -> _Kind:
        """One of `KINDS`, by its name."""

    @property
    def said(self) -> str:
        """What happened in words that quote nothing."""

    @property
    def maybe_done(self) -> bool:
        """Whether the request may have been carried out."""


@dataclass(frozen=True, slots=True)
class Places:
    """What hints name.

    Attributes:
        ca_option: the option that names a file of certificate authorities.
        ca_variable: the variable that does.
        host: all that a host's name is made of, as "the endpoint URL and the bucket's name".
    """

    ca_option: str
    ca_variable: str
    host: str


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a kind means.

    Attributes:
        cls: the class of our error.
        reason: with {origin} for the service and {said} for what the wire's side said.
        hint: what to do next, or ""; with the attributes of `Places`.
        retryable: None keeps the class's default.
        scope: None keeps the class's default.
    """

    cls: type[S3dlioError]
    reason: str
    hint: str = ""
    retryable: bool | None = None
    scope: Scope | None = None


KINDS: Mapping[str, _Meaning] = {
    "ANSWER_CUT_SHORT": _Meaning(IntegrityError, "{origin} cut the answer short"),
    "BAD_PROXY": _Meaning(
        UsageError,
        "the proxy before {origin} has no valid URL",
        hint="Check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY",
    ),
    # Of object scope: the next request makes a new connection, and if that fails too the run stops.
    "CONNECTION_CUT": _Meaning(
        ConnectionFailedError, "the connection to {origin} was cut: {said}", scope=Scope.OBJECT
    ),
    "CONNECT_TIMEOUT": _Meaning(
        RequestTimeoutError,
        "no connection to {origin} in time",
        hint="Check the endpoint URL and the network",
        scope=Scope.STORE,
    ),
    "HOST_NOT_FOUND": _Meaning(
        ConnectionFailedError, "the host of {origin} can't be found", hint="Check {host}"
    ),
    "MALFORMED_ANSWER": _Meaning(
        ConnectionFailedError,
        "{origin} sent no valid HTTP: {said}",
        hint="Check the scheme and the port of the endpoint URL",
        scope=Scope.OBJECT,
    ),
    "MISSING_FILE": _Meaning(
        UsageError,
        "no TLS connection to {origin}: {said}",
        hint="Check {ca_option} and {ca_variable}",
    ),
    "NO_CONNECTION": _Meaning(
        ConnectionFailedError,
        "can't connect to {origin}: {said}",
        hint="Check the endpoint URL and that the service is running",
    ),
    "PROXY_FAILED": _Meaning(
        ConnectionFailedError,
        "the proxy before {origin} failed",
        hint="Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
    ),
    "PROXY_REWRITES_PATH": _Meaning(
        NotSupportedError,
        'a key with a "." or ".." segment can\'t be sent through an HTTP proxy',
        hint="Use https, or add the host to NO_PROXY",
    ),
    "READ_TIMEOUT": _Meaning(RequestTimeoutError, "no answer from {origin} in time"),
    "TLS_FAILED": _Meaning(
        ConnectionFailedError,
        "the TLS connection to {origin} failed: {said}",
        hint="Check the endpoint URL; for a private CA set {ca_option} or {ca_variable}",
        retryable=False,
    ),
    "TOO_SLOW": _Meaning(RequestTimeoutError, "{origin} took or sent too few bytes for too long"),
    "UNKNOWN_ADAPTER": _Meaning(UsageError, "{said}"),
    "UNSENDABLE": _Meaning(UsageError, "the request to {origin} can't be sent", scope=Scope.OBJECT),
}


def error_of_request(request: WireRequest, error: WireError, *, places: Places) -> S3dlioError:
    """Return the error of a request that had no answer, or a broken one; see `error_of_wire`."""
    return error_of_wire(
        error.kind.name,
        origin=request.origin,
        said=error.said,
        places=places,
        operation=request.operation,
        uri=request.uri,
        maybe_done=error.maybe_done,
    )


def error_of_wire(
    kind: str,
    *,
    origin: str,
    said: str,
    places: Places,
    operation: str = "",
    uri: str = "",
    maybe_done: bool = False,
) -> S3dlioError:
    """Return the error of a request that had no answer, or a broken one.

    Args:
        kind: one of `KINDS`.
        origin: scheme and host of the service.
        said: what happened in words that quote nothing.
        places: what the hint may name.
        operation: what was asked for.
        uri: what it was asked of.
        maybe_done: whether the request may have been carried out.
    """
    meaning = KINDS[kind]
    return meaning.cls(
        meaning.reason.format(origin=origin, said=said),
        operation=operation,
        uri=uri,
        hint=meaning.hint.format(
            ca_option=places.ca_option, ca_variable=places.ca_variable, host=places.host
        ),
        retryable=meaning.retryable,
        scope=meaning.scope,
        maybe_done=maybe_done,
    )
