"""FileStore: the contract over a directory.

A container is a directory, named by its path; keys are paths below it. See `paths` for what a key
may be called and how links are treated.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import threading
from typing import TYPE_CHECKING, ClassVar

from s3dlio_core import errors
from s3dlio_core.file_store import multipart, renaming, writing
from s3dlio_core.file_store.case import folds_case
from s3dlio_core.file_store.data_file import DataFile
from s3dlio_core.file_store.listing import Listings, can_begin_keys
from s3dlio_core.file_store.paths import (
    DirectoryTree,
    Translated,
    TranslatedOf,
    absolute,
    check_path_size,
    is_directory,
    split_key,
    sync_directory,
)
from s3dlio_core.file_store.reader import (
    FileReader,
    check_regular,
    described,
    etag_of,
    info_of,
    kept_of,
    open_regular,
)
from s3dlio_core.file_store.special import DeviceUpload, write_special
from s3dlio_core.forks import renew_in_children
from s3dlio_core.store import (
    Attributes,
    Buffer,
    Capabilities,
    Condition,
    CopySource,
    DeleteError,
    Limits,
    ListError,
    MultipartInfo,
    MultipartUpload,
    ObjectInfo,
    ObjectReader,
    ObjectStore,
    Page,
    check_version,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: The kernel's own limit of an offset (loff_t).
_SIZE_MAX_BYTES = 2**63 - 1
_COPY_SIZE_MAX_BYTES = 32 * 1024**2
_COPY_PART_SIZE_BYTES = 16 * 1024**2


class FileStore(ObjectStore):
    """A directory of the local machine.

    A store that moves the bytes of the same files in another way overrides `scheme`, `open_data`
    and what else differs; its files are the same files under either scheme.
    """

    #: What URIs of its files begin with.
    scheme: ClassVar[str] = "file"
    limits = Limits(
        put_size_max_bytes=_SIZE_MAX_BYTES,
        part_size_max_bytes=_SIZE_MAX_BYTES,
        part_count_max=1_000_000,
        # The kernel copies any size at one go, but not so that one could watch it, or end it.
        copy_size_max_bytes=_COPY_SIZE_MAX_BYTES,
        copy_part_size_bytes=_COPY_PART_SIZE_BYTES,
    )
    capabilities = Capabilities(
        put_if_match=False, attributes=False, mtime=True, directories=True, rename=True
    )

    def __init__(
        self,
        root: str,
        *,
        fsync: bool = False,
        follow_links: bool = True,
        own_links: bool = False,
    ) -> None:
        """Open a directory.

        Args:
            root: its path; it may be a symbolic link, and need not exist yet.
            fsync: sync each file before its rename, and each directory once, in `close`.
            follow_links: listings have what symbolic links point to; else they leave links out.
                What is named is read through links in any case.
            own_links: instead, listings have the links themselves, which is right for deletions,
                and `head` describes a link to nothing.
        """
        self.root = absolute(root)
        self.fsync = fsync
        self.follow_links = follow_links
        self.own_links = own_links
        if folds_case(self.root):
            self.capabilities = dataclasses.replace(self.capabilities, case_sensitive=False)
        self.tree = DirectoryTree(self.root)
        self._trees: dict[str, DirectoryTree] = {}  # of other roots, which files are moved from
        self._unsynced: set[tuple[str, ...]] = set()
        self.umask = writing.read_umask()
        self.renew_after_fork()
        renew_in_children(self)

    def renew_after_fork(self) -> None:
        """Begin walks anew: another thread of the parent may have been in the midst of one."""
        self._walks = Listings(self.root, follow_links=self.follow_links, own_links=self.own_links)
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Callable[..., FileStore], tuple[str]]:
        make = functools.partial(
            type(self),
            fsync=self.fsync,
            follow_links=self.follow_links,
            own_links=self.own_links,
        )
        return make, (self.root,)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.root!r})"

    @property
    def uri(self) -> str:
        """The directory's URI."""
        return f"{self.scheme}://" + self.root.rstrip("/")

    def check_key(self, key: str) -> None:
        """Check that a file of this name may be, and that nothing stands in its way."""
        with Translated("put", self.uri_of(key)):
            segments, name = split_key(key)
            check_path_size(self.root, key)
            try:
                directory = self.tree.parent(segments)
            except FileNotFoundError:
                return  # a write creates it
            writing.existing(name, directory.fd)

    def open_data(self, path: str, flags: int, *, dir_fd: int | None = None) -> DataFile:
        """Open a file whose bytes this store will move; what it creates has mode 0600.

        Args:
            path: of the file, or its name in a directory.
            flags: of open(2).
            dir_fd: the directory that a name is one of.

        Raises:
            OSError: what the operating system says.
            S3dlioError: the store can't move the file's bytes; then it has created nothing.
        """
        return DataFile(os.open(path, flags, 0o600, dir_fd=dir_fd))

    def check_device(self, status: os.stat_result) -> None:
        """Check that a device or fifo may be written to, which isn't done through `open_data`.

        Args:
            status: its description.

        Raises:
            S3dlioError: this store doesn't write to such.
        """

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Describe a file; links are followed."""
        check_version(self, "stat", key, version)
        with self._translated("stat", key):
            split_key(key)
            try:
                status = os.stat(os.path.join(self.root, key))
            except NotADirectoryError:
                raise errors.ObjectNotFoundError("no such file") from None
            except FileNotFoundError:
                if not self.own_links:
                    raise
                return info_of(key, os.lstat(os.path.join(self.root, key)))
            check_regular(status)
            return described(key, status)

    def open_reader(
        self,
        key: str,
        start: int = 0,
        stop: int | None = None,
        *,
        if_match: str | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Open a file; links are followed."""
        check_version(self, "read", key, version)
        with self._translated("read", key):
            file, status = self._open(key)
            try:
                if if_match is not None and etag_of(status) != if_match:
                    raise errors.PreconditionFailedError("the file isn't the one that was expected")
                end = status.st_size if stop is None else min(stop, status.st_size)
                if not 0 <= start <= status.st_size or (stop is not None and stop < start):
                    wanted = f"{start} to {'its end' if stop is None else stop}"
                    raise errors.InvalidRangeError(
                        f"bytes {wanted} of a file of {status.st_size} bytes"
                    )
            except BaseException:
                file.close()
                raise
            info = described(key, status)
            return FileReader(file, status, info, self.uri_of(key), start, max(start, end))

    def put(
        self,
        key: str,
        buffer: Buffer,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Write a temporary file and rename it."""
        with self._translated("put", key):
            self._check_condition(condition)

            def fill(file: DataFile) -> None:
                file.write_whole(buffer)

            return self._write(key, fill, attributes, condition, buffer)

    def copy_from(
        self,
        source: CopySource,
        key: str,
        *,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> ObjectInfo:
        """Copy a file inside the kernel."""
        with self._translated("copy", key):
            self._check_condition(condition)
            copied, status = self.open_copied(source)
            try:
                self.check_source(source, status)

                def fill(file: DataFile) -> None:
                    multipart.copy_range(copied.fd, 0, file.fd, 0, status.st_size)
                    if etag_of(os.fstat(copied.fd)) != etag_of(status):
                        raise errors.SourceChangedError("the file changed while it was copied")

                kept = kept_of(status) if attributes is None else attributes
                return self._write(key, fill, kept, condition, None)
            finally:
                copied.close()

    def rename_from(
        self, source: CopySource, key: str, *, condition: Condition | None = None
    ) -> ObjectInfo:
        """Rename a file of the same file system."""
        with self._translated("move", key):
            self._check_condition(condition)
            self.source_path(source)
            return renaming.rename(self, source, key, condition)

    def tree_of(self, source: CopySource) -> DirectoryTree:
        """Return what opens the directories of a copy source's root."""
        tree = self._trees.get(source.container)
        if tree is None:
            with self._lock:
                tree = self._trees.setdefault(source.container, DirectoryTree(source.container))
        return tree

    def _write(
        self,
        key: str,
        fill: Callable[[DataFile], None],
        attributes: Attributes | None,
        condition: Condition | None,
        special: Buffer | None,
    ) -> ObjectInfo:
        """Create, fill and publish a file. `special` is what a device or fifo is given instead."""
        segments, name = split_key(key)
        check_path_size(self.root, key)
        directory = self.tree.parent(segments, create=True)
        replaced = writing.existing(name, directory.fd)
        if condition is not None and condition.if_absent and replaced is not None:
            raise writing.already_exists()
        if writing.is_special(replaced):
            if special is None:
                raise errors.NotSupportedError("a device or fifo can't be copied to")
            self.check_device(replaced)
            write_special(name, directory.fd, special)
            return ObjectInfo(key, memoryview(special).nbytes)
        temporary, file = writing.create_temporary(self, directory.fd)
        try:
            fill(file)
            writing.set_mtime(file.fd, attributes)
            self.make_durable(file.fd, segments)
            mode = writing.mode_of(replaced, attributes, self.umask)
            status = writing.publish(file.fd, temporary, name, directory.fd, mode, condition)
        except BaseException:
            writing.discard(temporary, directory.fd)
            raise
        finally:
            file.close()
        return info_of(key, status)

    def create_multipart(
        self,
        key: str,
        *,
        size_bytes: int | None = None,
        part_size_bytes: int | None = None,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
        checksum: str | None = None,
    ) -> MultipartUpload:
        """Begin a temporary file that parts are written into."""
        del part_size_bytes  # nothing here depends on it
        with self._translated("create multipart", key):
            if checksum is not None:
                raise errors.NotSupportedError("a file system verifies no checksums")
            self._check_condition(condition)
            segments, name = split_key(key)
            check_path_size(self.root, key)
            directory = self.tree.parent(segments, create=True)
            found = writing.existing(name, directory.fd)
            if writing.is_special(found):
                self.check_device(found)
                return DeviceUpload(key, self.uri_of(key), name, directory.fd)
            return multipart.create(self, key, attributes, condition, size_bytes)

    def resume_multipart(self, key: str, token: str) -> MultipartUpload:
        """Open the temporary file of an upload again."""
        with self._translated("resume multipart", key):
            return multipart.resume(self, key, token)

    def list_multiparts(self, prefix: str = "") -> Iterator[MultipartInfo]:
        """Yield the uploads whose temporary files lie below the directory."""
        with self._translated("list multiparts", prefix):
            self._check_root()
            if can_begin_keys(prefix):
                yield from multipart.unfinished(self.root, prefix)

    def list_page(
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        """List a page; the walk waits for the next one, so that no directory is read twice."""
        with self._translated("list", prefix):
            self._check_root()
            return self._walks.page(prefix, delimiter, token, start_after, page_size)

    def list_entered(
        self, prefix: str, enter: Callable[[str], bool]
    ) -> Iterator[ObjectInfo | ListError]:
        """List in one walk, which leaves the directories unread that `enter` refuses."""
        with self._translated("list", prefix):
            self._check_root()
            yield from self._walks.entered(prefix, enter)

    def copy_source(
        self, key: str, etag: str | None = None, version: str | None = None
    ) -> CopySource:
        """Name a file of this machine; by the same name, whatever the scheme of the store."""
        return CopySource("file", "", self.root, key, etag, version=version)

    def source_path(self, source: CopySource) -> str:
        """Return the path of a copy source.

        Raises:
            NotSupportedError: it isn't a file of this machine, or a version of one.
        """
        check_version(self, "copy", source.key, source.version)
        if (source.scheme, source.endpoint) != ("file", ""):
            raise errors.NotSupportedError("only local files can be copied inside the kernel")
        split_key(source.key)
        return os.path.join(source.container, source.key)

    def open_copied(self, source: CopySource) -> tuple[DataFile, os.stat_result]:
        """Open a copy source that the kernel is to read.

        Raises:
            NotSupportedError: the store has no such copies, or not of this source.
        """
        if not self.capabilities.copy:
            raise errors.NotSupportedError("no file is copied inside the kernel here")
        return open_regular(self, self.source_path(source))

    def check_source(self, source: CopySource, status: os.stat_result) -> None:
        """Compare a copy source with the ETag that it was described by.

        Raises:
            PreconditionFailedError: it is another one now.
        """
        if source.etag is not None and etag_of(status) != source.etag:
            raise errors.PreconditionFailedError("the source isn't the one that was expected")

    def delete(self, key: str) -> None:
        """Remove a file or a link, never what a link points to."""
        with self._translated("delete", key):
            segments, name = split_key(key)
            try:
                directory = self.tree.parent(segments)
                os.unlink(name, dir_fd=directory.fd)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                self._check_root()

    def delete_many(self, keys: Iterable[str]) -> Iterator[DeleteError]:
        """Remove files one by one."""
        for key in keys:
            try:
                self.delete(key)
            except errors.S3dlioError as error:
                if error.scope is not errors.Scope.OBJECT:
                    raise
                yield DeleteError(key, error)

    def make_durable(self, fd: int, segments: tuple[str, ...]) -> None:
        """Sync a complete file, and remember its directories for `close`; only with `fsync`."""
        if self.fsync:
            os.fsync(fd)
            with self._lock:
                self._unsynced.update(segments[:depth] for depth in range(len(segments) + 1))

    def _sync_directories(self) -> None:
        with self._translated("sync", ""):
            while self._unsynced:
                segments = self._unsynced.pop()
                os.fsync(self.tree.parent(segments).fd)
                if not segments:
                    # The directory itself may be new.
                    sync_directory(os.path.dirname(self.root))

    def close(self) -> None:
        """Sync the directories that were written to, with `fsync`; close what is kept open.

        Raises:
            LocalIOError: a directory could not be synced: what was written may not last.
        """
        self._sync_directories()
        for tree in (self.tree, *self._trees.values()):
            tree.close()
        self._walks.clear()

    def _open(self, key: str) -> tuple[DataFile, os.stat_result]:
        split_key(key)
        path = os.path.join(self.root, key)
        if self.own_links and os.path.islink(path):
            raise errors.NotSupportedError(
                "it is a symbolic link, and only a file system can hold one",
                hint='The option links (--links), "follow", takes what it points to, and "skip" '
                "leaves it where it is",
            )
        try:
            return open_regular(self, path)
        except NotADirectoryError:
            raise errors.ObjectNotFoundError("no such file") from None

    def _check_root(self) -> None:
        if not is_directory(self.root):
            raise errors.ContainerNotFoundError("no such directory")

    def _check_condition(self, condition: Condition | None) -> None:
        if condition is not None and condition.if_match is not None:
            raise errors.NotSupportedError("a file system can't replace a file on a condition")

    def _translated(self, operation: str, key: str) -> TranslatedOf:
        return TranslatedOf(self, operation, key)
