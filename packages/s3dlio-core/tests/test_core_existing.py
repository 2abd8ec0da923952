"""What the destination's listing tells of keys that are looked up in order."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core import errors, operations
from s3dlio_core.memory_store import MemoryProvider, MemoryStore
from s3dlio_core.store import Capabilities, ListError, ListOrder, ObjectInfo, Page
from s3dlio_core.transfer.engine import Engine
from s3dlio_core.transfer.existing import PAUSE_MIN, DestinationListing, with_existing
from s3dlio_core.transfer.overwrite import Overwrite, OverwriteRule
from s3dlio_core.transfer.plan import ABSENT, CopyItem, Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

CHANGED = OverwriteRule(Overwrite.CHANGED)


class Counting(MemoryStore):
    """Lists the keys of a test, and counts its pages and heads."""

    def __init__(
        self,
        keys: Iterable[str],
        *,
        page_size: int = 1000,
        capabilities: Capabilities | None = None,
    ) -> None:
        name = uuid.uuid4().hex
        MemoryProvider().create_container(name)
        super().__init__(name, capabilities=capabilities, page_size_max=page_size)
        for key in keys:
            self.put(key, b"")
        self.page_count = self.head_count = 0

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        """Count it."""
        self.page_count += 1
        return super().list_page(prefix, **options)

    def head(self, key: str, *, version: str | None = None) -> ObjectInfo:
        """Count it."""
        self.head_count += 1
        return super().head(key, version=version)


_keys = st.lists(st.text("ab/é\U0001f600", min_size=1, max_size=4), unique=True, max_size=60).map(
    sorted
)


@given(
    existing=_keys,
    looked_up=st.lists(_keys, max_size=3).map(
        lambda lists: [key for keys in lists for key in keys]
    ),
    page_size=st.integers(1, 5),
    start_after=st.booleans(),
    pause=st.integers(0, 3),
)
def test_answers_are_true(
    existing: Sequence[str],
    looked_up: Sequence[str],
    page_size: int,
    start_after: bool,
    pause: int,
) -> None:
    """Whatever is there and asked for: an answer is right, or none is given."""
    capabilities = Capabilities(start_after=start_after)
    store = Counting(existing, page_size=page_size, capabilities=capabilities)
    listing = DestinationListing(store, "")
    listing._pause = listing._pause_left = pause
    for number, key in enumerate(looked_up, start=1):
        found = listing.find(key)
        if found is ABSENT:
            assert key not in existing
        elif found is not None:
            assert isinstance(found, ObjectInfo)
            assert (key, True) == (found.key, key in existing)
        assert store.page_count <= number


@pytest.mark.parametrize("start_after", [True, False])
def test_a_page_spares_a_thousand_requests(start_after: bool) -> None:
    """Where all is there, all but the first are known, a page for each thousand."""
    keys = [f"{number:06}" for number in range(20_000)]
    store = Counting(keys, capabilities=Capabilities(start_after=start_after))
    listing = DestinationListing(store, "")
    unknown = [key for key in keys if listing.find(key) is None]
    assert unknown == keys[:PAUSE_MIN]
    assert store.page_count <= 21


def test_gaps_on_either_side_are_known() -> None:
    """Every third key is there, and every second is asked for."""
    store = Counting(f"{number:06}" for number in range(0, 6000, 3))
    listing = DestinationListing(store, "")
    found = [listing.find(f"{number:06}") for number in range(0, 6000, 2)]
    assert found.count(None) == PAUSE_MIN
    assert found.count(ABSENT) == pytest.approx(2000, abs=PAUSE_MIN)
    assert store.page_count <= 3


def test_few_among_many_are_not_listed_for() -> None:
    """A page that answers one lookup isn't worth it: most are left to requests of their own."""
    store = Counting((f"{number:06}" for number in range(20_000)), page_size=20)
    listing = DestinationListing(store, "")
    for number in range(0, 20_000, 20):
        listing.find(f"{number:06}")
    assert store.page_count <= 10


def test_a_listing_goes_on_behind_what_does_not_matter() -> None:
    """Where the store can begin anywhere, nothing between is read."""
    dense = [f"z{number:06}" for number in range(2000)]
    store = Counting([*(f"a{number:06}" for number in range(20_000)), *dense])
    listing = DestinationListing(store, "")
    unknown = [key for key in dense if listing.find(key) is None]
    assert (PAUSE_MIN, 2) == (len(unknown), store.page_count)


@pytest.mark.parametrize(
    "capabilities",
    [Capabilities(list_order=ListOrder.UNSPECIFIED), Capabilities(directories=True)],
    ids=["no order", "a file system"],
)
def test_some_stores_are_not_listed(capabilities: Capabilities) -> None:
    """Where order isn't promised, or a request costs next to nothing."""
    store = Counting(["a"], capabilities=capabilities)
    listing = DestinationListing(store, "")
    assert {None} == {listing.find(f"{number:03}") for number in range(100)}
    assert store.page_count == 0


class Odd(Counting):
    """Answers with a page of a test, or its error."""

    page: Page | errors.S3dlioError

    def list_page(self, prefix: str = "", **options: Any) -> Page:
        """Count it."""
        super().list_page(prefix, **options)
        if isinstance(self.page, Page):
            return self.page
        raise self.page


@pytest.mark.parametrize(
    "page",
    [
        Page([ObjectInfo("b", 0), ObjectInfo("a", 0)]),
        Page([ObjectInfo("0", 0), ObjectInfo("1", 0)], next_token="x"),
        Page([], errors=[ListError("k/", errors.PermissionDeniedError("no"))]),
        errors.PermissionDeniedError("no"),
        errors.ContainerNotFoundError("no"),
    ],
    ids=["no order", "begins before", "left out", "denied", "no container"],
)
def test_a_listing_that_is_of_no_use_ends(page: Page | errors.S3dlioError) -> None:
    """Each object is asked for then; nothing is listed any more, and nothing fails."""
    store = Odd([])
    store.page = page
    listing = DestinationListing(store, "")
    assert {None} == {listing.find(f"k{number:03}") for number in range(100)}
    assert store.page_count == 1


def test_a_cancelled_listing_ends_the_plan() -> None:
    """It isn't taken for one that fails."""
    store = Odd([])
    store.page = errors.CancelledError("cancelled")
    listing = DestinationListing(store, "")
    with pytest.raises(errors.CancelledError):
        [listing.find(f"k{number:03}") for number in range(100)]


@pytest.mark.parametrize("start_after", [True, False])
def test_another_source_begins_before_the_last_one(start_after: bool) -> None:
    """The listing goes back there, as long as it answers much."""
    keys = [f"{number:06}" for number in range(3000)]
    store = Counting(keys, capabilities=Capabilities(start_after=start_after))
    listing = DestinationListing(store, "")
    found = [listing.find(key) for key in keys * 3]
    assert found.count(None) == PAUSE_MIN
    assert store.page_count <= 3 * 4


def test_keys_in_no_order_are_left_to_requests_of_their_own() -> None:
    """A page for each would cost more."""
    keys = [f"{number:06}" for number in range(3000)]
    store = Counting(keys, page_size=10)
    listing = DestinationListing(store, "")
    for key in sorted(keys, key=lambda key: key[::-1]):
        listing.find(key)
    assert store.page_count <= 12


def test_only_items_are_looked_up() -> None:
    """Other entries come as they are, in their places."""
    store = Counting(f"{number:03}" for number in range(100))
    items = [CopyItem(store, ObjectInfo(key, 0), key) for key in (f"{n:03}" for n in range(100))]
    entries = list(with_existing([Note("first"), *items, Note("last")], store, ""))
    assert (Note("first"), Note("last")) == (entries[0], entries[-1])
    assert [getattr(entry, "key", None) for entry in entries[1:-1]] == [one.key for one in items]
    assert all(isinstance(entry.existing, ObjectInfo) for entry in entries[1 + PAUSE_MIN : -1])  # type: ignore[union-attr]


def test_what_is_known_spares_the_engine_its_requests() -> None:
    """Nothing is copied, and hardly anything is asked for."""
    keys = [f"{number:06}" for number in range(3000)]
    source = Counting(keys)
    destination = Counting(keys)
    plan = [CopyItem(source, info, info.key) for key in keys for info in [source.head(key)]]
    entries = with_existing(plan, destination, "")
    report = Engine("copy", destination, jobs=2, rule=CHANGED).run(entries)
    assert (0, 3000) == (report.done_count, report.skipped_count)
    assert destination.head_count == PAUSE_MIN
    assert destination.page_count <= 4


def test_operations_list_below_the_destination_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may list one prefix may not list all; and `always` lists nothing."""
    for number in range(100):
        (tmp_path / f"{number:03}").write_bytes(b"x")
    store = Counting([])
    prefixes: list[str] = []
    real = MemoryStore.list_page

    def watched(self: MemoryStore, prefix: str = "", **options: Any) -> Page:
        prefixes.append(prefix)
        return real(self, prefix, **options)

    monkeypatch.setattr(MemoryStore, "list_page", watched)
    for overwrite, listed in ((None, []), ("changed", ["to/"])):
        operations.upload(f"{tmp_path}/", f"{store.uri}/to/", overwrite=overwrite)
        assert listed == [prefix for prefix in prefixes if prefix]
