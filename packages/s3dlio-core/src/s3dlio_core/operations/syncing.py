"""sync: make one tree like another."""

from __future__ import annotations

import contextlib
import itertools
import os
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.operations.settings import TransferKeywords, TransferSettings
from s3dlio_core.operations.transfers import hint_at_creation, make_run, prepare
from s3dlio_core.operations.trees import nothing_there, own_links, place_of, refuse_choices
from s3dlio_core.sides import open_sides
from s3dlio_core.transfer.events import CancelToken
from s3dlio_core.transfer.failure_lists import list_paths, listing_failures, without_lists
from s3dlio_core.transfer.overwrite import Compare
from s3dlio_core.trees.comparison import Comparison
from s3dlio_core.trees.extras import Extras
from s3dlio_core.trees.overlap import refuse_overlap
from s3dlio_core.trees.sync_plan import SyncPlan
from s3dlio_core.trees.sync_run import HeldEnd, delete_extras
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Unpack

    from s3dlio_core.operations.arguments import UriLike
    from s3dlio_core.session import Place
    from s3dlio_core.sides import Sides
    from s3dlio_core.transfer.report import TransferReport
    from s3dlio_core.trees.order import Found

__all__ = ["sync"]


def sync(
    source: UriLike,
    destination: UriLike,
    max_in_flight: int = 32,
    *,
    delete: bool = False,
    max_delete: int | None = None,
    create_bucket: bool = False,
    **keywords: Unpack[TransferKeywords],
) -> TransferReport:
    """Make what lies below the destination like what lies below the source.

    Contents go to contents, whether the two are written with a "/" behind or not. Both are taken
    literally, and all depths of them. What is there and unchanged (`overwrite`, "changed" when
    nothing is said) isn't copied.

    Args:
        source: a directory or prefix.
        destination: a directory or prefix, which lies not in the source, nor the source in it.
        max_in_flight: objects and parts that are transferred at the same time, at the most.
        delete: when all is copied, delete what only the destination has. Nothing is deleted when
            anything went wrong: a listing that broke off, was out of order or had to leave
            something out, an object that failed, a source that has nothing. Nor is what the
            filters leave out, on either side, what `links="skip"` leaves out, or what a symbolic
            link points to.
        max_delete: delete nothing at all when it would be more than this.
        create_bucket: create the destination's bucket or container when it doesn't exist.
        keywords: see `TransferKeywords`; `names` and `patterns` mean nothing here.

    Returns:
        What was done (`deleted_count`, too), and by name what failed.

    Raises:
        DeletionRefusedError: all was copied and nothing deleted, since that would have been more
            than `max_delete` allows, or all of it.
        NothingMatchedError: the source has nothing at all; nothing was changed.
        TransferFailedError, CancelledError, UsageError, S3dlioError: as of `upload`.
    """
    refuse_choices("sync", keywords)
    if keywords.get("overwrite") is None:
        keywords["overwrite"] = "changed"
    _check_max_delete(max_delete, delete=delete)
    settings = TransferSettings(max_in_flight, create_bucket, recursive=True, **keywords)
    cancel = (settings.cancel or CancelToken()).child()
    with contextlib.ExitStack() as stack:
        sides = stack.enter_context(
            open_sides(
                own_links(settings.sides, parse_uri(destination)),
                [parse_uri(source)],
                parse_uri(destination),
                cancel,
                reads_checksums=settings.rule.compare is Compare.CHECKSUM,
            )
        )
        extras = stack.enter_context(contextlib.closing(Extras())) if delete else None
        run = _Sync(sides, os.fspath(source), os.fspath(destination), settings, cancel)
        report = run.run(extras, max_delete)
    if settings.raise_on_failure:
        report.raise_for_failures()
    return report


def _check_max_delete(max_delete: int | None, *, delete: bool) -> None:
    if max_delete is None:
        return
    if isinstance(max_delete, bool) or not isinstance(max_delete, int):
        raise TypeError(f"max_delete is an int, not {max_delete!r}")
    if max_delete < 0:
        raise errors.UsageError(f"max_delete is 0 or more, not {max_delete}")
    if not delete:
        raise errors.UsageError("max_delete goes with delete", hint="Say delete (--delete), too")


class _Sync:
    """One run."""

    def __init__(
        self,
        sides: Sides,
        source: str,
        destination: str,
        settings: TransferSettings,
        cancel: CancelToken,
    ) -> None:
        self._sides = sides
        self._settings = settings
        self._cancel = cancel
        self._text = source
        self._goal = parse_uri(destination)
        self._source = place_of(sides.source, parse_uri(source))
        self._destination = place_of(sides.destination, self._goal)
        refuse_overlap(self._source, self._destination)
        self._comparison = Comparison(self._source, self._destination, settings.filters)

    def run(self, extras: Extras | None, max_delete: int | None) -> TransferReport:
        """Copy, and then delete."""
        settings, store = self._settings, self._destination.store
        lists = settings.failures, settings.failures0
        plan = SyncPlan(self._comparison, self._text, extras, list_paths(lists))
        found = self._found()
        prepared = prepare(self._sides.destination, self._goal, self._destination, settings)
        existing: Iterator[Found] = self._comparison.destination_listing()
        if settings.dry_run:
            existing = _none_if_missing(existing, self._destination)
        entries = itertools.chain(prepared, without_lists(plan.entries(found, existing), lists))
        with contextlib.ExitStack() as stack:
            observer = settings.observer
            if not settings.dry_run:
                observer = stack.enter_context(listing_failures(observer, *lists))
            held = HeldEnd(observer)
            stack.callback(held.release)
            report = make_run("sync", store, settings, held, self._cancel).run(entries)
            hint_at_creation(report, self._destination)
            if extras is not None:
                report = delete_extras(
                    report,
                    extras,
                    plan,
                    self._destination,
                    max_delete=max_delete,
                    observer=held,
                    cancel=self._cancel,
                )
            report = report.with_remarks(self._sides.remarks())
            held.state_of(report)
            return report

    def _found(self) -> Iterator[Found]:
        """Return what the source has, when it has something: nothing is changed before.

        Raises:
            NothingMatchedError: it hasn't.
        """
        listing = self._comparison.source_listing()
        try:
            first = next(listing, None)
        except errors.ContainerNotFoundError as error:
            if not self._source.store.capabilities.directories:
                raise
            raise nothing_there("sync", self._source, error.reason) from error
        if first is None:
            if self._source.store.capabilities.directories:
                raise self._is_empty()
            raise nothing_there("sync", self._source, "nothing is there")
        return itertools.chain([first], listing)

    def _is_empty(self) -> errors.NothingMatchedError:
        sieve = self._comparison.sieve
        left_out = sieve is not None and sieve.anything
        return errors.NothingMatchedError(
            f"the directory {'has nothing that the filters leave' if left_out else 'is empty'}, "
            "so nothing was done",
            operation="sync",
            uri=self._source.store.uri_of(self._source.prefix),
            hint="To empty a destination, use delete",
        )


def _none_if_missing(listing: Iterator[Found], place: Place) -> Iterator[Found]:
    """Yield a listing; nothing of a container that a real run would create first."""
    try:
        yield from listing
    except errors.ContainerNotFoundError as error:
        if not error.uri.startswith(place.store.uri):
            raise
