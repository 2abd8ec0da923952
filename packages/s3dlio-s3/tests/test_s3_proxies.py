"""The S3 store behind a proxy, which it finds in the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.servers.byte_server import ByteServer, Reply, answer
from tests.servers.forward_proxy import ForwardProxy

from s3dlio_core.errors import ConnectionFailedError
from s3dlio_s3 import Credentials, S3Config, S3Store

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT = b"x" * 100_000
OBJECT = Reply(answer(CONTENT, ETag='"e"', Last_Modified="Fri, 02 Jan 2026 03:04:05 GMT"))


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[ForwardProxy]:
    """A proxy that the environment names for http and https; nothing is excepted."""
    for name in ("all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with ForwardProxy() as proxy:
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.delenv(name.upper(), raising=False)
            monkeypatch.setenv(name, proxy.url)
        yield proxy


def read(server: ByteServer) -> bytes:
    """Read the key "k"."""
    config = S3Config(
        endpoint_url=server.url(""),
        credentials=Credentials("AKID", "secret"),
        ca_bundle="" if server.verify is True else str(server.verify),
    )
    with S3Store.connect("b", config) as store, store.open_reader("k") as reader:
        return bytes(reader.readall())


def test_http(byte_server: ByteServer, proxy: ForwardProxy) -> None:
    """HTTP_PROXY is asked for the whole URL."""
    byte_server.on("/b/k", OBJECT)
    assert read(byte_server) == CONTENT
    assert proxy.requests == [f"GET {byte_server.url('/b/k')}"]


def test_https(tls_server: ByteServer, proxy: ForwardProxy) -> None:
    """HTTPS_PROXY makes a tunnel."""
    tls_server.on("/b/k", OBJECT)
    assert read(tls_server) == CONTENT
    assert proxy.requests == [f"CONNECT {tls_server.host}"]


def test_no_proxy(
    tls_server: ByteServer, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host of NO_PROXY is reached directly."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    tls_server.on("/b/k", OBJECT)
    assert read(tls_server) == CONTENT
    assert proxy.requests == []


def test_refusing_proxy(tls_server: ByteServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that refuses is named as what refused, and its password isn't shown."""
    with ForwardProxy(user="me:right") as refusing:
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("https_proxy", refusing.url.replace("://", "://me:hunter2@"))
        with pytest.raises(ConnectionFailedError, match="proxy") as raised:
            read(tls_server)
    assert "hunter2" not in str(raised.value)
    assert tls_server.requests == []
