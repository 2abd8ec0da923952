"""Attributes that a caller gives: over the source's, to every object, whole or in parts."""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core import operations
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.mtimes import mtime_text
from s3dlio_core.store import Attributes, Capabilities
from s3dlio_core.transfer.engine import Engine
from s3dlio_core.transfer.plan import CopyItem

if TYPE_CHECKING:
    from pathlib import Path

    from s3dlio_core.store import MultipartUpload, ObjectInfo

FIELDS = [one.name for one in dataclasses.fields(Attributes)]
_text = st.sampled_from(["", "a", "b"])
_names = st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["1", "2"]))
_modes = st.sampled_from([None, 0o600, 0o755])
_of_field = {"metadata": _names, "tags": _names, "mode": _modes}
_attributes = st.builds(Attributes, **{name: _of_field.get(name, _text) for name in FIELDS})


@given(_attributes, _attributes)
def test_over_takes_each_from_the_first_that_has_it(one: Attributes, base: Attributes) -> None:
    """Every field, and every name of metadata, is the first's or else the second's."""
    layered = one.over(base)
    for name in FIELDS:
        first, second, got = (getattr(each, name) for each in (one, base, layered))
        expected = {**second, **first} if name == "metadata" else first or second
        assert expected == got
    assert one == one.over(None) == one.over(Attributes()) == Attributes().over(one)


class Recording(MemoryStore):
    """Remembers the attributes that objects are written with."""

    written: dict[str, Attributes | None]

    def put(self, key: str, buffer: Any, **options: Any) -> ObjectInfo:
        """Remember them."""
        self.written[key] = options.get("attributes")
        return super().put(key, buffer, **options)

    def create_multipart(self, key: str, **options: Any) -> MultipartUpload:
        """Remember them."""
        self.written[key] = options.get("attributes")
        return super().create_multipart(key, **options)


def container(cls: type[MemoryStore] = MemoryStore) -> Any:
    """Open a fresh container."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return cls(name, capabilities=Capabilities(copy=False))


def test_given_attributes_win_over_the_sources() -> None:
    """Whole and in parts; what isn't given stays the source's."""
    source, destination = container(), container(Recording)
    destination.written = {}
    of_source = Attributes("text/x-source", "no-store", metadata={"a": "source", "b": "source"})
    for key, size_bytes in (("small", 1), ("large", 5000)):
        source.put(key, b"x" * size_bytes, attributes=of_source)
    asked = Attributes(
        "text/x-asked", metadata={"a": "asked"}, storage_class="COLD", tags={"team": "a b"}
    )
    plan = [CopyItem(source, info, info.key) for info in source.list_page().objects]
    Engine("copy", destination, jobs=1, part_size_bytes=1000, attributes=asked).run(plan)
    expected = Attributes(
        "text/x-asked",
        "no-store",
        metadata={"a": "asked", "b": "source"},
        storage_class="COLD",
        tags={"team": "a b"},
    )
    assert {"small": expected, "large": expected} == destination.written


def test_upload_gives_attributes_to_each_object(tmp_path: Path) -> None:
    """A file has none of its own but its time."""
    store = container()
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"x")
    asked = Attributes(content_type="text/x", metadata={"by": "me"})
    operations.upload(f"{tmp_path}/*", f"{store.uri}/", attributes=asked)
    for name in ("a", "b"):
        mtime = {"mtime": mtime_text((tmp_path / name).stat().st_mtime_ns)}
        expected = dataclasses.replace(asked, metadata={**mtime, **asked.metadata})
        assert store.head(name).attributes == expected


def test_storage_class_and_tags_do_not_travel() -> None:
    """What describes an object doesn't carry them, so that a copy doesn't take them over."""
    store = container()
    store.put("k", b"x", attributes=Attributes("text/x", storage_class="COLD", tags={"a": "b"}))
    assert store.head("k").attributes == Attributes("text/x")


def test_store_without_attributes_gets_none(tmp_path: Path) -> None:
    """They are dropped, as those of a source are."""
    store = container()
    store.put("k", b"x")
    report = operations.copy(f"{store.uri}/k", tmp_path / "k", attributes=Attributes("text/x"))
    assert (1, b"x") == (report.done_count, (tmp_path / "k").read_bytes())


def test_attributes_of_another_type_are_refused(tmp_path: Path) -> None:
    """A dictionary is a mistake that is told at once."""
    with pytest.raises(TypeError, match="of the class Attributes"):
        operations.upload(tmp_path, "memory://x/", attributes={"content_type": "x"})  # type: ignore[arg-type]
