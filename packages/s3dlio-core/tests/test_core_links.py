"""Symbolic links below a source: followed or skipped, and never for ever."""

from __future__ import annotations

import os
import pickle
import uuid
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors, operations
from s3dlio_core.file_store import FileStore
from s3dlio_core.listing import iterate
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.store import ListError, ObjectInfo

if TYPE_CHECKING:
    from pathlib import Path

    from s3dlio_core.transfer.report import TransferReport

SKIP = {"links": "skip"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with files, and links to a file, a directory, nothing and a place above."""
    root = tmp_path / "tree"
    (root / "d").mkdir(parents=True)
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "f").write_text("elsewhere")
    (root / "a").write_text("a")
    (root / "d" / "b").write_text("b")
    (root / "to-file").symlink_to("a")
    (root / "to-directory").symlink_to("../else")
    (root / "d" / "up").symlink_to("..")
    (root / "gone").symlink_to("nowhere")
    return root


@pytest.fixture
def container() -> MemoryStore:
    """An empty container."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    return MemoryStore(name)


def _upload(
    source: str, container: MemoryStore, options: dict[str, str] | None = None
) -> tuple[TransferReport, list[str]]:
    report = operations.upload(
        source, f"{container.uri}/", recursive=True, options=options, raise_on_failure=False
    )
    return report, [one.key for one in container.list_page().objects]


def test_links_are_followed(tree: Path, container: MemoryStore) -> None:
    """Their content is copied; one to nothing is a failure, one to above isn't entered."""
    report, keys = _upload(f"{tree}/", container)
    assert keys == ["a", "d/b", "to-directory/f", "to-file"]
    assert [f"file://{tree}/gone"] == [one.source for one in report.failures]


def test_links_are_skipped_when_that_is_asked_for(tree: Path, container: MemoryStore) -> None:
    """Each is counted, whatever it points to, and nothing has failed."""
    report, keys = _upload(f"{tree}/", container, SKIP)
    assert keys == ["a", "d/b"]
    assert (report.ok, report.skipped_count, report.done_count) == (True, 4, 2)


@pytest.mark.parametrize(
    ("pattern", "expected", "skipped_count"),
    [
        ("*", ["a", "d/b"], 4),
        ("to-*", [], 2),
        ("*/f", [], 0),
        ("**/[bf]", ["d/b"], 0),
        ("to-directory/*", ["f"], 0),
    ],
)
def test_patterns_skip_links_that_match(
    tree: Path, container: MemoryStore, pattern: str, expected: list[str], skipped_count: int
) -> None:
    """A link that is written out is followed, as a source that is one is."""
    if not expected and not skipped_count:
        with pytest.raises(errors.NothingMatchedError):
            _upload(f"{tree}/{pattern}", container, SKIP)
        return
    report, keys = _upload(f"{tree}/{pattern}", container, SKIP)
    assert (keys, report.skipped_count) == (expected, skipped_count)


@pytest.mark.parametrize(("name", "key"), [("to-file", "to-file"), ("to-directory/", "f")])
def test_a_link_that_is_named_is_followed(
    tree: Path, container: MemoryStore, name: str, key: str
) -> None:
    """Who names it means what it points to."""
    report, keys = _upload(f"{tree}/{name}", container, SKIP)
    assert (report.ok, keys) == (True, [key])


def test_other_operations_pass_skipped_links_over(tree: Path) -> None:
    """A listing doesn't have them, and a deletion leaves them; neither complains."""
    listed = [one.uri for one in operations.list(tree, recursive=True, options=SKIP)]
    assert [f"file://{tree}/a", f"file://{tree}/d/b"] == listed
    assert operations.delete(tree, recursive=True, options=SKIP).done_count == 2
    assert {"gone", "to-directory", "to-file", "d"} == {path.name for path in tree.iterdir()}


def test_pages_of_skipped_links_join(tree: Path) -> None:
    """A walk that starts again in the middle still knows what to skip, also after a pickle."""
    store = pickle.loads(pickle.dumps(FileStore(str(tree), follow_links=False)))
    first = store.list_page(page_size=1)
    store.close()
    second = store.list_page(token=first.next_token)
    assert ["a", "d/b"] == [one.key for one in (*first.objects, *second.objects)]
    assert all(one.wanted for one in second.errors)


def test_an_unknown_way_with_links_is_refused(tree: Path, container: MemoryStore) -> None:
    """The message says what there is."""
    with pytest.raises(errors.UsageError, match='"follow" or "skip" or "own"'):
        _upload(f"{tree}/", container, {"links": "copy"})


def test_links_that_lead_to_each_other_end(tmp_path: Path) -> None:
    """Two directories with links to each other are walked once from each side."""
    for one, other in (("x", "y"), ("y", "x")):
        (tmp_path / one).mkdir()
        (tmp_path / one / "f").write_text(one)
        (tmp_path / one / "other").symlink_to(tmp_path / other)
    with FileStore(str(tmp_path)) as store:
        keys = [found.key for found in iterate(store) if isinstance(found, ObjectInfo)]
    assert keys == ["x/f", "x/other/f", "y/f", "y/other/f"]


def test_a_chain_of_links_that_is_too_long_is_one_failure(tmp_path: Path) -> None:
    """The system's own limit is that link's error."""
    (tmp_path / "0").write_text("text")
    for number in range(1, 60):
        (tmp_path / str(number)).symlink_to(str(number - 1))
    with FileStore(str(tmp_path)) as store:
        found = list(iterate(store))
    assert 60 == len(found)
    assert any(isinstance(one, ListError) for one in found)
    assert all(not one.wanted for one in found if isinstance(one, ListError))


def test_special_files_are_left_out_with_a_warning(
    tree: Path, container: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is named in the log, and what is a file arrives."""
    os.mkfifo(tree / "fifo")
    report, keys = _upload(f"{tree}/", container, SKIP)
    assert (report.ok, keys) == (True, ["a", "d/b"])
    assert any(f"left out {tree}/fifo" in record.getMessage() for record in caplog.records)
