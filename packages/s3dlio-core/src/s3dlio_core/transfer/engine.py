"""The engine: worker threads that carry out a plan.

One thread reads the plan, others copy whole objects and parts, which wait in one queue: parts of
objects that are begun go before new objects, so few objects are open at a time. The caller's
thread waits, and tells the observer the state ten times a second.

Rules that hold here:
- An error of object scope is recorded and the run goes on; any other stops it.
- What failed is tried again at the plan's end, if that is asked for (`second_tries`).
- Whatever ends a run, every unfinished upload is aborted, and no worker is left running but one
  whose request hangs: nobody who interrupts a run waits for a server that doesn't answer.
- Threads are daemons: an interpreter that exits doesn't wait for them.
- Nothing per object but the queue's lock: no future, no formatted text.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from s3dlio_core.errors import (
    CancelledError,
    PreconditionFailedError,
    S3dlioError,
    Scope,
    ServiceError,
)
from s3dlio_core.logs import get_logger
from s3dlio_core.transfer.aborts import abort_copies
from s3dlio_core.transfer.buffers import BufferPool
from s3dlio_core.transfer.events import CancelToken, TransferObserver
from s3dlio_core.transfer.frames import drop_frames
from s3dlio_core.transfer.ledger import Counters, Ledger
from s3dlio_core.transfer.object_copy import (
    Copied,
    CopyContext,
    looked_at_anew,
)
from s3dlio_core.transfer.overwrite import OverwriteRule
from s3dlio_core.transfer.parted_copy import PartedCopy, copy_streamed
from s3dlio_core.transfer.plan import CopyItem, Note, PlanEntry, Skipped
from s3dlio_core.transfer.report import FAILURES_KEPT_MAX, Failure, Settled, TransferReport
from s3dlio_core.transfer.second_tries import SecondTries
from s3dlio_core.transfer.within_store import WithinStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from s3dlio_core.bandwidth import Bandwidth
    from s3dlio_core.store import Attributes, ObjectInfo, ObjectStore

__all__ = ["Engine"]

_log = get_logger("transfer")

#: How often the observer is told the state.
TICK_S = 0.1
#: How long the end of a run that was stopped waits for requests under way, and for the aborts.
GRACE_S = 5.0
#: Items that are planned ahead: enough to hide a listing request, few enough for flat memory.
PLANNED_AHEAD_MAX = 4096


class Engine:
    """Carries out one plan; made for one run."""

    def __init__(
        self,
        operation: str,
        destination: ObjectStore,
        *,
        jobs: int,
        part_size_bytes: int | None = None,
        attributes: Attributes | None = None,
        observer: TransferObserver | None = None,
        cancel: CancelToken | None = None,
        buffers: BufferPool | None = None,
        retries: int = 0,
        rule: OverwriteRule | None = None,
        guess_content_type: bool = True,
        before_copy: Callable[[CopyItem], Copied | None] | None = None,
        after_copy: Callable[[CopyItem, ObjectInfo], None] | None = None,
        bandwidth: Bandwidth | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            operation: "upload", "download", "copy" or "move"; for messages.
            destination: where everything is written.
            jobs: worker threads at the most.
            part_size_bytes: overrides the defaults of `plan.part_size_for` and
                `plan.copy_part_size_for`.
            attributes: of every object that is written; what they leave unset is the source's.
            observer: is told the progress, from the thread that calls `run`.
            cancel: stops the run when it is set; a run that stops by itself sets it, so that nobody
                waits any more.
            buffers: the memory to use.
            retries: passes at the most over what failed, after the plan's end.
            rule: whether what exists is replaced; None: always.
            guess_content_type: give what has no content type that of its name or its source's.
            before_copy: is called by a worker with each item that is to be copied; the item fails
                with its S3dlioError. What it returns makes the copy, and `after_copy`, needless.
            after_copy: is called by a worker with each item that has been copied, and the object
                at the destination, before it counts as done; the item fails with its S3dlioError.
            bandwidth: what the bytes that are read keep to, those of all workers together.
        """
        self._operation = operation
        self._jobs = jobs
        self._part_size_bytes = part_size_bytes
        self._ledger = Ledger(operation, observer or TransferObserver())
        self._cancel = cancel or CancelToken()
        self._buffers = buffers or BufferPool()
        rule = rule or OverwriteRule()
        self._is_wanted = rule.decider(destination, self._cancel)
        self._context = CopyContext(
            destination,
            self._buffers,
            self._cancel,
            attributes,
            rule.condition(destination),
            guess_content_type,
            bandwidth,
        )
        self._before_copy = before_copy
        self._within = WithinStore(self._context, part_size_bytes)
        self._after_copy = after_copy
        self._action = "moved" if operation == "move" else "copied"
        self._second_tries = SecondTries(retries)

        # Everything below is guarded by one lock. Who waits for what:
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)  # idle workers, for something to do
        self._room = threading.Condition(self._lock)  # the planner, for room in the queue
        self._over = threading.Condition(self._lock)  # the caller, for the end
        self._items: deque[CopyItem] = deque()
        self._parted: deque[PartedCopy] = deque()
        self._unended: set[PartedCopy] = set()
        self._threads: list[threading.Thread] = []
        self._workers = 0
        self._idle = 0
        self._planning = True
        self._stopping = False
        self._stopped_by: S3dlioError | None = None
        self._crash: BaseException | None = None

    def run(self, plan: Iterable[PlanEntry]) -> TransferReport:
        """Carry out a plan and return what was done. Errors are in the report, not raised."""
        _log.info("%s to %s begins", self._operation, self._context.destination.uri)
        self._ledger.begin()
        planner = threading.Thread(
            target=self._read_plan, args=(plan,), name="s3dlio-plan", daemon=True
        )
        self._threads.append(planner)
        planner.start()
        try:
            self._watch()
        finally:
            # Also after KeyboardInterrupt, or an observer that raised: stop, then clean up.
            self._stop(None)
            self._wait_for_threads()
            self._abort_unended()
            self._buffers.close()
            for failure in self._second_tries.unsettled():
                self._ledger.fail(failure)
            report = self._ledger.end(self._stopped_by)
        if self._crash is not None:
            raise self._crash
        return report

    # The caller's thread.

    def _watch(self) -> None:
        while True:
            with self._over:
                if not self._running() or self._stopping:
                    return
                self._over.wait(TICK_S)
                running = self._running()
            if self._cancel.cancelled:
                self._stop(CancelledError("cancelled", operation=self._operation))
            self._ledger.tell()
            if running:
                self._ledger.tell_progress()

    def _running(self) -> bool:
        return self._planning or self._workers > 0

    def _wait_for_threads(self) -> None:
        """Wait until the threads have ended, also for their own clean-up."""
        # After a normal end they are on their way out; after a stop a request may hang.
        deadline = time.monotonic() + GRACE_S
        while alive := [thread for thread in tuple(self._threads) if thread.is_alive()]:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                _log.info("left %d requests behind that don't end", len(alive))
                return
            alive[0].join(left_s)

    def _abort_unended(self) -> None:
        """Abort what is unfinished, in parallel and within `GRACE_S`; note what is left."""
        with self._lock:
            unended = tuple(self._unended)
        left = abort_copies(unended, self._jobs, GRACE_S)
        counters = self._ledger.counters()
        for parted in unended:
            counters.done_bytes -= parted.done_bytes
        uri_of = self._context.destination.uri_of
        for parted, reason in left.items():
            self._ledger.note(
                f"An unfinished upload may be left at {uri_of(parted.item.key)}: {reason}"
            )

    # The planner's thread.

    def _read_plan(self, plan: Iterable[PlanEntry]) -> None:
        try:
            for entry in plan:
                if not self._take(entry):
                    break
            self._ledger.totals_final = True
            self._try_again()
        except S3dlioError as error:
            self._stop(error)
        except BaseException as error:  # noqa: BLE001 - raised again by run(), in the caller's thread
            self._crashed(error)
        finally:
            with self._lock:
                self._planning = False
                self._ledger.totals_final = True
                self._work.notify_all()
                self._over.notify_all()

    def _take(self, entry: PlanEntry) -> bool:
        """Queue or record an entry; return False when the run is stopping."""
        if isinstance(entry, CopyItem):
            return self._queue(entry)
        if isinstance(entry, Failure):
            self._ledger.find(0)
            self._ledger.fail(entry)
        elif isinstance(entry, Note):
            self._ledger.note(entry.text)
        elif isinstance(entry, Skipped):
            self._ledger.skip()
        else:
            self._ledger.miss(entry.source, entry.reason)
        return not self._stopping

    def _queue(self, item: CopyItem) -> bool:
        with self._lock:
            while len(self._items) >= PLANNED_AHEAD_MAX and not self._stopping:
                self._room.wait()
            if self._stopping:
                return False
            self._ledger.find(item.info.size_bytes)
            self._append(item)
        return True

    def _append(self, item: CopyItem) -> None:
        """Queue an item for a worker; the lock is held."""
        self._items.append(item)
        if self._idle >= len(self._items):
            self._work.notify()
        elif self._workers < self._jobs:
            self._start_worker()

    def _try_again(self) -> None:
        """Queue what failed, pass by pass."""
        while self._wait_until_idle() and (items := self._second_tries.next_pass()):
            _log.info("%s tries %d objects again that failed", self._operation, len(items))
            with self._lock:
                for item in items:
                    self._append(item)
        if self._second_tries.refused_count:
            self._ledger.note(
                f"{self._second_tries.refused_count} objects that failed were not tried again: "
                f"at most {FAILURES_KEPT_MAX} are remembered"
            )

    def _wait_until_idle(self) -> bool:
        """Wait until all that was queued has been tried; return False when the run is stopping."""
        with self._lock:
            while not self._stopping and (self._items or self._idle < self._workers):
                self._room.wait()
            return not self._stopping

    def _start_worker(self) -> None:
        """Start a worker; the lock is held."""
        counters = self._ledger.counters()
        self._workers += 1
        name = f"s3dlio-worker-{self._workers}"
        thread = threading.Thread(target=self._run_worker, args=(counters,), name=name, daemon=True)
        try:
            thread.start()
            self._threads.append(thread)
        except RuntimeError:  # the system gives no more threads: go on with those that there are
            self._workers -= 1
            if not self._workers:
                raise
            self._jobs = self._workers

    # The workers' threads.

    def _run_worker(self, counters: Counters) -> None:
        try:
            while True:
                work = self._next()
                if work is None:
                    return
                if isinstance(work, CopyItem):
                    self._copy(work, counters)
                else:
                    self._copy_part(work[0], work[1], counters)
        except BaseException as error:  # noqa: BLE001 - raised again by run(), in the caller's thread
            self._crashed(error)
        finally:
            with self._lock:
                self._workers -= 1
                self._work.notify_all()
                self._over.notify_all()

    def _next(self) -> CopyItem | tuple[PartedCopy, int] | None:
        """Wait for something to do; None when nothing will come any more."""
        with self._lock:
            while not self._stopping:
                while self._parted:
                    parted = self._parted[0]
                    number = parted.claim()
                    if number is not None:
                        return parted, number
                    self._parted.popleft()
                if self._items:
                    if len(self._items) == PLANNED_AHEAD_MAX // 2:
                        self._room.notify()
                    return self._items.popleft()
                # A worker that is busy with an object may yet cut it into parts.
                if not self._planning and self._idle == self._workers - 1:
                    return None
                self._idle += 1
                if self._idle == self._workers:
                    self._room.notify()
                self._work.wait()
                self._idle -= 1
            return None

    def _copy(self, item: CopyItem, counters: Counters) -> None:
        try:
            if item.stale:
                item = self._look_at_anew(item)
            if self._is_wanted is not None and not self._is_wanted(item):
                self._leave(item, counters)
                return
            if self._before_copy is not None and (made := self._before_copy(item)) is not None:
                counters.done_bytes += item.info.size_bytes
                self._count(item, made, counters)
                return
            copied = self._within.copy(item)
            if copied is None:
                copied = copy_streamed(item, self._context, self._part_size_bytes)
            if isinstance(copied, PartedCopy):
                self._begin(copied)
            elif self._finish(item, copied, counters):
                counters.done_bytes += item.info.size_bytes
        except S3dlioError as error:
            self._not_copied(item, error, counters)

    def _finish(self, item: CopyItem, copied: Copied, counters: Counters) -> bool:
        """Do what is left to do with an item that has been copied; return whether it is done."""
        if self._after_copy is not None:
            try:
                self._after_copy(item, copied.info)
            except S3dlioError as error:
                # Another try would find the copy and leave it: the failure would be forgotten.
                self._item_failed(item, error, again=self._is_wanted is None)
                return False
        self._count(item, copied, counters)
        return True

    def _count(self, item: CopyItem, copied: Copied, counters: Counters) -> None:
        """Count an item that is done, and tell it."""
        counters.object_done(copied.outcome)
        self._second_tries.settle(item)
        if self._ledger.tells_settled:
            self._tell(item, copied.info)

    def _tell(self, item: CopyItem, made: ObjectInfo) -> None:
        """Tell of an item that is done; wait while the observer is far behind."""
        settled = Settled(
            self._action,
            item.source.uri_of(item.info.key),
            self._context.destination.uri_of(item.key),
            item.info.size_bytes,
            made.etag,
            made.version,
        )
        while self._ledger.is_full and not self._cancel.wait(TICK_S / 10):
            pass
        self._ledger.settle(settled)

    def _leave(self, item: CopyItem, counters: Counters) -> None:
        """Count an item whose destination stays as it is."""
        counters.object_left(item.info.size_bytes)
        self._second_tries.settle(item)

    def _not_copied(self, item: CopyItem, error: S3dlioError, counters: Counters) -> None:
        """Record why an item was not copied; somebody else's object under its key is no failure."""
        is_condition = isinstance(error, PreconditionFailedError)
        if is_condition and self._context.condition is not None and not error.maybe_done:
            self._leave(item, counters)
        else:
            # Another try would find what is there, and can't tell whose it is either.
            self._item_failed(item, error, again=not (is_condition and error.maybe_done))

    def _look_at_anew(self, item: CopyItem) -> CopyItem:
        new = looked_at_anew(item)
        self._ledger.resize(new.info.size_bytes - item.info.size_bytes)
        return new

    def _begin(self, parted: PartedCopy) -> None:
        with self._lock:
            self._unended.add(parted)
        try:
            parted.begin()
        except BaseException:
            self._ended(parted)
            raise
        with self._lock:
            stopping = self._stopping
            if not stopping:
                self._parted.append(parted)
                helpers = min(parted.count - 1 - self._idle, self._jobs - self._workers)
                for _ in range(helpers):
                    self._start_worker()
                self._work.notify_all()
        if stopping:
            parted.abort()
            self._ended(parted)

    def _copy_part(self, parted: PartedCopy, number: int, counters: Counters) -> None:
        copied_bytes, last = parted.copy_part(number)
        counters.done_bytes += copied_bytes
        if parted.error is not None and parted.error.scope is not Scope.OBJECT:
            self._item_failed(parted.item, parted.error)
        with self._lock:
            if not last or self._stopping:
                return
            parted.ending = True
        done = False
        try:
            done = self._finish(parted.item, parted.end(), counters)
        except S3dlioError as error:
            if self._within.is_to_be_streamed(parted, error):
                with self._lock:
                    self._append(parted.item)
            else:
                self._not_copied(parted.item, error, counters)
        finally:
            counters.done_bytes -= 0 if done else parted.done_bytes
            self._ended(parted)

    def _ended(self, parted: PartedCopy) -> None:
        with self._lock:
            self._unended.discard(parted)

    # Any thread.

    def _item_failed(self, item: CopyItem, error: S3dlioError, *, again: bool = True) -> None:
        """Record an item that failed, or stop the run; `again`: another try may help."""
        source = item.source.uri_of(item.info.key)
        error.operation = error.operation or self._operation
        error.uri = error.uri or source
        if error.scope is not Scope.OBJECT:
            self._stop(error)
            return
        failure = Failure(source, self._context.destination.uri_of(item.key), error)
        if again and self._second_tries.postpone(item, failure):
            return
        self._second_tries.settle(item)
        self._ledger.fail(failure)

    def _stop(self, error: S3dlioError | None) -> None:
        """Stop the run; the first error is the one that counts."""
        if error is not None:
            drop_frames(error)
        with self._lock:
            if error is not None and self._running() and self._stopped_by is None:
                self._stopped_by = error
            self._stopping = True
            if self._running():
                self._cancel.cancel()
            self._work.notify_all()
            self._room.notify_all()
            self._over.notify_all()

    def _crashed(self, error: BaseException) -> None:
        """Remember an error that nobody expected; `run` raises it."""
        self._crash = self._crash or error
        self._stop(
            ServiceError(f"unexpected {type(error).__name__}: {error}", operation=self._operation)
        )
