"""DirectFile and its bounce memory: threads, wrong promises, far offsets."""

from __future__ import annotations

import errno
import fcntl
import os
import pickle
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import errors
from s3dlio_direct import DirectStore, direct_file, native
from s3dlio_direct.direct_file import bounce_memory

if TYPE_CHECKING:
    from pathlib import Path

    from tests.disks.native_calls import NativeCalls

_DATA = bytes(range(251)) * 60


def test_bounce_memory_goes_with_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that starts threads again and again doesn't grow."""
    freed = []

    class Watched(native.Memory):
        def __del__(self) -> None:
            freed.append(self.size_bytes)

    monkeypatch.setattr(native, "Memory", Watched)
    thread = threading.Thread(target=lambda: bounce_memory() is bounce_memory())
    thread.start()
    thread.join()
    assert freed == [direct_file.BOUNCE_BYTES]


def test_more_threads_than_locks_share_blocks(direct_directory: Path) -> None:
    """Parts of 251 bytes: 16 of them own each block."""
    with DirectStore(str(direct_directory)) as store:
        upload = store.create_multipart("a", size_bytes=len(_DATA), part_size_bytes=251)
        with ThreadPoolExecutor(100) as pool:
            offsets = range(0, len(_DATA), 251)
            parts = list(
                pool.map(
                    lambda offset: upload.put_part(
                        offset // 251 + 1, offset, _DATA[offset : offset + 251]
                    ),
                    offsets,
                )
            )
        upload.complete(parts)
    assert direct_directory.joinpath("a").read_bytes() == _DATA


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_size_that_was_too_small_does_no_harm(
    direct_directory: Path, order: tuple[int, ...]
) -> None:
    """What is padding if the promise holds belongs to another part if it doesn't."""
    edges = (0, 5000, 5100, 9000)
    with DirectStore(str(direct_directory)) as store:
        upload = store.create_multipart("a", size_bytes=edges[1])
        parts = [
            upload.put_part(index + 1, edges[index], _DATA[edges[index] : edges[index + 1]])
            for index in order
        ]
        upload.complete(sorted(parts, key=lambda part: part.number))
    assert direct_directory.joinpath("a").read_bytes() == _DATA[: edges[-1]]


def test_offsets_beyond_32_bits_are_what_they_are(direct_directory: Path) -> None:
    """In a sparse file: nothing of 5 GiB is written but its end."""
    offset_bytes = (5 << 30) + 3
    path = direct_directory / "a"
    with path.open("wb") as file:
        file.truncate(offset_bytes)
    with DirectStore(str(direct_directory)) as store:
        upload = store.create_multipart("b")
        upload.put_part(1, offset_bytes, _DATA)
        temporary = next(direct_directory.glob(".s3dlio-tmp-*[!s]"))
        with temporary.open("rb") as file:
            file.seek(offset_bytes)
            assert file.read(len(_DATA)) == _DATA
            file.seek(3)
            assert not any(file.read(len(_DATA)))
        upload.abort()
        with path.open("ab") as file:
            file.write(_DATA)
        with store.open_reader("a", offset_bytes) as reader:
            assert reader.read(len(_DATA) + 1) == _DATA


@pytest.mark.parametrize(("repeated", "is_direct"), [(1, False), (200, True)])
def test_all_is_read_at_once(
    direct_directory: Path, native_calls: NativeCalls, repeated: int, is_direct: bool
) -> None:
    """Each call waits for the device: 8 KiB at a time would take thirty times as long."""
    data = _DATA * repeated
    with DirectStore(str(direct_directory)) as store:
        store.put("a", data)
        native_calls.clear()
        with store.open_reader("a", 4096) as reader:
            assert reader.readall() == data[4096:]
            assert reader.readall() == b""
        assert (store.counters().read_direct_bytes >= len(data) - 8192) == is_direct
    assert [call.size_bytes for call in native_calls.reads] == [len(data) - 4096]


def test_a_file_system_without_locks_is_told(
    direct_directory: Path, native_calls: NativeCalls
) -> None:
    """Its own words would be "No locks available", which says not what for."""
    with DirectStore(str(direct_directory)) as store:
        upload = store.create_multipart("a")
        native_calls.fail_call(1, errno.ENOLCK)
        with pytest.raises(errors.LocalIOError, match="parts share a block"):
            upload.put_part(1, 0, b"abc")
        upload.abort()


@pytest.mark.parametrize("fallback", ["refuse", "buffered"])
def test_a_pickle_keeps_the_settings(direct_directory: Path, fallback: str) -> None:
    """Those of file:// and its own."""
    store = DirectStore(str(direct_directory), fallback=fallback, fsync=True)  # type: ignore[arg-type]
    copy = pickle.loads(pickle.dumps(store))
    assert type(copy) is DirectStore
    assert (copy.root, copy.fsync, copy.fallback) == (store.root, True, fallback)
    copy.put("a", b"abc")
    assert copy.counters().written_bounced_bytes == 3
    assert store.counters().written_bounced_bytes == 0


def _lock_all(temporary: Path) -> int:
    """Lock a file as another process that writes a part does; closing it unlocks."""
    fd = os.open(temporary, os.O_RDWR)
    fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    return fd


def test_a_block_that_another_process_has_is_waited_for(
    direct_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside C, where a signal such as Ctrl-C is handled."""
    pauses = []
    with DirectStore(str(direct_directory)) as store:
        upload = store.create_multipart("a")
        fd = _lock_all(next(direct_directory.glob(".s3dlio-tmp-*[!s]")))

        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 20:
                os.close(fd)

        monkeypatch.setattr(time, "sleep", sleep)
        upload.complete([upload.put_part(1, 0, _DATA[:5000])])
        counters = store.counters()
        assert counters.written_direct_bytes + counters.written_bounced_bytes == 5000
    assert direct_directory.joinpath("a").read_bytes() == _DATA[:5000]
    assert len(pauses) == 20
    assert pauses == sorted(pauses)


def test_a_process_that_keeps_a_block_is_told(
    direct_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been stopped, and then would be waited for without end."""
    monkeypatch.setattr(direct_file, "_PATIENCE_S", 0.01)
    with DirectStore(str(direct_directory)) as store:
        upload = store.create_multipart("a")
        fd = _lock_all(next(direct_directory.glob(".s3dlio-tmp-*[!s]")))
        with pytest.raises(errors.LocalIOError, match="another process, which may"):
            upload.put_part(1, 0, _DATA[:5000])
        os.close(fd)
        upload.complete([upload.put_part(1, 0, _DATA)])
    assert direct_directory.joinpath("a").read_bytes() == _DATA


@pytest.mark.parametrize("block_bytes", [512 << 10, 1 << 20, 16 << 20])
def test_blocks_may_be_large(
    direct_directory: Path, native_calls: NativeCalls, block_bytes: int
) -> None:
    """Those of some file systems are (OpenZFS: as large as a record)."""

    def tell(geometry: Any) -> None:
        geometry.offset_bytes = geometry.block_bytes = block_bytes

    native_calls.after_open(tell)
    data = _DATA * 20
    with DirectStore(str(direct_directory)) as store:
        upload = store.create_multipart("a", size_bytes=len(data))
        starts = range(0, len(data), 100_001)
        parts = [
            upload.put_part(start + 1, start, data[start : start + 100_001]) for start in starts
        ]
        upload.complete(parts)
        with store.open_reader("a", 5, 70_000) as reader:
            assert reader.readall() == data[5:70_000]
    assert direct_directory.joinpath("a").read_bytes() == data
