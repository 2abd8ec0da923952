"""The file store where it meets the operating system: modes, links, special files, full disks."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import gc
import os
import stat
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors, operations
from s3dlio_core.file_store import TEMPORARY_PREFIX, FileProvider, FileStore, multipart, writing
from s3dlio_core.listing import iterate
from s3dlio_core.memory_store import MemoryProvider
from s3dlio_core.store import Condition, ListError, ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3dlio_core.store import MultipartUpload, Page

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty directory, in one that is looked at for what was written outside."""
    path = tmp_path / "root"
    path.mkdir()
    return path


@pytest.fixture
def store(root: Path) -> Iterator[FileStore]:
    """The store of it."""
    with FileStore(str(root)) as opened:
        yield opened


def _names(root: Path) -> list[str]:
    """Return the names of all files below a directory, hidden ones included."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def umask() -> Iterator[int]:
    """A umask that isn't the usual one."""
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


# Temporary files and modes.


@pytest.mark.parametrize("parts", [False, True])
def test_a_file_is_private_and_hidden_until_it_is_whole(
    root: Path, monkeypatch: pytest.MonkeyPatch, umask: int, parts: bool
) -> None:
    """A temporary name and mode 0600 first; then the umask's mode, and nothing else is left."""
    seen: list[tuple[str, int]] = []
    publish = writing.publish

    def look(*args: object) -> os.stat_result:
        seen.extend((name, _mode(root / "d" / name)) for name in os.listdir(root / "d"))  # noqa: PTH208
        return publish(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(writing, "publish", look)
    with FileStore(str(root)) as store:
        if parts:
            upload = store.create_multipart("d/k")
            upload.complete([upload.put_part(1, 0, b"abc")])
        else:
            store.put("d/k", b"abc")
    assert all(name.startswith(TEMPORARY_PREFIX) for name, _ in seen)
    assert {mode for _, mode in seen} == {0o600}
    assert _names(root) == ["d/k"]
    assert _mode(root / "d" / "k") == 0o666 & ~umask


def test_the_permissions_of_a_replaced_file_stay(root: Path, store: FileStore) -> None:
    """Overwriting is no way to open up a private file, or to lose its x."""
    (root / "k").write_text("old")
    (root / "k").chmod(0o750)
    store.put("k", b"new")
    assert (_mode(root / "k"), (root / "k").read_bytes()) == (0o750, b"new")


def test_set_uid_is_not_kept(root: Path, store: FileStore) -> None:
    """New content doesn't inherit the right to run as somebody else."""
    (root / "k").write_text("old")
    (root / "k").chmod(0o4755)
    store.put("k", b"new")
    assert _mode(root / "k") == 0o755


def test_temporary_files_are_no_objects(root: Path, store: FileStore) -> None:
    """Listings hide them, and no key reaches one."""
    upload = store.create_multipart("d/k")
    upload.put_part(1, 0, b"abc")
    assert _listed(store) == []
    assert len(_names(root)) == 2
    name = f"d/{TEMPORARY_PREFIX}{upload.token}"
    for call in (store.head, store.delete, store.open_reader):
        with pytest.raises(errors.InvalidKeyError):
            call(name)
    upload.abort()
    assert _names(root) == []


def test_no_clobber_holds_against_any_kind_of_name(root: Path, store: FileStore) -> None:
    """A dangling link is a name that is taken, too."""
    (root / "link").symlink_to("nowhere")
    (root / "file").write_text("old")
    for key in ("link", "file"):
        with pytest.raises(errors.PreconditionFailedError):
            store.put(key, b"new", condition=Condition(if_absent=True))
    assert _names(root) == ["file", "link"]


def test_one_of_many_writers_wins_without_clobbering(root: Path, store: FileStore) -> None:
    """However many come at once: one file, whole, and the others are told."""
    won: list[int] = []
    barrier = threading.Barrier(8)

    def write(number: int) -> None:
        barrier.wait()
        with contextlib.suppress(errors.PreconditionFailedError):
            store.put("k", bytes([number]) * 10_000, condition=Condition(if_absent=True))
            won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert (root / "k").read_bytes() == bytes(won) * 10_000
    assert _names(root) == ["k"]


@pytest.fixture
def no_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has none, as exFAT."""

    def refuse(*args: object, **options: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM), args, options)

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("no_hard_links")
def test_no_clobber_needs_no_hard_links(root: Path, store: FileStore) -> None:
    """The name is taken first, and what has it by then stays."""
    test_one_of_many_writers_wins_without_clobbering(root, store)


@pytest.mark.usefixtures("no_hard_links")
def test_a_name_that_was_taken_is_given_back(
    root: Path, store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the last step fails, no empty file stays behind."""

    def refuse(*args: object, **options: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), args, options)

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(errors.LocalIOError):
        store.put("k", b"new", condition=Condition(if_absent=True))
    assert _names(root) == []


# Links.


def test_a_link_at_the_final_name_is_replaced(root: Path, tmp_path: Path, store: FileStore) -> None:
    """What it points to is neither read nor written."""
    (tmp_path / "outside").write_text("mine")
    (root / "k").symlink_to(tmp_path / "outside")
    store.put("k", b"new")
    assert not (root / "k").is_symlink()
    assert (tmp_path / "outside").read_text() == "mine"


@pytest.mark.parametrize("operation", ["put", "multipart", "delete"])
def test_no_write_follows_a_link_below_the_root(
    root: Path, tmp_path: Path, store: FileStore, operation: str
) -> None:
    """A linked directory is refused by name, and nothing is written or deleted in it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "k").write_text("mine")
    (root / "d").symlink_to(tmp_path / "outside")
    calls: dict[str, Callable[[], object]] = {
        "put": lambda: store.put("d/k", b"new"),
        "multipart": lambda: store.create_multipart("d/k"),
        "delete": lambda: store.delete("d/k"),
    }
    with pytest.raises(errors.InvalidKeyError, match="link"):
        calls[operation]()
    assert _names(tmp_path / "outside") == ["k"]
    assert (tmp_path / "outside" / "k").read_text() == "mine"


def test_the_root_itself_may_be_a_link(root: Path, tmp_path: Path) -> None:
    """The user named it: it is followed."""
    (tmp_path / "link").symlink_to("root")
    with FileStore(str(tmp_path / "link")) as store:
        store.put("d/k", b"x")
        assert _listed(store) == ["d/k"]
    assert (tmp_path / "link").is_symlink()
    assert _names(root) == ["d/k"]


def test_reading_follows_links(root: Path, tmp_path: Path, store: FileStore) -> None:
    """As with cp: files and directories behind links are content."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "k").write_text("text")
    (root / "d").symlink_to(tmp_path / "outside")
    (root / "f").symlink_to(tmp_path / "outside" / "k")
    assert _listed(store) == ["d/k", "f"]
    with store.open_reader("d/k") as reader:
        assert reader.read() == b"text"


def test_links_that_lead_nowhere_are_named(root: Path, store: FileStore) -> None:
    """A dangling link and a link to itself are errors of the listing; the others are listed."""
    (root / "a").write_text("text")
    (root / "gone").symlink_to("nowhere")
    (root / "self").symlink_to("self")
    found = list(iterate(store))
    assert [one.key for one in found if isinstance(one, ObjectInfo)] == ["a"]
    assert [one.key for one in found if isinstance(one, ListError)] == ["gone", "self"]


def test_a_loop_of_directories_ends(root: Path, store: FileStore) -> None:
    """A link to a directory that it lies in isn't entered."""
    (root / "d" / "e").mkdir(parents=True)
    (root / "d" / "k").write_text("text")
    (root / "d" / "e" / "up").symlink_to("..")
    (root / "d" / "here").symlink_to(".")
    assert _listed(store) == ["d/k"]


# Special files.


def test_special_files_in_a_tree_are_left_out(root: Path, store: FileStore) -> None:
    """Fifos and sockets are no content, and nothing waits for them."""
    (root / "a").write_text("text")
    os.mkfifo(root / "fifo")
    assert _listed(store) == ["a"]
    with pytest.raises(errors.ObjectNotFoundError, match="no regular file"):
        store.open_reader("fifo")


def test_a_full_device_is_a_full_store() -> None:
    """/dev/full refuses every byte."""
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with FileStore("/dev") as store, pytest.raises(errors.StorageFullError):
        store.put("full", b"x")


# A disk that is full, and what else the system refuses.


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, errors.StorageFullError),
        (errno.EDQUOT, errors.StorageFullError),
        (errno.EFBIG, errors.ObjectTooLargeError),
        (errno.EIO, errors.LocalIOError),
        (errno.EROFS, errors.PermissionDeniedError),
    ],
)
@pytest.mark.parametrize("parts", [False, True])
def test_a_write_that_fails_leaves_nothing(
    root: Path,
    store: FileStore,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    expected: type[errors.S3dlioError],
    parts: bool,
) -> None:
    """The old file stays, no temporary one is left, and the error says what happened."""
    (root / "k").write_text("old")

    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("s3dlio_core.file_store.writing.os.pwrite", refuse)
    monkeypatch.setattr("s3dlio_core.file_store.multipart.os.copy_file_range", refuse)
    if parts:
        limits = dataclasses.replace(FileStore.limits, copy_size_max_bytes=4)
        monkeypatch.setattr(FileStore, "limits", limits)
    source = root.parent / "source"
    source.write_text("new content")
    with pytest.raises(errors.S3dlioError) as caught:
        operations.copy(source, root / "k", part_size_bytes=4 if parts else None)
    error = caught.value
    if isinstance(error, errors.TransferFailedError):
        error = error.report.failures[0].error
    assert isinstance(error, expected)
    assert error.code == errno.errorcode[number]
    assert (_names(root), (root / "k").read_text()) == (["k"], "old")


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_an_upload_that_can_not_begin_leaves_nothing(
    root: Path, store: FileStore, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    """Neither a temporary file without its journal nor an empty journal."""
    calls: list[int] = []
    real_open, real_write = os.open, os.write

    def step() -> None:
        calls.append(1)
        if len(calls) == fails_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def open_or_fail(path: str, flags: int, mode: int = 0o777, **kwargs: int) -> int:
        if flags & os.O_CREAT:
            step()
        return real_open(path, flags, mode, **kwargs)

    def write_or_fail(fd: int, line: bytes) -> int:
        step()
        return real_write(fd, line)

    with monkeypatch.context() as patch:
        patch.setattr(multipart.os, "open", open_or_fail)  # type: ignore[attr-defined]
        patch.setattr(multipart.os, "write", write_or_fail)  # type: ignore[attr-defined]
        with pytest.raises(errors.StorageFullError):
            store.create_multipart("k")
    assert _names(root) == []


@pytest.mark.parametrize("parts", [False, True])
def test_errors_keep_nothing_open(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, parts: bool
) -> None:
    """What a dropped error's frames held open is closed at once: on a full disk its space is free.

    No cycle keeps it until Python looks for cycles.
    """
    raised: list[weakref.ref[BaseException]] = []

    class FullError(OSError):
        """What the operating system says."""

        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)
            raised.append(weakref.ref(self))

    def refuse(*_: object) -> int:
        raise FullError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", refuse)
    gc.disable()
    try:
        if parts:
            store.create_multipart("k").put_part(1, 0, b"x")
        else:
            store.put("k", b"x")
    except errors.StorageFullError as error:
        raised.append(weakref.ref(error))
    finally:
        gc.enable()
    assert [None, None] == [error() for error in raised]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB, where the tests may mount one."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(path)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no file system can be mounted here")
    yield path
    # Lazily: an error that is still referred to may keep a directory open.
    subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.mark.parametrize("part_size_bytes", [None, 65_536])
def test_a_full_disk_stops_the_run(
    tmp_path: Path, tiny_disk: Path, part_size_bytes: int | None
) -> None:
    """What fits is whole, nothing half-written is left, and the run ends at the first error."""
    (tmp_path / "in").mkdir()
    for number in range(20):
        (tmp_path / "in" / str(number)).write_bytes(b"x" * 100_000)
    report = operations.copy(
        f"{tmp_path}/in/", tiny_disk, 2, part_size_bytes=part_size_bytes, raise_on_failure=False
    )
    assert isinstance(report.stopped_by, errors.StorageFullError)
    assert "Free some space" in str(report.stopped_by)
    assert len(_names(tiny_disk)) == report.done_count <= 2
    assert {path.stat().st_size for path in tiny_disk.iterdir()} <= {100_000}


def test_a_directory_that_can_not_be_read_is_one_failure(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, and everything else is copied."""
    for name in ("a", "closed/b", "open/c"):
        operations.put(root / name, b"x")
    scandir = os.scandir

    def refuse(path: str | Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr("s3dlio_core.file_store.walk.os.scandir", refuse)
        report = operations.copy(
            f"{root}/", tmp_path / "out", recursive=True, raise_on_failure=False
        )
    (failure,) = report.failures
    assert isinstance(failure.error, errors.PermissionDeniedError)
    assert failure.source == f"file://{root}/closed/"
    assert _names(tmp_path / "out") == ["a", "open/c"]


def test_a_directory_that_can_not_be_asked_about_is_not_missing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing permission is another answer than "no such directory"."""

    def refuse(*_: object, **__: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("s3dlio_core.file_store.store.os.stat", refuse)
    with pytest.raises(errors.PermissionDeniedError):
        FileProvider().container_exists(str(root))
    with pytest.raises(errors.PermissionDeniedError):
        FileStore(str(root)).list_page()


# Names.


@linux_only
def test_a_name_that_is_no_text_survives_between_directories(root: Path, tmp_path: Path) -> None:
    """Its bytes are kept; a store that takes text alone refuses that one object."""
    names = [b"\xff\xfe", b"line\nbreak", b"caf\xc3\xa9", b"caf\xe9", b" "]
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(root), name))).write_bytes(name)  # noqa: PTH118
    operations.copy(f"{root}/", tmp_path / "out")
    assert sorted(os.listdir(os.fsencode(tmp_path / "out"))) == sorted(names)  # noqa: PTH208
    for path in (tmp_path / "out").iterdir():
        assert path.read_bytes() == os.fsencode(path.name)
    MemoryProvider().create_container(tmp_path.name)
    report = operations.upload(f"{root}/", f"memory://{tmp_path.name}", raise_on_failure=False)
    assert (report.done_count, report.failed_count) == (3, 2)
    assert all(isinstance(one.error, errors.InvalidKeyError) for one in report.failures)
    str(errors.TransferFailedError.from_report(report)).encode()


@pytest.mark.parametrize(
    "key",
    ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.", "a\x00", "x" * 256, "\ud800"],
)
def test_a_key_that_is_no_safe_path_is_refused(root: Path, store: FileStore, key: str) -> None:
    """By every operation, before anything reaches the system; a listing just finds nothing."""
    for call in (store.head, store.open_reader, store.delete, store.create_multipart):
        with pytest.raises(errors.InvalidKeyError):
            call(key)
    with pytest.raises(errors.InvalidKeyError):
        store.put(key, b"")
    assert _names(root.parent) == []
    if key not in {"", "x" * 256}:
        (root / "x").write_text("x")
        assert list(store.list_page(f"{key}/").objects) == []


# Listings.


def _listed(store: FileStore, prefix: str = "") -> list[str]:
    return [one.key for one in iterate(store, prefix) if isinstance(one, ObjectInfo)]


def _pages(store: FileStore, page_size: int, *, forget: bool, delimiter: str = "") -> list[Page]:
    pages = []
    token: str | None = None
    while True:
        page = store.list_page(delimiter=delimiter, token=token, page_size=page_size)
        pages.append(page)
        token = page.next_token
        if token is None:
            return pages
        if forget:
            store._walks.clear()


def test_keys_come_in_the_order_of_their_bytes(store: FileStore) -> None:
    """A directory sorts as its name with "/": `a-b` and `a.b` come before `a/b`."""
    keys = ["a", "a-b", "a.b", "a/b", "a/b-c", "a/b/c"[:3], "a0", "b/c", "\uffee", "\U0001f600"]
    keys = list(dict.fromkeys(keys))
    keys.remove("a")  # a directory of this name is there
    for key in reversed(keys):
        store.put(key, b"")
    assert _listed(store) == sorted(keys, key=str.encode) == keys


@pytest.mark.parametrize("forget", [False, True])
@pytest.mark.parametrize("delimiter", ["", "/"])
@pytest.mark.parametrize("page_size", [1, 2, 5, 1000])
def test_pages_join_to_the_whole_listing(
    store: FileStore, page_size: int, delimiter: str, forget: bool
) -> None:
    """Whatever their size, and also when the walk that waits for the next page was dropped."""
    keys = ["a", "a-/x", "b/c/d", "b/c/e", "b/d", "b.", "c/a", "c/b/c", "d"]
    for key in keys:
        store.put(key, b"")
    pages = _pages(store, page_size, forget=forget, delimiter=delimiter)
    found = [info.key for page in pages for info in page.objects]
    prefixes = [prefix for page in pages for prefix in page.prefixes]
    if delimiter:
        assert (found, prefixes) == (["a", "b.", "d"], ["a-/", "b/", "c/"])
    else:
        assert found == sorted(keys)
    assert all(len(page.objects) + len(page.prefixes) <= page_size for page in pages)


@pytest.mark.parametrize("forget", [False, True])
def test_thousands_of_files_are_paged(root: Path, store: FileStore, forget: bool) -> None:
    """3,000 files in pages of the default size: each once, in order."""
    expected = []
    for directory in "abc":
        (root / directory).mkdir()
        for number in range(1000):
            (root / directory / f"{number:04d}").touch()
            expected.append(f"{directory}/{number:04d}")
    pages = _pages(store, 1000, forget=forget)
    assert [info.key for page in pages for info in page.objects] == expected
    assert len(pages) <= 4


def test_listings_that_are_given_up_are_forgotten(root: Path, store: FileStore) -> None:
    """Walks that nobody continues don't pile up."""
    for number in range(100):
        (root / f"{number:03d}").touch()
    for number in range(100):
        store.list_page(f"{number // 10:02d}", page_size=1)
        store.list_page(start_after=f"{number:03d}", page_size=1)
    assert len(store._walks) <= 16


def test_empty_directories_are_no_prefixes(root: Path, store: FileStore) -> None:
    """A common prefix stands for at least one key."""
    (root / "empty" / "deeper").mkdir(parents=True)
    store.put("full/k", b"")
    assert store.list_page(delimiter="/").prefixes == ["full/"]


# Uploads in parts, from one process to the next.

_CHILD = """
import os, sys
from s3dlio_core.file_store import FileStore
upload = FileStore(sys.argv[1]).create_multipart("d/k")
upload.put_part(2, 3, b"def")
upload.put_part(1, 0, b"abc")
print(upload.token, flush=True)
os._exit(9)
"""


@pytest.fixture
def abandoned(root: Path) -> str:
    """The token of an upload whose process was killed after two parts."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(root)], capture_output=True, check=False, text=True
    )
    assert done.returncode == 9, done.stderr
    return done.stdout.strip()


def _journal(root: Path) -> Path:
    (path,) = root.rglob("*.parts")
    return path


def test_another_process_goes_on_with_an_upload(
    root: Path, store: FileStore, abandoned: str
) -> None:
    """It finds it, knows its parts, adds one and completes it."""
    (info,) = store.list_multiparts()
    assert (info.key, info.token) == ("d/k", abandoned)
    upload = store.resume_multipart("d/k", abandoned)
    parts = list(upload.parts())
    assert [(part.number, part.offset_bytes, part.size_bytes) for part in parts] == [
        (1, 0, 3),
        (2, 3, 3),
    ]
    upload.complete([*parts, upload.put_part(3, 6, b"g")])
    assert (root / "d" / "k").read_bytes() == b"abcdefg"
    assert _names(root) == ["d/k"]


def test_a_line_that_was_not_finished_is_no_part(
    root: Path, store: FileStore, abandoned: str
) -> None:
    """The torn part is sent again, and what is journalled after it counts."""
    journal = _journal(root)
    journal.write_bytes(journal.read_bytes()[:-20])
    upload = store.resume_multipart("d/k", abandoned)
    (second,) = upload.parts()
    assert second.number == 2
    first = upload.put_part(1, 0, b"ABC")
    assert [part.number for part in upload.parts()] == [1, 2]
    upload.complete([first, second])
    assert (root / "d" / "k").read_bytes() == b"ABCdef"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]\n", b"{}\n", b'{"key": "zz"}\n', b"\xff\n"])
def test_a_damaged_journal_is_no_upload(
    root: Path, store: FileStore, abandoned: str, damage: bytes
) -> None:
    """Without its first line nothing can be resumed, and the listing passes it over."""
    _journal(root).write_bytes(damage)
    with pytest.raises(errors.UploadNotFoundError):
        store.resume_multipart("d/k", abandoned)
    assert list(store.list_multiparts()) == []


@pytest.mark.parametrize(
    ("key", "token"), [("d/k", "0" * 16), ("d/k", "../../etc/passwd"), ("d/other", "")]
)
def test_an_unknown_upload_is_refused(
    store: FileStore, abandoned: str, key: str, token: str
) -> None:
    """Neither a made-up token nor another key opens anything."""
    with pytest.raises(errors.UploadNotFoundError):
        store.resume_multipart(key, token or abandoned)


def test_an_upload_that_was_ended_elsewhere_is_gone(store: FileStore, abandoned: str) -> None:
    """Two processes hold it; after one of them completes, the other is told."""
    one, other = (store.resume_multipart("d/k", abandoned) for _ in range(2))
    one.complete(list(one.parts()))
    for call in (lambda: other.put_part(3, 6, b"x"), lambda: list(other.parts())):
        with pytest.raises(errors.UploadNotFoundError):
            call()
    other.abort()
    assert store.head("d/k").size_bytes == 6


def test_each_part_that_is_written_has_its_own_etag(store: FileStore, abandoned: str) -> None:
    """Also that of a number that was written before, here, by another object, or elsewhere."""
    one, other = (store.resume_multipart("d/k", abandoned) for _ in range(2))
    etags = [part.etag for part in one.parts()]
    with ThreadPoolExecutor(8) as threads:
        for upload in (one, other):
            parts = threads.map(lambda _, put=upload.put_part: put(1, 0, b"ABC"), range(50))
            etags += [part.etag for part in parts]
    assert len(set(etags)) == len(etags) == 102


def test_an_abandoned_upload_closes_its_files(store: FileStore) -> None:
    """Dropping the object leaves the files for a resume, and no descriptor open."""
    before = _descriptors()
    upload: MultipartUpload | None = store.create_multipart("d/k")
    assert upload is not None
    token = upload.token
    upload = None
    store.tree.close()
    assert _descriptors() == before
    store.resume_multipart("d/k", token).abort()


def _descriptors() -> int:
    """Count the open descriptors, without those of errors that nobody refers to any more."""
    gc.collect()
    return len(os.listdir("/dev/fd"))  # noqa: PTH208


def test_failing_operations_leave_no_descriptor_open(root: Path, store: FileStore) -> None:
    """Errors of every kind, many times over."""
    (root / "d").mkdir()
    (root / "k").write_text("x")
    store.tree.close()
    before = _descriptors()
    for _ in range(20):
        for call in (
            lambda: store.open_reader("k", if_match="another"),
            lambda: store.open_reader("k", 5),
            lambda: store.open_reader("d"),
            lambda: store.put("d", b""),
            lambda: store.put("k/below", b""),
            lambda: store.put("k", b"", condition=Condition(if_absent=True)),
            lambda: store.resume_multipart("k", "0" * 16),
            lambda: store.copy_from(store.copy_source("k", "another"), "z"),
        ):
            with pytest.raises(errors.S3dlioError):
                call()
    store.tree.close()
    assert _descriptors() == before


def _refuse_unlink(path: str, *, dir_fd: int) -> None:
    raise PermissionError(errno.EACCES, "no", path)


@pytest.mark.parametrize("operation", ["copy", "delete"])
def test_a_report_keeps_no_descriptor_open(
    root: Path, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """However many failures it holds, each in a directory of its own."""
    for number in range(50):
        operations.put(root / "in" / str(number) / "k", b"x")
        (root / "out" / str(number) / "k").mkdir(parents=True)
    before = _descriptors()
    if operation == "copy":
        report = operations.copy(
            f"{root}/in/", root / "out", recursive=True, raise_on_failure=False
        )
    else:
        monkeypatch.setattr("os.unlink", _refuse_unlink)
        report = operations.delete(root / "in", True, raise_on_failure=False)
    assert report.failed_count == 50
    assert _descriptors() == before


# Directories that go away.


def test_a_directory_that_was_removed_is_made_again(root: Path, store: FileStore) -> None:
    """A thread's open directory isn't written to after it lost its name."""
    store.put("d/a", b"")
    (root / "d" / "a").unlink()
    (root / "d").rmdir()
    store.put("d/b", b"")
    assert _names(root) == ["d/b"]


def test_a_missing_root_is_a_missing_container(root: Path, store: FileStore) -> None:
    """Whatever is asked for; it isn't created by a write."""
    root.rmdir()
    for call in (
        lambda: store.head("a"),
        lambda: store.open_reader("a"),
        lambda: store.put("a", b""),
        lambda: store.delete("a"),
        store.list_page,
        lambda: list(store.list_multiparts()),
        lambda: store.create_multipart("a"),
    ):
        with pytest.raises(errors.ContainerNotFoundError):
            call()
    assert not root.exists()
