"""The engine: everything is copied, failures stay where they are, and every end is clean."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors
from s3dlio_core.file_store import FileStore
from s3dlio_core.listing import iterate
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.retry import RetryingStore
from s3dlio_core.store import Attributes, Capabilities, ObjectInfo
from s3dlio_core.testing.discarding import DiscardingSink
from s3dlio_core.testing.faults import Fault, FaultyStore
from s3dlio_core.testing.generated import GeneratedSource
from s3dlio_core.transfer import engine as engine_module
from s3dlio_core.transfer.buffers import BufferPool
from s3dlio_core.transfer.engine import PLANNED_AHEAD_MAX, Engine
from s3dlio_core.transfer.events import CancelToken, Snapshot, TransferObserver
from s3dlio_core.transfer.plan import CopyItem, Note, PlanEntry, Skipped, Unmatched
from s3dlio_core.transfer.report import Failure, TransferReport

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Iterator

    from s3dlio_core.store import Buffer, Condition, ObjectReader, ObjectStore

DENIED = errors.PermissionDeniedError("no")
KIB = 1024
#: What has these is written to through this machine, also from another container.
STREAMED = Capabilities(copy=False)


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """Whatever a test does: at its end no thread of the engine is left."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("s3dlio-"):
            thread.join(30)
            assert not thread.is_alive(), thread.name


@pytest.fixture
def source() -> MemoryStore:
    """An empty container to copy from."""
    return _container()


@pytest.fixture
def destination() -> MemoryStore:
    """An empty container to copy to."""
    return _container()


def _container(capabilities: Capabilities | None = None) -> MemoryStore:
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return MemoryStore(name, capabilities=capabilities or STREAMED)


def _fill(store: ObjectStore, *keys: str, size_bytes: int = 10) -> None:
    for key in keys:
        store.put(key, (key.encode() * (size_bytes // len(key) + 1))[:size_bytes])


def _plan(store: ObjectStore) -> Iterator[PlanEntry]:
    for found in iterate(store):
        assert isinstance(found, ObjectInfo)
        yield CopyItem(store, found, found.key)


def _content(store: ObjectStore, key: str) -> bytes:
    with store.open_reader(key) as reader:
        return reader.read()


def _keys(store: ObjectStore) -> list[str]:
    return [info.key for info in store.list_page().objects]


class Recorder(TransferObserver):
    """Remembers all that it is told."""

    def __init__(self) -> None:
        self.begun: list[Snapshot] = []
        self.snapshots: list[Snapshot] = []
        self.failures: list[Failure] = []
        self.notes: list[str] = []
        self.ends: list[tuple[Snapshot, TransferReport]] = []

    def started(self, snapshot: Snapshot) -> None:
        """Remember."""
        self.begun.append(snapshot)

    def progressed(self, snapshot: Snapshot) -> None:
        """Remember."""
        self.snapshots.append(snapshot)

    def failed(self, failure: Failure) -> None:
        """Remember."""
        self.failures.append(failure)

    def noted(self, text: str) -> None:
        """Remember."""
        self.notes.append(text)

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        """Remember."""
        self.ends.append((snapshot, report))


class Hooked(MemoryStore):
    """A container that calls a function before each write."""

    hook: Callable[[str], None]

    def put(
        self,
        key: str,
        buffer: Buffer,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Call it, then write."""
        self.hook(key)
        return super().put(key, buffer, attributes=attributes, condition=condition)


def _hooked(hook: Callable[[str], None]) -> Hooked:
    name = _container().uri.removeprefix("memory://")
    store = Hooked(name, capabilities=STREAMED)
    store.hook = hook
    return store


# Everything is copied.


@pytest.mark.parametrize("jobs", [1, 2, 64])
def test_thousands_of_tiny_objects_arrive(jobs: int) -> None:
    """More objects than are planned ahead, and every byte is where it belongs."""
    count = PLANNED_AHEAD_MAX + 500
    generated = GeneratedSource(count, 5)
    sink = DiscardingSink(verify=True)
    report = Engine("copy", sink, jobs=jobs).run(_plan(generated))
    assert (report.done_count, report.done_bytes, report.failed_count) == (count, 5 * count, 0)
    assert sink.object_count == count
    assert report.ok


@pytest.mark.parametrize("jobs", [1, 3, 64])
def test_large_objects_arrive_in_parts(jobs: int) -> None:
    """Objects of several parts, the last one short: all bytes, and nothing left open."""
    generated = GeneratedSource(7, 100_001)
    sink = DiscardingSink(verify=True)
    engine = Engine("copy", sink, jobs=jobs, part_size_bytes=16 * KIB)
    report = engine.run(_plan(generated))
    assert (report.done_count, report.done_bytes) == (7, 7 * 100_001)
    assert (sink.part_count, sink.open_upload_count) == (7 * 7, 0)


@pytest.mark.parametrize("size_bytes", [0, 1, 999, 1000, 1001, 2000, 2001])
def test_part_edges(source: MemoryStore, destination: MemoryStore, size_bytes: int) -> None:
    """One byte less or more than a whole number of parts makes no difference."""
    _fill(source, "k", size_bytes=size_bytes)
    Engine("copy", destination, jobs=2, part_size_bytes=1000).run(_plan(source))
    assert _content(destination, "k") == _content(source, "k")
    assert list(destination.list_multiparts()) == []


def test_an_empty_plan_ends(destination: MemoryStore) -> None:
    """Nothing to do is done at once."""
    observer = Recorder()
    report = Engine("copy", destination, jobs=4, observer=observer).run([])
    assert (report.ok, report.done_count) == (True, 0)
    assert len(observer.ends) == 1
    assert observer.ends[0][0].totals_final


def test_few_objects_start_few_threads(source: MemoryStore) -> None:
    """Workers are started as there is work for them, not all at once."""
    _fill(source, "a", "b")
    seen: set[str] = set()
    destination = _hooked(lambda _key: seen.update(thread.name for thread in threading.enumerate()))
    Engine("copy", destination, jobs=64).run(_plan(source))
    assert len([name for name in seen if name.startswith("s3dlio-worker")]) <= 2


def test_attributes_are_kept_whole_and_in_parts(
    source: MemoryStore, destination: MemoryStore
) -> None:
    """Content headers and metadata go along, however the object is copied."""
    attributes = Attributes(content_type="text/x", metadata={"a": "b"})
    source.put("small", b"x", attributes=attributes)
    source.put("large", b"x" * 5000, attributes=attributes)
    Engine("copy", destination, jobs=2, part_size_bytes=1000).run(_plan(source))
    assert [destination.head(key).attributes for key in ("small", "large")] == [attributes] * 2


# Failures stay where they are.


def test_a_failing_object_does_not_stop_the_others(
    source: MemoryStore, destination: MemoryStore
) -> None:
    """It is named with source, destination and reason; all others are copied."""
    _fill(source, *"abcdef")
    faulty = FaultyStore(destination, [Fault("put", DENIED, key="c", times=None)])
    observer = Recorder()
    report = Engine("copy", faulty, jobs=3, observer=observer).run(_plan(source))
    assert _keys(destination) == ["a", "b", "d", "e", "f"]
    assert (report.done_count, report.failed_count, report.done_bytes) == (5, 1, 50)
    (failure,) = report.failures
    assert (failure.source, failure.destination) == (source.uri_of("c"), destination.uri_of("c"))
    assert isinstance(failure.error, errors.PermissionDeniedError)
    assert observer.failures == [failure]
    assert report.stopped_by is None


def test_a_failing_part_aborts_its_object_alone(
    source: MemoryStore, destination: MemoryStore
) -> None:
    """Neither the object nor an upload of it is left; the other object's parts go on."""
    _fill(source, "bad", "good", size_bytes=5000)
    faulty = FaultyStore(destination, [Fault("put_part", DENIED, key="bad", skip=2)])
    report = Engine("copy", faulty, jobs=4, part_size_bytes=1000).run(_plan(source))
    assert _keys(destination) == ["good"]
    assert list(destination.list_multiparts()) == []
    assert (report.done_count, report.done_bytes, report.failed_count) == (1, 5000, 1)


@pytest.mark.parametrize("operation", ["create_multipart", "put_part", "complete", "abort"])
def test_an_upload_may_fail_at_any_call(
    source: MemoryStore, destination: MemoryStore, operation: str
) -> None:
    """The failure that is named is the first one, also when the abort fails, too."""
    _fill(source, "k", size_bytes=3000)
    faults = [Fault(operation, errors.LocalIOError(operation), times=None)]
    if operation == "abort":
        faults.append(Fault("complete", errors.LocalIOError("complete")))
    faulty = FaultyStore(destination, faults)
    report = Engine("copy", faulty, jobs=2, part_size_bytes=1000).run(_plan(source))
    (failure,) = report.failures
    assert failure.error.reason == ("complete" if operation == "abort" else operation)
    assert (report.done_count, report.done_bytes) == (0, 0)
    assert _keys(destination) == []
    left = "An unfinished upload is left" in failure.error.hint
    assert left == (operation == "abort") == bool(list(destination.list_multiparts()))


@pytest.mark.parametrize("jobs", [1, 8])
@pytest.mark.parametrize("part_size_bytes", [None, 4])
def test_an_error_of_the_whole_store_stops_the_run(jobs: int, part_size_bytes: int | None) -> None:
    """Wrong credentials are met once by each worker, not by ten thousand objects."""
    generated = GeneratedSource(10_000, 10)
    operation = "put" if part_size_bytes is None else "put_part"
    faulty = FaultyStore(
        DiscardingSink(), [Fault(operation, errors.CredentialsError("wrong"), times=None)]
    )
    engine = Engine("copy", faulty, jobs=jobs, part_size_bytes=part_size_bytes)
    report = engine.run(_plan(generated))
    assert isinstance(report.stopped_by, errors.CredentialsError)
    assert faulty.count(operation) <= jobs
    assert (report.done_count, report.done_bytes, report.failed_count) == (0, 0, 0)
    assert not report.ok


def test_a_missing_destination_stops_the_run(source: MemoryStore) -> None:
    """A container that isn't there is one error."""
    _fill(source, *"abcdef")
    report = Engine("copy", MemoryStore(uuid.uuid4().hex), jobs=2).run(_plan(source))
    assert isinstance(report.stopped_by, errors.ContainerNotFoundError)
    assert report.failed_count == 0


def test_failures_in_the_plan_are_recorded(source: MemoryStore, destination: MemoryStore) -> None:
    """What the listing had to leave out is a failure; notes and skips are kept, too."""
    _fill(source, "a")
    observer = Recorder()
    engine = Engine("copy", destination, jobs=2, observer=observer)
    failure = Failure("memory://x/y", "", DENIED)
    entries: list[PlanEntry] = [failure, Note("note"), Skipped("x/"), Unmatched("z*", "nothing")]
    report = engine.run([*entries, *_plan(source)])
    assert report.failures == (failure,)
    assert (report.done_count, report.failed_count, report.skipped_count) == (1, 1, 1)
    assert (report.unmatched, report.notes) == (("z*",), ("note", "nothing"))
    assert observer.notes == ["note", "nothing"]
    assert not report.ok


# Nothing is reported done that isn't.


@pytest.mark.parametrize("part_size_bytes", [None, 1000])
def test_a_source_that_changed_since_it_was_listed_fails(
    source: MemoryStore, destination: MemoryStore, part_size_bytes: int | None
) -> None:
    """The copy is of what was listed, or there is none."""
    _fill(source, "k", size_bytes=3000)
    items = list(_plan(source))
    _fill(source, "k", size_bytes=3000)
    engine = Engine("copy", destination, jobs=2, part_size_bytes=part_size_bytes)
    report = engine.run(items)
    (failure,) = report.failures
    assert isinstance(failure.error, (errors.SourceChangedError, errors.PreconditionFailedError))
    assert _keys(destination) == []
    assert list(destination.list_multiparts()) == []


class Mutating(FileStore):
    """Changes a file between its opening and the first read."""

    change: Callable[[Path], None]

    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Open it, then change it."""
        reader = super().open_reader(key, start, stop, if_match=if_match, version=version)
        self.change(Path(self.root, key))
        return reader


def _shrink(path: Path) -> None:
    path.write_bytes(b"x" * 10)


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _rewrite(path: Path) -> None:
    path.write_bytes(b"y" * path.stat().st_size)


@pytest.mark.parametrize("change", [_shrink, _grow, _rewrite])
@pytest.mark.parametrize("part_size_bytes", [None, 1000])
def test_a_file_that_changes_while_it_is_read_fails(
    tmp_path: Path,
    destination: MemoryStore,
    change: Callable[[Path], None],
    part_size_bytes: int | None,
) -> None:
    """Shorter, longer or rewritten: no mix of two states arrives."""
    (tmp_path / "k").write_bytes(b"x" * 3000)
    source = Mutating(str(tmp_path))
    source.change = change
    engine = Engine("upload", destination, jobs=1, part_size_bytes=part_size_bytes)
    report = engine.run(_plan(source))
    (failure,) = report.failures
    assert isinstance(failure.error, (errors.SourceChangedError, errors.PreconditionFailedError))
    assert _keys(destination) == []


class Lying(MemoryStore):
    """A container that reports one byte less than it was given."""

    def put(
        self,
        key: str,
        buffer: Buffer,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Lose the last byte."""
        short = memoryview(buffer)[:-1]
        return super().put(key, short, attributes=attributes, condition=condition)


def test_a_destination_that_holds_less_is_a_failure(source: MemoryStore) -> None:
    """The size that the destination reports is compared with what was sent."""
    _fill(source, "k")
    destination = Lying(_container().uri.removeprefix("memory://"), capabilities=STREAMED)
    report = Engine("copy", destination, jobs=1).run(_plan(source))
    (failure,) = report.failures
    assert isinstance(failure.error, errors.IntegrityError)
    assert report.done_count == 0


def test_a_source_that_ends_early_is_a_failure(destination: MemoryStore) -> None:
    """A reader that says "end" too soon doesn't make a short object."""

    class Short(MemoryStore):
        def open_reader(
            self,
            key: str,
            start: int = 0,
            stop: int | None = None,
            *,
            if_match: str | None = None,
            version: str | None = None,
        ) -> ObjectReader:
            size = self.head(key).size_bytes
            end = min(stop or size, size) - 1
            return super().open_reader(key, start, end, if_match=if_match, version=version)

    source = Short(_container().uri.removeprefix("memory://"))
    _fill(source, "k")
    report = Engine("copy", destination, jobs=1).run(_plan(source))
    assert isinstance(report.failures[0].error, errors.IntegrityError)
    assert str(report.failures[0].error).startswith(f"copy {source.uri_of('k')}: the source ends")
    assert _keys(destination) == []


def test_a_broken_body_is_read_on(source: MemoryStore, destination: MemoryStore) -> None:
    """With the retrying store a reset in the middle is not even seen."""
    _fill(source, "k", size_bytes=1000)
    reset = Fault("read", errors.ConnectionFailedError("reset"), after_bytes=300)
    retrying = RetryingStore(FaultyStore(source, [reset]))
    retrying.retrier.policy = type(retrying.retrier.policy)(base_s=0)
    report = Engine("copy", destination, jobs=1).run(_plan(retrying))
    assert report.ok
    assert _content(destination, "k") == _content(source, "k")


# How a run ends.


def test_cancelling_stops_the_run_and_cleans_up(tmp_path: Path) -> None:
    """Finished objects stay; uploads are aborted; no temporary file is left."""
    generated = GeneratedSource(50, 5000)
    cancel = CancelToken()

    class Watching(Recorder):
        def progressed(self, snapshot: Snapshot) -> None:
            if snapshot.done_count >= 2:
                cancel.cancel()
            super().progressed(snapshot)

    observer = Watching()
    engine = Engine(
        "download",
        FileStore(str(tmp_path)),
        jobs=2,
        part_size_bytes=1000,
        observer=observer,
        cancel=cancel,
    )
    report = engine.run(_endless(generated, cancel))
    assert isinstance(report.stopped_by, errors.CancelledError)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == report.done_count >= 2
    assert {path.stat().st_size for path in files} == {5000}
    assert len(observer.ends) == 1


def _endless(store: GeneratedSource, cancel: CancelToken) -> Iterator[PlanEntry]:
    """Plan the same objects under new names until the run is cancelled."""
    turn = 0
    while not cancel.cancelled:
        turn += 1
        for info in store.list_page().objects:
            yield CopyItem(store, info, f"{turn}/{info.key}")


class Raising(Recorder):
    """Raises an error at its first progress."""

    def __init__(self, error: BaseException, release: threading.Event) -> None:
        super().__init__()
        self.error = error
        self.release = release

    def progressed(self, snapshot: Snapshot) -> None:
        """Raise."""
        self.release.set()
        raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError("in the observer")])
def test_an_error_in_the_waiting_thread_cleans_up(error: BaseException) -> None:
    """Ctrl-C, or an observer that raises: uploads are aborted, and the error goes on."""
    release = threading.Event()

    class Waiting(DiscardingSink):
        def check(self, key: str, offset_bytes: int, buffer: Buffer) -> None:
            release.wait()

    sink = Waiting()
    observer = Raising(error, release)
    engine = Engine("copy", sink, jobs=4, part_size_bytes=1000, observer=observer)
    with pytest.raises(type(error)):
        engine.run(_plan(GeneratedSource(100, 5000)))
    assert sink.open_upload_count == 0
    assert sink.object_count < 100
    assert len(observer.ends) == 1


def test_an_observer_that_raises_at_a_failure_is_told_the_end(source: MemoryStore) -> None:
    """Every `started` has one `finished`, and the error of the observer goes on."""

    class Failing(Recorder):
        def failed(self, failure: Failure) -> None:
            super().failed(failure)
            raise ZeroDivisionError

    _fill(source, *"abc")
    observer = Failing()
    faulty = FaultyStore(_container(), [Fault("put", DENIED, times=None)])
    with pytest.raises(ZeroDivisionError):
        Engine("copy", faulty, jobs=1, observer=observer).run(_plan(source))
    assert len(observer.begun) == len(observer.ends) == 1


def test_a_plan_that_fails_stops_the_run(source: MemoryStore, destination: MemoryStore) -> None:
    """What was planned before may be copied; the error is the report's."""
    _fill(source, "a")

    def plan() -> Iterator[PlanEntry]:
        yield from _plan(source)
        raise errors.ContainerNotFoundError("gone")

    report = Engine("copy", destination, jobs=2).run(plan())
    assert isinstance(report.stopped_by, errors.ContainerNotFoundError)


def test_a_bug_in_the_plan_is_raised(destination: MemoryStore) -> None:
    """An error that nobody expects isn't turned into a report."""

    def plan() -> Iterator[PlanEntry]:
        yield Note("first")
        raise ZeroDivisionError

    observer = Recorder()
    with pytest.raises(ZeroDivisionError):
        Engine("copy", destination, jobs=2, observer=observer).run(plan())
    assert len(observer.ends) == 1
    assert not observer.ends[0][1].ok


@pytest.mark.parametrize("operation", ["put_part", "complete"])
def test_a_bug_in_a_store_is_raised_and_leaves_no_upload(
    source: MemoryStore, destination: MemoryStore, operation: str
) -> None:
    """Likewise in a worker: the upload is aborted, the error raised."""
    _fill(source, "k", size_bytes=5000)
    faulty = FaultyStore(destination)
    original = faulty._plan.run

    def run(name: str, key: str, uri: str, call: Callable[[], object]) -> object:
        if name == operation:
            raise ZeroDivisionError
        return original(name, key, uri, call)

    faulty._plan.run = run  # type: ignore[method-assign,assignment]
    with pytest.raises(ZeroDivisionError):
        Engine("copy", faulty, jobs=2, part_size_bytes=1000).run(_plan(source))
    assert list(destination.list_multiparts()) == []


def test_a_system_without_threads_to_spare_copies_slower(
    source: MemoryStore, destination: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When no more threads can be started, those that run do the work."""
    _fill(source, *(f"k{number}" for number in range(100)))
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def start_few(thread: threading.Thread) -> None:
        if thread.name.startswith("s3dlio-worker"):
            if len(started) >= 2:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_few)
    report = Engine("copy", destination, jobs=64).run(_plan(source))
    assert (report.ok, report.done_count) == (True, 100)


# What the observer sees.


@pytest.mark.parametrize("failing", [False, True])
def test_progress_is_never_over_the_total(monkeypatch: pytest.MonkeyPatch, failing: bool) -> None:
    """Totals grow and become final, counts only rise, and the last state is the report's."""
    monkeypatch.setattr(engine_module, "TICK_S", 0.0005)
    observer = Recorder()
    sink = DiscardingSink()
    faults = [Fault("put_part", DENIED, skip=3, times=400)] if failing else []
    faulty = FaultyStore(sink, faults)
    engine = Engine("copy", faulty, jobs=4, part_size_bytes=1000, observer=observer)
    report = engine.run(_plan(GeneratedSource(300, 4500)))
    assert len(observer.begun) == len(observer.ends) == 1
    last, told = observer.ends[0]
    assert told == report
    for snapshot in [*observer.snapshots, last]:
        assert 0 <= snapshot.done_bytes <= snapshot.total_bytes
        assert snapshot.done_count + snapshot.failed_count <= snapshot.total_count
    totals = [snapshot.total_bytes for snapshot in observer.snapshots]
    assert totals == sorted(totals)
    finals = [snapshot.totals_final for snapshot in observer.snapshots]
    assert finals == sorted(finals)
    assert (last.totals_final, last.total_count) == (True, 300)
    assert last.done_bytes == report.done_bytes == 4500 * report.done_count
    assert failing == (report.failed_count > 0)
    assert len(observer.failures) == report.failed_count
    assert sink.open_upload_count == 0


# Memory.


def test_memory_stays_under_the_budget_whatever_the_jobs() -> None:
    """Many workers share a budget of a few buffers."""
    budget_bytes = 512 * KIB

    class Watched(BufferPool):
        peak_bytes = 0

        def _take(self, capacity: int, cancel: CancelToken | None) -> mmap.mmap:
            buffer = super()._take(capacity, cancel)
            self.peak_bytes = max(self.peak_bytes, self._allocated_bytes)
            return buffer

    pool = Watched(budget_bytes)
    sink = DiscardingSink(verify=True)
    engine = Engine("copy", sink, jobs=64, part_size_bytes=100 * KIB, buffers=pool)
    report = engine.run(_plan(GeneratedSource(200, 350 * KIB)))
    assert report.done_count == 200
    assert 0 < pool.peak_bytes <= budget_bytes
    assert pool._allocated_bytes == 0


def test_a_report_keeps_no_memory(source: MemoryStore, destination: MemoryStore) -> None:
    """An error that is kept has no frames: they would hold on to buffers."""
    _fill(source, *"abc")
    faulty = FaultyStore(destination, [Fault("put", DENIED, times=None)])
    report = Engine("copy", faulty, jobs=2).run(_plan(source))
    assert [failure.error.__traceback__ for failure in report.failures] == [None] * 3


def test_an_object_larger_than_the_budget_is_copied() -> None:
    """One buffer over the budget is leased when nothing else is."""
    sink = DiscardingSink(verify=True)
    pool = BufferPool(64 * KIB)
    engine = Engine("copy", sink, jobs=8, part_size_bytes=10_000 * KIB, buffers=pool)
    report = engine.run(_plan(GeneratedSource(5, 300 * KIB)))
    assert report.done_count == 5


# Servers that don't answer.


class HangingStore(FaultyStore):
    """A store whose reads hang until they are let go."""

    def __init__(self, inner: ObjectStore) -> None:
        super().__init__(inner)
        self.reading = threading.Event()
        self.let_go = threading.Event()

    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Hang, then read."""
        self.reading.set()
        self.let_go.wait()
        return super().open_reader(key, start, stop, if_match=if_match, version=version)


@pytest.mark.parametrize("size_bytes", [10, 40 * KIB])
def test_who_cancels_does_not_wait_for_a_request_that_hangs(
    source: MemoryStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size_bytes: int,
) -> None:
    """The run ends while a read still hangs, and what the late read brings is thrown away."""
    monkeypatch.setattr(engine_module, "GRACE_S", 0.05)
    _fill(source, "key", size_bytes=size_bytes)
    hanging, cancel = HangingStore(source), CancelToken()
    destination = FileStore(str(tmp_path))
    engine = Engine("copy", destination, jobs=2, part_size_bytes=8 * KIB, cancel=cancel)

    def cancel_when_it_hangs() -> None:
        hanging.reading.wait()
        cancel.cancel()

    canceller = threading.Thread(target=cancel_when_it_hangs)
    canceller.start()
    report = engine.run(_plan(hanging))
    assert not hanging.let_go.is_set()
    assert isinstance(report.stopped_by, errors.CancelledError)
    hanging.let_go.set()
    canceller.join()
    for thread in threading.enumerate():
        if thread.name.startswith("s3dlio-"):
            thread.join()
    assert [] == list(tmp_path.iterdir())


def test_a_stopped_run_wakes_those_who_wait(source: MemoryStore) -> None:
    """The token of a run is set when an error stops it, so that no back-off goes on."""
    _fill(source, "key")
    cancel = CancelToken()
    missing = MemoryStore(uuid.uuid4().hex)
    report = Engine("copy", missing, jobs=1, cancel=cancel).run(_plan(source))
    assert isinstance(report.stopped_by, errors.ContainerNotFoundError)
    assert cancel.cancelled


def test_a_child_token_is_set_with_its_parent_and_alone() -> None:
    """A parent's cancellation reaches its children, a child's doesn't reach the parent."""
    parent = CancelToken()
    one, other = parent.child(), parent.child()
    one.cancel()
    assert (False, True, False) == (parent.cancelled, one.cancelled, other.cancelled)
    parent.cancel()
    assert other.cancelled
    assert parent.child().cancelled
