"""Requests that meet at moto are answered as if one came after the other."""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import create_environ

from tests.servers import SignedClient
from tests.servers.checksum_check import checksum_text
from tests.servers.endpoint import REGION
from tests.servers.moto_process import call_wsgi, storage_backend, without_signatures
from tests.servers.one_at_a_time import OneAtATime
from tests.servers.signed_client import object_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from tests.servers import HttpAnswer, MotoServer

TIMEOUT_S = 60.0
#: How long a request that must not be worked on is waited for.
GRACE_S = 0.2
SIZE_BYTES = 256 * 1024
OLD, NEW = (bytes([letter]) * SIZE_BYTES for letter in b"on")
WRITES = 60
ALGORITHM = "CRC64NVME"


class Interrupted:
    """moto with somebody who writes just when it has answered a read, or tries to.

    Attributes:
        reads: is set when moto has answered a read.
        written: is set by who writes.
    """

    def __init__(self) -> None:
        self._app: WSGIApplication = create_backend_app("s3")
        self.reads = threading.Event()
        self.written = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as moto does; a read waits for the writer before anybody sees the answer."""
        answer = list(self._app(environ, start_response))
        if environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            self.reads.set()
            self.written.wait(GRACE_S)
        return answer


@pytest.fixture
def bucket() -> Iterator[str]:
    """The name of a fresh bucket in this process, for one object."""
    name, storage = f"test-{uuid.uuid4().hex}", storage_backend()
    storage.create_bucket(name, REGION)
    yield name
    storage.delete_object(name, "object")
    storage.delete_bucket(name)


def call(
    app: WSGIApplication,
    method: str,
    target: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> tuple[str, dict[str, str], bytes]:
    """Status, headers and body of the answer to a request without a connection."""
    environ = create_environ(target, method=method, headers=dict(headers or {}))
    environ |= {
        "HTTP_AUTHORIZATION": "only looked for",
        "RAW_URI": target,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
    }
    status, answered, content = call_wsgi(app, environ)
    return status, {name.lower(): value for name, value in answered}, content


def checksum_headers(body: bytes) -> dict[str, str]:
    """What a put with a checksum sends."""
    return {
        "x-amz-sdk-checksum-algorithm": ALGORITHM,
        f"x-amz-checksum-{ALGORITHM.lower()}": checksum_text(body, ALGORITHM),
    }


def etag_of(body: bytes) -> str:
    """The ETag of an object that was put whole."""
    return f'"{hashlib.md5(body).hexdigest()}"'


@pytest.mark.parametrize(
    ("headers", "length_bytes"),
    [({"x-amz-checksum-mode": "ENABLED"}, SIZE_BYTES), ({"Range": "bytes=0-99"}, 100)],
    ids=["whole", "range"],
)
def test_answer_is_of_one_version(bucket: str, headers: dict[str, str], length_bytes: int) -> None:
    """A put that comes while a get is answered changes neither bytes, ETag nor checksum of it."""
    moto = Interrupted()
    app = without_signatures(moto)
    target = f"/{bucket}/object"
    assert call(app, "PUT", target, OLD, checksum_headers(OLD))[0] == "200 OK"

    def overwrite() -> str:
        assert moto.reads.wait(TIMEOUT_S)
        status = call(app, "PUT", target, NEW, checksum_headers(NEW))[0]
        moto.written.set()
        return status

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(overwrite)
        status, told, body = call(app, "GET", target, headers=headers)
        assert writer.result() == "200 OK"
    assert status.startswith("20")
    assert OLD[:length_bytes] == body
    assert etag_of(OLD) == told["etag"]
    if length_bytes == SIZE_BYTES:
        assert checksum_text(OLD, ALGORITHM) == told[f"x-amz-checksum-{ALGORITHM.lower()}"]
    assert call(app, "GET", target)[2] == NEW


def test_next_request_waits_for_the_answer() -> None:
    """A request is worked on when the one before it is answered, and not sooner."""
    has_begun = {name: threading.Event() for name in ("first", "second")}
    met = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        name = environ["PATH_INFO"][1:]
        has_begun[name].set()
        if name == "first":
            yield b"begun"
            met.append(has_begun["second"].wait(GRACE_S))
        yield b"done"

    gate = OneAtATime(app, call_wsgi)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(call, gate, "GET", "/first")
        assert has_begun["first"].wait(TIMEOUT_S)
        second = pool.submit(call, gate, "GET", "/second")
        assert first.result() == ("200 OK", {}, b"begundone")
        assert second.result() == ("200 OK", {}, b"done")
    assert met == [False]


def test_request_that_fails_stops_no_other() -> None:
    """An error in the application is raised, and the next request goes through."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/bad":
            raise RuntimeError("tried")
        start_response("200 OK", [])
        return [b"done"]

    gate = OneAtATime(app, call_wsgi)
    with pytest.raises(RuntimeError, match="tried"):
        call(gate, "GET", "/bad")
    assert call(gate, "GET", "/good") == ("200 OK", {}, b"done")


def test_reads_listings_and_writes_meet(moto_s3: MotoServer, moto_bucket: str) -> None:
    """Each of many requests at one object is answered with success, and with a right ETag."""
    target = object_target(moto_bucket, "object")
    right = {etag_of(OLD), etag_of(NEW)}
    is_over = threading.Event()

    def write(client: SignedClient) -> list[HttpAnswer]:
        return [
            client.request("PUT", target, body=body).expect(200)
            for body in (OLD, NEW) * (WRITES // 2)
        ]

    def repeat(client: SignedClient, path: str) -> list[HttpAnswer]:
        answers = [client.request("GET", path).expect(200)]
        while not is_over.is_set():
            answers.append(client.request("GET", path).expect(200))
        return answers

    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(SignedClient(moto_s3)) for _ in range(4)]
        clients[0].put_object(moto_bucket, "object", OLD)
        pool = stack.enter_context(ThreadPoolExecutor(len(clients)))
        stack.callback(is_over.set)
        reads = pool.submit(repeat, clients[0], target)
        listings = pool.submit(repeat, clients[1], f"/{moto_bucket}?list-type=2")
        writes = [pool.submit(write, client) for client in clients[2:]]
        put = [answer for writer in writes for answer in writer.result()]
        is_over.set()
        assert {answer.headers["etag"] for answer in put} <= right
        assert all(etag_of(answer.body) == answer.headers["etag"] for answer in reads.result())
        assert {listed_etag(answer.body) for answer in listings.result()} <= right


def listed_etag(body: bytes) -> str:
    """The ETag in a listing of one object."""
    found = body.decode().partition("<ETag>")[2].partition("</ETag>")[0]
    return found.replace("&quot;", '"')
