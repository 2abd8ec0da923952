"""The table of docs/selection.md says what happens, for files and for objects."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Final

import pytest

from s3dlio_core import operations
from s3dlio_core.errors import NothingMatchedError
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.selection.reading import Reading, read
from tests.e2e.truth import write_tree
from tests.servers.base import REPOSITORY_ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.one_wire

TEXT: Final = (REPOSITORY_ROOT / "docs" / "selection.md").read_text(encoding="utf-8")
_ROW: Final = re.compile(
    r"^\| `(/.+)` \| (literal|glob|regex) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE
)
_CODE: Final = re.compile(r"`([^`]+)`")
_BLOCK: Final = re.compile(r"^```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILES: Final = _BLOCK.search(TEXT)
FILES: Final = _FILES[1].split() if _FILES else []
ROWS: Final = [
    (source.replace("\\|", "|"), reading, flat, deep if deep != "the same" else flat)
    for source, reading, flat, deep in _ROW.findall(TEXT)
]
#: The examples of the original's release notes for version 0.8.3.
ANNOUNCED: Final = (
    "/data/*.log",
    "/data/backup_*.tar.gz",
    "/logs/app-??.log",
    r"/data/.*\.json$",
    r"/logs/app-[0-9]{4}\.log",
    r"/data/file_\d+\.csv$",
    "/entire-directory/",
)


def _container() -> MemoryStore:
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return MemoryStore(name)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the files of the document."""
    return write_tree(tmp_path_factory.mktemp("root"), dict.fromkeys(FILES, b"x"))


@pytest.fixture(scope="module")
def bucket() -> str:
    """A container with the same names."""
    store = _container()
    for name in FILES:
        store.put(name, b"x")
    return store.uri


def _copied(source: str, *, recursive: bool) -> list[str]:
    goal = _container()
    try:
        operations.copy(source, f"{goal.uri}/", recursive=recursive)
    except NothingMatchedError:
        return []
    return [info.key for info in goal.list_page().objects]


@pytest.mark.parametrize(("source", "reading", "flat", "deep"), ROWS, ids=[row[0] for row in ROWS])
def test_an_example_of_the_document_holds(
    root: Path, bucket: str, source: str, reading: str, flat: str, deep: str
) -> None:
    """What is read how, and what is copied with and without recursion, from either kind."""
    asked = Reading.AUTO
    found = read(source[1:], asked, exists_as_written=False, may_be_regex=True)
    assert reading == found.value
    for base in (str(root), bucket):
        assert _CODE.findall(flat) == _copied(base + source, recursive=False)
        assert _CODE.findall(deep) == _copied(base + source, recursive=True)


def test_what_was_announced_is_in_the_table() -> None:
    """A row that is written in another way isn't passed over."""
    assert set(ANNOUNCED) <= {row[0] for row in ROWS}
    assert TEXT.count("\n| `/") == len(ROWS)
