"""Describing many objects at a time, each by its name or a pattern that only it matches."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeAlias

from s3dlio_core import errors
from s3dlio_core.operations.arguments import (
    Sources,
    UriLike,
    check_arguments,
    object_uri,
    several,
)
from s3dlio_core.operations.outcomes import outcomes
from s3dlio_core.selection import Reading, use_single
from s3dlio_core.session import Session
from s3dlio_core.transfer.events import CancelToken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from s3dlio_core.store import ObjectInfo, ObjectStore

__all__ = ["Described", "describe_many"]

#: An object's URI and what is known of it, or why it can't be described.
Described: TypeAlias = "tuple[str, ObjectInfo] | errors.S3dlioError"


def describe_many(
    uris: Sources,
    max_in_flight: int = 32,
    *,
    patterns: str = "auto",
    options: Mapping[str, str] | None = None,
) -> Iterator[Described]:
    """Describe objects, in the order in which they are given; see `stat`.

    Args:
        uris: their names, or patterns that match one each.
        max_in_flight: requests at the same time, at the most.
        patterns: how the texts are read; see `TransferKeywords`.
        options: the stores' settings.

    Yields:
        For each an object, or the error that concerns it alone.

    Raises:
        UsageError: one of them names no object; nothing was looked at.
        S3dlioError: what would meet the others, too: credentials, a missing bucket …
    """
    check_arguments(max_in_flight, None, None, options)
    given = several(uris)
    asked = Reading.of(patterns)
    parsed = [object_uri(uri) for uri in given]
    with Session(options) as session:
        session.check_options(parsed)

        def look(uri: UriLike) -> tuple[str, ObjectInfo]:
            return use_single(session, uri, asked, _head)

        jobs = min(max_in_flight, len(given))
        looks = outcomes(look, given, jobs, CancelToken(), _is_its_own)
        with contextlib.closing(looks) as found:
            for _, described in found:
                yield described


def _head(store: ObjectStore, key: str) -> tuple[str, ObjectInfo]:
    return store.uri_of(key), store.head(key)


def _is_its_own(_uri: UriLike, error: errors.S3dlioError) -> bool:
    """Whether an error concerns one name alone."""
    return error.scope is errors.Scope.OBJECT or isinstance(
        error, (errors.NothingMatchedError, errors.UsageError)
    )
