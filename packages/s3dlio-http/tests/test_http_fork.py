"""Processes that fork: a child uses no connection of its parent's, and disturbs none."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.servers.byte_server import ByteServer, Reply, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.certificates import Certificates

#: Parent and child use one adapter in turns, then at once; each says what it got.
SCRIPT = """
import gc, os, sys
import requests
from s3dlio_http import HttpAdapter

url, count, verify = sys.argv[1], int(sys.argv[2]), sys.argv[3] or True
adapter = HttpAdapter()

def get(target):
    prepared = requests.Request("GET", url + target).prepare()
    return adapter.send(prepared, timeout=60, verify=verify).content

def expect(target):
    got = get(target)
    if got != target.encode() * 1000:
        print("wrong answer to", target, got[:100], flush=True)
        os._exit(1)

expect("/before")
child = os.fork()
if child == 0:
    gc.disable()
    opened = len(os.listdir("/dev/fd"))
    for number in range(count):
        expect(f"/child-{number}")
    if len(os.listdir("/dev/fd")) != opened:
        print("the copies of the parent's connections are still open", flush=True)
        os._exit(1)
    adapter.close()
    os._exit(0)
for number in range(count):
    expect(f"/parent-{number}")
_, status = os.waitpid(child, 0)
expect("/after")
adapter.close()
sys.exit(os.waitstatus_to_exitcode(status))
"""
COUNT = 200


@pytest.fixture(params=["http", "https"])
def server(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[ByteServer]:
    """A server that answers each of the script's targets with the target."""
    with ByteServer(certificates=certificates if request.param == "https" else None) as server:
        for who in ("child", "parent"):
            for number in range(COUNT):
                target = f"/{who}-{number}"
                server.on(target, Reply(answer(target.encode() * 1000)))
        for target in ("/before", "/after"):
            server.on(target, Reply(answer(target.encode() * 1000)))
        yield server


def test_fork(server: ByteServer) -> None:
    """The child opens connections of its own; the parent goes on with its old one."""
    verify = "" if server.verify is True else server.verify
    command = [sys.executable, "-c", SCRIPT, server.url(""), str(COUNT), str(verify)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(server.requests) == 2 * COUNT + 2
    of_child = {r.connection for r in server.requests if r.target.startswith("/child")}
    of_parent = {r.connection for r in server.requests if not r.target.startswith("/child")}
    assert (len(of_child), len(of_parent)) == (1, 1)
    assert not of_child & of_parent


HALF_READ = """
import os, sys
import requests
from s3dlio_http import HttpAdapter

adapter = HttpAdapter()
prepared = requests.Request("GET", sys.argv[1]).prepare()
response = adapter.send(prepared, stream=True, timeout=60)
begun = response.raw.read(1000)
child = os.fork()
if child == 0:
    # What the child does with the answer that it inherited is its parent's loss in no case.
    response.close()
    adapter.close()
    os._exit(0)
os.waitpid(child, 0)
rest = response.raw.read()
sys.exit(0 if begun + rest == b"x" * 3_000_000 else 1)
"""


def test_child_that_closes_an_answer(byte_server: ByteServer) -> None:
    """A body that the parent is reading survives a child that closes its copy."""
    url = byte_server.give(Reply(answer(b"x" * 3_000_000)))
    done = subprocess.run(
        [sys.executable, "-c", HALF_READ, url], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
