"""Multipart uploads of local files: parts are written in place, then the file is renamed.

Two files lie in the destination directory until the end: the temporary one that becomes the
object, and a journal of JSON lines beside it (name + ".parts"). The journal's first line tells what
is uploaded, each further line a part that is wholly written; it is what `resume_multipart` and
`list_multiparts` read, so any process can go on. A part's line is one O_APPEND write, so
concurrent writers don't mix. Neither file is synced before `complete`: after a power failure a
journal may tell of parts that never reached the disk, so resume within one boot only.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from s3dlio_core import errors
from s3dlio_core.file_store import writing
from s3dlio_core.file_store.data_file import DataFile, write_all
from s3dlio_core.file_store.paths import Descriptor, Translated, split_key
from s3dlio_core.file_store.reader import info_of
from s3dlio_core.local_names import TEMPORARY_PREFIX
from s3dlio_core.mtimes import MTIME
from s3dlio_core.store import (
    Attributes,
    Buffer,
    Condition,
    CopySource,
    MultipartInfo,
    MultipartUpload,
    ObjectInfo,
    Part,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from s3dlio_core.file_store.store import FileStore

JOURNAL_SUFFIX = ".parts"
_TOKEN = re.compile(r"[0-9a-f]{16}")
#: Of what the kernel can't copy: many workers have one such piece at a time.
_COPY_CHUNK_BYTES = 1024**2


@dataclass(frozen=True, slots=True)
class _Head:
    """The journal's first line."""

    key: str
    if_absent: bool
    mtime: str | None = None
    mode: int | None = None

    def line(self) -> bytes:
        key = os.fsencode(self.key).hex()
        fields = {"key": key, "if_absent": self.if_absent, "mtime": self.mtime}
        return _line({**fields, "mode": self.mode})

    @property
    def attributes(self) -> Attributes:
        """What the file is to have: time and permissions, if they were given."""
        metadata = {} if self.mtime is None else {MTIME: self.mtime}
        return Attributes(metadata=metadata, mode=self.mode)

    @classmethod
    def parse(cls, line: bytes) -> _Head:
        """Read the line.

        Raises:
            ValueError: it is damaged.
        """
        try:
            fields = json.loads(line)
            key = os.fsdecode(bytes.fromhex(fields["key"]))
            return cls(key, bool(fields["if_absent"]), fields["mtime"], fields.get("mode"))
        except (KeyError, TypeError) as error:
            raise ValueError("no head of a journal") from error


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def _read_first(journal_fd: int) -> _Head:
    """Read the journal's first line; end a line that a killed writer didn't finish.

    Raises:
        UploadNotFoundError: there is no whole first line.
    """
    content = _read_all(journal_fd)
    first, newline, _ = content.partition(b"\n")
    try:
        if not newline:
            raise ValueError("the line isn't whole")
        head = _Head.parse(first)
    except ValueError:
        raise errors.UploadNotFoundError("the upload's journal is damaged") from None
    if not content.endswith(b"\n"):
        _append(journal_fd, b"\n")
    return head


@dataclass(frozen=True, slots=True)
class _Files:
    """What an upload writes to, and the ETags of what it writes: of this process alone."""

    data: DataFile
    journal: Descriptor
    etags: Iterator[str]


class FileMultipartUpload(MultipartUpload):
    """See the module's docstring."""

    def __init__(
        self,
        store: FileStore,
        key: str,
        token: str,
        *,
        head: _Head | None,
        size_bytes: int | None = None,
    ) -> None:
        """Open an upload's files; `head` is given when it is created, None when it is resumed."""
        self._segments, self._name = split_key(key)
        self._store = store
        self._key = key
        self._uri = store.uri_of(key)
        self._token = token
        self._directory = store.tree.parent(self._segments, create=head is not None)
        self._temporary = TEMPORARY_PREFIX + token
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        if head is not None:
            flags |= os.O_CREAT | os.O_EXCL
        directory_fd = self._directory.fd
        data = store.open_data(self._temporary, flags, dir_fd=directory_fd)
        try:
            name = self._temporary + JOURNAL_SUFFIX
            journal = Descriptor(os.open(name, flags | os.O_APPEND, 0o600, dir_fd=directory_fd))
            self._head = _read_first(journal.fd) if head is None else head
            if head is not None:
                _append(journal.fd, head.line())
            if size_bytes is not None:
                data.reserve(size_bytes)
            self._files: _Files | None = _Files(data, journal, _etags())
        except BaseException:
            if head is not None:
                self._remove()
            raise

    @property
    def key(self) -> str:
        """The key that the file will have."""
        return self._key

    @property
    def token(self) -> str:
        """The random part of the temporary file's name."""
        return self._token

    def put_part(self, number: int, offset_bytes: int, buffer: Buffer) -> Part:
        """Write the part in place, then journal it."""
        view = memoryview(buffer)
        with self._translated("put part"):
            files = self._checked(number, view.nbytes)
            files.data.write(offset_bytes, view)
            return _record(files, number, offset_bytes, view.nbytes)

    def copy_part(
        self, number: int, offset_bytes: int, source: CopySource, start: int, stop: int
    ) -> Part:
        """Copy a range of another file in place, without its bytes passing through here."""
        with self._translated("copy part"):
            files = self._checked(number, stop - start)
            file, status = self._store.open_copied(source)
            try:
                self._store.check_source(source, status)
                if stop > status.st_size:
                    raise errors.InvalidRangeError(f"the source has {status.st_size} bytes")
                copy_range(file.fd, start, files.data.fd, offset_bytes, stop - start)
                self._store.check_source(source, os.fstat(file.fd))
            finally:
                file.close()
            return _record(files, number, offset_bytes, stop - start)

    def parts(self) -> Iterator[Part]:
        """Yield what the journal holds."""
        with self._translated("list parts"):
            held = _journal(self._opened())
        for number in sorted(held):
            yield held[number]

    def complete(self, parts: Sequence[Part]) -> ObjectInfo:
        """Check the parts against the journal, cut the file to size and rename it."""
        with self._translated("complete"):
            files = self._opened()
            size_bytes = _total(parts, _journal(files))
            files.data.cut(size_bytes)
            directory_fd = self._directory.fd
            replaced = writing.existing(self._name, directory_fd)
            condition = Condition(if_absent=True) if self._head.if_absent else None
            if writing.is_special(replaced):
                raise errors.NotSupportedError("a device or fifo took the name meanwhile")
            writing.set_mtime(files.data.fd, self._head.attributes)
            self._store.make_durable(files.data.fd, self._segments)
            try:
                status = writing.publish(
                    files.data.fd,
                    self._temporary,
                    self._name,
                    directory_fd,
                    writing.mode_of(replaced, self._head.attributes, self._store.umask),
                    condition,
                )
            except FileNotFoundError:
                raise self._gone() from None
            self._remove()
            return info_of(self._key, status)

    def abort(self) -> None:
        """Remove both files."""
        if self._files is not None:
            with self._translated("abort"):
                self._remove()

    def _remove(self) -> None:
        # Without this, the files stay for a resume and the descriptors go with the object.
        self._files = None
        writing.discard(self._temporary, self._directory.fd)
        writing.discard(self._temporary + JOURNAL_SUFFIX, self._directory.fd)

    def _translated(self, operation: str) -> Translated:
        return Translated(operation, self._uri)

    def _opened(self) -> _Files:
        # Another process may have ended it: then the temporary file has lost its name, and the
        # descriptor may be that of the finished object.
        files = self._files
        if files is None or writing.existing(self._temporary, self._directory.fd) is None:
            raise self._gone()
        return files

    def _checked(self, number: int, size_bytes: int) -> _Files:
        files = self._opened()
        if not 1 <= number <= self._store.limits.part_count_max:
            raise errors.InvalidPartError(
                f"part numbers go from 1 to {self._store.limits.part_count_max}, not {number}"
            )
        if size_bytes <= 0:
            raise errors.InvalidPartError("a part can't be empty")
        return files

    def _gone(self) -> errors.UploadNotFoundError:
        return errors.UploadNotFoundError("the upload was completed or aborted")


def _etags() -> Iterator[str]:
    """Return ETags that no other call gives; any thread may take the next one.

    Randomness for each would be another call of the system for each part.
    """
    return map((secrets.token_hex(8) + "-{:x}").format, itertools.count(1))


def _record(files: _Files, number: int, offset_bytes: int, size_bytes: int) -> Part:
    etag = next(files.etags)
    # Not by `json`, which takes a third of what a part costs beside the moving of its bytes.
    numbers = f'"number": {number:d}, "offset": {offset_bytes:d}, "size": {size_bytes:d}'
    _append(files.journal.fd, f'{{{numbers}, "etag": "{etag}"}}\n'.encode())
    return Part(number, size_bytes, etag, offset_bytes)


def _journal(files: _Files) -> dict[int, Part]:
    held: dict[int, Part] = {}
    for line in _read_all(files.journal.fd).split(b"\n")[1:]:
        part = _part_of(line)
        if part is not None:
            held[part.number] = part
    return held


def _part_of(line: bytes) -> Part | None:
    """Read a part's line; None when a killed writer didn't finish it, so the part is sent again."""
    try:
        fields = json.loads(line)
        return Part(fields["number"], fields["size"], fields["etag"], fields["offset"])
    except (ValueError, KeyError, TypeError):
        return None


def _append(journal_fd: int, line: bytes) -> None:
    """Append a line: one write, unless the disk fills up, and then the next one says so."""
    while line:
        line = line[os.write(journal_fd, line) :]


def _read_all(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


def _total(parts: Sequence[Part], held: dict[int, Part]) -> int:
    """Check that the parts are held and lie end to end; return their size."""
    if not parts:
        raise errors.InvalidPartError("an upload is completed from at least one part")
    end_bytes = 0
    last_number = 0
    for part in parts:
        mine = held.get(part.number)
        if mine is None or mine.etag != part.etag:
            raise errors.InvalidPartError(f"part {part.number} isn't the one that was stored")
        if part.number <= last_number:
            raise errors.InvalidPartError("the parts aren't in the order of their numbers")
        if mine.offset_bytes != end_bytes:
            raise errors.InvalidPartError(
                f"part {part.number} begins at {mine.offset_bytes}, not at {end_bytes}"
            )
        last_number = part.number
        end_bytes += mine.size_bytes
    return end_bytes


def copy_range(
    source_fd: int, source_offset: int, target_fd: int, target_offset: int, size_bytes: int
) -> None:
    """Copy bytes between files inside the kernel where it can.

    Raises:
        SourceChangedError: the source ends too early.
    """
    done = 0
    in_kernel = hasattr(os, "copy_file_range")
    while done < size_bytes:
        left = size_bytes - done
        if in_kernel:
            try:
                count = os.copy_file_range(
                    source_fd, target_fd, left, source_offset + done, target_offset + done
                )
            except OSError:
                # EXDEV, EINVAL, ENOSYS, EOPNOTSUPP: this pair of file systems can't.
                in_kernel = False
                continue
        else:
            chunk = os.pread(source_fd, min(left, _COPY_CHUNK_BYTES), source_offset + done)
            write_all(target_fd, chunk, target_offset + done)
            count = len(chunk)
        if not count:
            raise errors.SourceChangedError("the source became shorter while it was copied")
        done += count


def create(
    store: FileStore,
    key: str,
    attributes: Attributes | None,
    condition: Condition | None,
    size_bytes: int | None,
) -> FileMultipartUpload:
    """Begin an upload; of a size, if it is known."""
    mtime = None if attributes is None else attributes.metadata.get(MTIME)
    mode = None if attributes is None else attributes.mode
    head = _Head(key, condition is not None and condition.if_absent, mtime, mode)
    token = secrets.token_hex(8)
    return FileMultipartUpload(store, key, token, head=head, size_bytes=size_bytes)


def resume(store: FileStore, key: str, token: str) -> FileMultipartUpload:
    """Go on with an upload.

    Raises:
        UploadNotFoundError: its files are gone, or belong to another key.
    """
    if not _TOKEN.fullmatch(token):
        raise errors.UploadNotFoundError("no token of a file upload")
    try:
        upload = FileMultipartUpload(store, key, token, head=None)
    except (FileNotFoundError, NotADirectoryError):
        raise errors.UploadNotFoundError("no such upload") from None
    if upload._head.key != key:  # noqa: SLF001 - of this module
        raise errors.UploadNotFoundError("the upload is of another key")
    return upload


def unfinished(root: str, prefix: str) -> Iterator[MultipartInfo]:
    """Yield the uploads below a root whose keys begin with a prefix."""
    start = os.path.join(root, prefix[: prefix.rfind("/") + 1])
    for directory, subdirectories, names in os.walk(start):
        subdirectories.sort()
        for name in sorted(names):
            if name.startswith(TEMPORARY_PREFIX) and name.endswith(JOURNAL_SUFFIX):
                found = _read_head(os.path.join(directory, name))
                if found is not None and found[0].key.startswith(prefix):
                    token = name[len(TEMPORARY_PREFIX) : -len(JOURNAL_SUFFIX)]
                    yield MultipartInfo(found[0].key, token, found[1])


def _read_head(path: str) -> tuple[_Head, float] | None:
    """Read a journal's first line and its time; None when it is gone, damaged or another user's."""
    try:
        with open(path, "rb") as journal:
            return _Head.parse(journal.readline()), os.fstat(journal.fileno()).st_mtime
    except (FileNotFoundError, PermissionError, ValueError):
        return None
