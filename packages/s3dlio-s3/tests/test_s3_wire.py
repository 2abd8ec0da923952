"""The store against answers that no healthy server gives, from one that says what it is told."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import socket
import threading
from collections.abc import Callable
from email.utils import formatdate
from typing import TypeAlias

import pytest
from tests.servers.canned import CannedServer, Cut, answer, error_xml

from s3dlio_core import errors as core
from s3dlio_core.errors import S3dlioError, Scope
from s3dlio_core.store import Attributes, Condition, Part
from s3dlio_s3 import Credentials, S3Config, S3Provider, S3Store

CREDENTIALS = Credentials("AKID", "hunter2-secret", "t0ken-secret")
XML = "application/xml"
MakeStore: TypeAlias = Callable[..., tuple[CannedServer, S3Store]]
HOSTILE_DATE = "Fri, 02 Jan 2026 03:04:05 +9999999999999999"


def read(store: S3Store, start: int = 0, stop: int | None = None, **rest: str) -> bytes:
    """Read a range of the key "k"."""
    with store.open_reader("k", start, stop, if_match=rest.get("if_match")) as reader:
        return bytes(reader.readall())


def test_range_answered_200_with_content_range(serve: MakeStore) -> None:
    """A range answered with 200 and a Content-Range is taken as what it is."""
    _, store = serve(answer(200, b"cde", headers={"Content-Range": "bytes 2-4/10"}))
    with store.open_reader("k", 2, 5) as reader:
        assert (b"cde", 10) == (reader.readall(), reader.info.size_bytes)


def test_ignored_range_is_cut_from_the_whole(serve: MakeStore) -> None:
    """A server that ignores Range has its beginning skipped and its end never read."""
    content = os.urandom(1_000_000)
    server, store = serve(answer(200, content), answer(200, b"x"))
    assert content[300_000:700_000] == read(store, 300_000, 700_000)
    # The rest was not read, so the connection was not used again.
    assert read(store) == b"x"
    assert server.connections == 2


def test_ignored_range_of_the_end_keeps_the_connection(serve: MakeStore) -> None:
    """When nothing is left unread the connection is kept."""
    server, store = serve(answer(200, b"0123456789"), answer(200, b"x"))
    assert read(store, 4) == b"456789"
    assert read(store) == b"x"
    assert server.connections == 1


@pytest.mark.parametrize(
    "given",
    [
        answer(206, b"ab"),
        answer(206, b"ab", headers={"Content-Range": "bytes 0-1/10"}),
        answer(206, b"abc", headers={"Content-Range": "bytes 3-5/10"}),
        answer(206, b"ab", headers={"Content-Range": "bytes 2-3/10"}),
        answer(206, b"ab", headers={"Content-Range": "bytes 2-4/10"}),
    ],
)
def test_wrong_range_is_an_error(serve: MakeStore, given: bytes) -> None:
    """A part of the object other than the one asked for is an error."""
    _, store = serve(given)
    with pytest.raises(core.ServiceError) as raised:
        read(store, 2, 5)
    assert "asked for bytes [2, 5)" in str(raised.value)


def test_range_of_unknown_size_is_measured(serve: MakeStore) -> None:
    """A Content-Range without the whole size is completed by a HEAD."""
    server, store = serve(
        answer(206, b"cd", headers={"Content-Range": "bytes 2-3/*"}), answer(200, length=4)
    )
    with store.open_reader("k", 2) as reader:
        assert (b"cd", 4) == (reader.readall(), reader.info.size_bytes)
    assert server.targets() == ["GET /b/k", "HEAD /b/k"]


def test_range_at_the_end_is_empty(serve: MakeStore) -> None:
    """A range that starts at the end, refused with 416, is measured by HEAD and reads nothing."""
    _, store = serve(answer(416, error_xml("InvalidRange")), answer(200, length=5))
    assert read(store, 5) == b""


def test_range_beyond_the_end_is_an_error(serve: MakeStore) -> None:
    """A range that starts beyond the end is an error that says the size."""
    _, store = serve(answer(416, error_xml("InvalidRange")), answer(200, length=5))
    with pytest.raises(core.InvalidRangeError, match="the object has 5 bytes"):
        read(store, 6)


def test_ignored_if_match_is_noticed(serve: MakeStore) -> None:
    """A server that ignores If-Match is found out by the ETag of its answer."""
    _, store = serve(answer(200, b"new", headers={"ETag": '"new"'}))
    with pytest.raises(core.PreconditionFailedError):
        read(store, if_match="old")


def test_weak_etag_proves_nothing(serve: MakeStore) -> None:
    """A weak ETag is none, in a description and as the answer to a condition."""
    weak = {"ETag": 'W/"abc"'}
    _, store = serve(answer(200, length=3, headers=weak), answer(200, b"new", headers=weak))
    assert store.head("k").etag is None
    with pytest.raises(core.PreconditionFailedError):
        read(store, if_match="abc")


@pytest.mark.parametrize("etag", ['W/"abc"', 'a"b', "a\r\nx-amz-acl: public-read", "é", ""])
def test_etag_that_no_object_has_is_not_sent(serve: MakeStore, etag: str) -> None:
    """A condition on a weak or malformed ETag fails before anything is sent."""
    server, store = serve(answer(200), answer(200), conditional_copies=True)
    with pytest.raises(core.PreconditionFailedError, match="read s3://b/k: no object has the ETag"):
        read(store, if_match=etag)
    with pytest.raises(core.PreconditionFailedError):
        store.put("k", b"x", condition=Condition(if_match=etag))
    with pytest.raises(core.PreconditionFailedError):
        store.copy_from(store.copy_source("source", etag), "k")
    assert server.requests == []


def test_short_body_is_an_error(serve: MakeStore) -> None:
    """A body that ends early is an error that may be retried, never a short result."""
    _, store = serve(Cut(answer(200, b"abc", length=10)))
    with pytest.raises(core.IntegrityError) as raised:
        read(store)
    assert (True, "s3://b/k") == (raised.value.retryable, raised.value.uri)


def test_reset_in_the_body_is_an_error(serve: MakeStore) -> None:
    """A reset in the middle of a body is an error of that object that may be retried."""
    _, store = serve(Cut(answer(200, b"a" * 100_000, length=10_000_000), reset=True))
    with pytest.raises((core.ConnectionFailedError, core.IntegrityError)) as raised:
        read(store)
    assert (True, Scope.OBJECT) == (raised.value.retryable, raised.value.scope)


def test_connection_is_kept(serve: MakeStore) -> None:
    """Requests that follow one another use one connection, errors and HEADs included."""
    server, store = serve(
        answer(200, length=3),
        answer(404, error_xml("NoSuchKey")),
        answer(200, b"abc"),
        answer(200, headers={"ETag": '"e"'}),
        answer(204),
    )
    store.head("k")
    with pytest.raises(core.ObjectNotFoundError):
        read(store)
    read(store)
    store.put("k", b"abc")
    store.delete("k")
    assert server.connections == 1


@pytest.mark.parametrize("status", [400, 403, 404])
def test_head_learns_the_code(serve: MakeStore, status: int) -> None:
    """A refused HEAD has its code learnt by one small GET."""
    server, store = serve(answer(status), answer(status, error_xml("InvalidAccessKeyId")))
    with pytest.raises(core.CredentialsError) as raised:
        store.head("k")
    assert ("head", "InvalidAccessKeyId") == (raised.value.operation, raised.value.code)
    assert server.requests[1][1]["range"] == "bytes=0-0"


def test_head_that_is_refused_although_get_is_not(serve: MakeStore) -> None:
    """When the GET succeeds the HEAD's status stands, and the body isn't read."""
    _, store = serve(answer(403, length=0), answer(206, b"a" * 100, length=10_000))
    with pytest.raises(core.PermissionDeniedError):
        store.head("k")


def test_head_without_length_is_an_error(serve: MakeStore) -> None:
    """An object whose length isn't told is an error, not an empty object."""
    _, store = serve(Cut(b"HTTP/1.1 200 OK\r\nETag: x\r\n\r\n"))
    with pytest.raises(core.ServiceError, match="how long"):
        store.head("k")


@pytest.mark.parametrize("operation", ["complete", "copy"])
def test_error_inside_a_success_is_an_error(serve: MakeStore, operation: str) -> None:
    """A 200 with an error in its body is an error that may be retried and may have been done."""
    _, store = serve(answer(200, b"\n \n" + error_xml("InternalError")))
    with pytest.raises(core.ServiceError) as raised:
        run(store, operation)
    error = raised.value
    assert (True, True, "InternalError") == (error.retryable, error.maybe_done, error.code)


@pytest.mark.parametrize("operation", ["complete", "copy"])
@pytest.mark.parametrize(
    "given",
    [
        answer(200),
        answer(200, b"   \n"),
        answer(200, b'<?xml version="1.0"?><CompleteMultipartUploadResult><ETag>"'),
        Cut(answer(200, b"  ", length=500)),
    ],
)
def test_cut_success_is_an_error(serve: MakeStore, operation: str, given: bytes | Cut) -> None:
    """A 200 whose body is empty or cut is an error that may be retried and may have been done."""
    _, store = serve(given)
    with pytest.raises((core.ServiceError, core.IntegrityError)) as raised:
        run(store, operation)
    assert (True, True) == (raised.value.retryable, raised.value.maybe_done)


def run(store: S3Store, operation: str) -> None:
    """Complete an upload, or copy an object."""
    if operation == "complete":
        store.resume_multipart("k", '{"upload_id": "u"}').complete([Part(1, 1, "e")])
    else:
        store.copy_from(store.copy_source("source"), "k")


def test_html_listing_is_an_error(serve: MakeStore) -> None:
    """A web page instead of a listing names the endpoint."""
    server, store = serve(answer(200, b"<!DOCTYPE html><html><body>Hi</body></html>"))
    with pytest.raises(core.ServiceError) as raised:
        store.list_page()
    assert server.endpoint_url in str(raised.value)
    assert not raised.value.retryable


PAGE = b"<!DOCTYPE html><html><body>Log in</body></html>"


@pytest.mark.parametrize("page", [PAGE, b""])
@pytest.mark.parametrize("operation", ["put", "stat", "read"])
def test_success_that_speaks_of_no_object_is_an_error(
    serve: MakeStore, operation: str, page: bytes
) -> None:
    """A 200 of any web server is no object that was stored, described or read."""
    bare = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (
        len(page),
        b"" if operation == "stat" else page,
    )
    _, store = serve(bare)
    calls: dict[str, Callable[[], object]] = {
        "put": lambda: store.put("key", b"content"),
        "stat": lambda: store.head("key"),
        "read": lambda: store.open_reader("key"),
    }
    with pytest.raises(core.ServiceError, match="no S3 service") as raised:
        calls[operation]()
    assert raised.value.scope is core.Scope.STORE


def test_page_that_answers_a_deletion_is_an_error(serve: MakeStore) -> None:
    """A web page deletes nothing."""
    _, store = serve(answer(200, PAGE))
    with pytest.raises(core.ServiceError, match="web page"):
        store.delete("key")


def test_huge_listing_is_an_error(serve: MakeStore) -> None:
    """Of an endless listing no more than a page's worth is read, and asking again is no use."""
    body = b"<ListBucketResult>" + b" " * 9_000_000
    _, store = serve(Cut(answer(200, body, length=10**12)))
    with pytest.raises(core.ServiceError, match="more than") as raised:
        store.list_page()
    assert not raised.value.retryable


def test_html_refusal_is_an_error(serve: MakeStore) -> None:
    """A web page with a 404 isn't a missing key: this is no S3 service."""
    _, store = serve(answer(404, b"<html>nothing here</html>"))
    with pytest.raises(core.ServiceError) as raised:
        read(store)
    assert Scope.STORE is raised.value.scope


def test_huge_error_body_is_not_read(serve: MakeStore) -> None:
    """Of an endless error body no more than a bounded part is read."""
    _, store = serve(Cut(answer(500, b"x" * 3_000_000, length=10**12)))
    with pytest.raises(core.ServiceError) as raised:
        read(store)
    assert raised.value.retryable


def test_hostile_dates_are_no_dates(serve: MakeStore) -> None:
    """A date that overflows is none: the object has no time, and the clock isn't touched."""
    _, store = serve(
        answer(200, length=3, headers={"Last-Modified": HOSTILE_DATE}),
        answer(403, error_xml("AccessDenied"), headers={"Date": HOSTILE_DATE}),
    )
    assert store.head("k").mtime is None
    with pytest.raises(core.PermissionDeniedError) as raised:
        store.put("k", b"x")
    assert not raised.value.retryable


def test_hostile_length_is_no_length(serve: MakeStore) -> None:
    """A Content-Length of thousands of digits is an answer that tells no length."""
    huge = answer(200, headers={"Content-Length": "9" * 5000})
    _, store = serve(Cut(huge))
    with pytest.raises(core.ServiceError, match="how long"):
        store.head("k")


def test_hostile_content_range_is_no_range(serve: MakeStore) -> None:
    """A Content-Range of thousands of digits is a part that doesn't say which."""
    _, store = serve(answer(206, b"ab", headers={"Content-Range": f"bytes 0-1/{'9' * 5000}"}))
    with pytest.raises(core.ServiceError, match="but not which"):
        read(store, 0, 2)


def test_garbage_is_an_error(serve: MakeStore) -> None:
    """An answer that isn't HTTP is an error."""
    _, store = serve(Cut(b"\x00\x01garbage\r\n\r\n"))
    with pytest.raises(core.ConnectionFailedError):
        read(store)


@pytest.mark.parametrize("reset", [False, True])
def test_lost_answer_may_have_been_done(serve: MakeStore, reset: bool) -> None:
    """When the connection ends instead of an answer, the request may have been carried out."""
    _, store = serve(Cut(reset=reset))
    with pytest.raises(core.ConnectionFailedError) as raised:
        store.put("k", b"x")
    error = raised.value
    assert (True, True, Scope.OBJECT) == (error.maybe_done, error.retryable, error.scope)
    assert ("put", "s3://b/k") == (error.operation, error.uri)


@pytest.mark.parametrize("reset", [False, True])
def test_lost_answer_to_a_read_was_not_done(serve: MakeStore, reset: bool) -> None:
    """When the connection ends instead of an answer to a HEAD, nothing was changed."""
    _, store = serve(Cut(reset=reset))
    with pytest.raises(core.ConnectionFailedError) as raised:
        store.head("k")
    assert not raised.value.maybe_done


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([answer(500)], False),
        ([Cut()], False),
        ([answer(404), answer(404, error_xml("NoSuchBucket")), answer(500)], True),
        ([answer(404), answer(404, error_xml("NoSuchBucket")), Cut()], True),
    ],
)
def test_doubt_about_a_new_bucket(
    serve: MakeStore, answers: list[bytes | Cut], expected: bool
) -> None:
    """Only the request that makes the bucket may have made it, not the look before."""
    server, _ = serve(*answers)
    config = S3Config(endpoint_url=server.endpoint_url, credentials=CREDENTIALS)
    with S3Provider(config) as provider, pytest.raises(S3dlioError) as raised:
        provider.create_container("b")
    assert expected is raised.value.maybe_done


def test_failed_look_after_a_copy_leaves_doubt(serve: MakeStore) -> None:
    """A copy whose result can't be measured may have been made."""
    copied = b"<CopyObjectResult><ETag>e</ETag></CopyObjectResult>"
    _, store = serve(answer(200, copied), answer(500))
    with pytest.raises(core.ServiceError) as raised:
        run(store, "copy")
    assert raised.value.maybe_done


def test_refused_connection_stops_the_run() -> None:
    """A refused connection is of store scope, and was certainly not carried out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    config = S3Config(endpoint_url=f"http://127.0.0.1:{port}", credentials=CREDENTIALS)
    with S3Provider(config) as provider, pytest.raises(core.ConnectionFailedError) as raised:
        provider.open("b").put("k", b"x")
    error = raised.value
    assert (False, True, Scope.STORE) == (error.maybe_done, error.retryable, error.scope)
    assert f"can't connect to http://127.0.0.1:{port}: Connection refused" in str(error)


def test_unknown_host_is_named() -> None:
    """A host that can't be found is named, with what to check."""
    config = S3Config(endpoint_url="http://nowhere.invalid", credentials=CREDENTIALS)
    with S3Provider(config) as provider, pytest.raises(core.ConnectionFailedError) as raised:
        provider.open("b").put("k", b"x")
    assert "the host of http://nowhere.invalid can't be found" in str(raised.value)
    assert not raised.value.maybe_done


def test_silent_server_times_out(serve: MakeStore) -> None:
    """A server that doesn't answer in time is a timeout, perhaps carried out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = S3Config(
            endpoint_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
            credentials=CREDENTIALS,
            read_timeout_s=0.05,
        )
        with S3Provider(config) as provider, pytest.raises(core.RequestTimeoutError) as raised:
            provider.open("b").put("k", b"x")
    assert (True, True) == (raised.value.retryable, raised.value.maybe_done)


def test_plain_text_behind_https_is_a_tls_error() -> None:
    """Https to a server that speaks http is one clear error that isn't retried."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=speak_plainly, args=(listener,), daemon=True).start()
        endpoint_url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        config = S3Config(endpoint_url=endpoint_url, credentials=CREDENTIALS)
        with S3Provider(config) as provider, pytest.raises(core.ConnectionFailedError) as raised:
            provider.open("b").put("k", b"x")
    assert "the TLS connection to https://127.0.0.1" in str(raised.value)
    assert (False, False) == (raised.value.retryable, raised.value.maybe_done)


def speak_plainly(listener: socket.socket) -> None:
    """Answer one connection in plain text."""
    connection, _ = listener.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_throttling_carries_retry_after(serve: MakeStore) -> None:
    """SlowDown is throttling, with the service's own wait."""
    _, store = serve(answer(503, error_xml("SlowDown"), headers={"Retry-After": "3"}))
    with pytest.raises(core.ThrottledError) as raised:
        store.put("k", b"x")
    assert (3.0, "REQ7") == (raised.value.retry_after_s, raised.value.request_id)


def test_clock_of_the_server_is_learnt(serve: MakeStore) -> None:
    """A refusal whose date is far off may be retried, and is then signed with the server's time."""
    skewed = answer(
        403, error_xml("RequestTimeTooSkewed"), headers={"Date": "Wed, 01 Jan 2020 00:00:00 GMT"}
    )
    server, store = serve(skewed, answer(200))
    with pytest.raises(core.CredentialsError) as raised:
        store.put("k", b"x")
    assert raised.value.retryable
    store.put("k", b"x")
    assert server.requests[1][1]["x-amz-date"].startswith("20200101T0000")


def test_refusal_by_a_server_of_the_same_time_stands(serve: MakeStore) -> None:
    """A refusal whose date is right isn't about the clock."""
    refusal = answer(403, error_xml("AccessDenied"), headers={"Date": formatdate(usegmt=True)})
    _, store = serve(refusal)
    with pytest.raises(core.PermissionDeniedError) as raised:
        store.put("k", b"x")
    assert not raised.value.retryable


@pytest.fixture
def proxy(serve: MakeStore, monkeypatch: pytest.MonkeyPatch) -> CannedServer:
    """A canned server that the environment names as proxy."""
    server, _ = serve(answer(200, b"one"), answer(200, b"two"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("http_proxy", server.endpoint_url)
    return server


def test_proxy_of_the_environment_is_used(proxy: CannedServer) -> None:
    """A proxy gets the whole URL, the key as exact as ever."""
    config = S3Config(endpoint_url="http://s3.example", credentials=CREDENTIALS)
    with S3Store.connect("b", config) as store, store.open_reader("a//b %41") as reader:
        assert reader.readall() == b"one"
    assert proxy.targets() == ["GET http://s3.example/b/a//b%20%2541"]


def test_key_that_a_proxy_would_rewrite_is_refused(proxy: CannedServer) -> None:
    """A key with a dot segment isn't sent through a proxy that would resolve it."""
    config = S3Config(endpoint_url="http://s3.example", credentials=CREDENTIALS)
    with S3Store.connect("b", config) as store, pytest.raises(core.NotSupportedError):
        store.put("a/../c", b"x")
    assert proxy.requests == []


def test_keys_go_over_the_wire_exactly(serve: MakeStore) -> None:
    """Dots, slashes, percent signs and plus signs of a key are sent encoded once, unchanged."""
    server, store = serve(answer(200), answer(200))
    store.put("/a//./../b%2e+ ?#é", b"x")
    store.put("..", b"x")
    assert ["PUT /b//a//./../b%252e%2B%20%3F%23%C3%A9", "PUT /b/.."] == server.targets()


def test_cookies_and_encodings_are_not_used(serve: MakeStore) -> None:
    """No cookie is kept, no compression asked for, no body decoded."""
    gzip_headers = {"Set-Cookie": "a=b", "Content-Encoding": "gzip", "ETag": '"e"'}
    server, store = serve(answer(200, b"not gzip", headers=gzip_headers), answer(200, b"x"))
    assert read(store) == b"not gzip"
    read(store)
    headers = server.requests[1][1]
    assert "cookie" not in headers
    assert headers["accept-encoding"] == "identity"


def test_bodies_are_sent_as_they_are(serve: MakeStore) -> None:
    """A slice of a buffer is sent with its exact length, hash, type and condition."""
    server, store = serve(answer(200, headers={"ETag": '"e"'}))
    view = memoryview(bytearray(b"0123456789"))[2:5]
    attributes = Attributes(content_type="text/plain", metadata={"Owner": "me"})
    info = store.put("k", view, attributes=attributes, condition=Condition(if_absent=True))
    _, headers, body = server.requests[0]
    assert (b"234", 3, "e") == (body, info.size_bytes, info.etag)
    expected = {
        "content-length": "3",
        "content-type": "text/plain",
        "if-none-match": "*",
        "x-amz-meta-owner": "me",
        "x-amz-content-sha256": "114bd151f8fb0c58642d2170da4ae7d7c57977260ac2cc8905306cab6b2acabc",
        "x-amz-security-token": "t0ken-secret",
    }
    assert expected == {name: headers[name] for name in expected}


def test_payload_may_go_unsigned(serve: MakeStore) -> None:
    """With payload_signing=unsigned no body is hashed."""
    server, store = serve(answer(200), payload_signing="unsigned")
    store.put("k", b"x")
    assert server.requests[0][1]["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"


def test_anonymous_requests_are_not_signed(serve: MakeStore) -> None:
    """Anonymous requests carry no signature and need no credentials."""
    server, store = serve(answer(200, b"x"), anonymous=True)
    assert read(store) == b"x"
    assert "authorization" not in server.requests[0][1]


@pytest.mark.parametrize("value", ["ü", "two\nlines", "\x00"])
def test_metadata_that_a_header_cannot_carry(serve: MakeStore, value: str) -> None:
    """Metadata outside printable ASCII is refused before anything is sent."""
    server, store = serve(answer(200))
    with pytest.raises(core.NotSupportedError, match="x-amz-meta-name can't be sent") as raised:
        store.put("k", b"x", attributes=Attributes(metadata={"name": value}))
    assert (Scope.OBJECT, []) == (raised.value.scope, server.requests)


def test_batches_of_deletions(serve: MakeStore) -> None:
    """Keys are deleted by the thousand as they come; those that XML can't carry go singly."""
    failed = (
        b"<DeleteResult><Error><Key>k3</Key><Code>AccessDenied</Code></Error>"
        b"<Error><Key>k4</Key><Code>NoSuchKey</Code></Error></DeleteResult>"
    )
    server, store = serve(answer(204), answer(200, failed), answer(200, b"<DeleteResult/>"))
    keys = iter(["\x01", *(f"k{number}" for number in range(1500))])
    failures = list(store.delete_many(keys))
    assert [("k3", core.PermissionDeniedError)] == [(f.key, type(f.error)) for f in failures]
    assert ["DELETE /b/%01", "POST /b?delete=", "POST /b?delete="] == server.targets()
    assert [999, 501] == [body.count(b"<Key>") for _, _, body in server.requests[1:]]
    assert "content-md5" in server.requests[1][1]


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchKey"])
def test_error_of_a_key_that_was_not_asked_for(serve: MakeStore, code: str) -> None:
    """An error about a key that wasn't to be deleted makes the whole answer worthless."""
    row = f"<DeleteResult><Error><Key>other</Key><Code>{code}</Code></Error></DeleteResult>"
    _, store = serve(answer(200, row.encode()))
    with pytest.raises(core.ServiceError, match="'other'") as raised:
        list(store.delete_many(["a", "b"]))
    assert (Scope.CONTAINER, False) == (raised.value.scope, raised.value.retryable)


def test_failed_batch_raises(serve: MakeStore) -> None:
    """An error of the whole batch is raised, not yielded for each key."""
    _, store = serve(answer(200, error_xml("InternalError")))
    with pytest.raises(core.ServiceError):
        list(store.delete_many(["a", "b"]))


def test_parts_are_listed_by_pages(serve: MakeStore) -> None:
    """All pages of ListParts are read, and offsets told when parts are equal."""
    page = (
        "<ListPartsResult><Part><PartNumber>{0}</PartNumber><ETag>e</ETag><Size>5</Size></Part>"
        "<IsTruncated>{1}</IsTruncated><NextPartNumberMarker>{0}</NextPartNumberMarker>"
        "</ListPartsResult>"
    )
    server, store = serve(
        answer(200, page.format(1, "true").encode()), answer(200, page.format(3, "false").encode())
    )
    upload = store.resume_multipart("k", '{"upload_id": "u", "part_size_bytes": 5}')
    assert [Part(1, 5, "e", 0), Part(3, 5, "e", 10)] == list(upload.parts())
    assert server.targets()[1] == "GET /b/k?part-number-marker=1&uploadId=u"


def test_write_only_credentials_complete(serve: MakeStore) -> None:
    """Who may write but not read gets the size that was sent."""
    done = b"<CompleteMultipartUpload><ETag>&quot;e-1&quot;</ETag></CompleteMultipartUpload>"
    denied = error_xml("AccessDenied")
    _, store = serve(answer(200, done), answer(403), answer(403, denied))
    info = store.resume_multipart("k", '{"upload_id": "u"}').complete([Part(1, 7, "e")])
    assert (7, "e-1") == (info.size_bytes, info.etag)


def test_etag_of_an_upload_is_known_before(serve: MakeStore) -> None:
    """The ETag of a finished upload is the MD5 of its parts' MD5s; not under SSE-KMS."""
    created = b"<InitiateMultipartUpload><UploadId>u</UploadId></InitiateMultipartUpload>"
    kms = {"x-amz-server-side-encryption": "aws:kms"}
    _, store = serve(answer(200, created), answer(200, created, headers=kms))
    parts = [Part(1, 1, "0cc175b9c0f1b6a831c399e269772661"), Part(2, 1, "e" * 32)]
    plain, encrypted = store.create_multipart("k"), store.create_multipart("k")
    digests = bytes.fromhex(parts[0].etag + parts[1].etag)
    assert f"{hashlib.md5(digests).hexdigest()}-2" == plain.expected_etag(parts)
    assert encrypted.expected_etag(parts) is None


@pytest.mark.parametrize("token", ["", "x", "[]", "{}", '"u"', "null"])
def test_foreign_token_is_no_upload(serve: MakeStore, token: str) -> None:
    """A token that isn't of this backend names no upload."""
    _, store = serve()
    with pytest.raises(core.UploadNotFoundError):
        store.resume_multipart("k", token)


def test_no_secret_is_shown(serve: MakeStore, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the log nor an error nor a repr shows a secret; the log has the request id."""
    _, store = serve(answer(403, error_xml("AccessDenied")))
    with (
        caplog.at_level(logging.DEBUG, "s3dlio.s3"),
        pytest.raises(S3dlioError) as raised,
    ):
        store.put("k", b"x")
    (record,) = caplog.records
    assert ("REQ7", 403) == (record.__dict__["request_id"], record.__dict__["status"])
    assert record.getMessage().startswith("PUT /b/k 403 in ")
    shown = caplog.text + str(raised.value) + repr(raised.value) + repr(store.client.sender.config)
    assert "secret" not in shown


def test_store_pickles_by_its_configuration(serve: MakeStore) -> None:
    """A pickled store reaches the same bucket with connections of its own."""
    server, store = serve(answer(200, b"one"), Cut(answer(200, b"two")))
    assert read(store) == b"one"
    store.client.close()
    with pickle.loads(pickle.dumps(store)) as copied:
        assert read(copied) == b"two"
    assert server.connections == 2
