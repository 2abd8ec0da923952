"""Whole objects in memory: what `get_many` reads with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.bandwidth import Bandwidth, paced
from s3dlio_core.errors import IntegrityError

if TYPE_CHECKING:
    from s3dlio_core.store import ObjectStore
    from s3dlio_core.transfer.events import CancelToken

__all__ = ["read_object"]


def read_object(
    store: ObjectStore,
    key: str,
    *,
    bandwidth: Bandwidth | None = None,
    cancel: CancelToken | None = None,
) -> bytes:
    """Read an object.

    Args:
        store: where it lies.
        key: the exact key.
        bandwidth: what the bytes keep to.
        cancel: ends a wait for it.

    Raises:
        IntegrityError: the object ends early.
    """
    with store.open_reader(key) as reader:
        content = bytearray(reader.info.size_bytes)
        view = memoryview(content)
        source = paced(reader, bandwidth, cancel)
        while view:
            count = source.readinto(view)
            if not count:
                raise IntegrityError(
                    f"the object ends {len(view)} bytes early",
                    operation="read",
                    uri=store.uri_of(key),
                )
            view = view[count:]
        return bytes(content)
