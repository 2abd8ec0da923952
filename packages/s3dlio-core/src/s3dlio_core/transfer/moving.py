"""Moving: renames where a store can, and what becomes of a source once its copy is there.

Rules that hold in this file:
- A source is deleted only after the destination, asked again, holds what the write reported (size
  and ETag), and the source, asked after that, is still what was copied. Else it stays, and the
  object is a failure that says so.
- Nothing is moved onto itself. Two names of one place are compared by what they are; two endpoints,
  buckets or accounts might still be two names of one (an access point and its bucket, two names of
  one server), so they are one until something tells them apart: a destination that isn't there
  while the source is, or source and copy that differ in time or version.
- A run that was stopped deletes nothing more.
- Between the last look at a source and its deletion somebody may still write it: no store of today
  is asked to delete on a condition. The time is that of one request.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from typing import TYPE_CHECKING

from s3dlio_core.errors import (
    CancelledError,
    CollisionError,
    ContainerNotFoundError,
    IntegrityError,
    NotSupportedError,
    ObjectNotFoundError,
    S3dlioError,
    SourceChangedError,
)
from s3dlio_core.identity import same_object
from s3dlio_core.mtimes import kept_mtime_ns
from s3dlio_core.transfer.object_copy import Copied
from s3dlio_core.transfer.plan import ABSENT

if TYPE_CHECKING:
    from s3dlio_core.store import Attributes, Condition, ObjectInfo, ObjectStore
    from s3dlio_core.transfer.events import CancelToken
    from s3dlio_core.transfer.plan import CopyItem

__all__ = ["Mover", "place_name"]


class Mover:
    """What the engine does before and after the copies of a move; thread-safe."""

    def __init__(
        self,
        destination: ObjectStore,
        cancel: CancelToken,
        attributes: Attributes | None = None,
        condition: Condition | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            destination: where everything is moved to.
            cancel: stops the run; nothing is deleted when it is set.
            attributes: what the caller asks for.
            condition: of each write.
        """
        self._destination = destination
        self._cancel = cancel
        self._condition = condition
        # A renamed file keeps its time.
        self._renames = destination.capabilities.rename and kept_mtime_ns(attributes) is None
        self._place = place_name(destination)
        # Pairs of places, each with the beginnings of keys that differ, that are surely two.
        self._told_apart: set[tuple[object, ...]] = set()
        self._lock = threading.Lock()

    def before(self, item: CopyItem) -> Copied | None:
        """Rename an object; None when it must be copied.

        Raises:
            CollisionError: it would be moved onto itself.
            S3dlioError: it can't be renamed, nor copied.
        """
        source = item.source
        if place_name(source) == self._place and item.info.key == item.key:
            raise self._onto_itself(item, "it would be moved onto itself")
        if self._renames and source.capabilities.rename:
            try:
                named = source.copy_source(item.info.key, item.info.etag)
                made = self._destination.rename_from(named, item.key, condition=self._condition)
            except NotSupportedError:
                return None
            return Copied(made, None)
        self._look_first(item)
        return None

    def after(self, item: CopyItem, written: ObjectInfo) -> None:
        """Delete the source of a verified copy.

        Args:
            item: what was copied.
            written: the object at the destination, as its write reported it.

        Raises:
            S3dlioError: the source was kept, or its deletion failed.
        """
        try:
            copy = self._verified(item, written)
            self._check_source(item, copy)
            self._cancel.raise_if_cancelled("move", item.source.uri_of(item.info.key))
        except CancelledError:
            raise
        except S3dlioError as error:
            if not isinstance(error.__cause__, ObjectNotFoundError):  # it is gone by itself
                error.hint = f"{error.hint}. The source was kept".removeprefix(". ")
            raise
        try:
            item.source.delete(item.info.key)
        except S3dlioError as error:
            goal = self._destination.uri_of(item.key)
            said = f"It was copied to {goal}, and only the source is left to be deleted"
            error.hint = f"{error.hint}. {said}".removeprefix(". ")
            raise

    def _verified(self, item: CopyItem, written: ObjectInfo) -> ObjectInfo:
        """Return the copy as the destination describes it now, if it is what was written."""
        found = self._destination.head(item.key)
        sizes = {item.info.size_bytes, written.size_bytes, found.size_bytes}
        if len(sizes) > 1 or (written.etag and found.etag and written.etag != found.etag):
            raise IntegrityError(
                "the destination doesn't hold what was written to it",
                operation="move",
                uri=self._destination.uri_of(item.key),
                retryable=False,
            )
        return found

    def _check_source(self, item: CopyItem, copy: ObjectInfo) -> None:
        """Check that the source is still what was copied, and isn't the copy itself."""
        try:
            now = item.source.head(item.info.key)
        except ObjectNotFoundError as error:
            goal = self._destination.uri_of(item.key)
            raise _changed(
                item, "copied, but the source is gone", f"What it was is now {goal}"
            ) from error
        if not same_object(now, item.info):
            raise _changed(item, "copied, but the source changed meanwhile")
        if not self._needs_telling_apart(item):
            return
        if not _differ(now, copy):
            raise self._onto_itself(
                item,
                "copied, but source and destination look like one object",
                "If they are two, move it again in a second",
            )
        self._tell_apart(item)

    # Two places that may be one.

    def _look_first(self, item: CopyItem) -> None:
        """Look at a destination before it is written: what isn't there isn't the source.

        Unless the source has gone meanwhile, as it would be under all its names.
        """
        is_there = item.existing is not None and item.existing is not ABSENT
        if is_there or not self._needs_telling_apart(item):
            return
        with contextlib.suppress(ObjectNotFoundError, ContainerNotFoundError):
            self._destination.head(item.key)
            return
        with contextlib.suppress(ObjectNotFoundError):
            if same_object(item.source.head(item.info.key), item.info):
                self._tell_apart(item)

    def _needs_telling_apart(self, item: CopyItem) -> bool:
        place = place_name(item.source)
        # Files tell by device and inode, which are in their ETags.
        may_be_one = place != self._place and place[0] == self._place[0]
        return (
            may_be_one
            and not self._destination.capabilities.directories
            and self._relation(item) not in self._told_apart
        )

    def _tell_apart(self, item: CopyItem) -> None:
        with self._lock:
            self._told_apart.add(self._relation(item))

    def _relation(self, item: CopyItem) -> tuple[object, ...]:
        """Return what the objects of a source have in common: places, and how keys differ.

        Two names of one place lead every key to the same object, or none.
        """
        one, other = item.info.key, item.key
        ends = zip(reversed(one), reversed(other), strict=False)
        common = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], ends))
        return (
            place_name(item.source),
            one[: len(one) - common],
            other[: len(other) - common],
        )

    def _onto_itself(self, item: CopyItem, reason: str, hint: str = "") -> CollisionError:
        return CollisionError(
            reason, operation="move", uri=item.source.uri_of(item.info.key), hint=hint
        )


def place_name(store: ObjectStore) -> tuple[str, str, str]:
    """Return what two stores share that are one place: scheme, endpoint and container."""
    source = store.copy_source("")
    return source.scheme, source.endpoint, source.container


def _changed(
    item: CopyItem, reason: str, hint: str = "Move it again when nothing writes to it"
) -> SourceChangedError:
    return SourceChangedError(
        reason,
        operation="move",
        uri=item.source.uri_of(item.info.key),
        hint=hint,
    )


def _differ(one: ObjectInfo, other: ObjectInfo) -> bool:
    """Whether two answers surely speak of two objects; headers tell whole seconds."""
    if one.version and other.version:
        return one.version != other.version
    if one.etag and other.etag and one.etag != other.etag:
        return True
    return one.mtime is not None and other.mtime is not None and int(one.mtime) != int(other.mtime)
