"""Many threads on one store, forks and pickles."""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from s3dlio_core.testing.conformance.base import (
    ConformanceBase,
    clone,
    content,
    exists,
    keys_of,
    list_pages,
    listed,
    read,
)

if TYPE_CHECKING:
    from s3dlio_core.store import ObjectStore

_THREADS = 8


class ConcurrencyTests(ConformanceBase):
    """Any method may be called from any thread, at the same time."""

    def test_threads_write_different_keys(self, store: ObjectStore, prefix: str) -> None:
        """Objects that many threads put and get at once don't mix."""

        def write_and_read(number: int) -> bool:
            key, data = f"{prefix}{number:03d}", content(f"thread {number}", 5000 + number)
            store.put(key, data)
            return data == read(store, key)

        with ThreadPoolExecutor(_THREADS) as pool:
            right = list(pool.map(write_and_read, range(5 * _THREADS)))
        assert all(right)
        assert [f"{prefix}{number:03d}" for number in range(5 * _THREADS)] == listed(store, prefix)

    def test_threads_write_the_same_key(self, store: ObjectStore, prefix: str) -> None:
        """When many threads put one key at once, one of their objects is there, whole."""
        versions = [content(f"thread {number}", 50_000) for number in range(_THREADS)]
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(lambda data: store.put(f"{prefix}object", data), versions))
        assert self.raw_get(store, f"{prefix}object") in versions

    def test_threads_read_the_same_key(self, store: ObjectStore, prefix: str) -> None:
        """Ranges that many threads read at once are each right."""
        data = content("shared", 100_000)
        self.raw_put(store, f"{prefix}object", data)
        starts = [number * 1000 for number in range(5 * _THREADS)]
        with ThreadPoolExecutor(_THREADS) as pool:
            ranges = pool.map(
                lambda start: read(store, f"{prefix}object", start, start + 1500), starts
            )
        assert [data[start : start + 1500] for start in starts] == list(ranges)

    def test_threads_list_at_once(self, store: ObjectStore, prefix: str) -> None:
        """Listings of many threads don't get into each other's pages."""
        keys = [f"{prefix}{number:02d}" for number in range(15)]
        for key in keys:
            self.raw_put(store, key, b"x")
        with ThreadPoolExecutor(_THREADS) as pool:
            found = pool.map(
                lambda size: sorted(keys_of(list_pages(store, prefix, page_size=size))),
                [2, 3, 4, 5] * 4,
            )
        assert all(keys == listing for listing in found)

    def test_threads_delete_at_once(self, store: ObjectStore, prefix: str) -> None:
        """Many threads delete, the same keys among them, and all keys are gone at the end."""
        keys = [f"{prefix}d/{number:02d}" for number in range(20)]
        for key in keys:
            self.raw_put(store, key, b"x")
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(store.delete, [*keys, *reversed(keys)]))
        assert listed(store, prefix) == []

    def test_threads_put_and_delete_at_once(self, store: ObjectStore, prefix: str) -> None:
        """Puts into a prefix succeed while its other keys are deleted."""

        def churn(number: int) -> None:
            for turn in range(5):
                store.put(f"{prefix}d/{number}/{turn}", b"x")
                store.delete(f"{prefix}d/{number}/{turn}")

        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(churn, range(_THREADS)))
        assert listed(store, prefix) == []


class LifecycleTests(ConformanceBase):
    """Stores travel to other processes, and close."""

    def test_store_pickles(self, store: ObjectStore, prefix: str) -> None:
        """A pickled store opens the same container."""
        self.raw_put(store, f"{prefix}object", b"12345")
        with clone(store) as other:
            assert read(other, f"{prefix}object") == b"12345"
            assert (store.uri, store.limits, store.capabilities) == (
                other.uri,
                other.limits,
                other.capabilities,
            )

    def test_used_store_pickles(self, store: ObjectStore, prefix: str) -> None:
        """A store pickles after it was used, and while a reader and an upload are open."""
        store.put(f"{prefix}object", b"12345")
        upload = store.create_multipart(f"{prefix}other")
        with store.open_reader(f"{prefix}object"), clone(store) as other:
            assert read(other, f"{prefix}object") == b"12345"
        upload.abort()

    def test_close_may_come_twice(self, store: ObjectStore, prefix: str) -> None:
        """Closing again does nothing."""
        other = clone(store)
        other.put(f"{prefix}object", b"12345")
        other.close()
        other.close()
        assert read(store, f"{prefix}object") == b"12345"

    def test_unused_store_closes(self, store: ObjectStore) -> None:
        """A store that was never used closes."""
        other = clone(store)
        other.close()
        assert other.uri == store.uri

    def test_closing_one_store_leaves_another(self, store: ObjectStore, prefix: str) -> None:
        """Closing a store leaves others of the same container usable."""
        with clone(store) as other:
            other.put(f"{prefix}object", b"12345")
            clone(store).close()
            assert read(other, f"{prefix}object") == b"12345"

    def test_remarks_are_told_once(self, store: ObjectStore, prefix: str) -> None:
        """What a store has to remark is plain text, each once, also when it is closed."""
        with clone(store) as other:
            for name in ("one", "other"):
                other.put(f"{prefix}{name}", b"12345")
                assert read(other, f"{prefix}{name}") == b"12345"
            remarks = other.remarks()
        assert len(set(remarks)) == len(remarks)
        assert all(remarks)
        assert other.remarks() == remarks

    def test_store_survives_a_fork(self, store: ObjectStore, prefix: str) -> None:
        """Parent and child both go on with a store that was used before the fork."""
        data = content("fork", 300_000)
        self.raw_put(store, f"{prefix}object", data)
        assert data == read(store, f"{prefix}object")
        child = _fork()
        if child == 0:
            code = 1
            try:
                code = 0 if all(data == read(store, f"{prefix}object") for _ in range(3)) else 2
            finally:
                os._exit(code)
        right = [data == read(store, f"{prefix}object") for _ in range(3)]
        _, status = os.waitpid(child, 0)
        assert right == [True, True, True]
        assert os.waitstatus_to_exitcode(status) == 0
        assert exists(store, f"{prefix}object")


def _fork() -> int:
    """Fork. Python 3.12 warns when other threads run; the child here only reads and exits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
