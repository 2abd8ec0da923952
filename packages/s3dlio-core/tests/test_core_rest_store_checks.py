"""What stores over HTTP check themselves, and listings in pages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core.errors import (
    NotSupportedError,
    ObjectTooLargeError,
    PermissionDeniedError,
    Scope,
    ServiceError,
    UsageError,
)
from s3dlio_core.memory_store import MemoryProvider
from s3dlio_core.rest.deletes import delete_singly
from s3dlio_core.rest.paging import all_pages
from s3dlio_core.rest.percent import is_utf8
from s3dlio_core.rest.store_checks import (
    check_answered_version,
    check_condition,
    check_listing,
    check_put_size,
    known_options,
)
from s3dlio_core.store import Condition

if TYPE_CHECKING:
    from s3dlio_core.store import ObjectStore


def store(**capabilities: Any) -> ObjectStore:
    """A store that has all but what is said."""
    made = MemoryProvider.from_options("memory", {}).open("c")
    made.capabilities = replace(made.capabilities, **capabilities)
    made.limits = replace(made.limits, put_size_max_bytes=5)
    return made


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ((":", "", None), NotSupportedError, "the delimiter ':' isn't /"),
        (("/", "k", None), NotSupportedError, "listings can't begin after a key"),
        (("", "", 0), UsageError, "the page size must be at least 1"),
    ],
)
def test_listings_that_are_refused(
    asked: tuple[str, str, int | None], error: type[Exception], said: str
) -> None:
    """What a store doesn't have isn't left to the service."""
    check_listing(store(start_after=True), "/", "k", 1)
    with pytest.raises(error, match=said):
        check_listing(store(start_after=False), *asked)


def test_reason_for_no_beginning_can_be_the_stores() -> None:
    """It may depend on the kind of container."""
    with pytest.raises(NotSupportedError, match="such buckets haven't"):
        check_listing(store(start_after=False), "", "k", 1, no_start_after="such buckets haven't")


@pytest.mark.parametrize(
    ("lacks", "condition"),
    [
        ("put_if_absent", Condition(if_absent=True)),
        ("put_if_match", Condition(if_match="e")),
    ],
)
def test_conditions_that_a_store_lacks(lacks: str, condition: Condition) -> None:
    """They are refused, and others aren't."""
    both = {"put_if_absent": True, "put_if_match": True}
    check_condition(store(**both), "put", "k", condition)
    check_condition(store(**both | {lacks: False}), "put", "k", None)
    with pytest.raises(NotSupportedError, match=r"put memory://c/k.* conditional writes"):
        check_condition(store(**both | {lacks: False}), "put", "k", condition)


def test_more_than_one_request_takes() -> None:
    """It is refused before it is sent."""
    check_put_size(store(), "k", 5)
    with pytest.raises(ObjectTooLargeError, match="6 bytes are more than one put takes"):
        check_put_size(store(), "k", 6)


def test_another_version_than_asked_for() -> None:
    """A server that ignores the parameter answers with the newest."""
    check_answered_version("read", "u", None, "2", keeper="bucket")
    check_answered_version("read", "u", "2", "2", keeper="bucket")
    with pytest.raises(NotSupportedError, match=r"version 2, not '1'.*the bucket keeps"):
        check_answered_version("read", "u", "1", "2", keeper="bucket")


def test_unknown_options() -> None:
    """All of them are named."""
    assert known_options({"a": "1"}, {"a", "b"}) == {"a": "1"}
    with pytest.raises(UsageError, match="unknown option x, y"):
        known_options({"y": "", "a": "", "x": ""}, {"a"})


@pytest.mark.parametrize(
    ("text", "expected"), [("", True), ("aü\N{GRINNING FACE}", True), ("\udc80", False)]
)
def test_utf_8(text: str, *, expected: bool) -> None:
    """A lone surrogate is all that it can't hold."""
    assert expected == is_utf8(text)


def test_pages_follow_each_other() -> None:
    """Each is fetched when it is wanted."""
    fetched: list[str | None] = []

    def fetch(token: str | None) -> int:
        fetched.append(token)
        return len(fetched)

    pages = all_pages(fetch, lambda page: f"t{page}" if page < 3 else None, operation="list")
    assert (next(pages), fetched) == (1, [None])
    assert ([2, 3], [None, "t1", "t2"]) == (list(pages), fetched)


def test_page_that_names_itself_ends_the_listing() -> None:
    """Or it would never end."""
    pages = all_pages(lambda token: token, lambda _: "t", operation="list", uri="u")
    with pytest.raises(ServiceError, match="list u: the service repeats a page"):
        list(pages)


def test_each_key_is_deleted_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fails is told, unless the error is about more than the key."""
    made = store()
    deleted: list[str] = []

    def delete(key: str) -> None:
        deleted.append(key)
        if key in {"object", "store"}:
            raise PermissionDeniedError("no", scope=Scope(key))

    monkeypatch.setattr(made, "delete", delete)
    assert ["object"] == [failed.key for failed in delete_singly(made, ["a", "object", "b"])]
    assert deleted == ["a", "object", "b"]
    with pytest.raises(PermissionDeniedError):
        list(delete_singly(made, ["store", "c"]))
    assert deleted[3:] == ["store"]
