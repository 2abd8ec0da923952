"""The fault proxy breaks the requests that it is told to, in the way it is told, and no others."""

from __future__ import annotations

import http.client
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from tests.servers import (
    Answer,
    CorruptBody,
    FaultProxy,
    Hold,
    LostAnswer,
    RawAnswer,
    ResetMidRequest,
    ResetMidResponse,
    ShortBody,
    SignedClient,
)
from tests.servers.signed_client import object_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.endpoint import S3Endpoint
    from tests.servers.moto_server import MotoServer
    from tests.servers.rclone_server import RcloneServer

CONTENT = bytes(range(256)) * 4096


@pytest.fixture
def client(fault_proxy: FaultProxy) -> Iterator[SignedClient]:
    """A client whose requests go through the proxy."""
    with SignedClient(fault_proxy) as client:
        yield client


@pytest.fixture
def target(moto_s3: MotoServer, moto_bucket: str) -> str:
    """The target of an object of 1 MiB, stored past the proxy."""
    with SignedClient(moto_s3) as direct:
        direct.put_object(moto_bucket, "object", CONTENT)
    return object_target(moto_bucket, "object")


def test_untouched_requests_pass(client: SignedClient, moto_bucket: str) -> None:
    """Without a rule the proxy is not noticed, signatures included."""
    client.put_object(moto_bucket, "a b+é", CONTENT)
    assert client.get_object(moto_bucket, "a b+é") == CONTENT


def test_only_the_nth_match_is_broken(
    client: SignedClient, target: str, fault_proxy: FaultProxy
) -> None:
    """A rule counts the requests that match, and meets the ones it names."""
    rule = fault_proxy.add(Answer.slow_down(), method="GET", pattern="object", nth=2, times=2)
    answers = [client.request("GET", target).status for _ in range(4)]
    head = client.request("HEAD", target).status
    assert answers == [200, 503, 503, 200]
    assert head == 200
    assert (rule.matched_count, rule.applied_count) == (4, 2)


def test_slow_down_says_when_to_come_back(
    client: SignedClient, target: str, fault_proxy: FaultProxy
) -> None:
    """SlowDown is S3's document, with Retry-After where asked for."""
    fault_proxy.add(Answer.slow_down(retry_after_s=7))
    answer = client.request("GET", target)
    assert (answer.status, answer.error_code) == (503, "SlowDown")
    assert answer.headers["retry-after"] == "7"


def test_reset_mid_response(client: SignedClient, target: str, fault_proxy: FaultProxy) -> None:
    """The client gets the first bytes, then a reset."""
    fault_proxy.add(ResetMidResponse(after_bytes=1000))
    # Below TLS a reset may be taken for an end.
    tls = (http.client.IncompleteRead,) if fault_proxy.certificates else ()
    with pytest.raises((ConnectionResetError, *tls)):
        client.request("GET", target)


def test_short_body(client: SignedClient, target: str, fault_proxy: FaultProxy) -> None:
    """The connection ends cleanly after the first bytes."""
    fault_proxy.add(ShortBody(after_bytes=1000))
    with pytest.raises(http.client.IncompleteRead) as error:
        client.request("GET", target)
    assert error.value.partial == CONTENT[:1000]


def test_corrupt_body(client: SignedClient, target: str, fault_proxy: FaultProxy) -> None:
    """One byte is changed, far into the body; the length is right."""
    fault_proxy.add(CorruptBody(offset_bytes=500_000))
    body = client.request("GET", target).body
    differing = [index for index in range(len(CONTENT)) if body[index] != CONTENT[index]]
    assert len(body) == len(CONTENT)
    assert differing == [500_000]


def test_reset_mid_request(
    client: SignedClient, target: str, moto_bucket: str, fault_proxy: FaultProxy
) -> None:
    """The request is cut off, and the server doesn't do it."""
    fault_proxy.add(ResetMidRequest(after_bytes=1000), method="PUT")
    tls = (ssl.SSLEOFError,) if fault_proxy.certificates else ()
    with pytest.raises((ConnectionError, *tls)):
        client.put_object(moto_bucket, "cut", CONTENT * 8)
    client.close()
    assert client.request("GET", object_target(moto_bucket, "cut")).status == 404


def test_lost_answer(client: SignedClient, moto_bucket: str, fault_proxy: FaultProxy) -> None:
    """The server does it, and the client can't know."""
    fault_proxy.add(LostAnswer(), method="PUT")
    with pytest.raises(ConnectionError):
        client.put_object(moto_bucket, "key", CONTENT)
    client.close()
    assert client.get_object(moto_bucket, "key") == CONTENT


def test_error_in_ok(
    client: SignedClient, target: str, moto_bucket: str, fault_proxy: FaultProxy
) -> None:
    """A 200 can hold an error, and the copy isn't done."""
    fault_proxy.add(Answer.error_in_ok("InternalError"), method="PUT", pattern="/copy$")
    copy = object_target(moto_bucket, "copy")
    answer = client.request("PUT", copy, headers={"x-amz-copy-source": target})
    assert (answer.status, answer.error_code) == (200, "InternalError")
    assert client.request("HEAD", copy).status == 404


def test_error_after_the_deed(
    client: SignedClient, moto_bucket: str, fault_proxy: FaultProxy
) -> None:
    """A 500 doesn't say that nothing was done."""
    fault_proxy.add(Answer.internal_error(reaches_server=True), method="PUT")
    answer = client.request("PUT", object_target(moto_bucket, "key"), body=CONTENT)
    assert answer.status == 500
    assert client.get_object(moto_bucket, "key") == CONTENT


def test_html_answer(client: SignedClient, target: str, fault_proxy: FaultProxy) -> None:
    """Something between answers with a web page."""
    fault_proxy.add(Answer.html())
    answer = client.request("GET", target)
    assert (answer.status, answer.headers["content-type"]) == (502, "text/html")


def test_raw_answer(client: SignedClient, target: str, fault_proxy: FaultProxy) -> None:
    """What answers need not speak HTTP."""
    fault_proxy.add(RawAnswer())
    with pytest.raises(http.client.BadStatusLine):
        client.request("GET", target)


def test_huge_headers(client: SignedClient, target: str, fault_proxy: FaultProxy) -> None:
    """A head can be far too long."""
    fault_proxy.add(Answer.huge_headers())
    with pytest.raises(http.client.HTTPException):
        client.request("GET", target)


def test_held_request_waits(client: SignedClient, target: str, fault_proxy: FaultProxy) -> None:
    """A held request goes on when it is let go, and others pass meanwhile."""
    hold = Hold()
    fault_proxy.add(hold, method="HEAD")
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(client.request("HEAD", target).status))
    thread.start()
    hold.arrived.wait()
    with SignedClient(fault_proxy) as other:
        assert other.request("GET", target).status == 200
    assert statuses == []
    hold.released.set()
    thread.join()
    assert statuses == [200]


def test_log_has_what_the_client_saw(
    client: SignedClient, target: str, fault_proxy: FaultProxy
) -> None:
    """The log has each request with the status that was sent, and its range."""
    fault_proxy.add(Answer.slow_down(), nth=2)
    for _ in range(2):
        client.request("GET", target, headers={"Range": "bytes=1-2"})
    seen = [(record.path, record.range, record.status) for record in fault_proxy.request_log()]
    assert seen == [(target, "bytes=1-2", 206), (target, "bytes=1-2", 503)]


def test_expecting_client_is_served(
    client: SignedClient, moto_bucket: str, fault_proxy: FaultProxy
) -> None:
    """A client that waits to be asked for its body is asked, through the proxy."""
    target = object_target(moto_bucket, "key")
    headers = {**client.signed_headers("PUT", target, body=CONTENT), "Expect": "100-continue"}
    assert client.send("PUT", target, body=CONTENT, headers=headers).status == 200


def test_rclone_behind_the_proxy(
    rclone_s3: RcloneServer,
    rclone_bucket: str,
    make_fault_proxy: Callable[[S3Endpoint], FaultProxy],
) -> None:
    """Any server can stand behind a proxy."""
    proxy = make_fault_proxy(rclone_s3)
    proxy.add(Answer.slow_down(), method="PUT")
    with SignedClient(proxy) as client:
        assert client.request("PUT", object_target(rclone_bucket, "key")).status == 503
        client.put_object(rclone_bucket, "key", CONTENT)
        assert client.get_object(rclone_bucket, "key") == CONTENT


def test_closed_proxy_refuses_connections(moto_s3: MotoServer, target: str) -> None:
    """After close nobody listens, and open connections are cut."""
    with FaultProxy(moto_s3) as proxy:
        client = SignedClient(proxy)
        client.request("GET", target)
    with client, pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        client.request("GET", target)
    with client, pytest.raises(ConnectionRefusedError):
        client.request("GET", target)
