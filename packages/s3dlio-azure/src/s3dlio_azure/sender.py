"""One request of Blob Storage, from its parts to its answer: address, sign, send, judge.

Rules that hold in this file:
- Each call signs anew, so a retry above carries a fresh date.
- An answer that isn't a success leaves here as an exception, never as an answer. Redirects aren't
  followed.
- A credential that isn't given is looked for on the first request, in each process.
- A refusal that corrects what is known of the server's clock may be retried.
- URLs that hold a signature are returned, and stand in no log and no error.

Source: Azure Storage, "Blob Storage REST API", "Status and error codes".
"""

from __future__ import annotations

import functools
import importlib.metadata
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from azure.core.pipeline import Pipeline

from s3dlio_azure.answers import check_is_no_page, parsed
from s3dlio_azure.authorizer import Authorizer
from s3dlio_azure.credentials import Sas, SharedKey
from s3dlio_azure.errors import Refusal, error_of_refusal
from s3dlio_azure.policies import (
    HeadersPolicy,
    LoggingPolicy,
    with_sas,
)
from s3dlio_azure.sas import BlobSas, service_sas
from s3dlio_azure.shared_key import authorization
from s3dlio_azure.transport import BlobTransport, WireAnswer, WireRequest
from s3dlio_core.errors import CredentialsError, S3dlioError, UsageError
from s3dlio_core.forks import renew_in_children
from s3dlio_core.logs import get_logger
from s3dlio_core.rest.clock import ServerClocks
from s3dlio_core.rest.percent import encode_key
from s3dlio_core.rest.xml import ERROR_BODY_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from s3dlio_azure.config import AzureConfig
    from s3dlio_azure.credentials import Credential
    from s3dlio_azure.request import BlobRequest
    from s3dlio_http.client import HttpAnswer

__all__ = ["AzureSender"]

logger = get_logger("azure")

#: How long the signature for the source of a copy lasts.
_SOURCE_SAS_S = 3600.0

_Value = TypeVar("_Value")


class AzureSender:
    """Signs and sends requests with one configuration. Thread-safe, fork-safe, picklable."""

    def __init__(self, config: AzureConfig) -> None:
        """Take a configuration; nothing is sent, and no credential is looked for."""
        self.config = config
        self.transport = BlobTransport(config)
        parts = urlsplit(config.endpoint)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._base_path = parts.path
        self._clocks = ServerClocks(_http_date, logger)
        self._authorizer = Authorizer(config)
        self._pipeline: Pipeline[WireRequest, WireAnswer] | None = None
        renew_in_children(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (AzureSender, (self.config,))

    def renew_after_fork(self) -> None:
        """Make the pipeline anew, with the credential of this process."""
        self._pipeline = None

    @property
    def credential(self) -> Credential:
        """Who asks, looked for on first use.

        Raises:
            CredentialsError: there is no credential.
        """
        return self._authorizer.credential

    @property
    def identity(self) -> str:
        """Who asks, as it stays: no secret.

        Raises:
            CredentialsError: there is no credential.
        """
        return self.credential.identity

    def send(self, request: BlobRequest) -> HttpAnswer:
        """Send a request and return its answer, a success whose body is not yet read.

        Raises:
            S3dlioError: no answer, or a refusal.
        """
        answer = self._send(request)
        if answer.status < 300:
            return answer
        raise self._error(request, answer)

    def send_for_nothing(self, request: BlobRequest) -> HttpAnswer:
        """Send a request whose answer has no body worth reading; return its head.

        Raises:
            S3dlioError: no answer, a refusal, or a web page; whoever sent that did nothing.
        """
        answer = self.send(request)
        body = answer.read(ERROR_BODY_MAX_BYTES)
        if body:
            check_is_no_page(self.config, request, answer, body)
        return answer

    def send_for_value(
        self, request: BlobRequest, parse: Callable[[bytes], _Value], size_max_bytes: int
    ) -> _Value:
        """Send a request and parse the XML of its answer; see `send_for_document`."""
        return self.send_for_document(request, parse, size_max_bytes)[0]

    def send_for_document(
        self, request: BlobRequest, parse: Callable[[bytes], _Value], size_max_bytes: int
    ) -> tuple[_Value, Mapping[str, str]]:
        """Send a request; parse the body of its answer, and return it with the headers.

        Args:
            request: the request.
            parse: reads the body; it is given no more than one byte above the limit.
            size_max_bytes: the longest body that is legal.

        Raises:
            S3dlioError: no answer, a refusal, or no answer of Blob Storage.
        """
        answer = self.send(request)
        body = answer.read(size_max_bytes)
        return parsed(self.config, request, answer, body, parse), answer.headers

    def error_of(
        self, request: BlobRequest, status: int, headers: Mapping[str, str], body: bytes
    ) -> S3dlioError:
        """Return the error of an answer that isn't a success, also of one within a batch."""
        refusal = Refusal(
            operation=request.operation,
            uri=request.uri,
            status=status,
            headers=headers,
            body=body,
            endpoint=self.config.endpoint,
            names_key=bool(request.key),
            changes=request.changes,
        )
        error = error_of_refusal(refusal)
        if isinstance(error, CredentialsError):
            self._authorizer.explain(error)
        return error

    def url_of(self, container: str, key: str) -> str:
        """Return the exact URL of a blob, percent-encoded, with nothing that authorizes."""
        return self._origin + self._path(container, key)

    def source_authorization(
        self, container: str, key: str, version: str | None = None, *, tags: bool = False
    ) -> tuple[str, dict[str, str]]:
        """Return what lets the service read a blob of this account for a copy.

        Args:
            container: the blob's container.
            key: its name.
            version: a version's id, or None.
            tags: whether its tags are read, too.

        Returns:
            The source's URL, which may hold a signature and so is a secret, and headers.

        Raises:
            CredentialsError: there is no credential, or no token.
        """
        url = self._versioned(self.url_of(container, key), version)
        credential = self.credential
        if isinstance(credential, SharedKey):
            ends_at_s = self._now_s() + _SOURCE_SAS_S
            permissions = "rt" if tags else "r"
            return with_sas(url, self._signed(container, key, permissions, ends_at_s, version)), {}
        if isinstance(credential, Sas):
            return with_sas(url, credential.token), {}
        bearer = self._authorizer.bearer()
        return url, {"x-ms-copy-source-authorization": bearer} if bearer else {}

    def sas_url(
        self,
        container: str,
        key: str,
        *,
        permissions: str,
        expires_s: float,
        version: str | None = None,
    ) -> str:
        """Return a URL with which anybody can use a blob until it expires: a secret.

        Args:
            container: the blob's container.
            key: its name.
            permissions: letters in the service's order, e.g. "r" or "cw".
            expires_s: how long the URL works, in seconds.
            version: a version's id, or None.

        Raises:
            UsageError: the credential isn't an account's key, and can't sign.
            CredentialsError: there is no credential.
        """
        if not isinstance(self.credential, SharedKey):
            raise UsageError(
                "only an account's key can sign URLs",
                operation="presign",
                uri=f"{self.config.account_uri}{container}/{key}",
                hint="Give account and account_key, or AZURE_STORAGE_KEY",
            )
        url = self._versioned(self.url_of(container, key), version)
        ends_at_s = self._now_s() + expires_s
        return with_sas(url, self._signed(container, key, permissions, ends_at_s, version))

    def sign_subrequest(self, request: BlobRequest) -> tuple[str, dict[str, str]]:
        """Return the target and the headers of a request within a batch.

        Its version is the batch's own.

        Raises:
            CredentialsError: there is no credential, or no token.
        """
        asked = self._wire_request(request)
        headers = dict(asked.headers)
        credential = self.credential
        headers["x-ms-date"] = self._date()
        headers["Content-Length"] = "0"
        if isinstance(credential, SharedKey):
            headers["authorization"] = authorization(
                credential.account,
                credential.decoded,
                asked.method,
                asked.path,
                asked.query,
                headers,
            )
        elif isinstance(credential, Sas):
            asked.target = with_sas(asked.target, credential.token)
        elif bearer := self._authorizer.bearer():
            headers["authorization"] = bearer
        return asked.target, headers

    def close(self) -> None:
        """Close the pooled connections."""
        self.transport.close()

    def _send(self, request: BlobRequest) -> HttpAnswer:
        pipeline = self._pipeline
        try:
            if pipeline is None:
                pipeline = self._ready_pipeline()
            return pipeline.run(self._wire_request(request)).http_response.answer
        except (CredentialsError, UsageError) as error:
            # Of a credential, which knows nothing of the request.
            told = self._authorizer.told_of_search(error)
            told.operation, told.uri = request.operation, request.uri
            if told is error:
                raise
            raise told from error

    def _wire_request(self, request: BlobRequest) -> WireRequest:
        path = self._path(request.container, request.key)
        query = request.query
        return WireRequest(
            request.operation,
            request.uri,
            request.method,
            self._origin,
            f"{path}?{urlencode(query, quote_via=quote)}" if query else path,
            dict(request.headers),
            None if request.body is None else memoryview(request.body).cast("B"),
            path,
            query,
        )

    def _path(self, container: str, key: str) -> str:
        if key:
            return f"{self._base_path}/{quote(container)}/{encode_key(key)}"
        return f"{self._base_path}/{quote(container)}"

    @staticmethod
    def _versioned(url: str, version: str | None) -> str:
        return url if version is None else f"{url}?versionid={quote(version, safe='')}"

    def _signed(
        self, container: str, key: str, permissions: str, ends_at_s: float, version: str | None
    ) -> str:
        credential = self.credential
        assert isinstance(credential, SharedKey)  # noqa: S101 - its callers have looked
        allowed = BlobSas(
            container,
            key,
            permissions,
            ends_at_s,
            https_only=self._origin.startswith("https://"),
            snapshot_or_version=version or "",
            resource="b" if version is None else "bv",
        )
        return service_sas(credential.account, credential.decoded, allowed)

    def _ready_pipeline(self) -> Pipeline[WireRequest, WireAnswer]:
        # Two threads may both make one: a pipeline has no state.
        policies: list[Any] = [HeadersPolicy(self._date, _user_agent()), LoggingPolicy()]
        policies += self._authorizer.policies()
        self._pipeline = Pipeline(self.transport, policies)
        return self._pipeline

    def _now_s(self) -> float:
        return self._clocks.now_s(self._origin)

    def _date(self) -> str:
        return self._clocks.date(self._origin)

    def _error(self, request: BlobRequest, answer: HttpAnswer) -> S3dlioError:
        try:
            body = answer.read(ERROR_BODY_MAX_BYTES)
        except S3dlioError:
            # The status alone still says more than a broken connection.
            body = b""
        error = self.error_of(request, answer.status, answer.headers, body)
        signs = isinstance(self.credential, SharedKey)
        if signs and self._clocks.corrects(self._origin, answer.status, error.code, answer.headers):
            error.retryable = True
        return error


def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)


@functools.cache
def _user_agent() -> str:
    return f"s3dlio-azure/{importlib.metadata.version('s3dlio-azure')}"
