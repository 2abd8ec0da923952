"""What stores over HTTP check before they send anything, and of what they get.

Rules that hold in this file:
- Pure. Capabilities and limits decide, which are data of a store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.errors import NotSupportedError, ObjectTooLargeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from s3dlio_core.store import Condition, ObjectStore

__all__ = [
    "check_answered_version",
    "check_condition",
    "check_listing",
    "check_put_size",
    "known_options",
]


def known_options(options: Mapping[str, str], names: AbstractSet[str]) -> Mapping[str, str]:
    """Return options as they were given.

    Raises:
        UsageError: one has none of the names.
    """
    unknown = sorted(set(options) - names)
    if unknown:
        raise UsageError(f"unknown option {', '.join(unknown)}")
    return options


def check_listing(
    store: ObjectStore,
    delimiter: str,
    start_after: str,
    page_size: int | None,
    *,
    no_start_after: str = "listings can't begin after a key",
) -> None:
    """Check what a listing is asked for.

    Args:
        store: the store.
        delimiter: "" or "/".
        start_after: the key after which it begins, or "".
        page_size: how many keys a page may have, or None.
        no_start_after: the reason where the store has no such listings.

    Raises:
        NotSupportedError: another delimiter, or a beginning that the store doesn't have.
        UsageError: pages without keys.
    """
    if delimiter not in {"", "/"}:
        raise NotSupportedError(
            f"the delimiter {delimiter!r} isn't /", operation="list", uri=store.uri
        )
    if start_after and not store.capabilities.start_after:
        raise NotSupportedError(no_start_after, operation="list", uri=store.uri)
    if page_size is not None and page_size < 1:
        raise UsageError("the page size must be at least 1", operation="list", uri=store.uri)


def check_condition(
    store: ObjectStore, operation: str, key: str, condition: Condition | None
) -> None:
    """Check that a store has such conditional writes.

    Raises:
        NotSupportedError: it hasn't.
    """
    if condition is None:
        return
    lacks_absent = condition.if_absent and not store.capabilities.put_if_absent
    lacks_match = condition.if_match is not None and not store.capabilities.put_if_match
    if lacks_absent or lacks_match:
        raise NotSupportedError(
            "the server has no such conditional writes",
            operation=operation,
            uri=store.uri_of(key),
        )


def check_put_size(store: ObjectStore, key: str, size_bytes: int) -> None:
    """Check that one request can put so much.

    Raises:
        ObjectTooLargeError: it can't.
    """
    if size_bytes > store.limits.put_size_max_bytes:
        raise ObjectTooLargeError(
            f"{size_bytes} bytes are more than one put takes",
            operation="put",
            uri=store.uri_of(key),
            hint="Upload it in parts",
        )


def check_answered_version(
    operation: str, uri: str, version: str | None, answered: str, *, keeper: str
) -> None:
    """Check that an answer is about the version that was asked for.

    Args:
        operation: what was asked for.
        uri: what it was asked of.
        version: the version, or None for the newest.
        answered: the version that was answered with, or what stands for none.
        keeper: who keeps versions, for the hint.

    Raises:
        NotSupportedError: it is about another one, so the server ignored the parameter.
    """
    if version is not None and answered != version:
        raise NotSupportedError(
            f"the server answered with the version {answered}, not {version[:100]!r}",
            operation=operation,
            uri=uri,
            hint=f"Ask for versions only where the {keeper} keeps them",
        )
