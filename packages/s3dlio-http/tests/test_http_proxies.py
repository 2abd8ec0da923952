"""A plain `requests.Session` behind a proxy: from the environment, with tunnels for https.

Each test runs over our adapter and over requests' own, and wants the same of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
import requests.exceptions
from tests.servers.byte_server import SENTINEL, ByteServer, Reply, answer
from tests.servers.forward_proxy import ForwardProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def proxy() -> Iterator[ForwardProxy]:
    """A proxy for everybody."""
    with ForwardProxy() as proxy:
        yield proxy


@pytest.fixture
def session(session: requests.Session, monkeypatch: pytest.MonkeyPatch) -> requests.Session:
    """A session over each adapter in turn that reads the environment, which has no proxies yet."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    session.trust_env = True
    return session


def test_http_proxy(
    byte_server: ByteServer,
    proxy: ForwardProxy,
    session: requests.Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """HTTP_PROXY is asked for the whole URL."""
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    url = byte_server.fresh_url()
    assert session.get(f"{url}?a=b").content == SENTINEL
    assert session.put(url, data=b"body").content == SENTINEL
    assert proxy.requests == [f"GET {url}?a=b", f"PUT {url}"]
    assert byte_server.requests[1].body == b"body"


def test_https_proxy(
    tls_server: ByteServer,
    proxy: ForwardProxy,
    session: requests.Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """HTTPS_PROXY makes a tunnel, and knows nothing of what passes; certificates are verified."""
    monkeypatch.setenv("https_proxy", proxy.url)
    url = tls_server.give(Reply(answer(b"x" * 100_000)))
    for _ in range(2):
        assert session.get(url, verify=tls_server.verify).content == b"x" * 100_000
    assert proxy.requests == [f"CONNECT {tls_server.host}"]
    assert proxy.tunnelled_bytes > 200_000
    with pytest.raises(requests.exceptions.SSLError):
        session.get(url, verify=True)


def test_no_proxy(
    byte_server: ByteServer,
    proxy: ForwardProxy,
    session: requests.Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hosts of NO_PROXY are reached directly."""
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "elsewhere.example,127.0.0.1")
    assert session.get(byte_server.fresh_url()).content == SENTINEL
    assert proxy.requests == []


def test_proxies_of_one_request(
    byte_server: ByteServer, proxy: ForwardProxy, session: requests.Session
) -> None:
    """A proxy may be given for one request; the next one goes directly."""
    url = byte_server.fresh_url()
    assert session.get(url, proxies={"http": proxy.url}).content == SENTINEL
    assert session.get(url).content == SENTINEL
    assert proxy.requests == [f"GET {url}"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_with_a_password(
    byte_server: ByteServer, tls_server: ByteServer, session: requests.Session, scheme: str
) -> None:
    """A proxy's user and password stand in its URL; the server doesn't hear of them."""
    server = byte_server if scheme == "http" else tls_server
    with ForwardProxy(user="me:secret") as proxy:
        proxies = {scheme: proxy.url.replace("://", "://me:secret@")}
        url = server.fresh_url()
        assert session.get(url, proxies=proxies, verify=server.verify).content == SENTINEL
        assert (len(proxy.requests), proxy.refused_count) == (1, 0)
    if scheme == "https":
        assert "proxy-authorization" not in server.requests[0].head.headers


def test_refusing_proxy(tls_server: ByteServer, session: requests.Session) -> None:
    """A proxy that refuses a tunnel is an error of its own."""
    with (
        ForwardProxy(user="me:secret") as proxy,
        pytest.raises(requests.exceptions.ProxyError) as raised,
    ):
        session.get(tls_server.fresh_url(), proxies={"https": proxy.url}, timeout=60)
    assert "secret" not in str(raised.value)
    assert tls_server.requests == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_unreachable_proxy(session: requests.Session, scheme: str) -> None:
    """So is a proxy that isn't there."""
    with pytest.raises(requests.exceptions.ProxyError):
        session.get(f"{scheme}://127.0.0.1:1/", proxies={scheme: "http://127.0.0.1:1"}, timeout=60)
