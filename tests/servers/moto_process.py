"""moto's S3 behind a check of every signature, as a server of its own.

    python -m tests.servers.moto_process --work-dir DIR

What stands between the socket and moto, and why:

- `KeepAliveHandler`: werkzeug's server closes each connection after one answer; this one keeps it,
  and answers `Expect: 100-continue` when the body is wanted.
- `SignatureCheck`: moto by itself verifies nothing, and its own check refuses right signatures of
  keys with `+`, `=` or non-ASCII characters.
- `OneAtATime`: moto, and the layers below, answer with a mix of two versions of an object when a
  read meets a write.
- `ChecksumCheck`: moto keeps the checksums that it is told, and compares none with a body.
- `CustomerKeyCheck`: moto takes every customer key for every object.
- `_Storage`: moto takes bucket and key from the raw target, but its routing by the decoded path
  redirects `//` and doesn't match newlines; so it is routed by the shape of the target alone. A
  ranged GET is cut out of the stored file here, because moto reads the whole object for each.

Objects over 5 MiB lie in temporary files in the work directory. Control requests need no
signature: `POST /_control/drop?BUCKET` forgets a bucket and what it holds.
"""

from __future__ import annotations

import argparse
import io
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from moto.s3.models import FakeKey, FakeMultipart, s3_backends
from werkzeug.serving import ThreadedWSGIServer

from tests.servers.base import LOG_NAME, announce_and_wait
from tests.servers.certificates import server_context
from tests.servers.checksum_check import ChecksumCheck
from tests.servers.customer_keys import CustomerKeyCheck
from tests.servers.endpoint import (
    ACCESS_KEY,
    REGION,
    SECRET_KEY,
    SESSION_TOKEN,
    RequestLog,
    RequestRecord,
)
from tests.servers.moto_server import DROP_PATH
from tests.servers.one_at_a_time import OneAtATime
from tests.servers.s3_error import error_xml
from tests.servers.signature_check import SignatureCheck, raw_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from moto.s3.models import S3Backend

DRAIN_MAX_BYTES: Final = 64 << 20
ONE_WRITE_MAX_BYTES: Final = 64 << 10


class _Body:
    """A request's body; asks an expecting client for it when somebody first reads."""

    def __init__(self, handler: KeepAliveHandler, length: int, *, is_expected: bool) -> None:
        self._handler = handler
        self._expects_continue = is_expected
        self.remaining_bytes = length

    @property
    def is_unwanted(self) -> bool:
        """Whether the client still waits to be asked for the body."""
        return self._expects_continue

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, fewer only where the client stopped sending."""
        if self._expects_continue:
            self._handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._expects_continue = False
        wanted = self.remaining_bytes if size < 0 else min(size, self.remaining_bytes)
        data = self._handler.rfile.read(wanted)
        self.remaining_bytes -= len(data)
        return data


class KeepAliveHandler(MotoRequestHandler):
    """werkzeug's request handler, except that the connection stays open between requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_expect_100(self) -> bool:
        """Say nothing yet: the body may turn out not to be wanted."""
        return True

    def make_environ(self) -> WSGIEnvironment:
        """The request, with its target as it came: `http.server` merges leading slashes."""
        self.path = self.requestline.split(" ")[1]
        environ: WSGIEnvironment = super().make_environ()
        environ["RAW_URI"] = self.path
        return environ

    def run_wsgi(self) -> None:
        """Answer one request; the connection is closed only where its framing is lost."""
        self.environ = environ = self.make_environ()
        expects_continue = self.headers.get("Expect", "").lower() == "100-continue"
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = _Body(self, length, is_expected=expects_continue and length > 0)
        environ["wsgi.input"] = body
        status, headers, content = self._call_app(environ)
        is_unread = body.is_unwanted or body.remaining_bytes > DRAIN_MAX_BYTES
        if environ.get("HTTP_TRANSFER_ENCODING") or is_unread:
            self.close_connection = True
        else:
            body.read()
        self._write_answer(status, headers, content)

    def _call_app(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
        try:
            return call_wsgi(self.server.app, environ)
        except Exception:  # noqa: BLE001 - a server answers whatever happens
            traceback.print_exc()
            content = error_xml("InternalError", "We encountered an internal error.")
            return "500 Internal Server Error", [("Content-Type", "application/xml")], content

    def _write_answer(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        has_body = self.command != "HEAD" and status[:3] not in ("204", "304")
        lines = [f"HTTP/1.1 {status}"]
        lines += [
            f"{name}: {value}"
            for name, value in headers
            if self.command == "HEAD" or name.lower() != "content-length"
        ]
        if has_body:
            lines.append(f"Content-Length: {len(content)}")
        if not any(name.lower() == "date" for name, _ in headers):
            lines.append(f"Date: {self.date_time_string()}")
        lines.append(f"Server: {self.version_string()}")
        if self.close_connection:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if not has_body:
            self.wfile.write(head)
        elif len(content) <= ONE_WRITE_MAX_BYTES:
            self.wfile.write(head + content)
        else:
            self.wfile.write(head)
            self.wfile.write(content)


def call_wsgi(
    app: WSGIApplication, environ: WSGIEnvironment
) -> tuple[str, list[tuple[str, str]], bytes]:
    """Run a WSGI application to its end: status line, headers, the whole body."""
    answer: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], _exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        answer[:] = [(status, headers)]
        return _refuse_write

    chunks = app(environ, start_response)
    try:
        content = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    return (*answer[0], content)


def _refuse_write(_data: bytes) -> object:
    raise NotImplementedError("WSGI's write() is not supported")


class _Storage:
    """moto's S3 application, routed by the raw target, with cheap ranged reads."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path, query = raw_target(environ)
        bucket, _, key = path[1:].partition("/")
        environ["PATH_INFO"] = "/bucket/key" if key else "/bucket" if bucket else "/"
        is_ranged_read = environ["REQUEST_METHOD"] == "GET" and "HTTP_RANGE" in environ and key
        if is_ranged_read and "versionId" not in query and "partNumber" not in query:
            answer = self._read_range(environ, unquote(bucket), unquote(key))
            if answer is not None:
                status, headers, content = answer
                start_response(status, headers)
                return [content]
        return self._app(environ, start_response)

    def _read_range(
        self, environ: WSGIEnvironment, bucket: str, key: str
    ) -> tuple[str, list[tuple[str, str]], bytes] | None:
        """A ranged GET as moto's HEAD and our read of the range; None where it isn't a 206."""
        head = {**environ, "REQUEST_METHOD": "HEAD", "wsgi.input": io.BytesIO()}
        status, headers, _ = call_wsgi(self._app, head)
        ranges = [value for name, value in headers if name.lower() == "content-range"]
        if not status.startswith("206") or not ranges:
            return None
        first, last = ranges[0].removeprefix("bytes ").partition("/")[0].split("-")
        stored = storage_backend().get_object(bucket, key)
        if stored is None:
            return None
        with stored.lock:
            stored._value_buffer.seek(int(first))
            content = stored._value_buffer.read(int(last) - int(first) + 1)
        return status, headers, content


def storage_backend() -> S3Backend:
    """The one S3 that moto holds in this process."""
    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]


class _Forgetful(list[object]):
    """moto keeps each object it ever stored in a list; this one lets go what is deleted."""

    def append(self, _instance: object, /) -> None:
        """Keep nothing."""


class _FrontDoor:
    """The control requests, and the log of all the others."""

    def __init__(self, app: WSGIApplication, log: RequestLog) -> None:
        self._app = app
        self._log = log

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, and log it before its answer leaves."""
        path, query = raw_target(environ)
        if path == DROP_PATH:
            s3_backends.bucket_accounts.pop(query, None)
            storage_backend().buckets.pop(query, None)
            start_response("204 No Content", [])
            return []
        status, headers, content = "500 Internal Server Error", [("", "")], b""
        try:
            status, headers, content = call_wsgi(self._app, environ)
        finally:
            method, byte_range = environ["REQUEST_METHOD"], environ.get("HTTP_RANGE")
            self._log.add(RequestRecord(method, path, query, byte_range, int(status[:3])))
        start_response(status, headers)
        return [content]


def without_signatures(moto: WSGIApplication) -> WSGIApplication:
    """Moto's application behind all that stands before it, but for the check of signatures.

    Args:
        moto: the application; requests must bring their bodies as streams that are there whole.
    """
    checked = CustomerKeyCheck(ChecksumCheck(_Storage(moto), call_wsgi))
    return OneAtATime(checked, call_wsgi)


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work-dir", type=Path, required=True, help="for its files")
    parser.add_argument("--region", default=REGION, help="the region to be signed for")
    parser.add_argument("--port", type=int, default=0, help="0 for any free port")
    parser.add_argument("--certificate", type=Path, help="a PEM file with a key, for TLS")
    options = parser.parse_args()
    FakeKey.instances_tracked = _Forgetful()  # type: ignore[attr-defined]
    FakeMultipart.instances_tracked = _Forgetful()  # type: ignore[attr-defined]
    log = RequestLog(options.work_dir / LOG_NAME)
    checked = SignatureCheck(
        without_signatures(create_backend_app("s3")),
        access_key=ACCESS_KEY,
        secret_key=SECRET_KEY,
        session_token=SESSION_TOKEN,
        region=options.region,
    )
    server = ThreadedWSGIServer(
        "127.0.0.1", options.port, _FrontDoor(checked, log), KeepAliveHandler
    )
    if options.certificate:
        # werkzeug's own TLS shakes hands before it accepts the next connection.
        server.socket = server_context(options.certificate).wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    announce_and_wait(server.port, options.work_dir, log.close)


if __name__ == "__main__":
    main()
