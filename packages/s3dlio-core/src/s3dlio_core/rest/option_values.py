"""Values of options and variables, read from their texts. Pure.

Each reader takes the option's name, for messages, and a text that isn't empty: "" is unset.
"""

from __future__ import annotations

from s3dlio_core.errors import UsageError

__all__ = ["count", "is_true", "lower", "positive", "switch", "text", "upper"]

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def text(_name: str, value: str) -> str:
    """Return the text as it is."""
    return value


def lower(_name: str, value: str) -> str:
    """Return the text in lower case."""
    return value.lower()


def upper(_name: str, value: str) -> str:
    """Return the text in upper case."""
    return value.upper()


def is_true(value: str) -> bool:
    """Return whether a text switches something on; what is no switch doesn't."""
    return value.lower() in _TRUE


def switch(name: str, value: str) -> bool:
    """Return a switch: true, yes, on, 1 and their contraries.

    Raises:
        UsageError: it is none.
    """
    word = value.lower()
    if word not in _TRUE | _FALSE:
        raise UsageError(f"bad {name} {word!r}", hint="Use true or false")
    return word in _TRUE


def positive(name: str, value: str) -> float:
    """Return a number above zero.

    Raises:
        UsageError: it is none, or infinite.
    """
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise UsageError(f"bad {name} {value!r}", hint="Use a number above zero")
    return number


def count(name: str, value: str) -> int:
    """Return a number above zero without its fraction.

    Raises:
        UsageError: it is none, or infinite.
    """
    return int(positive(name, value))
