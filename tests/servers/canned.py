"""An HTTP server that says what it is told, for answers that no healthy server gives.

    server = CannedServer([answer(200, b"body"), Cut(answer(200, length=10))])

Each answer goes to one request, in order; the requests are kept.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field

LAST_MODIFIED = "Fri, 02 Jan 2026 03:04:05 GMT"


def answer(
    status: int = 200,
    body: bytes = b"",
    *,
    length: int | None = None,
    headers: dict[str, str] | None = None,
) -> bytes:
    """Return an HTTP answer; `length` may lie about the body."""
    lines = {
        "Content-Length": str(len(body) if length is None else length),
        "Last-Modified": LAST_MODIFIED,
        "x-amz-request-id": "REQ7",
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body


def error_xml(code: str) -> bytes:
    """Return an error document."""
    return f"<Error><Code>{code}</Code><Message>Said so</Message></Error>".encode()


def blob_answer(
    status: int = 200, body: bytes = b"", headers: dict[str, str] | None = None
) -> bytes:
    """Return an answer as Blob Storage gives one about a blob.

    Args:
        status: the HTTP status.
        body: the body.
        headers: others, or other values of these; "" leaves one out.
    """
    lines = {
        "etag": '"0x8DE49A8B"',
        "x-ms-blob-type": "BlockBlob",
        "x-ms-request-id": "REQ7",
        **(headers or {}),
    }
    return answer(status, body, headers={name: value for name, value in lines.items() if value})


@dataclass
class Cut:
    """An answer after which the connection ends: by a reset, or by an orderly close."""

    content: bytes = b""
    reset: bool = False


@dataclass
class CannedServer:
    """Gives its answers one after another, each to one request, and remembers the requests."""

    answers: list[bytes | Cut]
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def endpoint_url(self) -> str:
        """The URL to give to the client."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def targets(self) -> list[str]:
        """Return method and target of each request."""
        return [line.rpartition(" ")[0] for line, _, _ in self.requests]

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with (
            connection,
            contextlib.suppress(ConnectionError),
            connection.makefile("rb") as stream,
        ):
            while line := stream.readline().decode().strip():
                headers = {}
                while text := stream.readline().decode("latin-1").strip():
                    name, _, value = text.partition(": ")
                    headers[name.lower()] = value
                body = stream.read(int(headers.get("content-length", 0)))
                self.requests.append((line, headers, body))
                given = self.answers.pop(0)
                if isinstance(given, bytes):
                    connection.sendall(given)
                    continue
                connection.sendall(given.content)
                if given.reset:
                    linger = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return

    def close(self) -> None:
        """Stop accepting."""
        # A blocked accept doesn't notice a close, but a shutdown.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
