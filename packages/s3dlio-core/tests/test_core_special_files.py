"""Devices and fifos as destinations: written to, never renamed over."""

from __future__ import annotations

import os
import stat
import threading
import uuid
from pathlib import Path

import pytest

from s3dlio_core.errors import LocalIOError
from s3dlio_core.operations import create_container, exists, get, upload

LARGE_BYTES = 17 * 1024**2


def test_a_copy_to_dev_null_succeeds_and_leaves_the_device(tmp_path: Path) -> None:
    """/dev/null takes everything and stays a device."""
    (tmp_path / "source").write_bytes(b"content")
    report = upload(tmp_path / "source", "/dev/null")
    assert 1 == report.done_count
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_fifo_is_written_to(tmp_path: Path) -> None:
    """What is copied to a fifo arrives at its reader."""
    (tmp_path / "source").write_bytes(b"content")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    upload(tmp_path / "source", fifo)
    reader.join()
    assert [b"content"] == read
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_a_large_file_goes_to_a_device_whole(tmp_path: Path) -> None:
    """An object that would be cut into parts is written to a device in order."""
    with (tmp_path / "source").open("wb") as source:
        source.truncate(LARGE_BYTES)
    report = upload(tmp_path / "source", "/dev/null", raise_on_failure=False)
    if report.failed_count:
        pytest.fail(str(report.failures[0].error))
    assert LARGE_BYTES == report.done_bytes


def test_a_link_to_a_device_is_neither_followed_nor_replaced(tmp_path: Path) -> None:
    """What stands as /dev/stdout does is left alone, with a clear error."""
    (tmp_path / "source").write_bytes(b"content")
    (tmp_path / "link").symlink_to("/dev/null")
    report = upload(tmp_path / "source", tmp_path / "link", raise_on_failure=False)
    assert 1 == report.failed_count
    assert "device" in str(report.failures[0].error)
    assert (tmp_path / "link").is_symlink()


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="needs Linux's /proc")
def test_a_file_that_hides_its_size_is_never_taken_for_an_empty_one(tmp_path: Path) -> None:
    """One of /proc has bytes and says that it has none: reading and copying it are errors."""
    with pytest.raises(LocalIOError, match="says that it has 0 bytes, and has more"):
        get("/proc/cpuinfo")
    for goal in (tmp_path / "copy", _container() + "/copy"):
        report = upload("/proc/cpuinfo", goal, raise_on_failure=False)
        assert (report.done_count, report.failed_count) == (0, 1)
        assert not exists(goal)


def _container() -> str:
    uri = f"memory://{uuid.uuid4().hex}"
    create_container(uri)
    return uri
