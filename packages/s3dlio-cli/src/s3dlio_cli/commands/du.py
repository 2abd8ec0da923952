"""s3-cli du."""

from __future__ import annotations

import click

from s3dlio_cli.command import command
from s3dlio_cli.filter_options import filter_keywords, filter_options
from s3dlio_cli.options import human_option, request_payer_option, settings_of
from s3dlio_cli.pattern_options import pattern_options, patterns_of

__all__ = ["du"]


@command(
    "du",
    "s3-cli du s3://bucket/logs/",
    "s3-cli du -sh s3://bucket/logs/ s3://bucket/data/",
    "s3-cli du -h -d 1 s3://bucket/",
    "s3-cli du -h s3://bucket/ --older 90d --include '*.log'",
    "s3-cli du --json -d 2 s3://bucket/ | jq 'select(.type == \"usage\")'",
    short_help_name=False,
)
@click.argument("uris", metavar="URI...", nargs=-1, required=True)
@click.option(
    "-d",
    "--max-depth",
    type=click.IntRange(0),
    metavar="N",
    help="Also the sums of directories, as many levels deep. [0]",
)
@click.option("-s", "--summarize", is_flag=True, help="Only the sum of each URI, as without -d.")
@human_option
@pattern_options
@filter_options
@request_payer_option
@click.pass_context
def du(
    ctx: click.Context,
    uris: tuple[str, ...],
    *,
    max_depth: int | None,
    summarize: bool,
    human: bool,
) -> int:
    """Add up what lies below a prefix or directory: bytes, objects.

    URI is an object, a prefix or directory, or a pattern (quote it). What lies deeper is counted.
    """
    from s3dlio_cli.disk_usage import Sums  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_cli.several import Several  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core.session import Session  # noqa: PLC0415 - not needed for `--help`

    if summarize and max_depth:
        raise click.UsageError("-s/--summarize shows no directories, which -d/--max-depth asks for")
    settings = settings_of(ctx)
    several = Several("du", uris, settings)
    sums = Sums(max_depth or 0, human=human, as_json=settings.as_json)
    keywords, patterns = filter_keywords(ctx), patterns_of(ctx)
    with Session(settings.store_options) as session:
        for uri in several.each():
            with several.telling():
                sums.add(uri, patterns=patterns, session=session, **keywords)
    return sums.end(several)
