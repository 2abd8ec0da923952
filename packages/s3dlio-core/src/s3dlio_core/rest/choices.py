"""Options that are one of a few words. Pure."""

from __future__ import annotations

from s3dlio_core.errors import UsageError

__all__ = ["check_choice"]


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Check that an option is one of a few words.

    Raises:
        UsageError: it isn't; the error lists them.
    """
    if value not in choices:
        raise UsageError(f"bad {name} {value[:100]!r}", hint=f"Use one of: {', '.join(choices)}")
