"""Whether an object is copied when its destination exists."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import errors, operations
from s3dlio_core.file_store import FileStore
from s3dlio_core.memory_store import MEMORY_LIMITS, MemoryProvider, MemoryStore
from s3dlio_core.store import Attributes, Capabilities, ObjectInfo
from s3dlio_core.transfer.engine import Engine
from s3dlio_core.transfer.events import CancelToken, TransferObserver
from s3dlio_core.transfer.overwrite import Compare, Overwrite, OverwriteRule, decide
from s3dlio_core.transfer.plan import ABSENT, CopyItem

if TYPE_CHECKING:
    from pathlib import Path

    from s3dlio_core.store import CopySource
    from s3dlio_core.transfer.plan import Existing

NEVER = OverwriteRule(Overwrite.NEVER)
NEWER = OverwriteRule(Overwrite.NEWER)
CHANGED = OverwriteRule(Overwrite.CHANGED)
SIZE = OverwriteRule(Overwrite.CHANGED, Compare.SIZE)

#: Stores that have an object's time, and those that have that of the write.
KEEPS, WRITES = Capabilities(attributes=False, mtime=True), Capabilities()


class Described(MemoryStore):
    """Answers `head` with what a test says, and counts how often it is asked."""

    def __init__(self, capabilities: Capabilities, mtime: str | None = None) -> None:
        super().__init__("described", capabilities=capabilities)
        self.head_count = 0
        self._attributes = Attributes(metadata={} if mtime is None else {"mtime": mtime})

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Tell the metadata."""
        del version
        self.head_count += 1
        return ObjectInfo(key, 1, None, attributes=self._attributes)


def decided(
    rule: OverwriteRule, source: ObjectInfo, existing: Existing, *stores: Described
) -> bool:
    """Decide about two objects."""
    of_source, destination = stores or (Described(WRITES), Described(WRITES))
    item = CopyItem(of_source, source, "k", existing=existing)
    return decide(item, destination, rule, CancelToken())


def at(mtime: float | None, size_bytes: int = 1) -> ObjectInfo:
    """Describe an object as a listing does."""
    return ObjectInfo("k", size_bytes, mtime)


@pytest.mark.parametrize("rule", [OverwriteRule(), NEVER, NEWER, CHANGED, SIZE])
def test_what_is_not_there_is_copied(rule: OverwriteRule) -> None:
    """Whatever the rule."""
    assert decided(rule, at(1.0), ABSENT)


@pytest.mark.parametrize(
    ("rule", "source", "existing", "copied"),
    [
        (OverwriteRule(), at(1.0), at(1.0), True),
        (NEVER, at(9.0), at(1.0, 5), False),
        (NEWER, at(2.0), at(2.0, 5), False),
        (NEWER, at(1.0), at(2.0, 5), False),
        (NEWER, at(None), at(2.0), True),
        (NEWER, at(2.0), at(None), True),
        (CHANGED, at(1.0, 3), at(2.0, 4), True),
        (CHANGED, at(1.0), at(2.0), False),
        (CHANGED, at(2.0), at(2.0), False),
        (CHANGED, at(None), at(2.0), True),
        (CHANGED, at(2.0), at(None), True),
        (SIZE, at(5.0), at(2.0), False),
        (SIZE, at(1.0, 3), at(2.0, 4), True),
    ],
)
def test_what_listings_settle(
    rule: OverwriteRule, source: ObjectInfo, existing: ObjectInfo, copied: bool
) -> None:
    """No store is asked."""
    stores = Described(WRITES), Described(WRITES)
    assert copied is decided(rule, source, existing, *stores)
    assert [0, 0] == [store.head_count for store in stores]


@pytest.mark.parametrize("rule", [NEWER, CHANGED])
@pytest.mark.parametrize(
    ("source_s", "existing_s", "kept", "copied"),
    [
        (5.5, 5.0, "5.5", False),  # a header's whole second lies before the file's time
        (5.5, 5.0, "5.500000001", False),  # what a float can't tell apart
        (5.7, 5.0, "5.5", True),  # written again within that second
        (5.5, 5.0, None, True),
        (5.5, 5.0, "yesterday", True),
    ],
)
def test_an_older_object_is_asked_for_its_metadata(
    rule: OverwriteRule, source_s: float, existing_s: float, kept: str | None, copied: bool
) -> None:
    """An object that was written before its source's time may still be of that time."""
    stores = Described(KEEPS), Described(WRITES, kept)
    assert copied is decided(rule, at(source_s), at(existing_s), *stores)
    assert [0, 1] == [store.head_count for store in stores]


@pytest.mark.parametrize(
    ("source_s", "kept", "existing_s", "newer", "changed"),
    [
        (8.0, "5.25", 5.25, False, False),
        (8.0, "5.25", 5.0, True, True),
        (8.0, "5.25", 6.0, False, True),
        (8.0, None, 5.0, True, True),
        (8.0, None, 9.0, False, True),
        (8.5, None, 8.5, False, False),
        (8.5, None, 8.0, False, False),  # the header's second of what a listing tells finer
        (8.5, "8.75", 8.0, True, True),  # of that second, too, but the object keeps another time
        (8.0, "8.75", 8.25, True, True),  # of a listing in whole seconds
        (8.0, "8.25", 8.75, False, True),
        (8.0, "8.25", 8.25, False, False),
        (8.0, None, 8.25, False, True),
        (8.0, "9.5", 9.0, False, True),
        (8.5, None, 8.25, True, True),
    ],
)
def test_a_file_has_the_time_of_its_object(
    source_s: float, kept: str | None, existing_s: float, newer: bool, changed: bool
) -> None:
    """That which the object keeps, or else that of its last change."""
    for rule, copied in ((NEWER, newer), (CHANGED, changed)):
        stores = Described(WRITES, kept), Described(KEEPS)
        assert copied is decided(rule, at(source_s), at(existing_s), *stores)


@pytest.mark.parametrize("rule", [NEWER, CHANGED])
@pytest.mark.parametrize(
    ("source_s", "existing_s", "copied"), [(5.5, 5.0, False), (5.5, 5.25, True), (6.0, 5.0, True)]
)
def test_an_object_of_the_same_second_is_a_copy(
    rule: OverwriteRule, source_s: float, existing_s: float, copied: bool
) -> None:
    """A store that tells whole seconds tells one before the time of what was copied to it."""
    assert copied is decided(
        rule, at(source_s), at(existing_s), Described(WRITES), Described(WRITES)
    )


def test_files_need_the_same_time() -> None:
    """A later one isn't the same, and nothing is asked."""
    stores = Described(KEEPS), Described(KEEPS)
    for existing_s in (4.0, 6.0):
        assert decided(CHANGED, at(5.0), at(existing_s), *stores)
    assert not decided(CHANGED, at(5.0), at(5.0 + 2e-7), *stores)
    assert [0, 0] == [store.head_count for store in stores]


def test_listed_metadata_spare_the_request() -> None:
    """A listing that carries them is taken at its word."""
    stores = Described(KEEPS), Described(WRITES)
    existing = ObjectInfo("k", 1, 5.0, attributes=Attributes(metadata={"mtime": "5.5"}))
    assert not decided(CHANGED, at(5.5), existing, *stores)
    assert [0, 0] == [store.head_count for store in stores]


def container(cls: type[MemoryStore] = MemoryStore, **settings: Any) -> Any:
    """Open a fresh container."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return cls(name, **settings)


class Racing(MemoryStore):
    """Somebody else writes each key just before we do."""

    def put(self, key: str, buffer: Any, **options: Any) -> ObjectInfo:
        """Let the other be faster."""
        super().put(key, b"other")
        return super().put(key, buffer, **options)

    def create_multipart(self, key: str, **options: Any) -> Any:
        """Let the other be faster."""
        super().put(key, b"other")
        return super().create_multipart(key, **options)

    def copy_from(self, source: CopySource, key: str, **options: Any) -> ObjectInfo:
        """Let the other be faster."""
        super().put(key, b"other")
        return super().copy_from(source, key, **options)


@pytest.mark.parametrize("copy", [True, False])
def test_never_replaces_what_comes_meanwhile(copy: bool) -> None:
    """The write itself is conditional, whole or in parts; the other's object counts as skipped."""
    source, destination = (
        container(),
        container(
            Racing,
            capabilities=Capabilities(copy=copy),
            limits=replace(MEMORY_LIMITS, copy_size_max_bytes=1000),
        ),
    )
    for key, size_bytes in (("small", 1), ("large", 5000)):
        source.put(key, b"x" * size_bytes)
    plan = [CopyItem(source, info, info.key) for info in source.list_page().objects]
    report = Engine("copy", destination, jobs=2, part_size_bytes=1000, rule=NEVER).run(plan)
    assert (0, 0, 2, 0) == (
        report.done_count,
        report.done_bytes,
        report.skipped_count,
        report.failed_count,
    )
    for key in ("small", "large"):
        assert destination.head(key).size_bytes == len(b"other")


def test_a_store_without_conditions_is_only_asked(tmp_path: Path) -> None:
    """`never` works there, too, but for what comes meanwhile."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    destination = MemoryStore(name, capabilities=Capabilities(put_if_absent=False))
    destination.put("a", b"old")
    for key in ("a", "b"):
        (tmp_path / key).write_bytes(b"new")
    files = FileStore(str(tmp_path))
    plan = [CopyItem(files, info, info.key) for info in files.list_page().objects]
    report = Engine("upload", destination, jobs=2, rule=NEVER).run(plan)
    assert (1, 1) == (report.done_count, report.skipped_count)


def test_what_is_skipped_leaves_the_totals(tmp_path: Path) -> None:
    """A bar that counts to the end needs totals of what is really done."""
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "b").write_bytes(b"123")
    store = container()
    store.put("a", b"old")
    seen: list[Any] = []

    class Watching(TransferObserver):
        def finished(self, snapshot: Any, report: Any) -> None:
            del report
            seen.append(snapshot)

    operations.upload(f"{tmp_path}/", f"{store.uri}/", overwrite="never", progress=Watching())
    assert (1, 1, 1, 3) == (
        seen[0].total_count,
        seen[0].done_count,
        seen[0].skipped_count,
        seen[0].total_bytes,
    )


@pytest.mark.parametrize(
    ("overwrite", "compare", "rule"),
    [
        (None, None, OverwriteRule()),
        ("never", None, NEVER),
        ("newer", None, NEWER),
        ("changed", None, CHANGED),
        (None, "size", SIZE),
        ("changed", "checksum", OverwriteRule(Overwrite.CHANGED, Compare.CHECKSUM)),
    ],
)
def test_rules_have_names(overwrite: str | None, compare: str | None, rule: OverwriteRule) -> None:
    """A comparison alone asks for what changed."""
    assert rule == OverwriteRule.from_names(overwrite, compare)


@pytest.mark.parametrize(
    ("overwrite", "compare", "reason"),
    [
        ("sometimes", None, 'overwrite is one of "always", "never", "newer", "changed"'),
        (None, "colour", 'compare is one of "time", "size", "checksum"'),
        ("never", "size", 'compare goes with overwrite "changed", not with "never"'),
    ],
)
def test_senseless_rules_are_refused(
    overwrite: str | None, compare: str | None, reason: str
) -> None:
    """Before anything is looked at."""
    with pytest.raises(errors.UsageError, match=reason):
        operations.upload("x", "memory://x/", overwrite=overwrite, compare=compare)


CONTENTS = [(b"same", b"same", 0), (b"same", b"else", 1), (b"same", b"longer", 1), (b"", b"", 0)]


@pytest.mark.parametrize(("content", "existing", "copied"), CONTENTS)
def test_files_are_compared_by_their_bytes(
    tmp_path: Path, content: bytes, existing: bytes, copied: int
) -> None:
    """Neither has a checksum that somebody keeps, and times say nothing."""
    for name, value in (("a", content), ("b", existing)):
        (tmp_path / name).write_bytes(value)
    os.utime(tmp_path / "b", (5, 5))
    report = operations.copy(tmp_path / "a", tmp_path / "b", compare="checksum")
    assert (copied, 1 - copied) == (report.done_count, report.skipped_count)
    assert (tmp_path / "b").read_bytes() == content
