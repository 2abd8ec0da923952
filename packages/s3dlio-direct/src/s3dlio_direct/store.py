"""DirectStore: the files of a directory, past the page cache.

The kernel copies nothing here, since it would do so through the page cache; renaming moves no
bytes, so it stays.
"""

from __future__ import annotations

import dataclasses
import functools
import stat
from typing import TYPE_CHECKING, Any

from s3dlio_core import errors
from s3dlio_core.file_store import FileStore
from s3dlio_direct.devices import Devices
from s3dlio_direct.opening import Fallback, Opener

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from s3dlio_core.file_store.data_file import DataFile
    from s3dlio_direct.shared import Counters

__all__ = ["DirectStore"]

#: Parts that begin and end at multiples of this need no bounce buffer.
_ALIGNMENT_BYTES = 4096


class DirectStore(FileStore):
    """A directory of the local machine, whose files are read and written with O_DIRECT."""

    scheme = "direct"
    limits = dataclasses.replace(FileStore.limits, alignment_bytes=_ALIGNMENT_BYTES)
    capabilities = dataclasses.replace(
        FileStore.capabilities,
        copy=False,
        copy_if_absent=False,
        copy_if_match=False,
        copy_part=False,
    )

    def __init__(
        self,
        root: str,
        *,
        fallback: Fallback = "refuse",
        devices: Devices | None = None,
        **options: Any,
    ) -> None:
        """Open a directory.

        Args:
            root: its path; it may be a symbolic link, and need not exist yet.
            fallback: what is done with a file whose file system refuses O_DIRECT: "refuse" raises
                NotSupportedError, "buffered" goes through the page cache, and `remarks` says so.
            devices: what is known of them already, shared with other stores; None: nothing.
            options: those of `FileStore`.
        """
        super().__init__(root, **options)
        self._opener = Opener(fallback, devices or Devices())

    def __reduce__(self) -> tuple[Callable[..., FileStore], tuple[str]]:
        make, arguments = super().__reduce__()
        return functools.partial(make, fallback=self.fallback), arguments

    @property
    def fallback(self) -> Fallback:
        """What is done where O_DIRECT is refused."""
        return self._opener.fallback

    def counters(self) -> Counters:
        """Tell how the bytes of this store's files were moved so far, by this object."""
        return self._opener.shared.counters()

    def remarks(self) -> tuple[str, ...]:
        """Tell which file systems' files were read or written through the page cache."""
        return self._opener.remarks

    def open_data(self, path: str, flags: int, *, dir_fd: int | None = None) -> DataFile:
        """Open a file with O_DIRECT: see `FileStore.open_data`.

        Raises:
            NotSupportedError: the file system refuses that, and no fallback is allowed.
            OSError: what the operating system says.
        """
        return self._opener.open(path, flags, dir_fd)

    def check_device(self, status: os.stat_result) -> None:
        """Refuse block devices, which are written to through the page cache."""
        if stat.S_ISBLK(status.st_mode):
            raise errors.NotSupportedError(
                "a block device would be written to through the page cache",
                hint="Use file://, or a file system on the device",
            )
