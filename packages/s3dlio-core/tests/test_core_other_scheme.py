"""A store of the same files under another scheme, which moves their bytes in its own way.

It stands for direct://: what is one file under two names is seen as one, and no byte goes round it.
"""

from __future__ import annotations

import dataclasses
import gc
import os
import weakref
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core import errors, operations, registry
from s3dlio_core.file_store import FileProvider, FileStore
from s3dlio_core.file_store.data_file import DataFile
from s3dlio_core.store import Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3dlio_core.store import Buffer

MIB = 1024**2
ABSENT = Condition(if_absent=True)
#: What was done with open files, in order.
seen: list[tuple[str, int]] = []


class OtherFile(DataFile):
    """Notes each call."""

    __slots__ = ()

    def readinto(self, offset_bytes: int, buffer: memoryview) -> int:
        """Read at most three bytes, as a store may."""
        seen.append(("readinto", offset_bytes))
        return super().readinto(offset_bytes, buffer[:3] if len(buffer) < 10 else buffer)

    def write(self, offset_bytes: int, buffer: Buffer) -> None:
        """Write a part."""
        seen.append(("write", offset_bytes))
        super().write(offset_bytes, buffer)

    def write_whole(self, buffer: Buffer) -> None:
        """Write a file."""
        seen.append(("write_whole", memoryview(buffer).nbytes))
        super().write_whole(buffer)

    def reserve(self, size_bytes: int) -> None:
        """Make the file longer than it will be."""
        seen.append(("reserve", size_bytes))
        os.ftruncate(self.fd, size_bytes + 5)

    def cut(self, size_bytes: int) -> None:
        """Cut the file."""
        seen.append(("cut", size_bytes))
        super().cut(size_bytes)

    def close(self) -> None:
        """Close the file."""
        if self.fd >= 0:
            seen.append(("close", 0))
        super().close()


class OtherStore(FileStore):
    """Its files are those of file://."""

    scheme = "direct"
    capabilities = dataclasses.replace(
        FileStore.capabilities,
        copy=False,
        copy_if_absent=False,
        copy_if_match=False,
        copy_part=False,
    )

    def open_data(self, path: str, flags: int, *, dir_fd: int | None = None) -> DataFile:
        """Open a file that notes what is done with it."""
        if path.endswith("/refused"):
            raise errors.NotSupportedError("this file system refuses it")
        return OtherFile(os.open(path, flags, 0o600, dir_fd=dir_fd))


class OtherProvider(FileProvider):
    """Opens them."""

    scheme: ClassVar[str] = "direct"

    def open(self, container: str) -> OtherStore:
        """Open a directory."""
        return OtherStore(container)


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    """The scheme is served, and nothing was noted yet."""
    seen.clear()
    registry.register("direct", OtherProvider)
    yield
    registry.unregister("direct")


@pytest.fixture
def no_kernel_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy inside the kernel is an error."""

    def refuse(*_: object) -> None:
        raise AssertionError("the kernel copied")

    monkeypatch.setattr("s3dlio_core.file_store.multipart.copy_range", refuse)


def _names() -> list[str]:
    return [name for name, _ in seen]


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    """A put is one call for all bytes, and the file is closed."""
    OtherStore(str(tmp_path)).put("a", b"12345")
    assert seen == [("write_whole", 5), ("close", 0)]
    assert (tmp_path / "a").read_bytes() == b"12345"


def test_a_file_is_read_where_the_reader_stands(tmp_path: Path) -> None:
    """Each call goes on where the last one ended, however much that one gave."""
    (tmp_path / "a").write_bytes(b"0123456789")
    with OtherStore(str(tmp_path)).open_reader("a", 2, 8) as reader:
        assert reader.read() == b"234567"
    assert seen == [("readinto", 2), ("readinto", 5), ("close", 0)]


def test_an_empty_file_is_looked_into_by_the_store(tmp_path: Path) -> None:
    """Whether it only says that it is empty is asked as everything else is read."""
    (tmp_path / "a").write_bytes(b"")
    OtherStore(str(tmp_path)).open_reader("a").close()
    assert seen == [("readinto", 0), ("close", 0)]


def test_parts_are_written_into_what_was_reserved(tmp_path: Path) -> None:
    """The size is told first, where it is known, and the file is cut to what the parts make."""
    store = OtherStore(str(tmp_path))
    upload = store.create_multipart("a", size_bytes=6)
    second = upload.put_part(2, 3, b"456")
    resumed = store.resume_multipart("a", upload.token)
    first = resumed.put_part(1, 0, b"123")
    resumed.complete([first, second])
    assert seen[:4] == [("reserve", 6), ("write", 3), ("write", 0), ("cut", 6)]
    assert (tmp_path / "a").read_bytes() == b"123456"


def test_nothing_is_reserved_for_a_size_that_nobody_knows(tmp_path: Path) -> None:
    """A stream has none."""
    OtherStore(str(tmp_path)).create_multipart("a").abort()
    assert "reserve" not in _names()


def test_no_room_to_reserve_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then neither the temporary file nor its journal stays."""

    def full(_: OtherFile, size_bytes: int) -> None:
        raise OSError(28, f"no room for {size_bytes}")

    monkeypatch.setattr(OtherFile, "reserve", full)
    with pytest.raises(errors.StorageFullError, match=f"direct://{tmp_path}/a"):
        OtherStore(str(tmp_path)).create_multipart("a", size_bytes=6)
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_to_open_is_told_with_its_file(tmp_path: Path) -> None:
    """A store may refuse by an error of its own: operation and URI are added."""
    (tmp_path / "refused").write_bytes(b"1")
    with pytest.raises(errors.NotSupportedError) as caught:
        OtherStore(str(tmp_path)).open_reader("refused")
    assert caught.value.uri == f"direct://{tmp_path}/refused"
    assert caught.value.operation == "read"


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (OSError(5, "Input/output error"), errors.LocalIOError),
        (errors.NotSupportedError("it can't"), errors.NotSupportedError),
    ],
)
def test_a_read_that_fails_names_the_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    raised: Exception,
    expected: type[errors.S3dlioError],
) -> None:
    """What the operating system says in the midst of a file is an error of ours, too."""

    def fail(_: OtherFile, _offset_bytes: int, _buffer: memoryview) -> int:
        raise raised

    (tmp_path / "a").write_bytes(b"1")
    monkeypatch.setattr(OtherFile, "readinto", fail)
    with (
        OtherStore(str(tmp_path)).open_reader("a") as reader,
        pytest.raises(expected) as caught,
    ):
        reader.readinto(bytearray(1))
    assert (caught.value.operation, caught.value.uri) == ("read", f"direct://{tmp_path}/a")


def test_a_read_that_failed_keeps_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once its error is dropped, the reader and its file go at once: no cycle holds them."""

    def fail(_: OtherFile, _offset_bytes: int, _buffer: memoryview) -> int:
        raise OSError(5, "Input/output error")

    (tmp_path / "a").write_bytes(b"1")
    monkeypatch.setattr(OtherFile, "readinto", fail)
    gc.disable()
    try:
        OtherStore(str(tmp_path)).open_reader("a").readinto(bytearray(1))
    except errors.LocalIOError as error:
        dropped = weakref.ref(error)
    finally:
        gc.enable()
    assert dropped() is None
    assert seen == [("close", 0)]


def test_a_closed_reader_reads_nothing(tmp_path: Path) -> None:
    """Its descriptor may be another file's by then, so it says what Python's own files say."""
    (tmp_path / "a").write_bytes(b"1")
    reader = FileStore(str(tmp_path)).open_reader("a")
    reader.close()
    with pytest.raises(ValueError, match="closed file"):
        reader.readinto(bytearray(1))


def test_a_file_is_closed_once(tmp_path: Path) -> None:
    """A second time nothing happens: the number may be another file's by then."""
    (tmp_path / "a").write_bytes(b"1")
    file = FileStore(str(tmp_path)).open_data(str(tmp_path / "a"), os.O_RDONLY)
    number = file.fd
    file.close()
    other = os.open(tmp_path / "a", os.O_RDONLY)
    assert other == number
    file.close()
    del file
    assert os.pread(other, 1, 0) == b"1"
    os.close(other)


def test_a_file_goes_with_its_last_reference(tmp_path: Path) -> None:
    """So nobody closes it under a call that still uses it."""
    (tmp_path / "a").write_bytes(b"1")
    file = FileStore(str(tmp_path)).open_data(str(tmp_path / "a"), os.O_RDONLY)
    number = file.fd
    del file
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


class NoDevices(OtherStore):
    """Writes to no device."""

    def check_device(self, status: os.stat_result) -> None:
        """Refuse them all."""
        raise errors.NotSupportedError(f"no device: {status.st_mode:o}")


@pytest.mark.parametrize(
    "write",
    [lambda store: store.put("null", b"1"), lambda store: store.create_multipart("null")],
    ids=["put", "create_multipart"],
)
def test_a_store_is_asked_before_a_device_is_written_to(
    write: Callable[[FileStore], object],
) -> None:
    """It may refuse what would go round it."""
    with pytest.raises(errors.NotSupportedError, match="no device: 20666"):
        write(NoDevices("/dev"))


def test_a_device_is_written_to_where_the_store_lets_it() -> None:
    """Bytes for a device don't go through a data file."""
    OtherStore("/dev").put("null", b"1")
    assert seen == []


def test_no_file_is_copied_inside_the_kernel_where_the_store_says_so(tmp_path: Path) -> None:
    """Its capabilities decide, for whole files and for parts."""
    (tmp_path / "a").write_bytes(b"123")
    store = OtherStore(str(tmp_path))
    source = FileStore(str(tmp_path)).copy_source("a")
    with pytest.raises(errors.NotSupportedError, match="inside the kernel"):
        store.copy_from(source, "b")
    upload = store.create_multipart("b", size_bytes=3)
    with pytest.raises(errors.NotSupportedError, match="inside the kernel"):
        upload.copy_part(1, 0, source, 0, 3)
    upload.abort()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("act", "uri"),
    [
        (lambda at: OtherStore(at).head("gone"), "direct://{}/gone"),
        (lambda at: list(OtherProvider().list_containers()), "direct://"),
        (lambda at: OtherProvider().create_container(at), "direct://{}"),
        (lambda at: OtherProvider().delete_container(f"{at}/gone"), "direct://{}/gone"),
        (
            lambda at: OtherStore(at).rename_from(OtherStore(at).copy_source("gone"), "new"),
            "direct://{}/gone",
        ),
    ],
    ids=["head", "list", "create", "delete", "rename"],
)
def test_errors_name_the_scheme(tmp_path: Path, act: Callable[[str], object], uri: str) -> None:
    """A user sees the URI that was asked for."""
    with pytest.raises(errors.S3dlioError) as caught:
        act(str(tmp_path))
    assert caught.value.uri == uri.format(tmp_path)


# One file, two schemes.

SCHEMES = pytest.mark.parametrize(
    ("one", "other"), [("file", "direct"), ("direct", "file")], ids=["from file", "to file"]
)


@given(content=st.binary(max_size=100))
def test_etags_are_the_same_under_both_schemes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Whichever of the two writes a file, both describe it alike."""
    root = str(tmp_path_factory.mktemp("tree"))
    stores = FileStore(root), OtherStore(root)
    for index, store in enumerate(stores):
        written = store.put(f"k{index}", content)
        found = [one.head(f"k{index}") for one in stores]
        assert found[0] == found[1]
        assert found[0].etag == written.etag


@SCHEMES
def test_a_file_is_not_copied_onto_itself(tmp_path: Path, one: str, other: str) -> None:
    """Under its other name it is the same file."""
    (tmp_path / "a").write_bytes(b"123")
    with pytest.raises(errors.UsageError, match="onto itself"):
        operations.copy(f"{one}://{tmp_path}/a", f"{other}://{tmp_path}/a")
    assert (tmp_path / "a").read_bytes() == b"123"


@SCHEMES
def test_a_file_is_not_copied_onto_itself_by_a_link(tmp_path: Path, one: str, other: str) -> None:
    """Nor where a link leads there."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_bytes(b"123")
    (tmp_path / "link").symlink_to("d")
    with pytest.raises(errors.UsageError, match="onto itself"):
        operations.copy(f"{one}://{tmp_path}/d/a", f"{other}://{tmp_path}/link/a")


@SCHEMES
def test_a_directory_is_not_copied_into_itself(tmp_path: Path, one: str, other: str) -> None:
    """Its listing would find the copies, for ever."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_bytes(b"123")
    with pytest.raises(errors.UsageError, match="into itself"):
        operations.copy(f"{one}://{tmp_path}/d", f"{other}://{tmp_path}/d/e/", recursive=True)


@SCHEMES
def test_a_move_between_the_two_renames(
    tmp_path: Path, no_kernel_copies: None, one: str, other: str
) -> None:
    """The file stays what it is: its inode, and no byte is read."""
    (tmp_path / "a").write_bytes(b"123")
    inode = (tmp_path / "a").stat().st_ino
    operations.move(f"{one}://{tmp_path}/a", f"{other}://{tmp_path}/b/c")
    assert (tmp_path / "b" / "c").stat().st_ino == inode
    assert not (tmp_path / "a").exists()
    assert seen == []


@SCHEMES
def test_a_file_is_not_moved_onto_itself(tmp_path: Path, one: str, other: str) -> None:
    """Not by its own name, nor by a hard link; it stays."""
    (tmp_path / "a").write_bytes(b"123")
    (tmp_path / "hard").hardlink_to(tmp_path / "a")
    with pytest.raises(errors.UsageError, match="onto itself"):
        operations.move(f"{one}://{tmp_path}/a", f"{other}://{tmp_path}/a")
    with pytest.raises(errors.TransferFailedError, match="one file"):
        operations.move(f"{one}://{tmp_path}/a", f"{other}://{tmp_path}/hard")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "hard"]


@SCHEMES
def test_trees_that_overlap_are_not_synced(tmp_path: Path, one: str, other: str) -> None:
    """Neither the same tree nor one that lies in the other."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_bytes(b"123")
    for goal in ("d", "d/e", "."):
        with pytest.raises(errors.UsageError, match="overlap"):
            operations.sync(f"{one}://{tmp_path}/d/", f"{other}://{tmp_path}/{goal}/")


@SCHEMES
def test_a_tree_is_synced_once(tmp_path: Path, one: str, other: str) -> None:
    """What one scheme wrote is unchanged to the other, and nothing is copied again."""
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "a").write_bytes(b"123")
    source, goal = f"{one}://{tmp_path}/from/", f"{other}://{tmp_path}/to/"
    assert operations.sync(source, goal).done_count == 1
    assert operations.sync(source, goal).done_count == 0
    assert operations.sync(goal, source).done_count == 0


@SCHEMES
@pytest.mark.parametrize("size_bytes", [0, 5, 40 * MIB + 1])
def test_nothing_is_copied_inside_the_kernel_between_the_two(
    tmp_path: Path, no_kernel_copies: None, one: str, other: str, size_bytes: int
) -> None:
    """That would go round the store that moves bytes in its own way; they are streamed."""
    content = os.urandom(5).ljust(size_bytes, b"x")[:size_bytes]
    (tmp_path / "a").write_bytes(content)
    operations.copy(f"{one}://{tmp_path}/a", f"{other}://{tmp_path}/b")
    assert (tmp_path / "b").read_bytes() == content
    if other == "direct":
        assert "write" in _names() or "write_whole" in _names()
    else:
        assert "readinto" in _names()


def test_the_kernel_still_copies_within_files(tmp_path: Path, no_kernel_copies: None) -> None:
    """What the test above would see."""
    (tmp_path / "a").write_bytes(b"123")
    with pytest.raises(AssertionError, match="the kernel copied"):
        operations.copy(tmp_path / "a", tmp_path / "b")


@SCHEMES
def test_a_copy_between_the_two_keeps_time_and_permissions(
    tmp_path: Path, one: str, other: str
) -> None:
    """As one within file:// does."""
    (tmp_path / "a").write_bytes(b"123")
    (tmp_path / "a").chmod(0o750)
    os.utime(tmp_path / "a", ns=(1, 1_234_567_890_123_456_789))
    operations.copy(f"{one}://{tmp_path}/a", f"{other}://{tmp_path}/b")
    status = (tmp_path / "b").stat()
    assert (status.st_mtime_ns, status.st_mode & 0o777) == (1_234_567_890_123_456_789, 0o750)


def test_absolute_names_lie_in_a_source_of_either_scheme(tmp_path: Path) -> None:
    """Where sources have both; a URI lies in one of its own scheme alone."""
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_bytes(b"1")
    sources = [f"file://{tmp_path}/a/", f"direct://{tmp_path}/b/"]
    names = [f"{tmp_path}/a/a", f"{tmp_path}/b/b"]
    assert operations.copy(sources, f"{tmp_path}/to/", names=names).done_count == 2
    report = operations.copy(
        sources, f"{tmp_path}/to/", names=[f"file://{tmp_path}/b/b"], raise_on_failure=False
    )
    assert (report.done_count, report.failed_count) == (0, 1)
