"""Asking, on a terminal, before much is deleted.

Rules that hold in this file:
- Nobody is asked unless standard input and standard error both are terminals: scripts never wait.
- The question says what a run of that moment would delete, found by a dry run: as many names as
  fit, and how many there are. What comes below a prefix until the answer goes, too.
- Only "y" and "yes" mean yes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from s3dlio_cli.output import say
from s3dlio_core.errors import S3dlioError, printable
from s3dlio_core.transfer.events import TransferObserver

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_core.transfer.report import Planned

__all__ = ["can_ask", "confirm"]

_SHOWN_MAX = 10


class _Counting(TransferObserver):
    """Counts what a dry run would do, and keeps the first names."""

    def __init__(self) -> None:
        self.count = 0
        self.names: list[str] = []

    def planned(self, planned: Planned) -> None:
        """Count it."""
        self.count += 1
        if len(self.names) < _SHOWN_MAX:
            self.names.append(planned.source)


def can_ask() -> bool:
    """Whether somebody is there who reads a question and can answer it."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def confirm(delete: Callable[..., object] | None) -> None:
    """Ask whether a deletion shall go on, where somebody can be asked.

    Args:
        delete: the deletion; takes `progress` and `dry_run`. None: a list says what goes, which can
            be read only once.

    Raises:
        S3dlioError: it shall not; or what would be deleted can't be found out.
    """
    if not can_ask():
        return
    question = 'Delete all that the list names, and all below names that end in "/"?'
    if delete is not None:
        found = _Counting()
        delete(progress=found, dry_run=True)
        if not found.count:
            return  # the run itself says why
        for name in found.names:
            say(f"  {printable(name)}")
        if found.count > len(found.names):
            say(f"  ... and {found.count - len(found.names)} more")
        question = f"Delete {f'these {found.count} objects' if found.count > 1 else 'this object'}?"
    if not _agreed(question):
        raise S3dlioError("nothing was deleted: it wasn't confirmed")


def _agreed(question: str) -> bool:
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        say("")  # the end of the input leaves the cursor behind the question
    return answer.strip().lower() in {"y", "yes"}
