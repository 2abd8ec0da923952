"""`AzureProvider`: a storage account, which opens, lists, makes and deletes containers.

Rules that hold in this file:
- A provider and its stores share one client, and so one pool of connections.
- Making a provider sends nothing and needs no credential.
- The service deletes a container with all that is in it; only an empty one is deleted here. What
  is written between the look and the deletion goes with it: the service has no condition for that.

Source: Azure Storage, List Containers, Create Container, Delete Container, Get Container
Properties.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from s3dlio_azure.client import BlobClient
from s3dlio_azure.config_options import (
    OPTION_GROUPS,
    OPTION_NAMES,
    WRITE_OPTIONS,
    current_config,
)
from s3dlio_azure.keys import container_flaw
from s3dlio_azure.store import AzureStore
from s3dlio_core.errors import (
    ContainerNotEmptyError,
    ContainerNotFoundError,
    PermissionDeniedError,
    ServiceError,
    UsageError,
)
from s3dlio_core.rest.paging import all_pages
from s3dlio_core.store import StoreProvider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typing_extensions import Self

    from s3dlio_azure.config import AzureConfig
    from s3dlio_core.store import ContainerInfo

__all__ = ["AzureProvider"]


class AzureProvider(StoreProvider):
    """A storage account.

    A pickle of it, or of a store that it opened, holds its `AzureConfig` and so an explicit
    credential in plain text.
    """

    option_names = OPTION_NAMES
    option_groups = OPTION_GROUPS
    write_options = WRITE_OPTIONS
    checksum_options = MappingProxyType({"validate_content": "true"})

    def __init__(self, config: AzureConfig) -> None:
        """Take a configuration; nothing is sent."""
        self.config = config
        self.client = BlobClient(config)

    @classmethod
    def from_options(cls, scheme: str, options: Mapping[str, str], host: str = "") -> Self:
        """Make a provider from the host that the URI names, options, and the environment."""
        del scheme
        return cls(current_config(options, host))

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.config,))

    def open(self, container: str) -> AzureStore:
        """Return the store of a container. No request is made."""
        if not container:
            raise UsageError("the container is missing", hint="Write az://container/key")
        return AzureStore(self.client, container)

    def list_containers(self) -> Iterator[ContainerInfo]:
        """Yield the account's containers."""
        pages = all_pages(
            lambda marker: self.client.list_containers(marker=marker),
            lambda page: page.next_marker,
            operation="list containers",
        )
        for page in pages:
            yield from page.containers

    def create_container(self, name: str) -> None:
        """Create a container."""
        self._check_name("create container", name)
        self.client.create_container(name)

    def delete_container(self, name: str) -> None:
        """Delete an empty container."""
        self._check_name("delete container", name)
        if self._holds_anything(name):
            raise ContainerNotEmptyError(
                "the container holds blobs, or older versions of them",
                operation="delete container",
                uri=self.config.account_uri + name,
                hint="Delete them first; include_directory_stubs lists those of directories, too",
            )
        self.client.delete_container(name)

    def _check_name(self, operation: str, name: str) -> None:
        if flaw := container_flaw(name):
            raise UsageError(flaw, operation=operation, uri=self.config.account_uri + name)

    def _holds_anything(self, name: str) -> bool:
        if self.config.versions:
            try:
                return self._lists_anything(name, versions=True)
            except ServiceError as error:
                # An account with a hierarchical namespace has no versions, and refuses to list any.
                if error.retryable or not error.code:
                    raise
        return self._lists_anything(name, versions=False)

    def _lists_anything(self, name: str, *, versions: bool) -> bool:
        pages = all_pages(
            lambda marker: self.client.count_blobs(name, versions=versions, marker=marker),
            lambda page: page[1],
            operation="list",
            uri=self.config.account_uri + name,
        )
        return any(count for count, _ in pages)

    def container_exists(self, name: str) -> bool:
        """Return whether a container exists; True also when it may not be described."""
        if container_flaw(name):
            return False
        try:
            self.client.head_container(name)
        except ContainerNotFoundError:
            return False
        except PermissionDeniedError:
            return True
        return True

    def close(self) -> None:
        """Close the connections that the provider's stores share."""
        self.client.close()
