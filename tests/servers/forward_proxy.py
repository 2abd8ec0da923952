"""A forward proxy: absolute-form requests for http, CONNECT tunnels for https.

    with ForwardProxy() as proxy:
        requests.get(server.url("/a"), proxies={"http": proxy.url})
        assert [f"GET {server.url('/a')}"] == proxy.requests

Rules of this file: it sends an absolute-form request on in origin-form, and changes nothing else.

Source: RFC 9112, section 3.2.2; RFC 9110, section 9.3.6 (CONNECT).
"""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.servers.closing import Closing
from tests.servers.http_relay import Exchange, Head, Wire, forward
from tests.servers.tcp_listener import TcpListener

if TYPE_CHECKING:
    from tests.servers.endpoint import RequestRecord

REFUSAL = b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\nProxy-Authenticate: Basic\r\n\r\n"


class ForwardProxy(Closing):
    """The proxy. Use it with `with`, or call `close`.

    Args:
        user: a user and a password, `me:secret`, that clients must know; empty for none.

    Attributes:
        requests: method and target of each request as it came, CONNECT among them.
        refused_count: how many of them didn't know the password.
        tunnelled_bytes: what passed through tunnels, in both directions.
    """

    def __init__(self, *, user: str = "") -> None:
        self._authorization = f"Basic {base64.b64encode(user.encode()).decode()}" if user else ""
        self._lock = threading.Lock()
        self.requests: list[str] = []
        self.refused_count = 0
        self.tunnelled_bytes = 0
        self._listener = TcpListener(self._serve)
        self.host = f"127.0.0.1:{self._listener.port}"
        self.url = f"http://{self.host}"

    def on_record(self, record: RequestRecord) -> None:
        """Nothing: `requests` has it already, as it came."""

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.closing(Wire(connection)) as client:
            while raw := client.read_head():
                head = Head(raw)
                method, target = head.start_line.split(" ")[:2]
                self.requests.append(f"{method} {target}")
                given = head.headers.get("proxy-authorization", "")
                if self._authorization and given != self._authorization:
                    self.refused_count += 1
                    client.send(REFUSAL)
                    return
                if method == "CONNECT":
                    self._tunnel(client, target)
                    return
                if not self._forward(client, raw, target):
                    return

    def _forward(self, client: Wire, raw: bytes, target: str) -> bool:
        parts = urlsplit(target)
        origin_form = target.removeprefix(f"{parts.scheme}://{parts.netloc}") or "/"
        sent = Head(raw.replace(target.encode(), origin_form.encode(), 1))
        upstream = socket.create_connection((str(parts.hostname), parts.port or 80))
        with self._listener.cut_at_close(upstream), contextlib.closing(Wire(upstream)) as wire:
            exchange = Exchange(self, client, wire, sent)
            forward(exchange)
            return exchange.keeps_connection

    def _tunnel(self, client: Wire, target: str) -> None:
        host, _, port = target.rpartition(":")
        upstream = socket.create_connection((host.strip("[]"), int(port)))
        with self._listener.cut_at_close(upstream), contextlib.closing(Wire(upstream)) as wire:
            client.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self._pump, args=(wire, client), daemon=True)
            back.start()
            self._pump(client, wire)
            back.join()

    def _pump(self, source: Wire, target: Wire) -> None:
        with contextlib.suppress(OSError):
            while piece := source.read_some(1 << 18):
                with self._lock:
                    self.tunnelled_bytes += len(piece)
                target.send(piece)
        # The end in one direction is passed on, and with it usually ends the other.
        with contextlib.suppress(OSError):
            target.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Stop listening and cut every connection."""
        self._listener.close()
