"""Whether two answers speak of the same object."""

from __future__ import annotations

import pytest

from s3dlio_core.identity import same_object
from s3dlio_core.store import Attributes, ObjectInfo


def _kept(mtime: str) -> Attributes:
    return Attributes(metadata={"mtime": mtime})


ONE = ObjectInfo("key", 5, mtime=1000.9, etag="a")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (ObjectInfo("key", 6, mtime=1000.9, etag="a"), False),
        (ObjectInfo("key", 5, mtime=1000.9, etag="b"), False),
        (ObjectInfo("key", 5, mtime=2000.0, etag="a"), True),
        (ObjectInfo("key", 5, mtime=1000.0), True),
        (ObjectInfo("key", 5, mtime=1001.0), True),
        (ObjectInfo("key", 5, mtime=999.0), True),
        (ObjectInfo("key", 5, mtime=1002.0), False),
        (ObjectInfo("key", 5, mtime=998.9), False),
        (ObjectInfo("key", 5), True),
        (ObjectInfo("key", 5, mtime=5000.0, attributes=_kept("1000.9")), True),
        (ObjectInfo("key", 5, mtime=5000.0, attributes=_kept("1003")), False),
        (ObjectInfo("key", 5, mtime=5000.0, attributes=_kept("yesterday")), False),
        (ObjectInfo("key", 5, mtime=5000.0, attributes=Attributes()), False),
        (ObjectInfo("key", 5, mtime=1000.0, attributes=_kept("3000")), True),
        (ObjectInfo("key", 5, mtime=1000.9, etag="b", attributes=_kept("1000.9")), False),
    ],
)
def test_same_object(other: ObjectInfo, *, same: bool) -> None:
    """Size, then ETags if both are known, then the time by the second with a slack of one.

    One of the two may tell the time that the metadata keep.
    """
    assert same == same_object(ONE, other)
    assert same == same_object(other, ONE)


def test_a_kept_time_alone_proves_nothing() -> None:
    """An object that is written again with the time of its file isn't the one before."""
    one = ObjectInfo("key", 5, mtime=5000.0, attributes=_kept("1000"))
    other = ObjectInfo("key", 5, mtime=6000.0, attributes=_kept("1000"))
    assert not same_object(one, other)
