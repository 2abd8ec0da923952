"""Passes over what failed: what comes right is copied, what doesn't is told once, at the end."""

from __future__ import annotations

import os
import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import errors
from s3dlio_core.file_store import FileStore
from s3dlio_core.listing import iterate
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.operations import upload
from s3dlio_core.store import Capabilities, ObjectInfo
from s3dlio_core.testing.faults import Fault, FaultyStore
from s3dlio_core.transfer import second_tries as second_tries_module
from s3dlio_core.transfer.engine import Engine
from s3dlio_core.transfer.events import CancelToken, Snapshot, TransferObserver
from s3dlio_core.transfer.overwrite import Overwrite, OverwriteRule
from s3dlio_core.transfer.plan import ABSENT, CopyItem, PlanEntry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3dlio_core.store import Attributes, Buffer, Condition, ObjectStore
    from s3dlio_core.transfer.report import Failure

DENIED = errors.PermissionDeniedError("no")
#: What has these is written to through this machine, also from another container.
STREAMED = Capabilities(copy=False)


@pytest.fixture
def source() -> MemoryStore:
    """An empty container to copy from."""
    return _container()


@pytest.fixture
def destination() -> MemoryStore:
    """An empty container to copy to."""
    return _container()


def _container() -> MemoryStore:
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return MemoryStore(name, capabilities=STREAMED)


def _fill(store: ObjectStore, *keys: str, size_bytes: int = 10) -> None:
    for key in keys:
        store.put(key, key.encode() * size_bytes)


def _plan(store: ObjectStore) -> Iterator[PlanEntry]:
    for found in iterate(store):
        assert isinstance(found, ObjectInfo)
        yield CopyItem(store, found, found.key)


class Recorder(TransferObserver):
    """Remembers failures, notes and states."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.notes: list[str] = []
        self.last: Snapshot | None = None

    def failed(self, failure: Failure) -> None:
        """Remember."""
        self.failures.append(failure)

    def noted(self, text: str) -> None:
        """Remember."""
        self.notes.append(text)

    def finished(self, snapshot: Snapshot, report: object) -> None:
        """Remember."""
        self.last = snapshot


@pytest.mark.parametrize("part_size_bytes", [None, 4])
@pytest.mark.parametrize("jobs", [1, 5])
@pytest.mark.parametrize(("times", "retries", "left"), [(1, 1, 0), (2, 1, 1), (2, 5, 0), (3, 2, 1)])
def test_what_comes_right_is_copied(
    source: MemoryStore,
    destination: MemoryStore,
    part_size_bytes: int | None,
    jobs: int,
    times: int,
    retries: int,
    left: int,
) -> None:
    """An object that fails a few times is copied when there are as many passes."""
    _fill(source, *"abcdef")
    operation = "put" if part_size_bytes is None else "create_multipart"
    faulty = FaultyStore(destination, [Fault(operation, DENIED, key="c", times=times)])
    observer = Recorder()
    engine = Engine(
        "copy",
        faulty,
        jobs=jobs,
        part_size_bytes=part_size_bytes,
        retries=retries,
        observer=observer,
    )
    report = engine.run(_plan(source))
    assert (report.done_count, report.failed_count) == (6 - left, left)
    assert report.done_bytes == 10 * (6 - left)
    assert tuple(observer.failures) == report.failures
    assert observer.last is not None
    assert (observer.last.total_count, observer.last.total_bytes) == (6, 60)
    assert len(list(_plan(destination))) == 6 - left
    assert report.stopped_by is None


def test_no_pass_is_made_unless_it_is_asked_for(
    source: MemoryStore, destination: MemoryStore
) -> None:
    """By default each object is tried once."""
    _fill(source, "a")
    faulty = FaultyStore(destination, [Fault("put", DENIED)])
    assert Engine("copy", faulty, jobs=2).run(_plan(source)).failed_count == 1
    assert faulty.count("put") == 1


@pytest.mark.parametrize("part_size_bytes", [None, 4])
def test_an_object_that_changed_is_looked_at_anew(
    source: MemoryStore, destination: MemoryStore, part_size_bytes: int | None
) -> None:
    """The second try copies what is there by then, and the totals say so."""
    _fill(source, "a", "b")
    plan = list(_plan(source))
    _fill(source, "a", size_bytes=70)
    observer = Recorder()
    engine = Engine(
        "copy",
        destination,
        jobs=2,
        retries=1,
        observer=observer,
        part_size_bytes=part_size_bytes,
    )
    report = engine.run(plan)
    assert (report.ok, report.done_count, report.done_bytes) == (True, 2, 80)
    assert observer.last is not None
    assert observer.last.total_bytes == 80


def test_an_object_that_has_gone_fails_with_that(
    source: MemoryStore, destination: MemoryStore
) -> None:
    """The failure that is told is the last one."""
    _fill(source, "a")
    changed = errors.SourceChangedError("it changed")
    faulty = FaultyStore(
        source, [Fault("open_reader", changed), Fault("head", errors.ObjectNotFoundError("gone"))]
    )
    report = Engine("copy", destination, jobs=1, retries=1).run(_plan(faulty))
    assert [type(failure.error) for failure in report.failures] == [errors.ObjectNotFoundError]


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidKeyError("no name"),
        errors.ObjectTooLargeError("too large"),
        errors.NotSupportedError("can't"),
    ],
)
def test_what_cannot_change_is_not_tried_again(
    source: MemoryStore, destination: MemoryStore, error: errors.S3dlioError
) -> None:
    """A name that the store can't hold will be no better the next time."""
    _fill(source, "a")
    faulty = FaultyStore(destination, [Fault("put", error, times=None)])
    assert Engine("copy", faulty, jobs=1, retries=3).run(_plan(source)).failed_count == 1
    assert faulty.count("put") == 1


def test_the_destination_is_looked_at_anew(tmp_path: Path) -> None:
    """What somebody wrote after the plan's listing and before the second try is no older."""
    (tmp_path / "a").write_bytes(b"source")
    os.utime(tmp_path / "a", (5, 5))
    files, destination = FileStore(str(tmp_path)), _container()

    class Overtaken(MemoryStore):
        def put(self, key: str, buffer: Buffer, **options: Any) -> ObjectInfo:
            del buffer, options
            destination.put(key, b"newer")
            raise DENIED

    name = destination.uri.removeprefix("memory://")
    store = Overtaken(name, capabilities=STREAMED)
    plan = [CopyItem(files, files.head("a"), "a", existing=ABSENT)]
    rule = OverwriteRule(Overwrite.NEWER)
    report = Engine("upload", store, jobs=1, retries=1, rule=rule).run(plan)
    assert (report.skipped_count, report.failed_count) == (1, 0)
    assert destination.head("a").size_bytes == len(b"newer")


def test_more_than_can_be_remembered_fail_at_once(
    source: MemoryStore, destination: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory stays flat; a note says how many weren't tried again."""
    monkeypatch.setattr(second_tries_module, "FAILURES_KEPT_MAX", 3)
    _fill(source, *"abcdefgh")
    faulty = FaultyStore(destination, [Fault("put", DENIED, times=8)])
    observer = Recorder()
    engine = Engine("copy", faulty, jobs=1, retries=1, observer=observer)
    report = engine.run(_plan(source))
    assert (report.done_count, report.failed_count) == (3, 5)
    assert ["5 objects that failed were not tried again"] == [
        note.partition(":")[0] for note in observer.notes
    ]


def test_a_run_that_is_stopped_tells_what_waits(
    source: MemoryStore, destination: MemoryStore
) -> None:
    """What failed and comes to no second try has failed."""
    _fill(source, *"abc")
    faults = [
        Fault("put", DENIED, key="a", times=None),
        Fault("put", errors.CredentialsError("expired"), key="c"),
    ]
    engine = Engine("copy", FaultyStore(destination, faults), jobs=1, retries=1)
    report = engine.run(_plan(source))
    assert isinstance(report.stopped_by, errors.CredentialsError)
    assert [source.uri_of("a")] == [failure.source for failure in report.failures]


def test_a_pass_that_is_stopped_tells_what_is_left(
    source: MemoryStore, destination: MemoryStore
) -> None:
    """Nothing that failed is lost when the second pass meets an error of the whole store."""
    _fill(source, *"abc")
    faults = [
        Fault("put", DENIED, times=3),
        Fault("put", errors.CredentialsError("expired"), key="b"),
    ]
    engine = Engine("copy", FaultyStore(destination, faults), jobs=1, retries=1)
    report = engine.run(_plan(source))
    assert isinstance(report.stopped_by, errors.CredentialsError)
    assert report.done_count == 1
    assert {source.uri_of("b"), source.uri_of("c")} == {
        failure.source for failure in report.failures
    }


def test_cancelling_ends_the_wait_for_the_first_pass(
    source: MemoryStore, destination: MemoryStore
) -> None:
    """The planner, which waits for the workers, doesn't outlive the run."""
    _fill(source, *"abc")
    cancel = CancelToken()

    class Cancelling(MemoryStore):
        def put(
            self,
            key: str,
            buffer: Buffer,
            *,
            attributes: Attributes | None = None,
            condition: Condition | None = None,
        ) -> ObjectInfo:
            cancel.cancel()
            raise DENIED

    name = destination.uri.removeprefix("memory://")
    store = Cancelling(name, capabilities=STREAMED)
    report = Engine("copy", store, jobs=1, retries=2, cancel=cancel).run(_plan(source))
    assert isinstance(report.stopped_by, errors.CancelledError)
    assert report.failed_count >= 1
    for thread in threading.enumerate():
        if thread.name == "s3dlio-plan":
            thread.join(30)
            assert not thread.is_alive()


def test_upload_takes_the_number_of_passes(tmp_path: Path) -> None:
    """What can't be read this time either is a failure."""
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    report = upload(tmp_path / "a", tmp_path / "out" / "a", retries=2)
    assert report.ok
    with pytest.raises(errors.UsageError, match="retries"):
        upload(tmp_path / "a", tmp_path / "out" / "a", retries=-1)
