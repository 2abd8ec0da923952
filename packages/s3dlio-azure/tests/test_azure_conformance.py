"""The az store against the conformance suite, on Azurite."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import pytest
from tests.servers.blob_container import blob_service

from s3dlio_azure import AzureConfig, AzureProvider, SharedKey
from s3dlio_azure.keys import key_flaw
from s3dlio_core.testing import ObjectStoreTests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from azure.storage.blob import BlobServiceClient
    from tests.servers import AzuriteServer

    from s3dlio_azure import AzureStore
    from s3dlio_core.store import ObjectStore


class TestAzureOnAzurite(ObjectStoreTests):
    """Azurite, which keeps no versions; without retries."""

    many_keys_count = 5_005
    model_examples = 10
    #: Tests that the server itself fails, and why.
    deviations: ClassVar[Mapping[str, str]] = {}
    #: Groups of tests that need uploads in parts, which this store doesn't have.
    without_parts = re.compile(
        "multipart|part_|parts|upload|complete|expected_etag|used_store|abort|sizes_may"
    )
    _service: BlobServiceClient

    @pytest.fixture(autouse=True)
    def _expect_deviations(self, request: pytest.FixtureRequest) -> None:
        name = request.function.__name__
        if name in self.deviations:
            request.applymarker(pytest.mark.xfail(strict=True, reason=self.deviations[name]))
        if self.without_parts.search(request.node.name):
            request.applymarker(pytest.mark.xfail(strict=False, reason="no uploads in parts"))

    @pytest.fixture
    def provider(self, azurite: AzuriteServer) -> Iterator[AzureProvider]:
        """A provider for the server."""
        config = AzureConfig(
            endpoint=azurite.endpoint_url,
            credential=SharedKey(azurite.account, azurite.account_key),
            ca_bundle=azurite.ca_bundle,
            versions=False,
        )
        with blob_service(azurite) as service, AzureProvider(config) as provider:
            self._service = service
            yield provider

    @pytest.fixture
    def store(self, provider: AzureProvider, new_container_name: str) -> Iterator[AzureStore]:
        """A store of a fresh container."""
        provider.create_container(new_container_name)
        yield provider.open(new_container_name)
        self._service.delete_container(new_container_name)

    def raw_put(self, store: ObjectStore, key: str, data: bytes) -> None:
        """Store a blob with azure-storage-blob."""
        client = self._service.get_blob_client(_container(store), key)
        client.upload_blob(data, overwrite=True)

    def raw_get(self, store: ObjectStore, key: str) -> bytes:
        """Read a blob with azure-storage-blob."""
        client = self._service.get_blob_client(_container(store), key)
        content: bytes = client.download_blob().readall()
        return content

    def can_hold(self, key: str) -> bool:
        """What Azure itself holds as it is, but for what Azurite can't list."""
        return not key_flaw(key) and not set(key) & {"\ufffe", "\uffff"}


def _container(store: ObjectStore) -> str:
    return store.uri.removeprefix("az://")
