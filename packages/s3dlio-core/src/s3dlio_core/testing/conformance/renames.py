"""Renames: moving an object without copying its bytes."""

from __future__ import annotations

import pytest

from s3dlio_core.errors import (
    CollisionError,
    NotSupportedError,
    ObjectNotFoundError,
    PreconditionFailedError,
    SourceChangedError,
)
from s3dlio_core.store import Condition, ObjectStore
from s3dlio_core.testing.conformance.base import ConformanceBase, exists, needs


class RenameTests(ConformanceBase):
    """What `rename_from` does."""

    def test_rename_moves_the_object(self, store: ObjectStore, prefix: str) -> None:
        """The bytes have the new key, as head describes it, and the old one is gone."""
        needs(store, "rename")
        self.raw_put(store, f"{prefix}old", b"12345")
        source = store.copy_source(f"{prefix}old", store.head(f"{prefix}old").etag)
        info = store.rename_from(source, f"{prefix}new")
        head = store.head(f"{prefix}new")
        assert (info.key, info.size_bytes, info.etag) == (f"{prefix}new", 5, head.etag)
        assert self.raw_get(store, f"{prefix}new") == b"12345"
        assert not exists(store, f"{prefix}old")

    def test_rename_replaces_the_object(self, store: ObjectStore, prefix: str) -> None:
        """What has the new key goes."""
        needs(store, "rename")
        self.raw_put(store, f"{prefix}old", b"new content")
        self.raw_put(store, f"{prefix}new", b"old content, and longer")
        store.rename_from(store.copy_source(f"{prefix}old"), f"{prefix}new")
        assert self.raw_get(store, f"{prefix}new") == b"new content"

    def test_rename_keeps_to_its_condition(self, store: ObjectStore, prefix: str) -> None:
        """Both objects stay as they are when the new key is taken."""
        needs(store, "rename")
        self.raw_put(store, f"{prefix}old", b"1")
        self.raw_put(store, f"{prefix}new", b"2")
        source = store.copy_source(f"{prefix}old")
        with pytest.raises(PreconditionFailedError):
            store.rename_from(source, f"{prefix}new", condition=Condition(if_absent=True))
        assert self.raw_get(store, f"{prefix}old") == b"1"
        assert self.raw_get(store, f"{prefix}new") == b"2"
        store.rename_from(source, f"{prefix}free", condition=Condition(if_absent=True))
        assert self.raw_get(store, f"{prefix}free") == b"1"

    def test_rename_needs_the_state_that_was_seen(self, store: ObjectStore, prefix: str) -> None:
        """With another ETag nothing is moved."""
        needs(store, "rename")
        self.raw_put(store, f"{prefix}old", b"1")
        with pytest.raises(SourceChangedError):
            store.rename_from(store.copy_source(f"{prefix}old", "another"), f"{prefix}new")
        assert self.raw_get(store, f"{prefix}old") == b"1"
        assert not exists(store, f"{prefix}new")

    def test_rename_of_nothing_is_told(self, store: ObjectStore, prefix: str) -> None:
        """A missing source is an error, and makes nothing."""
        needs(store, "rename")
        with pytest.raises(ObjectNotFoundError):
            store.rename_from(store.copy_source(f"{prefix}gone"), f"{prefix}new")
        assert not exists(store, f"{prefix}new")

    def test_rename_onto_itself_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """And the object stays."""
        needs(store, "rename")
        self.raw_put(store, f"{prefix}k", b"1")
        with pytest.raises(CollisionError):
            store.rename_from(store.copy_source(f"{prefix}k"), f"{prefix}k")
        assert self.raw_get(store, f"{prefix}k") == b"1"

    def test_without_renames_one_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """A store that can't rename changes nothing."""
        if store.capabilities.rename:
            pytest.skip("the store renames")
        self.raw_put(store, f"{prefix}old", b"1")
        with pytest.raises(NotSupportedError):
            store.rename_from(store.copy_source(f"{prefix}old"), f"{prefix}new")
        assert self.raw_get(store, f"{prefix}old") == b"1"
