"""The az store against the conformance suite, on Azurite."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
from tests.servers.blob_container import blob_service

from s3dlio_azure import AzureConfig, AzureProvider, SharedKey
from s3dlio_azure.keys import key_flaw
from s3dlio_core.errors import NotSupportedError
from s3dlio_core.testing import ObjectStoreTests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from azure.storage.blob import BlobServiceClient
    from tests.servers import AzuriteServer

    from s3dlio_azure import AzureStore
    from s3dlio_core.store import ObjectStore

NO_PUT_BLOB_FROM_URL = "Put Blob From URL is answered 501"
NO_PUT_BLOCK_FROM_URL = "Put Block From URL is answered 501"


class TestAzureOnAzurite(ObjectStoreTests):
    """Azurite, which keeps no versions; without retries."""

    many_keys_count = 5_005
    model_examples = 10
    #: Tests that the server itself fails, and why. Copies that it lacks are tested on a canned
    #: server (test_azure_copies.py).
    deviations: ClassVar[Mapping[str, str]] = {
        "test_copy_replaces_attributes": NO_PUT_BLOB_FROM_URL,
        "test_copy_keeps_tags[attributes1]": NO_PUT_BLOB_FROM_URL,
        "test_copy_replaces_tags": NO_PUT_BLOB_FROM_URL,
        "test_parts_are_copied_from_an_object": NO_PUT_BLOCK_FROM_URL,
        "test_copied_part_describes_itself": NO_PUT_BLOCK_FROM_URL,
        "test_copy_part_of_a_missing_source_fails": NO_PUT_BLOCK_FROM_URL,
        "test_copy_part_of_the_right_etag": NO_PUT_BLOCK_FROM_URL,
        "test_copy_part_of_a_changed_source_fails": NO_PUT_BLOCK_FROM_URL,
    }
    _service: BlobServiceClient

    @pytest.fixture(autouse=True)
    def _expect_deviations(self, request: pytest.FixtureRequest) -> None:
        name = request.node.name
        if name in self.deviations:
            reason, lacking = self.deviations[name], (NotSupportedError, pytest.fail.Exception)
            request.applymarker(pytest.mark.xfail(strict=True, reason=reason, raises=lacking))

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
