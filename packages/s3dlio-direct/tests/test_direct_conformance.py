"""The direct store against the conformance suite: with O_DIRECT, and where that is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.file_store import TEMPORARY_PREFIX
from s3dlio_core.testing import ObjectStoreTests
from s3dlio_direct import DirectProvider, DirectStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.disks.mounts import Mounts

    from s3dlio_core.store import ObjectStore


class TestDirect(ObjectStoreTests):
    """`direct://` on a file system that does O_DIRECT."""

    @pytest.fixture
    def directory(self, direct_directory: Path) -> Path:
        """What all containers lie in."""
        return direct_directory

    @pytest.fixture
    def provider(self) -> DirectProvider:
        """The local machine."""
        return DirectProvider()

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
        self, provider: DirectProvider, new_container_name: str, directory: Path
    ) -> Iterator[ObjectStore]:
        """A store of a directory; afterwards nothing lies beside it, and no temporary file in it.

        The directory lies two levels down, so that a key with "../.." would be seen.
        """
        provider.create_container(new_container_name)
        with provider.open(new_container_name) as store:
            yield store
            self.check_way(store)
        inside = Path(new_container_name)
        files = [path for path in directory.rglob("*") if not path.is_dir()]
        assert [path for path in files if inside not in path.parents] == []
        assert [path for path in files if path.name.startswith(TEMPORARY_PREFIX)] == []

    def check_way(self, store: DirectStore) -> None:
        """Nothing went through the page cache."""
        counters = store.counters()
        assert (counters.read_buffered_bytes, counters.written_buffered_bytes) == (0, 0)
        assert store.remarks() == ()

    def raw_put(self, store: ObjectStore, key: str, data: bytes) -> None:
        """Write a file."""
        path = _path(store, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def raw_get(self, store: ObjectStore, key: str) -> bytes:
        """Read a file."""
        return _path(store, key).read_bytes()


class TestDirectRefused(TestDirect):
    """`direct://` on a file system that refuses O_DIRECT, where the user allows the page cache."""

    @pytest.fixture
    def directory(self, mounts: Mounts) -> Path:
        """A ramfs."""
        return mounts.ramfs()

    @pytest.fixture
    def provider(self) -> DirectProvider:
        """The local machine."""
        return DirectProvider(fallback="buffered")

    def check_way(self, store: DirectStore) -> None:
        """Nothing went past the page cache."""
        counters = store.counters()
        assert (counters.read_direct_bytes, counters.read_bounced_bytes) == (0, 0)
        assert (counters.written_direct_bytes, counters.written_bounced_bytes) == (0, 0)


def _path(store: ObjectStore, key: str) -> Path:
    return Path(store.uri.removeprefix("direct://")) / key
