"""What keeps a sync from deleting: whatever goes wrong, nothing is deleted, and it is said why.

The disasters: a listing that breaks off on its second page, one that repeats its token, one that is
out of order, on either side; objects that fail; a source that isn't there.
"""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from s3dlio_core import errors, registry
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.operations import sync
from s3dlio_core.store import ListError, Page
from s3dlio_core.testing import Fault, FaultyStore
from s3dlio_core.transfer import CancelToken, TransferReport
from s3dlio_core.trees.extras import why_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from s3dlio_core.store import ObjectStore

KEYS = ("a", "b", "c", "d", "e")
EXTRAS = ("bb", "dd", "z")
DENIED = errors.PermissionDeniedError("no")


class Listed(FaultyStore):
    """A store whose pages a test changes."""

    def __init__(self, inner: ObjectStore) -> None:
        super().__init__(inner)
        self.change: Callable[[int, Page], Page] = lambda number, page: page
        self.pages = 0

    def list_page(
        self,
        prefix: str = "",
        *,
        delimiter: str = "",
        token: str | None = None,
        start_after: str = "",
        page_size: int | None = None,
    ) -> Page:
        """List a page and change it."""
        self.pages += 1
        page = super().list_page(
            prefix,
            delimiter=delimiter,
            token=token,
            start_after=start_after,
            page_size=page_size,
        )
        return self.change(self.pages, page)


class ServedProvider(MemoryProvider):
    """Serves the stores that a test has made."""

    stores: ClassVar[dict[str, Listed]] = {}

    def open(self, container: str) -> ObjectStore:
        """Return one."""
        return self.stores[container]

    def container_exists(self, name: str) -> bool:
        """Return that it does."""
        return name in self.stores


@pytest.fixture(autouse=True)
def _served() -> Iterator[None]:
    registry.register("served", ServedProvider)
    yield
    registry.unregister("served")
    ServedProvider.stores.clear()


def _served_store(name: str, *keys: str) -> Listed:
    container = uuid.uuid4().hex
    MemoryProvider().create_container(container)
    store = Listed(MemoryStore(container, page_size_max=2))
    for key in keys:
        store.inner.put(key, key.encode())
    ServedProvider.stores[name] = store
    return store


@pytest.fixture
def source() -> Listed:
    """Has five objects on three pages."""
    return _served_store("source", *KEYS)


@pytest.fixture
def destination() -> Listed:
    """Has two of them, and three others."""
    return _served_store("destination", *KEYS[:2], *EXTRAS)


def _keys(store: Listed) -> list[str]:
    keys: list[str] = []
    token = None
    while True:
        page = store.inner.list_page(token=token)
        keys += [info.key for info in page.objects]
        token = page.next_token
        if token is None:
            return keys


def _sync(**keywords: object) -> TransferReport:
    return sync(
        "served://source",
        "served://destination",
        delete=True,
        raise_on_failure=False,
        **keywords,  # type: ignore[arg-type]
    )


def _assert_nothing_deleted(report: TransferReport, destination: Listed) -> None:
    assert not report.ok
    assert report.deleted_count == 0
    assert set(EXTRAS) <= set(_keys(destination))
    assert destination.count("delete_many") == destination.count("delete") == 0


def test_without_a_fault_the_extras_go(source: Listed, destination: Listed) -> None:
    """What the tests below rely on."""
    report = _sync()
    assert report.ok
    assert (report.done_count, report.deleted_count) == (3, 3)
    assert _keys(destination) == _keys(source)


def _repeated(number: int, page: Page) -> Page:
    """Repeat the first token: the listing would never end."""
    return dataclasses.replace(page, next_token="key:b") if number > 1 else page


def _repeated_and_empty(number: int, page: Page) -> Page:
    """Repeat it with pages that have nothing, so that no key tells it."""
    return dataclasses.replace(page, objects=(), next_token="key:b") if number > 1 else page


def _out_of_order(number: int, page: Page) -> Page:
    """Turn the second page round."""
    return dataclasses.replace(page, objects=page.objects[::-1]) if number == 2 else page


def _again(number: int, page: Page) -> Page:
    """Give a key of the first page on the second one."""
    if number != 2:
        return page
    return dataclasses.replace(
        page, objects=[dataclasses.replace(page.objects[0], key="a"), *page.objects]
    )


def _truncated(number: int, page: Page) -> Page:
    """Give no token for what follows, though something does, and then what was left out."""
    error = ListError("c", DENIED)
    return dataclasses.replace(page, next_token=None, errors=[error]) if number == 1 else page


@pytest.mark.parametrize("side", ["source", "destination"])
@pytest.mark.parametrize(
    "change", [_repeated, _repeated_and_empty, _out_of_order, _again, _truncated]
)
def test_a_broken_listing_deletes_nothing(
    source: Listed, destination: Listed, side: str, change: Callable[[int, Page], Page]
) -> None:
    """Whatever a service makes of its listing, on either side."""
    (source if side == "source" else destination).change = change
    report = _sync()
    _assert_nothing_deleted(report, destination)
    assert "nothing was deleted" in " ".join(report.notes)


ERRORS = [DENIED, errors.ServiceError("broken"), errors.CredentialsError("expired")]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(
    ("side", "page"),
    [("source", 2), ("source", 3), ("destination", 1), ("destination", 2), ("destination", 3)],
)
def test_a_listing_that_fails_deletes_nothing(
    source: Listed, destination: Listed, side: str, page: int, error: errors.S3dlioError
) -> None:
    """On whatever page, with whatever scope."""
    store = source if side == "source" else destination
    store.add(Fault("list_page", error, skip=page - 1, times=None))
    report = _sync()
    _assert_nothing_deleted(report, destination)
    assert report.stopped_by is not None
    assert report.stopped_by.reason == error.reason


@pytest.mark.parametrize("error", ERRORS)
def test_a_source_that_can_not_be_listed_changes_nothing(
    source: Listed, destination: Listed, error: errors.S3dlioError
) -> None:
    """On the first page of the source nothing has begun."""
    source.add(Fault("list_page", error, times=None))
    with pytest.raises(type(error), match=error.reason):
        _sync()
    assert _keys(destination) == sorted([*KEYS[:2], *EXTRAS])


def test_a_copy_that_fails_keeps_the_extras(source: Listed, destination: Listed) -> None:
    """All others are copied; the note says why nothing was deleted."""
    destination.add(Fault("copy_from", DENIED, key="d"))
    report = _sync()
    _assert_nothing_deleted(report, destination)
    assert report.done_count == 2
    assert report.notes == ("nothing was deleted, since 1 object failed",)


@pytest.mark.parametrize("error", [errors.CredentialsError("no"), errors.StorageFullError("full")])
def test_a_copy_that_stops_the_run_keeps_the_extras(
    source: Listed, destination: Listed, error: errors.S3dlioError
) -> None:
    """Also when both listings have come to their ends by then."""
    destination.add(Fault("copy_from", error, key="e"))
    report = _sync()
    _assert_nothing_deleted(report, destination)
    assert report.notes == ("nothing was deleted, since the run was stopped",)


@pytest.mark.parametrize(
    ("report", "why"),
    [
        (TransferReport("sync", done_count=1, skipped_count=1), ""),
        (TransferReport("sync", failed_count=2), "2 objects failed"),
        (TransferReport("sync", stopped_by=errors.CancelledError("no")), "the run was stopped"),
    ],
)
def test_only_a_run_that_did_all_may_delete(report: TransferReport, why: str) -> None:
    """A stop that came after the last listing has no failure."""
    assert why_kept(report) == why


def test_a_copy_that_comes_right_in_the_end_is_no_obstacle(
    source: Listed, destination: Listed
) -> None:
    """What another pass has copied hasn't failed."""
    destination.add(Fault("copy_from", DENIED, key="d"))
    report = _sync(retries=1)
    assert report.ok
    assert _keys(destination) == _keys(source)


@pytest.mark.parametrize("max_delete", [0, 2])
@pytest.mark.parametrize("dry_run", [False, True])
def test_more_than_allowed_is_nothing(
    source: Listed, destination: Listed, max_delete: int, *, dry_run: bool
) -> None:
    """All is copied, and not even as many are deleted as would be allowed."""
    report = _sync(max_delete=max_delete, dry_run=dry_run)
    _assert_nothing_deleted(report, destination)
    assert report.done_count == 3
    assert isinstance(report.stopped_by, errors.DeletionRefusedError)
    assert f"max_delete is {max_delete}" in str(report.stopped_by)
    assert not [planned for planned in report.planned if not planned.destination]


def test_as_many_as_allowed_go(source: Listed, destination: Listed) -> None:
    """The limit is what may be deleted."""
    assert _sync(max_delete=3).deleted_count == 3
    assert _keys(destination) == _keys(source)


@pytest.mark.parametrize("delete", [False, True])
def test_an_empty_source_changes_nothing(destination: Listed, *, delete: bool) -> None:
    """A prefix that is mistyped, or a disk that isn't mounted, looks just like it."""
    _served_store("source")
    with pytest.raises(errors.NothingMatchedError):
        sync("served://source/", "served://destination/", delete=delete)
    assert destination.count("copy_from") == destination.count("delete_many") == 0


@pytest.mark.parametrize("markers", [("p/",), ("p/sub/",), ("p/", "p/sub/", "p/sub/deep/")])
def test_a_source_of_empty_folders_deletes_nothing(
    source: Listed, destination: Listed, markers: tuple[str, ...]
) -> None:
    """Consoles leave markers of folders behind: what has nothing else is empty."""
    for key in markers:
        source.inner.put(key, b"")
    report = sync("served://source/p", "served://destination", delete=True, raise_on_failure=False)
    _assert_nothing_deleted(report, destination)
    assert isinstance(report.stopped_by, errors.DeletionRefusedError)


def test_an_object_beside_the_marker_is_a_source(source: Listed, destination: Listed) -> None:
    """Also an empty one."""
    source.inner.put("p/", b"")
    source.inner.put("p/x", b"")
    sync("served://source/p", "served://destination", delete=True)
    assert "x" in _keys(destination)
    assert not set(EXTRAS) & set(_keys(destination))


def test_a_source_of_which_the_filters_leave_nothing_deletes_nothing(
    source: Listed, destination: Listed
) -> None:
    """To the destination it looks like an empty one."""
    report = _sync(include=["z*"])
    _assert_nothing_deleted(report, destination)
    assert isinstance(report.stopped_by, errors.DeletionRefusedError)


def test_an_empty_answer_to_a_jump_is_no_end(source: Listed, destination: Listed) -> None:
    """A service may not know where a listing is to begin; what lies there isn't gone."""

    class Lost(Listed):
        def list_page(self, prefix: str = "", **options: Any) -> Page:
            if options.get("start_after"):
                return Page(())
            return super().list_page(prefix, **options)

    for number in range(5):
        source.inner.put(f"c/{number}", b"")
    ServedProvider.stores["source"] = Lost(source.inner)
    report = _sync(exclude=["c/"])
    assert (report.ok, report.deleted_count) == (True, len(EXTRAS))
    assert _keys(destination) == list(KEYS)


def test_a_deletion_that_fails_is_told(source: Listed, destination: Listed) -> None:
    """By name; the others go."""
    destination.add(Fault("delete_many", DENIED, key="dd"))
    report = _sync()
    assert (report.deleted_count, report.failed_count) == (2, 1)
    assert [failure.source for failure in report.failures] == [destination.uri_of("dd")]
    assert _keys(destination) == sorted([*_keys(source), "dd"])


def test_a_deletion_that_is_refused_as_a_whole_ends_the_run(
    source: Listed, destination: Listed
) -> None:
    """What was copied is counted."""
    destination.add(Fault("delete_many", errors.CredentialsError("expired")))
    report = _sync()
    assert (report.done_count, report.deleted_count) == (3, 0)
    assert isinstance(report.stopped_by, errors.CredentialsError)


def test_an_unreadable_directory_deletes_nothing(tmp_path: Path, destination: Listed) -> None:
    """Of the source: what lies in it isn't known; of the destination likewise."""
    (tmp_path / "a").touch()
    (tmp_path / "b").symlink_to("nowhere")
    report = sync(tmp_path, "served://destination", delete=True, raise_on_failure=False)
    _assert_nothing_deleted(report, destination)
    assert report.notes == ("nothing was deleted, since 1 object failed",)


def test_a_cancelled_run_deletes_nothing(source: Listed, destination: Listed) -> None:
    """Neither when it is cancelled while it copies."""
    token = CancelToken()

    def cancel(number: int, page: Page) -> Page:
        if number == 3:
            token.cancel()
        return page

    source.change = cancel
    report = _sync(cancel=token)
    _assert_nothing_deleted(report, destination)
    assert isinstance(report.stopped_by, errors.CancelledError)
