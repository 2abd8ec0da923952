"""What goes wrong between the steps: moved directories, answers to other questions, late writes."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors, logs, operations
from s3dlio_core.file_store import FileStore
from s3dlio_core.listing import iterate
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.retry import Retrier, RetryingStore, RetryPolicy
from s3dlio_core.store import DeleteError, ObjectInfo, Page
from s3dlio_core.testing.faults import FaultyStore
from s3dlio_core.transfer import engine as engine_module
from s3dlio_core.transfer.buffers import BufferPool
from s3dlio_core.transfer.engine import Engine
from s3dlio_core.transfer.events import CancelToken
from s3dlio_core.transfer.plan import CopyItem
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def _container() -> MemoryStore:
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return MemoryStore(name)


# Directories that move.


def test_a_renamed_directory_is_not_written_to(tmp_path: Path) -> None:
    """What has another name now is another directory: the key decides, not an open descriptor."""
    with FileStore(str(tmp_path)) as store:
        store.put("logs/one", b"1")
        (tmp_path / "logs").rename(tmp_path / "logs.old")
        store.put("logs/two", b"2")
        store.delete("logs/one")
    assert ["one"] == [path.name for path in (tmp_path / "logs.old").iterdir()]
    assert ["two"] == [path.name for path in (tmp_path / "logs").iterdir()]


def test_dots_behind_a_link_mean_what_the_system_means(tmp_path: Path) -> None:
    """`link/..` is the directory above the link's target, not the one above the link."""
    (tmp_path / "else" / "real").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "else" / "real")
    for place in ("here", "else"):
        (tmp_path / place / "x").write_text(place)
    operations.delete(f"{tmp_path}/here/link/../x")
    assert (tmp_path / "here" / "x").exists()
    assert not (tmp_path / "else" / "x").exists()


def test_a_copy_onto_itself_is_refused(tmp_path: Path) -> None:
    """Files and directories, also by another way to them: nothing is rewritten."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_text("a")
    (tmp_path / "d" / "link").symlink_to("a")
    (tmp_path / "way").symlink_to("d")
    for source, goal in (
        (f"{tmp_path}/d/a", f"{tmp_path}/d/a"),
        (f"{tmp_path}/d/a", f"{tmp_path}/d/"),
        (f"{tmp_path}/d/a", f"{tmp_path}/way/a"),
        (f"{tmp_path}/d", f"{tmp_path}/"),
        (f"{tmp_path}/d/*", f"{tmp_path}/way/"),
    ):
        with pytest.raises(errors.UsageError, match="onto itself"):
            operations.copy(source, goal, recursive=True)
    assert (tmp_path / "d" / "link").is_symlink()


def test_a_directory_is_not_copied_into_itself_through_a_link(tmp_path: Path) -> None:
    """Another path to a place in the source is a place in the source."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_text("a")
    (tmp_path / "way").symlink_to("d")
    with pytest.raises(errors.UsageError, match="into itself"):
        operations.copy(f"{tmp_path}/d/", f"{tmp_path}/way/sub/", recursive=True)


def test_a_link_to_an_open_file_is_left_alone(tmp_path: Path) -> None:
    """What stands as /dev/stdout does stays, wherever standard output goes."""
    (tmp_path / "a").write_text("a")
    (tmp_path / "out").symlink_to("/proc/self/fd/1")
    report = operations.copy(tmp_path / "a", tmp_path / "out", raise_on_failure=False)
    assert 1 == report.failed_count
    assert (tmp_path / "out").is_symlink()


# Answers to other questions.


class IgnoresPrefix(FaultyStore):
    """A store that lists everything, whatever was asked for."""

    def list_page(self, prefix: str = "", **rest: object) -> Page:
        """List without the prefix."""
        del prefix, rest
        return super().list_page()


def test_a_listing_beyond_its_prefix_is_refused() -> None:
    """Keys that weren't asked for are never handed on: a caller might delete them."""
    bare = _container()
    bare.put("precious", b"")
    with pytest.raises(errors.ServiceError, match="without the prefix"):
        list(iterate(IgnoresPrefix(bare), "logs/"))


class Circle(FaultyStore):
    """A store whose continuation tokens go round in a circle."""

    def list_page(self, *_: object, token: str | None = None, **__: object) -> Page:
        """List the same for ever."""
        return Page([ObjectInfo("key", 0)], next_token="b" if token == "a" else "a")


def test_tokens_that_go_round_end_the_listing() -> None:
    """A listing ends although no two tokens in a row are equal."""
    with pytest.raises(errors.ServiceError, match="repeats"):
        list(iterate(Circle(_container())))


class NamesAnother(FaultyStore):
    """A store whose deletion complains of a key that wasn't asked for."""

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        """Delete nothing."""
        del keys
        yield DeleteError("neighbour", errors.ThrottledError("slow down"))


def test_a_retried_deletion_asks_for_nothing_new() -> None:
    """A key that only the answer names is never sent again."""
    store = RetryingStore(NamesAnother(_container()), RetryPolicy(base_s=0))
    assert ["neighbour"] == [failed.key for failed in store.delete_many(["key"])]


def test_a_refusal_after_a_request_that_was_never_sent_stands() -> None:
    """Only an attempt that may have been carried out can have been."""
    provider_error = errors.ContainerExistsError("taken")
    answers = [errors.ConnectionFailedError("refused"), provider_error]

    def call() -> bool:
        raise answers.pop(0)

    with pytest.raises(errors.ContainerExistsError):
        Retrier(RetryPolicy(base_s=0)).call("create", "x", call, lambda _: True)


# Ends of a run.


def test_one_abort_that_hangs_leaves_only_its_own_upload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Aborts don't wait for each other, and what is left is named."""
    monkeypatch.setattr(engine_module, "GRACE_S", 0.5)
    let_go = threading.Event()
    engine = Engine("copy", FileStore(str(tmp_path)), jobs=3)

    class Stuck:
        begun, ending, done_bytes, count = True, False, 0, 1

        def __init__(self, key: str, event: threading.Event | None) -> None:
            self.item = CopyItem(_container(), ObjectInfo(key, 1), key)
            self.event = event
            self.aborted = False

        def abort(self) -> None:
            if self.event is not None:
                self.event.wait()
            self.aborted = True

    uploads = [Stuck("a", let_go), Stuck("b", None), Stuck("c", None)]
    engine._unended.update(uploads)  # type: ignore[arg-type]
    engine._abort_unended()
    assert [False, True, True] == [upload.aborted for upload in uploads]
    assert 1 == len(engine._ledger.notes)
    assert "/a" in engine._ledger.notes[0]
    let_go.set()


def test_who_waits_for_memory_hears_a_cancellation() -> None:
    """A lease that finds no room ends with the token."""
    pool, cancel = BufferPool(64 * 1024), CancelToken()
    cancel.cancel()
    with pool.lease(1), pytest.raises(errors.CancelledError), pool.lease(1, cancel):
        pass


# What is said.


def test_nothing_a_server_says_controls_the_terminal() -> None:
    """Every part of an error is escaped."""
    bad = "\x1b[2J\x9b"
    error = errors.ServiceError(bad, operation="put", uri=bad, hint=bad, code=bad, request_id=bad)
    assert str(error).isprintable()


def test_records_tell_the_attempt(caplog: pytest.LogCaptureFixture) -> None:
    """A record of a request carries the number of its attempt."""
    log = logs.get_logger("test")
    left = [errors.ThrottledError("slow down")]

    def call() -> None:
        log.warning("sent")
        if left:
            raise left.pop()

    Retrier(RetryPolicy(base_s=0)).call("put", "x", call)
    log.warning("after")
    sent = [record for record in caplog.records if record.name == "s3dlio.test"]
    assert [1, 2, 1] == [record.__dict__["attempt"] for record in sent]


@pytest.mark.parametrize("text", ["s3:/bucket/key", "az:/c/k", "file://host/path"])
def test_a_mistyped_uri_is_no_local_path(text: str) -> None:
    """What is nearly a URI isn't quietly a file's name."""
    with pytest.raises(errors.InvalidUriError, match="Write"):
        parse_uri(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"progress": "bar"},
        {"cancel": "x"},
        {"options": "x"},
        {"options": {"verify": False}},
        {"max_in_flight": "8"},
        {"max_in_flight": True},
    ],
)
def test_an_argument_of_the_wrong_type_is_named(tmp_path: Path, wrong: dict[str, object]) -> None:
    """A TypeError says which argument it is."""
    (tmp_path / "a").write_text("a")
    with pytest.raises(TypeError, match=next(iter(wrong))):
        operations.upload(tmp_path / "a", tmp_path / "b", **wrong)  # type: ignore[arg-type]
