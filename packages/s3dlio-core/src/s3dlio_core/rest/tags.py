"""Tags of objects, as command lines and headers write them. Pure.

How many tags there may be, of which characters and lengths, is for each service to say.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from s3dlio_core.errors import Scope, UsageError

__all__ = ["bad_tags", "parse_tagging"]


def parse_tagging(text: str) -> dict[str, str]:
    """Read tags as "name=value&name=value"; what isn't percent-encoded may stand as it is.

    Raises:
        UsageError: it isn't of that form, or a name occurs twice.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise bad_tags(
            f"bad tagging {text[:100]!r}", hint="Write for example team=blue&year=2026"
        ) from None
    tags = dict(pairs)
    if len(tags) != len(pairs):
        raise bad_tags(f"a name occurs twice in the tagging {text[:100]!r}")
    return tags


def bad_tags(reason: str, *, hint: str = "") -> UsageError:
    """Return the error of tags that can't be. It stops a run: all objects have the same."""
    return UsageError(reason, hint=hint, scope=Scope.STORE)
