"""Whole objects, or ranges of them, in memory: what `get` and `get_many` read with."""

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
    start: int = 0,
    stop: int | None = None,
    *,
    version: str | None = None,
    bandwidth: Bandwidth | None = None,
    cancel: CancelToken | None = None,
) -> bytes:
    """Read bytes [start, stop) of an object; see `ObjectStore.open_reader`.

    Args:
        store: where it lies.
        key: the exact key.
        start: first byte.
        stop: end of the range, exclusive; None is the end of the object.
        version: read this version.
        bandwidth: what the bytes keep to.
        cancel: ends a wait for it.

    Raises:
        IntegrityError: the object ends early.
    """
    with store.open_reader(key, start, stop, version=version) as reader:
        size_bytes = reader.info.size_bytes
        end = size_bytes if stop is None else min(stop, size_bytes)
        content = bytearray(end - start)
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
