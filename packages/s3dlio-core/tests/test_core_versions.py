"""Versions in the operations: one literal object, whatever the listing says."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors, operations, registry
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.store import Attributes, Capabilities, ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class VersionedProvider(MemoryProvider):
    """Opens containers that keep versions."""

    def open(self, container: str) -> ObjectStore:
        """Open one."""
        return MemoryStore(container, capabilities=Capabilities(versions=True))


@pytest.fixture
def base() -> Iterator[str]:
    """The URI of an empty container that keeps versions."""
    registry.register("versioned", VersionedProvider)
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    yield f"versioned://{name}"
    registry.unregister("versioned")


def write_twice(uri: str, *, attributes: Attributes | None = None) -> str:
    """Write an object and overwrite it; return the first version."""
    version = operations.put(uri, b"first", attributes=attributes).version
    operations.put(uri, b"the second")
    assert version is not None
    return version


def test_get_and_stat_take_a_version(base: str) -> None:
    """They give what it was, in part too, also after a deletion."""
    version = write_twice(f"{base}/k")
    operations.delete(f"{base}/k")
    assert operations.get(f"{base}/k", version=version) == b"first"
    assert operations.get(f"{base}/k", start=1, stop=3, version=version) == b"ir"
    assert (5, version) == (
        operations.stat(f"{base}/k", version=version).size_bytes,
        operations.stat(f"{base}/k", version=version).version,
    )


def test_download_takes_a_version(base: str, tmp_path: Path) -> None:
    """One object, into a directory or to a name, also when it was deleted."""
    version = write_twice(f"{base}/d/k")
    operations.delete(f"{base}/d/k")
    operations.download(f"{base}/d/k", f"{tmp_path}/in/", version=version)
    operations.download(f"{base}/d/k", tmp_path / "named", version=version)
    assert (tmp_path / "in/k").read_bytes() == b"first"
    assert (tmp_path / "named").read_bytes() == b"first"


def test_large_version_comes_in_parts(base: str, tmp_path: Path) -> None:
    """Every part is of the version."""
    version = operations.put(f"{base}/k", b"0123456789").version
    operations.put(f"{base}/k", b"abcdefghij")
    operations.download(f"{base}/k", tmp_path / "k", version=version, part_size_bytes=3)
    assert (tmp_path / "k").read_bytes() == b"0123456789"


def test_attributes_of_a_large_version_are_its_own(base: str) -> None:
    """A copy in parts asks for those of the version."""
    version = write_twice(f"{base}/k", attributes=Attributes(content_type="text/x-first"))
    operations.copy(f"{base}/k", f"{base}/copy", version=version, part_size_bytes=2)
    told = operations.stat(f"{base}/copy").attributes
    assert told is not None
    assert told.content_type == "text/x-first"


def test_version_is_brought_back_by_a_copy_onto_itself(base: str) -> None:
    """What is otherwise refused makes an old version the current one."""
    version = write_twice(f"{base}/k")
    operations.copy(f"{base}/k", f"{base}/k", version=version)
    assert operations.get(f"{base}/k") == b"first"
    with pytest.raises(errors.UsageError, match="onto itself"):
        operations.copy(f"{base}/k", f"{base}/k")


def test_name_of_a_version_is_literal(base: str, tmp_path: Path) -> None:
    """With a version nothing is a pattern."""
    version = write_twice(f"{base}/x[1]*.txt")
    operations.download(f"{base}/x[1]*.txt", f"{tmp_path}/", version=version)
    assert (tmp_path / "x[1]*.txt").read_bytes() == b"first"


def test_missing_version_is_nothing_that_matches(base: str, tmp_path: Path) -> None:
    """The error says how the name was read and which version; nothing is created."""
    write_twice(f"{base}/k")
    with pytest.raises(errors.NothingMatchedError, match="literal name, version 17-x") as raised:
        operations.download(f"{base}/k", tmp_path / "new/", version="17-x")
    assert isinstance(raised.value.__cause__, errors.ObjectNotFoundError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["", "d/"])
def test_directory_has_no_version(base: str, tmp_path: Path, key: str) -> None:
    """A container or a prefix with a version is a mistake of usage."""
    with pytest.raises(errors.UsageError, match="only an object has versions"):
        operations.download(f"{base}/{key}", tmp_path, version="1")


def test_version_of_several_sources_is_refused(base: str, tmp_path: Path) -> None:
    """A version is of one object."""
    version = write_twice(f"{base}/k")
    with pytest.raises(errors.UsageError, match="2 sources were given"):
        operations.download([f"{base}/k", f"{base}/other"], tmp_path, version=version)


def test_version_is_refused_where_there_is_none(tmp_path: Path) -> None:
    """A file has no versions, and neither the current one is given instead."""
    (tmp_path / "k").write_bytes(b"current")
    for call in (operations.get, operations.stat):
        with pytest.raises(errors.NotSupportedError, match="no versions"):
            call(tmp_path / "k", version="1")
    with pytest.raises(errors.NotSupportedError, match="no versions"):
        operations.download(tmp_path / "k", tmp_path / "copy", version="1")
    assert not (tmp_path / "copy").exists()
