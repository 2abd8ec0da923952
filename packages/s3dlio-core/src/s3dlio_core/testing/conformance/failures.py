"""Errors: the right class, the right scope, and what they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3dlio_core.errors import (
    ContainerNotFoundError,
    ObjectNotFoundError,
    PreconditionFailedError,
    Scope,
)
from s3dlio_core.store import Condition, ObjectStore
from s3dlio_core.testing.conformance.base import ConformanceBase, error_of, exists, needs, read

if TYPE_CHECKING:
    from collections.abc import Callable

_READS: dict[str, Callable[[ObjectStore, str], object]] = {
    "head": lambda store, key: store.head(key),
    "read": read,
    "read range": lambda store, key: read(store, key, 1, 2),
}
_CALLS: dict[str, Callable[[ObjectStore, str], object]] = {
    **_READS,
    "list": lambda store, key: store.list_page(key),
    "list with delimiter": lambda store, key: store.list_page(key, delimiter="/"),
    "put": lambda store, key: store.put(key, b"x"),
    "delete": lambda store, key: store.delete(key),
    "delete_many": lambda store, key: list(store.delete_many([key])),
    "create_multipart": lambda store, key: store.create_multipart(key).put_part(1, 0, b"x"),
}


class ErrorTests(ConformanceBase):
    """What is raised when something isn't there."""

    @pytest.mark.parametrize("call", sorted(_READS))
    def test_missing_key(self, store: ObjectStore, prefix: str, call: str) -> None:
        """A missing key is ObjectNotFoundError, a FileNotFoundError, of object scope."""
        key = f"{prefix}missing"
        error = error_of(lambda: _READS[call](store, key), ObjectNotFoundError)
        assert isinstance(error, FileNotFoundError)
        assert (error.scope, error.retryable) == (Scope.OBJECT, False)

    @pytest.mark.parametrize("call", sorted(_READS))
    def test_missing_key_is_named(self, store: ObjectStore, prefix: str, call: str) -> None:
        """The error names the operation and the key's URI."""
        key = f"{prefix}missing"
        error = error_of(lambda: _READS[call](store, key), ObjectNotFoundError)
        assert store.uri_of(key) == error.uri
        assert error.operation

    def test_failed_condition_is_named(self, store: ObjectStore, prefix: str) -> None:
        """A failed condition names operation and URI, is a FileExistsError, of object scope."""
        needs(store, "put_if_absent")
        key = f"{prefix}object"
        store.put(key, b"x")
        error = error_of(
            lambda: store.put(key, b"y", condition=Condition(if_absent=True)),
            PreconditionFailedError,
        )
        assert isinstance(error, FileExistsError)
        assert (Scope.OBJECT, store.uri_of(key)) == (error.scope, error.uri)
        assert error.operation

    @pytest.mark.parametrize("call", sorted(_CALLS))
    def test_missing_container(self, missing_container_store: ObjectStore, call: str) -> None:
        """A missing container is ContainerNotFoundError, of container scope, whatever is done."""
        store = missing_container_store
        error = error_of(lambda: _CALLS[call](store, "some/key"), ContainerNotFoundError)
        assert isinstance(error, FileNotFoundError)
        assert Scope.CONTAINER is error.scope

    @pytest.mark.parametrize("call", sorted(_CALLS))
    def test_missing_container_is_named(
        self, missing_container_store: ObjectStore, call: str
    ) -> None:
        """The error names the operation and the container's URI, perhaps with the key."""
        store = missing_container_store
        error = error_of(lambda: _CALLS[call](store, "some/key"), ContainerNotFoundError)
        assert error.uri.startswith(store.uri)
        assert error.operation

    def test_missing_container_is_not_created(self, missing_container_store: ObjectStore) -> None:
        """A put into a missing container doesn't create it."""
        store = missing_container_store
        error_of(lambda: store.put("some/key", b"x"), ContainerNotFoundError)
        error_of(store.list_page, ContainerNotFoundError)

    def test_uri_of_a_key(self, store: ObjectStore, prefix: str) -> None:
        """A key's URI is the container's URI, "/" and the key."""
        assert not store.uri.endswith("/")
        assert f"{store.uri}/{prefix}a b%41" == store.uri_of(f"{prefix}a b%41")

    def test_store_is_usable_after_an_error(self, store: ObjectStore, prefix: str) -> None:
        """Errors leave the store usable."""
        for _ in range(20):
            assert not exists(store, f"{prefix}missing")
            error_of(lambda: read(store, f"{prefix}missing"), ObjectNotFoundError)
        store.put(f"{prefix}object", b"12345")
        assert read(store, f"{prefix}object") == b"12345"
