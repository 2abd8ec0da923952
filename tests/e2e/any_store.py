"""Directories, memory containers and buckets that look the same to a test.

What they hold is put there, and read, without the operations that are tested: files with pathlib,
objects of a bucket with boto3.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from tests.e2e.truth import tree, write_tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.e2e.truth import Bucket

_numbers: Final = itertools.count()


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


KINDS: Final = ("file", "memory", "s3")


@dataclass(frozen=True)
class Stores:
    """Where a test makes places.

    Attributes:
        directory: for files.
        bucket: for objects.
    """

    directory: Path
    bucket: Bucket

    def new(self, kind: str) -> Place:
        """An empty place of a kind."""
        name = f"place-{next(_numbers)}"
        if kind == "file":
            return Directory(self.directory / name)
        if kind == "s3":
            return Prefix(self.bucket, name)
        MemoryProvider().create_container(name)
        return Memory(MemoryStore(name))
