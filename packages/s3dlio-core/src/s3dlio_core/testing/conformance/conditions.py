"""Conditional writes: create only, and replace only what was read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from s3dlio_core.errors import (
    ConflictError,
    NotSupportedError,
    ObjectNotFoundError,
    PreconditionFailedError,
)
from s3dlio_core.store import Condition, ObjectStore
from s3dlio_core.testing.conformance.base import ConformanceBase, exists, listed, needs

_IF_ABSENT = Condition(if_absent=True)
_WRONG_ETAG = "0123456789abcdef" * 2


class ConditionTests(ConformanceBase):
    """`Condition` on puts and multipart uploads, and the ETags that it rests on."""

    def test_each_overwrite_changes_the_etag(self, store: ObjectStore, prefix: str) -> None:
        """Overwriting with other bytes of the same length gives another ETag."""
        needs(store, "etag_changes")
        etags = []
        for data in (b"first", b"other", b"third"):
            store.put(f"{prefix}object", data)
            etags.append(store.head(f"{prefix}object").etag)
        assert len(etags) == len(set(etags))
        assert None not in etags

    def test_if_absent_creates(self, store: ObjectStore, prefix: str) -> None:
        """A put on condition that the key is free creates the object."""
        needs(store, "put_if_absent")
        store.put(f"{prefix}object", b"new", condition=_IF_ABSENT)
        assert self.raw_get(store, f"{prefix}object") == b"new"

    def test_if_absent_leaves_an_object(self, store: ObjectStore, prefix: str) -> None:
        """A put on condition that the key is free fails on an object, and changes nothing."""
        needs(store, "put_if_absent")
        before = store.put(f"{prefix}object", b"old")
        with pytest.raises(PreconditionFailedError):
            store.put(f"{prefix}object", b"new", condition=_IF_ABSENT)
        assert self.raw_get(store, f"{prefix}object") == b"old"
        assert before.etag == store.head(f"{prefix}object").etag

    def test_if_absent_creates_again_after_delete(self, store: ObjectStore, prefix: str) -> None:
        """A deleted key is free."""
        needs(store, "put_if_absent")
        store.put(f"{prefix}object", b"old")
        store.delete(f"{prefix}object")
        store.put(f"{prefix}object", b"new", condition=_IF_ABSENT)
        assert self.raw_get(store, f"{prefix}object") == b"new"

    def test_one_of_many_creators_wins(self, store: ObjectStore, prefix: str) -> None:
        """Of threads that create one key at once exactly one succeeds, and its bytes are there."""
        needs(store, "put_if_absent")
        count = 4
        for number in range(10):
            key, barrier = f"{prefix}{number}", Barrier(count)

            def create(thread: int, key: str = key, barrier: Barrier = barrier) -> bytes | None:
                data = f"thread {thread}".encode()
                barrier.wait()
                try:
                    store.put(key, data, condition=_IF_ABSENT)
                except (PreconditionFailedError, ConflictError):
                    return None
                return data

            with ThreadPoolExecutor(count) as pool:
                won = [data for data in pool.map(create, range(count)) if data is not None]
            assert [self.raw_get(store, key)] == won

    def test_if_match_replaces(self, store: ObjectStore, prefix: str) -> None:
        """A put on condition of the present ETag replaces the object."""
        needs(store, "put_if_match")
        etag = store.put(f"{prefix}object", b"old").etag
        store.put(f"{prefix}object", b"new", condition=Condition(if_match=etag))
        assert self.raw_get(store, f"{prefix}object") == b"new"

    def test_if_match_of_an_old_etag_fails(self, store: ObjectStore, prefix: str) -> None:
        """A put on condition of an ETag that is gone fails, and changes nothing."""
        needs(store, "put_if_match")
        etag = store.put(f"{prefix}object", b"first").etag
        store.put(f"{prefix}object", b"other")
        with pytest.raises(PreconditionFailedError):
            store.put(f"{prefix}object", b"third", condition=Condition(if_match=etag))
        assert self.raw_get(store, f"{prefix}object") == b"other"

    def test_if_match_of_a_missing_object_fails(self, store: ObjectStore, prefix: str) -> None:
        """A put on condition of an ETag creates nothing."""
        needs(store, "put_if_match")
        condition = Condition(if_match=_WRONG_ETAG)
        # Amazon S3 answers 404 here, RFC 9110 section 13.1.1 says 412.
        with pytest.raises((PreconditionFailedError, ObjectNotFoundError)):
            store.put(f"{prefix}object", b"new", condition=condition)
        assert not exists(store, f"{prefix}object")

    def test_one_of_many_replacers_wins(self, store: ObjectStore, prefix: str) -> None:
        """Of threads that replace one ETag at once exactly one succeeds."""
        needs(store, "put_if_match")
        count = 4
        for number in range(10):
            key, barrier = f"{prefix}{number}", Barrier(count)
            condition = Condition(if_match=store.put(key, b"old").etag)

            def replace(
                thread: int,
                key: str = key,
                barrier: Barrier = barrier,
                condition: Condition = condition,
            ) -> bytes | None:
                data = f"thread {thread}".encode()
                barrier.wait()
                try:
                    store.put(key, data, condition=condition)
                except (PreconditionFailedError, ConflictError):
                    return None
                return data

            with ThreadPoolExecutor(count) as pool:
                won = [data for data in pool.map(replace, range(count)) if data is not None]
            assert [self.raw_get(store, key)] == won

    def test_multipart_if_absent_creates(self, store: ObjectStore, prefix: str) -> None:
        """An upload on condition that the key is free creates the object."""
        needs(store, "put_if_absent")
        upload = store.create_multipart(f"{prefix}object", condition=_IF_ABSENT)
        upload.complete([upload.put_part(1, 0, b"new")])
        assert self.raw_get(store, f"{prefix}object") == b"new"

    def test_multipart_if_absent_leaves_an_object(self, store: ObjectStore, prefix: str) -> None:
        """An upload for a free key fails when the key was taken meanwhile."""
        needs(store, "put_if_absent")
        upload = store.create_multipart(f"{prefix}object", condition=_IF_ABSENT)
        part = upload.put_part(1, 0, b"new")
        store.put(f"{prefix}object", b"meanwhile")
        with pytest.raises(PreconditionFailedError):
            upload.complete([part])
        upload.abort()
        assert self.raw_get(store, f"{prefix}object") == b"meanwhile"

    def test_resumed_multipart_keeps_its_condition(self, store: ObjectStore, prefix: str) -> None:
        """An upload for a free key is checked after a resumption, too."""
        needs(store, "put_if_absent")
        needs(store, "resume_multipart")
        upload = store.create_multipart(f"{prefix}object", condition=_IF_ABSENT)
        upload.put_part(1, 0, b"new")
        resumed = store.resume_multipart(f"{prefix}object", upload.token)
        store.put(f"{prefix}object", b"meanwhile")
        with pytest.raises(PreconditionFailedError):
            resumed.complete(list(resumed.parts()))
        resumed.abort()
        assert self.raw_get(store, f"{prefix}object") == b"meanwhile"

    def test_multipart_if_match(self, store: ObjectStore, prefix: str) -> None:
        """An upload on condition of an ETag replaces that state of the object and no other."""
        needs(store, "put_if_match")
        etag = store.put(f"{prefix}object", b"first").etag
        right = store.create_multipart(f"{prefix}object", condition=Condition(if_match=etag))
        late = store.create_multipart(f"{prefix}object", condition=Condition(if_match=etag))
        late_part = late.put_part(1, 0, b"third")
        right.complete([right.put_part(1, 0, b"other")])
        with pytest.raises(PreconditionFailedError):
            late.complete([late_part])
        late.abort()
        assert self.raw_get(store, f"{prefix}object") == b"other"

    def test_if_absent_is_refused_without_the_capability(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """A store that can't check for a free key refuses, and writes nothing unchecked."""
        if store.capabilities.put_if_absent:
            return
        self._check_condition_refused(store, prefix, _IF_ABSENT)

    def test_if_match_is_refused_without_the_capability(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """A store that can't check an ETag on writing refuses, and writes nothing unchecked."""
        if store.capabilities.put_if_match:
            return
        self._check_condition_refused(store, prefix, Condition(if_match=_WRONG_ETAG))

    def _check_condition_refused(
        self, store: ObjectStore, prefix: str, condition: Condition
    ) -> None:
        with pytest.raises(NotSupportedError):
            store.put(f"{prefix}object", b"new", condition=condition)
        with pytest.raises(NotSupportedError):
            store.create_multipart(f"{prefix}object", condition=condition)
        assert listed(store, prefix) == []
