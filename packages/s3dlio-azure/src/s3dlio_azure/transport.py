"""The end of the azure-core pipeline: requests go straight to the HTTP client of s3dlio-http.

Rules that hold in this file:
- What travels through the pipeline is what the client sends: nothing is copied on the way.
- What went wrong on the wire leaves here as one of s3dlio's errors, which azure-core lets pass.

Source: azure-core, `azure.core.pipeline.transport.HttpTransport`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from http.client import responses
from typing import TYPE_CHECKING, Any, ClassVar

from azure.core.pipeline.transport import HttpTransport
from azure.core.utils import case_insensitive_dict

from s3dlio_core.rest.wire_errors import Places, error_of_request
from s3dlio_http.client import HttpClient, HttpRequest

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from types import TracebackType

    from s3dlio_azure.config import AzureConfig
    from s3dlio_http.client import HttpAnswer

__all__ = ["BlobTransport", "WireAnswer", "WireRequest"]

_PLACES = Places(
    ca_option="ca_bundle (--ca-bundle)",
    ca_variable="REQUESTS_CA_BUNDLE",
    host="the account's name and the endpoint URL",
)


@dataclass(slots=True)
class WireRequest(HttpRequest):
    """A request on its way through the pipeline; policies add to its headers and its target.

    Attributes:
        headers: all of them, as they are so far.
        path: its path, percent-encoded.
        query: its parameters, not encoded; without those of a shared access signature.
    """

    headers: dict[str, str] = field(repr=False)
    path: str = ""
    query: tuple[tuple[str, str], ...] = ()

    #: azure-core's own batches aren't used.
    multipart_mixed_info: ClassVar[None] = None

    @property
    def url(self) -> str:
        """The whole URL, as azure-core's policies ask for it."""
        return self.origin + self.target

    def prepare_multipart_body(self) -> int:
        """Do nothing: no request is one of azure-core's batches."""
        return 0


class WireAnswer:
    """An answer as azure-core's policies see it.

    Attributes:
        answer: the client's.
        status_code: its status.
    """

    __slots__ = ("answer", "status_code")

    def __init__(self, answer: HttpAnswer) -> None:
        self.answer = answer
        self.status_code = answer.status

    @property
    def reason(self) -> str:
        """The usual words for the status."""
        return responses.get(self.status_code, "")

    @property
    def headers(self) -> MutableMapping[str, str]:
        """The headers, looked up without regard to case."""
        return case_insensitive_dict(self.answer.headers)


class BlobTransport(HttpTransport[WireRequest, WireAnswer]):
    """Sends requests over pooled connections. Thread-safe and fork-safe."""

    def __init__(self, config: AzureConfig) -> None:
        self.client = HttpClient(
            connect_timeout_s=config.connect_timeout_s,
            read_timeout_s=config.read_timeout_s,
            max_pool_size=config.max_pool_size,
            verify=(config.ca_bundle or True) if config.verify else False,
            translate=functools.partial(error_of_request, places=_PLACES),
        )

    def send(self, request: WireRequest, **kwargs: Any) -> WireAnswer:
        """Send a request; return once the head of the answer has arrived.

        Raises:
            ConnectionFailedError, RequestTimeoutError: no answer.
        """
        del kwargs  # timeouts are the client's
        return WireAnswer(self.client.send(request))

    def open(self) -> None:
        """Do nothing: connections come with requests."""

    def close(self) -> None:
        """Close the pooled connections."""
        self.client.close()

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()
