"""What the memory store promises beyond the contract, and that its listings scale."""

from __future__ import annotations

import os
import threading
import uuid
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core import _memory_container as memory
from s3dlio_core.errors import (
    ContainerNotFoundError,
    InvalidPartError,
    InvalidRangeError,
    NotSupportedError,
    UsageError,
)
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.registry import make_provider
from s3dlio_core.sorted_page import page_of
from s3dlio_core.store import ObjectInfo, Page

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def store() -> MemoryStore:
    """A store of a new container."""
    name = uuid.uuid4().hex
    memory.create_container(name)
    return MemoryStore(name)


def test_two_stores_of_a_name_are_one() -> None:
    """The same name means the same objects from everywhere in the process."""
    name = uuid.uuid4().hex
    provider = make_provider("memory")
    provider.create_container(name)
    provider.open(name).put("a", b"12345")
    assert MemoryProvider().open(name).head("a").size_bytes == 5


def test_reader_keeps_its_version(store: MemoryStore) -> None:
    """A reader gives the bytes from when it was opened, even after a delete."""
    store.put("a", b"old")
    with store.open_reader("a") as reader:
        store.put("a", b"new")
        store.delete("a")
        assert reader.readall() == b"old"


def test_bytes_are_not_copied(store: MemoryStore) -> None:
    """Immutable bytes are kept as they are, and a copy shares them."""
    data = b"x" * 100_000
    store.put("a", data)
    store.copy_from(store.copy_source("a"), "b")
    assert store._handle.find("test", "a").content is data
    assert store._handle.find("test", "b").content is data


def test_etags_are_never_used_twice(store: MemoryStore) -> None:
    """The same bytes written again have another ETag."""
    etags = {store.put("a", b"same").etag for _ in range(100)}
    assert len(etags) == 100


def test_parts_must_lie_end_to_end(store: MemoryStore) -> None:
    """A part whose offset isn't the end of those before it makes completing fail."""
    upload = store.create_multipart("a")
    parts = [upload.put_part(1, 0, b"12345"), upload.put_part(2, 6, b"67890")]
    with pytest.raises(InvalidPartError, match="begins at 6, but those before it end at 5"):
        upload.complete(parts)


def test_parts_may_have_gaps_in_their_numbers(store: MemoryStore) -> None:
    """Numbers only have to ascend."""
    upload = store.create_multipart("a")
    upload.complete([upload.put_part(2, 0, b"12345"), upload.put_part(7, 5, b"67890")])
    with store.open_reader("a") as reader:
        assert reader.readall() == b"1234567890"


def test_copied_part_must_lie_in_its_source(store: MemoryStore) -> None:
    """A part that would reach beyond its source is refused."""
    store.put("source", b"12345")
    upload = store.create_multipart("a")
    with pytest.raises(InvalidRangeError):
        upload.copy_part(1, 0, store.copy_source("source"), 3, 6)


def test_copy_between_containers(store: MemoryStore) -> None:
    """An object of one container is copied to another of the process."""
    other = uuid.uuid4().hex
    memory.create_container(other)
    MemoryStore(other).put("source", b"12345")
    store.copy_from(MemoryStore(other).copy_source("source"), "a")
    assert store.head("a").size_bytes == 5


def test_source_of_another_process_is_refused(store: MemoryStore) -> None:
    """What a child process describes isn't what this one holds under the name."""
    store.put("a", b"12345")
    source = store.copy_source("a")
    assert source.endpoint == f"process-{os.getpid()}"
    foreign = type(source)("memory", "process-0", source.container, "a")
    with pytest.raises(NotSupportedError):
        store.copy_from(foreign, "b")


def test_abort_in_a_deleted_container(store: MemoryStore) -> None:
    """Aborting is no error when the container is gone with the upload."""
    upload = store.create_multipart("a")
    MemoryProvider().delete_container(store.uri.removeprefix("memory://"))
    upload.abort()
    with pytest.raises(ContainerNotFoundError):
        upload.put_part(1, 0, b"x")


def test_put_into_a_container_as_it_is_deleted_is_not_lost(store: MemoryStore) -> None:
    """A put either makes the deletion fail, or fails itself; it never vanishes."""
    name = store.uri.removeprefix("memory://")
    with ThreadPoolExecutor(1) as pool, store._handle.container("test").lock:
        late = pool.submit(store.put, "a", b"x")
        # Deleted while the put waits for the lock, or before it looks for the container.
        memory._containers.pop(name).deleted = True
    assert isinstance(late.exception(), ContainerNotFoundError)


def test_locks_are_free_after_a_fork(store: MemoryStore) -> None:
    """A fork while another thread uses the store leaves no lock held in the child."""
    store.put("a", b"12345")
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            store.put("b", b"x")

    with ThreadPoolExecutor(1) as pool:
        pool.submit(write)
        with warnings.catch_warnings():
            # Python 3.12 warns of forking with threads: that is what is tried here.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            store.put("c", b"x")
            os._exit(0)
        stop.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("page_size", [0, -1])
def test_page_size_must_be_positive(store: MemoryStore, page_size: int) -> None:
    """A page of no keys is refused."""
    with pytest.raises(UsageError):
        store.list_page(page_size=page_size)


@pytest.mark.parametrize("token", ["", "nonsense", "prefix:without-slash"])
def test_foreign_token_is_refused(store: MemoryStore, token: str) -> None:
    """A token that this listing never gave is refused."""
    with pytest.raises(UsageError):
        store.list_page(token=token)


class CountingKeys(list[str]):
    """Keys that count how often they are looked at."""

    looked_at = 0

    def __getitem__(self, index: object) -> str:  # type: ignore[override]
        self.looked_at += 1
        return super().__getitem__(index)  # type: ignore[call-overload,no-any-return]


def _page(keys: Sequence[str], **options: object) -> Page:
    arguments = {
        "prefix": "",
        "delimiter": "",
        "token": None,
        "start_after": "",
        "page_size": 1000,
        **options,
    }
    return page_of(keys, lambda key: ObjectInfo(key, 0), "memory://x", **arguments)  # type: ignore[arg-type]


def test_page_is_found_by_bisection() -> None:
    """A page of ten among 100,000 keys looks at few of them, wherever it lies."""
    keys = CountingKeys(f"{number:06d}" for number in range(100_000))
    page = _page(keys, token="key:070000", page_size=10)
    assert [info.key for info in page.objects] == [f"{n:06d}" for n in range(70_001, 70_011)]
    assert keys.looked_at < 100


def test_common_prefix_is_stepped_over() -> None:
    """A prefix of 100,000 keys is rolled up without looking at each."""
    keys = CountingKeys(["a", *[f"b/{number:06d}" for number in range(100_000)], "c"])
    page = _page(keys, delimiter="/")
    assert ([info.key for info in page.objects], page.prefixes) == (["a", "c"], ["b/"])
    assert keys.looked_at < 100


_NAMES = st.text("ab/-0\u00e9\U00010000", max_size=6)


@given(
    keys=st.sets(_NAMES.filter(bool), max_size=30),
    prefix=_NAMES,
    delimiter=st.sampled_from(["", "/"]),
    start_after=_NAMES,
    page_size=st.integers(1, 5),
)
def test_pages_are_what_a_plain_loop_finds(
    keys: set[str], prefix: str, delimiter: str, start_after: str, page_size: int
) -> None:
    """Whatever the keys, pages together hold what a loop over all keys finds."""
    expected_keys: list[str] = []
    expected_prefixes: list[str] = []
    for key in sorted(key for key in keys if key.startswith(prefix) and key > start_after):
        end = key.find("/", len(prefix)) if delimiter else -1
        if end < 0:
            expected_keys.append(key)
        elif key[: end + 1] not in expected_prefixes:
            expected_prefixes.append(key[: end + 1])
    found = Page([], [], None)
    pages = [found]
    while True:
        found = _page(
            sorted(keys),
            prefix=prefix,
            delimiter=delimiter,
            start_after=start_after,
            page_size=page_size,
            token=found.next_token,
        )
        pages.append(found)
        if found.next_token is None:
            break
    assert expected_keys == [info.key for page in pages for info in page.objects]
    assert expected_prefixes == [prefix for page in pages for prefix in page.prefixes]
