"""Comparing two trees without copying.

Rules that hold in this file:
- What can't be compared is a failure, never taken for alike.
- With checksums: those that the stores tell; what one tells is compared with the other's bytes;
  where neither tells one, both objects are read.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, TypeAlias

from s3dlio_core.errors import ContainerNotFoundError, ObjectNotFoundError, S3dlioError, Scope
from s3dlio_core.selection.filters import left_out_text
from s3dlio_core.store import ObjectInfo
from s3dlio_core.transfer.in_order import in_order
from s3dlio_core.transfer.plan import CopyItem
from s3dlio_core.transfer.report import Failure
from s3dlio_core.transfer.same_content import same_bytes, same_content
from s3dlio_core.transfer.tally import Tally
from s3dlio_core.trees.check_report import (
    DISCREPANCIES_KEPT_MAX,
    CheckReport,
    Discrepancy,
    Kind,
)
from s3dlio_core.trees.comparison import Extra, Match, Unlisted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from s3dlio_core.transfer.events import CancelToken, TransferObserver
    from s3dlio_core.trees.comparison import Comparison, Difference

__all__ = ["Check"]

#: What is found of an entry: how it differs, None: it doesn't, or why that can't be told.
_Verdict: TypeAlias = "Kind | S3dlioError | None"


class Check:
    """One check; made for one run."""

    def __init__(
        self,
        comparison: Comparison,
        *,
        by_checksum: bool,
        jobs: int,
        observer: TransferObserver,
        cancel: CancelToken,
        tell: Callable[[Discrepancy], None] | None,
    ) -> None:
        """Prepare it.

        Args:
            comparison: of the two trees.
            by_checksum: compare bytes; else sizes.
            jobs: comparisons at the same time, at the most.
            observer: is told the progress.
            cancel: ends the run.
            tell: is called with each difference, in the order of names.
        """
        self._comparison = comparison
        self._by_checksum = by_checksum
        self._jobs = jobs
        self._cancel = cancel
        self._tell = tell
        self._tally = Tally("check", observer, dry_run=False)
        self._counts: collections.Counter[Kind] = collections.Counter()
        self._kept: list[Discrepancy] = []
        # Files need no folder markers, so where only one side has them they are no difference.
        sides = (comparison.source.store, comparison.destination.store)
        self._ignores_markers = any(store.capabilities.directories for store in sides)

    def run(self) -> CheckReport:
        """Compare.

        Raises:
            S3dlioError: what ended the run: a listing that can't be read to its end …
        """
        comparison, tally = self._comparison, self._tally
        with tally.counting():
            differences = comparison.differences(
                comparison.source_listing(), comparison.destination_listing()
            )
            for difference, verdict in self._judged(differences):
                self._take(difference, verdict)
                tally.tick()
            sieve = comparison.sieve
            if sieve is not None and sieve.anything:
                tally.note(left_out_text(sieve.object_count, sieve.directory_count))
            for text in self._remarks():
                tally.note(text, tell=False)
        report = tally.report
        if report.stopped_by is not None:
            raise report.stopped_by
        return CheckReport(
            same_count=report.done_count,
            missing_count=self._counts[Kind.MISSING],
            extra_count=self._counts[Kind.EXTRA],
            different_count=self._counts[Kind.DIFFERENT],
            failed_count=report.failed_count,
            skipped_count=report.skipped_count,
            discrepancies=tuple(self._kept),
            failures=report.failures,
            notes=report.notes,
            elapsed_s=report.elapsed_s,
        )

    def _remarks(self) -> Iterable[str]:
        comparison = self._comparison
        stores = comparison.source.store, comparison.destination.store
        return dict.fromkeys(text for store in stores for text in store.remarks())

    def _judged(self, differences: Iterable[Difference]) -> Iterator[tuple[Difference, _Verdict]]:
        if self._by_checksum:
            return in_order(self._judge, differences, self._jobs, self._cancel)
        return ((difference, self._judge(difference)) for difference in differences)

    def _judge(self, difference: Difference) -> _Verdict:
        """Return how an object differs; called in threads."""
        self._cancel.raise_if_cancelled("check")
        if isinstance(difference, Unlisted):
            return difference.error.error
        if not isinstance(difference, Match):
            return Kind.EXTRA
        try:
            return self._compare(difference)
        except S3dlioError as error:
            if error.scope is not Scope.OBJECT:
                raise
            error.operation = error.operation or "check"
            error.uri = error.uri or self._comparison.source.store.uri_of(difference.source.key)
            return error

    def _compare(self, match: Match) -> Kind | None:
        source, destination = self._comparison.source, self._comparison.destination
        key = destination.prefix + match.path
        existing = match.existing
        if existing is None:
            try:
                existing = destination.store.head(key)
            except (ObjectNotFoundError, ContainerNotFoundError):
                return Kind.MISSING
        if not isinstance(existing, ObjectInfo):
            return Kind.MISSING
        if existing.size_bytes != match.source.size_bytes:
            return Kind.DIFFERENT
        if not self._by_checksum:
            return None
        item = CopyItem(source.store, match.source, key, existing=existing)
        is_same = same_content(item, destination.store, self._cancel)
        if is_same is None:
            is_same = same_bytes(item, destination.store, self._cancel)
        return None if is_same else Kind.DIFFERENT

    def _take(self, difference: Difference, verdict: _Verdict) -> None:
        tally = self._tally
        if self._is_left_out(difference, verdict):
            tally.skipped_count += 1
            return
        tally.found_count += 1
        if isinstance(difference, Match):
            tally.found_bytes += difference.source.size_bytes
        if isinstance(verdict, S3dlioError):
            tally.fail(Failure(self._uri_of(difference), "", verdict))
        elif isinstance(verdict, Kind) and not isinstance(difference, Unlisted):
            self._differs(difference, verdict)
        else:
            tally.done_count += 1
            tally.done_bytes += difference.source.size_bytes if isinstance(difference, Match) else 0

    def _is_left_out(self, difference: Difference, verdict: _Verdict) -> bool:
        if isinstance(difference, Unlisted):
            return difference.error.wanted
        info = difference.source if isinstance(difference, Match) else difference.info
        path = difference.path
        is_marker = not path or (self._ignores_markers and path.endswith("/"))
        return is_marker and not info.size_bytes and verdict in {Kind.MISSING, Kind.EXTRA}

    def _uri_of(self, difference: Difference) -> str:
        if isinstance(difference, Unlisted):
            return difference.store.uri_of(difference.error.key)
        place = self._comparison.source
        return place.store.uri_of(place.prefix + difference.path)

    def _differs(self, difference: Match | Extra, kind: Kind) -> None:
        source, destination = self._comparison.source, self._comparison.destination
        mine = difference.source if isinstance(difference, Match) else None
        theirs = difference.existing if isinstance(difference, Match) else difference.info
        found = Discrepancy(
            kind,
            difference.path,
            source.store.uri_of(source.prefix + difference.path),
            destination.store.uri_of(destination.prefix + difference.path),
            None if mine is None else mine.size_bytes,
            theirs.size_bytes if isinstance(theirs, ObjectInfo) else None,
        )
        self._counts[kind] += 1
        if len(self._kept) < DISCREPANCIES_KEPT_MAX:
            self._kept.append(found)
        if self._tell is not None:
            self._tell(found)
