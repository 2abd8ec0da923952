"""What all groups of the conformance suite share: the fixtures that a backend gives, and steps.

Rules that hold in this package:
- One behaviour a test; its docstring is the sentence of the behaviour.
- Tests of a capability are skipped only when the store declares that it lacks it; then the twin
  test, named `…_refused_without_…`, asserts the refusal. A twin passes when there is nothing to
  refuse.
- Contents are checked round the store, by `raw_put` and `raw_get`, where a store that is wrong
  both ways could deceive.
- No time limits and no sleeps; each test has a prefix of its own and may share its container.
"""

from __future__ import annotations

import hashlib
import pickle
import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.errors import ObjectNotFoundError, S3dlioError
from s3dlio_core.store import (
    ObjectStore,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from s3dlio_core.store import (
        MultipartUpload,
        ObjectInfo,
        Page,
        Part,
        StoreProvider,
    )

__all__ = [
    "ConformanceBase",
    "clone",
    "content",
    "error_of",
    "exists",
    "keys_of",
    "list_pages",
    "listed",
    "needs",
    "objects_of",
    "prefixes_of",
    "put_parts",
    "read",
]


class ConformanceBase:
    """The fixtures and settings of a backend's own test class."""

    #: Size of the parts in tests; None: the smallest that `Limits` allows. For a store whose
    #: declared smallest part is large, but whose test server takes smaller ones.
    multipart_part_size_bytes: int | None = None
    #: Objects in the tests of long listings: more than a page.
    many_keys_count: int = 1_100
    #: Random sequences of operations that are compared with a dictionary.
    model_examples: int = 25

    #: Whether the server under test holds "a" and "a/b" together; False declares a gap of it.
    holds_key_below_key: bool = True

    @pytest.fixture
    def provider(self) -> Iterator[StoreProvider]:
        """The provider under test."""
        raise NotImplementedError

    @pytest.fixture
    def new_container_name(self) -> str:
        """A name that no container has, and that the service allows."""
        return f"conformance-{uuid.uuid4().hex[:20]}"

    @pytest.fixture
    def store(self, provider: StoreProvider, new_container_name: str) -> Iterator[ObjectStore]:
        """A store of a container that exists; it may hold objects of other tests."""
        provider.create_container(new_container_name)
        with provider.open(new_container_name) as store:
            yield store
            for page in list_pages(store, ""):
                assert list(store.delete_many([info.key for info in page.objects])) == []
            if store.capabilities.resume_multipart:
                for upload in list(store.list_multiparts()):
                    store.resume_multipart(upload.key, upload.token).abort()
        provider.delete_container(new_container_name)

    @pytest.fixture
    def versioned_store(self, store: ObjectStore) -> ObjectStore:
        """A store whose container keeps versions; a service may need to be told to."""
        return store

    @pytest.fixture
    def another_container_name(self) -> str:
        """Another such name: for tests of the provider, and for a container that is missing."""
        return f"conformance-{uuid.uuid4().hex[:20]}"

    @pytest.fixture
    def missing_container_store(
        self, provider: StoreProvider, another_container_name: str
    ) -> Iterator[ObjectStore]:
        """A store of a container that doesn't exist."""
        with provider.open(another_container_name) as store:
            yield store

    @pytest.fixture
    def prefix(self) -> str:
        """A prefix that no other test uses."""
        return f"conformance-{uuid.uuid4().hex[:12]}/"

    def raw_put(self, store: ObjectStore, key: str, data: bytes) -> None:
        """Store an object by other means than the store's own code."""
        raise NotImplementedError

    def raw_get(self, store: ObjectStore, key: str) -> bytes:
        """Read an object by other means than the store's own code."""
        raise NotImplementedError

    def can_hold(self, key: str) -> bool:  # noqa: ARG002 - for subclasses
        """Whether the server under test can hold this key; False declares a gap of the server."""
        return True

    def can_nest(self, store: ObjectStore) -> bool:
        """Whether "a" and "a/b" can be objects together."""
        return self.holds_key_below_key and not store.capabilities.directories

    def part_size_bytes(self, store: ObjectStore) -> int:
        """Return the size of all parts but the last, in tests."""
        if self.multipart_part_size_bytes is not None:
            return self.multipart_part_size_bytes
        return max(store.limits.part_size_min_bytes, 16)


def needs(store: ObjectStore, capability: str) -> None:
    """Skip the test when the store declares that it lacks a capability."""
    if not getattr(store.capabilities, capability):
        pytest.skip(f"the store declares no {capability}")


def content(seed: str, size_bytes: int) -> bytes:
    """Return bytes that look random and are the same for a seed."""
    return hashlib.shake_128(seed.encode("utf-8", "surrogatepass")).digest(size_bytes)


def digest(data: bytes) -> tuple[int, str]:
    """Return length and hash, to compare what is large: a failing test's diff would take hours."""
    return len(data), hashlib.sha256(data).hexdigest()


def read(
    store: ObjectStore,
    key: str,
    start: int = 0,
    stop: int | None = None,
    *,
    if_match: str | None = None,
    version: str | None = None,
) -> bytes:
    """Read a range through the store."""
    with store.open_reader(key, start, stop, if_match=if_match, version=version) as reader:
        return bytes(reader.readall())


def clone(store: ObjectStore) -> ObjectStore:
    """Return the store as another process gets it: pickled and unpickled."""
    copied = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own bytes
    assert isinstance(copied, ObjectStore)
    return copied


def exists(store: ObjectStore, key: str) -> bool:
    """Return whether the store has the key."""
    try:
        store.head(key)
    except ObjectNotFoundError:
        return False
    return True


def list_pages(
    store: ObjectStore,
    prefix: str,
    *,
    delimiter: str = "",
    start_after: str = "",
    page_size: int | None = None,
) -> list[Page]:
    """List to the end, and check that it gets nearer to it and keeps to the page size."""
    pages: list[Page] = []
    tokens: set[str] = set()
    token = None
    while True:
        page = store.list_page(
            prefix,
            delimiter=delimiter,
            token=token,
            start_after=start_after,
            page_size=page_size,
        )
        pages.append(page)
        if page_size is not None:
            assert len(page.objects) + len(page.prefixes) <= page_size, "the page is too long"
        token = page.next_token
        if token is None:
            return pages
        assert token not in tokens, "the listing goes round in circles"
        tokens.add(token)


def objects_of(pages: Sequence[Page]) -> list[ObjectInfo]:
    """Return the objects of pages."""
    return [info for page in pages for info in page.objects]


def keys_of(pages: Sequence[Page]) -> list[str]:
    """Return the keys of pages."""
    return [info.key for info in objects_of(pages)]


def prefixes_of(pages: Sequence[Page]) -> list[str]:
    """Return the common prefixes of pages."""
    return [prefix for page in pages for prefix in page.prefixes]


def listed(store: ObjectStore, prefix: str) -> list[str]:
    """Return all keys with a prefix, sorted by their UTF-8 bytes."""
    return sorted(keys_of(list_pages(store, prefix)))


def put_parts(upload: MultipartUpload, contents: Sequence[bytes]) -> list[Part]:
    """Store parts 1, 2, … one after another."""
    parts: list[Part] = []
    offset_bytes = 0
    for number, part in enumerate(contents, 1):
        parts.append(upload.put_part(number, offset_bytes, part))
        offset_bytes += len(part)
    return parts


def error_of(call: Callable[[], object], *expected: type[S3dlioError]) -> S3dlioError:
    """Call, and return the error, which must be of one of the classes."""
    with pytest.raises(expected) as raised:
        call()
    return raised.value
