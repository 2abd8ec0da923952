"""The one way in which credentials are asked for over HTTP.

Rules that hold in this file:
- No redirects, no cookies, no netrc, no retries: one request, one small answer.
- A proxy never sees a request to this machine or to a metadata service: those answer whoever asks.
- Certificates are always verified: the switch that turns that off is for a server of one's own.
- No error quotes a header, a query or a body.

Source: AWS SDKs and Tools Reference Guide, "Container credential provider" and "IMDS credential
provider", for the addresses.
"""

from __future__ import annotations

import contextlib
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import requests.utils
from requests.structures import CaseInsensitiveDict

from s3dlio_core.errors import CredentialsError
from s3dlio_core.rest.wire_errors import error_of_wire
from s3dlio_http import make_adapter
from s3dlio_http.wire_errors import STACK_EXCEPTIONS, wire_error
from s3dlio_s3.credentials.value import parse_object
from s3dlio_s3.error_codes import meaning_of_status
from s3dlio_s3.wire_errors import PLACES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Answer", "is_retryable", "json_object", "origin_of", "send"]

#: Tokens are a few KiB long; no honest answer is longer than this.
ANSWER_MAX_BYTES = 256 * 1024
#: For services that are reached over the Internet, in seconds.
TIMEOUT_S = 10.0

# The metadata services' IPv6 addresses aren't link-local ones.
_METADATA_NETWORK = ipaddress.ip_network("fd00:ec2::/32")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer.

    Attributes:
        status: the HTTP status.
        body: the whole body; it may hold secrets, hence not in the repr.
    """

    status: int
    body: bytes

    def __repr__(self) -> str:
        return f"Answer(status={self.status})"


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    timeout_s: float = TIMEOUT_S,
    ca_bundle: str = "",
) -> Answer:
    """Send a request and read the answer, whatever its status.

    Args:
        method: the HTTP method.
        url: http or https.
        headers: without Host and Content-Length.
        body: the body, or None.
        timeout_s: how long to wait for a connection, and then for the next bytes.
        ca_bundle: a file or directory of CA certificates, or "" for those of certifi.

    Raises:
        CredentialsError: no answer, or one that is too long; retryable where the next may arrive.
    """
    prepared = requests.PreparedRequest()
    prepared.method = method
    prepared.url = url
    prepared.headers = CaseInsensitiveDict(
        {"host": urlsplit(url).netloc, "accept-encoding": "identity", **headers}
    )
    if body is not None or method != "GET":
        prepared.headers["Content-Length"] = str(len(body or b""))
    prepared.body = body
    try:
        with (
            contextlib.closing(make_adapter(max_pool_size=1)) as adapter,
            contextlib.closing(
                adapter.send(
                    prepared,
                    stream=True,
                    timeout=(timeout_s, timeout_s),
                    verify=ca_bundle or True,
                    proxies=_proxies(url),
                )
            ) as response,
        ):
            content: bytes = response.raw.read(ANSWER_MAX_BYTES + 1)
    except STACK_EXCEPTIONS as error:
        found = wire_error(error)
        failed = error_of_wire(
            found.kind.name, origin=origin_of(url), said=found.said, places=PLACES
        )
        # Not "from error": its text quotes the query.
        raise CredentialsError(failed.reason, retryable=failed.retryable) from None
    if len(content) > ANSWER_MAX_BYTES:
        raise CredentialsError(f"{origin_of(url)} answered more than {ANSWER_MAX_BYTES} bytes")
    return Answer(response.status_code, content)


def json_object(answer: Answer, url: str) -> dict[str, Any]:
    """Return the JSON object of an answer.

    Raises:
        CredentialsError: it is none.
    """
    values = parse_object(answer.body)
    if values is None:
        raise CredentialsError(
            f"{origin_of(url)} answered {answer.status} with something else than a JSON object",
            retryable=is_retryable(answer.status),
        )
    return values


def is_retryable(status: int) -> bool:
    """Return whether a refusal of this status may be gone a moment later."""
    meaning = meaning_of_status(status)
    return meaning.cls.default_retryable if meaning.retryable is None else meaning.retryable


def origin_of(url: str) -> str:
    """Return scheme and host of a URL, for messages."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _proxies(url: str) -> dict[str, str]:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return {}
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return dict(requests.utils.get_environ_proxies(url, no_proxy=None))
    if address.is_loopback or address.is_link_local or address in _METADATA_NETWORK:
        return {}
    return dict(requests.utils.get_environ_proxies(url, no_proxy=None))
