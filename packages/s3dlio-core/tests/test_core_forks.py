"""What a forked child has anew, whatever the parent's threads were doing."""

from __future__ import annotations

import gc
import os
import signal
import threading
import warnings
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import forks
from s3dlio_core.errors import ThrottledError
from s3dlio_core.file_store import FileStore
from s3dlio_core.retry.policy import Retrier, RetryPolicy, Throttle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: A child that hangs is killed then.
HANGING_S = 20


def in_child(function: Callable[[], bool]) -> int:
    """Call a function in a forked child; return 0 when it gave True, or what killed the child."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads run, as they are to
        child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(HANGING_S)
        code = 1
        try:
            code = 0 if function() else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


@pytest.fixture
def held() -> Callable[[threading.Lock | threading.Condition], None]:
    """A function that has another thread hold a lock until the test ends."""

    def hold(lock: threading.Lock | threading.Condition) -> None:
        taken = threading.Event()

        def take() -> None:
            lock.acquire()
            taken.set()

        threading.Thread(target=take, daemon=True).start()
        assert taken.wait(30)

    return hold


def test_requests_of_the_parent_take_no_place_in_the_child() -> None:
    """A store that is throttled to one request lets the child make its own."""
    retrier = Retrier(RetryPolicy(attempts_max=1))
    with pytest.raises(ThrottledError):
        retrier.call("get", "u", _throttled)
    assert retrier.throttle.limit == 1
    retrier.throttle.enter()  # a request that is under way while the fork happens
    assert in_child(lambda: retrier.call("get", "u", lambda: True)) == 0


def _throttled() -> bool:
    raise ThrottledError("slow down", retryable=False)


def test_lock_of_a_parents_thread_is_none_of_the_child(
    held: Callable[[threading.Lock | threading.Condition], None],
) -> None:
    """A thread that was just counting a request at the fork doesn't block the child."""
    throttle = Throttle()
    held(throttle._changed)

    def enter() -> bool:
        throttle.enter()
        throttle.leave(throttled=False)
        return True

    assert in_child(enter) == 0


def test_directories_are_listed_in_the_child(
    tmp_path: Path, held: Callable[[threading.Lock | threading.Condition], None]
) -> None:
    """A thread that was just listing at the fork doesn't block the child, nor spoil its pages."""
    for name in "abc":
        (tmp_path / name).write_bytes(b"")
    store = FileStore(str(tmp_path))
    page = store.list_page(page_size=1)
    held(store._lock)

    def list_on() -> bool:
        rest = store.list_page(token=page.next_token)
        return [info.key for info in rest.objects] == ["b", "c"]

    assert in_child(list_on) == 0


def test_what_is_renewed_is_not_kept() -> None:
    """A throttle goes with its store."""
    gc.collect()
    before = len(forks._all)
    throttles = [Throttle() for _ in range(10)]
    assert len(forks._all) == before + 10
    throttles.clear()
    gc.collect()
    assert len(forks._all) <= before
