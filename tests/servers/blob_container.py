"""What a container really holds: told by azure-storage-blob, never by this project."""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.storage.blob import BlobProperties, BlobServiceClient, ContainerClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.blob_endpoint import BlobEndpoint


@contextlib.contextmanager
def blob_service(server: BlobEndpoint) -> Iterator[BlobServiceClient]:
    """A client of azure-storage-blob for a server."""
    with BlobServiceClient.from_connection_string(
        server.connection_string,
        retry_total=0,
        connection_verify=server.ca_bundle or True,
    ) as client:
        yield client


@dataclass(frozen=True)
class BlobContainer:
    """A container as azure-storage-blob sees it.

    Attributes:
        client: azure-storage-blob's.
        name: the container's.
    """

    client: ContainerClient
    name: str

    @property
    def uri(self) -> str:
        """The container's URI."""
        return f"az://{self.name}"

    def put(self, key: str, content: bytes, **arguments: Any) -> None:
        """Store a blob."""
        self.client.upload_blob(key, content, overwrite=True, **arguments)

    def get(self, key: str) -> bytes:
        """The content of a blob."""
        content: bytes = self.client.download_blob(key).readall()
        return content

    def put_file(self, key: str, path: Path) -> None:
        """Store a file; in blocks, if it is large."""
        with path.open("rb") as file:
            self.client.upload_blob(key, file, overwrite=True)

    def sha256(self, key: str) -> str:
        """The hash of a blob's content, read as a stream."""
        digest = hashlib.sha256()
        for piece in self.client.download_blob(key).chunks():
            digest.update(piece)
        return digest.hexdigest()

    def head(self, key: str) -> BlobProperties:
        """What is known of a blob."""
        return self.client.get_blob_client(key).get_blob_properties()

    def listed(self, prefix: str = "") -> list[str]:
        """The keys, in the order of the listing."""
        return list(self.client.list_blob_names(name_starts_with=prefix))

    def contents(self) -> dict[str, bytes]:
        """All contents, by key."""
        return {key: self.get(key) for key in self.listed()}

    def content_type(self, key: str) -> str:
        """The content type of a blob."""
        return self.head(key).content_settings.content_type or ""

    def uploads(self) -> list[str]:
        """The keys of blobs that have blocks, and were never committed."""
        found = self.client.list_blobs(include=["uncommittedblobs"])
        return sorted({blob.name for blob in found} - set(self.listed()))


@contextlib.contextmanager
def fresh_container(server: BlobEndpoint) -> Iterator[BlobContainer]:
    """A new container, removed afterwards with all it holds."""
    name = f"test-{uuid.uuid4().hex}"
    with blob_service(server) as service, service.create_container(name) as client:
        try:
            yield BlobContainer(client, name)
        finally:
            client.delete_container()
