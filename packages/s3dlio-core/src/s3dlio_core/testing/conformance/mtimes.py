"""Modification times that objects are written with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.mtimes import kept_mtime_ns, mtime_attributes
from s3dlio_core.store import Attributes
from s3dlio_core.testing.conformance.base import (
    ConformanceBase,
    list_pages,
    needs,
    objects_of,
    read,
)

if TYPE_CHECKING:
    from s3dlio_core.store import ObjectInfo, ObjectStore

__all__ = ["MtimeTests"]

_MTIME_NS = 1_500_000_000_123_456_789
_WRITTEN = mtime_attributes(_MTIME_NS)
#: What a float leaves of it, in seconds.
_SLACK_S = 1e-6


class MtimeTests(ConformanceBase):
    """The metadata `mtime` of what is written."""

    def test_mtime_is_kept(self, store: ObjectStore, prefix: str) -> None:
        """An object has the time that it was put with, to the nanosecond."""
        needs(store, "mtime")
        store.put(f"{prefix}object", b"x", attributes=_WRITTEN)
        self._check(store, f"{prefix}object")

    def test_multipart_keeps_mtime(self, store: ObjectStore, prefix: str) -> None:
        """An object of parts has the time that its upload began with."""
        needs(store, "mtime")
        upload = store.create_multipart(f"{prefix}object", attributes=_WRITTEN)
        upload.complete([upload.put_part(1, 0, b"x")])
        self._check(store, f"{prefix}object")

    def test_resumed_upload_keeps_mtime(self, store: ObjectStore, prefix: str) -> None:
        """The token is enough: the time doesn't come from the one who resumes."""
        needs(store, "mtime")
        needs(store, "resume_multipart")
        token = store.create_multipart(f"{prefix}object", attributes=_WRITTEN).token
        upload = store.resume_multipart(f"{prefix}object", token)
        upload.complete([upload.put_part(1, 0, b"x")])
        self._check(store, f"{prefix}object")

    def test_copy_keeps_mtime(self, store: ObjectStore, prefix: str) -> None:
        """Without attributes of its own a copy has its source's time."""
        needs(store, "mtime")
        needs(store, "copy")
        store.put(f"{prefix}source", b"x", attributes=_WRITTEN)
        store.copy_from(store.copy_source(f"{prefix}source"), f"{prefix}object")
        self._check(store, f"{prefix}object")

    def test_put_without_mtime_is_new(self, store: ObjectStore, prefix: str) -> None:
        """The time of an object that it replaces isn't kept."""
        needs(store, "mtime")
        store.put(f"{prefix}object", b"x", attributes=_WRITTEN)
        store.put(f"{prefix}object", b"y")
        mtime = store.head(f"{prefix}object").mtime
        assert mtime is not None
        assert mtime > _MTIME_NS / 10**9 + 1

    def test_senseless_mtime_is_no_error(self, store: ObjectStore, prefix: str) -> None:
        """Anybody may have written anything: the object is stored all the same."""
        for value in ("yesterday", "", "1e9", "999999999999.999999999", "-1.5"):
            attributes = Attributes(metadata={"mtime": value} if value else {})
            store.put(f"{prefix}object", value.encode(), attributes=attributes)
            assert read(store, f"{prefix}object") == value.encode()

    def test_mtime_is_of_the_write_without_the_capability(
        self, store: ObjectStore, prefix: str
    ) -> None:
        """The store's own time is that of the write; metadata keep the other, if there are any."""
        if store.capabilities.mtime:
            return
        store.put(f"{prefix}object", b"x", attributes=_WRITTEN)
        head = store.head(f"{prefix}object")
        assert head.mtime is None or head.mtime > _MTIME_NS / 10**9 + 1
        if store.capabilities.attributes:
            assert kept_mtime_ns(head.attributes) == _MTIME_NS

    def _check(self, store: ObjectStore, key: str) -> None:
        with store.open_reader(key) as reader:
            exact = [store.head(key), reader.info]
        assert [_MTIME_NS] * 2 == [kept_mtime_ns(info.attributes) for info in exact]
        for info in (*exact, *objects_of(list_pages(store, key))):
            self._check_seconds(info)

    def _check_seconds(self, info: ObjectInfo) -> None:
        assert info.mtime is not None
        assert abs(info.mtime - _MTIME_NS / 10**9) <= _SLACK_S
