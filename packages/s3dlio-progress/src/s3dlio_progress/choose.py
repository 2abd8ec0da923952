"""Which observer suits a stream."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

from s3dlio_progress.bars import BarObserver
from s3dlio_progress.json_lines import JsonLinesObserver
from s3dlio_progress.plain import PlainObserver

if TYPE_CHECKING:
    from s3dlio_core.transfer.events import TransferObserver

__all__ = ["PROGRESS_MODES", "make_observer"]

PROGRESS_MODES = ("auto", "bar", "json", "none")


def make_observer(mode: str = "auto", stream: TextIO | None = None) -> TransferObserver:
    """Make the observer of a mode.

    Args:
        mode: "bar", "json", "none" (warnings only), or "auto": a bar on a terminal that can
            redraw a line (TERM is neither empty nor "dumb"), else warnings only.
        stream: standard error when None.

    Raises:
        ValueError: another mode.
    """
    target = sys.stderr if stream is None else stream
    if mode not in PROGRESS_MODES:
        raise ValueError(f"mode is {mode!r}, expected one of {', '.join(PROGRESS_MODES)}")
    if mode == "json":
        return JsonLinesObserver(target)
    if mode == "bar" or (mode == "auto" and _can_redraw(target)):
        return BarObserver(target)
    return PlainObserver(target)


def _can_redraw(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "") not in {"", "dumb"}
