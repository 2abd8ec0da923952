"""Retries: what is repeated, how long it waits, and how a lost answer is settled."""

from __future__ import annotations

import dataclasses
import pickle
import random
import threading
import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors
from s3dlio_core.memory_store import MEMORY_LIMITS, MemoryProvider, MemoryStore
from s3dlio_core.retry import Retrier, RetryingProvider, RetryingStore, RetryPolicy
from s3dlio_core.retry.policy import BUDGET_MAX, RETRY_COST, Throttle
from s3dlio_core.retry.store import RetryingReader, RetryingUpload
from s3dlio_core.store import Capabilities, Condition, MultipartUpload
from s3dlio_core.testing.faults import Fault, FaultyStore, FaultyUpload
from s3dlio_core.testing.wrappers import check_wrapper
from s3dlio_core.transfer.events import CancelToken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from s3dlio_core.store import ObjectInfo, ObjectReader, Part

RESET = errors.ConnectionFailedError("reset", maybe_done=True, scope=errors.Scope.OBJECT)
BUSY = errors.ThrottledError("slow down")
ABSENT = Condition(if_absent=True)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect the waits instead of waiting."""
    found: list[float] = []
    monkeypatch.setattr("s3dlio_core.retry.policy.time.sleep", found.append)
    return found


@pytest.fixture
def bare() -> MemoryStore:
    """A container of its own."""
    return _container()


def _container(
    capabilities: Capabilities | None = None, *, delete_batch_max: int = 1000
) -> MemoryStore:
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    limits = dataclasses.replace(MEMORY_LIMITS, delete_batch_max=delete_batch_max)
    return MemoryStore(name, limits=limits, capabilities=capabilities)


class Failing:
    """A function that raises these errors, one by one, and then returns "done"."""

    def __init__(self, *failures: errors.S3dlioError) -> None:
        self.failures = list(failures)
        self.calls = 0

    def __call__(self) -> str:
        """Fail, or say so."""
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"


def _read(
    store: RetryingStore, key: str, size: int, start: int = 0, stop: int | None = None
) -> bytes:
    content = bytearray()
    chunk = bytearray(size)
    with store.open_reader(key, start, stop) as reader:
        while count := reader.readinto(chunk):
            content += chunk[:count]
    return bytes(content)


# How often, and how long.


def test_a_retryable_error_is_repeated_until_it_works(waits: list[float]) -> None:
    """Two failures cost two waits, and the third answer is returned."""
    function = Failing(RESET, RESET)
    assert Retrier().call("put", "x", function) == "done"
    assert (function.calls, len(waits)) == (3, 2)


def test_an_error_that_is_not_retryable_is_raised_at_once(waits: list[float]) -> None:
    """There is one call and no wait."""
    function = Failing(errors.PermissionDeniedError("no"))
    with pytest.raises(errors.PermissionDeniedError):
        Retrier().call("put", "x", function)
    assert (function.calls, waits) == (1, [])


def test_attempts_are_counted_with_the_first(waits: list[float]) -> None:
    """`attempts_max` calls are made, and the last error is raised."""
    function = Failing(*[RESET] * 9)
    with pytest.raises(errors.ConnectionFailedError):
        Retrier(RetryPolicy(attempts_max=4)).call("put", "x", function)
    assert (function.calls, len(waits)) == (4, 3)


def test_waits_double_up_to_a_cap(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest possible waits are base, twice it, … and never more than the cap."""
    monkeypatch.setattr(random, "uniform", lambda _low, high: high)
    chosen = RetryPolicy(attempts_max=7, base_s=0.1, cap_s=1.0)
    Retrier(chosen).call("put", "x", Failing(*[RESET] * 6))
    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])


def test_waits_are_spread_from_zero(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Full jitter: the shortest wait is none."""
    monkeypatch.setattr(random, "uniform", lambda low, _high: low)
    Retrier().call("put", "x", Failing(RESET))
    assert waits == [0]


def test_retry_after_is_waited_for(waits: list[float]) -> None:
    """No wait is shorter than what the service asks for."""
    Retrier().call("put", "x", Failing(errors.ThrottledError("slow down", retry_after_s=30)))
    assert waits == [30]


def test_a_very_long_retry_after_is_not_waited_for(waits: list[float]) -> None:
    """The error is raised instead: the user decides."""
    with pytest.raises(errors.ThrottledError):
        Retrier().call("put", "x", Failing(errors.ThrottledError("slow down", retry_after_s=3600)))
    assert waits == []


def test_the_budget_ends_all_retries(waits: list[float]) -> None:
    """When everything fails, the retries of all calls together are bounded."""
    retrier = Retrier()
    for _ in range(200):
        with pytest.raises(errors.ConnectionFailedError):
            retrier.call("put", "x", Failing(*[RESET] * 9))
    assert len(waits) == BUDGET_MAX // RETRY_COST


def test_successes_refill_the_budget(waits: list[float]) -> None:
    """As many successes as a retry costs pay for one more."""
    retrier = Retrier()
    retrier._budget = 0
    for _ in range(RETRY_COST):
        retrier.call("put", "x", Failing())
    assert retrier.call("put", "x", Failing(RESET)) == "done"
    assert len(waits) == 1


def test_cancelling_ends_a_wait() -> None:
    """A token that is set while a call waits for its next attempt ends it."""
    cancel = CancelToken()
    function = Failing(errors.ThrottledError("slow down", retry_after_s=100))
    threading.Timer(0.05, cancel.cancel).start()
    with pytest.raises(errors.CancelledError) as caught:
        Retrier(cancel=cancel).call("put", "x", function)
    assert function.calls == 1
    assert isinstance(caught.value.__cause__, errors.ThrottledError)


def test_nothing_is_sent_after_a_cancellation() -> None:
    """A call with a token that is set makes no request."""
    cancel = CancelToken()
    cancel.cancel()
    function = Failing(errors.ThrottledError("slow down"))
    with pytest.raises(errors.CancelledError):
        Retrier(cancel=cancel).call("put", "x", function)
    assert function.calls == 0


# Slowing down.


def _enter(throttle: Throttle, times: int) -> None:
    for _ in range(times):
        throttle.enter()


def test_nothing_is_limited_before_the_first_throttling() -> None:
    """Any number of requests may be in flight."""
    throttle = Throttle()
    _enter(throttle, 1000)
    assert throttle.limit is None


def test_throttling_halves_what_is_in_flight_once() -> None:
    """Answers that come together halve it once; later ones halve the limit again."""
    throttle = Throttle()
    _enter(throttle, 16)
    throttle.leave(throttled=True)
    throttle.leave(throttled=True)
    assert throttle.limit == 8
    throttle._halved_at -= 1
    throttle.leave(throttled=True)
    assert throttle.limit == 4


def test_the_limit_is_never_under_one() -> None:
    """One request may always be in flight."""
    throttle = Throttle()
    for _ in range(3):
        throttle.enter()
        throttle._halved_at -= 1
        throttle.leave(throttled=True)
    assert throttle.limit == 1


def test_a_window_of_successes_adds_one() -> None:
    """Additive increase: about `limit` successes make it one larger, until it is lifted."""
    throttle = Throttle()
    _enter(throttle, 16)
    throttle.leave(throttled=True)
    for _ in range(9):
        throttle.leave(throttled=False)
    assert throttle.limit == 9
    for _ in range(6):
        throttle.leave(throttled=False)
    for _ in range(500):
        throttle.enter()
        throttle.leave(throttled=False)
    assert throttle.limit is None


def test_every_free_place_is_given_to_a_waiting_call() -> None:
    """When the limit grows while calls wait, as many go on as there are places."""
    throttle = Throttle()
    _enter(throttle, 16)
    throttle.leave(throttled=True)
    for _ in range(12):
        throttle.leave(throttled=False)
    throttle._limit = 2.0  # three are in flight: nobody gets in
    inside = threading.Semaphore(0)
    threads = [threading.Thread(target=_enter_and_tell, args=(throttle, inside)) for _ in range(6)]
    for thread in threads:
        thread.start()
    while len(throttle._changed._waiters) < 6:  # type: ignore[attr-defined]
        threading.Event().wait(0.001)
    throttle._limit = 6.0
    throttle.leave(throttled=False)
    for _ in range(4):
        assert inside.acquire(timeout=10)
    for _ in range(9):
        throttle.leave(throttled=False)
    for thread in threads:
        thread.join()


def _enter_and_tell(throttle: Throttle, inside: threading.Semaphore) -> None:
    throttle.enter()
    inside.release()


def test_a_throttled_store_still_does_everything(waits: list[float]) -> None:
    """Many threads over one throttle, some of them throttled: all calls end."""
    retrier = Retrier()
    results: list[str] = []

    def work(index: int) -> None:
        for turn in range(20):
            failures = [BUSY] if (index + turn) % 11 == 0 else []
            results.append(retrier.call("put", "x", Failing(*failures)))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["done"] * 320
    assert retrier.throttle._in_flight == 0


# Readers.


def test_a_broken_reader_goes_on_at_its_offset(bare: MemoryStore) -> None:
    """The bytes before the break aren't read again, and none are lost."""
    bare.put("k", bytes(range(200)))
    faulty = FaultyStore(bare, [Fault("read", RESET, after_bytes=70)])
    assert _read(RetryingStore(faulty), "k", 50, start=10, stop=150) == bytes(range(10, 150))
    assert faulty.count("open_reader") == 2


def test_a_reader_that_never_gets_on_gives_up(bare: MemoryStore) -> None:
    """Attempts count from the last byte that came."""
    bare.put("k", b"x" * 100)
    faulty = FaultyStore(bare, [Fault("read", RESET, skip=1, times=None)])
    with pytest.raises(errors.ConnectionFailedError):
        _read(RetryingStore(faulty, RetryPolicy(attempts_max=3)), "k", 50)
    assert faulty.count("open_reader") == 3


class Replacing(FaultyStore):
    """Replaces an object when it is opened for the second time."""

    opened = 0

    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Replace it, or not."""
        self.opened += 1
        if self.opened == 2:
            self.inner.put(key, b"y" * 100)
        return super().open_reader(key, start, stop, if_match=if_match, version=version)


@pytest.mark.parametrize("read_if_match", [True, False])
def test_a_reader_never_mixes_two_objects(read_if_match: bool) -> None:
    """An object that is replaced between two attempts is a change, with If-Match or without."""
    bare = _container(Capabilities(read_if_match=read_if_match))
    bare.put("k", b"x" * 100)
    store = RetryingStore(Replacing(bare, [Fault("read", RESET, after_bytes=50)]))
    with pytest.raises(errors.SourceChangedError):
        _read(store, "k", 50)


def test_a_reader_resumes_where_the_store_knows_no_if_match() -> None:
    """The condition isn't sent to a store that can't check it."""
    bare = _container(Capabilities(read_if_match=False))
    bare.put("k", b"x" * 100)
    store = RetryingStore(FaultyStore(bare, [Fault("read", RESET, after_bytes=50)]))
    assert _read(store, "k", 50) == b"x" * 100


def test_a_changed_object_is_told_before_anything_is_read(bare: MemoryStore) -> None:
    """The caller's own If-Match holds for the first attempt."""
    bare.put("k", b"x")
    with pytest.raises(errors.PreconditionFailedError):
        RetryingStore(bare).open_reader("k", if_match="another")


# Lost answers.


def test_a_lost_answer_of_a_conditional_put_is_settled_by_content(bare: MemoryStore) -> None:
    """The second attempt says "exists", and it is what was to be written: it was done."""
    store = RetryingStore(FaultyStore(bare, [Fault("put", RESET, after=True)]))
    info = store.put("k", b"mine", condition=ABSENT)
    assert (info.key, info.size_bytes) == ("k", 4)


@pytest.mark.parametrize("other", [b"them", b"longer", b""])
def test_another_object_at_the_key_is_no_success(bare: MemoryStore, other: bytes) -> None:
    """When the content is another one, the condition failed indeed."""
    bare.put("k", other)
    store = RetryingStore(FaultyStore(bare, [Fault("put", RESET)]))
    with pytest.raises(errors.PreconditionFailedError):
        store.put("k", b"mine", condition=ABSENT)
    assert bare.head("k").size_bytes == len(other)


def test_a_refused_attempt_is_no_lost_answer(bare: MemoryStore) -> None:
    """A throttled request was not carried out: the equal object there is somebody else's."""
    bare.put("k", b"mine")
    store = RetryingStore(FaultyStore(bare, [Fault("put", BUSY)]))
    with pytest.raises(errors.PreconditionFailedError):
        store.put("k", b"mine", condition=ABSENT)


def test_the_first_error_stands_when_nothing_can_be_settled(bare: MemoryStore) -> None:
    """If-Match on an object that is gone: "condition failed", and not "not found"."""
    store = RetryingStore(FaultyStore(bare, [Fault("put", RESET)]))
    with pytest.raises(errors.PreconditionFailedError):
        store.put("k", b"mine", condition=Condition(if_match="etag"))


def test_a_condition_that_fails_at_once_is_not_asked_about(bare: MemoryStore) -> None:
    """Without a lost answer there is nothing to settle, even if the content is equal."""
    bare.put("k", b"mine")
    faulty = FaultyStore(bare)
    with pytest.raises(errors.PreconditionFailedError):
        RetryingStore(faulty).put("k", b"mine", condition=ABSENT)
    assert faulty.count("open_reader") == 0


class Expecting(FaultyUpload):
    """An upload that can tell the ETag that the object will have."""

    def expected_etag(self, parts: Sequence[Part]) -> str | None:
        """Tell it."""
        return "expected"

    def is_result(self, info: ObjectInfo, parts: Sequence[Part]) -> bool:
        """Go by it, not by what the inner upload says."""
        return MultipartUpload.is_result(self, info, parts)


def _begin(store: RetryingStore) -> tuple[MultipartUpload, Sequence[Part]]:
    upload = store.create_multipart("k")
    return upload, [upload.put_part(1, 0, b"abc"), upload.put_part(2, 3, b"de")]


def test_size_alone_does_not_settle_a_lost_answer_of_complete(bare: MemoryStore) -> None:
    """A store that can't tell the ETag ahead leaves the error: the object may be an older one."""
    store = RetryingStore(FaultyStore(bare, [Fault("complete", RESET, after=True)]))
    upload, parts = _begin(store)
    with pytest.raises(errors.UploadNotFoundError):
        upload.complete(parts)


def test_complete_fails_when_the_object_has_another_size(bare: MemoryStore) -> None:
    """Somebody aborted the upload, and another object lies there."""
    bare.put("k", b"other")
    bare.put("k", b"another")
    store = RetryingStore(FaultyStore(bare, [Fault("complete", RESET)]))
    upload, parts = _begin(store)
    bare.resume_multipart("k", upload.token).abort()
    with pytest.raises(errors.UploadNotFoundError):
        upload.complete(parts)


def test_complete_fails_when_there_is_no_object(bare: MemoryStore) -> None:
    """Somebody aborted the upload: "no such upload" stands."""
    store = RetryingStore(FaultyStore(bare, [Fault("complete", RESET)]))
    upload, parts = _begin(store)
    bare.resume_multipart("k", upload.token).abort()
    with pytest.raises(errors.UploadNotFoundError):
        upload.complete(parts)


@pytest.mark.parametrize("right", [True, False])
def test_a_known_etag_settles_complete(
    bare: MemoryStore, right: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the store can tell the ETag, the size alone is no proof."""
    faulty = FaultyStore(bare, [Fault("complete", RESET, after=True)])
    store = RetryingStore(faulty)
    inner = Expecting(bare.create_multipart("k"), faulty._plan, "memory://k")
    upload = RetryingUpload(store, inner)
    parts = [upload.put_part(1, 0, b"abc")]

    def head(key: str, *, version: str | None = None) -> ObjectInfo:
        return dataclasses.replace(bare.head(key), etag="expected" if right else "another")

    monkeypatch.setattr(faulty, "head", head)
    if right:
        assert upload.complete(parts).etag == "expected"
    else:
        with pytest.raises(errors.UploadNotFoundError):
            upload.complete(parts)


def test_a_part_that_is_missing_then_settles_complete(
    bare: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late attempt at one part lies beside what was completed, and the others seem to be gone."""
    missing = errors.InvalidPartError("part 1 was never stored")
    faults = [Fault("complete", RESET, after=True), Fault("complete", missing)]
    faulty = FaultyStore(bare, faults)
    inner = Expecting(bare.create_multipart("k"), faulty._plan, "memory://k")
    upload = RetryingUpload(RetryingStore(faulty), inner)
    parts = [upload.put_part(1, 0, b"abc")]

    def head(key: str, *, version: str | None = None) -> ObjectInfo:
        return dataclasses.replace(bare.head(key), etag="expected")

    monkeypatch.setattr(faulty, "head", head)
    assert upload.complete(parts).etag == "expected"


class LostAnswers(MemoryProvider):
    """A provider that does the first request and loses its answer."""

    def __init__(self, error: errors.S3dlioError) -> None:
        self.error: errors.S3dlioError | None = error

    def _lose(self) -> None:
        error, self.error = self.error, None
        if error is not None:
            raise error

    def create_container(self, name: str) -> None:
        """Create, then fail."""
        super().create_container(name)
        self._lose()

    def delete_container(self, name: str) -> None:
        """Delete, then fail."""
        super().delete_container(name)
        self._lose()


def test_a_container_that_exists_after_a_lost_answer_was_created() -> None:
    """Likewise one that is gone was deleted."""
    name = uuid.uuid4().hex
    RetryingProvider(LostAnswers(RESET)).create_container(name)
    assert MemoryProvider().container_exists(name)
    RetryingProvider(LostAnswers(RESET)).delete_container(name)
    assert not MemoryProvider().container_exists(name)


def test_a_container_that_existed_is_an_error() -> None:
    """Without a lost answer, "exists" is somebody else's; so is "not found"."""
    name = uuid.uuid4().hex
    provider = RetryingProvider(MemoryProvider())
    with pytest.raises(errors.ContainerNotFoundError):
        provider.delete_container(name)
    provider.create_container(name)
    with pytest.raises(errors.ContainerExistsError):
        provider.create_container(name)


# Deleting many.


def test_only_the_keys_that_may_work_later_are_deleted_again(bare: MemoryStore) -> None:
    """A retryable failure is sent again, another is reported once."""
    for key in "abc":
        bare.put(key, b"")
    faulty = FaultyStore(
        bare,
        [
            Fault("delete_many", BUSY, key="a"),
            Fault("delete_many", errors.PermissionDeniedError("no"), key="b", times=None),
        ],
    )
    failed = list(RetryingStore(faulty).delete_many(["a", "b", "c"]))
    assert [(failure.key, type(failure.error)) for failure in failed] == [
        ("b", errors.PermissionDeniedError)
    ]
    assert [call.key for call in faulty.calls] == ["a", "b", "c", "a"]
    assert [info.key for info in bare.list_page().objects] == ["b"]


def test_keys_that_never_work_are_reported(bare: MemoryStore) -> None:
    """When the attempts are used up, the keys are yielded with their error."""
    faulty = FaultyStore(bare, [Fault("delete_many", BUSY, key="a", times=None)])
    failed = list(RetryingStore(faulty, RetryPolicy(attempts_max=3)).delete_many(["a", "b"]))
    assert [failure.key for failure in failed] == ["a"]
    assert faulty.count("delete_many") == 4


def test_keys_are_taken_a_batch_at_a_time() -> None:
    """An endless stream of keys isn't read ahead of what is deleted."""
    bare = _container(delete_batch_max=3)
    taken: list[int] = []

    def keys() -> Iterator[str]:
        for number in range(10):
            taken.append(number)
            yield str(number)

    faulty = FaultyStore(bare, [Fault("delete_many", errors.CredentialsError("no"), skip=3)])
    with pytest.raises(errors.CredentialsError):
        list(RetryingStore(faulty).delete_many(keys()))
    assert len(taken) == 6


# The decorators as such.


@pytest.mark.parametrize(
    "wrapper", [RetryingStore, RetryingProvider, RetryingUpload, RetryingReader]
)
def test_every_method_of_the_contract_is_handed_on(wrapper: type) -> None:
    """No decorator inherits a default that the wrapped class may have replaced."""
    check_wrapper(wrapper)


def test_a_retrying_store_pickles(bare: MemoryStore) -> None:
    """The copy has the same store and policy, and works."""
    bare.put("k", b"abc")
    chosen = RetryPolicy(attempts_max=2)
    store = pickle.loads(pickle.dumps(RetryingStore(bare, chosen, cancel=CancelToken())))
    assert store.head("k").size_bytes == 3
    assert store.retrier.policy == chosen
    assert store.uri_of("k") == bare.uri_of("k")


def test_a_retrying_provider_pickles() -> None:
    """The copy opens stores."""
    provider = pickle.loads(pickle.dumps(RetryingProvider(MemoryProvider())))
    assert provider.open("x").uri == "memory://x"


def test_a_retrying_provider_shares_one_budget() -> None:
    """All stores of a service slow down together."""
    provider = RetryingProvider(MemoryProvider())
    assert provider.open("a").retrier is provider.open("b").retrier


def test_closing_a_store_closes_what_was_opened_for_it(bare: MemoryStore) -> None:
    """The provider that nobody else has is closed with it."""
    closed: list[str] = []

    class Closing(MemoryProvider):
        def close(self) -> None:
            closed.append("provider")

    RetryingStore(bare, owner=Closing()).close()
    assert closed == ["provider"]


_CALLS: dict[str, Callable[[RetryingStore], object]] = {
    "head": lambda store: store.head("k"),
    "list_page": lambda store: store.list_page("k"),
    "open_reader": lambda store: store.open_reader("k").close(),
    "put": lambda store: store.put("k", b""),
    "create_multipart": lambda store: store.create_multipart("k"),
    "list_multiparts": lambda store: list(store.list_multiparts("k")),
    "copy_from": lambda store: store.copy_from(store.copy_source("k"), "k"),
    "tags": lambda store: store.tags("k"),
    "delete": lambda store: store.delete("k"),
    "put_part": lambda store: store.create_multipart("k").put_part(1, 0, b"x"),
    "parts": lambda store: list(store.create_multipart("k").parts()),
    "abort": lambda store: store.create_multipart("k").abort(),
    "copy_part": lambda store: store.create_multipart("k").copy_part(
        1, 0, store.copy_source("k"), 0, 1
    ),
    "resume_multipart": lambda store: store.resume_multipart(
        "k", store.create_multipart("k").token
    ),
}


@pytest.mark.parametrize("operation", sorted(_CALLS))
def test_each_call_is_repeated(bare: MemoryStore, operation: str) -> None:
    """Whatever is called: a retryable error costs a second attempt and is not seen."""
    bare.put("k", b"x")
    faulty = FaultyStore(bare, [Fault(operation, RESET)])
    _CALLS[operation](RetryingStore(faulty))
    assert faulty.count(operation) == 2


def test_an_upload_that_may_be_left_is_said_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A lost answer to the beginning of an upload is repeated, and what may be left is named."""
    lost = errors.ConnectionFailedError("reset", maybe_done=True, scope=errors.Scope.OBJECT)
    faulty = FaultyStore(_container(), [Fault("create_multipart", lost, after=True)])
    store = RetryingStore(faulty, RetryPolicy(base_s=0))
    with caplog.at_level("WARNING", logger="s3dlio.retry"):
        store.create_multipart("key").abort()
    assert ["an unfinished upload may be left at " + store.uri_of("key")] == [
        record.getMessage() for record in caplog.records
    ]
