"""Sending requests: what arrives, what answers become, and what stands in no log and no error."""

from __future__ import annotations

import base64
import contextlib
import logging
import os
import pickle
import signal
import threading
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest
from azure.core.pipeline.policies import RedirectPolicy, RetryPolicy
from tests.servers.canned import CannedServer, Cut, answer

from s3dlio_azure.config import AzureConfig
from s3dlio_azure.credentials import Anonymous, Sas, SharedKey
from s3dlio_azure.policies import API_VERSION
from s3dlio_azure.request import BlobRequest
from s3dlio_azure.sas import sas_fields
from s3dlio_azure.sender import AzureSender
from s3dlio_azure.shared_key import authorization
from s3dlio_core.errors import (
    ConnectionFailedError,
    CredentialsError,
    ObjectNotFoundError,
    PermissionDeniedError,
    Scope,
    ServiceError,
    ThrottledError,
    UsageError,
)
from s3dlio_core.rest.headers import http_date
from s3dlio_core.rest.xml import parse_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3dlio_azure.credentials import Credential

KEY = "c2VjcmV0LWtleQ=="
SHARED_KEY = SharedKey("account", KEY)
SAS = Sas("sv=2023-11-03&sp=r&se=2030-01-01T00:00:00Z&sig=c2VjcmV0LXNhcw%3D%3D")
GET = BlobRequest("read", "GET", "c", "a b/ü+%41?#", headers={"range": "bytes=0-3"})
PUT = BlobRequest("put", "PUT", "c", "k", headers={"x-ms-blob-type": "BlockBlob"}, body=b"hello")
LIST = BlobRequest(
    "list", "GET", "c", query=(("restype", "container"), ("comp", "list"), ("prefix", "a b&ü"))
)


def error_answer(status: int, code: str, **headers: str) -> bytes:
    """An answer with an error document."""
    body = f"<Error><Code>{code}</Code><Message>Said so</Message></Error>".encode()
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(status, body, headers={"x-ms-request-id": "REQ1", **more})


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[CannedServer, AzureSender]]]:
    """A function that starts a canned server, and makes a sender to it."""
    with contextlib.ExitStack() as stack:

        def make(
            *answers: bytes | Cut, credential: Credential | None = SHARED_KEY
        ) -> tuple[CannedServer, AzureSender]:
            server = CannedServer(list(answers))
            stack.callback(server.close)
            config = AzureConfig(
                account="account",
                endpoint=f"{server.endpoint_url}/account",
                credential=credential,
            )
            sender = AzureSender(config)
            stack.callback(sender.close)
            return server, sender

        yield make


def test_a_request_arrives_as_it_was_signed(serve: Callable[..., Any]) -> None:
    """Path and parameters percent-encoded, the headers that every request has, a signature."""
    server, sender = serve(answer(206, b"abcd"))
    assert sender.send(GET).read(10) == b"abcd"
    ((line, headers, _),) = server.requests
    path = "/account/c/a%20b/%C3%BC%2B%2541%3F%23"
    assert line == f"GET {path} HTTP/1.1"
    assert headers["x-ms-version"] == API_VERSION
    assert headers["user-agent"].startswith("s3dlio-azure/")
    assert headers["accept-encoding"] == "identity"
    assert "content-length" not in headers
    signed = {name: value for name, value in headers.items() if name != "authorization"}
    assert headers["authorization"] == authorization(
        "account", base64.b64decode(KEY), "GET", path, (), signed
    )


def test_parameters_and_bodies_are_signed(serve: Callable[..., Any]) -> None:
    """Parameters are encoded for the query, and signed as they were; a body's length is signed."""
    server, sender = serve(answer(200), answer(201))
    sender.send_for_nothing(LIST)
    sender.send_for_nothing(PUT)
    (listed, list_headers, _), (_, put_headers, body) = server.requests
    target = listed.split(" ")[1]
    assert target == "/account/c?restype=container&comp=list&prefix=a%20b%26%C3%BC"
    list_headers.pop("authorization")
    assert body == b"hello"
    put_headers["Content-Length"] = put_headers["content-length"]
    assert put_headers.pop("authorization") == authorization(
        "account", base64.b64decode(KEY), "PUT", "/account/c/k", (), put_headers
    )


def test_each_send_signs_anew(serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry above carries a fresh date."""
    server, sender = serve(answer(200), answer(200))
    monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
    sender.send_for_nothing(GET)
    monkeypatch.setattr(time, "time", lambda: 1_000_000_001.0)
    sender.send_for_nothing(GET)
    dates = [headers["x-ms-date"] for _, headers, _ in server.requests]
    assert dates == ["Sun, 09 Sep 2001 01:46:40 GMT", "Sun, 09 Sep 2001 01:46:41 GMT"]
    assert len({headers["authorization"] for _, headers, _ in server.requests}) == 2


def test_an_empty_put_has_a_length(serve: Callable[..., Any]) -> None:
    """Zero bytes are a body; a request to change something without one has the length 0."""
    server, sender = serve(answer(201), answer(201))
    sender.send_for_nothing(BlobRequest("put", "PUT", "c", "k", body=b""))
    sender.send_for_nothing(BlobRequest("create container", "PUT", "c"))
    assert ["0", "0"] == [headers["content-length"] for _, headers, _ in server.requests]


def test_a_sas_goes_into_the_query(serve: Callable[..., Any]) -> None:
    """After the parameters, as it was given; nothing else authorizes."""
    server, sender = serve(answer(200), answer(200), credential=SAS)
    sender.send_for_nothing(GET)
    sender.send_for_nothing(LIST)
    targets = [line.split(" ")[1] for line, _, _ in server.requests]
    assert [target.endswith(SAS.token) for target in targets] == [True, True]
    assert targets[0].count("?") == 1
    assert "%C3%BC&sv=" in targets[1]
    assert all("authorization" not in headers for _, headers, _ in server.requests)


def test_nobody_authorizes_an_anonymous_request(serve: Callable[..., Any]) -> None:
    """Neither header nor parameter, but the version."""
    server, sender = serve(answer(200), credential=Anonymous())
    sender.send_for_nothing(LIST)
    ((line, headers, _),) = server.requests
    assert "sig=" not in line
    assert "authorization" not in headers
    assert sender.identity == "anonymous"


def test_the_pipeline_neither_retries_nor_follows(serve: Callable[..., Any]) -> None:
    """No policy of azure-core sends a request twice."""
    _, sender = serve()
    policies = sender._ready_pipeline()._impl_policies
    inner = [getattr(policy, "_policy", policy) for policy in policies]
    assert not any(isinstance(policy, (RetryPolicy, RedirectPolicy)) for policy in inner)
    assert len(inner) == 3


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(serve: Callable[..., Any], status: int) -> None:
    """One request, and a clear error that names the host."""
    server, sender = serve(
        answer(status, headers={"Location": "https://elsewhere.example/c?sig=geheim"})
    )
    with pytest.raises(ServiceError, match=r"redirects to elsewhere\.example") as caught:
        sender.send(GET)
    assert caught.value.scope is Scope.STORE
    assert "geheim" not in str(caught.value)
    assert len(server.requests) == 1


def test_throttling_is_not_retried_here(serve: Callable[..., Any]) -> None:
    """Core's decorator does that, and is told how long to wait."""
    server, sender = serve(error_answer(503, "ServerBusy", retry_after="3"))
    with pytest.raises(ThrottledError) as caught:
        sender.send(PUT)
    assert (caught.value.retry_after_s, caught.value.maybe_done) == (3.0, False)
    assert len(server.requests) == 1


def test_a_refused_head_is_told_by_its_header(serve: Callable[..., Any]) -> None:
    """Its answer has no body; no second request asks why."""
    server, sender = serve(answer(404, headers={"x-ms-error-code": "BlobNotFound"}))
    with pytest.raises(ObjectNotFoundError) as caught:
        sender.send(BlobRequest("head", "HEAD", "c", "k"))
    assert caught.value.code == "BlobNotFound"
    assert len(server.requests) == 1


def test_an_error_that_is_cut_is_judged_by_its_head(serve: Callable[..., Any]) -> None:
    """The connection broke in the middle of the reason."""
    _, sender = serve(Cut(answer(404, b"<Error>", length=500)))
    with pytest.raises(ObjectNotFoundError):
        sender.send(GET)


def test_a_huge_error_is_not_read_to_its_end(serve: Callable[..., Any]) -> None:
    """A body beyond any error's size is no error document; the connection is given up."""
    server, sender = serve(answer(400, b"x" * 3_000_000), answer(200))
    with pytest.raises(ServiceError, match="not as Azure Blob Storage does"):
        sender.send(GET)
    sender.send_for_nothing(GET)
    assert server.connections == 2


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>", b"\n <HTML><body>Log in"])
def test_a_web_page_is_no_success(serve: Callable[..., Any], page: bytes) -> None:
    """Any web server says 200 or 201; whoever sent a page did nothing."""
    _, sender = serve(answer(201, page))
    with pytest.raises(ServiceError, match="a web page: no Azure Blob Storage") as caught:
        sender.send_for_nothing(PUT)
    assert caught.value.scope is Scope.STORE


@pytest.mark.parametrize(
    ("body", "retryable"),
    [
        (b"", True),
        (b"<List><Name>a</Na", True),
        (b"<List>&lol;</List>", False),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", False),
        (b'{"json": 1}', False),
    ],
)
def test_bad_xml_is_an_error(serve: Callable[..., Any], body: bytes, retryable: bool) -> None:
    """An answer that ends too early may be better next time; any other is no Blob Storage."""
    _, sender = serve(answer(200, body))
    with pytest.raises(ServiceError) as caught:
        sender.send_for_value(
            LIST, lambda text: parse_root(text, size_max_bytes=1000, tag_count_max=10), 1000
        )
    assert caught.value.retryable is retryable


def test_a_document_comes_with_its_headers(serve: Callable[..., Any]) -> None:
    """The parsed body, and the head of the answer."""
    _, sender = serve(answer(200, b"body", headers={"ETag": '"1"'}))
    value, headers = sender.send_for_document(LIST, bytes.upper, 1000)
    assert (value, headers["etag"]) == (b"BODY", '"1"')


def test_a_document_is_read_to_its_limit(serve: Callable[..., Any]) -> None:
    """And a byte more, so that the parser sees that it is too long."""
    _, sender = serve(answer(200, b"x" * 100_000))
    assert sender.send_for_value(LIST, len, 1000) == 1001


def test_no_connection_is_an_error_of_ours() -> None:
    """azure-core lets it pass."""
    config = AzureConfig(endpoint="http://127.0.0.1:1/account", credential=SHARED_KEY)
    with pytest.raises(
        ConnectionFailedError, match=r"can't connect to http://127\.0\.0\.1:1"
    ) as caught:
        AzureSender(config).send(PUT)
    assert (caught.value.operation, caught.value.uri) == ("put", "az://c/k")


def test_a_clock_that_is_off_is_corrected(serve: Callable[..., Any]) -> None:
    """A refused signature with a date far off may be retried, with the server's own time."""
    server_s = time.time() + 3600
    refusal = error_answer(403, "AuthenticationFailed", Date=formatdate(server_s, usegmt=True))
    server, sender = serve(refusal, answer(200), refusal)
    with pytest.raises(CredentialsError) as caught:
        sender.send(GET)
    assert caught.value.retryable
    sender.send_for_nothing(GET)
    dates = [headers["x-ms-date"] for _, headers, _ in server.requests]
    sent_s = http_date(dates[1])
    assert sent_s is not None
    assert server_s - 2 <= sent_s <= server_s + 600
    with pytest.raises(CredentialsError) as caught:
        sender.send(GET)
    assert not caught.value.retryable


def test_a_sas_has_no_clock(serve: Callable[..., Any]) -> None:
    """Nothing that is signed here could be corrected."""
    date = formatdate(time.time() + 3600, usegmt=True)
    _, sender = serve(error_answer(403, "AuthenticationFailed", Date=date), credential=SAS)
    with pytest.raises(CredentialsError) as caught:
        sender.send(GET)
    assert not caught.value.retryable


def test_a_sas_that_has_ended_says_so(serve: Callable[..., Any]) -> None:
    """The service says only that it doesn't like it."""
    ended = Sas("sv=2023-11-03&sp=r&se=2001-09-09T01:46:40Z&sig=c2VjcmV0LXNhcw%3D%3D")
    _, sender = serve(error_answer(403, "AuthenticationFailed"), credential=ended)
    with pytest.raises(CredentialsError, match="ended at 2001-09-09T01:46:40Z: get a new one"):
        sender.send(GET)


def test_a_sas_for_https_is_not_sent_over_http(serve: Callable[..., Any]) -> None:
    """It is refused before anybody on the way sees it."""
    server, sender = serve(credential=Sas(f"{SAS.token}&spr=https"))
    with pytest.raises(UsageError, match="https only") as caught:
        sender.send(GET)
    assert caught.value.operation == "read"
    assert server.requests == []


def test_anonymous_refusals_say_what_to_do(serve: Callable[..., Any]) -> None:
    """There is no key to check."""
    _, sender = serve(error_answer(401, "NoAuthenticationInformation"), credential=Anonymous())
    with pytest.raises(CredentialsError, match="only public containers can be read"):
        sender.send(GET)


def test_no_credential_is_told_with_the_request(
    serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked for on the first request, and again on the next."""
    for name in list(os.environ):
        if name.startswith("AZURE_"):
            monkeypatch.delenv(name)
    server, sender = serve(answer(200), credential=None)
    with pytest.raises(CredentialsError, match=r"^read az://c/.*no credential found") as caught:
        sender.send(GET)
    assert caught.value.scope is Scope.STORE
    monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)
    sender.send_for_nothing(GET)
    assert server.requests[0][1]["authorization"].startswith("SharedKey account:")


def test_a_refused_credential_says_where_it_is_from(
    serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several variables one was used."""
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT", raising=False)
    monkeypatch.delenv("AZURE_STORAGE_KEY", raising=False)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
    _, sender = serve(error_answer(403, "AuthenticationFailed"), credential=None)
    with pytest.raises(CredentialsError, match="in use is of AZURE_STORAGE_ACCOUNT_KEY"):
        sender.send(GET)


def test_secrets_stand_in_no_log_and_no_error(
    serve: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither key nor signature, whatever the server sends back."""
    echo = error_answer(403, "AuthorizationPermissionMismatch")
    texts = []
    with caplog.at_level(logging.DEBUG, "s3dlio"):
        for credential in (SHARED_KEY, SAS):
            _, sender = serve(answer(200), echo, Cut(), credential=credential)
            sender.send_for_nothing(LIST)
            with pytest.raises(PermissionDeniedError) as refused:
                sender.send(PUT)
            with pytest.raises(ConnectionFailedError) as cut:
                sender.send(PUT)
            texts += [str(refused.value), str(cut.value), repr(sender), repr(PUT)]
    texts.append(caplog.text)
    assert "GET /account/c?restype=container&comp=list&prefix=a%20b%26%C3%BC 200 in" in caplog.text
    for text in texts:
        for secret in ("c2VjcmV0", "sig=", "SharedKey account:"):
            assert secret not in text


def test_the_log_has_request_ids(
    serve: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """For who asks the service's operator."""
    _, sender = serve(answer(200, headers={"x-ms-request-id": "REQ1"}))
    with caplog.at_level(logging.DEBUG, "s3dlio.azure"):
        sender.send_for_nothing(GET)
    (record,) = [record for record in caplog.records if record.name == "s3dlio.azure"]
    assert (record.request_id, record.status) == ("REQ1", 200)  # type: ignore[attr-defined] # extra


def test_urls_of_blobs(serve: Callable[..., Any]) -> None:
    """Exact and percent-encoded, without a signature; containers such as $web, too."""
    _, sender = serve()
    base = sender.config.endpoint
    assert sender.url_of("c", GET.key) == f"{base}/c/a%20b/%C3%BC%2B%2541%3F%23"
    assert sender.url_of("$web", "index.html") == f"{base}/%24web/index.html"


def test_a_signature_is_in_no_log_of_urllib3(
    serve: Callable[..., Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sends what goes through a proxy, and logs each URL for programs that log everything."""
    monkeypatch.setenv("S3DLIO_HTTP_ADAPTER", "requests")
    _, sender = serve(answer(200), credential=SAS)
    with caplog.at_level(logging.DEBUG):
        sender.send_for_nothing(LIST)
    assert "urllib3.connectionpool" in {record.name for record in caplog.records}
    assert "&[redacted] HTTP/1.1" in caplog.text
    assert "c2VjcmV0" not in caplog.text


@pytest.mark.parametrize(("version", "resource"), [(None, "b"), ("2024-01-01T00:00:00Z", "bv")])
def test_the_source_of_a_copy_is_signed_for_an_hour(
    serve: Callable[..., Any], version: str | None, resource: str
) -> None:
    """With a key: a signature for this blob, to read it, and not for long."""
    _, sender = serve()
    url, headers = sender.source_authorization("c", "a b", version)
    plain, _, query = url.partition("?")
    fields = sas_fields(query)
    assert headers == {}
    assert plain == sender.url_of("c", "a b")
    assert (fields["sp"], fields["sr"], fields.get("versionid")) == ("r", resource, version)
    assert "spr" not in fields
    url, _ = sender.source_authorization("c", "a b", version, tags=True)
    assert sas_fields(url.partition("?")[2])["sp"] == "rt"


def test_the_source_of_a_copy_without_a_key(serve: Callable[..., Any]) -> None:
    """A signature that was given goes along; a public blob needs nothing."""
    _, sender = serve(credential=SAS)
    assert sender.source_authorization("c", "k")[0].endswith(f"/c/k?{SAS.token}")
    _, sender = serve(credential=Anonymous())
    assert sender.source_authorization("c", "k") == (sender.url_of("c", "k"), {})


def test_signed_urls(serve: Callable[..., Any]) -> None:
    """Only a key signs them; any other credential says so."""
    _, sender = serve()
    fields = sas_fields(urlsplit(sender.sas_url("c", "k", permissions="cw", expires_s=60)).query)
    assert fields["sp"] == "cw"
    _, sender = serve(credential=SAS)
    with pytest.raises(UsageError, match="only an account's key can sign URLs"):
        sender.sas_url("c", "k", permissions="r", expires_s=60)


def test_requests_of_a_batch_are_signed_one_by_one(serve: Callable[..., Any]) -> None:
    """Each has its own date and signature, and no version: that is the batch's."""
    _, sender = serve()
    target, headers = sender.sign_subrequest(BlobRequest("delete", "DELETE", "c", "a b"))
    assert target == "/account/c/a%20b"
    assert "x-ms-version" not in headers
    signature = headers.pop("authorization")
    assert signature == authorization(
        "account", base64.b64decode(KEY), "DELETE", target, (), headers
    )
    _, sender = serve(credential=SAS)
    target, headers = sender.sign_subrequest(BlobRequest("delete", "DELETE", "c", "a b"))
    assert unquote(target.partition("?")[2]) == unquote(SAS.token)
    assert "authorization" not in headers


def test_a_pickled_sender_sends(serve: Callable[..., Any]) -> None:
    """It is its configuration, whose explicit key goes along, as documented."""
    server, sender = serve(answer(200))
    with contextlib.closing(pickle.loads(pickle.dumps(sender))) as copy:
        copy.send_for_nothing(GET)
    assert server.requests[0][1]["authorization"].startswith("SharedKey account:")


def test_no_credential_of_the_environment_is_pickled(
    serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found, each process finds again."""
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT", raising=False)
    monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)
    _, sender = serve(credential=None)
    assert sender.credential == SHARED_KEY
    assert KEY.encode() not in pickle.dumps(sender)


def test_a_forked_child_has_connections_of_its_own(serve: Callable[..., Any]) -> None:
    """It shares no socket with its parent."""
    server, sender = serve(answer(200), answer(200))
    sender.send_for_nothing(GET)
    assert status_of_child(lambda: sender.send_for_nothing(GET)) == 0
    assert (len(server.requests), server.connections) == (2, 2)


def test_a_forked_child_waits_for_no_thread(serve: Callable[..., Any]) -> None:
    """A lock that another thread held at the fork, looking for credentials, isn't held there."""
    _, sender = serve(answer(200))
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with sender._authorizer._lock:
            held.set()
            free.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    status = status_of_child(lambda: sender.send_for_nothing(GET))
    free.set()
    thread.join()
    assert status == 0


def status_of_child(work: Callable[[], object]) -> int:
    """Do something in a forked child, which is killed if it hangs; return its status."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        work()
        os._exit(0)
    return os.waitpid(child, 0)[1]
