"""The relay between a client and a server."""

from __future__ import annotations

import contextlib
import http.client
import threading
from typing import TYPE_CHECKING

from tests.servers.http_relay import HttpRelay
from tests.servers.tcp_listener import TcpListener

if TYPE_CHECKING:
    import socket


def test_client_never_sees_that_the_server_closed_what_was_idle() -> None:
    """As Azurite does after seconds: the next request goes over a new connection."""
    closed = threading.Event()

    def answer_once(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connection.close()
        closed.set()

    with (
        contextlib.closing(TcpListener(answer_once)) as server,
        contextlib.closing(
            HttpRelay(f"127.0.0.1:{server.port}", on_record=lambda _: None)
        ) as relay,
        contextlib.closing(http.client.HTTPConnection("127.0.0.1", relay.port)) as client,
    ):
        for _ in range(3):
            closed.clear()
            client.request("GET", "/")
            assert client.getresponse().read() == b"ok"
            closed.wait()
        assert server.accepted_count == 3
