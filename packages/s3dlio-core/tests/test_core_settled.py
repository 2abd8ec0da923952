"""What an observer is told of each object that is done, if it asks for it."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors
from s3dlio_core.memory_store import MemoryProvider
from s3dlio_core.operations import copy, delete, download, move, upload
from s3dlio_core.transfer import ledger as ledger_module
from s3dlio_core.transfer.events import PassingObserver, TransferObserver

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from s3dlio_core.transfer.report import Failure, Settled, TransferReport


class Asking(TransferObserver):
    """Keeps what it is told, and by which thread."""

    wants_settled = True

    def __init__(self) -> None:
        self.told: list[Settled] = []
        self.failures: list[Failure] = []
        self.threads: set[int] = set()

    def settled(self, settled: Settled) -> None:
        """Keep it."""
        self.told.append(settled)
        self.threads.add(threading.get_ident())

    def failed(self, failure: Failure) -> None:
        """Keep it."""
        self.failures.append(failure)


class NotAsking(Asking):
    """One that doesn't ask."""

    wants_settled = False


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with two files."""
    (tmp_path / "in").mkdir()
    for name in "ab":
        (tmp_path / "in" / name).write_text(name * 3)
    return tmp_path / "in"


@pytest.fixture
def bucket() -> str:
    """The URI of an empty container."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return f"memory://{name}"


@pytest.mark.parametrize(
    ("operation", "action"),
    [(upload, "copied"), (download, "copied"), (copy, "copied"), (move, "moved")],
)
def test_each_object_is_told_with_what_it_is_now(
    tree: Path, bucket: str, operation: Callable[..., TransferReport], action: str
) -> None:
    """By the thread that called, with the destination's ETag."""
    observer = Asking()
    operation(f"{tree}/", f"{bucket}/x/", progress=observer)
    told = sorted(observer.told, key=lambda one: one.source)
    assert [(one.action, one.source, one.destination, one.size_bytes) for one in told] == [
        (action, f"file://{tree}/{name}", f"{bucket}/x/{name}", 3) for name in "ab"
    ]
    assert all(one.etag for one in told)
    assert observer.threads == {threading.get_ident()}


def test_deletions_are_told(tree: Path) -> None:
    """But for what failed."""
    observer = Asking()
    delete(f"{tree}/", recursive=True, progress=observer)
    assert [(one.action, one.source, one.destination) for one in observer.told] == [
        ("deleted", f"file://{tree}/{name}", "") for name in "ab"
    ]


def test_who_does_not_ask_is_not_told(tree: Path, bucket: str) -> None:
    """Nor is one that is passed on to."""
    for observer in (inner := NotAsking(), PassingObserver(inner)):
        upload(f"{tree}/", f"{bucket}/", progress=observer)
    assert inner.told == []


def test_what_is_passed_on_is_asked_for(tree: Path, bucket: str) -> None:
    """An observer round one that asks asks, too."""
    inner = Asking()
    upload(f"{tree}/", f"{bucket}/", progress=PassingObserver(inner))
    assert len(inner.told) == 2


def test_what_is_left_or_fails_is_not_told_as_done(tree: Path, bucket: str) -> None:
    """Skipped is not copied."""
    (tree / "c").symlink_to("nowhere")
    upload(tree / "a", f"{bucket}/a")
    observer = Asking()
    with pytest.raises(errors.TransferFailedError):
        upload(f"{tree}/", f"{bucket}/", overwrite="never", progress=observer)
    assert [one.source[-1] for one in observer.told] == ["b"]
    assert len(observer.failures) == 1


def test_a_dry_run_settles_nothing(tree: Path, bucket: str) -> None:
    """It plans."""
    observer = Asking()
    move(f"{tree}/", f"{bucket}/", dry_run=True, progress=observer)
    assert observer.told == []


def test_workers_wait_for_an_observer_that_is_slow(
    tree: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done and not told yet is bounded, and all of it is told in the end."""
    monkeypatch.setattr(ledger_module, "UNTOLD_MAX", 5)
    for number in range(60):
        (tree / str(number)).touch()
    most = 0

    class Slow(Asking):
        def settled(self, settled: Settled) -> None:
            """Look how much is there."""
            nonlocal most
            super().settled(settled)
            most = max(most, len(_objects(bucket)) - len(self.told))

    observer = Slow()
    upload(f"{tree}/", f"{bucket}/", max_in_flight=2, progress=observer)
    assert len(observer.told) == 62
    # As many as may wait, and one in the hands of each worker.
    assert 1 <= most <= 5 + 2 * 2


def _objects(bucket: str) -> list[str]:
    store = MemoryProvider().open(bucket.removeprefix("memory://"))
    return [info.key for info in store.list_page().objects]
