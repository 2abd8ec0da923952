"""Remarks: what stores have to say of how they worked, in the reports of operations."""

from __future__ import annotations

import dataclasses
import io
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import operations, registry
from s3dlio_core.errors import ObjectNotFoundError, TransferFailedError
from s3dlio_core.memory_store import MEMORY_CAPABILITIES, MemoryProvider, MemoryStore
from s3dlio_core.retry import RetryingProvider
from s3dlio_core.session import Session
from s3dlio_core.testing import FaultyStore
from s3dlio_core.transfer.events import Snapshot, TransferObserver
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3dlio_core.store import ObjectInfo, ObjectReader
    from s3dlio_core.transfer.report import TransferReport

READ, WRITTEN = "some of it was read slowly", "some of it was written slowly"


class SlowStore(MemoryStore):
    """Remarks that it read, and that it wrote; copies nothing by itself."""

    def __init__(self, name: str) -> None:
        super().__init__(name, capabilities=dataclasses.replace(MEMORY_CAPABILITIES, copy=False))
        self._remarks: dict[str, None] = {}

    def open_reader(self, key: str, *arguments: Any, **keywords: Any) -> ObjectReader:
        """Read, slowly."""
        self._remarks[READ] = None
        return super().open_reader(key, *arguments, **keywords)

    def put(self, key: str, *arguments: Any, **keywords: Any) -> ObjectInfo:
        """Write, slowly."""
        self._remarks[WRITTEN] = None
        if key.endswith("wrong"):
            raise ObjectNotFoundError("it can't be written", operation="put", uri=key)
        return super().put(key, *arguments, **keywords)

    def remarks(self) -> tuple[str, ...]:
        """Say so."""
        return tuple(self._remarks)


class SlowProvider(MemoryProvider):
    """Opens such stores."""

    def open(self, container: str) -> SlowStore:
        """Open one."""
        return SlowStore(container)


class Listener(TransferObserver):
    """Keeps the notes that it is told, and the one report."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.reports: list[TransferReport] = []

    def noted(self, text: str) -> None:
        """Keep it."""
        self.notes.append(text)

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        """Keep it."""
        assert snapshot.done_count == report.done_count
        self.reports.append(report)


@pytest.fixture
def one() -> Iterator[str]:
    """The URI of a slow container with objects."""
    registry.register("slow", SlowProvider)
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    for key in ("a", "x/a"):
        MemoryStore(name).put(key, b"123")
    yield f"slow://{name}"
    registry.unregister("slow")


@pytest.fixture
def other() -> str:
    """The URI of another, empty one."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return f"slow://{name}"


_TRANSFERS: dict[str, Callable[..., TransferReport]] = {
    "upload": lambda one, other, **more: operations.upload(f"{one}/a", f"{other}/b", **more),
    "download": lambda one, other, **more: operations.download(f"{one}/a", f"{other}/b", **more),
    "copy": lambda one, other, **more: operations.copy(f"{one}/a", f"{other}/b", **more),
    "move": lambda one, other, **more: operations.move(f"{one}/a", f"{other}/b", **more),
    "put_file": lambda one, other, **more: operations.put_file(f"{one}/a", f"{other}/b", **more),
    "sync": lambda one, other, **more: operations.sync(f"{one}/x/", f"{other}/y/", **more),
    "sync --delete": lambda one, other, **more: operations.sync(
        f"{one}/x/", f"{other}/y/", delete=True, **more
    ),
}


@pytest.mark.parametrize("operation", _TRANSFERS)
def test_a_report_has_the_remarks_of_both_sides(one: str, other: str, operation: str) -> None:
    """The observer is told the same report, but no note: the store has logged a warning."""
    listener = Listener()
    report = _TRANSFERS[operation](one, other, progress=listener)
    assert report.done_count == 1
    assert report.notes == (READ, WRITTEN)
    assert listener.reports == [report]
    assert listener.notes == []


def test_sides_with_settings_of_their_own_are_heard_both(
    one: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has a session then."""
    monkeypatch.setenv("S3DLIO_SOURCE_REGION", "x")
    assert operations.copy(f"{one}/a", f"{other}/b").notes == (READ, WRITTEN)


def test_what_several_stores_remark_is_told_once(one: str, other: str) -> None:
    """The notes of a report are for somebody who reads them."""
    operations.copy(f"{one}/a", f"{other}/b")
    report = operations.copy([f"{one}/a", f"{other}/b"], f"{one}/y/")
    assert report.notes == (READ, WRITTEN)


def test_a_report_of_failures_has_them_too(one: str, other: str) -> None:
    """They may be the reason."""
    with pytest.raises(TransferFailedError) as caught:
        operations.copy(f"{one}/a", f"{other}/wrong")
    assert caught.value.report is not None
    assert caught.value.report.notes == (READ, WRITTEN)


def test_a_dry_run_has_none(one: str, other: str) -> None:
    """Nothing was read or written."""
    assert operations.copy(f"{one}/a", f"{other}/b", dry_run=True).notes == ()


@pytest.mark.parametrize(("name", "done"), [("b", 1), ("wrong", 0)])
def test_the_report_of_a_stream_has_the_remarks(one: str, name: str, done: int) -> None:
    """Whether it could be written or not."""
    listener = Listener()
    stream = io.BytesIO(b"123")
    report = operations.put_stream(
        stream.readinto, f"{one}/{name}", progress=listener, raise_on_failure=False
    )
    assert report.done_count == done
    assert report.notes == (WRITTEN,)
    assert listener.reports == [report]
    assert listener.notes == []


def test_the_report_of_a_check_has_the_remarks(one: str, tmp_path: Path) -> None:
    """It reads, too, where bytes are compared."""
    (tmp_path / "a").write_bytes(b"123")
    listener = Listener()
    report = operations.check(tmp_path, f"{one}/x/", checksum=True, progress=listener)
    assert report.same_count == 1
    assert report.notes == (READ,)
    assert listener.notes == []


def test_a_store_has_nothing_to_remark_by_itself() -> None:
    """It is for the few that have."""
    assert MemoryStore("x").remarks() == ()


def test_wrappers_hand_remarks_on(one: str) -> None:
    """Those that retry, that fail on purpose, and a session."""
    store = SlowStore(parse_uri(one).container)
    store.open_reader("a").close()
    retrying = RetryingProvider(SlowProvider()).open(parse_uri(one).container)
    assert retrying.remarks() == ()
    retrying.open_reader("a").close()
    assert retrying.remarks() == FaultyStore(store).remarks() == (READ,)


def test_a_session_tells_what_its_stores_remark(one: str, other: str) -> None:
    """Also once it is closed, since a report may be made then."""
    with Session() as session:
        for uri in (one, other):
            session.place(parse_uri(uri), "").store.put("k", b"1")
    assert session.remarks() == (WRITTEN,)
