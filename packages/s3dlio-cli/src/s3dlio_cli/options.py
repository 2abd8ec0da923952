"""The options that every command takes, before it or after it.

    s3-cli --endpoint-url http://localhost:9000 upload -r data/ s3://bucket/
    s3-cli upload -r data/ s3://bucket/ --endpoint-url http://localhost:9000

What stands after the command wins; -v adds up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["JOBS_MAX", "Settings", "common_options", "jobs_option", "settings_of"]

#: More threads than this help nobody and meet the limits of a process.
JOBS_MAX = 4096

#: As in s3dlio_progress, which isn't imported for `--help`; a test compares them.
_PROGRESS_MODES = ("auto", "bar", "json", "none")
_STORE_OPTIONS = ("endpoint_url", "region", "profile")
#: Flags, and the store option that each sets to "true".
_STORE_FLAGS = {"no_sign_request": "anonymous"}
_META_KEY = "s3dlio_cli.options"

_Function = TypeVar("_Function", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True)
class Settings:
    """The values of the common options.

    Attributes:
        quiet: no progress, no summary, no notes; errors only.
        verbosity: 0, 1 for -v, 2 for -vv.
        as_json: data as JSON.
        progress: one of the progress modes.
        store_options: only those that were given: endpoint_url, region, profile, anonymous.
        log_file: a path, or None.
        log_format: "text" or "json".
    """

    quiet: bool = False
    verbosity: int = 0
    as_json: bool = False
    progress: str = "auto"
    store_options: Mapping[str, str] = field(default_factory=dict)
    log_file: str | None = None
    log_format: str = "text"

    @property
    def is_silent(self) -> bool:
        """Whether standard error is for errors, or for the JSON lines of the progress, alone."""
        return self.quiet or self.progress == "json"


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep a given value where the command and its group both find it."""
    if not value or param.name is None:
        return
    values: dict[str, Any] = ctx.meta.setdefault(_META_KEY, {})
    values[param.name] = values.get(param.name, 0) + value if param.name == "verbose" else value


def _option(*names: str, **attributes: Any) -> Callable[[_Function], _Function]:
    return click.option(*names, expose_value=False, callback=_remember, **attributes)


_OPTIONS = (
    _option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
    _option("-v", "--verbose", count=True, help="Log to standard error; -vv logs more."),
    _option("--json", is_flag=True, help="Print results as JSON, one object a line."),
    _option("--progress", type=click.Choice(_PROGRESS_MODES), help="How to show progress. [auto]"),
    _option("--endpoint-url", metavar="URL", help="Use this endpoint, e.g. a server of your own."),
    _option("--region", metavar="NAME", help="The region of the service."),
    _option("--profile", metavar="NAME", help="Take credentials and settings from this profile."),
    _option("--no-sign-request", is_flag=True, help="Send no credentials: for public buckets."),
    _option("--log-file", type=click.Path(dir_okay=False), help="Append the log to this file."),
    _option("--log-format", type=click.Choice(("text", "json")), help="The log's form. [text]"),
)


def common_options(function: _Function) -> _Function:
    """Add the common options to a command or group."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def jobs_option(default: int) -> Callable[[_Function], _Function]:
    """Return the option -j/--jobs with a default."""
    return click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1, JOBS_MAX),
        default=default,
        show_default=True,
        metavar="N",
        help="Requests at the same time.",
    )


def settings_of(ctx: click.Context) -> Settings:
    """Return what was given before and after the command."""
    values: dict[str, Any] = ctx.meta.get(_META_KEY, {})
    return Settings(
        quiet=values.get("quiet", False),
        verbosity=values.get("verbose", 0),
        as_json=values.get("json", False),
        progress=values.get("progress", "auto"),
        store_options={
            **{name: values[name] for name in _STORE_OPTIONS if name in values},
            **{option: "true" for flag, option in _STORE_FLAGS.items() if flag in values},
        },
        log_file=values.get("log_file"),
        log_format=values.get("log_format", "text"),
    )
