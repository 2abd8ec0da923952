"""s3-cli list."""

from __future__ import annotations

import click

from s3dlio_cli.command import command
from s3dlio_cli.exit_codes import ALL_DONE
from s3dlio_cli.filter_options import filter_keywords, filter_options
from s3dlio_cli.options import request_payer_option, settings_of
from s3dlio_cli.pattern_options import pattern_options, patterns_of
from s3dlio_core.errors import S3dlioError

__all__ = ["list_objects"]


@command(
    "list",
    "s3-cli list s3://bucket/logs/",
    "s3-cli ls -r s3://bucket/logs/ > uris.txt",
    "s3-cli ls -r --json s3://bucket/ | jq .size_bytes",
)
@click.argument("uri")
@click.option("-r", "--recursive", is_flag=True, help="Also what lies deeper than one level.")
@pattern_options
@filter_options
@request_payer_option
@click.pass_context
def list_objects(ctx: click.Context, uri: str, *, recursive: bool) -> int:
    """List objects, one URI a line.

    URI is an object, a prefix or directory, or a pattern (quote it).
    URIs go to standard output, their total to standard error.
    Without -r, what lies deeper is shown as one line that ends in "/".
    """
    from s3dlio_cli.output import emit_json, emit_name, flush, say  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_cli.values import entry_values  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`

    settings = settings_of(ctx)
    object_count = 0

    def say_total() -> None:
        flush()
        if not settings.is_silent:
            say(f"Total objects: {object_count}")

    entries = operations.list(
        uri,
        recursive,
        patterns=patterns_of(ctx),
        options=settings.store_options,
        **filter_keywords(ctx),
    )
    has_entries = False
    try:
        for entry in entries:
            has_entries = True
            object_count += entry.info is not None
            if settings.as_json:
                emit_json(entry_values(entry))
            else:
                emit_name(entry.uri)
    except S3dlioError:
        if has_entries:
            say_total()
        raise
    say_total()
    return ALL_DONE
