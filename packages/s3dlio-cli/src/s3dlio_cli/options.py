"""The options that every command takes, before it or after it.

    s3-cli --endpoint-url http://localhost:9000 upload -r data/ s3://bucket/
    s3-cli upload -r data/ s3://bucket/ --endpoint-url http://localhost:9000

What stands after the command wins; -v adds up. Options that mean something for some commands only,
such as `--sse` for uploads, stand after those; they become store options all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "JOBS_MAX",
    "REQUEST_PAYER_KIND",
    "Settings",
    "bwlimit_option",
    "common_options",
    "customer_key_option",
    "dry_run_option",
    "failure_options",
    "human_option",
    "jobs_option",
    "object_options",
    "remembered_option",
    "remembered_values",
    "request_payer_option",
    "settings_of",
    "store_options_of",
    "version_option",
]

#: More threads than this help nobody and meet the limits of a process.
JOBS_MAX = 4096

#: As in s3dlio_progress, which isn't imported for `--help`; a test compares them.
_PROGRESS_MODES = ("auto", "bar", "json", "none")
_STORE_OPTIONS = (
    "endpoint_url",
    "region",
    "profile",
    "ca_bundle",
    "request_payer",
    "sse",
    "sse_kms_key_id",
    "sse_customer_key",
    "acl",
    "storage_class",
    "tagging",
)
#: Flags, and the store option that each sets to a value.
_STORE_FLAGS = {"no_sign_request": ("anonymous", "true"), "no_verify_ssl": ("verify", "false")}
#: As in s3dlio_s3, which isn't imported for `--help`; a test compares them.
_ENCRYPTIONS = ("AES256", "aws:kms", "aws:kms:dsse")
_ACLS = (
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
)
#: What `--option` doesn't take: others see command lines. A test compares them with the stores'.
_SECRET_OPTIONS = frozenset(
    {
        "account_key",
        "connection_string",
        "sas_token",
        "secret_access_key",
        "session_token",
        "sse_copy_source_customer_key",
        "sse_customer_key",
    }
)
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
        store_options: only those that were given: endpoint_url, region, profile, sse …
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
    """Keep a given value where the command and its group both find it.

    An empty text is mostly a shell variable that isn't set. Taken for "not given", it would let a
    deletion run without its filter, or against another endpoint.
    """
    if value == "":
        raise click.BadParameter("it is empty; leave the option out, or give a value", ctx, param)
    if not value or param.name is None:
        return
    values: dict[str, Any] = ctx.meta.setdefault(_META_KEY, {})
    values[param.name] = values.get(param.name, 0) + value if param.name == "verbose" else value


def _remember_settings(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:
    """Keep settings of stores, each "NAME=VALUE"; the last one of a name counts."""
    for text in value:
        name, _, setting = text.partition("=")
        name = name.replace("-", "_")
        if not name or not setting:
            raise click.BadParameter("write NAME=VALUE", ctx, param)
        if name in _SECRET_OPTIONS:
            raise click.BadParameter(
                f"{name} is a secret, and others see command lines; use the environment", ctx, param
            )
        ctx.meta.setdefault(_META_KEY, {}).setdefault("option", {})[name] = setting


def remembered_option(*names: str, **attributes: Any) -> Callable[[_Function], _Function]:
    """Return an option whose value isn't passed to the command; see `remembered_values`."""
    return click.option(*names, expose_value=False, callback=_remember, **attributes)


_OPTIONS = (
    remembered_option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
    remembered_option("-v", "--verbose", count=True, help="Log to standard error; -vv logs more."),
    remembered_option("--json", is_flag=True, help="Print results as JSON, one object a line."),
    remembered_option(
        "--progress", type=click.Choice(_PROGRESS_MODES), help="How to show progress. [auto]"
    ),
    remembered_option(
        "--endpoint-url", metavar="URL", help="Use this endpoint, e.g. a server of your own."
    ),
    remembered_option("--region", metavar="NAME", help="The region of the service."),
    remembered_option(
        "--profile", metavar="NAME", help="Take credentials and settings from this profile."
    ),
    remembered_option(
        "--no-sign-request", is_flag=True, help="Send no credentials: for public buckets."
    ),
    remembered_option(
        "--ca-bundle", metavar="FILE", help="Trust the CA certificates in this file."
    ),
    remembered_option(
        "--no-verify-ssl", is_flag=True, help="Don't verify certificates: no protection."
    ),
    click.option(
        "--option",
        multiple=True,
        expose_value=False,
        callback=_remember_settings,
        metavar="NAME=VALUE",
        help="Any other setting of the store, as its README names it; repeat it for more.",
    ),
    remembered_option(
        "--log-file", type=click.Path(dir_okay=False), help="Append the log to this file."
    ),
    remembered_option(
        "--log-format", type=click.Choice(("text", "json")), help="The log's form. [text]"
    ),
)


#: What new objects get. `--sse` alone is AES256, as in the AWS CLI.
_OBJECT_OPTIONS = (
    remembered_option("--storage-class", metavar="CLASS", help="The class of the new objects."),
    remembered_option("--tagging", metavar="TAGS", help='Their tags: "team=blue&year=2026".'),
    remembered_option("--acl", type=click.Choice(_ACLS), help="Their canned ACL."),
    remembered_option(
        "--sse",
        type=click.Choice(_ENCRYPTIONS),
        is_flag=False,
        flag_value="AES256",
        help="How the service encrypts them.",
    ),
    remembered_option("--sse-kms-key-id", metavar="ID", help="The KMS key, with --sse aws:kms."),
)

#: Only a file or the environment keeps a key from being seen by other users of the machine.
customer_key_option = remembered_option(
    "--sse-customer-key",
    metavar="FILE",
    help="fileb://FILE with your own key (SSE-C); or set S3DLIO_SSE_CUSTOMER_KEY.",
)
REQUEST_PAYER_KIND: Mapping[str, Any] = {
    "type": click.Choice(("requester",)),
    "is_flag": False,
    "flag_value": "requester",
}
request_payer_option = remembered_option(
    "--request-payer", help="Pay for the requests, where requesters pay.", **REQUEST_PAYER_KIND
)
#: For commands that are made with `short_help_name=False`.
human_option = click.option(
    "-h",
    "--human-readable",
    "human",
    is_flag=True,
    help='Sizes as people read them: "1.5 KiB". (-h alone shows this help.)',
)
version_option = click.option(
    "--version-id", metavar="ID", help="This version of the one object, also of a deleted one."
)


bwlimit_option = remembered_option(
    "--bwlimit",
    metavar="RATE",
    help="At most so many bytes per second: 10M, 512k (of 1024), or a number of KiB.",
)
dry_run_option = remembered_option(
    "-n", "--dry-run", is_flag=True, help="Only print what would be done; change nothing."
)
#: Where a command that works on many objects writes the names of those that failed.
_FAILURE_OPTIONS = (
    remembered_option(
        "--failures",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="Write the URIs of what failed here, one a line.",
    ),
    remembered_option(
        "--failures0",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="The same with a NUL byte behind each.",
    ),
)


def common_options(function: _Function) -> _Function:
    """Add the common options to a command or group."""
    return _with(_OPTIONS, function)


def object_options(function: _Function) -> _Function:
    """Add the options of what new objects get."""
    return _with(_OBJECT_OPTIONS, function)


def failure_options(function: _Function) -> _Function:
    """Add the options that say where the names of what failed go."""
    return _with(_FAILURE_OPTIONS, function)


def _with(options: tuple[Callable[[Any], Any], ...], function: _Function) -> _Function:
    for option in reversed(options):
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


def remembered_values(ctx: click.Context) -> Mapping[str, Any]:
    """Return the values of the remembered options that were given, by their parameters' names."""
    values: Mapping[str, Any] = ctx.meta.get(_META_KEY, {})
    return values


def store_options_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the store options among the values of options."""
    return {
        **values.get("option", {}),
        **{name: values[name] for name in _STORE_OPTIONS if name in values},
        **dict(value for flag, value in _STORE_FLAGS.items() if flag in values),
    }


def settings_of(ctx: click.Context) -> Settings:
    """Return what was given before and after the command."""
    values = remembered_values(ctx)
    return Settings(
        quiet=values.get("quiet", False),
        verbosity=values.get("verbose", 0),
        as_json=values.get("json", False),
        progress=values.get("progress", "auto"),
        store_options=store_options_of(values),
        log_file=values.get("log_file"),
        log_format=values.get("log_format", "text"),
    )
