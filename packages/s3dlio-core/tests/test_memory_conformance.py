"""The memory store against the conformance suite: as it is, retried, small, and restricted."""

from __future__ import annotations

import dataclasses
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import _memory_container as memory
from s3dlio_core.memory_store import MEMORY_LIMITS, MemoryProvider, MemoryStore
from s3dlio_core.retry import RetryingProvider, RetryingStore
from s3dlio_core.retry.store import RetryingReader, RetryingUpload
from s3dlio_core.store import Attributes, Capabilities, ListOrder, ObjectInfo
from s3dlio_core.testing import ObjectStoreTests, check_wrapper

if TYPE_CHECKING:
    from s3dlio_core.store import ObjectStore, StoreProvider


class MemoryTests(ObjectStoreTests):
    """What the classes below share."""

    @pytest.fixture
    def provider(self) -> StoreProvider:
        """All containers of this process."""
        return MemoryProvider()

    def raw_put(self, store: ObjectStore, key: str, data: bytes) -> None:
        """Lay an object into the container."""
        container = memory.Handle(_name(store), store.limits, store.capabilities).container("raw")
        info = ObjectInfo(key, len(data), time.time(), memory.new_etag(), attributes=Attributes())
        with container.lock:
            container.set(key, memory.Stored(info, data))

    def raw_get(self, store: ObjectStore, key: str) -> bytes:
        """Take an object's bytes from the container."""
        handle = memory.Handle(_name(store), store.limits, store.capabilities)
        return handle.container("raw").objects[key].content


def _name(store: ObjectStore) -> str:
    return store.uri.removeprefix("memory://")


class TestMemory(MemoryTests):
    """`memory://` as it is."""


class TestMemoryRetried(MemoryTests):
    """The decorator that retries keeps the contract of what it wraps."""

    @pytest.fixture
    def provider(self) -> StoreProvider:
        """All containers of this process, with retries."""
        return RetryingProvider(MemoryProvider())


class TestMemoryWithVersions(MemoryTests):
    """A container that keeps what was overwritten or deleted, retried."""

    @pytest.fixture
    def store(self) -> ObjectStore:
        """A store that declares versions."""
        name = uuid.uuid4().hex
        memory.create_container(name)
        return RetryingStore(MemoryStore(name, capabilities=Capabilities(versions=True)))


@pytest.mark.parametrize(
    "wrapper", [RetryingProvider, RetryingReader, RetryingStore, RetryingUpload]
)
def test_retrying_wrappers_leave_nothing_out(wrapper: type) -> None:
    """Each method of the contract is handed on."""
    check_wrapper(wrapper)


class TestMemoryOfSmallLimits(MemoryTests):
    """Small pages, parts of a smallest and equal size, few part numbers, small puts."""

    @pytest.fixture
    def store(self) -> MemoryStore:
        """A store in which every limit is near."""
        name = uuid.uuid4().hex
        memory.create_container(name)
        limits = dataclasses.replace(
            MEMORY_LIMITS,
            put_size_max_bytes=4 * 1024**2,
            part_size_min_bytes=1000,
            part_count_max=5,
            equal_parts=True,
            delete_batch_max=3,
        )
        return MemoryStore(name, limits=limits, page_size_max=4)


class TestMemoryWithoutCapabilities(MemoryTests):
    """A store that declares as little as it may: the refusals are tested."""

    @pytest.fixture
    def store(self) -> MemoryStore:
        """A store that can do only what every store can."""
        name = uuid.uuid4().hex
        memory.create_container(name)
        capabilities = Capabilities(
            put_if_absent=False,
            put_if_match=False,
            read_if_match=False,
            copy=False,
            copy_if_absent=False,
            copy_part=False,
            resume_multipart=False,
            attributes=False,
            list_order=ListOrder.UNSPECIFIED,
            start_after=False,
            etag_changes=False,
        )
        return MemoryStore(name, capabilities=capabilities)
