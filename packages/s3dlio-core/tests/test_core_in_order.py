"""Calls that run side by side, with their results in the order of the entries."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.errors import CancelledError
from s3dlio_core.transfer.events import CancelToken
from s3dlio_core.transfer.in_order import AHEAD_PER_THREAD, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """At the end of each test no thread is left."""
    yield
    for thread in threading.enumerate():
        if thread.name == "s3dlio-order":
            thread.join(30)
            assert not thread.is_alive()


def _double(number: int) -> int:
    return 2 * number


@pytest.mark.parametrize("jobs", [1, 2, 7, 64])
@pytest.mark.parametrize("count", [0, 1, 5, 500])
def test_results_come_in_order(jobs: int, count: int) -> None:
    """Each entry with its own result, however many threads there are."""
    found = list(in_order(_double, range(count), jobs, CancelToken()))
    assert found == [(number, 2 * number) for number in range(count)]


def test_calls_run_side_by_side() -> None:
    """All threads meet, which they couldn't one after the other."""
    barrier = threading.Barrier(4)
    found = list(in_order(lambda _: barrier.wait(30) >= 0, range(4), 4, CancelToken()))
    assert [result for _, result in found] == [True] * 4


def test_few_entries_are_read_ahead() -> None:
    """An endless stream is no trouble."""
    read: list[int] = []

    def entries() -> Iterator[int]:
        for number in itertools.count():
            read.append(number)
            yield number

    results = in_order(_double, entries(), 3, CancelToken())
    assert next(results) == (0, 0)
    assert len(read) <= 3 * AHEAD_PER_THREAD
    results.close()


def test_what_a_call_raises_is_raised_in_its_turn() -> None:
    """After the results before it."""

    def fail_at_two(number: int) -> int:
        if number == 2:
            raise ZeroDivisionError
        return number

    results = in_order(fail_at_two, range(5), 2, CancelToken())
    assert [next(results), next(results)] == [(0, 0), (1, 1)]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_who_cancels_does_not_wait_for_a_call_that_hangs() -> None:
    """The stream ends while the call still hangs."""
    cancel, begun, let_go = CancelToken(), threading.Event(), threading.Event()

    def hang(number: int) -> int:
        begun.set()
        let_go.wait()
        return number

    def cancel_when_it_hangs() -> None:
        begun.wait()
        cancel.cancel()

    threading.Thread(target=cancel_when_it_hangs).start()
    results = in_order(hang, range(3), 1, cancel)
    with pytest.raises(CancelledError):
        next(results)
    assert not let_go.is_set()
    let_go.set()


def test_a_stream_that_is_closed_makes_no_more_calls() -> None:
    """What waits in the queue is dropped."""
    called: list[int] = []
    first, let_go = threading.Event(), threading.Event()

    def record(number: int) -> int:
        called.append(number)
        if number == 1:
            first.set()
            let_go.wait()
        return number

    results = in_order(record, range(100), 1, CancelToken())
    assert next(results) == (0, 0)
    first.wait()
    results.close()
    let_go.set()
    for thread in threading.enumerate():
        if thread.name == "s3dlio-order":
            thread.join()
    assert called == [0, 1]
