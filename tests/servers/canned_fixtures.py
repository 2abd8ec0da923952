"""Stores of s3dlio-s3 and s3dlio-azure over canned servers, for their tests."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from s3dlio_azure import AzureConfig, AzureProvider, AzureStore, SharedKey
from s3dlio_s3 import Credentials, S3Config, S3Provider, S3Store
from tests.servers.canned import CannedServer, Cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CREDENTIALS = Credentials("AKID", "hunter2-secret", "t0ken-secret")
ACCOUNT_KEY = SharedKey("account", "aHVudGVyMi1zZWNyZXQ=")


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[CannedServer, S3Store]]]:
    """A function that starts a canned server, and opens a store of its bucket "b"."""
    with contextlib.ExitStack() as stack:

        def make(*answers: bytes | Cut, **switches: object) -> tuple[CannedServer, S3Store]:
            server = CannedServer(list(answers))
            stack.callback(server.close)
            config = S3Config(
                endpoint_url=server.endpoint_url,
                credentials=CREDENTIALS,
                **switches,  # type: ignore[arg-type] # whatever a test sets
            )
            provider = stack.enter_context(S3Provider(config))
            return server, provider.open("b")

        yield make


@pytest.fixture
def serve_az() -> Iterator[Callable[..., tuple[CannedServer, AzureStore]]]:
    """A function that starts a canned server, and opens a store of its container "abc"."""
    with contextlib.ExitStack() as stack:

        def make(*answers: bytes | Cut, **switches: object) -> tuple[CannedServer, AzureStore]:
            server = CannedServer(list(answers))
            stack.callback(server.close)
            config = AzureConfig(
                endpoint=f"{server.endpoint_url}/account",
                credential=ACCOUNT_KEY,
                **switches,  # type: ignore[arg-type] # whatever a test sets
            )
            provider = stack.enter_context(AzureProvider(config))
            return server, provider.open("abc")

        yield make
