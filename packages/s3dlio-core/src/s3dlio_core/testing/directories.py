"""The conformance suite for stores whose containers are directories of this machine.

Subclass `DirectoryStoreTests` and give it the fixture `provider`; objects are files, which are
written and read here without the store.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.local_names import TEMPORARY_PREFIX
from s3dlio_core.testing.conformance import ObjectStoreTests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.store import ObjectStore, StoreProvider

__all__ = ["DirectoryStoreTests"]


class DirectoryStoreTests(ObjectStoreTests):
    """The contract, and that each test leaves nothing beside its directory."""

    @pytest.fixture
    def directory(self, tmp_path: Path) -> Path:
        """What all containers lie in."""
        return tmp_path

    @pytest.fixture
    def new_container_name(self, directory: Path) -> str:
        """A directory that doesn't exist yet."""
        return str(directory / "outer" / "container")

    @pytest.fixture
    def another_container_name(self, directory: Path) -> str:
        """Another one."""
        return str(directory / "another")

    @pytest.fixture
    def store(
        self, provider: StoreProvider, new_container_name: str, directory: Path
    ) -> Iterator[ObjectStore]:
        """A store of a directory; afterwards nothing lies beside it, and no temporary file in it.

        The directory lies two levels down, so that a key with "../.." would be seen.
        """
        provider.create_container(new_container_name)
        with provider.open(new_container_name) as store:
            yield store
            self.check_after(store)
        inside = Path(new_container_name)
        files = [path for path in directory.rglob("*") if not path.is_dir()]
        assert [path for path in files if inside not in path.parents] == []
        assert [path for path in files if path.name.startswith(TEMPORARY_PREFIX)] == []

    def check_after(self, store: ObjectStore) -> None:
        """Check what else holds of a store that a test has used; for subclasses."""

    def raw_put(self, store: ObjectStore, key: str, data: bytes) -> None:
        """Write a file."""
        path = _path(store, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def raw_get(self, store: ObjectStore, key: str) -> bytes:
        """Read a file."""
        return _path(store, key).read_bytes()


def _path(store: ObjectStore, key: str) -> Path:
    return Path(store.uri.partition("://")[2]) / key
