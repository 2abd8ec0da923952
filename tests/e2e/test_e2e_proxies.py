"""s3-cli behind a proxy, which it finds in the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.forward_proxy import ForwardProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.command_line import Cli
    from tests.e2e.truth import Bucket
    from tests.servers import MotoServer


@pytest.fixture
def proxy() -> Iterator[ForwardProxy]:
    """A proxy for everybody."""
    with ForwardProxy() as proxy:
        yield proxy


def test_proxy_of_the_environment(
    moto_cli: Cli, moto_s3: MotoServer, moto: Bucket, proxy: ForwardProxy
) -> None:
    """Requests go through HTTP_PROXY or HTTPS_PROXY, signatures intact."""
    moto.put("a b+é", b"content")
    cli = moto_cli.with_environment(http_proxy=proxy.url, https_proxy=proxy.url)
    cli("download", f"{moto.uri}/a b+é", "back").expect(0)
    assert (cli.directory / "back").read_bytes() == b"content"
    if moto_s3.certificates:
        assert {f"CONNECT {moto_s3.host}"} == set(proxy.requests)
    else:
        assert f"GET {moto_s3.endpoint_url}/{moto.name}/a%20b%2B%C3%A9" in proxy.requests


def test_no_proxy(moto_cli: Cli, moto: Bucket, proxy: ForwardProxy) -> None:
    """A host of NO_PROXY is reached directly."""
    cli = moto_cli.with_environment(
        http_proxy=proxy.url, https_proxy=proxy.url, no_proxy="127.0.0.1"
    )
    cli("ls", f"{moto.uri}/").expect(0)
    assert proxy.requests == []
