"""What is copied where, and in which parts. Values only: no I/O, no clock.

A plan is a lazy stream of entries, so listing and copying overlap and memory stays flat. Entries
pickle, since stores pickle by configuration: another process could carry them out.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from s3dlio_core.errors import ObjectTooLargeError

if TYPE_CHECKING:
    from s3dlio_core.store import Limits, ObjectInfo, ObjectStore
    from s3dlio_core.transfer.report import Failure

__all__ = [
    "ABSENT",
    "PART_SIZE_BYTES",
    "Absent",
    "CopyItem",
    "Existing",
    "LeftOut",
    "Note",
    "PlanEntry",
    "Skipped",
    "Unmatched",
    "copy_part_size_for",
    "part_count",
    "part_size_for",
]

MIB = 1024**2
#: What parts are cut to by default: large enough for memory speed, small enough to share out.
PART_SIZE_BYTES = 8 * MIB
#: An object is cut when it is longer than this many parts: one request costs less than four.
WHOLE_OBJECT_PARTS = 2


class Absent(enum.Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"


#: Known not to exist.
ABSENT = Absent.ABSENT
#: What is known of a destination.
Existing: TypeAlias = "ObjectInfo | Absent"


@dataclass(frozen=True, slots=True)
class CopyItem:
    """One object to copy: from where, what it was when it was listed, and its key to be.

    Attributes:
        version: copy this version of it, or None for the current one. (What `info` says of the
            version pins nothing: reading a version by name may need a permission of its own.)
        stale: `info` is known to be out of date; the source must be looked at before it is copied.
        existing: what is known of the destination; None: nothing yet.
    """

    source: ObjectStore
    info: ObjectInfo
    key: str
    version: str | None = None
    stale: bool = False
    existing: Existing | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the user should read."""

    text: str


@dataclass(frozen=True, slots=True)
class LeftOut(Note):
    """A note of what the user chose to leave out: where that is all there is, nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """An object that a rule leaves out."""

    uri: str


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A source that selects nothing."""

    source: str
    reason: str


PlanEntry: TypeAlias = "CopyItem | Note | Skipped | Unmatched | Failure"


def part_size_for(
    size_bytes: int, source: Limits, destination: Limits, wanted_bytes: int | None = None
) -> int | None:
    """Choose the size of the parts of an object.

    Args:
        size_bytes: the object's size.
        source: the limits of the store that it is read from.
        destination: the limits of the store that it is written to.
        wanted_bytes: the part size that the caller asks for; None for the default.

    Returns:
        The size of all parts but the last, or None: write the object whole.

    Raises:
        ObjectTooLargeError: no part size within the destination's limits holds it.
    """
    most = destination.object_size_max_bytes
    if most is not None and size_bytes > most:
        raise ObjectTooLargeError(f"{size_bytes} bytes, and the destination takes at most {most}")
    whole_max = PART_SIZE_BYTES * WHOLE_OBJECT_PARTS if wanted_bytes is None else wanted_bytes
    if size_bytes <= min(whole_max, destination.put_size_max_bytes):
        return None
    # Cut where both stores read and write fast.
    unit = math.lcm(source.alignment_bytes, destination.alignment_bytes)
    part = _cut(size_bytes, destination, wanted_bytes or PART_SIZE_BYTES, unit)
    if size_bytes <= part and size_bytes <= destination.put_size_max_bytes:
        return None
    return part


def copy_part_size_for(
    size_bytes: int, destination: Limits, wanted_bytes: int | None = None
) -> int | None:
    """Choose the size of the parts of a copy that the destination makes by itself.

    Args:
        size_bytes: the object's size.
        destination: the limits of the store.
        wanted_bytes: the part size that the caller asks for; None for the default.

    Returns:
        The size of all parts but the last, or None: copy the object whole.

    Raises:
        ObjectTooLargeError: no part size within the limits holds it.
    """
    whole_max = destination.copy_size_max_bytes
    if size_bytes <= (destination.put_size_max_bytes if whole_max is None else whole_max):
        return None
    return _cut(size_bytes, destination, wanted_bytes or destination.copy_part_size_bytes)


def _cut(size_bytes: int, destination: Limits, wanted_bytes: int, unit: int = 1) -> int:
    """Return the size of parts within a store's limits, a multiple of a unit where that fits.

    Raises:
        ObjectTooLargeError: there is none.
    """
    least = -(-size_bytes // destination.part_count_max)
    if least > destination.part_size_max_bytes:
        raise ObjectTooLargeError(
            f"{size_bytes} bytes need parts of {least}, and the destination takes at most "
            f"{destination.part_size_max_bytes}"
        )
    part = max(wanted_bytes, destination.part_size_min_bytes)
    if part < least:
        part = _round_up(least, MIB)
    part = _round_up(part, unit)
    if part > destination.part_size_max_bytes:
        aligned = destination.part_size_max_bytes // unit * unit
        fits = aligned >= max(least, destination.part_size_min_bytes)
        part = aligned if fits else destination.part_size_max_bytes
    return part


def part_count(size_bytes: int, part_size_bytes: int) -> int:
    """Return how many parts an object of this size has."""
    return -(-size_bytes // part_size_bytes)


def _round_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit
