"""The file store against the conformance suite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.file_store import TEMPORARY_PREFIX, FileProvider
from s3dlio_core.testing import ObjectStoreTests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.store import ObjectStore


class TestFile(ObjectStoreTests):
    """`file://` on the file system of the temporary directory."""

    @pytest.fixture
    def provider(self) -> FileProvider:
        """The local machine."""
        return FileProvider()

    @pytest.fixture
    def new_container_name(self, tmp_path: Path) -> str:
        """A directory that doesn't exist yet."""
        return str(tmp_path / "outer" / "container")

    @pytest.fixture
    def another_container_name(self, tmp_path: Path) -> str:
        """Another one."""
        return str(tmp_path / "another")

    @pytest.fixture
    def store(
        self, provider: FileProvider, new_container_name: str, tmp_path: Path
    ) -> Iterator[ObjectStore]:
        """A store of a directory; afterwards nothing lies beside it, and no temporary file in it.

        The directory lies two levels down, so that a key with "../.." would be seen.
        """
        provider.create_container(new_container_name)
        with provider.open(new_container_name) as store:
            yield store
        inside = Path(new_container_name)
        files = [path for path in tmp_path.rglob("*") if not path.is_dir()]
        assert [path for path in files if inside not in path.parents] == []
        assert [path for path in files if path.name.startswith(TEMPORARY_PREFIX)] == []

    def raw_put(self, store: ObjectStore, key: str, data: bytes) -> None:
        """Write a file."""
        path = _path(store, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def raw_get(self, store: ObjectStore, key: str) -> bytes:
        """Read a file."""
        return _path(store, key).read_bytes()


def _path(store: ObjectStore, key: str) -> Path:
    return Path(store.uri.removeprefix("file://")) / key
