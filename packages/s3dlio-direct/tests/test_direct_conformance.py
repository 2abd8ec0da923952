"""The direct store against the conformance suite: with O_DIRECT, and where that is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3dlio_core.testing import DirectoryStoreTests
from s3dlio_direct import DirectProvider, DirectStore

if TYPE_CHECKING:
    from pathlib import Path

    from tests.disks.mounts import Mounts

    from s3dlio_core.store import ObjectStore


class TestDirect(DirectoryStoreTests):
    """`direct://` on a file system that does O_DIRECT."""

    @pytest.fixture
    def directory(self, direct_directory: Path) -> Path:
        """What all containers lie in."""
        return direct_directory

    @pytest.fixture
    def provider(self) -> DirectProvider:
        """The local machine."""
        return DirectProvider()

    def check_after(self, store: ObjectStore) -> None:
        """Nothing went through the page cache."""
        assert isinstance(store, DirectStore)
        counters = store.counters()
        assert (counters.read_buffered_bytes, counters.written_buffered_bytes) == (0, 0)
        assert store.remarks() == ()


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

    def check_after(self, store: ObjectStore) -> None:
        """Nothing went past the page cache."""
        assert isinstance(store, DirectStore)
        counters = store.counters()
        assert (counters.read_direct_bytes, counters.read_bounced_bytes) == (0, 0)
        assert (counters.written_direct_bytes, counters.written_bounced_bytes) == (0, 0)
