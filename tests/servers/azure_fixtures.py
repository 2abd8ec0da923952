"""Azurite as pytest fixtures: started when first asked for, one per test process.

def test_something(azurite, azurite_container): ...
def test_retry(blob_fault_proxy, azurite_container): ...  # the proxy stands before azurite

With `S3DLIO_TEST_TLS=1` it speaks TLS, as the servers of `fixtures`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.azurite_install import (
    AzuriteInstallError,
    AzuriteMissingError,
    azurite_command,
)
from tests.servers.azurite_server import AzuriteServer
from tests.servers.fault_proxy import BlobFaultProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.blob_container import BlobContainer
    from tests.servers.certificates import Certificates


@pytest.fixture(scope="session")
def azurite(server_certificates: Certificates | None) -> Iterator[AzuriteServer]:
    """Azurite, in memory."""
    try:
        azurite_command()
    except AzuriteMissingError as error:
        pytest.skip(f"azurite: {error}")
    except AzuriteInstallError as error:
        pytest.fail(f"azurite: {error}", pytrace=False)
    with AzuriteServer(certificates=server_certificates) as server:
        yield server


@pytest.fixture
def azurite_container(azurite: AzuriteServer) -> Iterator[BlobContainer]:
    """A fresh container at `azurite`, as azure-storage-blob sees it."""
    from tests.servers.blob_container import fresh_container  # noqa: PLC0415 - takes long

    with fresh_container(azurite) as container:
        yield container


@pytest.fixture
def blob_fault_proxy(azurite: AzuriteServer) -> Iterator[BlobFaultProxy]:
    """A fault proxy before `azurite`, without rules yet."""
    with BlobFaultProxy(azurite) as proxy:
        yield proxy
