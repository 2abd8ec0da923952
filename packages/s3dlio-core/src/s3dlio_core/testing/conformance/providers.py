"""Containers: created, found, listed and deleted by the provider."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.errors import (
    ContainerExistsError,
    ContainerNotEmptyError,
    ContainerNotFoundError,
    NotSupportedError,
)
from s3dlio_core.testing.conformance.base import ConformanceBase, read

if TYPE_CHECKING:
    from s3dlio_core.store import StoreProvider


class ProviderTests(ConformanceBase):
    """What a `StoreProvider` does with containers."""

    def test_container_comes_and_goes(
        self, provider: StoreProvider, another_container_name: str
    ) -> None:
        """A container exists from its creation to its deletion."""
        name = another_container_name
        found = [provider.container_exists(name)]
        provider.create_container(name)
        found.append(provider.container_exists(name))
        provider.delete_container(name)
        found.append(provider.container_exists(name))
        assert found == [False, True, False]

    def test_new_container_is_empty_and_usable(
        self, provider: StoreProvider, another_container_name: str
    ) -> None:
        """A new container lists nothing, and takes objects."""
        provider.create_container(another_container_name)
        with provider.open(another_container_name) as store:
            assert list(store.list_page().objects) == []
            store.put("a/b", b"12345")
            assert read(store, "a/b") == b"12345"
            self._empty(provider, another_container_name, ["a/b"])

    def test_containers_are_listed(
        self, provider: StoreProvider, another_container_name: str
    ) -> None:
        """A container is listed by its name; only directories of a file system needn't be."""
        provider.create_container(another_container_name)
        try:
            names = [info.name for info in provider.list_containers()]
        except NotSupportedError:
            assert provider.containers_are_paths
            names = [another_container_name]
        provider.delete_container(another_container_name)
        assert another_container_name in names

    def test_container_is_created_once(
        self, provider: StoreProvider, another_container_name: str
    ) -> None:
        """Creating a container that exists is ContainerExistsError, and leaves it as it is."""
        provider.create_container(another_container_name)
        with provider.open(another_container_name) as store:
            store.put("object", b"12345")
            with pytest.raises(ContainerExistsError) as raised:
                provider.create_container(another_container_name)
            assert read(store, "object") == b"12345"
        self._empty(provider, another_container_name, ["object"])
        assert isinstance(raised.value, FileExistsError)

    def test_container_with_objects_is_not_deleted(
        self, provider: StoreProvider, another_container_name: str
    ) -> None:
        """Deleting a container that holds objects is refused, and they stay."""
        provider.create_container(another_container_name)
        with provider.open(another_container_name) as store:
            store.put("object", b"12345")
            with pytest.raises(ContainerNotEmptyError):
                provider.delete_container(another_container_name)
            assert read(store, "object") == b"12345"
        self._empty(provider, another_container_name, ["object"])

    def test_missing_container_is_not_deleted(
        self, provider: StoreProvider, another_container_name: str
    ) -> None:
        """Deleting a container that doesn't exist is ContainerNotFoundError."""
        with pytest.raises(ContainerNotFoundError):
            provider.delete_container(another_container_name)

    def test_provider_pickles(self, provider: StoreProvider, another_container_name: str) -> None:
        """A pickled provider knows the same containers."""
        provider.create_container(another_container_name)
        with pickle.loads(pickle.dumps(provider)) as other:  # noqa: S301 - our own bytes
            known_there = other.container_exists(another_container_name)
        provider.delete_container(another_container_name)
        assert known_there

    def test_missing_container_opens(
        self, provider: StoreProvider, another_container_name: str
    ) -> None:
        """Opening a container makes no request, so it may be missing; using it fails."""
        with provider.open(another_container_name) as store, pytest.raises(ContainerNotFoundError):
            store.list_page()
        assert not provider.container_exists(another_container_name)

    def _empty(self, provider: StoreProvider, name: str, keys: list[str]) -> None:
        with provider.open(name) as store:
            assert list(store.delete_many(keys)) == []
        provider.delete_container(name)
