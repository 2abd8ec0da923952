"""What failures on the way to S3 become, from the exceptions of the stack below."""

from __future__ import annotations

import ssl

import pytest
import requests.exceptions
import urllib3.exceptions

from s3dlio_core.errors import (
    ConnectionFailedError,
    IntegrityError,
    RequestTimeoutError,
    S3dlioError,
    UsageError,
)
from s3dlio_core.rest.wire_errors import KINDS
from s3dlio_http.client import HttpRequest
from s3dlio_http.errors import (
    MalformedAnswerError,
    MissingFileError,
    NoAnswerError,
    TlsBrokenError,
    TooSlowError,
    cut_short,
)
from s3dlio_http.wire_errors import WireErrorKind, wire_error
from s3dlio_s3 import Credentials, S3Config, S3Store
from s3dlio_s3.request import S3Request
from s3dlio_s3.wire_errors import error_of_request

REQUEST = HttpRequest("put", "s3://b/k", "PUT", "http://h", "/b/k", {})

CONNECTION = requests.exceptions.ConnectionError
TIMEOUT = requests.exceptions.ReadTimeout
TLS = requests.exceptions.SSLError


def _cut_short_under_tls() -> Exception:
    error = cut_short(3, 4)
    error.__cause__ = ssl.SSLEOFError(8, "EOF occurred in violation of protocol")
    return error


@pytest.mark.parametrize(
    ("error", "cls", "said", "retryable", "maybe_done"),
    [
        (
            TIMEOUT(TooSlowError("http://h", 5, 60)),
            RequestTimeoutError,
            "http://h took or sent too few bytes for too long",
            True,
            True,
        ),
        (
            CONNECTION(MalformedAnswerError("the answer has a malformed header line")),
            ConnectionFailedError,
            "http://h sent no valid HTTP: the answer has a malformed header line",
            True,
            True,
        ),
        (
            CONNECTION(NoAnswerError("Connection aborted.", ConnectionResetError(104, "reset"))),
            ConnectionFailedError,
            "the connection to http://h was cut: reset",
            True,
            True,
        ),
        (
            TLS(TlsBrokenError(ssl.SSLError(1, "bad record"))),
            ConnectionFailedError,
            "the connection to http://h was cut: bad record",
            True,
            True,
        ),
        (
            TlsBrokenError(ssl.SSLError(1, "bad record")),
            ConnectionFailedError,
            "the connection to http://h was cut: bad record",
            True,
            True,
        ),
        (
            MissingFileError("no authorities in /etc/ca.pem"),
            UsageError,
            "no TLS connection to http://h: no authorities in /etc/ca.pem",
            False,
            False,
        ),
        (
            TLS(urllib3.exceptions.SSLError(ssl.SSLError(1, "bad"))),
            ConnectionFailedError,
            "TLS",
            False,
            False,
        ),
        (cut_short(3, 4), IntegrityError, "cut the answer short", True, True),
        (_cut_short_under_tls(), IntegrityError, "cut the answer short", True, True),
        (requests.exceptions.InvalidHeader("x"), UsageError, "can't be sent", False, False),
    ],
)
def test_failures(
    error: Exception, cls: type[S3dlioError], said: str, retryable: bool, maybe_done: bool
) -> None:
    """What the adapter raises, and whether the service may have had the request."""
    translated = error_of_request(REQUEST, wire_error(error))
    assert type(translated) is cls
    assert said in str(translated)
    assert (translated.retryable, translated.maybe_done) == (retryable, maybe_done)
    assert ("put", "s3://b/k") == (translated.operation, translated.uri)


def test_every_kind_has_its_error() -> None:
    """Core's table is total over what the client tells, and holds nothing else."""
    assert {kind.name for kind in WireErrorKind} == set(KINDS)


def test_hints_name_what_users_of_s3_can_set() -> None:
    """The option and the variable for a private CA."""
    found = wire_error(TLS(urllib3.exceptions.SSLError(ssl.SSLError(1, "bad"))))
    assert "set ca_bundle or AWS_CA_BUNDLE" in error_of_request(REQUEST, found).hint


def test_wrong_switch_is_the_users_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter that nobody knows is told as what it is, before anything is sent."""
    monkeypatch.setenv("S3DLIO_HTTP_ADAPTER", "nonsense")
    config = S3Config(credentials=Credentials("AKID", "secret"), region="us-east-1")
    with pytest.raises(UsageError, match=r"^S3DLIO_HTTP_ADAPTER is 'nonsense'"):
        S3Store.connect("b", config)


def test_proxy_that_is_none_is_the_users_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint names the variables that may be wrong."""
    monkeypatch.setenv("https_proxy", "nonsense://")
    config = S3Config(endpoint_url="https://s3.test", credentials=Credentials("AKID", "secret"))
    with (
        S3Store.connect("b", config) as store,
        pytest.raises(UsageError, match="has no valid URL") as raised,
    ):
        store.head("k")
    assert "HTTPS_PROXY" in (raised.value.hint or "")


def test_repr_tells_no_secret() -> None:
    """Headers and bodies don't stand in a repr, which logs and tracebacks show."""
    shown = repr(S3Request("put", "PUT", headers={"x-amz-key": "SECRET"}, body=b"CONTENT"))
    assert "PUT" in shown
    assert "SECRET" not in shown
    assert "CONTENT" not in shown
