"""put_stream: what a function reads becomes an object, with a report as transfers have it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.content_types import with_content_type
from s3dlio_core.operations.arguments import Progress, UriLike, as_observer
from s3dlio_core.operations.streaming import open_writer
from s3dlio_core.store import Attributes, Condition
from s3dlio_core.streams.upload import PARTS_AT_ONCE
from s3dlio_core.transfer.ledger import Ledger
from s3dlio_core.transfer.overwrite import Overwrite, OverwriteRule
from s3dlio_core.transfer.report import Failure, Settled
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from s3dlio_core.transfer.events import CancelToken
    from s3dlio_core.transfer.report import TransferReport

__all__ = ["put_stream"]

#: How often the observer is told the state, while bytes come.
TICK_S = 0.1


class _Told:
    """Reads for a writer, and tells the observer meanwhile how much was sent."""

    def __init__(self, readinto: Callable[[memoryview], int], ledger: Ledger) -> None:
        self._readinto = readinto
        self._ledger = ledger
        self._untold_bytes = 0
        self._next_tick_s = 0.0

    def readinto(self, view: memoryview) -> int:
        """Fill a view, and return how many bytes it got."""
        count = self._readinto(view)
        self._untold_bytes += count
        now_s = time.monotonic()
        if now_s >= self._next_tick_s or not count:
            self._next_tick_s = now_s + TICK_S
            self._ledger.resize(self._untold_bytes)
            self._untold_bytes = 0
            self._ledger.tell_progress()
        return count


def put_stream(
    readinto: Callable[[memoryview], int],
    uri: UriLike,
    *,
    name: str = "-",
    attributes: Attributes | None = None,
    guess_content_type: bool = True,
    overwrite: str | None = None,
    create_bucket: bool = False,
    part_size_bytes: int | None = None,
    max_in_flight: int = PARTS_AT_ONCE,
    options: Mapping[str, str] | None = None,
    progress: Progress = None,
    cancel: CancelToken | None = None,
    raise_on_failure: bool = True,
) -> TransferReport:
    """Write what a function reads as one object; parts are sent while more is read.

    Args:
        readinto: fills a view with at least one byte and returns how many it got, 0 at the end.
            What it raises ends the upload, and nothing is written.
        uri: the object's name.
        name: what is read, for messages.
        attributes: what the object is written with.
        guess_content_type: give it the content type of its name, if it has none.
        overwrite: "always" or "never"; a stream has nothing to compare.
        create_bucket: create the destination's bucket or container when it doesn't exist.
        part_size_bytes: of the parts; see `open`.
        max_in_flight: parts on their way at the most.
        options: the store's settings.
        progress: an observer, or True for bars.
        cancel: ends the upload when it is set.
        raise_on_failure: raise what went wrong. Otherwise it is only in the report.

    Raises:
        S3dlioError: it could not be written, or not be read.
    """
    rule = OverwriteRule.from_names(overwrite, None)
    if rule.when not in (Overwrite.ALWAYS, Overwrite.NEVER):
        raise errors.UsageError(
            f'overwrite "{rule.when.value}" compares times, and a stream has none',
            hint='Say "always" or "never"',
        )
    condition = Condition(if_absent=True) if rule.when is Overwrite.NEVER else None
    key = parse_uri(uri).key
    if not key or key.endswith("/"):
        raise errors.UsageError(
            "a stream has no name of its own", uri=str(uri), hint="Name the object"
        )
    if guess_content_type:
        attributes = with_content_type(attributes, key)
    ledger = Ledger("put", as_observer(progress))
    counters = ledger.counters()

    def count_sent(size_bytes: int) -> None:
        counters.done_bytes += size_bytes

    ledger.begin()
    ledger.find(0)
    stopped_by: errors.S3dlioError | None = None
    try:
        with open_writer(
            uri,
            attributes=attributes,
            condition=condition,
            create_bucket=create_bucket,
            part_size_bytes=part_size_bytes,
            max_in_flight=max_in_flight,
            options=options,
            cancel=cancel,
            sent=count_sent,
        ) as writer:
            try:
                writer.take_from(_Told(readinto, ledger).readinto)
                ledger.totals_final = True
                writer.close()
            finally:
                ledger.remark(writer.remarks())
        counters.object_done(None)
        if ledger.tells_settled and (info := writer.info) is not None:
            ledger.settle(
                Settled("copied", name, str(uri), info.size_bytes, info.etag, info.version)
            )
    except errors.S3dlioError as error:
        counters.done_bytes = 0
        if condition is not None and isinstance(error, errors.PreconditionFailedError):
            counters.object_left(0)
        else:
            stopped_by = _failed(error, ledger, name, str(uri))
    finally:
        # Also after KeyboardInterrupt: an observer that was told the beginning is told the end.
        report = ledger.end(stopped_by)
    if raise_on_failure:
        report.raise_for_failures()
    return report


def _failed(
    error: errors.S3dlioError, ledger: Ledger, name: str, uri: str
) -> errors.S3dlioError | None:
    """Record an error; return what stopped the run, which an error of the object alone doesn't."""
    if error.scope is not errors.Scope.OBJECT:
        return error
    ledger.fail(Failure(name, uri, error))
    return None
