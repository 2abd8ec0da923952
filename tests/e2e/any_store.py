"""Directories, memory containers and buckets that look the same to a test.

What they hold is put there, and read, without the operations that are tested: files with pathlib
(those of `direct://`, too), objects of a bucket with boto3, blobs with azure-storage-blob.
"""

from __future__ import annotations

import functools
import itertools
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import pytest

from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from tests.disks.candidates import find_direct
from tests.e2e.truth import tree, write_tree
from tests.servers.azurite_install import AzuriteMissingError, azurite_command
from tests.servers.requirements import is_required, required_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.e2e.truth import Bucket
    from tests.servers.blob_container import BlobContainer

_numbers: Final = itertools.count()

#: For tests of what any store of objects must do, with the fixtures `cli` and `bucket`.
on_any: Final = pytest.mark.parametrize("s3_server", ["moto", "rclone", "azurite"], indirect=True)


class Place(Protocol):
    """A directory or prefix of its own, in some store."""

    @property
    def uri(self) -> str:
        """Its URI, without a "/" behind."""

    def fill(self, files: Mapping[str, bytes]) -> None:
        """Put these there."""

    def held(self) -> dict[str, bytes]:
        """All that is there: relative name and content."""


@dataclass(frozen=True)
class Directory:
    """A directory."""

    path: Path

    @property
    def uri(self) -> str:
        """Its path."""
        return str(self.path)

    def fill(self, files: Mapping[str, bytes]) -> None:
        """Write them."""
        write_tree(self.path, files)

    def held(self) -> dict[str, bytes]:
        """The files."""
        return tree(self.path)


@dataclass(frozen=True)
class DirectDirectory(Directory):
    """A directory whose files are to be read and written past the page cache."""

    @property
    def uri(self) -> str:
        """Its URI."""
        return f"direct://{self.path}"


@dataclass(frozen=True)
class Memory:
    """A container of this process."""

    store: MemoryStore

    @property
    def uri(self) -> str:
        """The container's URI."""
        return self.store.uri

    def fill(self, files: Mapping[str, bytes]) -> None:
        """Put them."""
        for key, content in files.items():
            self.store.put(key, content)

    def held(self) -> dict[str, bytes]:
        """The objects, which are fewer than a page has."""
        held = {}
        for info in self.store.list_page().objects:
            with self.store.open_reader(info.key) as reader:
                held[info.key] = reader.read() or b""
        return held


@dataclass(frozen=True)
class Prefix:
    """A prefix of a bucket."""

    bucket: Bucket
    name: str

    @property
    def uri(self) -> str:
        """The prefix's URI."""
        return f"{self.bucket.uri}/{self.name}"

    def fill(self, files: Mapping[str, bytes]) -> None:
        """Put them with boto3."""
        for key, content in files.items():
            self.bucket.put(f"{self.name}/{key}", content)

    def held(self) -> dict[str, bytes]:
        """What boto3 finds."""
        found = self.bucket.client.list_objects_v2(Bucket=self.bucket.name, Prefix=f"{self.name}/")
        keys = [entry["Key"] for entry in found.get("Contents", ())]
        return {key[len(self.name) + 1 :]: self.bucket.get(key) for key in keys}


@dataclass(frozen=True)
class BlobPrefix:
    """A prefix of a container of Azure Blob Storage."""

    container: BlobContainer
    name: str

    @property
    def uri(self) -> str:
        """The prefix's URI."""
        return f"{self.container.uri}/{self.name}"

    def fill(self, files: Mapping[str, bytes]) -> None:
        """Put them with azure-storage-blob."""
        for key, content in files.items():
            self.container.put(f"{self.name}/{key}", content)

    def held(self) -> dict[str, bytes]:
        """What azure-storage-blob finds."""
        keys = self.container.listed(f"{self.name}/")
        return {key[len(self.name) + 1 :]: self.container.get(key) for key in keys}


KINDS: Final = ("file", "direct", "memory", "s3", "az")


@functools.cache
def kinds_here() -> tuple[str, ...]:
    """The kinds that this machine has, for tests that are of several kinds at once.

    It fails where what is missing is said to be there.
    """
    missing = set()
    try:
        azurite_command()
    except AzuriteMissingError as error:
        if is_required(f"azurite: {error}", required_groups()):
            raise
        missing.add("az")
    directory, reason = find_direct(Path(tempfile.gettempdir()), dict(os.environ))
    if directory is None:
        if is_required(f"direct: {reason}", required_groups()):
            raise OSError(reason)
        missing.add("direct")
    return tuple(kind for kind in KINDS if kind not in missing)


@dataclass(frozen=True)
class Stores:
    """Where a test makes places.

    Attributes:
        directory: for files.
        bucket: for objects.
        container: gives that for blobs; is called only for them, and may skip the test.
        direct: likewise gives a directory on a file system that takes O_DIRECT.
    """

    directory: Path
    bucket: Bucket
    container: Callable[[], BlobContainer]
    direct: Callable[[], Path]

    def new(self, kind: str) -> Place:
        """An empty place of a kind."""
        name = f"place-{next(_numbers)}"
        if kind == "file":
            return Directory(self.directory / name)
        if kind == "direct":
            return DirectDirectory(self.direct() / name)
        if kind == "s3":
            return Prefix(self.bucket, name)
        if kind == "az":
            return BlobPrefix(self.container(), name)
        MemoryProvider().create_container(name)
        return Memory(MemoryStore(name))
