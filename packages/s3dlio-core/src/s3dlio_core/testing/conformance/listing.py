"""Listing: prefixes, order, pages, delimiter, start_after."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from s3dlio_core.errors import NotSupportedError
from s3dlio_core.store import ListOrder, ObjectStore
from s3dlio_core.testing.conformance.base import (
    ConformanceBase,
    keys_of,
    list_pages,
    listed,
    needs,
    objects_of,
    prefixes_of,
)

_PAGE_SIZES = (1, 2, 3, 4, 5, 1000)
#: A small tree: keys in the order of their UTF-8 bytes, where "-" < "/" < "0".
_TREE = ("a", "b-", "b/1", "b/2", "b/c/3", "b0", "c/1", "d/e/f", "z")
#: In UTF-8 order; UTF-16 units would put the last but one behind it, and many collations differ.
_ORDER_TRAPS = (
    "!",
    "A",
    "B",
    "a",
    "a-b",
    "a/b",
    "a0",
    "ab",
    "b",
    "~",
    "\u00e9",
    "\u20ac",
    "\uffee",
    "\U00010000",
)


class ListTests(ConformanceBase):
    """What `list_page` gives."""

    def test_unused_prefix_lists_nothing(self, store: ObjectStore, prefix: str) -> None:
        """No key with the prefix: an empty listing, and no error."""
        pages = list_pages(store, prefix)
        assert (keys_of(pages), prefixes_of(pages)) == ([], [])

    def test_unused_prefix_lists_nothing_with_a_delimiter(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """No key with the prefix: no common prefix either."""
        pages = list_pages(store, prefix, delimiter="/")
        assert (keys_of(pages), prefixes_of(pages)) == ([], [])

    def test_listing_finds_all_depths(self, store: ObjectStore, prefix: str) -> None:
        """Without a delimiter all keys with the prefix are listed, however deep."""
        self._put_tree(store, prefix)
        assert [prefix + name for name in _TREE] == listed(store, prefix)

    def test_prefix_is_a_prefix_of_the_string(self, store: ObjectStore, prefix: str) -> None:
        """The prefix "foo" lists "foo", "foobar" and "foo.d/x", and nothing else."""
        for name in ("foo", "foobar", "foo.d/x", "fo", "fop", "xfoo", "d/foo"):
            self.raw_put(store, prefix + name, b"x")
        expected = [f"{prefix}foo", f"{prefix}foo.d/x", f"{prefix}foobar"]
        assert expected == listed(store, f"{prefix}foo")

    def test_prefix_ending_in_a_slash(self, store: ObjectStore, prefix: str) -> None:
        """The prefix "b/" lists what is below it, and neither "b-" nor "b0"."""
        self._put_tree(store, prefix)
        expected = [f"{prefix}b/1", f"{prefix}b/2", f"{prefix}b/c/3"]
        assert expected == listed(store, f"{prefix}b/")

    def test_whole_key_is_a_prefix_of_itself(self, store: ObjectStore, prefix: str) -> None:
        """A prefix that is a whole key lists it."""
        self._put_tree(store, prefix)
        assert [f"{prefix}b/2"] == listed(store, f"{prefix}b/2")

    def test_empty_prefix_lists_everything(self, store: ObjectStore, prefix: str) -> None:
        """Without a prefix the whole container is listed."""
        self._put_tree(store, prefix)
        assert {prefix + name for name in _TREE} <= set(listed(store, ""))

    def test_listing_is_ordered_by_utf8_bytes(self, store: ObjectStore, prefix: str) -> None:
        """A store that declares the order lists keys by their UTF-8 bytes, across pages."""
        if store.capabilities.list_order is not ListOrder.UTF8:
            pytest.skip("the store declares no order")
        names = [name for name in _ORDER_TRAPS if self.can_hold(prefix + name)]
        if not self.can_nest(store):
            names.remove("a")
        for name in reversed(names):
            self.raw_put(store, prefix + name, b"x")
        expected = [prefix + name for name in names]
        assert expected == keys_of(list_pages(store, prefix))
        assert expected == keys_of(list_pages(store, prefix, page_size=3))

    @pytest.mark.parametrize("page_size", _PAGE_SIZES)
    def test_pages_hold_each_key_once(
        self, store: ObjectStore, prefix: str, page_size: int
    ) -> None:
        """Pages of any size together hold each key once, and none is longer than asked."""
        self._put_tree(store, prefix)
        keys = keys_of(list_pages(store, prefix, page_size=page_size))
        assert [prefix + name for name in _TREE] == sorted(keys)

    @pytest.mark.parametrize("page_size", _PAGE_SIZES)
    def test_pages_hold_each_common_prefix_once(
        self, store: ObjectStore, prefix: str, page_size: int
    ) -> None:
        """With a delimiter, each key and each common prefix comes once, on whatever page."""
        self._put_tree(store, prefix)
        pages = list_pages(store, prefix, delimiter="/", page_size=page_size)
        assert [prefix + name for name in ("a", "b-", "b0", "z")] == sorted(keys_of(pages))
        assert [prefix + name for name in ("b/", "c/", "d/")] == sorted(prefixes_of(pages))

    def test_last_page_has_no_token(self, store: ObjectStore, prefix: str) -> None:
        """A listing that fits on its page says that it is over."""
        self.raw_put(store, f"{prefix}only", b"x")
        assert store.list_page(prefix).next_token is None

    def test_token_works_again(self, store: ObjectStore, prefix: str) -> None:
        """The same token gives the same page again: a retry loses nothing."""
        self._put_tree(store, prefix)
        first = store.list_page(prefix, page_size=2)
        pages = [store.list_page(prefix, page_size=2, token=first.next_token) for _ in range(2)]
        assert keys_of(pages[:1]) == keys_of(pages[1:]) != []

    def test_token_survives_deletion_of_its_page(self, store: ObjectStore, prefix: str) -> None:
        """When what was listed is deleted, the next page goes on where it was."""
        self._put_tree(store, prefix)
        first = store.list_page(prefix, page_size=3)
        for info in first.objects:
            store.delete(info.key)
        rest: list[str] = []
        token = first.next_token
        while token is not None:
            page = store.list_page(prefix, page_size=3, token=token)
            rest += keys_of([page])
            token = page.next_token
        expected = {prefix + name for name in _TREE} - set(keys_of([first]))
        assert sorted(expected) == sorted(rest)

    def test_delimiter_within_a_prefix(self, store: ObjectStore, prefix: str) -> None:
        """Common prefixes are those after the prefix, up to the next delimiter."""
        self._put_tree(store, prefix)
        pages = list_pages(store, f"{prefix}b/", delimiter="/")
        assert [f"{prefix}b/1", f"{prefix}b/2"] == sorted(keys_of(pages))
        assert [f"{prefix}b/c/"] == prefixes_of(pages)

    def test_delimiter_with_a_partial_name(self, store: ObjectStore, prefix: str) -> None:
        """A prefix without a slash at its end finds names that begin so, directories too."""
        self._put_tree(store, prefix)
        pages = list_pages(store, f"{prefix}b", delimiter="/")
        assert [f"{prefix}b-", f"{prefix}b0"] == sorted(keys_of(pages))
        assert [f"{prefix}b/"] == prefixes_of(pages)

    def test_delimiter_ends_at_the_first_one(self, store: ObjectStore, prefix: str) -> None:
        """A deep key gives one common prefix: its first segment."""
        self._put_tree(store, prefix)
        assert [f"{prefix}d/"] == prefixes_of(list_pages(store, f"{prefix}d", delimiter="/"))

    def test_common_prefix_goes_with_its_last_key(self, store: ObjectStore, prefix: str) -> None:
        """When its last key is deleted, a common prefix isn't listed any more."""
        store.put(f"{prefix}gone/only", b"x")
        store.put(f"{prefix}stays/only", b"x")
        store.delete(f"{prefix}gone/only")
        assert [f"{prefix}stays/"] == prefixes_of(list_pages(store, prefix, delimiter="/"))

    def test_key_that_ends_in_the_delimiter(self, store: ObjectStore, prefix: str) -> None:
        """A folder marker "m/" rolls up into "m/", and is an object in the listing of "m/"."""
        if store.capabilities.directories or not self.can_hold(f"{prefix}m/"):
            pytest.skip("the store declares that it can't hold such a key")
        self.raw_put(store, f"{prefix}m/", b"")
        self.raw_put(store, f"{prefix}m/x", b"x")
        above = list_pages(store, prefix, delimiter="/")
        inside = list_pages(store, f"{prefix}m/", delimiter="/")
        assert ([], [f"{prefix}m/"]) == (keys_of(above), prefixes_of(above))
        assert ([f"{prefix}m/", f"{prefix}m/x"], []) == (keys_of(inside), prefixes_of(inside))

    def test_other_delimiters_are_refused(self, store: ObjectStore, prefix: str) -> None:
        """Only "/" groups keys; another delimiter is refused, not ignored."""
        with pytest.raises(NotSupportedError):
            store.list_page(prefix, delimiter="-")

    def test_listing_agrees_with_head(self, store: ObjectStore, prefix: str) -> None:
        """A listing tells the size, the ETag and, within a second, the time that head tells."""
        for size_bytes in (0, 1, 5000):
            self.raw_put(store, f"{prefix}{size_bytes}", bytes(size_bytes))
        for info in objects_of(list_pages(store, prefix)):
            head = store.head(info.key)
            assert (head.size_bytes, head.etag) == (info.size_bytes, info.etag)
            assert abs((head.mtime or 0.0) - (info.mtime or 0.0)) < 1

    def test_listing_sees_writes_at_once(self, store: ObjectStore, prefix: str) -> None:
        """What was written or deleted before the listing began shows in it."""
        store.put(f"{prefix}a", b"x")
        assert [f"{prefix}a"] == listed(store, prefix)
        store.put(f"{prefix}b", b"x")
        store.delete(f"{prefix}a")
        assert [f"{prefix}b"] == listed(store, prefix)

    def test_long_listing_is_whole(self, store: ObjectStore, prefix: str) -> None:
        """A listing longer than a page of the service is whole, without a page size asked for."""
        keys = [f"{prefix}{number:06d}" for number in range(self.many_keys_count)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: self.raw_put(store, key, b""), keys))
        assert keys == listed(store, prefix)

    def test_listing_misses_nothing_that_stays(self, store: ObjectStore, prefix: str) -> None:
        """Keys that stay are all listed, whatever is written and deleted between the pages."""
        stable = [f"{prefix}{number:02d}" for number in range(0, 20, 2)]
        for key in stable:
            self.raw_put(store, key, b"x")
        found: list[str] = []
        token = None
        for number in range(1, 100, 2):
            page = store.list_page(prefix, page_size=2, token=token)
            found += keys_of([page])
            token = page.next_token
            if token is None:
                break
            store.put(f"{prefix}{number:02d}", b"x")
            store.delete(f"{prefix}{number - 2:02d}")
        assert stable == sorted(set(found) & set(stable))
        assert len(found) == len(set(found))

    @pytest.mark.parametrize("page_size", [1, 2, 1000])
    @pytest.mark.parametrize("name", ["a", "b/", "b/1", "b/12", "b/c", "bb", "z", "zz", " "])
    def test_start_after_is_exclusive(
        self, store: ObjectStore, prefix: str, name: str, page_size: int
    ) -> None:
        """Only keys behind `start_after` are listed, whether it exists or not."""
        needs(store, "start_after")
        if store.capabilities.list_order is not ListOrder.UTF8:
            pytest.skip("the store declares no order")
        self._put_tree(store, prefix)
        pages = list_pages(store, prefix, start_after=prefix + name, page_size=page_size)
        assert [prefix + key for key in _TREE if key > name] == keys_of(pages)

    def test_start_after_before_the_prefix(self, store: ObjectStore, prefix: str) -> None:
        """A `start_after` that sorts before the prefix leaves nothing out."""
        needs(store, "start_after")
        self._put_tree(store, prefix)
        pages = list_pages(store, f"{prefix}b", start_after=f"{prefix}a")
        assert listed(store, f"{prefix}b") == sorted(keys_of(pages))

    def test_start_after_is_refused_without_the_capability(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """A store that can't start behind a key says so."""
        if store.capabilities.start_after:
            return
        with pytest.raises(NotSupportedError):
            store.list_page(prefix, start_after=f"{prefix}a")

    def _put_tree(self, store: ObjectStore, prefix: str) -> None:
        for name in _TREE:
            self.raw_put(store, prefix + name, name.encode())
