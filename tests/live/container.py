"""The container that `make live` is given, and what azure-storage-blob sees of it.

The rules of `bucket` hold here, too: nothing outside a fresh prefix is written, the configuration
is the environment's, and what was stored is asked of azure-storage-blob.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from tools.live import CONTAINER_VARIABLE

from s3dlio_azure import Anonymous, BearerToken, BlobClient, Sas, SharedKey
from s3dlio_azure.config_options import current_config
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.storage.blob import ContainerClient

    from s3dlio_azure import AzureConfig
    from s3dlio_azure.credentials import Credential

__all__ = ["LiveContainer", "open_live_container"]


@dataclass(frozen=True)
class LiveContainer:
    """A container and this run's prefix in it.

    Attributes:
        uri: the prefix as a URI, as it was given; ends in "/".
        name: the container.
        prefix: ends in "/"; nobody else's blobs are below it.
        config: how this project reaches it.
        credential: who asks.
        client: azure-storage-blob's, with the same settings.
    """

    uri: str
    name: str
    prefix: str
    config: AzureConfig
    credential: Credential
    client: ContainerClient

    @property
    def has_directories(self) -> bool:
        """Whether the account has a hierarchical namespace; False where nobody may know."""
        try:
            return bool(self.client.get_account_information().get("is_hns_enabled"))
        except HttpResponseError:
            return False

    def put(self, key: str, data: bytes) -> None:
        """Store a blob by azure-storage-blob."""
        self.client.upload_blob(key, data, overwrite=True)

    def get(self, key: str) -> bytes:
        """Read a blob by azure-storage-blob."""
        content: bytes = self.client.download_blob(key).readall()
        return content

    def clear(self) -> None:
        """Delete what this run left: blobs, uncommitted ones, directories, snapshots, versions."""
        uncommitted = self._names(include=["uncommittedblobs"])
        for name in uncommitted - self._names():
            self.client.get_blob_client(name).commit_block_list([])
        with ThreadPoolExecutor(8) as threads:
            for _ in threads.map(self._delete, self._names()):
                pass
            for _ in threads.map(self._delete_version, self._versions()):
                pass

    def _names(self, **arguments: Any) -> set[str]:
        found = self.client.list_blobs(name_starts_with=self.prefix, **arguments)
        return {blob.name for blob in found}

    def _versions(self) -> list[tuple[str, str]]:
        """What an account that keeps versions still has. Not every one can list it."""
        try:
            found = list(self.client.list_blobs(self.prefix, include=["versions"]))
        except HttpResponseError:
            return []
        return [(blob.name, blob.version_id) for blob in found if blob.version_id]

    def _delete(self, name: str) -> None:
        with contextlib.suppress(ResourceNotFoundError):
            self.client.delete_blob(name, delete_snapshots="include")

    def _delete_version(self, version: tuple[str, str]) -> None:
        with contextlib.suppress(ResourceNotFoundError):
            self.client.delete_blob(version[0], version_id=version[1])


def _sdk_credential(credential: Credential) -> Any:
    """Return a credential as azure-storage-blob takes it."""
    if isinstance(credential, SharedKey):
        return AzureNamedKeyCredential(credential.account, credential.key)
    if isinstance(credential, Sas):
        return AzureSasCredential(credential.token)
    if isinstance(credential, BearerToken):
        return credential.source
    assert isinstance(credential, Anonymous)
    return None


@contextlib.contextmanager
def open_live_container() -> Iterator[LiveContainer]:
    """Open what the environment names, with a fresh prefix; clear that at the end."""
    given = parse_uri(os.environ[CONTAINER_VARIABLE])
    base = given.key if not given.key or given.key.endswith("/") else f"{given.key}/"
    prefix = f"{base}s3dlio-live-{uuid.uuid4().hex[:12]}/"
    config = current_config({}, given.host)
    with contextlib.closing(BlobClient(config)) as client:
        credential = client.sender.credential
    with BlobServiceClient(
        config.endpoint,
        _sdk_credential(credential),
        connection_verify=config.ca_bundle or config.verify,
    ) as service:
        host = f"{given.host}/" if given.host else ""
        container = LiveContainer(
            f"az://{host}{given.container}/{prefix}",
            given.container,
            prefix,
            config,
            credential,
            service.get_container_client(given.container),
        )
        try:
            yield container
        finally:
            container.clear()
