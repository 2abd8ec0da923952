"""Server-side copies of whole objects."""

from __future__ import annotations

import dataclasses

import pytest

from s3dlio_core.errors import (
    NotSupportedError,
    ObjectNotFoundError,
    PreconditionFailedError,
)
from s3dlio_core.store import Attributes, Condition, ObjectStore
from s3dlio_core.testing.conformance.base import ConformanceBase, content, exists, needs

_OLD = Attributes(content_type="text/x-old", metadata={"owner": "old"})
_NEW = Attributes(content_type="text/x-new", metadata={"keeper": "new"})


class CopyTests(ConformanceBase):
    """What `copy_from` does."""

    @pytest.mark.parametrize("size_bytes", [0, 1, 100_000])
    def test_copy_has_the_bytes(self, store: ObjectStore, prefix: str, size_bytes: int) -> None:
        """A copy has the bytes of its source, which stays."""
        needs(store, "copy")
        data = content("copy", size_bytes)
        self.raw_put(store, f"{prefix}source", data)
        store.copy_from(store.copy_source(f"{prefix}source"), f"{prefix}target")
        assert data == self.raw_get(store, f"{prefix}target")
        assert data == self.raw_get(store, f"{prefix}source")

    def test_copy_describes_the_object(self, store: ObjectStore, prefix: str) -> None:
        """A copy answers key, size and ETag of the new object, as head gives them."""
        needs(store, "copy")
        self.raw_put(store, f"{prefix}source", b"12345")
        info = store.copy_from(store.copy_source(f"{prefix}source"), f"{prefix}target")
        head = store.head(f"{prefix}target")
        assert (f"{prefix}target", 5, head.etag) == (info.key, info.size_bytes, info.etag)

    def test_copy_replaces_the_object(self, store: ObjectStore, prefix: str) -> None:
        """A copy onto an object replaces it."""
        needs(store, "copy")
        self.raw_put(store, f"{prefix}source", b"new")
        self.raw_put(store, f"{prefix}target", b"old and longer")
        store.copy_from(store.copy_source(f"{prefix}source"), f"{prefix}target")
        assert self.raw_get(store, f"{prefix}target") == b"new"

    @pytest.mark.parametrize(
        "name", ["two words", "plus+sign", "percent%41", "q?x=1#y", "\u00e4-\U0001f600"], ids=ascii
    )
    def test_copy_takes_odd_keys(self, store: ObjectStore, prefix: str, name: str) -> None:
        """Source and target may have odd keys."""
        needs(store, "copy")
        source, target = f"{prefix}from {name}", f"{prefix}to {name}"
        if not (self.can_hold(source) and self.can_hold(target)):
            pytest.skip("the server declares that it can't hold this key")
        self.raw_put(store, source, b"12345")
        store.copy_from(store.copy_source(source), target)
        assert self.raw_get(store, target) == b"12345"

    def test_copy_keeps_attributes(self, store: ObjectStore, prefix: str) -> None:
        """Without attributes of its own a copy keeps its source's."""
        needs(store, "copy")
        needs(store, "attributes")
        store.put(f"{prefix}source", b"x", attributes=_OLD)
        store.copy_from(store.copy_source(f"{prefix}source"), f"{prefix}target")
        self._check_attributes(store, f"{prefix}target", _OLD)

    def test_copy_replaces_attributes(self, store: ObjectStore, prefix: str) -> None:
        """With attributes of its own a copy has those and none of its source's."""
        needs(store, "copy")
        needs(store, "attributes")
        store.put(f"{prefix}source", b"x", attributes=_OLD)
        source = store.copy_source(f"{prefix}source")
        store.copy_from(source, f"{prefix}target", attributes=_NEW)
        self._check_attributes(store, f"{prefix}target", _NEW)
        self._check_attributes(store, f"{prefix}source", _OLD)

    def test_copy_of_the_right_etag(self, store: ObjectStore, prefix: str) -> None:
        """A copy of a named ETag works while the source has it."""
        needs(store, "copy")
        needs(store, "etag_changes")
        etag = store.put(f"{prefix}source", b"12345").etag
        store.copy_from(store.copy_source(f"{prefix}source", etag), f"{prefix}target")
        assert self.raw_get(store, f"{prefix}target") == b"12345"

    def test_copy_of_a_changed_source_fails(self, store: ObjectStore, prefix: str) -> None:
        """A copy of an ETag that the source hasn't any more fails, and writes nothing."""
        needs(store, "copy")
        needs(store, "etag_changes")
        etag = store.put(f"{prefix}source", b"first").etag
        store.put(f"{prefix}source", b"other")
        with pytest.raises(PreconditionFailedError):
            store.copy_from(store.copy_source(f"{prefix}source", etag), f"{prefix}target")
        assert not exists(store, f"{prefix}target")

    def test_copy_of_a_missing_source_fails(self, store: ObjectStore, prefix: str) -> None:
        """A copy of an object that doesn't exist fails, and the target stays as it was."""
        needs(store, "copy")
        self.raw_put(store, f"{prefix}target", b"old")
        with pytest.raises(ObjectNotFoundError):
            store.copy_from(store.copy_source(f"{prefix}missing"), f"{prefix}target")
        assert self.raw_get(store, f"{prefix}target") == b"old"

    def test_copy_if_absent(self, store: ObjectStore, prefix: str) -> None:
        """A copy on condition that the key is free creates, and leaves an object."""
        needs(store, "copy")
        needs(store, "copy_if_absent")
        self.raw_put(store, f"{prefix}source", b"new")
        self.raw_put(store, f"{prefix}taken", b"old")
        source, condition = store.copy_source(f"{prefix}source"), Condition(if_absent=True)
        store.copy_from(source, f"{prefix}free", condition=condition)
        with pytest.raises(PreconditionFailedError):
            store.copy_from(source, f"{prefix}taken", condition=condition)
        assert self.raw_get(store, f"{prefix}free") == b"new"
        assert self.raw_get(store, f"{prefix}taken") == b"old"

    def test_copy_if_absent_is_refused_without_the_capability(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """A store that can't check a condition on a copy says so, and writes nothing."""
        if store.capabilities.copy_if_absent:
            return
        self.raw_put(store, f"{prefix}source", b"12345")
        with pytest.raises(NotSupportedError):
            store.copy_from(
                store.copy_source(f"{prefix}source"),
                f"{prefix}target",
                condition=Condition(if_absent=True),
            )
        assert not exists(store, f"{prefix}target")

    def test_copy_from_another_scheme_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """An object of another kind of service isn't copied by this one."""
        self.raw_put(store, f"{prefix}source", b"12345")
        source = dataclasses.replace(store.copy_source(f"{prefix}source"), scheme="elsewhere")
        with pytest.raises(NotSupportedError):
            store.copy_from(source, f"{prefix}target")
        assert not exists(store, f"{prefix}target")

    def test_copy_from_another_endpoint_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """An object of another endpoint isn't copied by this one."""
        self.raw_put(store, f"{prefix}source", b"12345")
        source = dataclasses.replace(
            store.copy_source(f"{prefix}source"), endpoint="https://elsewhere.invalid"
        )
        with pytest.raises(NotSupportedError):
            store.copy_from(source, f"{prefix}target")
        assert not exists(store, f"{prefix}target")

    def test_copy_source_is_plain_data(self, store: ObjectStore, prefix: str) -> None:
        """A copy source names key and ETag, without asking whether the object exists."""
        source = store.copy_source(f"{prefix}never/was", "some-etag")
        assert (f"{prefix}never/was", "some-etag") == (source.key, source.etag)

    def test_copy_is_refused_without_the_capability(self, store: ObjectStore, prefix: str) -> None:
        """A store that can't copy says so, and writes nothing."""
        if store.capabilities.copy:
            return
        self.raw_put(store, f"{prefix}source", b"12345")
        with pytest.raises(NotSupportedError):
            store.copy_from(store.copy_source(f"{prefix}source"), f"{prefix}target")
        assert not exists(store, f"{prefix}target")

    def _check_attributes(self, store: ObjectStore, key: str, expected: Attributes) -> None:
        kept = store.head(key).attributes
        assert kept is not None
        assert expected.content_type == kept.content_type
        assert dict(expected.metadata) == dict(kept.metadata)
