"""That O_DIRECT is O_DIRECT: the kernel's flags, the counters, the page cache and the addresses."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.disks.memory import address_of, placed
from tests.disks.page_cache import cached_pages, write_uncached

from s3dlio_core.operations import copy, download, upload
from s3dlio_direct import Counters, DirectStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.disks.native_calls import NativeCalls
    from tests.servers import MotoServer

BLOCK: Final = 4096
PART: Final = 256 * 1024
MIB: Final = 1 << 20
#: Sizes of files, around those of blocks and parts.
SIZES: Final = [
    0, 1, BLOCK - 1, BLOCK, BLOCK + 1, PART - 1, PART, PART + 1, 5 * PART, 7 * PART + 12_345
]  # fmt: skip


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> list[DirectStore]:
    """The stores that are made, also by operations."""
    made: list[DirectStore] = []
    init = DirectStore.__init__

    def recording(self: DirectStore, *arguments: Any, **keywords: Any) -> None:
        init(self, *arguments, **keywords)
        made.append(self)

    monkeypatch.setattr(DirectStore, "__init__", recording)
    return made


def total(stores: list[DirectStore]) -> Counters:
    """What all of them count."""
    all_of = [store.counters() for store in stores]
    return Counters(
        *(sum(getattr(one, name) for one in all_of) for name in Counters.__dataclass_fields__)
    )


def content_of(size_bytes: int) -> bytes:
    """Bytes of a file of this size."""
    return random.Random(size_bytes).randbytes(size_bytes)


@pytest.mark.parametrize("size_bytes", SIZES)
def test_uploads_are_direct(
    direct_directory: Path,
    tmp_path: Path,
    native_calls: NativeCalls,
    stores: list[DirectStore],
    size_bytes: int,
) -> None:
    """All bytes but the last block's go from the engine's buffers, and no page stays."""
    (tmp_path / "source").write_bytes(content_of(size_bytes))
    copied = direct_directory / "copied"
    upload(tmp_path / "source", f"direct://{copied}", part_size_bytes=PART)
    counters = total(stores)
    assert [] == native_calls.buffered()
    assert size_bytes == counters.written_direct_bytes + counters.written_bounced_bytes
    assert counters.written_direct_bytes >= size_bytes - BLOCK
    assert 0 == cached_pages(copied)
    assert content_of(size_bytes) == copied.read_bytes()
    assert [copied] == list(direct_directory.iterdir())


@pytest.mark.parametrize("size_bytes", SIZES)
def test_downloads_are_direct(
    direct_directory: Path,
    tmp_path: Path,
    native_calls: NativeCalls,
    stores: list[DirectStore],
    size_bytes: int,
) -> None:
    """All bytes but the last block's come into the engine's buffers, and no page stays."""
    source = direct_directory / "source"
    write_uncached(source, content_of(size_bytes))
    download(f"direct://{source}", tmp_path / "copied", part_size_bytes=PART)
    counters = total(stores)
    assert [] == native_calls.buffered()
    assert size_bytes == counters.read_direct_bytes + counters.read_bounced_bytes
    assert counters.read_direct_bytes >= size_bytes - BLOCK
    assert 0 == cached_pages(source)
    assert content_of(size_bytes) == (tmp_path / "copied").read_bytes()


@pytest.mark.parametrize("part_size_bytes", [PART - 1, 100_001])
@pytest.mark.parametrize("transfer", [upload, download, copy])
def test_parts_of_any_size_begin_at_blocks(
    direct_directory: Path,
    tmp_path: Path,
    stores: list[DirectStore],
    transfer: Callable[..., object],
    part_size_bytes: int,
) -> None:
    """Whatever size is asked for: only the last block is bounced."""
    content = content_of(3 * PART + 77)
    past, through = (direct_directory, "direct://"), (tmp_path, "")
    source, scheme = through if transfer is upload else past
    into, into_scheme = through if transfer is download else past
    (source / "source").write_bytes(content)
    transfer(f"{scheme}{source}/source", f"{into_scheme}{into}/b", part_size_bytes=part_size_bytes)
    counters = total(stores)
    all_but_the_end = (3 * PART, 77)
    nothing = (0, 0)
    read = (counters.read_direct_bytes, counters.read_bounced_bytes)
    assert read == (nothing if transfer is upload else all_but_the_end)
    written = (counters.written_direct_bytes, counters.written_bounced_bytes)
    assert written == (nothing if transfer is download else all_but_the_end)
    assert content == (into / "b").read_bytes()


def test_copies_between_direct_files_are_direct(
    direct_directory: Path, native_calls: NativeCalls, stores: list[DirectStore]
) -> None:
    """The kernel copies nothing by itself: that would be through the page cache."""
    source, copied = direct_directory / "source", direct_directory / "copied"
    content = content_of(3 * PART + 1)
    write_uncached(source, content)
    copy(f"direct://{source}", f"direct://{copied}", part_size_bytes=PART)
    counters = total(stores)
    assert (len(content), len(content)) == (
        counters.read_direct_bytes + counters.read_bounced_bytes,
        counters.written_direct_bytes + counters.written_bounced_bytes,
    )
    assert [] == native_calls.buffered()
    assert [0, 0] == [cached_pages(source), cached_pages(copied)]
    assert content == copied.read_bytes()


@pytest.mark.parametrize("part_size_bytes", [PART - 1, PART + 1, 12_345])
def test_parts_of_odd_sizes_bounce_their_edges_only(
    direct_directory: Path, part_size_bytes: int
) -> None:
    """Two blocks a part at the most, if the part begins in memory as it does on the disk."""
    content = content_of(5 * part_size_bytes)
    with DirectStore(str(direct_directory)) as store:
        upload = store.create_multipart("copied", size_bytes=len(content))
        parts = []
        for number in range(5):
            start = number * part_size_bytes
            memory = placed(content[start : start + part_size_bytes], start % BLOCK)
            parts.append(upload.put_part(number + 1, start, memory))
        upload.complete(parts)
        counters = store.counters()
    assert len(content) == counters.written_direct_bytes + counters.written_bounced_bytes
    assert counters.written_bounced_bytes <= 5 * 2 * BLOCK
    assert 0 == cached_pages(direct_directory / "copied")
    assert content == (direct_directory / "copied").read_bytes()


def test_unaligned_memory_is_counted_as_bounced(direct_directory: Path) -> None:
    """Who asks for what O_DIRECT can't take sees it in the counters."""
    content = content_of(PART)
    with DirectStore(str(direct_directory)) as store:
        store.put("copied", placed(content, 1))
        counters = store.counters()
    assert (0, PART) == (counters.written_direct_bytes, counters.written_bounced_bytes)
    assert 0 == cached_pages(direct_directory / "copied")


def test_the_callers_memory_is_the_kernels(
    direct_directory: Path, native_calls: NativeCalls
) -> None:
    """An aligned buffer is passed on as it is, in both directions: nothing is copied between."""
    memory = placed(content_of(PART), 0)
    with DirectStore(str(direct_directory)) as store:
        store.put("file", memory)
        with store.open_reader("file") as reader:
            assert PART == reader.readinto(memory)
    moved = native_calls.writes + native_calls.reads
    assert [(address_of(memory), PART)] * 2 == [(call.address, call.size_bytes) for call in moved]


class Sockets:
    """What goes through this process's sockets: the memory of each piece.

    Attributes:
        received: where received bytes were put, and how many.
        sent: where sent bytes lay, and how many were offered.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.received: list[tuple[int, int]] = []
        self.sent: list[tuple[int, int]] = []
        receive: Callable[..., int] = socket.socket.recv_into
        send: Callable[..., int] = socket.socket.send
        send_all: Callable[..., None] = socket.socket.sendall
        send_message: Callable[..., int] = socket.socket.sendmsg

        def recv_into(sock: socket.socket, buffer: Any, *rest: Any) -> int:
            count = receive(sock, buffer, *rest)
            self.received.append((address_of(buffer), count))
            return count

        def sending(call: Callable[..., Any]) -> Callable[..., Any]:
            def recorded(sock: socket.socket, data: Any, *rest: Any) -> Any:
                for piece in data if isinstance(data, (list, tuple)) else [data]:
                    self.sent.append((address_of(piece), memoryview(piece).nbytes))
                return call(sock, data, *rest)

            return recorded

        monkeypatch.setattr(socket.socket, "recv_into", recv_into)
        for name, call in (("send", send), ("sendall", send_all), ("sendmsg", send_message)):
            monkeypatch.setattr(socket.socket, name, sending(call))


def within(piece: tuple[int, int], memory: list[tuple[int, int]]) -> bool:
    """Whether a piece of memory lies in one of others."""
    return any(
        start <= piece[0] and piece[0] + piece[1] <= start + size_bytes
        for start, size_bytes in memory
    )


def test_sockets_fill_the_memory_that_is_written(
    direct_directory: Path,
    native_calls: NativeCalls,
    moto_s3: MotoServer,
    moto_bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From S3: what a socket received into is what the kernel writes from."""
    content = content_of(6 * MIB)
    (tmp_path / "source").write_bytes(content)
    upload(tmp_path / "source", f"s3://{moto_bucket}/object", options=moto_s3.options)
    sockets = Sockets(monkeypatch)
    copied = direct_directory / "copied"
    download(
        f"s3://{moto_bucket}/object", copied.as_uri().replace("file", "direct"),
        source_options=moto_s3.options, part_size_bytes=2 * MIB,
    )  # fmt: skip
    written = [(call.address, call.size_bytes) for call in native_calls.writes]
    straight = sum(piece[1] for piece in sockets.received if within(piece, written))
    # The beginning of a body comes with the head of its answer, into the connection's own buffer.
    assert straight > 0.9 * len(content)
    assert all(address % BLOCK == 0 for address, _ in written)
    assert (0, content) == (cached_pages(copied), copied.read_bytes())


def test_sockets_send_the_memory_that_was_read(
    direct_directory: Path,
    native_calls: NativeCalls,
    moto_s3: MotoServer,
    moto_bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To S3: what the kernel read into is what a socket sends from."""
    source = direct_directory / "source"
    write_uncached(source, content_of(12 * MIB))
    sockets = Sockets(monkeypatch)
    target = f"s3://{moto_bucket}/object"
    upload(f"direct://{source}", target, dest_options=moto_s3.options, part_size_bytes=5 * MIB)
    read = [(call.address, call.size_bytes) for call in native_calls.reads]
    bodies = [piece for piece in sockets.sent if piece[1] > MIB]
    assert [] == [piece for piece in bodies if not within(piece, read)]
    assert sum(piece[1] for piece in bodies) >= 12 * MIB - BLOCK
    assert 0 == cached_pages(source)
    download(target, tmp_path / "copied", options=moto_s3.options)
    assert content_of(12 * MIB) == (tmp_path / "copied").read_bytes()


CHILD: Final = """
import sys
from s3dlio_core.operations import download, upload
source, direct, copied = sys.argv[1:]
upload(source, f"direct://{direct}", part_size_bytes=65536)
download(f"direct://{direct}", copied, part_size_bytes=65536)
"""


def test_the_kernel_is_asked_for_direct_io_only(direct_directory: Path, tmp_path: Path) -> None:
    """As strace(1) sees it: nothing opens the file without O_DIRECT, or takes the flag away."""
    if shutil.which("strace") is None:
        pytest.skip("strace: not installed")
    (tmp_path / "source").write_bytes(content_of(5 * 65536 + 77))
    paths = [tmp_path / "source", direct_directory / "copied", tmp_path / "copied"]
    trace = tmp_path / "trace"  # one file a thread, so that no call is told in two pieces
    calls = "trace=open,openat,openat2,fcntl,copy_file_range,sendfile,splice,mmap"
    command = ["strace", "-ff", "-y", "-o", trace, "-e", calls, sys.executable, "-c", CHILD, *paths]
    done = subprocess.run(list(map(str, command)), capture_output=True, check=False, text=True)
    if "ptrace" in done.stderr:
        pytest.skip(f"strace: {done.stderr.splitlines()[0]}")
    assert (0, "") == (done.returncode, done.stderr)
    traced = "".join(path.read_text() for path in tmp_path.glob("trace.*"))
    lines = [line for line in traced.splitlines() if str(direct_directory) in line]
    opened = [line for line in lines if "open" in line and not _is_beside(line)]
    assert opened
    assert [] == [line for line in opened if "O_DIRECT|" not in line + "|"]
    assert [] == [line for line in lines if "F_SETFL" in line or _copies(line)]
    assert paths[0].read_bytes() == paths[2].read_bytes()


def _is_beside(line: str) -> bool:
    """Whether what is opened is a directory, a journal or only looked at."""
    return any(text in line for text in ("O_DIRECTORY", ".parts", "O_PATH"))


def _copies(line: str) -> bool:
    return any(f" {call}(" in line for call in ("copy_file_range", "sendfile", "splice", "mmap"))
