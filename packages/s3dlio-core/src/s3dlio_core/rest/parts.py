"""What uploads in parts have in common, whatever the service: checks, and what a token keeps.

Rules that hold in this file:
- Nothing is asked of a service, but through functions that are given.
- What a service would refuse anyway is refused before anything is sent, with a line of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from s3dlio_core.errors import (
    InvalidPartError,
    ObjectTooLargeError,
    PermissionDeniedError,
    PreconditionFailedError,
    S3dlioError,
)
from s3dlio_core.logs import get_logger
from s3dlio_core.store import Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from s3dlio_core.errors import ObjectNotFoundError
    from s3dlio_core.store import Limits, ObjectInfo, Part

__all__ = [
    "check_object_size",
    "check_order",
    "check_part",
    "condition_of_token",
    "condition_values",
    "failed_condition",
    "looked_at",
    "placed",
]

_log = get_logger("rest")


def check_part(limits: Limits, operation: str, uri: str, number: int, size_bytes: int) -> None:
    """Check a part before it is sent.

    Args:
        limits: of the store.
        operation: for messages.
        uri: likewise.
        number: the part's.
        size_bytes: its length.

    Raises:
        InvalidPartError: the number is out of range, or the part is empty.
        ObjectTooLargeError: it is too long.
    """
    if not 1 <= number <= limits.part_count_max:
        raise InvalidPartError(
            f"part number {number} is not 1 to {limits.part_count_max}",
            operation=operation,
            uri=uri,
        )
    if size_bytes <= 0:
        raise InvalidPartError("the part is empty", operation=operation, uri=uri)
    if size_bytes > limits.part_size_max_bytes:
        raise ObjectTooLargeError(
            f"the part has {size_bytes} bytes, more than {limits.part_size_max_bytes}",
            operation=operation,
            uri=uri,
        )


def check_object_size(limits: Limits, operation: str, uri: str, size_bytes: int | None) -> None:
    """Check that an object can be as large as it is to be, where that is known.

    Raises:
        ObjectTooLargeError: it can't.
    """
    largest = limits.object_size_max_bytes
    if size_bytes is not None and largest is not None and size_bytes > largest:
        raise ObjectTooLargeError(
            f"{size_bytes} bytes are more than the service stores", operation=operation, uri=uri
        )


def check_order(parts: Sequence[Part], operation: str, uri: str) -> None:
    """Check that there are parts, and that they ascend by their numbers.

    Raises:
        InvalidPartError: they don't, or there is none.
    """
    numbers = [part.number for part in parts]
    if not numbers or any(after <= before for before, after in zip(numbers, numbers[1:])):  # noqa: B905, RUF007 - pairs
        raise InvalidPartError(
            "a part is out of order" if numbers else "there are no parts",
            operation=operation,
            uri=uri,
        )


def placed(part: Part, part_size_bytes: int | None) -> Part:
    """Return a part that a service lists, with its place in the object where that is known.

    Args:
        part: as it is listed.
        part_size_bytes: the size of all parts but the last, or None: they may differ.
    """
    if part_size_bytes is None:
        return part
    return replace(part, offset_bytes=(part.number - 1) * part_size_bytes)


def condition_values(condition: Condition | None) -> dict[str, object]:
    """Return what a token keeps of a condition that the service takes only at the end."""
    values: dict[str, object] = {}
    if condition is not None and condition.if_absent:
        values["if_absent"] = True
    if condition is not None and condition.if_match is not None:
        values["if_match"] = condition.if_match
    return values


def condition_of_token(values: Mapping[str, object]) -> Condition | None:
    """Return the condition that a token keeps, or None.

    Raises:
        ValueError: it keeps two.
        TypeError: an ETag that is no text.
    """
    if_absent, if_match = bool(values.get("if_absent")), values.get("if_match")
    if if_match is not None and not isinstance(if_match, str):
        raise TypeError("an ETag is a text")
    if not if_absent and if_match is None:
        return None
    return Condition(if_absent=if_absent, if_match=if_match)


def looked_at(look: Callable[[], ObjectInfo], otherwise: ObjectInfo | None = None) -> ObjectInfo:
    """Return an object that was just written, as the service describes and has measured it.

    Args:
        look: asks the service.
        otherwise: what is told to who may only write; None: the error is raised.

    Raises:
        S3dlioError: it can't be asked; the object may be there.
    """
    try:
        return look()
    except S3dlioError as error:
        if otherwise is not None and isinstance(error, PermissionDeniedError):
            _log.debug("no permission to measure %s after it was written", error.uri)
            return otherwise
        error.maybe_done = True
        raise


def failed_condition(error: ObjectNotFoundError) -> PreconditionFailedError:
    """Return what a missing object means to a write under if_match."""
    return PreconditionFailedError(
        "no object has the key, so none has the ETag",
        operation=error.operation,
        uri=error.uri,
        code=error.code,
        request_id=error.request_id,
    )
