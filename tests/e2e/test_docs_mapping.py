"""The tables of docs/mapping.md say what happens."""

from __future__ import annotations

import re
import shlex
import uuid
from typing import TYPE_CHECKING, Final

import pytest

from s3dlio_cli.app import run
from s3dlio_core import operations
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from tests.servers.base import REPOSITORY_ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from s3dlio_core.transfer.report import TransferReport

pytestmark = pytest.mark.one_wire

_ROW: Final = re.compile(r"^\| (.+) \| (.+) \|$", re.MULTILINE)
_CODE: Final = re.compile(r"`([^`]*)`")
FILES: Final = ("data/a.log", "data/b.txt", "data/2024/c.log")


def _tables() -> list[list[tuple[str, str]]]:
    """The rows of each table, without its head."""
    text = (REPOSITORY_ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    tables = [_ROW.findall(block) for block in text.split("\n\n")]
    return [rows[1:] for rows in tables if rows]


NAMES, KEYS = _tables()


@pytest.fixture
def container() -> MemoryStore:
    """An empty container."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return MemoryStore(name)


@pytest.mark.parametrize(("arguments", "objects"), NAMES, ids=lambda text: text)
def test_names_at_the_destination(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    container: MemoryStore,
    arguments: str,
    objects: str,
) -> None:
    """The arguments give these objects."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    line = _CODE.findall(arguments)[0].replace("s3://bucket", container.uri)
    assert 0 == run(["upload", "-q", *shlex.split(line)])
    assert _CODE.findall(objects) == [one.key for one in container.list_page().objects]


def _download(container: MemoryStore, case: str, goal: Path) -> TransferReport:
    """Put the keys of a row into a container, and download all of it."""
    written = [one.encode().decode("unicode_escape") for one in _CODE.findall(case)]
    for key in written:
        container.put(f"from/{key}", b"" if "no bytes" in case and key == written[0] else b"bytes")
    return operations.download(f"{container.uri}/from/", goal, raise_on_failure=False)


@pytest.mark.parametrize(("case", "outcome"), KEYS, ids=lambda text: text)
def test_from_keys_to_local_files(
    tmp_path: Path, container: MemoryStore, case: str, outcome: str
) -> None:
    """The key is written, skipped or refused for this reason, and nothing lies outside."""
    goal = tmp_path / "in" / "goal"
    report = _download(container, case, goal)
    beside = ["below"] if "beside" in case else []
    assert beside == [path.name for path in goal.rglob("below")]
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "below"]
    if outcome == "written":
        name = _CODE.findall(case)[0].encode().decode("unicode_escape")
        assert [goal / name] == written
        return
    assert [] == written
    if outcome == "skipped":
        assert (report.skipped_count, report.failed_count) == (1, 0)
        return
    (failure,) = report.failures
    assert outcome.startswith("fails")
    assert _CODE.findall(outcome)[0] in str(failure.error)


def test_the_tables_are_found() -> None:
    """A table that is written in another way isn't passed over."""
    assert min(len(NAMES), len(KEYS)) > 10
