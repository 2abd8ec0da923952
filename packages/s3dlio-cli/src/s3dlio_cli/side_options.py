"""The options of one side of a copy: `--source-region`, `--dest-profile` and so on.

Explicit keys have no option, because other users of the machine see command lines; the environment
takes them, e.g. S3DLIO_SOURCE_ACCESS_KEY_ID (docs/two-accounts.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from s3dlio_cli.options import (
    REQUEST_PAYER_KIND,
    remembered_option,
    remembered_values,
    store_options_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import click

__all__ = ["options_of_side", "side_options"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")

_FLAG: Mapping[str, Any] = {"is_flag": True}
#: The common options that mean something for one side, and what kind of options they are.
_KINDS: dict[str, Mapping[str, Any]] = {
    "endpoint-url": {"metavar": "URL"},
    "region": {"metavar": "NAME"},
    "profile": {"metavar": "NAME"},
    "no-sign-request": _FLAG,
    "ca-bundle": {"metavar": "FILE"},
    "no-verify-ssl": _FLAG,
    "sse-customer-key": {"metavar": "FILE"},
    "request-payer": REQUEST_PAYER_KIND,
}
_SIDES = {"source": "the sources", "dest": "the destination"}


def side_options(function: _Function) -> _Function:
    """Add the options to a command that copies or compares."""
    for side, whom in reversed(_SIDES.items()):
        for name, kind in reversed(_KINDS.items()):
            text = f"--{name} for {whom} alone."
            function = remembered_option(f"--{side}-{name}", help=text, **kind)(function)
    return function


def options_of_side(ctx: click.Context, side: str) -> dict[str, str]:
    """Return the store options that were given for one side, "source" or "dest"."""
    prefix = f"{side}_"
    given = remembered_values(ctx).items()
    return store_options_of(
        {name.removeprefix(prefix): value for name, value in given if name.startswith(prefix)}
    )
