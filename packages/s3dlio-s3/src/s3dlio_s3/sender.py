"""One S3 request, from its parts to its answer: address, sign, send, judge.

Rules that hold in this file:
- Each call signs anew, so a retry above carries a fresh date.
- An answer that isn't a success leaves here as an exception, never as an answer.
- HEAD answers have no body and so no error code; where the code matters it is learnt by one small
  GET of the same name.
- A bucket that is in another region is found there, once for each request, and stays found. What
  an answer says of it is judged in `redirects` and `endpoints`: no answer names a host.
- A refusal that corrects what is known of the server's clock may be retried (see
  `s3dlio_core.rest.clock`).
- The log shows method, target, status, request id and time; never a header.

Source: Amazon S3 API Reference, "Common request headers" and "Error responses".
"""

from __future__ import annotations

import functools
import importlib.metadata
import logging
import os
import time
from typing import TYPE_CHECKING, TypeVar, get_args

from s3dlio_core.errors import CredentialsError, S3dlioError
from s3dlio_core.logs import get_logger, register_secret
from s3dlio_core.rest.clock import ServerClocks
from s3dlio_core.rest.xml import ERROR_BODY_MAX_BYTES
from s3dlio_http.client import HttpClient, HttpRequest
from s3dlio_s3 import sigv4, wire_xml
from s3dlio_s3.answers import check_is_no_page, parsed, refusal_of
from s3dlio_s3.credentials import (
    CredentialsHolder,
    ExplicitSource,
    Surroundings,
    default_sources,
    find_source,
)
from s3dlio_s3.error_codes import EXPIRED_CODES
from s3dlio_s3.errors import Refusal, error_of_refusal
from s3dlio_s3.request import S3Request
from s3dlio_s3.routes import Routes
from s3dlio_s3.settings import Api
from s3dlio_s3.wire_errors import error_of_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from s3dlio_http.client import HttpAnswer
    from s3dlio_s3.config import S3Config
    from s3dlio_s3.credentials import Credentials, CredentialsSource
    from s3dlio_s3.endpoints import Address

__all__ = ["S3Sender"]

logger = get_logger("s3")

# Statuses of a HEAD that several error codes share.
_AMBIGUOUS_HEADS = frozenset({400, 403, 404})

# What makes and deletes buckets: no accelerated host does, and nothing learnt of them stays true.
_BUCKET_APIS = frozenset({"CreateBucket", "DeleteBucket"})

_Value = TypeVar("_Value")


class S3Sender:
    """Signs and sends requests with one configuration. Thread-safe, fork-safe, picklable."""

    def __init__(self, config: S3Config) -> None:
        self.config = config
        self.transport = HttpClient(
            connect_timeout_s=config.connect_timeout_s,
            read_timeout_s=config.read_timeout_s,
            max_pool_size=config.max_pool_size,
            verify=(config.ca_bundle or True) if config.verify else False,
            translate=error_of_request,
        )
        self._setting_headers: dict[Api, dict[str, str]] = {
            api: config.settings.headers(api) for api in get_args(Api)
        }
        for key in config.settings.customer_keys:
            register_secret(key.encoded)
        self._routes = Routes(config)
        self._holder = CredentialsHolder(functools.partial(_find, config))
        self._clocks = ServerClocks(sigv4.amz_date, logger)

    def __reduce__(self) -> tuple[type[S3Sender], tuple[S3Config]]:
        return (S3Sender, (self.config,))

    @property
    def credentials(self) -> Credentials | None:
        """What signs, looked for on first use; None when requests are anonymous.

        Raises:
            CredentialsError: there are none.
        """
        return None if self.config.anonymous else self._holder.current()

    @property
    def identity(self) -> str:
        """Who signs, as it stays when temporary credentials are refreshed.

        Raises:
            CredentialsError: there are no credentials.
        """
        return "anonymous" if self.credentials is None else self._holder.first_access_key_id

    def send(self, request: S3Request) -> HttpAnswer:
        """Send a request and return its answer, a success whose body is not yet read.

        Raises:
            S3dlioError: no answer, or a refusal.
        """
        signer = self._holder.in_use
        try:
            return self._send_and_judge(request)
        except CredentialsError as error:
            if error.code in EXPIRED_CODES and not error.retryable:
                self._renew(error, signer)
            raise

    def _renew(self, error: CredentialsError, signer: Credentials | None) -> None:
        """Get other credentials for those that were refused; say whether that has helped."""
        if self._holder.renew(signer):
            error.retryable = True
        elif self._holder.whence:
            error.hint = f"{error.hint}; those in use are of {self._holder.whence}"

    def _send_and_judge(self, request: S3Request) -> HttpAnswer:
        address = self._address(request)
        answer = self._send(request, address)
        if answer.status < 300:
            return answer
        refusal = self._refusal(request, address, answer)
        moved = None if request.api == "CreateBucket" else self._moved(request, address, refusal)
        if moved is None:
            raise self._error(refusal, address)
        return self._send_on(request, address, refusal, moved)

    def _send_on(
        self, request: S3Request, address: Address, refusal: Refusal, moved: Address
    ) -> HttpAnswer:
        """Send a request to where its bucket is said to be; only once."""
        answer = self._send(request, moved)
        second = None if answer.status < 300 else self._refusal(request, moved, answer)
        if second is not None and self._moved(request, moved, second) is not None:
            error = self._error(refusal, address)
            error.hint = (
                f"Sent on from {address.region} to {moved.region}, it was sent on again: "
                f"set the bucket's region by option (--region) or AWS_REGION"
            )
            raise error
        if request.api not in _BUCKET_APIS:
            self._routes.remember(request.bucket, moved)
        if second is not None:
            raise self._error(second, moved)
        return answer

    def _moved(self, request: S3Request, address: Address, refusal: Refusal) -> Address | None:
        def ask() -> str:
            head = S3Request(request.operation, "HEAD", request.bucket, api="HeadBucket")
            answer = self._send(head, address)
            answer.finish()
            return answer.headers.get("x-amz-bucket-region", "")

        return self._routes.moved(request.bucket, address, refusal, ask)

    def send_for_nothing(self, request: S3Request) -> HttpAnswer:
        """Send a request whose answer has no body worth reading; return its head.

        Raises:
            ServiceError: the answer is a web page; whoever sent it did nothing.
        """
        answer = self.send(request)
        body = answer.read(ERROR_BODY_MAX_BYTES)
        if body:
            check_is_no_page(self.config, request, answer, body)
        return answer

    def send_for_value(self, request: S3Request, parse: Callable[[bytes], _Value]) -> _Value:
        """Send a request and parse the XML of its answer; see `send_for_document`."""
        return self.send_for_document(request, parse)[0]

    def send_for_document(
        self, request: S3Request, parse: Callable[[bytes], _Value]
    ) -> tuple[_Value, Mapping[str, str]]:
        """Send a request; parse the XML of its answer, and return it with the headers.

        Raises:
            S3dlioError: no answer, a refusal, an error inside the answer, or no S3 answer.
        """
        answer = self.send(request)
        body = answer.read(wire_xml.RESULT_BODY_MAX_BYTES)
        return parsed(self.config, request, answer, body, parse), answer.headers

    def _address(self, request: S3Request) -> Address:
        if request.api in _BUCKET_APIS:
            return self._routes.address_to_manage(request.bucket)
        return self._routes.address(request.bucket)

    def region_of(self, bucket: str) -> str:
        """Return the region that a bucket is in, as far as it is known."""
        return self._routes.address(bucket).region

    def presign(self, request: S3Request, credentials: Credentials, expires_s: int) -> str:
        """Return a URL that holds a request's signature; see `sigv4.presign_url`.

        Raises:
            ValueError: `expires_s` is out of range.
        """
        address = self._address(request)
        return sigv4.presign_url(
            request.method,
            address.origin,
            request.path(address.base_path),
            credentials=credentials,
            region=address.region,
            amz_date=self._clocks.date(address.origin),
            expires_s=expires_s,
            query=request.query,
        )

    def _send(self, request: S3Request, address: Address) -> HttpAnswer:
        path, query = request.path(address.base_path), sigv4.canonical_query(request.query)
        headers = self._signed(request, address, path, query)
        headers["accept-encoding"] = "identity"
        headers["user-agent"] = _user_agent()
        body = None if request.body is None else memoryview(request.body).cast("B")
        if body is not None or request.method in {"PUT", "POST"}:
            headers["Content-Length"] = str(0 if body is None else body.nbytes)
        target = f"{path}?{query}" if query else path
        started = time.perf_counter()
        answer = self.transport.send(
            HttpRequest(
                operation=request.operation,
                uri=request.uri,
                method=request.method,
                origin=address.origin,
                target=target,
                headers=headers,
                body=body or None,
            )
        )
        if logger.isEnabledFor(logging.DEBUG):
            elapsed_ms = (time.perf_counter() - started) * 1000
            request_id = answer.headers.get("x-amz-request-id", "")
            logger.debug(
                "%s %s %d in %.1f ms",
                request.method,
                target,
                answer.status,
                elapsed_ms,
                extra={"request_id": request_id, "status": answer.status},
            )
        return answer

    def _signed(
        self, request: S3Request, address: Address, path: str, query: str
    ) -> dict[str, str]:
        try:
            credentials = self.credentials
        except CredentialsError as error:
            error.operation, error.uri = request.operation, request.uri
            raise
        settings = {} if request.api is None else self._setting_headers[request.api]
        headers = {**settings, **request.headers, "host": address.host}
        if credentials is None:
            return headers
        payload_hash = sigv4.EMPTY_PAYLOAD_HASH
        if request.body is not None and len(request.body):
            payload_hash = sigv4.UNSIGNED_PAYLOAD
            if request.hash_body or self.config.signs_payload:
                payload_hash = sigv4.payload_hash(request.body)
        return sigv4.sign_headers(
            request.method,
            path,
            query,
            headers,
            payload_hash=payload_hash,
            credentials=credentials,
            region=address.region,
            amz_date=self._clocks.date(address.origin),
        )

    def _refusal(self, request: S3Request, address: Address, answer: HttpAnswer) -> Refusal:
        """Read a refusal to its end."""
        if request.method != "HEAD":
            return refusal_of(self.config, request, address.region, answer, _error_body(answer))
        answer.finish()
        told = answer.headers.get("x-amz-bucket-region", address.region)
        if answer.status in _AMBIGUOUS_HEADS and (answer.status != 400 or told == address.region):
            asked = self._send(request.as_get(), address)
            if asked.status >= 300 and asked.status != 416:
                return refusal_of(self.config, request, address.region, asked, _error_body(asked))
            asked.close()
        return refusal_of(self.config, request, address.region, answer, b"")

    def _error(self, refusal: Refusal, address: Address) -> S3dlioError:
        error = error_of_refusal(refusal)
        code = "" if refusal.error is None else refusal.error.code
        if not self.config.anonymous and self._clocks.corrects(
            address.origin, refusal.status, code, refusal.headers
        ):
            error.retryable = True
        return error


def _error_body(answer: HttpAnswer) -> bytes:
    try:
        return answer.read(ERROR_BODY_MAX_BYTES)
    except S3dlioError:
        # The status alone still says more than a broken connection.
        return b""


def _find(config: S3Config) -> tuple[Credentials, CredentialsSource]:
    if config.credentials is not None:
        return find_source([ExplicitSource(config.credentials)])
    around = Surroundings(
        os.environ,
        region=config.region,
        use_fips=config.use_fips_endpoint,
        ca_bundle=config.ca_bundle,
    )
    return find_source(default_sources(config.profile, os.environ, around))


@functools.cache
def _user_agent() -> str:
    return f"s3dlio-s3/{importlib.metadata.version('s3dlio-s3')}"
