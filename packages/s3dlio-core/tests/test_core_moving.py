"""Verified deletion: every way in which a move could lose an object, and why it doesn't."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, TypeAlias

import pytest

from s3dlio_core import _memory_container, errors
from s3dlio_core.listing import iterate
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.store import Condition, CopySource, ObjectInfo, ObjectStore
from s3dlio_core.testing.faults import Fault, FaultyStore
from s3dlio_core.transfer.engine import Engine
from s3dlio_core.transfer.events import CancelToken
from s3dlio_core.transfer.moving import Mover
from s3dlio_core.transfer.overwrite import Overwrite, OverwriteRule
from s3dlio_core.transfer.plan import ABSENT, CopyItem

if TYPE_CHECKING:
    from s3dlio_core.store import Attributes, Buffer
    from s3dlio_core.transfer.plan import Existing
    from s3dlio_core.transfer.report import TransferReport

DENIED = errors.PermissionDeniedError("no", hint="Ask for it")
CONTENT = b"0123456789" * 300
#: Whole, and in parts.
PART_SIZES = pytest.mark.parametrize("part_size_bytes", [None, 1000])
#: What a look at a destination is told instead of the truth.
Told: TypeAlias = Callable[[ObjectInfo], ObjectInfo]


@pytest.fixture
def source() -> MemoryStore:
    """A container with one object."""
    store = _container()
    store.put("k", CONTENT)
    return store


@pytest.fixture
def destination() -> MemoryStore:
    """An empty container."""
    return _container()


def _container() -> MemoryStore:
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return MemoryStore(name)


def _name(store: MemoryStore) -> str:
    return store.uri.removeprefix("memory://")


def _keys(store: ObjectStore) -> list[str]:
    return [found.key for found in iterate(store) if isinstance(found, ObjectInfo)]


def _content(store: ObjectStore, key: str = "k") -> bytes:
    with store.open_reader(key) as reader:
        return reader.readall() or b""


def _move(
    source: ObjectStore,
    destination: ObjectStore,
    *,
    part_size_bytes: int | None = None,
    retries: int = 0,
    when: Overwrite = Overwrite.ALWAYS,
    cancel: CancelToken | None = None,
    to: str = "",
) -> TransferReport:
    """Move all that a store has; `to` comes before the keys."""
    cancel = cancel or CancelToken()
    rule = OverwriteRule(when)
    mover = Mover(destination, cancel, condition=rule.condition(destination))
    engine = Engine(
        "move",
        destination,
        jobs=2,
        part_size_bytes=part_size_bytes,
        retries=retries,
        cancel=cancel,
        rule=rule,
        before_copy=mover.before,
        after_copy=mover.after,
    )
    found = [one for one in iterate(source) if isinstance(one, ObjectInfo)]
    return engine.run(CopyItem(source, info, to + info.key) for info in found)


def _only_failure(report: TransferReport) -> errors.S3dlioError:
    assert (report.done_count, report.done_bytes, report.failed_count) == (0, 0, 1)
    (failure,) = report.failures
    return failure.error


class Watched(MemoryStore):
    """A store that does something before it answers `head`, and may change the answer."""

    def __init__(self, name: str, meanwhile: Callable[[], None], told: Told | None = None) -> None:
        super().__init__(name)
        self._meanwhile = meanwhile
        self._told = told

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Do it, then describe the object."""
        info = super().head(key, version=version)
        self._meanwhile()
        return info if self._told is None else self._told(info)


def _watched(meanwhile: Callable[[], None], told: Told | None = None) -> Watched:
    return Watched(_name(_container()), meanwhile, told)


@PART_SIZES
def test_a_source_is_gone_when_its_copy_is_there(
    source: MemoryStore, destination: MemoryStore, part_size_bytes: int | None
) -> None:
    """A move leaves one object: the copy."""
    report = _move(source, destination, part_size_bytes=part_size_bytes)
    assert (report.done_count, report.done_bytes) == (1, len(CONTENT))
    assert _keys(source) == []
    assert _content(destination) == CONTENT


@pytest.mark.parametrize(
    "operation", ["copy_from", "put", "create_multipart", "put_part", "complete", "head"]
)
def test_a_write_that_fails_keeps_the_source(
    source: MemoryStore, destination: MemoryStore, operation: str
) -> None:
    """Whichever call of the destination fails, the source stays."""
    faulty = FaultyStore(destination, [Fault(operation, DENIED, times=None)])
    faulty.capabilities = replace(faulty.capabilities, copy=operation == "copy_from")
    whole = operation in {"copy_from", "put"}
    report = _move(source, faulty, part_size_bytes=None if whole else 1000)
    assert isinstance(_only_failure(report), errors.PermissionDeniedError)
    assert _content(source) == CONTENT


def _shorter(info: ObjectInfo) -> ObjectInfo:
    return ObjectInfo(info.key, info.size_bytes - 1, info.mtime, info.etag)


def _of_another(info: ObjectInfo) -> ObjectInfo:
    return ObjectInfo(info.key, info.size_bytes, info.mtime, "another")


@PART_SIZES
@pytest.mark.parametrize("told", [_shorter, _of_another])
def test_a_destination_with_something_else_keeps_the_source(
    source: MemoryStore, part_size_bytes: int | None, told: Told
) -> None:
    """The destination is asked, and its answer compared with what the write reported."""
    destination = _watched(lambda: None, told)
    error = _only_failure(_move(source, destination, part_size_bytes=part_size_bytes))
    assert isinstance(error, errors.IntegrityError)
    assert "The source was kept" in error.hint
    assert _content(source) == CONTENT


def test_a_destination_that_lost_the_copy_keeps_the_source(source: MemoryStore) -> None:
    """A write that was reported, and of which nothing is there, deletes nothing."""

    class Forgetful(MemoryStore):
        def put(
            self,
            key: str,
            buffer: Buffer,
            *,
            attributes: Attributes | None = None,
            condition: Condition | None = None,
        ) -> ObjectInfo:
            info = super().put(key, buffer, attributes=attributes, condition=condition)
            self.delete(key)
            return info

    destination = Forgetful(_name(_container()))
    destination.capabilities = replace(destination.capabilities, copy=False)
    error = _only_failure(_move(source, destination))
    assert isinstance(error, errors.ObjectNotFoundError)
    assert _content(source) == CONTENT


@PART_SIZES
@pytest.mark.parametrize("new", [b"x" * len(CONTENT), CONTENT + b"more"])
def test_a_source_that_changed_after_the_copy_stays(
    source: MemoryStore, part_size_bytes: int | None, new: bytes
) -> None:
    """What was written to the source while it was moved isn't deleted."""
    destination = _watched(lambda: void(source.put("k", new)))
    error = _only_failure(_move(source, destination, part_size_bytes=part_size_bytes))
    assert isinstance(error, errors.SourceChangedError)
    assert "copied, but the source changed meanwhile" in error.reason
    assert "The source was kept" in error.hint
    assert _content(source) == new


def void(_: object) -> None:
    """Return nothing."""


def test_a_source_that_changed_is_moved_by_another_try(source: MemoryStore) -> None:
    """Another try looks at the source anew, and moves what it is then."""
    changes = [b"new"]
    destination = _watched(lambda: void(changes and source.put("k", changes.pop())))
    report = _move(source, destination, retries=1)
    assert (report.done_count, report.done_bytes, report.failed_count) == (1, 3, 0)
    assert (_keys(source), _content(destination)) == ([], b"new")


def test_a_source_that_is_gone_is_told(source: MemoryStore) -> None:
    """Somebody else deleted it: the copy stays, and nothing is called moved."""
    destination = _watched(lambda: source.delete("k"))
    assert "the source is gone" in _only_failure(_move(source, destination)).reason
    assert _content(destination) == CONTENT


def test_a_source_that_is_gone_was_not_kept(source: MemoryStore) -> None:
    """The message says where its copy is, and nothing that isn't so."""
    error = _only_failure(_move(source, _watched(lambda: source.delete("k"))))
    assert "is now memory://" in error.hint
    assert "kept" not in error.hint


def test_a_run_that_is_stopped_between_copy_and_deletion_deletes_nothing(
    source: MemoryStore,
) -> None:
    """Ctrl-C while the copy is verified leaves source and copy."""
    cancel = CancelToken()
    destination = _watched(cancel.cancel)
    report = _move(source, destination, cancel=cancel)
    assert isinstance(report.stopped_by, errors.CancelledError)
    assert (report.done_count, report.failed_count) == (0, 0)
    assert _content(source) == _content(destination) == CONTENT


def test_a_crash_between_copy_and_deletion_deletes_nothing(source: MemoryStore) -> None:
    """An error that nobody expected ends the run, and the source stays."""

    def crash() -> None:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError):
        _move(source, _watched(crash))
    assert _content(source) == CONTENT


# Deletions that fail.


def test_a_deletion_that_fails_is_a_failure(source: MemoryStore, destination: MemoryStore) -> None:
    """The copy stays, the source stays, and the message says where the copy is."""
    faulty = FaultyStore(source, [Fault("delete", DENIED, times=None)])
    error = _only_failure(_move(faulty, destination))
    assert isinstance(error, errors.PermissionDeniedError)
    assert error.hint.startswith("Ask for it. It was copied to memory://")
    assert "only the source is left to be deleted" in error.hint
    assert _content(source) == _content(destination) == CONTENT


def test_a_deletion_that_fails_once_is_tried_again(
    source: MemoryStore, destination: MemoryStore
) -> None:
    """With retries the object is moved by another pass."""
    faulty = FaultyStore(source, [Fault("delete", DENIED)])
    report = _move(faulty, destination, retries=1)
    assert (report.done_count, report.failed_count) == (1, 0)
    assert (_keys(source), _content(destination)) == ([], CONTENT)


@PART_SIZES
@pytest.mark.parametrize("when", [Overwrite.NEVER, Overwrite.NEWER, Overwrite.CHANGED])
def test_a_deletion_that_fails_is_not_forgotten_when_the_copy_is_found(
    source: MemoryStore, destination: MemoryStore, when: Overwrite, part_size_bytes: int | None
) -> None:
    """Another try would skip the object because its copy is there, and call all well."""
    faulty = FaultyStore(source, [Fault("delete", DENIED, times=None)])
    report = _move(faulty, destination, retries=2, when=when, part_size_bytes=part_size_bytes)
    assert (report.done_count, report.failed_count, report.skipped_count) == (0, 1, 0)
    assert not report.ok


def test_a_condition_that_a_deletion_fails_on_is_no_skip(
    source: MemoryStore, destination: MemoryStore
) -> None:
    """A write that meets its condition leaves the object; what comes behind it fails."""
    refused = errors.PreconditionFailedError("held")
    faulty = FaultyStore(source, [Fault("delete", refused, times=None)])
    report = _move(faulty, destination, when=Overwrite.NEVER)
    assert (report.failed_count, report.skipped_count) == (1, 0)


def test_a_deletion_refused_for_the_whole_store_stops_the_run(
    source: MemoryStore, destination: MemoryStore
) -> None:
    """Credentials that end while a source is to be deleted are met once."""
    ended = errors.CredentialsError("ended")
    report = _move(FaultyStore(source, [Fault("delete", ended, times=None)]), destination)
    assert isinstance(report.stopped_by, errors.CredentialsError)
    assert "It was copied to" in report.stopped_by.hint
    assert _content(source) == CONTENT


# What a rule leaves out.


def test_what_exists_and_is_not_replaced_keeps_its_source(
    source: MemoryStore, destination: MemoryStore
) -> None:
    """Skipped is skipped: both objects stay."""
    destination.put("k", b"mine")
    report = _move(source, destination, when=Overwrite.NEVER)
    assert (report.done_count, report.failed_count, report.skipped_count) == (0, 0, 1)
    assert (_content(source), _content(destination)) == (CONTENT, b"mine")


@PART_SIZES
def test_who_loses_the_name_to_another_writer_keeps_the_source(
    source: MemoryStore, part_size_bytes: int | None
) -> None:
    """With "never", an object that appears while the copy is made is somebody else's."""

    class Raced(MemoryStore):
        def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
            try:
                return super().head(key, version=version)
            finally:
                super().put(key, b"theirs")

    destination = Raced(_name(_container()))
    report = _move(source, destination, when=Overwrite.NEVER, part_size_bytes=part_size_bytes)
    assert (report.done_count, report.failed_count, report.skipped_count) == (0, 0, 1)
    assert (_content(source), _content(destination)) == (CONTENT, b"theirs")


# One object by two names.


class Named(MemoryStore):
    """A container as one endpoint shows it."""

    def __init__(self, store: MemoryStore, endpoint: str) -> None:
        super().__init__(_name(store))
        self._source = CopySource("memory", endpoint, _name(store), "")

    def copy_source(
        self, key: str, etag: str | None = None, version: str | None = None
    ) -> CopySource:
        """Describe the key with the endpoint."""
        return replace(self._source, key=key, etag=etag, version=version)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Make objects as object stores do: ETags are of the content, and this list's last is now."""
    moments = [1000.0]
    monkeypatch.setattr(_memory_container, "new_etag", lambda: "of the content")
    now = SimpleNamespace(time=lambda: moments[-1])
    monkeypatch.setattr(_memory_container, "time", now)
    return moments


def test_an_object_is_not_moved_onto_itself(source: MemoryStore) -> None:
    """The same key of the same place is refused before anything is written."""
    faulty = FaultyStore(source)
    error = _only_failure(_move(faulty, faulty))
    assert isinstance(error, errors.CollisionError)
    assert faulty.count("put") == faulty.count("delete") == 0


@pytest.mark.parametrize("later_s", [0.0, 0.9, 1.0, 5.0])
def test_one_object_by_two_endpoints_stays(clock: list[float], later_s: float) -> None:
    """Source and copy that nothing tells apart may be one: deleting it would lose it."""
    store = _container()
    store.put("k", CONTENT)
    clock.append(clock[0] + later_s)
    error = _only_failure(_move(Named(store, "a"), Named(store, "b")))
    assert isinstance(error, errors.CollisionError)
    assert "look like one object" in error.reason
    assert _content(store) == CONTENT


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("existing", [None, ABSENT], ids=["unknown", "not listed"])
def test_an_object_that_vanishes_tells_no_places_apart(existing: Existing | None) -> None:
    """It is missing under both names of one place; the others must not be deleted for that."""
    store = _container()
    keys = [f"k{number}" for number in range(6)]
    for key in keys:
        store.put(key, CONTENT)
    listed = [one for one in iterate(store) if isinstance(one, ObjectInfo)]
    store.delete("k0")
    one, other = Named(store, "a"), Named(store, "b")
    mover = Mover(other, CancelToken())
    engine = Engine("move", other, jobs=1, before_copy=mover.before, after_copy=mover.after)
    report = engine.run(CopyItem(one, info, info.key, existing=existing) for info in listed)
    assert (report.done_count, report.failed_count) == (0, 6)
    assert _keys(store) == keys[1:]


@pytest.mark.usefixtures("clock")
def test_two_objects_that_look_alike_are_moved_when_the_destination_was_empty(
    destination: MemoryStore,
) -> None:
    """What wasn't at the destination isn't the source, whatever the times say."""
    store = _container()
    store.put("k", CONTENT)
    assert _move(Named(store, "a"), Named(destination, "b")).ok
    assert (_keys(store), _content(destination)) == ([], CONTENT)


def test_two_objects_that_times_tell_apart_are_moved(
    destination: MemoryStore, clock: list[float]
) -> None:
    """A copy replaces an older one, and is later than the source."""
    store = _container()
    for one in (store, destination):
        one.put("k", CONTENT)
    clock.append(1001.5)
    assert _move(Named(store, "a"), Named(destination, "b")).ok
    assert _keys(store) == []


def test_two_places_are_told_apart_once(source: MemoryStore, destination: MemoryStore) -> None:
    """Not each object costs a request: names of one place lead all keys to the same objects."""
    for number in range(20):
        source.put(f"k{number}", CONTENT)
    faulty = FaultyStore(destination)
    assert _move(source, faulty, to="below/").done_count == 21
    heads_of_verification = 21
    assert heads_of_verification < faulty.count("head") <= heads_of_verification + 4
