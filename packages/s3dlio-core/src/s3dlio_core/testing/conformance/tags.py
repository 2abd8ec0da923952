"""Tags: kept, told, and taken over by server-side copies."""

from __future__ import annotations

import pytest

from s3dlio_core.errors import NotSupportedError, ObjectNotFoundError
from s3dlio_core.store import Attributes, ObjectStore
from s3dlio_core.testing.conformance.base import ConformanceBase, needs

#: Of characters that S3 and Azure allow (Amazon S3 User Guide, "Object tagging"; Azure Storage,
#: "Set Blob Tags").
_TAGS = {"team": "a b", "k=+.": "x/1:2", "empty": ""}
_OTHER = {"other": "1"}


class TagTests(ConformanceBase):
    """What `tags` tells, and what becomes of them."""

    def test_tags_are_kept(self, store: ObjectStore, prefix: str) -> None:
        """What an object was written with is told, and how many there are is described."""
        needs(store, "tags")
        store.put(f"{prefix}object", b"x", attributes=Attributes(tags=_TAGS))
        assert dict(store.tags(f"{prefix}object")) == _TAGS
        assert store.head(f"{prefix}object").tag_count == len(_TAGS)
        with store.open_reader(f"{prefix}object") as reader:
            assert reader.info.tag_count == len(_TAGS)

    def test_listing_that_tells_attributes_counts_tags(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """Who has the attributes of it asks nothing more, and would leave the tags behind."""
        needs(store, "tags")
        store.put(f"{prefix}object", b"x", attributes=Attributes(tags=_TAGS))
        store.put(f"{prefix}other", b"x")
        for info in store.list_page(prefix).objects:
            if info.attributes is not None:
                expected = len(_TAGS) if info.key == f"{prefix}object" else 0
                assert info.tag_count == expected

    def test_object_without_tags_has_none(self, store: ObjectStore, prefix: str) -> None:
        """It isn't an error, and they don't stay from the object before."""
        needs(store, "tags")
        store.put(f"{prefix}object", b"x", attributes=Attributes(tags=_TAGS))
        store.put(f"{prefix}object", b"y")
        assert dict(store.tags(f"{prefix}object")) == {}
        assert not store.head(f"{prefix}object").tag_count

    def test_multipart_keeps_tags(self, store: ObjectStore, prefix: str) -> None:
        """Those given at the beginning are the finished object's."""
        needs(store, "tags")
        upload = store.create_multipart(f"{prefix}object", attributes=Attributes(tags=_TAGS))
        upload.complete([upload.put_part(1, 0, b"x")])
        assert dict(store.tags(f"{prefix}object")) == _TAGS

    @pytest.mark.parametrize("attributes", [None, Attributes(content_type="text/x-new")])
    def test_copy_keeps_tags(
        self, store: ObjectStore, prefix: str, attributes: Attributes | None
    ) -> None:
        """Those of its source, also where other attributes are replaced."""
        needs(store, "copy")
        needs(store, "tags")
        store.put(f"{prefix}source", b"x", attributes=Attributes(tags=_TAGS))
        source = store.copy_source(f"{prefix}source")
        store.copy_from(source, f"{prefix}target", attributes=attributes)
        assert dict(store.tags(f"{prefix}target")) == _TAGS

    def test_copy_replaces_tags(self, store: ObjectStore, prefix: str) -> None:
        """By those that it is given, all of them."""
        needs(store, "copy")
        needs(store, "tags")
        store.put(f"{prefix}source", b"x", attributes=Attributes(tags=_TAGS))
        source = store.copy_source(f"{prefix}source")
        store.copy_from(source, f"{prefix}target", attributes=Attributes(tags=_OTHER))
        assert dict(store.tags(f"{prefix}target")) == _OTHER
        assert dict(store.tags(f"{prefix}source")) == _TAGS

    def test_tags_of_a_missing_object(self, store: ObjectStore, prefix: str) -> None:
        """A missing object isn't one without tags."""
        needs(store, "tags")
        with pytest.raises(ObjectNotFoundError):
            store.tags(f"{prefix}missing")

    def test_tags_are_refused_without_the_capability(self, store: ObjectStore, prefix: str) -> None:
        """A store without tags says so."""
        if store.capabilities.tags:
            return
        self.raw_put(store, f"{prefix}object", b"x")
        with pytest.raises(NotSupportedError):
            store.tags(f"{prefix}object")
