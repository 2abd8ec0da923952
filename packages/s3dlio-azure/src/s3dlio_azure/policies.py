"""What happens to each request in the azure-core pipeline: headers, the log, and who asks.

Rules that hold in this file:
- No policy retries, and none follows a redirect: core's retry decorator is the one place that sends
  again, and the signer runs on each send.
- The log shows method, path, query, status, request id and time; never a header, and nothing of a
  shared access signature, which is added after it.

Sources: azure-core, "Client library developer reference" (policies); Azure Storage, "Versioning for
Azure Storage", "Authorize with Microsoft Entra ID".
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, TypeAlias

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    HTTPPolicy,
    SansIOHTTPPolicy,
)

from s3dlio_azure.shared_key import authorization
from s3dlio_azure.tokens import CheckedTokens
from s3dlio_azure.transport import WireAnswer, WireRequest
from s3dlio_core.errors import S3dlioError
from s3dlio_core.logs import get_logger
from s3dlio_core.rest.xml import ERROR_BODY_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_azure.credentials import BearerToken, SharedKey

__all__ = [
    "API_VERSION",
    "TOKEN_SCOPE",
    "BearerTokenPolicy",
    "HeadersPolicy",
    "LoggingPolicy",
    "SasPolicy",
    "SharedKeyPolicy",
    "with_sas",
]

#: What the service does with a request depends on it.
API_VERSION = "2023-11-03"
#: What a token of Microsoft Entra ID must be for, in every cloud.
TOKEN_SCOPE = "https://storage.azure.com/.default"  # noqa: S105 - a name, no password

logger = get_logger("azure")

_Request: TypeAlias = PipelineRequest[WireRequest]
_Response: TypeAlias = PipelineResponse[WireRequest, WireAnswer]


class HeadersPolicy(SansIOHTTPPolicy[WireRequest, WireAnswer]):
    """Adds what every request has: version, date, length, and who sends it."""

    def __init__(self, date: Callable[[], str], user_agent: str) -> None:
        """Take what tells the server's date, and the name of this program."""
        self._date = date
        self._user_agent = user_agent

    def on_request(self, request: _Request) -> None:
        """Add the headers."""
        asked = request.http_request
        headers = asked.headers
        headers["x-ms-version"] = API_VERSION
        headers["x-ms-date"] = self._date()
        headers["accept-encoding"] = "identity"
        headers["user-agent"] = self._user_agent
        if asked.body is not None or asked.method in {"PUT", "POST"}:
            headers["Content-Length"] = str(len(asked.body or b""))


class LoggingPolicy(HTTPPolicy[WireRequest, WireAnswer]):
    """Logs each answer at level DEBUG."""

    def send(self, request: _Request) -> _Response:
        """Send the request, and log what came of it."""
        if not logger.isEnabledFor(logging.DEBUG):
            return self.next.send(request)
        target = request.http_request.target
        started = time.perf_counter()
        response = self.next.send(request)
        answer = response.http_response.answer
        logger.debug(
            "%s %s %d in %.1f ms",
            request.http_request.method,
            target,
            answer.status,
            (time.perf_counter() - started) * 1000,
            extra={
                "request_id": answer.headers.get("x-ms-request-id", ""),
                "status": answer.status,
            },
        )
        return response


class SharedKeyPolicy(SansIOHTTPPolicy[WireRequest, WireAnswer]):
    """Signs with an account's key."""

    def __init__(self, credential: SharedKey) -> None:
        self._account = credential.account
        self._key = credential.decoded

    def on_request(self, request: _Request) -> None:
        """Sign the request."""
        asked = request.http_request
        asked.headers["authorization"] = authorization(
            self._account, self._key, asked.method, asked.path, asked.query, asked.headers
        )


class SasPolicy(SansIOHTTPPolicy[WireRequest, WireAnswer]):
    """Adds a shared access signature."""

    def __init__(self, token: str) -> None:
        self._token = token

    def on_request(self, request: _Request) -> None:
        """Add the signature to the query."""
        request.http_request.target = with_sas(request.http_request.target, self._token)


def with_sas(target: str, token: str) -> str:
    """Return a URL, or the path and query of one, with a shared access signature."""
    return f"{target}{'&' if '?' in target else '?'}{token}"


class BearerTokenPolicy(BearerTokenCredentialPolicy[Any, Any]):
    """Adds a token of Microsoft Entra ID; azure-core gets it anew before it ends."""

    def __init__(self, credential: BearerToken) -> None:
        self._tokens = CheckedTokens(credential.source)
        super().__init__(self._tokens, TOKEN_SCOPE)

    def header(self) -> str:
        """Return the value of a header with a token.

        Raises:
            CredentialsError: there is no token.
        """
        return f"Bearer {self._tokens.current(TOKEN_SCOPE)}"

    def on_challenge(self, request: _Request, response: _Response) -> bool:
        """Get the token that the service asks for instead; return whether there is one.

        Raises:
            CredentialsError: there is none.
        """
        answer = response.http_response.answer
        try:
            answered = super().on_challenge(request, response)
        except S3dlioError:
            answer.close()
            raise
        except ValueError:
            # What is asked for can't be read: the refusal is told as any other.
            return False
        if answered:
            # The request is sent again, and nobody else will read this answer.
            answer.read(ERROR_BODY_MAX_BYTES)
        return answered
