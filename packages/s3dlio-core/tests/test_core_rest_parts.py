"""What uploads in parts have in common: checks before anything is sent, what a token keeps."""

from __future__ import annotations

import pytest

from s3dlio_core.errors import (
    ConnectionFailedError,
    InvalidPartError,
    ObjectNotFoundError,
    ObjectTooLargeError,
    PermissionDeniedError,
)
from s3dlio_core.rest import parts
from s3dlio_core.store import Condition, Limits, ObjectInfo, Part

LIMITS = Limits(
    put_size_max_bytes=20, object_size_max_bytes=30, part_size_max_bytes=10, part_count_max=3
)


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("size_bytes", [1, 10])
def test_parts_within_the_limits(number: int, size_bytes: int) -> None:
    """The first and the last number, the smallest and the largest part."""
    parts.check_part(LIMITS, "put part", "x://c/k", number, size_bytes)


@pytest.mark.parametrize(
    ("number", "size_bytes", "expected"),
    [
        (0, 1, InvalidPartError),
        (4, 1, InvalidPartError),
        (1, 0, InvalidPartError),
        (1, -1, InvalidPartError),
        (1, 11, ObjectTooLargeError),
    ],
)
def test_parts_beyond_the_limits(number: int, size_bytes: int, expected: type[Exception]) -> None:
    """They are refused with a line of their own."""
    with pytest.raises(expected, match="x://c/k"):
        parts.check_part(LIMITS, "put part", "x://c/k", number, size_bytes)


@pytest.mark.parametrize("size_bytes", [None, 0, 30])
def test_objects_within_the_limit(size_bytes: int | None) -> None:
    """An unknown size may turn out to be."""
    parts.check_object_size(LIMITS, "create", "x://c/k", size_bytes)


def test_object_beyond_the_limit() -> None:
    """It is refused before its first part is sent."""
    with pytest.raises(ObjectTooLargeError, match="31 bytes"):
        parts.check_object_size(LIMITS, "create", "x://c/k", 31)


@pytest.mark.parametrize("numbers", [[], [2, 1], [1, 1], [1, 3, 2]])
def test_parts_that_do_not_ascend(numbers: list[int]) -> None:
    """None, twice the same, or in another order."""
    with pytest.raises(InvalidPartError):
        parts.check_order([Part(number, 1, "e") for number in numbers], "complete", "x://c/k")


def test_parts_may_have_gaps() -> None:
    """Only the order counts."""
    parts.check_order([Part(number, 1, "e") for number in (1, 2, 7)], "complete", "x://c/k")


@pytest.mark.parametrize(("part_size_bytes", "expected"), [(None, None), (10, 20)])
def test_listed_parts_are_placed(part_size_bytes: int | None, expected: int | None) -> None:
    """Where the size of the others is known."""
    assert parts.placed(Part(3, 4, "e"), part_size_bytes).offset_bytes == expected


@pytest.mark.parametrize(
    "condition", [None, Condition(if_absent=True), Condition(if_match="an-etag")]
)
def test_conditions_come_back(condition: Condition | None) -> None:
    """From what a token keeps of them."""
    assert parts.condition_of_token(parts.condition_values(condition)) == condition


@pytest.mark.parametrize("values", [{"if_absent": True, "if_match": "e"}, {"if_match": 5}])
def test_conditions_that_make_no_sense(values: dict[str, object]) -> None:
    """A token that somebody changed is an error."""
    with pytest.raises((ValueError, TypeError)):
        parts.condition_of_token(values)


def test_written_object_is_looked_at() -> None:
    """What the service says counts, not what was sent."""
    info = ObjectInfo("k", 5)
    assert parts.looked_at(lambda: info, ObjectInfo("k", 6)) is info


def test_who_may_only_write_is_told_what_was_sent() -> None:
    """A permission that lacks is no failure of what was done; another error is."""
    sent = ObjectInfo("k", 6)

    def refuse() -> ObjectInfo:
        raise PermissionDeniedError("no")

    def cut_off() -> ObjectInfo:
        raise ConnectionFailedError("no")

    assert parts.looked_at(refuse, sent) is sent
    for look, otherwise in ((refuse, None), (cut_off, sent)):
        with pytest.raises((PermissionDeniedError, ConnectionFailedError)) as raised:
            parts.looked_at(look, otherwise)
        assert raised.value.maybe_done


def test_missing_object_has_no_etag() -> None:
    """A write under if_match meets the condition, or none."""
    missing = ObjectNotFoundError("no", operation="put", uri="x://c/k", code="C", request_id="r")
    error = parts.failed_condition(missing)
    assert (error.operation, error.uri, error.code, error.request_id) == (
        "put",
        "x://c/k",
        "C",
        "r",
    )
