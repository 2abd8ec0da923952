"""The operations: signatures that old programs rely on, and what each returns and raises."""

from __future__ import annotations

import inspect
import pickle
import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors, operations, registry
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.operations import arguments
from s3dlio_core.store import Attributes, Condition, ObjectReader, ObjectStore
from s3dlio_core.transfer.events import CancelToken, Snapshot, TransferObserver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3dlio_core.store import ObjectInfo
    from s3dlio_core.transfer.report import TransferReport


@pytest.fixture
def name() -> str:
    """The name of a container that doesn't exist."""
    return uuid.uuid4().hex


@pytest.fixture
def base(name: str) -> str:
    """The URI of an empty container."""
    MemoryProvider().create_container(name)
    return f"memory://{name}"


def _uris(found: Iterator[operations.ListEntry]) -> list[str]:
    return [entry.uri for entry in found]


# Signatures.


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (
            operations.upload,
            {"src_patterns": ..., "dest_prefix": ..., "max_in_flight": 32, "create_bucket": False},
        ),
        (
            operations.download,
            {"src_uri": ..., "dest_dir": ..., "max_in_flight": 64, "recursive": True},
        ),
    ],
)
def test_old_programs_run_unchanged(
    function: Callable[..., TransferReport], expected: dict[str, object]
) -> None:
    """Names, order and defaults of the original are kept; ours are keyword-only."""
    parameters = inspect.signature(function).parameters.values()
    old = {
        one.name: ... if one.default is one.empty else one.default
        for one in parameters
        if one.kind is one.POSITIONAL_OR_KEYWORD
    }
    assert list(old.items()) == list(expected.items())
    assert {one.kind for one in parameters} == {
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.KEYWORD_ONLY,
        inspect.Parameter.VAR_KEYWORD,
    }


def test_upload_and_download_take_their_old_arguments_by_position(
    tmp_path: Path, name: str
) -> None:
    """`create_bucket` is the fourth of upload, `recursive` of download."""
    (tmp_path / "a").write_text("text")
    operations.upload([str(tmp_path / "a")], f"memory://{name}/x/", 8, True)
    operations.download(f"memory://{name}/", str(tmp_path / "back"), 8, True)
    assert (tmp_path / "back" / "x" / "a").read_text() == "text"


# Containers of a destination.


def test_a_missing_bucket_says_what_to_do(tmp_path: Path, name: str) -> None:
    """The error names it and how to have it created; nothing was created."""
    (tmp_path / "a").write_text("text")
    with pytest.raises(errors.ContainerNotFoundError, match="create_bucket") as caught:
        operations.upload(tmp_path / "a", f"memory://{name}/x")
    assert name in str(caught.value)
    assert not operations.exists(f"memory://{name}")


def test_a_bucket_is_created_when_that_is_asked_for(tmp_path: Path, name: str) -> None:
    """And it doesn't matter if it is there already."""
    (tmp_path / "a").write_text("text")
    for key in "xy":
        operations.upload(tmp_path / "a", f"memory://{name}/{key}", create_bucket=True)
    assert _uris(operations.list(f"memory://{name}")) == [f"memory://{name}/{key}" for key in "xy"]


def test_no_bucket_is_created_for_nothing(tmp_path: Path, name: str) -> None:
    """When no source matches, there is nothing to create it for."""
    with pytest.raises(errors.NothingMatchedError):
        operations.upload(f"{tmp_path}/*.none", f"memory://{name}/x", create_bucket=True)
    assert not operations.exists(f"memory://{name}")


def test_no_directory_is_created_for_nothing(tmp_path: Path, base: str) -> None:
    """Likewise for a download."""
    with pytest.raises(errors.NothingMatchedError):
        operations.download(f"{base}/none/", tmp_path / "x" / "y")
    assert list(tmp_path.iterdir()) == []


# Arguments.


@pytest.mark.parametrize("jobs", [0, -1, operations.JOBS_MAX + 1])
def test_jobs_have_limits(tmp_path: Path, jobs: int) -> None:
    """Neither none nor more than any machine has a use for."""
    with pytest.raises(errors.UsageError, match="max_in_flight"):
        operations.upload(tmp_path, "memory://x", jobs)


def test_parts_have_a_size(tmp_path: Path) -> None:
    """A part of no bytes makes no sense."""
    with pytest.raises(errors.UsageError, match="part_size_bytes"):
        operations.upload(tmp_path, "memory://x", part_size_bytes=0)


def test_something_must_be_given(tmp_path: Path) -> None:
    """No source at all is an error of usage."""
    with pytest.raises(errors.UsageError, match="given"):
        operations.upload([], tmp_path)
    with pytest.raises(errors.UsageError, match="given"):
        operations.delete([])


def test_an_option_that_no_store_knows_is_refused(tmp_path: Path) -> None:
    """It is a typing error more often than not."""
    with pytest.raises(errors.UsageError, match="endpoint"):
        operations.upload(tmp_path, "memory://x", options={"endpoint": "http://x"})


def test_options_reach_the_store_that_knows_them(tmp_path: Path, base: str) -> None:
    """An option that only one side of a copy knows is fine."""
    (tmp_path / "a").write_text("text")
    report = operations.upload(tmp_path / "a", f"{base}/a", options={"fsync": "true"})
    assert report.ok


# How a transfer is told.


class Watching(TransferObserver):
    """Remembers the names of what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def started(self, snapshot: Snapshot) -> None:
        """Remember."""
        self.told.append(f"started {snapshot.operation}")

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        """Remember."""
        self.told.append(f"finished {report.done_count}")


@pytest.mark.parametrize("operation", ["upload", "download", "copy"])
def test_an_observer_is_told_the_operation(tmp_path: Path, base: str, operation: str) -> None:
    """The three differ in their names and defaults only."""
    (tmp_path / "a").write_text("text")
    observer = Watching()
    report = getattr(operations, operation)(tmp_path / "a", f"{base}/a", progress=observer)
    assert report.operation == operation
    assert observer.told == [f"started {operation}", "finished 1"]


def test_progress_true_takes_the_installed_observer(
    tmp_path: Path, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever package offers it; without one the error says what to install."""
    (tmp_path / "a").write_text("text")
    observer = Watching()
    monkeypatch.setattr(arguments, "default_observer", lambda: observer)
    operations.upload(tmp_path / "a", f"{base}/a", progress=True)
    operations.upload(tmp_path / "a", f"{base}/a", progress=False)
    assert observer.told == ["started upload", "finished 1"]


def test_failures_are_raised_with_the_report(tmp_path: Path) -> None:
    """All others were copied; the error holds what was done and what failed."""
    (tmp_path / "a").write_text("text")
    (tmp_path / "gone").symlink_to("nowhere")
    with pytest.raises(errors.TransferFailedError, match="1 of 2 objects failed") as caught:
        operations.copy(f"{tmp_path}/", tmp_path / "x")
    assert caught.value.report.done_count == 1
    assert (tmp_path / "x" / "a").exists()


def test_failures_may_stay_in_the_report(tmp_path: Path) -> None:
    """With `raise_on_failure=False` the caller looks for itself."""
    (tmp_path / "a").write_text("text")
    (tmp_path / "gone").symlink_to("nowhere")
    report = operations.copy(f"{tmp_path}/", tmp_path / "x", raise_on_failure=False)
    assert (report.ok, report.done_count, report.failed_count) == (False, 1, 1)


def test_a_cancelled_transfer_raises(tmp_path: Path, base: str) -> None:
    """A token that is set before the start stops it at once."""
    for number in range(20):
        (tmp_path / str(number)).write_text("text")
    cancel = CancelToken()

    class Cancelling(TransferObserver):
        def started(self, snapshot: Snapshot) -> None:
            cancel.cancel()

    with pytest.raises(errors.CancelledError):
        operations.upload(f"{tmp_path}/", base, 1, progress=Cancelling(), cancel=cancel)


# Listing.


def test_list_gives_objects_and_prefixes_in_order(base: str) -> None:
    """A prefix has no info; recursive listings have no prefixes."""
    for key in ("a", "b/c", "b/d", "e"):
        operations.put(f"{base}/{key}", b"123")
    entries = list(operations.list(base))
    assert [entry.uri for entry in entries] == [f"{base}/a", f"{base}/b/", f"{base}/e"]
    assert [entry.info is None for entry in entries] == [False, True, False]
    assert _uris(operations.list(base, True)) == [
        f"{base}/{key}" for key in ("a", "b/c", "b/d", "e")
    ]
    assert _uris(operations.list(f"{base}/b")) == [f"{base}/b/c", f"{base}/b/d"]
    assert _uris(operations.list(f"{base}/b/")) == [f"{base}/b/c", f"{base}/b/d"]
    assert _uris(operations.list(f"{base}/?")) == [f"{base}/a", f"{base}/b/", f"{base}/e"]
    assert _uris(operations.list(f"{base}/a")) == [f"{base}/a"]


@pytest.mark.parametrize("missing", ["/x", "/x/", "/x*", "/x/*", "/**/x"])
@pytest.mark.parametrize("kind", ["file", "memory"])
def test_list_of_nothing_is_an_error(tmp_path: Path, base: str, kind: str, missing: str) -> None:
    """A name, a prefix or a glob that finds nothing isn't an empty listing."""
    where = str(tmp_path) if kind == "file" else base
    with pytest.raises(errors.NothingMatchedError):
        list(operations.list(where + missing))


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_an_empty_container_is_an_empty_listing(tmp_path: Path, base: str, kind: str) -> None:
    """It is there, and nothing is in it."""
    where = str(tmp_path) if kind == "file" else base
    assert list(operations.list(where)) == []
    assert list(operations.list(where + "/")) == []


def test_list_says_at_the_end_what_it_could_not_read(tmp_path: Path) -> None:
    """All that can be listed is; then the first error is raised."""
    (tmp_path / "a").write_text("text")
    (tmp_path / "gone").symlink_to("nowhere")
    found = operations.list(tmp_path)
    assert next(found).uri == f"file://{tmp_path}/a"
    with pytest.raises(errors.LocalIOError, match="link to nothing"):
        next(found)


def test_a_missing_container_is_an_error(name: str) -> None:
    """Not an empty listing, and not "nothing matched"."""
    with pytest.raises(errors.ContainerNotFoundError):
        list(operations.list(f"memory://{name}/a/"))


def test_containers_are_listed_by_scheme(base: str) -> None:
    """The scheme with or without "://"; a file system has no such list."""
    mine = base.removeprefix("memory://")
    for scheme in ("memory", "memory://", "MEMORY"):
        assert mine in [info.name for info in operations.list_containers(scheme)]
    with pytest.raises(errors.NotSupportedError):
        list(operations.list_containers("file"))


# One object.


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        ("", True),
        ("/", True),
        ("/a", True),
        ("/d", True),
        ("/d/", True),
        ("/d/b", True),
        ("/*", True),
        ("/d/?", True),
        ("/**/b", True),
        ("/d*", True),
        ("/zz", False),
        ("/zz/", False),
        ("/a/", False),
        ("/d/b/c", False),
        ("/zz*", False),
        ("/zz/*", False),
        ("/**/zz", False),
        ("/da", False),
    ],
)
@pytest.mark.parametrize("kind", ["file", "memory"])
def test_exists(tmp_path: Path, base: str, kind: str, suffix: str, expected: bool) -> None:
    """Objects, directories, containers, and globs that match something."""
    where = str(tmp_path) if kind == "file" else base
    for key in ("a", "d/b"):
        operations.put(f"{where}/{key}", b"")
    assert expected == operations.exists(where + suffix)


def test_an_empty_directory_exists(tmp_path: Path) -> None:
    """With and without a "/" behind it."""
    (tmp_path / "empty").mkdir()
    assert operations.exists(tmp_path / "empty")
    assert operations.exists(f"{tmp_path}/empty/")


def test_nothing_exists_in_a_missing_container(name: str) -> None:
    """Asking isn't an error."""
    assert not operations.exists(f"memory://{name}")
    assert not operations.exists(f"memory://{name}/a")
    assert not operations.exists(f"memory://{name}/a/")


def test_get_and_put_and_stat(base: str) -> None:
    """Bytes in, bytes out, any range, and what the store says of them."""
    attributes = Attributes(content_type="text/plain")
    written = operations.put(f"{base}/k", b"0123456789", attributes=attributes)
    assert operations.stat(f"{base}/k") == written
    assert operations.get(f"{base}/k") == b"0123456789"
    assert operations.get(f"{base}/k", start=3, stop=5) == b"34"
    assert operations.get(f"{base}/k", start=8, stop=99) == b"89"
    assert operations.get(f"{base}/k", start=10) == b""
    with pytest.raises(errors.InvalidRangeError):
        operations.get(f"{base}/k", start=11)
    with pytest.raises(errors.PreconditionFailedError):
        operations.put(f"{base}/k", b"", condition=Condition(if_absent=True))


@pytest.mark.parametrize("function", [operations.get, operations.stat])
def test_a_missing_object(base: str, name: str, function: Callable[[str], object]) -> None:
    """It is an ObjectNotFoundError, and so a FileNotFoundError."""
    with pytest.raises(errors.ObjectNotFoundError):
        function(f"{base}/zz")
    with pytest.raises(FileNotFoundError):
        function(f"memory://x{name}/zz")
    with pytest.raises(errors.UsageError, match="container"):
        function(base)


def test_put_creates_a_local_directory(tmp_path: Path) -> None:
    """As many levels as it takes; a text key is exact."""
    operations.put(tmp_path / "a" / "b" / "c*", b"x")
    assert (tmp_path / "a" / "b" / "c*").read_bytes() == b"x"


class Truncating(MemoryStore):
    """A container whose readers say "end" one byte early."""

    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Leave the last byte out."""
        end = self.head(key).size_bytes if stop is None else stop
        return super().open_reader(key, start, end - 1, if_match=if_match, version=version)


class TruncatingProvider(MemoryProvider):
    """Opens such containers."""

    def open(self, container: str) -> ObjectStore:
        """Open one."""
        return Truncating(container)


@pytest.fixture
def truncating(base: str) -> Iterator[str]:
    """The URI of a container whose readers end early."""
    registry.register("truncating", TruncatingProvider)
    yield base.replace("memory", "truncating")
    registry.unregister("truncating")


def test_get_is_never_short(truncating: str) -> None:
    """A body that ends early is an error, not an endless wait and not short bytes."""
    operations.put(f"{truncating}/k", b"0123456789")
    with pytest.raises(errors.IntegrityError, match="1 bytes early"):
        operations.get(f"{truncating}/k")


# Stores and containers.


def test_open_store_opens_a_container(base: str, tmp_path: Path) -> None:
    """For files any directory is one; an object isn't."""
    with operations.open_store(base) as store:
        store.put("a/b", b"x")
        assert [info.key for info in store.list_page().objects] == ["a/b"]
        assert pickle.loads(pickle.dumps(store)).head("a/b").size_bytes == 1
    with operations.open_store(tmp_path / "d") as store:
        assert store.uri == f"file://{tmp_path}/d"
    with pytest.raises(errors.UsageError, match="container"):
        operations.open_store(f"{base}/a")


def test_containers_are_created_and_deleted(name: str, tmp_path: Path) -> None:
    """Buckets and directories alike; what is not empty stays."""
    for uri in (f"memory://{name}", str(tmp_path / "d")):
        operations.create_container(uri)
        with pytest.raises(errors.ContainerExistsError):
            operations.create_container(uri)
        operations.put(f"{uri}/a", b"")
        with pytest.raises(errors.ContainerNotEmptyError):
            operations.delete_container(uri)
        operations.delete(f"{uri}/a")
        operations.delete_container(uri)
        assert not operations.exists(uri)
        with pytest.raises(errors.ContainerNotFoundError):
            operations.delete_container(uri)


def test_an_object_is_no_container(base: str) -> None:
    """Naming a key where a container is meant is an error of usage."""
    for function in (operations.create_container, operations.delete_container):
        with pytest.raises(errors.UsageError, match="not a container"):
            function(f"{base}/a")


# Nothing is left open.


class Closing(MemoryProvider):
    """Counts what is opened and closed."""

    opened = 0
    closed = 0

    def open(self, container: str) -> ObjectStore:
        """Open a store whose closing is counted."""
        type(self).opened += 1
        return ClosingStore(container)


class ClosingStore(MemoryStore):
    """Counts its closing."""

    def close(self) -> None:
        """Count."""
        Closing.closed += 1


@pytest.fixture
def closing(base: str) -> Iterator[str]:
    """The URI of a container that counts."""
    registry.register("closing", Closing)
    Closing.opened = Closing.closed = 0
    yield base.replace("memory", "closing")
    registry.unregister("closing")


def test_one_store_that_can_not_be_closed_does_not_keep_the_others_open(
    closing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is closed, and the error of the one is raised."""
    operations.put(f"{closing}/a", b"")

    def fail(_: object) -> None:
        raise errors.LocalIOError("not synced")

    monkeypatch.setattr("s3dlio_core.file_store.FileStore.close", fail)
    with pytest.raises(errors.LocalIOError, match="not synced"):
        operations.download(f"{closing}/a", tmp_path / "a")
    assert Closing.opened == Closing.closed


_USES: list[Callable[[str], object]] = [
    lambda uri: operations.put(f"{uri}/k", b""),
    lambda uri: operations.exists(f"{uri}/k"),
    lambda uri: list(operations.list(uri)),
    lambda uri: operations.copy(f"{uri}/a", f"{uri}/x/y"),
    lambda uri: operations.delete(f"{uri}/a"),
    lambda uri: operations.open_store(uri).close(),
    lambda uri: next(operations.list(uri)).info,
]


@pytest.mark.parametrize("use", _USES)
def test_every_store_is_closed(closing: str, use: Callable[[str], ObjectInfo | None]) -> None:
    """Each call closes what it opened, also a listing that is not read to its end."""
    operations.put(f"{closing}/a", b"")
    operations.put(f"{closing}/b", b"")
    use(closing)
    assert Closing.opened == Closing.closed > 2
