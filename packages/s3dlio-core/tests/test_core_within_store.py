"""Copies that the destination makes by itself: no byte passes, and nothing else is lost."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from s3dlio_core import errors
from s3dlio_core.file_store import FileStore, multipart
from s3dlio_core.identity import same_account
from s3dlio_core.memory_store import (
    MEMORY_CAPABILITIES,
    MEMORY_LIMITS,
    MemoryProvider,
    MemoryStore,
    MemoryUpload,
)
from s3dlio_core.retry import RetryingStore, RetryPolicy
from s3dlio_core.store import Attributes, ChecksumType, CopySource, ObjectInfo, Page
from s3dlio_core.testing.faults import Fault, FaultyStore
from s3dlio_core.transfer.engine import Engine
from s3dlio_core.transfer.events import CancelToken, Snapshot, TransferObserver
from s3dlio_core.transfer.overwrite import Overwrite, OverwriteRule
from s3dlio_core.transfer.plan import CopyItem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from s3dlio_core.store import MultipartUpload, ObjectStore, Part
    from s3dlio_core.transfer.report import TransferReport

CONTENT = bytes(range(250)) * 20
PART = 1000
OF_SOURCE = Attributes(
    "text/x-source", "no-store", metadata={"a": "1", "b": "2"}, tags={"team": "a b", "year": "1"}
)
#: What makes `CONTENT` a large object.
SMALL = dataclasses.replace(MEMORY_LIMITS, copy_size_max_bytes=PART)
UNSUPPORTED = errors.NotSupportedError("not these")
#: Copied whole, and in parts.
LIMITS = pytest.mark.parametrize("limits", [MEMORY_LIMITS, SMALL], ids=["whole", "parts"])


def container(cls: type[MemoryStore] = MemoryStore, **settings: Any) -> Any:
    """Open a fresh container."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return cls(name, **settings)


def items(source: ObjectStore) -> list[CopyItem]:
    """Plan to copy everything."""
    return [CopyItem(source, info, info.key) for info in source.list_page().objects]


def copied(plan: list[CopyItem], destination: ObjectStore, **settings: Any) -> TransferReport:
    """Carry out a plan in parts of 1000 bytes, where it is in parts."""
    return Engine("copy", destination, jobs=4, part_size_bytes=PART, **settings).run(plan)


def content(store: ObjectStore, key: str) -> bytes:
    """Read an object."""
    with store.open_reader(key) as reader:
        return reader.readall()


def two_stores(**settings: Any) -> tuple[FaultyStore, FaultyStore]:
    """Two containers that record what is called; the first holds "k"."""
    source, destination = container(), container(**settings)
    source.put("k", CONTENT, attributes=OF_SOURCE)
    return FaultyStore(source), FaultyStore(destination)


def calls(store: FaultyStore) -> dict[str, int]:
    """Count what was called, in the order of the first calls."""
    counts: dict[str, int] = {}
    for call in store.calls:
        counts[call.operation] = counts.get(call.operation, 0) + 1
    return counts


def test_an_object_is_copied_whole_by_one_call() -> None:
    """Nothing is asked of the source, and no byte of it is read."""
    source, destination = two_stores()
    plan = items(source.inner)
    plan = [dataclasses.replace(item, source=source) for item in plan]
    report = copied(plan, destination)
    assert (1, len(CONTENT)) == (report.done_count, report.done_bytes)
    assert ({}, {"copy_from": 1}) == (calls(source), calls(destination))
    assert content(destination.inner, "k") == CONTENT
    assert (0, {}) == (report.verified_count, dict(report.unverified))


def test_a_large_object_is_copied_in_parts() -> None:
    """Its source is described once; parts are copied by calls of their own."""
    source, destination = two_stores(limits=SMALL)
    plan = [dataclasses.replace(item, source=source) for item in items(source.inner)]
    report = copied(plan, destination)
    assert (1, len(CONTENT)) == (report.done_count, report.done_bytes)
    assert calls(source) == {"head": 1, "tags": 1}
    assert calls(destination) == {"create_multipart": 1, "copy_part": 5, "complete": 1}
    assert content(destination.inner, "k") == CONTENT


class NotesTagCounts(MemoryStore):
    """Notes how many tags the sources of copies have."""

    tag_counts: ClassVar[list[int | None]] = []

    def copy_from(self, source: CopySource, key: str, **options: Any) -> ObjectInfo:
        """Note it, and copy."""
        self.tag_counts.append(source.tag_count)
        return super().copy_from(source, key, **options)


@pytest.mark.parametrize("tag_count", [None, 0, 2])
def test_how_many_tags_an_object_has_is_passed_on(tag_count: int | None) -> None:
    """Where a listing tells it."""
    source, destination = container(), container(NotesTagCounts)
    source.put("k", CONTENT)
    NotesTagCounts.tag_counts.clear()
    (item,) = items(source)
    info = dataclasses.replace(item.info, tag_count=tag_count)
    copied([dataclasses.replace(item, info=info)], destination)
    assert NotesTagCounts.tag_counts == [tag_count]


@pytest.mark.parametrize("part_size_bytes", [None, PART])
def test_tags_are_left_where_the_source_was_told_to(part_size_bytes: int | None) -> None:
    """It may say how many there are all the same."""
    source, destination = two_stores()
    source.capabilities = dataclasses.replace(source.capabilities, tags=False)
    destination.capabilities = dataclasses.replace(destination.capabilities, copy=False)
    plan = [dataclasses.replace(item, source=source) for item in items(source.inner)]
    report = Engine("copy", destination, jobs=1, part_size_bytes=part_size_bytes).run(plan)
    assert (1, 0) == (report.done_count, report.failed_count)
    assert dict(destination.tags("k")) == {}
    assert "tags" not in calls(source)


@LIMITS
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, OF_SOURCE),
        (
            Attributes(cache_control="max-age=1", metadata={"a": "9"}),
            dataclasses.replace(
                OF_SOURCE, cache_control="max-age=1", metadata={"a": "9", "b": "2"}
            ),
        ),
        (Attributes(tags={"x": "y"}), dataclasses.replace(OF_SOURCE, tags={"x": "y"})),
    ],
)
def test_what_an_object_has_comes_along(
    limits: Any, asked: Attributes | None, expected: Attributes
) -> None:
    """Headers, metadata and tags; what is asked for goes over them, and tags replace tags."""
    source, destination = two_stores(limits=limits)
    copied(items(source), destination, attributes=asked)
    attributes = destination.head("k").attributes
    assert attributes is not None
    assert expected == dataclasses.replace(attributes, tags=destination.tags("k"))
    is_asked = source.count("tags") > 0
    assert is_asked == (limits is SMALL and not (asked and asked.tags))


@pytest.mark.parametrize("part_size_bytes", [None, PART])
def test_tags_come_along_when_an_object_is_streamed(part_size_bytes: int | None) -> None:
    """Where the source says that it has some, and only then are they asked for."""
    source, destination = two_stores(
        capabilities=dataclasses.replace(MEMORY_CAPABILITIES, copy=False)
    )
    source.inner.put("plain", b"x")
    Engine("copy", destination, jobs=1, part_size_bytes=part_size_bytes).run(items(source))
    assert dict(destination.tags("k")) == dict(OF_SOURCE.tags)
    assert calls(source)["tags"] == 1


def test_a_destination_with_tags_of_its_own_gets_no_others() -> None:
    """It says so by its capabilities, and the source isn't asked."""
    source, destination = two_stores(
        capabilities=dataclasses.replace(MEMORY_CAPABILITIES, tags=False), limits=SMALL
    )
    copied(items(source), destination)
    assert (1, "tags" in calls(source)) == (destination.count("complete"), False)


@LIMITS
@pytest.mark.parametrize("rule", [None, OverwriteRule(Overwrite.NEVER)])
def test_a_source_that_changed_is_an_error(limits: Any, rule: OverwriteRule | None) -> None:
    """Also under a condition on the destination, whose failure would only be skipped."""
    source, destination = two_stores(limits=limits)
    plan = items(source)
    source.put("k", CONTENT[::-1])
    report = copied(plan, destination, rule=rule)
    (failure,) = report.failures
    assert isinstance(failure.error, errors.SourceChangedError)
    assert (0, 0) == (report.done_count, report.skipped_count)
    assert ([], []) == (items(destination), list(destination.list_multiparts()))


class Hooked(MemoryStore):
    """Calls a function before it copies a part."""

    before_part: Callable[[int], None]

    def create_multipart(self, key: str, **options: Any) -> MultipartUpload:
        """Begin an upload that calls it."""
        token = super().create_multipart(key, **options).token
        upload = HookedUpload(self._handle, key, token)
        upload.before_part = self.before_part
        return upload


class HookedUpload(MemoryUpload):
    """See `Hooked`."""

    before_part: Callable[[int], None]

    def copy_part(self, number: int, *arguments: Any) -> Part:
        """Call it, then copy."""
        self.before_part(number)
        return super().copy_part(number, *arguments)


def hooked(before_part: Callable[[int], None]) -> tuple[MemoryStore, Hooked]:
    """A container that holds "k", and one that calls a function before each part."""
    source, destination = container(), container(Hooked, limits=SMALL)
    source.put("k", CONTENT)
    destination.before_part = before_part
    return source, destination


def test_a_source_that_changes_between_parts_is_an_error() -> None:
    """Each part has the condition, and the upload is aborted."""

    def change(number: int) -> None:
        if number == 3:
            source.put("k", CONTENT[::-1])

    source, destination = hooked(change)
    report = Engine("copy", destination, jobs=1, part_size_bytes=PART).run(items(source))
    assert isinstance(report.failures[0].error, errors.SourceChangedError)
    assert (0, 0) == (report.done_count, report.done_bytes)
    assert ([], []) == (items(destination), list(destination.list_multiparts()))


class Overlooking(MemoryUpload):
    """Takes a part of whatever state the source is in, as a service does that ignores its ETag."""

    def copy_part(
        self, number: int, offset_bytes: int, source: CopySource, start: int, stop: int
    ) -> Part:
        """Copy a part, and replace the source before the last one."""
        if stop == len(CONTENT):
            MemoryStore(source.container).put(source.key, CONTENT[::-1])
        now = dataclasses.replace(source, etag=None)
        return super().copy_part(number, offset_bytes, now, start, stop)


class OverlookingStore(MemoryStore):
    """Copies such parts."""

    def create_multipart(self, key: str, **settings: Any) -> MultipartUpload:
        """Begin an upload."""
        upload = super().create_multipart(key, **settings)
        upload.__class__ = Overlooking
        return upload


def test_a_copy_is_never_of_two_states() -> None:
    """Where nothing checks the ETag of a part as it is copied, the source is looked at again."""
    source = container()
    source.put("k", CONTENT)
    capabilities = dataclasses.replace(MEMORY_CAPABILITIES, copy_if_match=False)
    destination = container(OverlookingStore, limits=SMALL, capabilities=capabilities)
    report = copied(items(source), destination)
    assert (0, 1) == (report.done_count, report.failed_count)
    assert isinstance(report.failures[0].error, errors.SourceChangedError)
    assert not destination.list_page().objects
    assert not list(destination.list_multiparts())


def test_a_part_that_fails_aborts_the_upload() -> None:
    """The object is told by name, and nothing is left."""
    source, destination = two_stores(limits=SMALL)
    faulty = FaultyStore(
        destination.inner, [Fault("copy_part", errors.PermissionDeniedError("no"), skip=2)]
    )
    report = copied(items(source), faulty)
    (failure,) = report.failures
    assert (source.uri_of("k"), "no") == (failure.source, failure.error.reason)
    assert (0, 0) == (report.done_count, report.done_bytes)
    assert ([], []) == (items(faulty), list(faulty.list_multiparts()))


@pytest.mark.parametrize(
    ("limits", "operation"), [(MEMORY_LIMITS, "copy_from"), (SMALL, "copy_part")]
)
def test_what_cannot_be_copied_is_streamed(limits: Any, operation: str) -> None:
    """The store that says so is asked once, and its other objects are streamed at once."""
    source, destination = two_stores(limits=limits)
    for key in ("l", "m"):
        source.inner.put(key, CONTENT[::-1])
    faulty = FaultyStore(destination.inner, [Fault(operation, UNSUPPORTED, times=None)])
    report = Engine("copy", faulty, jobs=1, part_size_bytes=PART).run(items(source))
    assert (3, 3 * len(CONTENT), 0) == (report.done_count, report.done_bytes, report.failed_count)
    assert faulty.count(operation) == 1
    assert [CONTENT, CONTENT[::-1], CONTENT[::-1]] == [content(faulty, key) for key in "klm"]
    assert list(faulty.list_multiparts()) == []
    assert dict(faulty.tags("k")) == dict(OF_SOURCE.tags)


def test_several_copies_under_way_are_all_streamed() -> None:
    """Each that a store refuses in its midst, not only the first."""
    source, destination = two_stores(limits=SMALL)
    for key in ("l", "m", "n"):
        source.inner.put(key, CONTENT)
    faulty = FaultyStore(destination.inner, [Fault("copy_part", UNSUPPORTED, times=None, skip=4)])
    report = copied(items(source), faulty)
    assert (4, 0) == (report.done_count, report.failed_count)
    assert [CONTENT] * 4 == [content(faulty, key) for key in "klmn"]
    assert list(faulty.list_multiparts()) == []


def test_a_hook_that_refuses_is_no_reason_to_stream() -> None:
    """What fails after the copy is an error of the object."""
    source, destination = two_stores(limits=SMALL)

    def refuse(*_: object) -> None:
        raise UNSUPPORTED

    report = copied(items(source), destination, after_copy=refuse)
    assert (1, 0) == (report.failed_count, destination.count("put_part"))


@pytest.mark.parametrize(
    "change",
    [
        {"copy": False},
        {"copy_part": False, "copy_if_absent": False},
        {"copy_if_absent": False, "copy_part": True},
    ],
)
def test_capabilities_decide(change: dict[str, Any]) -> None:
    """Without one nothing is tried; a condition that no copy takes is one of the upload's end."""
    capabilities = dataclasses.replace(MEMORY_CAPABILITIES, **change)
    source, destination = two_stores(capabilities=capabilities)
    rule = OverwriteRule(Overwrite.NEVER)
    assert copied(items(source), destination, rule=rule).done_count == 1
    assert destination.count("copy_from") == 0
    assert (destination.count("copy_part") > 0) == change.get("copy_part", False)
    assert content(destination, "k") == CONTENT


class TellsChecksums(MemoryStore):
    """Describes its objects with an MD5, in listings, too."""

    def head(self, key: str, **options: Any) -> ObjectInfo:
        """Tell it."""
        return self._told(super().head(key, **options))

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        """Tell it of each."""
        page = super().list_page(prefix, **options)
        return dataclasses.replace(page, objects=[self._told(info) for info in page.objects])

    def _told(self, info: ObjectInfo) -> ObjectInfo:
        md5 = hashlib.md5(content(self, info.key), usedforsecurity=False).hexdigest()
        full = ChecksumType.FULL_OBJECT
        return dataclasses.replace(info, checksums={"MD5": md5}, checksum_type=full)


LOST = errors.ConnectionFailedError("reset", maybe_done=True, scope=errors.Scope.OBJECT)


class Overtaken(TellsChecksums):
    """Another client's object is there before the copy, whose answer is lost."""

    was_asked = False

    def copy_from(self, source: CopySource, key: str, **options: Any) -> ObjectInfo:
        """Lose the first answer."""
        if not self.was_asked:
            self.was_asked = True
            self.put(key, bytes(len(CONTENT)))
            raise LOST
        return super().copy_from(source, key, **options)


class LosesAnswer(MemoryStore):
    """The first copy is made, and its answer lost."""

    was_asked = False

    def copy_from(self, source: CopySource, key: str, **options: Any) -> ObjectInfo:
        """Lose the first answer."""
        info = super().copy_from(source, key, **options)
        if not self.was_asked:
            self.was_asked = True
            raise LOST
        return info


class LosesAnswerAndTellsChecksums(LosesAnswer, TellsChecksums):
    """Likewise, and it can be told."""


def copied_unless_there(cls: type[MemoryStore]) -> tuple[TransferReport, MemoryStore]:
    """Copy where nothing is, and nothing is to be replaced."""
    source, destination = container(TellsChecksums), container(cls)
    source.put("k", CONTENT)
    retrying = RetryingStore(destination, RetryPolicy(base_s=0))
    rule = OverwriteRule(Overwrite.NEVER)
    return copied(items(source), retrying, rule=rule, retries=1), destination


def test_lost_answer_of_a_conditional_copy_is_settled_by_the_checksum() -> None:
    """The second attempt says "exists", and it is what was to be copied: it was done."""
    report, _ = copied_unless_there(LosesAnswerAndTellsChecksums)
    assert (1, 0, 0) == (report.done_count, report.skipped_count, report.failed_count)


@pytest.mark.parametrize(
    ("cls", "there"), [(LosesAnswer, CONTENT), (Overtaken, bytes(len(CONTENT)))]
)
def test_copy_in_doubt_is_not_left_out(cls: type[MemoryStore], there: bytes) -> None:
    """It may be ours or somebody else's: nobody is told that there was nothing to do."""
    report, destination = copied_unless_there(cls)
    assert (0, 0, 1) == (report.done_count, report.skipped_count, report.failed_count)
    assert isinstance(report.failures[0].error, errors.PreconditionFailedError)
    assert content(destination, "k") == there


def test_a_source_whose_etags_stay_is_streamed() -> None:
    """They would be no condition."""
    source = container(capabilities=dataclasses.replace(MEMORY_CAPABILITIES, etag_changes=False))
    source.put("k", CONTENT)
    destination = FaultyStore(container())
    assert copied(items(source), destination).done_count == 1
    assert destination.count("copy_from") == 0


def test_a_source_without_etag_is_streamed() -> None:
    """There would be no condition."""
    source, destination = two_stores()
    plan = [
        dataclasses.replace(item, info=dataclasses.replace(item.info, etag=None))
        for item in items(source)
    ]
    assert copied(plan, destination).done_count == 1
    assert destination.count("copy_from") == 0


class Elsewhere(MemoryStore):
    """Names what a test says."""

    named: Mapping[str, Any]

    def copy_source(
        self, key: str, etag: str | None = None, version: str | None = None
    ) -> CopySource:
        """Name it."""
        return dataclasses.replace(super().copy_source(key, etag, version), **self.named)


@pytest.mark.parametrize(
    ("named", "same"),
    [
        ({}, True),
        ({"container": "another"}, True),
        ({"scheme": "other"}, False),
        ({"endpoint": "https://elsewhere.invalid"}, False),
        ({"identity": "somebody"}, False),
    ],
)
def test_services_are_compared_by_what_they_name(named: dict[str, str], same: bool) -> None:
    """Scheme, endpoint and identity; never the class, which a wrapper hides."""
    one, other = container(), container(Elsewhere)
    other.named = named
    assert same == same_account(RetryingStore(one), FaultyStore(other))


def test_an_identity_is_not_asked_for_in_vain(tmp_path: Path) -> None:
    """An upload from a directory can't be a copy, whoever signs."""

    class Nobody(MemoryStore):
        def copy_source(self, *_: object) -> CopySource:
            raise errors.CredentialsError("there are none")

    assert not same_account(FileStore(str(tmp_path)), container(Nobody))


def test_progress_is_told_by_parts_and_the_end_is_obeyed() -> None:
    """A bar moves while a large object is copied, and a run that is cancelled aborts it."""
    cancel, seen = CancelToken(), threading.Event()

    def wait(number: int) -> None:
        if number > 2:
            assert seen.wait(60)

    class Watching(TransferObserver):
        def progressed(self, snapshot: Snapshot) -> None:
            if snapshot.done_bytes == 2 * PART:
                cancel.cancel()
                seen.set()

    source, destination = hooked(wait)
    engine = Engine(
        "copy", destination, jobs=1, part_size_bytes=PART, observer=Watching(), cancel=cancel
    )
    report = engine.run(items(source))
    assert isinstance(report.stopped_by, errors.CancelledError)
    assert ([], []) == (items(destination), list(destination.list_multiparts()))
    assert (0, ()) == (report.done_bytes, report.notes)


class Telling(MemoryStore):
    """Tells a checksum of what it holds."""

    checksum = "right"

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Describe with it."""
        return self._with(super().head(key, version=version))

    def copy_from(self, source: CopySource, key: str, **options: Any) -> ObjectInfo:
        """Likewise."""
        return self._with(super().copy_from(source, key, **options))

    def _with(self, info: ObjectInfo) -> ObjectInfo:
        return dataclasses.replace(
            info,
            checksums={"CRC32": self.checksum},
            checksum_type=ChecksumType.FULL_OBJECT,
        )


@pytest.mark.parametrize("checksum", ["right", "wrong"])
def test_checksums_are_compared_where_both_sides_tell_one(checksum: str) -> None:
    """No bytes pass, but what two answers say must be the same."""
    source, destination = container(Telling), container(Telling)
    source.put("k", CONTENT)
    destination.checksum = checksum
    report = copied(items(source), destination, attributes=Attributes("text/x"))
    if checksum == "right":
        assert (1, 1, 0) == (report.done_count, report.verified_count, report.failed_count)
    else:
        assert isinstance(report.failures[0].error, errors.IntegrityError)


@pytest.mark.parametrize("changed", [False, True])
def test_an_older_version_is_what_is_copied(changed: bool) -> None:
    """Whole and in parts: the version that was named, with its own ETag."""
    capabilities = dataclasses.replace(MEMORY_CAPABILITIES, versions=True)
    source = container(capabilities=capabilities)
    destination = container(capabilities=capabilities, limits=SMALL if changed else MEMORY_LIMITS)
    info = source.put("k", CONTENT)
    source.put("k", b"later")
    assert copied([CopyItem(source, info, "k", version=info.version)], destination).done_count == 1
    assert content(destination, "k") == CONTENT


@pytest.mark.parametrize("size_bytes", [0, 10, 5000])
def test_files_are_copied_in_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size_bytes: int
) -> None:
    """Whole and in parts, with their times, and nothing is read here."""
    limits = dataclasses.replace(FileStore.limits, copy_size_max_bytes=PART)
    monkeypatch.setattr(FileStore, "limits", limits)
    for name in ("from", "to"):
        (tmp_path / name).mkdir()
    file = tmp_path / "from" / "k"
    file.write_bytes(CONTENT[:size_bytes])
    with FileStore(str(tmp_path / "from")) as source, FileStore(str(tmp_path / "to")) as other:
        destination = FaultyStore(other)
        recorded = FaultyStore(source)
        report = copied(items(recorded), destination)
    assert (1, size_bytes) == (report.done_count, report.done_bytes)
    assert ("open_reader" in calls(recorded), destination.count("put_part")) == (False, 0)
    copy = tmp_path / "to" / "k"
    assert (copy.read_bytes(), copy.stat().st_mtime_ns) == (
        CONTENT[:size_bytes],
        file.stat().st_mtime_ns,
    )


def test_files_that_the_kernel_cannot_copy_are_copied_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two file systems, say; a piece is small."""

    def refuse(*_: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("s3dlio_core.file_store.multipart.os.copy_file_range", refuse)
    monkeypatch.setattr(multipart, "_COPY_CHUNK_BYTES", 7)
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "k").write_bytes(CONTENT)
    (tmp_path / "to").mkdir()
    with FileStore(str(tmp_path / "from")) as source, FileStore(str(tmp_path / "to")) as other:
        assert copied(items(source), other).done_count == 1
    assert (tmp_path / "to" / "k").read_bytes() == CONTENT


def test_a_device_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be copied onto one, so what goes there is streamed, whole and in parts."""
    limits = dataclasses.replace(FileStore.limits, copy_size_max_bytes=PART)
    monkeypatch.setattr(FileStore, "limits", limits)
    (tmp_path / "k").write_bytes(CONTENT)
    (tmp_path / "l").write_bytes(b"x")
    with FileStore(str(tmp_path)) as source, FileStore("/dev") as devices:
        plan = [dataclasses.replace(item, key="null") for item in items(source)]
        report = Engine("copy", devices, jobs=1, part_size_bytes=PART).run(plan)
    assert (2, 0) == (report.done_count, report.failed_count)
