"""A stream that is written becomes one object when it is closed, and nothing otherwise."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import threading
import uuid
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3dlio_core import errors
from s3dlio_core.memory_store import MEMORY_LIMITS, MemoryProvider, MemoryStore
from s3dlio_core.store import Condition, Limits
from s3dlio_core.streams import ObjectWriter, TextStream
from s3dlio_core.streams.part_sizes import STREAM_PART_SIZE_BYTES, part_size_at
from s3dlio_core.streams.upload import StreamUpload
from s3dlio_core.testing.faults import Fault, FaultyStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3dlio_core.store import ObjectStore

MIB = 1024**2
S3_LIMITS = Limits(
    put_size_max_bytes=5 * 1024**3, part_size_min_bytes=5 * MIB, part_size_max_bytes=5 * 1024**3
)
REFUSED = errors.PermissionDeniedError("refused", retryable=False)


def _store(limits: Limits = MEMORY_LIMITS) -> MemoryStore:
    name = f"streams-{uuid.uuid4()}"
    MemoryProvider().create_container(name)
    return MemoryStore(name, limits=limits)


def _writer(
    store: ObjectStore, part_size_bytes: int = 10, condition: Condition | None = None
) -> ObjectWriter:
    return ObjectWriter(
        StreamUpload(store, "k", part_size_bytes=part_size_bytes, condition=condition)
    )


def _held(store: ObjectStore) -> bytes:
    with store.open_reader("k") as reader:
        return reader.read() or b""


def _is_untouched(store: ObjectStore) -> bool:
    return not store.list_page().objects and not [*store.list_multiparts()]


# What is written.


@settings(max_examples=120, deadline=None)
@given(st.lists(st.binary(max_size=35), max_size=20), st.integers(1, 40), st.booleans())
def test_what_is_written_is_the_object(
    pieces: list[bytes], part_size_bytes: int, takes: bool
) -> None:
    """In any pieces and parts, written or taken from a function; whole if it fits one part."""
    inner = _store()
    store = FaultyStore(inner)
    content = b"".join(pieces)
    with _writer(store, part_size_bytes) as writer:
        if takes:
            rest = [piece for piece in pieces if piece]

            def readinto(view: memoryview) -> int:
                if not rest:
                    return 0
                count = min(len(view), len(rest[0]))
                view[:count] = rest[0][:count]
                rest[0] = rest[0][count:]
                if not rest[0]:
                    del rest[0]
                return count

            assert writer.take_from(readinto) == len(content)
        else:
            for piece in pieces:
                assert writer.write(piece) == len(piece)
        assert writer.tell() == len(content)
    assert _held(store) == content
    assert writer.info is not None
    assert writer.info.size_bytes == len(content)
    is_whole = len(content) <= part_size_bytes
    assert (store.count("put"), store.count("create_multipart")) == (is_whole, not is_whole)
    if not is_whole:
        assert store.count("put_part") == -(-len(content) // part_size_bytes)


def test_parts_go_up_while_more_is_written() -> None:
    """Not only at the end."""
    arrived = threading.Event()

    class Telling(MemoryStore):
        def create_multipart(self, key: str, **keywords: object) -> object:  # type: ignore[override]
            arrived.set()
            return super().create_multipart(key, **keywords)  # type: ignore[arg-type]

    store = Telling(_store()._handle.name)
    with _writer(store) as writer:
        writer.write(b"x" * 10)
        assert not arrived.is_set()  # it may be all
        writer.write(b"y")
        assert arrived.is_set()
    assert _held(store) == b"x" * 10 + b"y"


# What is not written.


@pytest.mark.parametrize("size_bytes", [3, 35])
def test_exception_commits_nothing(size_bytes: int) -> None:
    """And leaves no upload."""
    store = _store()
    writer = _writer(store)

    def fail() -> None:
        with writer:
            writer.write(b"x" * size_bytes)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert writer.closed
    assert _is_untouched(store)


@pytest.mark.parametrize("size_bytes", [3, 20_000])
def test_exception_commits_no_text(size_bytes: int) -> None:
    """What the text stream holds isn't written either."""
    store = _store()

    def fail() -> None:
        with TextStream(_writer(store), "utf-8") as text:
            text.write("x" * size_bytes)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert _is_untouched(store)


@pytest.mark.parametrize("is_text", [False, True])
def test_stream_that_nobody_closes_is_aborted(is_text: bool) -> None:
    """By the garbage collector, with a warning."""
    store = _store()

    def forget() -> None:
        writer = _writer(store)
        text = TextStream(writer, "utf-8") if is_text else None
        if text is None:
            writer.write(b"x" * 35)
        else:
            text.write("x" * 20_000)
        assert [*store.list_multiparts()]
        del writer, text
        gc.collect()

    with pytest.warns(ResourceWarning, match="not written"):
        forget()
    assert _is_untouched(store)


@pytest.mark.parametrize("operation", ["create_multipart", "put_part", "complete"])
def test_failing_request_aborts_and_is_told(operation: str) -> None:
    """By the write that meets it, or by close; nothing is left."""
    store = FaultyStore(_store(), [Fault(operation, REFUSED, times=None)])
    with pytest.raises(errors.PermissionDeniedError), _writer(store) as writer:
        writer.write(b"x" * 100)
    assert _is_untouched(store.inner)


def test_close_after_a_failed_write_commits_nothing() -> None:
    """Although somebody caught its error."""
    store = _store(Limits(put_size_max_bytes=100, part_count_max=2))
    writer = _writer(store)
    with pytest.raises(errors.ObjectTooLargeError):
        writer.write(b"x" * 500)
    with pytest.raises(errors.IntegrityError, match="nothing was committed"):
        writer.close()
    assert _is_untouched(store)


def test_source_that_fails_commits_nothing() -> None:
    """What it has given by then is no object."""
    store = _store()

    def fails(view: memoryview) -> int:
        raise errors.LocalIOError("can't read")

    def take() -> None:
        with _writer(store) as writer:
            writer.write(b"x" * 35)
            writer.take_from(fails)

    with pytest.raises(errors.LocalIOError):
        take()
    assert _is_untouched(store)


@contextlib.contextmanager
def _interrupted_in(
    monkeypatch: pytest.MonkeyPatch, store: MemoryStore, name: str
) -> Iterator[None]:
    """Raise KeyboardInterrupt in the main thread while an answer is on its way."""
    interrupted = threading.Event()
    serve = getattr(store, name)

    def answer_late(*arguments: object, **keywords: object) -> object:
        answer = serve(*arguments, **keywords)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        interrupted.wait(0.2)
        return answer

    monkeypatch.setattr(store, name, answer_late)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        interrupted.set()
        signal.signal(signal.SIGINT, before)


def test_interrupt_while_the_upload_begins_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer, which says what to abort, is waited for."""
    store = _store()
    with _interrupted_in(monkeypatch, store, "create_multipart"), _writer(store) as writer:
        writer.write(b"x" * 35)
    assert _is_untouched(store)


def test_interrupt_that_comes_too_late_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The object is there, and the log says so."""
    store = _store()
    with _interrupted_in(monkeypatch, store, "put"), _writer(store) as writer:
        writer.write(b"xyz")
    assert _held(store) == b"xyz"
    assert "too late" in caplog.text


@pytest.mark.parametrize("size_bytes", [3, 35])
def test_condition_holds_at_the_commit(size_bytes: int) -> None:
    """Somebody was faster."""
    store = _store()
    writer = _writer(store, condition=Condition(if_absent=True))
    writer.write(b"x" * size_bytes)
    store.put("k", b"other")
    with pytest.raises(FileExistsError):
        writer.close()
    assert _held(store) == b"other"
    assert not [*store.list_multiparts()]


def test_destination_that_holds_another_size_is_an_error() -> None:
    """It isn't reported as done."""

    class Losing(MemoryStore):
        def put(self, key: str, buffer: object, **keywords: object) -> object:  # type: ignore[override]
            return super().put(key, b"", **keywords)  # type: ignore[arg-type]

    store = Losing(_store()._handle.name)
    writer = _writer(store)
    writer.write(b"x")
    with pytest.raises(errors.IntegrityError, match="holds 0 bytes, 1 were sent"):
        writer.close()


def test_child_process_neither_writes_nor_ends_it() -> None:
    """Its end is the parent's; a `with` block that ends in the child says so."""
    store = _store()
    with _writer(store) as writer:
        writer.write(b"x" * 35)
        child = os.fork()
        if not child:
            told = 0
            for call in (lambda: writer.write(b"y"), writer.close):
                try:
                    call()
                except errors.UsageError:
                    told += 1
            writer.discard()
            os._exit(told)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
        writer.write(b"z")
    assert _held(store) == b"x" * 35 + b"z"


def test_writer_does_not_pickle() -> None:
    """And the error says what to do."""
    with _writer(_store()) as writer, pytest.raises(TypeError, match="pickle its URI"):
        pickle.dumps(writer)


# The sizes of parts.


def test_parts_of_a_stream_are_of_64_mib_up_to_the_9000th_and_hold_5_tib() -> None:
    """With Amazon S3's limits."""
    sizes = [part_size_at(number, S3_LIMITS) for number in range(1, 10_001)]
    assert set(sizes[:9000]) == {STREAM_PART_SIZE_BYTES}
    assert sizes[9000] == 2 * STREAM_PART_SIZE_BYTES
    assert sum(sizes) >= 5 * 1024**4


@given(
    st.integers(1, 2_000_000),
    st.integers(1, 1_000_000),
    st.integers(1, 2**40),
    st.integers(1, 2**40),
    st.sampled_from([1, 512, 4096]),
    st.booleans(),
    st.one_of(st.none(), st.integers(1, 2**40)),
)
def test_part_size_keeps_to_the_limits_and_never_shrinks(
    number: int,
    count_max: int,
    least: int,
    more: int,
    unit: int,
    equal: bool,
    wanted: int | None,
) -> None:
    """For any store."""
    limits = Limits(
        put_size_max_bytes=2**50,
        part_size_min_bytes=least,
        part_size_max_bytes=least + more,
        part_count_max=count_max,
        equal_parts=equal,
        alignment_bytes=unit,
    )
    size_bytes = part_size_at(number, limits, wanted)
    assert least <= size_bytes <= least + more
    assert size_bytes % unit == 0 or size_bytes == least + more
    following = part_size_at(number + 1, limits, wanted)
    assert following == size_bytes if equal else following >= size_bytes
