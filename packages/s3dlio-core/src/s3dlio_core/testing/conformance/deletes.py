"""Deleting: exactly what is named, and never a neighbour."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.errors import InvalidKeyError, ObjectNotFoundError, S3dlioError
from s3dlio_core.testing.conformance.base import (
    ConformanceBase,
    exists,
    list_pages,
    listed,
)
from s3dlio_core.testing.conformance.keys import ODD_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.store import ObjectStore

_NEIGHBOURS = ("fo", "foo.d", "foobar", "fop", "d/foo", "foo-dir/x")


class DeleteTests(ConformanceBase):
    """What `delete` and `delete_many` remove."""

    def test_deleted_object_is_gone(self, store: ObjectStore, prefix: str) -> None:
        """After a delete the key is neither found, nor read, nor listed."""
        self.raw_put(store, f"{prefix}foo", b"x")
        store.delete(f"{prefix}foo")
        with pytest.raises(ObjectNotFoundError):
            store.head(f"{prefix}foo")
        with pytest.raises(ObjectNotFoundError):
            store.open_reader(f"{prefix}foo")
        assert listed(store, prefix) == []

    def test_delete_leaves_the_neighbours(self, store: ObjectStore, prefix: str) -> None:
        """Keys that begin like the deleted one, or that it begins like, stay."""
        for name in ("foo", *_NEIGHBOURS):
            self.raw_put(store, prefix + name, b"x")
        store.delete(f"{prefix}foo")
        assert sorted(prefix + name for name in _NEIGHBOURS) == listed(store, prefix)

    def test_delete_of_a_prefix_deletes_nothing(self, store: ObjectStore, prefix: str) -> None:
        """Deleting "d", with or without a slash, leaves "d/x": it isn't a key."""
        self.raw_put(store, f"{prefix}d/x", b"x")
        for key in (f"{prefix}d", f"{prefix}d/"):
            may_refuse = (S3dlioError,) if store.capabilities.directories else ()
            with contextlib.suppress(*may_refuse):
                store.delete(key)
        assert [f"{prefix}d/x"] == listed(store, prefix)

    def test_delete_leaves_what_is_below(self, store: ObjectStore, prefix: str) -> None:
        """Deleting "foo" leaves "foo/bar" where both can be."""
        if not self.can_nest(store):
            pytest.skip("the store declares that it can't hold both")
        self.raw_put(store, f"{prefix}foo", b"x")
        self.raw_put(store, f"{prefix}foo/bar", b"x")
        store.delete(f"{prefix}foo")
        assert [f"{prefix}foo/bar"] == listed(store, prefix)

    def test_delete_of_a_missing_key_succeeds(self, store: ObjectStore, prefix: str) -> None:
        """Deleting a key that doesn't exist, or again, is no error: it may be a retry."""
        self.raw_put(store, f"{prefix}foo", b"x")
        store.delete(f"{prefix}never/was")
        store.delete(f"{prefix}foo")
        store.delete(f"{prefix}foo")
        assert listed(store, prefix) == []

    def test_delete_of_an_empty_key_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """An empty key is refused; it must never mean the container."""
        self.raw_put(store, f"{prefix}foo", b"x")
        with pytest.raises(InvalidKeyError):
            store.delete("")
        assert [f"{prefix}foo"] == listed(store, prefix)

    def test_delete_many_deletes_exactly_these(self, store: ObjectStore, prefix: str) -> None:
        """All named keys go, and their neighbours stay."""
        for name in ("foo", "bar", *_NEIGHBOURS):
            self.raw_put(store, prefix + name, b"x")
        assert list(store.delete_many([f"{prefix}foo", f"{prefix}bar"])) == []
        assert sorted(prefix + name for name in _NEIGHBOURS) == listed(store, prefix)

    def test_delete_many_takes_odd_keys(self, store: ObjectStore, prefix: str) -> None:
        """Keys that XML or URLs can't carry as they are get deleted like others."""
        keys = [prefix + name for name in ODD_KEYS if self.can_hold(prefix + name)]
        for key in keys:
            self.raw_put(store, key, b"x")
        assert sorted(keys) == listed(store, prefix)
        assert list(store.delete_many(keys)) == []
        assert listed(store, prefix) == []

    def test_delete_many_takes_missing_and_repeated_keys(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """Keys that don't exist, and keys that come twice, are no errors."""
        self.raw_put(store, f"{prefix}a", b"x")
        keys = [f"{prefix}a", f"{prefix}missing", f"{prefix}a"]
        assert list(store.delete_many(keys)) == []
        assert listed(store, prefix) == []

    def test_delete_many_of_nothing(self, store: ObjectStore, prefix: str) -> None:
        """No keys: nothing is deleted, and nothing fails."""
        self.raw_put(store, f"{prefix}a", b"x")
        assert list(store.delete_many([])) == []
        assert [f"{prefix}a"] == listed(store, prefix)

    def test_delete_many_goes_beyond_a_batch(self, store: ObjectStore, prefix: str) -> None:
        """More keys than one request takes are all deleted, the last one too."""
        # The last key stands alone in a batch.
        filler = [f"{prefix}none/{n}" for n in range(store.limits.delete_batch_max - 1)]
        real = [f"{prefix}{name}" for name in ("first", "middle", "last")]
        for key in real:
            self.raw_put(store, key, b"x")
        assert list(store.delete_many([real[0], *filler, real[1], *filler, real[2]])) == []
        assert listed(store, prefix) == []

    def test_delete_many_works_as_keys_come(self, store: ObjectStore, prefix: str) -> None:
        """Batches go out while keys still come: a long list needn't fit in memory."""
        self.raw_put(store, f"{prefix}first", b"x")
        batch = store.limits.delete_batch_max
        seen_gone = False

        def keys() -> Iterator[str]:
            nonlocal seen_gone
            yield f"{prefix}first"
            for number in range(10 * batch + 10):
                if number % batch == 0 and not exists(store, f"{prefix}first"):
                    seen_gone = True
                    return
                yield f"{prefix}none/{number}"

        assert list(store.delete_many(keys())) == []
        assert seen_gone

    def test_delete_many_names_the_keys_that_failed(self, store: ObjectStore, prefix: str) -> None:
        """A key that can't be deleted is yielded with its error, and the others go."""
        for name in ("a", "b"):
            self.raw_put(store, prefix + name, b"x")
        failures = list(store.delete_many([f"{prefix}a", "", f"{prefix}b"]))
        assert [failure.key for failure in failures] == [""]
        assert isinstance(failures[0].error, InvalidKeyError)
        assert listed(store, prefix) == []

    def test_deletion_while_listing(self, store: ObjectStore, prefix: str) -> None:
        """Deleting each page as it is listed deletes everything."""
        for number in range(7):
            self.raw_put(store, f"{prefix}{number}", b"x")
        token = None
        while True:
            page = store.list_page(prefix, page_size=2, token=token)
            assert list(store.delete_many([info.key for info in page.objects])) == []
            token = page.next_token
            if token is None:
                break
        assert [page.objects for page in list_pages(store, prefix) if page.objects] == []
