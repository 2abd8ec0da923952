"""What a forked child must have anew: locks that nobody there will release, and what they guard.

Rules that hold in this file:
- Nothing is locked before a fork: who forks waits for nobody.
- What is remembered here isn't kept alive.

A fork copies the memory of all threads and runs one of them. A lock that another thread held stays
locked in the child, and what it was changing stays half changed.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["Renewed", "renew_in_children"]


class Renewed(Protocol):
    """Something with locks of its own."""

    def renew_after_fork(self) -> None:
        """Take new locks, and forget what other threads of the parent had begun."""


_all: weakref.WeakSet[Renewed] = weakref.WeakSet()


def renew_in_children(renewed: Renewed) -> None:
    """Have an object renewed in each child that is forked while it lives."""
    _all.add(renewed)


def _renew_all() -> None:
    for renewed in list(_all):
        renewed.renew_after_fork()


os.register_at_fork(after_in_child=_renew_all)
