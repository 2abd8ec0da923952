"""What a check found: counts, and each difference by name."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s3dlio_core.transfer.report import Failure

__all__ = ["DISCREPANCIES_KEPT_MAX", "CheckReport", "Discrepancy", "Kind"]

#: Differences that a report keeps by name, so that memory stays flat; all are counted.
DISCREPANCIES_KEPT_MAX = 10_000


class Kind(enum.Enum):
    """How the two trees differ in a name."""

    MISSING = "missing"  # only the source has it
    EXTRA = "extra"  # only the destination has it
    DIFFERENT = "different"  # both have it, with other sizes or bytes


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One object in which two trees differ.

    Attributes:
        kind: how.
        path: relative to both trees.
        source: its URI in the source, also where it is missing there.
        destination: likewise.
        source_size_bytes: its size there, or None where it doesn't exist.
        destination_size_bytes: likewise.
    """

    kind: Kind
    path: str
    source: str
    destination: str
    source_size_bytes: int | None = None
    destination_size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The outcome of a check that came to its end.

    Attributes:
        same_count: objects that are alike.
        missing_count: objects that only the source has.
        extra_count: objects that only the destination has.
        different_count: objects that both have, with other sizes or bytes.
        failed_count: what could not be listed or compared.
        skipped_count: what was left out on purpose: skipped links, folder markers where the other
            side has none.
        discrepancies: the first `DISCREPANCIES_KEPT_MAX` differences, in the order of names.
        failures: the first failures.
        notes: what the user should know.
        elapsed_s: wall-clock seconds.
    """

    same_count: int
    missing_count: int
    extra_count: int
    different_count: int
    failed_count: int
    skipped_count: int
    discrepancies: tuple[Discrepancy, ...]
    failures: tuple[Failure, ...]
    notes: tuple[str, ...]
    elapsed_s: float

    @property
    def ok(self) -> bool:
        """Whether both trees are alike, as far as was asked, and all of them could be seen."""
        return not (
            self.missing_count or self.extra_count or self.different_count or self.failed_count
        )
