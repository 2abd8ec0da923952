"""Versions: what an object was before it was overwritten or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3dlio_core.errors import NotSupportedError, ObjectNotFoundError
from s3dlio_core.testing.conformance.base import (
    ConformanceBase,
    exists,
    needs,
    put_parts,
    read,
)

if TYPE_CHECKING:
    from s3dlio_core.store import ObjectStore


class VersionTests(ConformanceBase):
    """`version` of `head`, `open_reader` and copy sources."""

    def test_old_version_is_read(self, versioned_store: ObjectStore, prefix: str) -> None:
        """After an overwrite the version before is read, whole and in part."""
        store, key = versioned_store, f"{prefix}object"
        version = _put_twice(store, key)
        assert read(store, key, version=version) == b"first"
        assert read(store, key, 1, 3, version=version) == b"ir"
        assert read(store, key) == b"the second"

    def test_old_version_is_described(self, versioned_store: ObjectStore, prefix: str) -> None:
        """`head` of a version, and a reader of it, describe that one."""
        store, key = versioned_store, f"{prefix}object"
        version = _put_twice(store, key)
        info = store.head(key, version=version)
        assert (key, 5, version) == (info.key, info.size_bytes, info.version)
        with store.open_reader(key, 1, 2, version=version) as reader:
            told = (reader.info.size_bytes, reader.info.version, reader.info.etag)
        assert (5, version, info.etag) == told

    def test_version_of_a_deleted_object_is_read(
        self, versioned_store: ObjectStore, prefix: str
    ) -> None:
        """A version outlives the object: only its name is needed, no listing."""
        store, key = versioned_store, f"{prefix}object"
        version = _put_twice(store, key)
        store.delete(key)
        assert not exists(store, key)
        assert store.head(key, version=version).size_bytes == 5
        assert read(store, key, version=version) == b"first"

    def test_version_of_another_object_is_not_found(
        self, versioned_store: ObjectStore, prefix: str
    ) -> None:
        """A version that the object never had is a missing object."""
        store = versioned_store
        version = _put_twice(store, f"{prefix}object")
        store.put(f"{prefix}other", b"other")
        with pytest.raises(ObjectNotFoundError):
            store.head(f"{prefix}other", version=version)
        with pytest.raises(ObjectNotFoundError):
            read(store, f"{prefix}other", version=version)

    def test_old_version_is_copied(self, versioned_store: ObjectStore, prefix: str) -> None:
        """A copy source names a version, and that one is copied."""
        store, key = versioned_store, f"{prefix}object"
        version = _put_twice(store, key)
        needs(store, "copy")
        store.copy_from(store.copy_source(key, version=version), f"{prefix}target")
        assert self.raw_get(store, f"{prefix}target") == b"first"

    def test_part_of_an_old_version_is_copied(
        self, versioned_store: ObjectStore, prefix: str
    ) -> None:
        """A part may be copied of a version."""
        store, key = versioned_store, f"{prefix}object"
        version = _put_twice(store, key)
        needs(store, "copy_part")
        upload = store.create_multipart(f"{prefix}target")
        source = store.copy_source(key, version=version)
        upload.complete([upload.copy_part(1, 0, source, 0, 5)])
        assert self.raw_get(store, f"{prefix}target") == b"first"

    def test_completed_upload_is_a_version(self, versioned_store: ObjectStore, prefix: str) -> None:
        """An upload in parts makes a version as a put does."""
        store, key = versioned_store, f"{prefix}object"
        needs(store, "versions")
        upload = store.create_multipart(key)
        version = upload.complete(put_parts(upload, [b"parts"])).version
        store.put(key, b"the second")
        assert version is not None
        assert read(store, key, version=version) == b"parts"

    def test_version_is_refused_without_the_capability(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """A store without versions says so, instead of giving the current object."""
        if store.capabilities.versions:
            return
        self.raw_put(store, f"{prefix}object", b"12345")
        with pytest.raises(NotSupportedError):
            store.head(f"{prefix}object", version="1")
        with pytest.raises(NotSupportedError):
            store.open_reader(f"{prefix}object", version="1")

    def test_copy_of_a_version_is_refused_without_the_capability(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """Nor does it copy the current object instead."""
        if store.capabilities.versions:
            return
        self.raw_put(store, f"{prefix}source", b"12345")
        with pytest.raises(NotSupportedError):
            store.copy_from(store.copy_source(f"{prefix}source", version="1"), f"{prefix}target")
        assert not exists(store, f"{prefix}target")


def _put_twice(store: ObjectStore, key: str) -> str:
    """Write an object and overwrite it; return the first version."""
    needs(store, "versions")
    version = store.put(key, b"first").version
    assert version is not None
    assert store.put(key, b"the second").version != version
    return version
