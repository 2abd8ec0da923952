"""Odd keys: each is stored, listed, read and deleted exactly as it is written, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from s3dlio_core.errors import InvalidKeyError, S3dlioError, Scope
from s3dlio_core.testing.conformance.base import ConformanceBase, exists, listed, read

if TYPE_CHECKING:
    from s3dlio_core.store import ObjectStore

#: Keys that object stores and file systems can hold.
ODD_KEYS = (
    "two words",
    " leading and trailing ",
    "plus+sign",
    "percent%41encoded",
    "percent%2Fslash",
    "lone%percent%",
    "question?mark=1&b=2",
    "hash#fragment",
    "it's",
    'double"quotes"',
    "amper&sand;",
    "less<than>greater",
    "]]>cdata",
    "new\nline",
    "carriage\r\nreturn",
    "tab\tstop",
    "control\x01character",
    "delete\x7fcharacter",
    "emoji-\U0001f600",
    "umlaut-\u00e4",
    "umlaut-decomposed-a\u0308",
    "right-to-left-\u05d0\u202e",
    "noncharacter-\ufffe",
    "last-\U0010ffff",
    "back\\slash",
    "dots..inside",
    ".hidden",
    "..two-leading",
    "trailing.",
    "trailing..",
    "...",
    "folder_$folder$",
    "directory_$folder$/child",
    "colon:and=equals",
    "-dash",
    "~tilde",
    "star*bracket[a]{b}",
    "pipe|caret^tick`",
    "dollar$HOME",
    "comma,semicolon;",
    "at@sign!",
    "UPPER",
)

#: Keys that are no names of files.
FILELESS_KEYS = (
    "double//slash",
    "trailing-slash/",
    "/leading-slash",
    "dot/./inside",
    "dotdot/../inside",
    "../sibling",
    "../../outside",
    "ends/..",
    "ends/.",
    ".",
    "..",
    "///",
)
_KEY_SIZE_MAX_BYTES = 1024  # Amazon S3 User Guide, "Naming Amazon S3 objects"


class KeyTests(ConformanceBase):
    """Which keys a store holds, and that it changes none."""

    @pytest.mark.parametrize("name", ODD_KEYS, ids=ascii)
    def test_odd_key_survives(self, store: ObjectStore, prefix: str, name: str) -> None:
        """An odd key is written, listed, described, read and deleted exactly as it is."""
        self._check_key_survives(store, prefix, prefix + name)

    @pytest.mark.parametrize("name", FILELESS_KEYS, ids=ascii)
    def test_key_that_is_no_file_name_survives(
        self, store: ObjectStore, prefix: str, name: str
    ) -> None:
        """Empty and dotted segments and slashes at either end are kept by object stores."""
        if store.capabilities.directories:
            pytest.skip("the store declares directories")
        self._check_key_survives(store, prefix, prefix + name)

    @pytest.mark.parametrize("name", FILELESS_KEYS, ids=ascii)
    def test_key_that_is_no_file_name_is_refused_with_directories(
        self, store: ObjectStore, prefix: str, name: str
    ) -> None:
        """A file system refuses what is no safe file name, and writes nothing anywhere."""
        if not store.capabilities.directories:
            return
        store.put(f"{prefix}bystander", b"bystander")
        before = listed(store, "")
        with pytest.raises(InvalidKeyError) as raised:
            store.put(prefix + name, b"x")
        assert Scope.OBJECT is raised.value.scope
        with pytest.raises(InvalidKeyError):
            store.create_multipart(prefix + name)
        with pytest.raises(InvalidKeyError):
            store.check_key(prefix + name)
        with pytest.raises(S3dlioError):
            store.head(prefix + name)
        assert before == listed(store, "")

    def test_longest_key_survives(self, store: ObjectStore, prefix: str) -> None:
        """A key of 1,024 bytes is kept whole."""
        key = prefix
        while len(key) < _KEY_SIZE_MAX_BYTES - 200:
            key += "s" * 99 + "/"
        key += "e" * (_KEY_SIZE_MAX_BYTES - len(key))
        self._check_key_survives(store, prefix, key)

    def test_keys_that_look_alike_are_different(self, store: ObjectStore, prefix: str) -> None:
        """Case, Unicode form, encoding and blanks each make another key."""
        names = ["a", "A", "\u00e4", "a\u0308", "a b", "a+b", "a%20b", "a%2Bb", "a ", "a%"]
        keys = [prefix + name for name in names if self.can_hold(prefix + name)]
        for key in keys:
            store.put(key, key.encode())
        assert sorted(keys) == listed(store, prefix)
        assert keys == [read(store, key).decode() for key in keys]

    def test_object_and_prefix_of_one_name(self, store: ObjectStore, prefix: str) -> None:
        """An object store holds "a" and "a/b" together."""
        if not self.can_nest(store):
            pytest.skip("the store declares that it can't hold both")
        keys = [f"{prefix}a", f"{prefix}a/b"]
        for key in keys:
            store.put(key, key.encode())
        assert keys == listed(store, prefix)
        assert keys == [self.raw_get(store, key).decode() for key in keys]

    def test_object_below_an_object_is_refused_with_directories(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """A file system refuses "a/b" when "a" is a file, and leaves "a"."""
        if not store.capabilities.directories:
            return
        store.put(f"{prefix}a", b"file")
        with pytest.raises(InvalidKeyError):
            store.put(f"{prefix}a/b", b"x")
        with pytest.raises(InvalidKeyError):
            store.check_key(f"{prefix}a/b")
        assert self.raw_get(store, f"{prefix}a") == b"file"
        assert [f"{prefix}a"] == listed(store, prefix)

    def test_object_over_a_directory_is_refused_with_directories(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """A file system refuses "a" when "a/b" is a file, and leaves "a/b"."""
        if not store.capabilities.directories:
            return
        store.put(f"{prefix}a/b", b"file")
        with pytest.raises(InvalidKeyError):
            store.put(f"{prefix}a", b"x")
        with pytest.raises(InvalidKeyError):
            store.check_key(f"{prefix}a")
        assert [f"{prefix}a/b"] == listed(store, prefix)

    def test_lone_surrogate_is_refused(self, store: ObjectStore, prefix: str) -> None:
        """An object store refuses a key that is no valid Unicode text."""
        if store.capabilities.directories:
            return
        for key in (f"{prefix}\udcff", f"{prefix}\ud800"):
            with pytest.raises(InvalidKeyError):
                store.put(key, b"x")
            with pytest.raises(InvalidKeyError):
                store.check_key(key)
        assert listed(store, prefix) == []

    def _check_key_survives(self, store: ObjectStore, prefix: str, key: str) -> None:
        if not self.can_hold(key):
            pytest.skip("the server declares that it can't hold this key")
        store.check_key(key)
        store.put(key, b"written by the store")
        assert self.raw_get(store, key) == b"written by the store"
        self.raw_put(store, key, b"written round it")
        assert read(store, key) == b"written round it"
        assert key == store.head(key).key
        assert [key] == listed(store, prefix)
        store.delete(key)
        assert not exists(store, key)
