"""More than one process: resumed uploads, shared blocks, and children forked during I/O."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import threading
import warnings
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.disks.page_cache import cached_pages

from s3dlio_core import errors
from s3dlio_core.transfer.buffers import BufferPool
from s3dlio_direct import DirectStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.disks.native_calls import NativeCalls

    from s3dlio_core.store import MultipartUpload

MIB: Final = 1 << 20
CONTENT: Final = random.Random(11).randbytes(600_007)
#: Parts of this size share blocks with their neighbours, most blocks with three or four of them.
SHARED: Final = 1_501
#: Only a child that waits for ever takes as long.
CHILD_MAX_S: Final = 100

#: Writes each second part of an upload that another process began, the first of them being `first`.
CHILD: Final = """
import sys
from s3dlio_direct import DirectStore
root, token, source, first, step, part = sys.argv[1:]
content = open(source, "rb").read()
with DirectStore(root) as store:
    upload = store.resume_multipart("file", token)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(first), -(-len(content) // int(part)), int(step)):
        start = number * int(part)
        upload.put_part(number + 1, start, content[start : start + int(part)])
"""


def child(
    directory: Path, token: str, source: Path, first: int, step: int, part_size_bytes: int
) -> subprocess.Popen[str]:
    """Start a process that waits for a line before it writes parts."""
    numbers = map(str, (first, step, part_size_bytes))
    command = [sys.executable, "-c", CHILD, str(directory), token, str(source), *numbers]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def run(children: list[subprocess.Popen[str]]) -> None:
    """Let all of them begin at once, and wait for them."""
    with ExitStack() as stack:
        for process in children:
            stack.enter_context(process)
            assert process.stdout is not None
            assert "ready\n" == process.stdout.readline()
        for process in children:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
    assert [0] * len(children) == [process.returncode for process in children]


def test_another_process_goes_on(direct_directory: Path, tmp_path: Path) -> None:
    """It finds the parts that are there, writes the others, and completes: the bytes are right."""
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    target = direct_directory / "target"
    target.mkdir()
    with DirectStore(str(target)) as store:
        upload = store.create_multipart("file", size_bytes=len(CONTENT))
        upload.put_part(1, 0, CONTENT[:100_001])
        token = upload.token
        del upload
    run([child(target, token, source, 1, 1, 100_001)])
    with DirectStore(str(target)) as store:
        upload = store.resume_multipart("file", token)
        assert len(CONTENT) == upload.complete(list(upload.parts())).size_bytes
    assert 0 == cached_pages(target / "file")
    assert CONTENT == (target / "file").read_bytes()
    assert [target / "file"] == list(target.iterdir())


def test_processes_share_blocks(direct_directory: Path, tmp_path: Path) -> None:
    """Several write parts of one upload that lie in the same blocks, at the same time."""
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    with DirectStore(str(direct_directory)) as store:
        upload = store.create_multipart("file", size_bytes=len(CONTENT))
        run([child(direct_directory, upload.token, source, n, 3, SHARED) for n in range(3)])
        upload.complete(list(upload.parts()))
    assert 0 == cached_pages(direct_directory / "file")
    assert CONTENT == (direct_directory / "file").read_bytes()


def test_uploads_of_one_token_share_blocks(direct_directory: Path) -> None:
    """Several stores of one process have the same upload open: their parts share blocks, too."""
    starts = range(0, len(CONTENT), SHARED)
    with ExitStack() as stack:
        stores = [stack.enter_context(DirectStore(str(direct_directory))) for _ in range(3)]
        begun = stores[0].create_multipart("file", size_bytes=len(CONTENT))
        uploads = [begun] + [store.resume_multipart("file", begun.token) for store in stores[1:]]

        def put(which: int) -> None:
            for start in starts[which :: len(uploads)]:
                part = CONTENT[start : start + SHARED]
                uploads[which].put_part(start // SHARED + 1, start, part)

        threads = [threading.Thread(target=put, args=(n,)) for n in range(len(uploads))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        begun.complete(list(begun.parts()))
    assert CONTENT == (direct_directory / "file").read_bytes()


def test_forks_disturb_nothing(direct_directory: Path) -> None:
    """Children are forked while threads read and write: bytes stay right, and a child can, too.

    A child must not wait for a lock that a thread of its parent held.
    """
    pool = BufferPool()
    stop = threading.Event()
    wrong: list[str] = []

    with DirectStore(str(direct_directory)) as store:

        def work(name: str) -> None:
            content = random.Random(name).randbytes(2 * MIB + 5)
            while not stop.is_set():
                with pool.lease(len(content)) as view:
                    view[:] = content
                    store.put(name, view)
                    view[:] = bytes(len(content))
                    with store.open_reader(name) as reader:
                        done = 0
                        while done < len(view):
                            done += reader.readinto(view[done:])
                    if view != content:
                        wrong.append(name)

        threads = [threading.Thread(target=work, args=(f"thread-{n}",)) for n in range(3)]
        for thread in threads:
            thread.start()
        try:
            codes = [_in_child(partial(_use, store, n)) for n in range(8)]
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert ([0] * 8, []) == (codes, wrong)


def test_a_child_has_locks_of_its_own(direct_directory: Path, native_calls: NativeCalls) -> None:
    """One that is forked while a shared block is written goes on with the same upload."""
    codes: list[int] = []
    cut = 3_000  # in the first block

    def fork_once(name: str) -> None:
        if name == "s3dlio_write" and not codes:
            codes.append(-1)
            codes[0] = _in_child(lambda: upload.put_part(2, cut, CONTENT[cut:]))

    native_calls.before_each(fork_once)
    with DirectStore(str(direct_directory)) as store:
        upload = store.create_multipart("file")
        upload.put_part(1, 0, CONTENT[:cut])
        upload.complete(list(upload.parts()))
    assert [0] == codes
    assert CONTENT == (direct_directory / "file").read_bytes()


def _use(store: DirectStore, number: int) -> None:
    """Write a file whose parts share blocks, and read it."""
    content = random.Random(number).randbytes(MIB // 2 + 7)
    upload = store.create_multipart(f"child-{number}")
    for start in range(0, len(content), 50_001):
        upload.put_part(start + 1, start, content[start : start + 50_001])
    upload.complete(list(upload.parts()))
    with store.open_reader(f"child-{number}") as reader:
        assert content == reader.readall()


def _in_child(do: Callable[[], object]) -> int:
    """Do something in a forked child; return its exit code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork with threads: what is tested
        pid = os.fork()
    if not pid:
        code = 1
        signal.alarm(CHILD_MAX_S)
        try:
            do()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_forked_children_share_blocks_of_an_inherited_upload(
    direct_directory: Path, native_calls: NativeCalls
) -> None:
    """They and their parent have one open file, in which no lock keeps one from another.

    What they open instead is past the page cache, too.
    """
    starts = range(0, len(CONTENT), SHARED)
    with DirectStore(str(direct_directory)) as store:
        upload = store.create_multipart("file", size_bytes=len(CONTENT))
        upload.put_part(1, 0, CONTENT[:SHARED])

        def put(which: int) -> None:
            for start in starts[which::4]:
                upload.put_part(start // SHARED + 1, start, CONTENT[start : start + SHARED])
            assert [] == native_calls.buffered()

        children = [_forked(partial(put, which)) for which in range(3)]
        put(3)
        assert [0] * 3 == [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
        upload.complete(list(upload.parts()))
    assert CONTENT == (direct_directory / "file").read_bytes()


def test_forked_children_need_proc(direct_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For parts that share a block with others; the error says so. What resumes needs none."""
    opened = os.open

    def open_elsewhere(path: str, *arguments: Any, **keywords: Any) -> int:
        if str(path).startswith("/proc/"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return opened(path, *arguments, **keywords)

    with DirectStore(str(direct_directory)) as store:
        upload = store.create_multipart("file", size_bytes=2 * SHARED)
        upload.put_part(1, 0, CONTENT[:SHARED])
        monkeypatch.setattr(os, "open", open_elsewhere)
        codes = [
            _in_child(partial(_is_refused, upload)),
            _in_child(partial(_resume, store, upload)),
        ]
    assert [0, 0] == codes
    assert CONTENT[: 2 * SHARED] == (direct_directory / "file").read_bytes()


def _is_refused(upload: MultipartUpload) -> None:
    with pytest.raises(errors.NotSupportedError, match="without /proc"):
        upload.put_part(2, SHARED, CONTENT[SHARED : 2 * SHARED])


def _resume(store: DirectStore, upload: MultipartUpload) -> None:
    resumed = store.resume_multipart("file", upload.token)
    resumed.put_part(2, SHARED, CONTENT[SHARED : 2 * SHARED])
    resumed.complete(list(resumed.parts()))


def _forked(do: Callable[[], None]) -> int:
    """Do something in a child; return its id at once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        code = 1
        try:
            do()
            code = 0
        finally:
            os._exit(code)
    return pid
