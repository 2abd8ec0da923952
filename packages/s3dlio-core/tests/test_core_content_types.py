"""Content types that are guessed from names."""

from __future__ import annotations

import mimetypes
import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import content_types, memory_store, operations
from s3dlio_core.content_types import guess_content_type
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.store import Attributes, Capabilities

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3dlio_core.store import ObjectStore


@pytest.mark.parametrize(
    ("key", "content_type"),
    [
        ("data/a.json", "application/json"),
        ("a.CSV", "text/csv"),
        ("a.txt", "text/plain"),
        ("a.html", "text/html"),
        ("a.js", "text/javascript"),
        ("a.md", "text/markdown"),
        ("a.webp", "image/webp"),
        ("a.yaml", "application/yaml"),
        ("a.gz", "application/gzip"),
        ("a.json.gz", "application/gzip"),
        ("a.tar.gz", "application/gzip"),
        ("a.tgz", "application/gzip"),
        ("a.tar", "application/x-tar"),
        ("a.Z", "application/x-compress"),
        ("a.json.bak", ""),
        ("a.b/c", ""),
        (".json", ""),
        ("a/.html", ""),
        ("a.", ""),
        ("a", ""),
        ("a.html?x=1", ""),
        ("data:a.html", "text/html"),
    ],
)
def test_the_last_suffix_counts(key: str, content_type: str) -> None:
    """In any case, of the last segment only, and compressed files are compressed files."""
    assert content_type == guess_content_type(key)


@pytest.fixture
def _fresh_table() -> Iterator[None]:
    content_types._types.cache_clear()
    yield
    content_types._types.cache_clear()


@pytest.mark.usefixtures("_fresh_table")
def test_the_machine_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What its own tables say isn't read."""
    (tmp_path / "mime.types").write_text("text/x-machine html machine\n")
    monkeypatch.setattr(mimetypes, "inited", False)
    monkeypatch.setattr(mimetypes, "_db", None)
    monkeypatch.setattr(mimetypes, "knownfiles", [str(tmp_path / "mime.types")])
    assert ("text/html", "") == (guess_content_type("a.html"), guess_content_type("a.machine"))


@pytest.fixture
def store() -> ObjectStore:
    """An empty container."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return MemoryProvider().open(name)


def content_type(store: ObjectStore, key: str) -> str:
    """Return an object's."""
    attributes = store.head(key).attributes
    assert attributes is not None
    return attributes.content_type


@pytest.mark.parametrize("size_bytes", [1, 5000])
@pytest.mark.parametrize(
    ("attributes", "guess", "expected"),
    [
        (None, True, "application/json"),
        (None, False, ""),
        (Attributes(cache_control="no-store"), True, "application/json"),
        (Attributes(content_type="text/x"), True, "text/x"),
    ],
)
def test_an_upload_guesses(
    tmp_path: Path,
    store: ObjectStore,
    size_bytes: int,
    attributes: Attributes | None,
    guess: bool,
    expected: str,
) -> None:
    """By the new name; what the caller says wins, whole and in parts."""
    (tmp_path / "a.txt").write_bytes(b"x" * size_bytes)
    operations.upload(
        tmp_path / "a.txt",
        f"{store.uri}/b.json",
        attributes=attributes,
        guess_content_type=guess,
        part_size_bytes=1000,
    )
    assert expected == content_type(store, "b.json")


@pytest.mark.parametrize("name", ["b", "b.unknown"])
def test_a_name_without_a_known_suffix_has_the_type_of_its_source(
    tmp_path: Path, store: ObjectStore, name: str
) -> None:
    """What a name doesn't tell, the file's may."""
    (tmp_path / "a.json").write_bytes(b"{}")
    operations.upload(tmp_path / "a.json", f"{store.uri}/{name}")
    assert content_type(store, name) == "application/json"


def test_an_object_keeps_its_type(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one without gets that of its name, unless the store copies it as it is."""
    store.put("a.json", b"x", attributes=Attributes(content_type="text/x"))
    store.put("b.json", b"x")
    operations.copy(f"{store.uri}/*.json", f"{store.uri}/to/")
    assert ["text/x", ""] == [content_type(store, f"to/{n}.json") for n in "ab"]
    with monkeypatch.context() as patched:
        patched.setattr(MemoryStore, "copy_from", None)
        patched.setattr(memory_store, "MEMORY_CAPABILITIES", Capabilities(copy=False))
        operations.copy(f"{store.uri}/*.json", f"{store.uri}/to/")
    assert ["text/x", "application/json"] == [content_type(store, f"to/{n}.json") for n in "ab"]


def test_a_compressed_object_stays_as_it_is(tmp_path: Path, store: ObjectStore) -> None:
    """No Content-Encoding is guessed, and one that is there is neither lost nor undone."""
    (tmp_path / "a.json.gz").write_bytes(b"no gzip")
    operations.upload(tmp_path / "a.json.gz", f"{store.uri}/")
    attributes = store.head("a.json.gz").attributes
    assert attributes is not None
    assert ("application/gzip", "") == (attributes.content_type, attributes.content_encoding)
    store.put("b.json", b"no gzip", attributes=Attributes(content_encoding="gzip"))
    operations.copy(f"{store.uri}/b.json", f"{store.uri}/c.json")
    operations.download(f"{store.uri}/c.json", tmp_path)
    copied = store.head("c.json").attributes
    assert copied is not None
    assert ("gzip", b"no gzip") == (copied.content_encoding, (tmp_path / "c.json").read_bytes())
