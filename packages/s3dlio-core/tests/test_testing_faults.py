"""The store that fails as planned: what it hands on, when it fails, and what it records."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import _memory_container as memory
from s3dlio_core.errors import (
    ConnectionFailedError,
    CredentialsError,
    IntegrityError,
    S3dlioError,
    ServiceError,
    ThrottledError,
)
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.testing import (
    Call,
    DiscardingSink,
    Fault,
    FaultyStore,
    GeneratedSource,
    ObjectStoreTests,
    check_wrapper,
)
from s3dlio_core.testing.discarding import DiscardedUpload
from s3dlio_core.testing.faults import FaultyReader, FaultyUpload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3dlio_core.store import ObjectInfo, ObjectStore, StoreProvider


@pytest.fixture
def inner() -> MemoryStore:
    """A sound store with one object."""
    name = uuid.uuid4().hex
    memory.create_container(name)
    store = MemoryStore(name)
    store.put("object", b"0123456789")
    return store


class TestFaultyStoreWithoutFaults(ObjectStoreTests):
    """Without a fault it is as good as what it wraps."""

    @pytest.fixture
    def provider(self) -> StoreProvider:
        """Containers of memory."""
        return MemoryProvider()

    @pytest.fixture
    def store(self, provider: StoreProvider, new_container_name: str) -> Iterator[ObjectStore]:
        """A wrapped store."""
        provider.create_container(new_container_name)
        with FaultyStore(provider.open(new_container_name)) as store:
            yield store

    def raw_put(self, store: ObjectStore, key: str, data: bytes) -> None:
        """Write to the wrapped store."""
        MemoryStore(store.uri.removeprefix("memory://")).put(key, data)

    def raw_get(self, store: ObjectStore, key: str) -> bytes:
        """Read from the wrapped store."""
        with MemoryStore(store.uri.removeprefix("memory://")).open_reader(key) as reader:
            return reader.readall()


@pytest.mark.parametrize("wrapper", [FaultyStore, FaultyUpload, FaultyReader])
def test_wrappers_leave_nothing_out(wrapper: type) -> None:
    """Each method of the contract is handed on."""
    check_wrapper(wrapper)


@pytest.mark.parametrize("cls", [GeneratedSource, DiscardingSink, DiscardedUpload, MemoryStore])
def test_forgotten_methods_are_found(cls: type) -> None:
    """A class that leaves `uri_of`, `close` or `expected_etag` to its base isn't a wrapper."""
    with pytest.raises(AssertionError, match=r"doesn't hand on .*(close|expected_etag)"):
        check_wrapper(cls)


def test_method_of_a_base_class_counts() -> None:
    """What a base of the wrapper overrides is overridden."""

    class Derived(FaultyStore):
        """A wrapper over a wrapper's class."""

    check_wrapper(Derived)


_CALLS: dict[str, Callable[[FaultyStore], object]] = {
    "head": lambda store: store.head("object"),
    "list_page": lambda store: store.list_page("object"),
    "list_entered": lambda store: store.list_entered("object", lambda _: True),
    "open_reader": lambda store: store.open_reader("object").close(),
    "put": lambda store: store.put("object", b"x"),
    "create_multipart": lambda store: store.create_multipart("object"),
    "resume_multipart": lambda store: store.resume_multipart("object", "upload"),
    "list_multiparts": lambda store: store.list_multiparts("object"),
    "copy_from": lambda store: store.copy_from(store.copy_source("object"), "object"),
    "tags": lambda store: store.tags("object"),
    "delete": lambda store: store.delete("object"),
    "delete_many": lambda store: list(store.delete_many(["object"])),
    "put_part": lambda store: store.create_multipart("object").put_part(1, 0, b"x"),
    "copy_part": lambda store: store.create_multipart("object").copy_part(
        1, 0, store.copy_source("object"), 0, 5
    ),
    "parts": lambda store: store.create_multipart("object").parts(),
    "complete": lambda store: store.create_multipart("object").complete([]),
    "abort": lambda store: store.create_multipart("object").abort(),
    "read": lambda store: store.open_reader("object").readall(),
}


@pytest.mark.parametrize("operation", sorted(_CALLS))
def test_each_operation_can_fail(inner: MemoryStore, operation: str) -> None:
    """A fault of any operation strikes it, and names operation and URI."""
    store = FaultyStore(inner, [Fault(operation, CredentialsError("planned"))])
    with pytest.raises(CredentialsError, match="planned") as raised:
        _CALLS[operation](store)
    assert (raised.value.operation, raised.value.uri) == (operation, inner.uri_of("object"))
    assert store.count(operation, failed=True) == 1


def test_fault_strikes_once(inner: MemoryStore) -> None:
    """A fault strikes one call, if nothing else is said."""
    store = FaultyStore(inner, [Fault("head", ThrottledError("planned"))])
    assert [_outcome(store) for _ in range(3)] == ["ThrottledError", "ok", "ok"]


def test_fault_strikes_several_times(inner: MemoryStore) -> None:
    """A fault can strike several calls, after some that pass."""
    store = FaultyStore(inner, [Fault("head", ThrottledError("planned"), times=2, skip=1)])
    outcomes = [_outcome(store) for _ in range(4)]
    assert outcomes == ["ok", "ThrottledError", "ThrottledError", "ok"]


def test_fault_strikes_for_ever(inner: MemoryStore) -> None:
    """A fault without an end strikes each call."""
    store = FaultyStore(inner, [Fault("head", ThrottledError("planned"), times=None)])
    assert {_outcome(store) for _ in range(10)} == {"ThrottledError"}


def test_faults_strike_one_after_another(inner: MemoryStore) -> None:
    """The first fault that matches strikes; the next has its turn when that is over."""
    store = FaultyStore(
        inner, [Fault("head", ThrottledError("first")), Fault("head", ServiceError("second"))]
    )
    outcomes = [_outcome(store) for _ in range(3)]
    assert outcomes == ["ThrottledError", "ServiceError", "ok"]


def test_fault_of_a_key(inner: MemoryStore) -> None:
    """A fault of a key leaves others alone."""
    store = FaultyStore(inner)
    store.add(Fault("head", ThrottledError("planned"), key="other"))
    assert _outcome(store) == "ok"
    assert _outcome(store, "other") == "ThrottledError"


def test_each_failure_is_its_own_error(inner: MemoryStore) -> None:
    """Errors raised twice are two objects, so that none collects the other's traceback."""
    planned = ThrottledError("planned", retry_after_s=2.0)
    store = FaultyStore(inner, [Fault("head", planned, times=2)])
    raised: list[S3dlioError] = []
    for _ in range(2):
        with pytest.raises(ThrottledError) as info:
            store.head("object")
        raised.append(info.value)
    assert raised[0] is not raised[1]
    assert [error.retry_after_s for error in raised] == [2.0, 2.0]


def test_call_fails_before_it_is_made(inner: MemoryStore) -> None:
    """A struck call changes nothing."""
    store = FaultyStore(inner, [Fault("put", ServiceError("planned"))])
    with pytest.raises(ServiceError):
        store.put("new", b"x")
    assert inner.list_page("new").objects == []


def test_answer_can_be_lost(inner: MemoryStore) -> None:
    """A call can be carried out, and its answer lost."""
    lost = ConnectionFailedError("cut off", maybe_done=True)
    store = FaultyStore(inner, [Fault("put", lost, after=True)])
    with pytest.raises(ConnectionFailedError) as raised:
        store.put("new", b"12345")
    assert raised.value.maybe_done
    assert inner.head("new").size_bytes == 5


@pytest.mark.parametrize("after_bytes", [0, 1, 9, 10])
@pytest.mark.parametrize("buffer_bytes", [1, 4, 100])
def test_body_breaks_at_its_place(inner: MemoryStore, after_bytes: int, buffer_bytes: int) -> None:
    """A reader gives exactly so many bytes before it fails, whatever the buffer's size."""
    fault = Fault("read", IntegrityError("cut off"), after_bytes=after_bytes)
    got, buffer = b"", bytearray(buffer_bytes)
    reader = FaultyStore(inner, [fault]).open_reader("object")
    with reader, contextlib.suppress(IntegrityError):
        while count := reader.readinto(buffer):
            got += buffer[:count]
        pytest.fail("the body didn't break")
    assert got == b"0123456789"[:after_bytes]


def test_body_is_whole_after_the_fault(inner: MemoryStore) -> None:
    """The next reader gives the whole body."""
    store = FaultyStore(inner, [Fault("read", IntegrityError("cut off"), after_bytes=5)])
    with store.open_reader("object") as reader, pytest.raises(IntegrityError):
        reader.readall()
    with store.open_reader("object") as reader:
        assert reader.readall() == b"0123456789"


def test_struck_key_of_many_is_told(inner: MemoryStore) -> None:
    """A fault of object scope fails its key of `delete_many`, and the others are deleted."""
    inner.put("other", b"x")
    store = FaultyStore(inner, [Fault("delete_many", ServiceError("planned"), key="object")])
    failures = list(store.delete_many(["object", "other"]))
    assert [(failure.key, failure.error.uri) for failure in failures] == [
        ("object", inner.uri_of("object"))
    ]
    assert [info.key for info in inner.list_page().objects] == ["object"]


def test_calls_are_recorded(inner: MemoryStore) -> None:
    """Each call is recorded with its key, and whether it failed."""
    store = FaultyStore(inner, [Fault("head", ThrottledError("planned"))])
    _outcome(store)
    _outcome(store)
    store.list_page("pre")
    expected = [
        Call("head", "object", failed=True),
        Call("head", "object", failed=False),
        Call("list_page", "pre", failed=False),
    ]
    assert expected == store.calls
    assert (store.count("head"), store.count("head", failed=False)) == (2, 1)


def _outcome(store: ObjectStore, key: str = "object") -> str:
    """Return "ok", or the class of the error."""
    try:
        info: ObjectInfo = store.head(key)
    except S3dlioError as error:
        return type(error).__name__
    return "ok" if info.key == key else "wrong"
