"""Failures of objects as lines on standard error: each once, as it happens.

Rules that hold in this file:
- The first failures are named, above the bar where there is one; the end of the run says how many
  more there are, and where all of them can be read. With -v all are named.
- --quiet leaves these lines, because they are errors. With --progress=json standard error belongs
  to the JSON lines, which tell the failures themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_cli.output import say_error
from s3dlio_core.transfer.events import PassingObserver, TransferObserver
from s3dlio_progress import describe_failure, make_observer

if TYPE_CHECKING:
    from s3dlio_cli.options import Settings
    from s3dlio_core.transfer.report import Failure

__all__ = ["FAILURES_SHOWN_MAX", "FailureLines", "observer_of", "tells_in_json"]

#: Failures that are named; `--failures` has all, `--json` what the report keeps.
FAILURES_SHOWN_MAX = 20


def tells_in_json(settings: Settings) -> bool:
    """Whether standard error has JSON lines and nothing else."""
    return settings.progress == "json" and not settings.quiet


def observer_of(settings: Settings, *, with_bar: bool = True) -> TransferObserver:
    """Return the observer that a command's settings ask for.

    Args:
        settings: the command's.
        with_bar: whether a bar may be drawn.
    """
    if tells_in_json(settings):
        return make_observer("json")
    mode = settings.progress if with_bar else "none"
    shown = TransferObserver() if settings.quiet else make_observer(mode)
    return FailureLines(shown, None if settings.verbosity else FAILURES_SHOWN_MAX)


class FailureLines(PassingObserver):
    """Says each failure, and passes everything else on.

    Args:
        inner: isn't told the failures, which it would write, too.
        shown_max: how many are named; None: all.
    """

    def __init__(self, inner: TransferObserver, shown_max: int | None) -> None:
        super().__init__(inner)
        self._shown_max = shown_max
        self._count = 0

    def failed(self, failure: Failure) -> None:
        """Name the first ones, then say once that there are more."""
        self._count += 1
        if self._shown_max is None or self._count <= self._shown_max:
            say_error(describe_failure(failure))
        elif self._count == self._shown_max + 1:
            say_error("more objects fail; from here on they are only counted")
