"""Tokens of Microsoft Entra ID: sent over TLS only, renewed, asked for once, never shown."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from tests.servers.byte_server import ByteServer, Reply, answer

from s3dlio_azure.config import AzureConfig
from s3dlio_azure.request import BlobRequest
from s3dlio_azure.sender import AzureSender
from s3dlio_azure.tokens import CheckedTokens
from s3dlio_core.errors import ConnectionFailedError, CredentialsError
from s3dlio_core.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

GET = BlobRequest("read", "GET", "c", "k")
SCOPE = "https://storage.azure.com/.default"
CHALLENGE = (
    'Bearer authorization_uri="https://login.example/t", error="insufficient_claims", '
    'claims="eyJhIjoxfQ=="'
)


@dataclass
class Tokens:
    """A credential that gives numbered tokens, or raises what it is told to.

    Attributes:
        lives_s: how long its tokens last.
        error: what it raises instead, or None.
        asked: scopes and options of each call.
    """

    lives_s: float = 3600.0
    error: Exception | None = None
    asked: list[tuple[tuple[str, ...], dict[str, Any]]] = field(default_factory=list)
    before: Callable[[], object] = lambda: None

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return the next token."""
        self.asked.append((scopes, options))
        self.before()
        if self.error is not None:
            raise self.error
        return AccessToken(f"geheim-token-{len(self.asked)}", int(time.time() + self.lives_s))


@pytest.fixture
def server(tls_server: ByteServer) -> ByteServer:
    """A server with a good certificate, and a blob."""
    tls_server.on("/account/c/k", Reply(answer(b"hello")))
    return tls_server


def sender_of(server: ByteServer, tokens: Tokens) -> AzureSender:
    """A sender with a credential's tokens."""
    return AzureSender(
        AzureConfig(
            endpoint=server.url("/account"), credential=tokens, ca_bundle=str(server.verify)
        )
    )


def authorizations(server: ByteServer) -> list[str]:
    """The Authorization header of each request that came."""
    return [request.head.headers.get("authorization", "") for request in server.requests]


def test_a_token_is_sent(server: ByteServer) -> None:
    """It is for the storage service, is got once, and goes with each request."""
    tokens = Tokens()
    sender = sender_of(server, tokens)
    for _ in range(3):
        assert sender.send(GET).read(10) == b"hello"
    assert [(SCOPE,)] == [scopes for scopes, _ in tokens.asked]
    assert ["Bearer geheim-token-1"] * 3 == authorizations(server)
    assert "x-ms-date" in server.requests[0].head.headers


def test_a_token_is_renewed_before_it_ends(
    server: ByteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """azure-core asks anew when less than five minutes are left."""
    tokens = Tokens(lives_s=60)
    sender = sender_of(server, tokens)
    monkeypatch.setattr("s3dlio_azure.tokens._SHARED_S", 0.0)
    sender.send_for_nothing(GET)
    sender.send_for_nothing(GET)
    assert ["Bearer geheim-token-1", "Bearer geheim-token-2"] == authorizations(server)


def test_threads_that_begin_together_share_a_token() -> None:
    """Some sources start a program for each token."""
    tokens = Tokens(before=lambda: time.sleep(0.02))
    checked = CheckedTokens(tokens)
    threads = [threading.Thread(target=checked.get_token, args=(SCOPE,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens.asked) == 1


class Door:
    """A lock before which all must stand until who is in goes on.

    Attributes:
        comings: one for each thread that came.
    """

    def __init__(self) -> None:
        self.comings = threading.Semaphore(0)
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self.comings.release()
        self._lock.acquire()

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()


def test_threads_that_wait_share_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would wait as long again; who comes later asks anew."""
    tokens = Tokens(error=ClientAuthenticationError("no luck"))
    checked, door = CheckedTokens(tokens), Door()
    monkeypatch.setattr(checked, "_lock", door)
    errors: list[CredentialsError] = []

    def ask() -> None:
        with pytest.raises(CredentialsError, match="no luck") as caught:
            checked.get_token(SCOPE)
        errors.append(caught.value)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    tokens.before = lambda: [door.comings.acquire() for _ in threads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(error) for error in errors}) == 8
    assert len(tokens.asked) == 1
    tokens.before = lambda: None
    ask()
    assert len(tokens.asked) == 2


def test_other_claims_get_another_token() -> None:
    """What the service asks for isn't answered with what it has refused."""
    tokens = Tokens()
    checked = CheckedTokens(tokens)
    assert checked.get_token(SCOPE).token == "geheim-token-1"
    assert checked.get_token(SCOPE, claims="{}").token == "geheim-token-2"


def test_a_challenge_is_answered(server: ByteServer) -> None:
    """The service may ask for a token with other claims; the request is sent again with it."""
    refusal = answer(b"<Error/>", status="401 No", WWW_Authenticate=CHALLENGE)
    server.on("/account/c/k", Reply(refusal), Reply(answer(b"hello")))
    tokens = Tokens()
    assert sender_of(server, tokens).send(GET).read(10) == b"hello"
    assert tokens.asked[1][1]["claims"] == '{"a":1}'
    assert ["Bearer geheim-token-1", "Bearer geheim-token-2"] == authorizations(server)
    assert [0, 0] == [request.connection for request in server.requests]


def test_a_challenge_without_a_token_is_a_credentials_error(server: ByteServer) -> None:
    """What the credential says of the claims is told, with what to do; the connection ends."""
    refusal = answer(b"<Error/>", status="401 No", WWW_Authenticate=CHALLENGE)
    server.on("/account/c/k", Reply(refusal), Reply(answer(b"hello")))
    tokens = Tokens()
    sender = sender_of(server, tokens)
    errors = iter([None, ClientAuthenticationError("log in again"), None])
    tokens.before = lambda: setattr(tokens, "error", next(errors))
    with pytest.raises(CredentialsError, match=r"read az://c/k: .*log in again.*az login"):
        sender.send(GET)
    assert sender.send(GET).read(10) == b"hello"
    assert [0, 1] == [request.connection for request in server.requests]


@pytest.mark.parametrize("claims", ["x", "//79", "8"])
def test_a_challenge_that_is_none_is_a_refusal(server: ByteServer, claims: str) -> None:
    """Claims that are no base64, or no UTF-8."""
    challenge = f'Bearer error="insufficient_claims", claims="{claims}"'
    body = b"<Error><Code>InvalidAuthenticationInfo</Code><Message>Bad token</Message></Error>"
    refusal = answer(body, status="401 No", WWW_Authenticate=challenge)
    server.on("/account/c/k", Reply(refusal))
    with pytest.raises(CredentialsError, match="Bad token"):
        sender_of(server, Tokens()).send(GET)
    assert len(server.requests) == 1


def test_a_refused_token_is_a_credentials_error(server: ByteServer) -> None:
    """One request, and what the service says."""
    body = b"<Error><Code>InvalidAuthenticationInfo</Code><Message>Bad issuer</Message></Error>"
    server.on("/account/c/k", Reply(answer(body, status="401 No", WWW_Authenticate="Bearer a=b")))
    with pytest.raises(CredentialsError, match="Bad issuer") as caught:
        sender_of(server, Tokens()).send(GET)
    assert "geheim" not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("error", "said", "retryable"),
    [
        (ClientAuthenticationError("Please log in\nTo troubleshoot"), r"log in\. Log in", False),
        (ServiceRequestError("no route"), "no route", True),
        (ValueError("token=geheim sig=geheim"), "from Tokens: ValueError", False),
        (RuntimeError(), "RuntimeError", False),
    ],
)
def test_no_token_is_a_credentials_error(
    server: ByteServer, error: Exception, said: str, retryable: bool
) -> None:
    """Whatever the credential raises: nothing is sent, and the reason is told."""
    with pytest.raises(CredentialsError, match=said) as caught:
        sender_of(server, Tokens(error=error)).send(GET)
    assert (retryable, "read", "az://c/k") == (
        caught.value.retryable,
        caught.value.operation,
        caught.value.uri,
    )
    assert "geheim" not in str(caught.value)
    assert server.requests == []


def test_no_token_gets_into_the_log(server: ByteServer, caplog: pytest.LogCaptureFixture) -> None:
    """Not even where somebody else logs it."""
    with caplog.at_level(logging.DEBUG, "s3dlio"):
        sender_of(server, Tokens()).send_for_nothing(GET)
        get_logger("azure").warning("it was %s", "geheim-token-1")
    assert "/account/c/k 200" in caplog.text
    assert "it was [redacted]" in caplog.text
    assert "geheim" not in caplog.text


def test_a_token_goes_only_where_the_certificate_is_good(server: ByteServer) -> None:
    """An unknown authority's server gets no request."""
    config = AzureConfig(endpoint=server.url("/account"), credential=Tokens())
    with pytest.raises(ConnectionFailedError, match="certificate verify failed"):
        AzureSender(config).send(GET)
    assert server.requests == []


def test_the_source_of_a_copy_has_a_token(server: ByteServer) -> None:
    """In a header of its own; the URL holds nothing secret."""
    sender = sender_of(server, Tokens())
    url, headers = sender.source_authorization("c", "k")
    assert url == server.url("/account/c/k")
    assert headers == {"x-ms-copy-source-authorization": "Bearer geheim-token-1"}


@pytest.mark.parametrize(("lives_s", "last"), [(3600.0, 1), (60.0, 3)])
def test_requests_of_a_batch_have_a_token(
    server: ByteServer, monkeypatch: pytest.MonkeyPatch, lives_s: float, last: int
) -> None:
    """Each its own header, all with one token while that lasts."""
    monkeypatch.setattr("s3dlio_azure.tokens._SHARED_S", 0.0)
    sender = sender_of(server, Tokens(lives_s))
    signed = [sender.sign_subrequest(GET)[1]["authorization"] for _ in range(3)]
    assert (signed[0], signed[2]) == ("Bearer geheim-token-1", f"Bearer geheim-token-{last}")


def test_no_token_for_nobody_lists_what_was_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is set, azure-identity's turn comes last, and its failure isn't all."""
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    tokens = Tokens(error=ClientAuthenticationError("nobody is logged in"))
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", lambda: tokens)
    with pytest.raises(CredentialsError) as caught:
        AzureSender(AzureConfig(account="account")).send(GET)
    for said in (
        "read az://c/k: no credential found for the account account",
        "AZURE_STORAGE_CONNECTION_STRING isn't set",
        "nobody is logged in",
        "--no-sign-request",
    ):
        assert said in str(caught.value)


def test_a_forked_child_waits_for_no_token(
    server: ByteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread of the parent is getting one at the fork; the child gets its own."""
    monkeypatch.setattr("s3dlio_azure.tokens._SHARED_S", 0.0)
    tokens = Tokens(lives_s=60)
    sender = sender_of(server, tokens)
    sender.send_for_nothing(GET)
    asks, goes_on = threading.Event(), threading.Event()

    def pause() -> None:
        asks.set()
        goes_on.wait()

    tokens.before = pause
    thread = threading.Thread(target=sender.send_for_nothing, args=(GET,))
    thread.start()
    asks.wait()
    tokens.before = lambda: None
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        sender.send_for_nothing(GET)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    goes_on.set()
    thread.join()
    assert status == 0
