"""System calls that never wait."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from s3dlio_http.syscalls import SHORT_BYTES, ReadableNow, send_now

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets."""
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_what_is_sent_arrives(pair: tuple[socket.socket, socket.socket]) -> None:
    """Zero bytes among them."""
    data = b"GET / HTTP/1.1\r\n\0\xff"
    assert send_now(pair[0], data) == len(data)
    assert pair[1].recv(100) == data


def test_full_socket_takes_a_part(pair: tuple[socket.socket, socket.socket]) -> None:
    """Nobody waits, and what was taken is counted."""
    data = b"x" * SHORT_BYTES
    sent = 0
    while count := send_now(pair[0], data):
        sent += count
    received = 0
    while received < sent:
        received += len(pair[1].recv(sent))
    assert received == sent
    assert not ReadableNow(pair[1])()


@pytest.mark.parametrize("whose", [0, 1])
def test_broken_socket_takes_nothing(pair: tuple[socket.socket, socket.socket], whose: int) -> None:
    """Neither an exception nor a signal: the next ordinary call says what is wrong."""
    pair[whose].close()
    assert send_now(pair[0], b"data") == 0


def test_readable_is_what_has_bytes(pair: tuple[socket.socket, socket.socket]) -> None:
    """Until they are read."""
    readable = ReadableNow(pair[0])
    assert not readable()
    pair[1].send(b"x")
    assert readable()
    pair[0].recv(1)
    assert not readable()


def test_readable_is_what_has_ended(pair: tuple[socket.socket, socket.socket]) -> None:
    """A read would return at once."""
    readable = ReadableNow(pair[0])
    pair[1].close()
    assert readable()
