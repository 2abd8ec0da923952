"""Files that name what failed, so that another run can take it up (`names`, `--files-from`).

Rules that hold in this file:
- One source URI each, in one of two forms: one a line, or each followed by a NUL byte. A name with
  a line break, or a carriage return at its end (lines may end in both), can't stand in the first
  form: it is left out, and a warning of the log says so.
- Names that aren't text (undecodable bytes of a file system) are written as the bytes they are.
- A failure is written when it is final, and at once: what a run that is killed has told is there.
- What is to be copied is never emptied: a source that is a list is refused, and a list that lies in
  a source isn't copied.
- What lost its name at the destination to another object (`CollisionError`) is in no list: in a run
  of its own it would replace that object. A warning of the log says so.
- What a run that was stopped didn't come to isn't in its list; a warning of the log says so.
- A list that can't be written any more doesn't end a transfer; it is told as an error of the log.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from s3dlio_core.errors import CollisionError, UsageError, printable
from s3dlio_core.file_store.paths import absolute
from s3dlio_core.logs import get_logger
from s3dlio_core.transfer.events import PassingObserver, TransferObserver
from s3dlio_core.transfer.plan import CopyItem, LeftOut

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from typing_extensions import Self

    from s3dlio_core.store import ObjectStore
    from s3dlio_core.transfer.events import Snapshot
    from s3dlio_core.transfer.plan import PlanEntry
    from s3dlio_core.transfer.report import Failure, TransferReport
    from s3dlio_core.uri import Uri

__all__ = [
    "ListPath",
    "is_list",
    "list_paths",
    "listing_failures",
    "refuse_lists_as_sources",
    "without_lists",
]

_log = get_logger("failures")

#: Where a list goes; None: nowhere.
ListPath: TypeAlias = "str | os.PathLike[str] | None"


@contextlib.contextmanager
def listing_failures(
    observer: TransferObserver, lines: ListPath = None, nul: ListPath = None
) -> Iterator[TransferObserver]:
    """Write the sources of all failures of a run into files, which are emptied first.

    Args:
        observer: is told everything, too.
        lines: the file that gets one a line.
        nul: the file that gets each with a NUL byte behind.

    Yields:
        The observer of the run.

    Raises:
        UsageError: a file can't be written, or both are one.
    """
    if lines is not None and nul is not None and _is_same(lines, nul):
        raise UsageError(
            "both lists of failures would be written to one file",
            uri=os.fspath(lines),
            hint="Give each a file of its own",
        )
    with contextlib.ExitStack() as stack:
        made: TransferObserver = observer
        if nul is not None:
            made = stack.enter_context(_FailureList(made, nul, _NUL))
        if lines is not None:
            form = _LINES if nul is None else replace(_LINES, reason="")
            made = stack.enter_context(_FailureList(made, lines, form))
        yield made


def refuse_lists_as_sources(sources: Iterable[Uri], lists: Iterable[ListPath]) -> None:
    """Refuse to empty a file that is to be copied.

    Args:
        sources: as they were given.
        lists: the files that would be emptied.

    Raises:
        UsageError: a source is one of them.
    """
    paths = [path for path in lists if path is not None]
    for source in sources:
        if source.is_path and any(_is_same(source.path, path) for path in paths):
            raise UsageError(
                "the list of failures would empty this source",
                uri=str(source),
                hint="Write the failures to another file",
            )


def without_lists(entries: Iterator[PlanEntry], lists: Iterable[ListPath]) -> Iterator[PlanEntry]:
    """Return a plan's entries but for the lists of its own failures.

    Args:
        entries: the plan.
        lists: the files.
    """
    paths = list_paths(lists)
    if not paths:
        return entries
    return _without(entries, paths)


def list_paths(lists: Iterable[ListPath]) -> set[str]:
    """Return the absolute paths of lists, with links and without.

    Args:
        lists: the files.
    """
    paths = {absolute(os.fspath(path)) for path in lists if path is not None}
    return paths | {os.path.realpath(path) for path in paths}


def is_list(store: ObjectStore, key: str, paths: Collection[str]) -> bool:
    """Return whether an object is one of the lists.

    Args:
        store: holds it.
        key: its key.
        paths: what `list_paths` returned.
    """
    if not (paths and store.capabilities.directories):
        return False
    return store.uri_of(key).partition("://")[2] in paths


def _without(entries: Iterator[PlanEntry], paths: set[str]) -> Iterator[PlanEntry]:
    for entry in entries:
        if isinstance(entry, CopyItem) and is_list(entry.source, entry.info.key, paths):
            name = printable(entry.info.key)
            yield LeftOut(f"{name} isn't copied: it is the list of what fails")
        else:
            yield entry


def _is_same(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    try:
        return os.path.samefile(one, other)  # noqa: PTH121 - of texts
    except OSError:  # one is only to be created
        return os.path.realpath(one) == os.path.realpath(other)


@dataclass(frozen=True, slots=True)
class _Form:
    """How names are told apart.

    Attributes:
        end: what follows each.
        unfit: what no name may have.
        reason: why it is left out then; "": that isn't told, because another list has it.
    """

    end: bytes
    unfit: re.Pattern[bytes]
    reason: str


_LINES = _Form(b"\n", re.compile(rb"\n|\r\Z"), "which has a line break: --failures0 can")
_NUL = _Form(b"\0", re.compile(rb"\0"), "which has a NUL byte")


class _FailureList(PassingObserver):
    """One file."""

    def __init__(self, inner: TransferObserver, path: str | os.PathLike[str], form: _Form) -> None:
        """Empty the file, or create it.

        Args:
            inner: is told everything.
            path: the file's.
            form: what its content looks like.

        Raises:
            UsageError: it can't be opened.
        """
        super().__init__(inner)
        self._path = os.fspath(path)
        self._form = form
        self._left_out_count = 0
        self._broken = False
        try:
            self._file = open(self._path, "wb")  # noqa: PTH123, SIM115 - closed in __exit__
        except OSError as error:
            raise UsageError(
                f"the list of failures can't be written: {error.strerror}", uri=self._path
            ) from error

    def failed(self, failure: Failure) -> None:
        """Write its source."""
        super().failed(failure)
        if isinstance(failure.error, CollisionError):
            reason = "whose name another object has: another run would replace that one"
            self._leave_out(failure.source, reason if self._form.reason else "")
            return
        try:
            name = failure.source.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            self._leave_out(failure.source, "which is no valid Unicode text")
            return
        if self._form.unfit.search(name):
            self._leave_out(failure.source, self._form.reason)
        elif not self._broken:
            try:
                self._file.write(name + self._form.end)
                self._file.flush()
            except OSError as error:
                self._breaks(error)

    def finished(self, snapshot: Snapshot, report: TransferReport) -> None:
        """Warn of what is in no list."""
        super().finished(snapshot, report)
        if report.stopped_by is not None:
            _log.warning(
                "%s has only what had failed when the run was stopped: run the whole command again",
                self._path,
            )

    def _leave_out(self, source: str, reason: str) -> None:
        self._left_out_count += 1
        if reason and self._left_out_count == 1:
            _log.warning("%s can't name %s, %s", self._path, printable(source), reason)

    def _breaks(self, error: OSError) -> None:
        self._broken = True
        _log.error("the list of failures is incomplete: %s: %s", self._path, error.strerror)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._form.reason and self._left_out_count > 1:
            _log.warning("%s can't name %d objects that failed", self._path, self._left_out_count)
        try:
            self._file.close()
        except OSError as error:
            if not self._broken:
                self._breaks(error)
