"""A small HTTP server that answers as it is told, and remembers what it was asked.

    with ScriptedHttp() as server:
        server.answers("GET /token", Reply(200, b"..."))

A request that nobody told of is answered with 404. Of several replies to the same method and path
the last one is given again and again.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl

from tests.servers.closing import Closing

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Asked:
    """A request.

    Attributes:
        method: the HTTP method.
        path: the path, without the query.
        query: the query, still percent-encoded.
        headers: names in lower case.
        body: the body.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The parameters of a form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        status: the HTTP status.
        body: the body.
        headers: more headers.
        before: is called before the answer is sent.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None

    @classmethod
    def of_json(cls, values: Any, status: int = 200) -> Reply:
        """A reply whose body is JSON."""
        return cls(status, json.dumps(values).encode())


#: Makes a reply of a request.
Answering: TypeAlias = "Callable[[Asked], Reply]"


class ScriptedHttp(Closing):
    """The server, on a free port of 127.0.0.1. Use it with `with`."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._replies: dict[str, list[Reply | Answering]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler_class())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """The server's URL, without a trailing "/"."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def targets(self) -> list[str]:
        """Method and path of each request, e.g. "GET /token"."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    def answers(self, target: str, *replies: Reply | Answering) -> None:
        """Say how a method and path, e.g. "GET /token", is answered from now on.

        Args:
            target: method and path.
            replies: one after the other, or functions that make them.
        """
        self._replies[target] = list(replies)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _reply(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            replies = self._replies.get(f"{asked.method} {asked.path}", [Reply(404)])
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
        return reply if isinstance(reply, Reply) else reply(asked)

    def _handler_class(self) -> type[BaseHTTPRequestHandler]:
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65_537)
                self.close_connection = True
                if self.raw_requestline and self.parse_request():
                    self._converse()

            def _converse(self) -> None:
                path, _, query = self.path.partition("?")
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", 0)))
                reply = scripted._reply(Asked(self.command, path, query, headers, body))
                reply.before()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
