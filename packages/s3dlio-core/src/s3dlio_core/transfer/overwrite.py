"""Whether an object is copied when its destination exists.

Rules that hold in this file:
- What can't be told is copied: a comparison only ever saves work.
- Times: a store that keeps modification times (`Capabilities.mtime`) has the source's when it is
  unchanged. Any other has the time of the write, which is not before the source's, or else the
  source's in its metadata (`mtimes`). The metadata are asked for only when the times don't settle
  it, since that costs a request.
- A header tells whole seconds (RFC 9110 section 5.6.7), and so may a listing. What has the whole
  second of an object is its copy, unless the object keeps another time; and a file that is later
  by a part of the object's second isn't surely later than what the object keeps.
"""

from __future__ import annotations

import enum
import functools
import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from s3dlio_core import errors
from s3dlio_core.logs import get_logger
from s3dlio_core.mtimes import kept_mtime_s
from s3dlio_core.store import Condition
from s3dlio_core.transfer.plan import ABSENT, Absent
from s3dlio_core.transfer.same_content import same_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3dlio_core.store import ObjectInfo, ObjectStore
    from s3dlio_core.transfer.events import CancelToken
    from s3dlio_core.transfer.plan import CopyItem, Existing

__all__ = ["Compare", "Overwrite", "OverwriteRule", "decide"]

_log = get_logger("overwrite")

#: What a float leaves of a file's nanoseconds.
TIME_SLACK_S = 1e-6


class Overwrite(enum.Enum):
    """When an object that exists is replaced."""

    ALWAYS = "always"
    NEVER = "never"
    NEWER = "newer"  # when the source's time is later
    CHANGED = "changed"  # when it differs, as `Compare` says


class Compare(enum.Enum):
    """How objects of one size are compared."""

    TIME = "time"
    SIZE = "size"  # they are the same
    CHECKSUM = "checksum"


_Choice = TypeVar("_Choice", bound=enum.Enum)


@dataclass(frozen=True, slots=True)
class OverwriteRule:
    """When an object that exists is replaced, and how that is found out.

    Attributes:
        when: always, or which ones.
        compare: with `Overwrite.CHANGED`.
    """

    when: Overwrite = Overwrite.ALWAYS
    compare: Compare = Compare.TIME

    @classmethod
    def from_names(cls, overwrite: str | None, compare: str | None) -> OverwriteRule:
        """Return the rule of these names; None where nothing was said.

        Raises:
            UsageError: an unknown name, or a comparison for a rule that doesn't compare.
        """
        implied = Overwrite.ALWAYS if compare is None else Overwrite.CHANGED
        when = implied if overwrite is None else _named(Overwrite, "overwrite", overwrite)
        if compare is None:
            return cls(when)
        if when is not Overwrite.CHANGED:
            raise errors.UsageError(
                f'compare goes with overwrite "changed", not with "{when.value}"'
            )
        return cls(when, _named(Compare, "compare", compare))

    def condition(self, destination: ObjectStore) -> Condition | None:
        """Return the condition that writes carry: another writer may have been faster."""
        if self.when is Overwrite.NEVER and destination.capabilities.put_if_absent:
            return Condition(if_absent=True)
        return None

    def decider(
        self, destination: ObjectStore, cancel: CancelToken
    ) -> Callable[[CopyItem], bool] | None:
        """Return `decide` for the items of a run; None: all are copied."""
        if self.when is Overwrite.ALWAYS:
            return None
        tell = functools.partial(_tell_once, itertools.count())
        return functools.partial(
            decide, destination=destination, rule=self, cancel=cancel, incomparable=tell
        )


def _tell_once(calls: Iterator[int]) -> None:
    if not next(calls):
        _log.warning(
            "some objects are copied although they may be the same: "
            "there is no checksum of their content to compare"
        )


def _named(kind: type[_Choice], keyword: str, name: str) -> _Choice:
    try:
        return kind(name)
    except ValueError:
        known = ", ".join(f'"{one.value}"' for one in kind)
        raise errors.UsageError(f'{keyword} is one of {known}, not "{name}"') from None


def decide(
    item: CopyItem,
    destination: ObjectStore,
    rule: OverwriteRule,
    cancel: CancelToken,
    incomparable: Callable[[], None] | None = None,
) -> bool:
    """Return whether an item is to be copied; False: its destination stays as it is.

    Asks the stores for what isn't known yet, so it is called where requests run side by side.

    Args:
        item: what would be copied. Its `existing` spares a request.
        destination: where to.
        rule: what the user asked for.
        cancel: stops a comparison that reads a large file.
        incomparable: is called when there is no checksum to compare.

    Raises:
        S3dlioError: a store can't be asked.
    """
    if rule.when is Overwrite.ALWAYS:
        return True
    existing = item.existing or _find(destination, item.key)
    if isinstance(existing, Absent):
        return True
    if rule.when is Overwrite.NEVER:
        return False
    pair = _Pair(item, destination, existing)
    if rule.when is Overwrite.NEWER:
        return pair.is_later()
    if item.info.size_bytes != existing.size_bytes:
        return True
    if rule.compare is Compare.SIZE:
        return False
    if rule.compare is Compare.CHECKSUM:
        is_same = same_content(replace(item, existing=existing), destination, cancel)
        if is_same is None and incomparable is not None:
            incomparable()
        return not is_same
    return not pair.is_same_time()


def _find(destination: ObjectStore, key: str) -> Existing:
    try:
        return destination.head(key)
    except (errors.ObjectNotFoundError, errors.ContainerNotFoundError):
        return ABSENT


class _Pair:
    """The times of a source and of what stands at its destination, in seconds."""

    def __init__(self, item: CopyItem, destination: ObjectStore, existing: ObjectInfo) -> None:
        self._item = item
        self._destination = destination
        self._existing = existing

    def is_same_time(self) -> bool:
        """Whether the destination is as new as its source, as far as can be told."""
        source_s, existing_s = self._item.info.mtime, self._existing.mtime
        if source_s is None or existing_s is None:
            return False
        return self._is_settled(source_s, existing_s) or self._compare(source_s, existing_s) == 0

    def is_later(self) -> bool:
        """Whether the source's time is later, or can't be told."""
        source_s, existing_s = self._item.info.mtime, self._existing.mtime
        if source_s is None or existing_s is None:
            return True
        if self._is_settled(source_s, existing_s):
            return False
        is_cut = source_s.is_integer() and int(existing_s) == source_s
        if existing_s > source_s and not (is_cut and self._may_keep_another()):
            return False
        return self._compare(source_s, existing_s) > 0

    def _is_settled(self, source_s: float, existing_s: float) -> bool:
        """Whether the stores' own times show that the destination is as new."""
        if not self._destination.capabilities.mtime and existing_s >= source_s:
            return True
        return _equal(source_s, existing_s)

    def _may_keep_another(self) -> bool:
        """Whether the source's own time may not be the one that it keeps."""
        return not self._item.source.capabilities.mtime

    def _compare(self, source_s: float, existing_s: float) -> float:
        """Return by how much the source's kept time is later, 0 for the same; asks the stores."""
        kept_by_destination_s = self._kept_by_destination(existing_s)
        kept_by_source_s = None
        if kept_by_destination_s is not None:
            kept_by_source_s = self._kept_by_source(source_s)
        if kept_by_destination_s is None or kept_by_source_s is None:
            # Of one second, as far as is told: see the module's rules.
            of_one_second = existing_s.is_integer() and int(source_s) == existing_s
            if of_one_second and self._may_keep_another():
                return 0
        if kept_by_destination_s is None:
            return math.inf
        exact_s = source_s if kept_by_source_s is None else kept_by_source_s
        return 0 if _equal(exact_s, kept_by_destination_s) else exact_s - kept_by_destination_s

    def _kept_by_destination(self, existing_s: float) -> float | None:
        """Return the time that the destination keeps for its source; None when it has none."""
        if self._destination.capabilities.mtime:
            return existing_s
        described = self._existing
        if described.attributes is None:
            described = self._destination.head(self._item.key)
        return kept_mtime_s(described.attributes)

    def _kept_by_source(self, source_s: float) -> float | None:
        """Return the time that the source keeps; None when it has none."""
        item = self._item
        if not self._may_keep_another():
            return source_s
        described = item.info
        if described.attributes is None:
            described = item.source.head(described.key, version=item.version)
        return kept_mtime_s(described.attributes)


def _equal(one_s: float, other_s: float) -> bool:
    return abs(one_s - other_s) <= TIME_SLACK_S
