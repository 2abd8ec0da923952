"""Lines on a stream that a progress bar may share.

A stream that can't be written to any more (its pipe is closed, its terminal is gone) loses the
line: a transfer must not end because nobody watches it.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO

__all__ = ["write_line"]

_TQDM_MODULE = "s3dlio_progress._tqdm_line"


def write_line(text: str, stream: TextIO | None = None) -> None:
    """Write a line, above the progress bar when there is one. From any thread.

    Args:
        text: without the newline.
        stream: standard error when None.
    """
    target = sys.stderr if stream is None else stream
    with contextlib.suppress(OSError):
        if _TQDM_MODULE in sys.modules:
            sys.modules[_TQDM_MODULE].TerminalLine.write(text, file=target)
        else:
            target.write(f"{text}\n")
        target.flush()
