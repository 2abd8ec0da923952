"""Errors of the disk, at each call in turn: told by name, with nothing left and nothing wrong."""

from __future__ import annotations

import errno
import os
import random
from typing import TYPE_CHECKING, Final

import pytest
from tests.disks.memory import placed

from s3dlio_core import errors
from s3dlio_core.operations import download, upload
from s3dlio_direct import DirectStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.disks.native_calls import NativeCalls

PART: Final = 64 * 1024
CONTENT: Final = random.Random(7).randbytes(3 * PART + 1234)
OLD: Final = b"old"


def put(directory: Path) -> None:
    """Write a whole object whose tail and memory aren't aligned."""
    with DirectStore(str(directory)) as store:
        store.put("file", placed(CONTENT, 1))


def upload_parts(directory: Path) -> None:
    """Write an object in parts."""
    (directory.parent / "source").write_bytes(CONTENT)
    url = f"direct://{directory}/file"
    upload(directory.parent / "source", url, part_size_bytes=PART, max_in_flight=1)


def upload_odd_parts(directory: Path) -> None:
    """Write an object whose parts share blocks."""
    with DirectStore(str(directory)) as store:
        begun = store.create_multipart("file", size_bytes=len(CONTENT))
        try:
            for start in range(0, len(CONTENT), 50_001):
                begun.put_part(start + 1, start, CONTENT[start : start + 50_001])
            begun.complete(list(begun.parts()))
        except errors.S3dlioError:
            begun.abort()
            raise


WRITERS: Final[list[Callable[[Path], None]]] = [put, upload_parts, upload_odd_parts]


def reason(error: errors.S3dlioError) -> errors.S3dlioError:
    """Why an operation failed, if that is in its report."""
    if isinstance(error, errors.TransferFailedError):
        (failure,) = error.report.failures
        return failure.error
    return error


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EFBIG])
def test_errors_of_writes_leave_nothing(
    direct_directory: Path, native_calls: NativeCalls, write: Callable[[Path], None], number: int
) -> None:
    """The object that was there is untouched, and no temporary file and no journal is left."""
    target = direct_directory / "target"
    target.mkdir()
    write(target)
    names = [call.name for call in native_calls.calls]
    assert CONTENT == (target / "file").read_bytes()
    for index, name in enumerate(names):
        (target / "file").write_bytes(OLD)
        native_calls.clear()
        native_calls.fail_call(index, number)
        with pytest.raises(errors.S3dlioError) as caught:
            write(target)
        error = reason(caught.value)
        uri = f"direct://{target}/file"
        assert (errno.errorcode[number], uri) == (error.code, error.uri), name
        assert OLD == (target / "file").read_bytes(), name
        assert [target / "file"] == list(target.iterdir()), name


def test_errors_of_reads_are_told(
    direct_directory: Path, tmp_path: Path, native_calls: NativeCalls
) -> None:
    """A download that meets one ends with its name, and writes no file."""
    source = direct_directory / "source"
    source.write_bytes(CONTENT)

    def read() -> None:
        target = tmp_path / "copied"
        download(f"direct://{source}", target, part_size_bytes=PART, max_in_flight=1)

    read()
    names = [call.name for call in native_calls.calls]
    assert CONTENT == (tmp_path / "copied").read_bytes()
    (tmp_path / "copied").unlink()
    for index, name in enumerate(names):
        native_calls.clear()
        native_calls.fail_call(index, errno.EIO)
        with pytest.raises(errors.S3dlioError) as caught:
            read()
        error = reason(caught.value)
        assert ("EIO", f"direct://{source}") == (error.code, error.uri), name
        assert [] == [path for path in tmp_path.iterdir() if path.is_file()], name


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EISDIR, errno.EOPNOTSUPP])
def test_refusals_at_any_call_are_told(
    direct_directory: Path, native_calls: NativeCalls, number: int
) -> None:
    """A file system may refuse at any time: nothing is written or read through the page cache."""

    def get(directory: Path) -> None:
        with DirectStore(str(directory)) as store, store.open_reader("file") as reader:
            assert CONTENT == reader.readall()

    for work in (put, get):
        native_calls.clear()
        work(direct_directory)
        names = [call.name for call in native_calls.calls]
        for index, name in enumerate(names):
            native_calls.clear()
            native_calls.fail_call(index, number)
            with pytest.raises(errors.S3dlioError):
                work(direct_directory)
            assert ["file"] == [path.name for path in direct_directory.iterdir()], name


def test_a_refused_write_says_what_it_was(
    direct_directory: Path, native_calls: NativeCalls
) -> None:
    """It is told what was asked of the file system: "invalid argument" says nothing."""
    put(direct_directory)
    names = [call.name for call in native_calls.calls]
    native_calls.clear()
    native_calls.fail_call(names.index("s3dlio_write"), errno.EINVAL)
    with pytest.raises(errors.S3dlioError, match="direct write"):
        put(direct_directory)


def test_a_file_that_shrinks_is_told(direct_directory: Path, native_calls: NativeCalls) -> None:
    """A source that is cut while it is read is an error, not a short copy."""
    source = direct_directory / "source"
    source.write_bytes(CONTENT)

    def shrink(name: str) -> None:
        if name == "s3dlio_read":
            os.truncate(source, PART)  # not to nothing in between, as a file of /proc looks

    native_calls.before_each(shrink)
    with pytest.raises(errors.TransferFailedError) as caught:
        download(f"direct://{source}", direct_directory / "copied", part_size_bytes=PART)
    assert isinstance(reason(caught.value), errors.SourceChangedError)
    assert [source] == list(direct_directory.iterdir())
