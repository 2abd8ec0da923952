"""open, get_range and put_stream: objects as streams, by their names."""

from __future__ import annotations

import csv
import gzip
import io
import json
import uuid
import zipfile
from typing import TYPE_CHECKING, Final

import pytest

from s3dlio_core import errors, operations
from s3dlio_core.store import Attributes, Condition
from s3dlio_core.transfer.events import CancelToken, TransferObserver

if TYPE_CHECKING:
    from pathlib import Path

    from s3dlio_core.transfer.events import Snapshot
    from s3dlio_core.transfer.report import TransferReport

CONTENT: Final = bytes(range(256)) * 10


@pytest.fixture(params=["memory", "file"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new container or directory."""
    if request.param == "file":
        return str(tmp_path)
    uri = f"memory://streaming-{uuid.uuid4()}"
    operations.create_container(uri)
    return uri


# open


def test_what_is_written_is_read(base: str) -> None:
    """Bytes, and the descriptions of both ends."""
    with operations.open(f"{base}/a/b", "wb") as writer:
        writer.write(CONTENT)
    assert writer.info is not None
    with operations.open(f"{base}/a/b") as stream:
        assert stream.read(10) == CONTENT[:10]
        assert stream.info.etag == writer.info.etag
        stream.seek(-5, io.SEEK_END)
        assert stream.read() == CONTENT[-5:]


def test_text_is_utf_8_whatever_the_locale(base: str) -> None:
    """And its line ends are Python's."""
    with operations.open(f"{base}/t", "w") as text:
        text.write("grün\n")
    assert operations.get(f"{base}/t") == "grün\n".encode()
    with operations.open(f"{base}/t", "r") as text:
        assert list(text) == ["grün\n"]


def test_pythons_own_modules_read_and_write_streams(base: str) -> None:
    """csv, json, gzip and zipfile, which needs a seekable reader."""
    with operations.open(f"{base}/c", "w", newline="") as text:
        csv.writer(text).writerow(["a", "b"])
    with operations.open(f"{base}/c", "r", newline="") as text:
        assert list(csv.reader(text)) == [["a", "b"]]
    with operations.open(f"{base}/j", "w") as text:
        json.dump({"a": 1}, text)
    with operations.open(f"{base}/j") as stream:
        assert json.load(stream) == {"a": 1}
    with operations.open(f"{base}/g", "wb") as writer, gzip.open(writer, "wb") as packed:
        packed.write(CONTENT)
    with operations.open(f"{base}/g") as stream, gzip.open(stream) as unpacked:
        assert unpacked.read() == CONTENT
    with operations.open(f"{base}/z", "wb") as writer, zipfile.ZipFile(writer, "w") as made:
        made.writestr("x", CONTENT)
        made.writestr("y", b"last")
    with operations.open(f"{base}/z") as stream, zipfile.ZipFile(stream) as archive:
        assert archive.read("y") == b"last"
        assert archive.testzip() is None


@pytest.mark.parametrize("mode", ["xb", "x"])
def test_exclusive_mode_creates_and_never_replaces(base: str, mode: str) -> None:
    """It says so before anything is written."""
    with operations.open(f"{base}/k", mode):  # type: ignore[call-overload]
        pass
    assert operations.get(f"{base}/k") == b""
    with pytest.raises(FileExistsError):
        operations.open(f"{base}/k", mode)  # type: ignore[call-overload]


@pytest.mark.parametrize("mode", ["", "a", "rb+", "rw", "r+", "wbt", "rbb", "U", "b"])
def test_other_modes_are_refused(mode: str) -> None:
    """With what there is instead."""
    with pytest.raises(errors.UsageError, match="isn't known"):
        operations.open("memory://nowhere/k", mode)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("mode", "keywords"),
    [
        ("rb", {"attributes": Attributes()}),
        ("rb", {"part_size_bytes": 5}),
        ("wb", {"version": "1"}),
        ("xb", {"condition": Condition(if_match="x")}),
        ("wb", {"part_size_bytes": 0}),
        ("rb", {"max_in_flight": 0}),
        ("wb", {"max_in_flight": 5000}),
        ("wb", {"options": {"colour": "red"}}),
    ],
)
def test_arguments_without_a_meaning_are_refused(mode: str, keywords: dict[str, object]) -> None:
    """Not ignored."""
    with pytest.raises(errors.UsageError):
        operations.open("memory://nowhere/k", mode, **keywords)  # type: ignore[call-overload]


def test_missing_object_is_a_missing_file(base: str) -> None:
    """When it is opened."""
    with pytest.raises(FileNotFoundError):
        operations.open(f"{base}/missing")


def test_cancelled_stream_commits_nothing(base: str) -> None:
    """A token that was set ends it like an error."""
    token = CancelToken()
    writer = operations.open(f"{base}/k", "wb", part_size_bytes=10, cancel=token)
    writer.write(b"x" * 35)
    token.cancel()
    with pytest.raises(errors.CancelledError):
        writer.close()
    with operations.open_store(base) as store:
        assert (list(store.list_page().objects), [*store.list_multiparts()]) == ([], [])


def test_attributes_travel() -> None:
    """To a store that has them."""
    uri = f"memory://streaming-{uuid.uuid4()}"
    operations.create_container(uri)
    attributes = Attributes(content_type="text/x", metadata={"a": "b"})
    with operations.open(f"{uri}/k", "wb", attributes=attributes):
        pass
    assert operations.stat(f"{uri}/k").attributes == attributes


# get_range


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [
        (0, None, CONTENT),
        (5, 10, CONTENT[5:15]),
        (2550, 100, CONTENT[2550:]),
        (2560, None, b""),
        (7, 0, b""),
    ],
)
def test_range_is_read(base: str, offset: int, length: int | None, expected: bytes) -> None:
    """As a slice would be."""
    operations.put(f"{base}/k", CONTENT)
    assert operations.get_range(f"{base}/k", offset, length) == expected


@pytest.mark.parametrize(("offset", "length"), [(-1, None), (2561, None), (5, -1)])
def test_range_outside_is_refused(base: str, offset: int, length: int | None) -> None:
    """It isn't clipped at its beginning."""
    operations.put(f"{base}/k", CONTENT)
    with pytest.raises(errors.InvalidRangeError):
        operations.get_range(f"{base}/k", offset, length)


def test_last_bytes_are_all_of_a_shorter_object(base: str) -> None:
    """As HTTP means a suffix range."""
    operations.put(f"{base}/k", CONTENT)
    for count in (3, 5000):
        with operations.open_raw(f"{base}/k", last_bytes=count) as raw:
            assert raw.take() == CONTENT[-count:]


# put_stream


class _Told(TransferObserver):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.last: Snapshot | None = None

    def started(self, snapshot: Snapshot) -> None:
        self.names.append("started")

    def progressed(self, snapshot: Snapshot) -> None:
        self.last = snapshot

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        self.names.append("finished")
        self.last = snapshot


def test_file_is_put_under_its_literal_name(base: str, tmp_path: Path) -> None:
    """And the report says what was done."""
    (tmp_path / "a*b").write_bytes(CONTENT)
    report = operations.put_file(tmp_path / "a*b", f"{base}/k")
    assert (report.operation, report.done_count) == ("put", 1)
    assert operations.get(f"{base}/k") == CONTENT


def test_stream_is_put_with_a_report(base: str) -> None:
    """The observer sees its bytes."""
    told = _Told()
    source = io.BytesIO(CONTENT)
    report = operations.put_stream(source.readinto, f"{base}/k", part_size_bytes=300, progress=told)
    assert (report.ok, report.done_count, report.done_bytes) == (True, 1, len(CONTENT))
    assert told.names == ["started", "finished"]
    assert told.last is not None
    assert (told.last.total_bytes, told.last.done_bytes) == (len(CONTENT), len(CONTENT))
    assert operations.get(f"{base}/k") == CONTENT


def test_stream_gets_the_content_type_of_its_name() -> None:
    """Unless it is told another, or none is wanted."""
    uri = f"memory://streaming-{uuid.uuid4()}"
    operations.create_container(uri)

    def type_of(**keywords: object) -> str:
        operations.put_stream(io.BytesIO().readinto, f"{uri}/k.json", **keywords)  # type: ignore[arg-type]
        attributes = operations.stat(f"{uri}/k.json").attributes
        assert attributes is not None
        return attributes.content_type

    assert type_of() == "application/json"
    assert type_of(attributes=Attributes(content_type="text/x")) == "text/x"
    assert type_of(guess_content_type=False) == ""


def test_existing_object_is_left_alone_if_asked(base: str) -> None:
    """Nothing is read."""
    operations.put(f"{base}/k", b"old")

    def fails(view: memoryview) -> int:
        raise AssertionError

    report = operations.put_stream(fails, f"{base}/k", overwrite="never")
    assert (report.ok, report.skipped_count, report.done_count) == (True, 1, 0)
    assert operations.get(f"{base}/k") == b"old"


def test_stream_that_breaks_is_a_failure_and_no_object(base: str) -> None:
    """It is named in the report."""

    def fails(view: memoryview) -> int:
        raise errors.LocalIOError("can't read it")

    report = operations.put_stream(fails, f"{base}/k", name="tape", raise_on_failure=False)
    assert [failure.source for failure in report.failures] == ["tape"]
    assert (report.done_count, report.done_bytes) == (0, 0)
    with pytest.raises(errors.TransferFailedError):
        operations.put_stream(fails, f"{base}/k")
    assert not operations.exists(f"{base}/k")


@pytest.mark.parametrize(("key", "overwrite"), [("k", "newer"), ("", None), ("k/", None)])
def test_stream_has_neither_time_nor_name(key: str, overwrite: str | None) -> None:
    """So it is refused where these are needed."""
    with pytest.raises(errors.UsageError):
        operations.put_stream(io.BytesIO().readinto, f"memory://c/{key}", overwrite=overwrite)


@pytest.mark.parametrize(("offset", "length"), [(1.5, 10), (0, 1.0), ("0", 1), (True, 1)])
def test_range_of_no_whole_numbers_is_refused(base: str, offset: int, length: int) -> None:
    """Before a request is made of it."""
    with pytest.raises(TypeError, match="whole number of bytes"):
        operations.get_range(f"{base}/x", offset, length)
