"""What a transfer did: counts, bytes, time, and each failure by name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from s3dlio_core.errors import TransferFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from s3dlio_core.errors import S3dlioError

__all__ = [
    "FAILURES_KEPT_MAX",
    "PLANNED_KEPT_MAX",
    "Failure",
    "Planned",
    "Settled",
    "TransferReport",
]

#: Failures that a report keeps by name, so that memory stays flat; all are counted.
FAILURES_KEPT_MAX = 10_000
#: What a dry run would do that its report keeps by name, likewise.
PLANNED_KEPT_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Failure:
    """One object that could not be transferred.

    Attributes:
        source: the source's URI.
        destination: the destination's URI, or "" (a deletion).
        error: why.
    """

    source: str
    destination: str
    error: S3dlioError


@dataclass(frozen=True, slots=True)
class Settled:
    """One object that is done.

    Attributes:
        action: "copied", "moved" or "deleted".
        source: the source's URI.
        destination: the destination's URI, or "" (a deletion).
        size_bytes: how much was copied; None of a deletion, which doesn't ask for sizes.
        etag: the destination's entity tag, or None.
        version: the destination's version, or None.
    """

    action: str
    source: str
    destination: str = ""
    size_bytes: int | None = None
    etag: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """One thing that a dry run would do.

    Attributes:
        source: the URI of what would be copied or deleted.
        destination: the URI that it would be copied to, or "" (a deletion).
        size_bytes: how much would be copied; None of a deletion.
    """

    source: str
    destination: str
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class TransferReport:
    """The outcome of an operation over many objects.

    Attributes:
        operation: "upload", "download", "copy", "move", "put", "sync" or "delete".
        done_count: objects transferred.
        done_bytes: their bytes.
        failed_count: objects that failed.
        failures: the first `FAILURES_KEPT_MAX` of them.
        skipped_count: objects left out by a rule, e.g. folder markers.
        verified_count: objects whose bytes, as they were read, have the checksum that their store
            tells of them. Stores without checksums, such as files, have none.
        unverified: why others couldn't be compared with a checksum although their store was asked
            for one, and how many; they were transferred all the same.
        unmatched: those of several sources that matched nothing.
        notes: what the user should know, e.g. "2 subdirectories were left out".
        elapsed_s: wall-clock seconds.
        stopped_by: the error that ended the run early, or None.
        deleted_count: objects that were deleted: by a sync, since its source hasn't them, or by a
            deletion, of which it is `done_count`.
        dry_run: whether nothing was done: what is counted as done only would be.
        planned: the first `PLANNED_KEPT_MAX` of what a dry run would do.
    """

    operation: str
    done_count: int = 0
    done_bytes: int = 0
    failed_count: int = 0
    failures: tuple[Failure, ...] = ()
    skipped_count: int = 0
    verified_count: int = 0
    unverified: Mapping[str, int] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    elapsed_s: float = 0.0
    stopped_by: S3dlioError | None = None
    dry_run: bool = False
    planned: tuple[Planned, ...] = ()
    deleted_count: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for was done."""
        return not self.failed_count and not self.unmatched and self.stopped_by is None

    def with_remarks(self, remarks: Iterable[str]) -> TransferReport:
        """Return this report with further notes; what it has already isn't repeated.

        Args:
            remarks: of the stores (`ObjectStore.remarks`).
        """
        new = [text for text in dict.fromkeys(remarks) if text not in self.notes]
        return replace(self, notes=(*self.notes, *new)) if new else self

    @property
    def bytes_per_s(self) -> float:
        """The mean rate in bytes per second."""
        return self.done_bytes / self.elapsed_s if self.elapsed_s > 0 else 0.0

    def raise_for_failures(self) -> None:
        """Raise what stopped the run, or TransferFailedError when not all was done."""
        if self.stopped_by is not None:
            raise self.stopped_by
        if not self.ok:
            raise TransferFailedError.from_report(self)
