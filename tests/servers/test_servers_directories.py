"""Writes that meet in a new directory are spared rclone's race, and wait no more than that."""

from __future__ import annotations

import contextlib
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.servers import RcloneServer, SignedClient
from tests.servers.directory_gate import DirectoryGate
from tests.servers.http_relay import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 8
DIRECTORIES = 100
TIMEOUT_S = 60.0
#: How long an exchange that must not begin is waited for.
GRACE_S = 0.2


class FakeExchange(Exchange):
    """An exchange without sockets: it runs a function in place of the server."""

    def __init__(self, start_line: str, serve: Callable[[], int]) -> None:
        self.method, self.target = start_line.split(" ")
        self.status = 0
        self._serve = serve

    def forward_request(self) -> None:
        """Nothing is sent."""

    def forward_answer(self) -> None:
        """Be answered."""
        self.status = self._serve()


def test_writes_that_meet_in_new_directories_stay(
    rclone_s3: RcloneServer, rclone_bucket: str
) -> None:
    """Each of many objects, put at once into one new directory after the other, can be read."""

    def put(client: SignedClient, key: str) -> None:
        client.put_object(rclone_bucket, key, key.encode())

    rounds = [[f"{number}/object {n}" for n in range(THREADS)] for number in range(DIRECTORIES)]
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(SignedClient(rclone_s3)) for _ in range(THREADS)]
        pool = stack.enter_context(ThreadPoolExecutor(THREADS))
        for keys in rounds:
            list(pool.map(put, clients, keys))
        for key in itertools.chain.from_iterable(rounds):
            assert key.encode() == clients[0].get_object(rclone_bucket, key)


@pytest.mark.parametrize(
    ("before", "first", "second"),
    [
        ([], "PUT /b/d/1", "PUT /b/d/2"),
        ([], "PUT /b/d/1", "PUT /b/d/e/2"),
        ([], "POST /b/d/1?uploadId=1", "PUT /b/d/2"),
        (["PUT /b/d/0"], "PUT /b/d/e/1", "PUT /b/d/e/2"),
        (["PUT /b/d/0", "DELETE /b/d/0"], "PUT /b/d/1", "PUT /b/d/2"),
        (["PUT /b/d/0", "POST /b?delete="], "PUT /b/d/1", "PUT /b/d/2"),
        (["PUT /b/d/0"], "DELETE /b/d/0", "PUT /b/d/1"),
    ],
)
def test_what_makes_a_directory_is_alone(before: list[str], first: str, second: str) -> None:
    """What may make a directory waits for another that does, or that removes one."""
    gate = gate_after(before)
    has_begun = [threading.Event(), threading.Event()]
    met = []

    def serve_first() -> int:
        has_begun[0].set()
        met.append(has_begun[1].wait(GRACE_S))
        return 200

    def serve_second() -> int:
        has_begun[1].set()
        return 200

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(gate.handle, FakeExchange(first, serve_first))
        assert has_begun[0].wait(TIMEOUT_S)
        two = pool.submit(gate.handle, FakeExchange(second, serve_second))
        one.result()
        two.result()
    assert met == [False]
    assert has_begun[1].is_set()


@pytest.mark.parametrize(
    ("before", "first", "second"),
    [
        (["PUT /b/d/0"], "PUT /b/d/1", "PUT /b/d/2"),
        (["PUT /b/d/0"], "PUT /b/e/1", "PUT /b/d/2"),
        ([], "PUT /b/d/1", "GET /b/d/1"),
        ([], "PUT /b/d/1?partNumber=1&uploadId=1", "PUT /b/d/1?partNumber=2&uploadId=1"),
        ([], "PUT /b/d/1", "DELETE /b/d/2?uploadId=1"),
    ],
)
def test_others_meet(before: list[str], first: str, second: str) -> None:
    """What makes no directory goes on beside anything else."""
    gate = gate_after(before)
    both = threading.Barrier(2)

    def serve() -> int:
        both.wait(TIMEOUT_S)
        return 200

    with ThreadPoolExecutor(2) as pool:
        futures = [
            pool.submit(gate.handle, FakeExchange(start_line, serve))
            for start_line in (first, second)
        ]
        for future in futures:
            future.result()


def gate_after(before: list[str]) -> DirectoryGate:
    """A gate through which some requests have gone, with success."""
    gate = DirectoryGate()
    for start_line in before:
        gate.handle(FakeExchange(start_line, lambda: 200))
    return gate
