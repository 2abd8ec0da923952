"""Options that are one of a few words. Pure."""

from __future__ import annotations

from s3dlio_core.errors import UsageError

__all__ = ["check_choice"]


def check_choice(name: str, value: str, choices: tuple[str, ...], *, shown: bool = True) -> None:
    """Check that an option is one of a few words.

    Args:
        name: the option's name.
        value: what was given.
        choices: the words; "" among them is an option that isn't given.
        shown: whether the error quotes the value: it may be a secret that was meant for another.

    Raises:
        UsageError: it isn't; the error lists them.
    """
    if value not in choices:
        raise UsageError(
            f"bad {name} {value[:100]!r}" if shown else f"bad {name}",
            hint=f"Use one of: {', '.join(filter(None, choices))}",
        )
