"""Whether two answers speak of the same object."""

from __future__ import annotations

import pytest

from s3dlio_core.identity import same_object
from s3dlio_core.store import ObjectInfo

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
    ],
)
def test_same_object(other: ObjectInfo, *, same: bool) -> None:
    """Size, then ETags if both are known, then the time by the second with a slack of one."""
    assert same == same_object(ONE, other)
    assert same == same_object(other, ONE)
