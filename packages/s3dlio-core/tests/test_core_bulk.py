"""get_many, put_many and stat_many over files and memory."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import operations
from s3dlio_core.errors import (
    CancelledError,
    CollisionError,
    ConnectionFailedError,
    ContainerNotFoundError,
    InvalidKeyError,
    ObjectNotFoundError,
    TransferFailedError,
    UsageError,
)
from s3dlio_core.memory_store import MemoryStore
from s3dlio_core.store import Attributes
from s3dlio_core.testing import Fault, FaultyStore
from s3dlio_core.transfer.events import CancelToken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = [f"{number % 7}/{number:03}" for number in range(200)]


@pytest.fixture(params=["memory", "file"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URI of an empty container or directory, without a "/" behind."""
    if request.param == "file":
        return str(tmp_path / "data")
    uri = f"memory://{uuid.uuid4().hex}"
    operations.create_container(uri)
    return uri


def items_of(base: str) -> list[tuple[str, bytes]]:
    """Names and contents, no two alike."""
    return [(f"{base}/{name}", name.encode() * 10) for name in NAMES]


@pytest.mark.parametrize("max_in_flight", [1, 3, 64])
def test_there_and_back_in_order(base: str, max_in_flight: int) -> None:
    """What is written is described and read, each in the order in which it is named."""
    items = items_of(base)
    written = operations.put_many(iter(items), max_in_flight)
    assert [(uri, len(data)) for uri, data in items] == [(u, i.size_bytes) for u, i in written]
    backwards = [uri for uri, _ in reversed(items)]
    found = operations.get_many(backwards, max_in_flight)
    assert found == items[::-1]
    infos = operations.stat_many(backwards, max_in_flight)
    assert [(uri, info.size_bytes) for uri, info in infos] == [
        (uri, len(data)) for uri, data in items[::-1]
    ]


def test_nothing_is_nothing() -> None:
    """No names, no results, no error."""
    assert (operations.get_many([]), operations.put_many([]), operations.stat_many(())) == (
        [],
        [],
        [],
    )


def test_same_name_twice_is_read_twice(base: str) -> None:
    """An epoch may draw an object more than once."""
    operations.put(f"{base}/a", b"1")
    assert operations.get_many([f"{base}/a"] * 3) == [(f"{base}/a", b"1")] * 3


def test_paths_are_taken(tmp_path: Path) -> None:
    """A path comes back as its text."""
    operations.put_many([(tmp_path / "a", b"1")])
    assert operations.get_many([tmp_path / "a"]) == [(str(tmp_path / "a"), b"1")]


def test_relative_and_crooked_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are read as the system reads them."""
    monkeypatch.chdir(tmp_path)
    names = ["a", "./b", "d/../c", "d//e", "file://./f"]
    (tmp_path / "d").mkdir()
    operations.put_many([(name, name.encode()) for name in names])
    assert operations.get_many(names) == [(name, name.encode()) for name in names]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c", "d", "f"]


def test_names_are_exact(base: str) -> None:
    """A pattern is a name like any other."""
    operations.put_many([(f"{base}/a*", b"star"), (f"{base}/ab", b"b")])
    assert operations.get_many([f"{base}/a*"]) == [(f"{base}/a*", b"star")]


def test_several_stores_at_once(tmp_path: Path) -> None:
    """Names of different stores stay in one order."""
    memory = f"memory://{uuid.uuid4().hex}"
    operations.create_container(memory)
    uris = [f"{memory}/a", str(tmp_path / "b"), f"{memory}/c"]
    operations.put_many([(uri, uri.encode()) for uri in uris])
    assert operations.get_many(uris) == [(uri, uri.encode()) for uri in uris]


def test_failures_are_named_and_others_are_done(base: str) -> None:
    """The error has the report; all that could be read was."""
    operations.put(f"{base}/d/a", b"1")
    names = [f"{base}/d/a", f"{base}/d/none", f"{base}/d/a"]
    with pytest.raises(TransferFailedError, match="1 of 3 objects failed") as caught:
        operations.get_many(names)
    report = caught.value.report
    assert [failure.source for failure in report.failures] == [f"{base}/d/none"]
    assert (report.operation, report.done_count, report.failed_count) == ("get", 2, 1)


@pytest.mark.parametrize("operation", ["get_many", "stat_many"])
def test_failures_in_place_of_results(base: str, operation: str) -> None:
    """Who asks for it gets each error where the result would be."""
    operations.put(f"{base}/d/a", b"1")
    names = [f"{base}/d/none", f"{base}/d/a", f"{base}/nowhere/none"]
    found = getattr(operations, operation)(names, raise_on_failure=False)
    assert [name for name, _ in found] == names
    assert [isinstance(result, ObjectNotFoundError) for _, result in found] == [True, False, True]
    assert found[0][1].__traceback__ is None


def test_what_cannot_be_written_is_its_own_failure(tmp_path: Path) -> None:
    """A name that is taken by a directory, and one below a file, stop no other."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "file").write_bytes(b"f")
    names = [str(tmp_path / name) for name in ("a", "dir", "file/x", "b")]
    found = operations.put_many([(name, b"1") for name in names], raise_on_failure=False)
    failed = [isinstance(result, Exception) for _, result in found]
    assert failed == [False, True, True, False]
    assert (tmp_path / "file").read_bytes() == b"f"


def test_second_item_of_a_name_fails(base: str) -> None:
    """Which of the two came last would be chance, so the first one counts."""
    items = [(f"{base}/a", b"1"), (f"{base}/a", b"2"), (f"{base}/b", b"3")]
    found = operations.put_many(items, raise_on_failure=False)
    assert isinstance(found[1][1], CollisionError)
    assert operations.get_many([f"{base}/a", f"{base}/b"]) == [
        (f"{base}/a", b"1"),
        (f"{base}/b", b"3"),
    ]


def test_one_file_by_two_paths_is_one(tmp_path: Path) -> None:
    """A path that leads to the same file is the same name."""
    (tmp_path / "d").mkdir()
    names = [f"{tmp_path}/a", f"{tmp_path}/d/../a"]
    found = operations.put_many([(name, b"1") for name in names], raise_on_failure=False)
    assert isinstance(found[1][1], CollisionError)


def test_missing_container_is_raised() -> None:
    """It would meet all others, too."""
    with pytest.raises(ContainerNotFoundError):
        operations.get_many([f"memory://{uuid.uuid4().hex}/a"], raise_on_failure=False)


@pytest.mark.parametrize("names", ["memory://m/a", b"x", 5])
def test_one_name_is_not_several(names: Any) -> None:
    """A text is an iterable of letters, which nobody means."""
    with pytest.raises(TypeError, match="several"):
        operations.get_many(names)


def test_arguments_are_checked() -> None:
    """Before anything is sent."""
    with pytest.raises(UsageError, match="max_in_flight"):
        operations.get_many(["memory://m/a"], 0)
    with pytest.raises(UsageError, match="names a container"):
        operations.get_many(["memory://m"])
    with pytest.raises(UsageError, match="nope"):
        operations.get_many(["memory://m/a"], options={"nope": "1"})
    with pytest.raises(TypeError, match="colour"):
        operations.get_many(["memory://m/a"], colour="red")  # type: ignore[call-overload]
    with pytest.raises(UsageError, match="open store"):
        operations.get_many(["a"], store=MemoryStore("m"), options={"region": "x"})


def test_attributes_are_those_of_all(base: str) -> None:
    """Each object is written with them."""
    attributes = Attributes(content_type="text/x", metadata={"a": "b"})
    operations.put_many([(f"{base}/a", b"1"), (f"{base}/b", b"2")], attributes=attributes)
    for _, info in operations.stat_many([f"{base}/a", f"{base}/b"]):
        assert info.attributes is None or info.attributes.content_type in {"", "text/x"}
        if base.startswith("memory:"):
            assert info.attributes is not None
            assert info.attributes.metadata == {"a": "b"}


@pytest.fixture
def store() -> Iterator[FaultyStore]:
    """An open store that can fail."""
    name = uuid.uuid4().hex
    operations.create_container(f"memory://{name}")
    with FaultyStore(MemoryStore(name)) as store:
        yield store


def test_open_store_is_used(store: FaultyStore) -> None:
    """Names are its keys, and it stays open."""
    operations.put_many([("a", b"1"), ("d/b", b"2")], store=store)
    assert operations.get_many(["d/b", "a"], store=store) == [("d/b", b"2"), ("a", b"1")]
    assert [key for key, _ in operations.stat_many(["a"], store=store)] == ["a"]
    assert (store.count("put"), store.count("open_reader"), store.count("head")) == (2, 2, 1)


def test_keys_of_an_open_store_are_no_uris(store: FaultyStore) -> None:
    """What looks like a URI is a key there."""
    operations.put_many([("s3://x/y", b"1"), ("", b"2")], store=store, raise_on_failure=False)
    assert operations.get_many(["s3://x/y"], store=store) == [("s3://x/y", b"1")]
    ((_, empty),) = operations.put_many([("", b"2")], store=store, raise_on_failure=False)
    assert isinstance(empty, InvalidKeyError)


def test_error_of_the_whole_store_is_raised(store: FaultyStore) -> None:
    """An unreachable service stops it, whatever is asked for."""
    store.add(Fault("head", ConnectionFailedError("no route", retryable=False), key="k3"))
    with pytest.raises(ConnectionFailedError):
        operations.stat_many([f"k{n}" for n in range(9)], 1, store=store, raise_on_failure=False)


def test_no_more_than_asked_are_in_flight(store: FaultyStore) -> None:
    """Four at a time are at most four, and they are at a time."""
    lock, together, peak = threading.Lock(), threading.Barrier(4), [0, 0]

    class _Counting(MemoryStore):
        def head(self, key: str, *, version: str | None = None) -> Any:
            """Wait until four are here."""
            with lock:
                peak[0] += 1
                peak[1] = max(peak)
            together.wait(30)
            with lock:
                peak[0] -= 1
            return super().head(key, version=version)

    operations.put_many([(str(n), b"") for n in range(8)], store=store)
    operations.stat_many([str(n) for n in range(8)], 4, store=_Counting(store.inner.uri[9:]))
    assert peak[1] == 4


def test_items_are_made_as_they_are_needed(store: FaultyStore) -> None:
    """A generator isn't read to its end before anything is written."""
    seen: list[int] = []

    def items() -> Iterator[tuple[str, bytes]]:
        for number in range(1000):
            seen.append(store.count("put"))
            yield str(number), b"x"

    operations.put_many(items(), 2, store=store)
    assert max(seen) > 900
    assert store.count("put") == 1000


def test_cancelling_ends_it(store: FaultyStore) -> None:
    """A token that is set stops the next wait."""
    token, blocked = CancelToken(), threading.Event()

    class _Slow(MemoryStore):
        def head(self, key: str, *, version: str | None = None) -> Any:
            """Set the token, and answer late."""
            token.cancel()
            blocked.wait(30)
            return super().head(key, version=version)

    with pytest.raises(CancelledError):
        operations.stat_many(["a"], store=_Slow(store.inner.uri[9:]), cancel=token)
    blocked.set()


def test_many_directories_need_few_descriptors(tmp_path: Path) -> None:
    """Six hundred files in as many directories are written with 256 descriptors."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        items = [(f"{tmp_path}/{number}/f", b"x") for number in range(600)]
        operations.put_many(items, 16)
        assert operations.get_many([uri for uri, _ in items], 16) == items
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
