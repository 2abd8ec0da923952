"""The HTTP servers and adapters as pytest fixtures, for tests of s3dlio-http and over it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest
import requests
import requests.adapters

from s3dlio_http import HttpAdapter
from tests.servers.byte_server import ByteServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.certificates import Certificates

MakeAdapter: TypeAlias = Callable[..., requests.adapters.BaseAdapter]


@pytest.fixture(scope="module")
def shared_byte_server() -> Iterator[ByteServer]:
    """A byte server for many examples."""
    with ByteServer() as server:
        yield server


@pytest.fixture(scope="module", params=["http", "https"])
def plain_and_tls_server(
    request: pytest.FixtureRequest, certificates: Certificates
) -> Iterator[ByteServer]:
    """A byte server for many examples that speaks plain HTTP, and one that speaks TLS."""
    with ByteServer(certificates=certificates if request.param == "https" else None) as server:
        yield server


@pytest.fixture
def tls_server(certificates: Certificates) -> Iterator[ByteServer]:
    """A byte server with a good certificate."""
    with ByteServer(certificates=certificates) as server:
        yield server


@pytest.fixture
def byte_server(shared_byte_server: ByteServer) -> ByteServer:
    """A byte server that remembers nothing."""
    shared_byte_server.forget()
    return shared_byte_server


@pytest.fixture
def make_adapter() -> Iterator[MakeAdapter]:
    """A function that makes our adapter; closed after the test."""
    with contextlib.ExitStack() as stack:

        def make(**settings: object) -> requests.adapters.BaseAdapter:
            adapter = HttpAdapter(**settings)  # type: ignore[arg-type] # whatever a test sets
            stack.callback(adapter.close)
            return adapter

        yield make


@pytest.fixture
def adapter(make_adapter: MakeAdapter) -> requests.adapters.BaseAdapter:
    """Our adapter."""
    return make_adapter()


@pytest.fixture(params=["own", "stock"])
def any_adapter(request: pytest.FixtureRequest) -> Iterator[requests.adapters.BaseAdapter]:
    """Our adapter, and requests' own: what holds for one must hold for the other."""
    adapter: requests.adapters.BaseAdapter
    adapter = HttpAdapter() if request.param == "own" else requests.adapters.HTTPAdapter()
    yield adapter
    adapter.close()


@pytest.fixture
def session(any_adapter: requests.adapters.BaseAdapter) -> Iterator[requests.Session]:
    """A plain session over each adapter in turn, which reads no environment."""
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", any_adapter)
        session.mount("https://", any_adapter)
        yield session
