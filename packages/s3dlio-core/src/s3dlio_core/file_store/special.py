"""Devices and fifos as destinations: they are written to, never renamed over.

Nothing about such a write is atomic, and an abandoned one can't be undone or resumed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.file_store.data_file import write_all
from s3dlio_core.file_store.paths import Descriptor, Translated
from s3dlio_core.store import Buffer, CopySource, MultipartUpload, ObjectInfo, Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OPEN = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC


def write_special(name: str, directory_fd: int, buffer: Buffer) -> None:
    """Write to a device or fifo."""
    fd = os.open(name, _OPEN, dir_fd=directory_fd)
    try:
        view = memoryview(buffer).cast("B")
        while view:
            view = view[os.write(fd, view) :]
    finally:
        os.close(fd)


class DeviceUpload(MultipartUpload):
    """Parts written in place to a device that takes writes at any offset, such as /dev/null."""

    def __init__(self, key: str, uri: str, name: str, directory_fd: int) -> None:
        """Open the device.

        Raises:
            NotSupportedError: a fifo or terminal, which takes bytes in order only.
        """
        self._key = key
        self._uri = uri
        device = Descriptor(os.open(name, _OPEN | os.O_NONBLOCK, dir_fd=directory_fd))
        try:
            os.lseek(device.fd, 0, os.SEEK_CUR)
        except OSError:
            raise errors.NotSupportedError("it takes bytes in order, not in parts") from None
        self._device: Descriptor | None = device
        self._parts: dict[int, Part] = {}

    @property
    def key(self) -> str:
        """The device's name."""
        return self._key

    @property
    def token(self) -> str:
        """Nothing: an upload to a device can't be resumed."""
        return ""

    def put_part(self, number: int, offset_bytes: int, buffer: Buffer) -> Part:
        """Write the part in place."""
        with Translated("put part", self._uri):
            write_all(self._opened().fd, buffer, offset_bytes)
            part = Part(number, memoryview(buffer).nbytes, str(number), offset_bytes)
            self._parts[number] = part
            return part

    def copy_part(
        self, number: int, offset_bytes: int, source: CopySource, start: int, stop: int
    ) -> Part:
        """Refuse: the caller streams instead."""
        del number, offset_bytes, source, start, stop
        raise errors.NotSupportedError(
            "no part can be copied to a device", operation="copy part", uri=self._uri
        )

    def parts(self) -> Iterator[Part]:
        """Yield the parts that were written."""
        for number in sorted(self._parts):
            yield self._parts[number]

    def complete(self, parts: Sequence[Part]) -> ObjectInfo:
        """Close the device."""
        with Translated("complete", self._uri):
            self._opened()
            if any(self._parts.get(part.number) != part for part in parts) or not parts:
                raise errors.InvalidPartError("a part isn't the one that was written")
            self.abort()
            return ObjectInfo(self._key, sum(part.size_bytes for part in parts))

    def abort(self) -> None:
        """Close the device; what was written stays written."""
        self._device = None

    def _opened(self) -> Descriptor:
        device = self._device
        if device is None:
            raise errors.UploadNotFoundError("the upload was completed or aborted")
        return device
