"""Files that name what failed, so that another run can take it up (`names`, `--files-from`).

Rules that hold in this file:
- One source URI each, in one of two forms: one a line, or each followed by a NUL byte. A name with
  a line break, or a carriage return at its end (lines may end in both), can't stand in the first
  form: it is left out, and a warning of the log says so.
- Names that aren't text (undecodable bytes of a file system) are written as the bytes they are.
- A failure is written when it is final, and at once: what a run that is killed has told is there.
- A list that can't be written any more doesn't end a transfer; it is told as an error of the log.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from s3dlio_core.errors import UsageError, printable
from s3dlio_core.logs import get_logger
from s3dlio_core.transfer.events import PassingObserver, TransferObserver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

    from s3dlio_core.transfer.report import Failure

__all__ = ["ListPath", "listing_failures"]

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
        UsageError: a file can't be written.
    """
    with contextlib.ExitStack() as stack:
        made: TransferObserver = observer
        if nul is not None:
            made = stack.enter_context(_FailureList(made, nul, _NUL))
        if lines is not None:
            form = _LINES if nul is None else replace(_LINES, reason="")
            made = stack.enter_context(_FailureList(made, lines, form))
        yield made


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
