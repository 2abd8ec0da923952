"""Whole objects, or ranges of them, in memory: what `get` and `get_many` read with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.errors import IntegrityError

if TYPE_CHECKING:
    from s3dlio_core.bandwidth import Bandwidth
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
        bandwidth: is asked before each slice.
        cancel: ends a wait for it.

    Raises:
        IntegrityError: the object ends early.
    """
    with store.open_reader(key, start, stop, version=version) as reader:
        size_bytes = reader.info.size_bytes
        end = size_bytes if stop is None else min(stop, size_bytes)
        content = bytearray(end - start)
        view = memoryview(content)
        paid_bytes = 0
        while view:
            if bandwidth is not None and not paid_bytes:
                paid_bytes = min(bandwidth.slice_bytes, len(view))
                bandwidth.take(paid_bytes, cancel)
            count = reader.readinto(view[:paid_bytes] if bandwidth is not None else view)
            if not count:
                raise IntegrityError(
                    f"the object ends {len(view)} bytes early",
                    operation="read",
                    uri=store.uri_of(key),
                )
            paid_bytes -= count
            view = view[count:]
        return bytes(content)
