"""How large the parts of an object are whose size nobody knows before its end. Pure functions.

Parts have one size as long as that does: nine tenths of the numbers that a store has. From there on
the size doubles again and again, every five-hundredth of the numbers, up to the store's largest
part. With Amazon S3's limits that is 64 MiB for 9,000 parts (562 GiB), and 5 TiB fit in all.

Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s3dlio_core.store import Limits

__all__ = ["STREAM_PART_SIZE_BYTES", "part_size_at"]

STREAM_PART_SIZE_BYTES = 64 * 1024**2


def part_size_at(number: int, limits: Limits, wanted_bytes: int | None = None) -> int:
    """Return the size of a part.

    Args:
        number: its number, from 1.
        limits: of the store.
        wanted_bytes: of the first parts; None is `STREAM_PART_SIZE_BYTES`.
    """
    size_bytes = STREAM_PART_SIZE_BYTES if wanted_bytes is None else wanted_bytes
    size_bytes = max(size_bytes, limits.part_size_min_bytes)
    past = number - limits.part_count_max * 9 // 10
    if past > 0 and not limits.equal_parts:
        every = max(1, limits.part_count_max // 500)
        # More doublings than this are beyond any store's limits.
        size_bytes <<= min(64, 1 + (past - 1) // every)
    return min(_aligned(size_bytes, limits.alignment_bytes), limits.part_size_max_bytes)


def _aligned(size_bytes: int, unit: int) -> int:
    return -(-size_bytes // unit) * unit
