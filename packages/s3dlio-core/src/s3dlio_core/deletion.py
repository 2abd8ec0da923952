"""Deleting what selections find, in the stores' own batches."""

from __future__ import annotations

import itertools
import operator
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.selection import Selection, expand
from s3dlio_core.selection.filters import Filters, Sieve, left_out_text
from s3dlio_core.store import ListError, ObjectInfo
from s3dlio_core.transfer.named import NotFound
from s3dlio_core.transfer.report import Failure, Planned, Settled, TransferReport
from s3dlio_core.transfer.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from s3dlio_core.store import ObjectStore
    from s3dlio_core.transfer.events import CancelToken, TransferObserver
    from s3dlio_core.transfer.named import NamedObjects

__all__ = ["Deletion", "delete_batch"]


class Deletion:
    """One run of a deletion. A key counts as deleted when the store has answered for its batch."""

    def __init__(
        self,
        observer: TransferObserver,
        cancel: CancelToken,
        filters: Filters | None = None,
        *,
        dry_run: bool = False,
    ) -> None:
        """Prepare a run.

        Args:
            observer: is told the progress.
            cancel: stops after the current batch.
            filters: what objects must be like to be deleted.
            dry_run: delete nothing, but tell what would be.
        """
        self._tally = Tally("delete", observer, dry_run=dry_run)
        self._dry_run = dry_run
        self._cancel = cancel
        self._filters = filters
        self._left_out_objects = 0
        self._left_out_directories = 0

    def run(
        self,
        selections: Sequence[Selection | errors.NothingMatchedError],
        *,
        recursive: bool,
        named: NamedObjects | None = None,
    ) -> TransferReport:
        """Delete what the selections find. Errors are in the report, but usage errors are raised.

        Args:
            selections: what each text that was given selects, or why it's nothing.
            recursive: take what lies below directories.
            named: the objects that are meant, all of them in the selections; None for all of those.

        Raises:
            UsageError: a directory without `recursive`; nothing was deleted.
        """
        found = [one for one in selections if isinstance(one, Selection)]
        if named is None:
            for selection in found:
                _check_directory(selection, recursive=recursive)
        with self._tally.counting():
            for one in selections:
                if isinstance(one, errors.NothingMatchedError):
                    self._tally.miss(one.uri, str(one), tell=False)
            if named is not None:
                self._delete_named(named, found)
            else:
                for selection in found:
                    self._delete(selection, recursive=recursive)
            self._note_left_out()
            if self._tally.missed_count < len(selections):  # else the caller's error says it all
                self._tally.tell_notes()
        return self._tally.report

    def _note_left_out(self) -> None:
        counts = self._left_out_objects, self._left_out_directories
        if any(counts):
            self._tally.note(left_out_text(*counts), tell=False)

    def _delete(self, selection: Selection, *, recursive: bool) -> None:
        store = selection.place.store
        before = self._tally.found_count
        filters = self._filters
        sieve = None if filters is None else Sieve(filters, selection.place.prefix)
        self._delete_all(store, self._keys(selection, sieve, recursive=recursive))
        if sieve is not None and sieve.anything:
            self._leave_out(sieve)
        elif self._tally.found_count == before:
            text = errors.printable(selection.text)
            self._tally.miss(selection.text, f"{text}: {selection.nothing_matched}", tell=False)

    def _delete_named(self, named: NamedObjects, selections: Sequence[Selection]) -> None:
        """Delete what names lead to, in their order."""
        sieves: dict[str, Sieve] = {}
        if self._filters is not None:
            prefixes = (selection.place.prefix for selection in selections)
            sieves = {prefix: Sieve(self._filters, prefix) for prefix in prefixes}
        found = self._named_keys(named, selections, sieves)
        for store, group in itertools.groupby(found, operator.itemgetter(0)):
            self._delete_all(store, (key for _, key in group))
        for sieve in sieves.values():
            self._leave_out(sieve)

    def _named_keys(
        self, named: NamedObjects, selections: Sequence[Selection], sieves: Mapping[str, Sieve]
    ) -> Iterator[tuple[ObjectStore, str]]:
        for answer in named.find(selections):
            if isinstance(answer, NotFound):
                self._fail(answer.uri, answer.error)
                continue
            selection, found = answer
            store, prefix = selection.place.store, selection.place.prefix
            if prefix in sieves and not sieves[prefix].keep(found):
                continue
            if isinstance(found, ObjectInfo):
                yield store, found.key
            elif not found.wanted:
                self._fail(store.uri_of(found.key), found.error)

    def _leave_out(self, sieve: Sieve) -> None:
        self._left_out_objects += sieve.object_count
        self._left_out_directories += sieve.directory_count

    def _fail(self, uri: str, error: errors.S3dlioError) -> None:
        self._tally.found_count += 1
        self._tally.fail(Failure(uri, "", error))

    def _delete_all(self, store: ObjectStore, keys: Iterator[str]) -> None:
        while batch := list(itertools.islice(keys, store.limits.delete_batch_max)):
            self._tally.found_count += len(batch)
            if self._dry_run:
                for key in batch:
                    self._tally.plan(Planned(store.uri_of(key), "", None))
            else:
                tally = self._tally
                settled = tally.settle if tally.tells_settled else None
                tally.done_count += delete_batch(store, batch, tally.fail, settled)
            self._tally.tick()

    def _keys(self, selection: Selection, sieve: Sieve | None, *, recursive: bool) -> Iterator[str]:
        for found in expand(selection, recursive=recursive, sieve=sieve):
            self._cancel.raise_if_cancelled("delete", selection.text)
            if isinstance(found, ObjectInfo):
                yield found.key
            elif isinstance(found, ListError) and not found.wanted:
                self._fail(selection.place.store.uri_of(found.key), found.error)


def delete_batch(
    store: ObjectStore,
    keys: Sequence[str],
    fail: Callable[[Failure], None],
    settled: Callable[[Settled], None] | None,
) -> int:
    """Delete keys, and tell what becomes of each.

    Args:
        store: holds them.
        keys: exactly these.
        fail: is told each that could not be deleted.
        settled: is told each that was deleted, if anybody wants to know.

    Returns:
        How many were deleted.
    """
    failed_keys: set[str] = set()
    for failed in store.delete_many(keys):
        failed_keys.add(failed.key)
        fail(Failure(store.uri_of(failed.key), "", failed.error))
    if settled is not None:
        for key in keys:
            if key not in failed_keys:
                settled(Settled("deleted", store.uri_of(key)))
    return len(keys) - len(failed_keys)


def _check_directory(selection: Selection, *, recursive: bool) -> None:
    if selection.names_directory and not recursive:
        raise errors.UsageError(
            "this names a directory",
            operation="delete",
            uri=selection.text,
            hint="Say recursive (-r) to delete all that lies below it",
        )
