"""s3-cli stat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from s3dlio_cli.command import command
from s3dlio_cli.options import (
    customer_key_option,
    jobs_option,
    request_payer_option,
    settings_of,
    version_option,
)
from s3dlio_cli.pattern_options import pattern_options, patterns_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from s3dlio_core.operations.describing import Described

__all__ = ["stat"]


@command(
    "stat",
    "s3-cli stat s3://bucket/reports/report.csv",
    "s3-cli stat s3://bucket/a s3://bucket/b report.csv",
    "s3-cli stat --json s3://bucket/reports/report.csv | jq 'select(.type == \"object\") | .etag'",
)
@click.argument("uris", metavar="URI...", nargs=-1, required=True)
@jobs_option(32)
@version_option
@pattern_options
@customer_key_option
@request_payer_option
@click.pass_context
def stat(ctx: click.Context, uris: tuple[str, ...], *, jobs: int, version_id: str | None) -> int:
    """Describe objects: size, time, ETag, headers, metadata.

    A pattern (quote it) must match one object alone; one that exists as written wins over it.
    """
    from s3dlio_cli.output import emit, emit_json  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_cli.several import Several  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_cli.values import info_lines, info_values  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core.errors import S3dlioError  # noqa: PLC0415 - not needed for `--help`

    if version_id is not None and len(uris) > 1:
        raise click.UsageError(f"a version is of one object, and {len(uris)} were given", ctx)
    settings, patterns = settings_of(ctx), patterns_of(ctx)
    several = Several("stat", uris, settings)
    count = 0
    with several.telling():
        for described in _described(uris, jobs, version_id, patterns, settings.store_options):
            if isinstance(described, S3dlioError):
                several.tell(described)
                continue
            if settings.as_json:
                emit_json(info_values(*described))
            else:
                for line in [""] * bool(count) + info_lines(*described):
                    emit(line)
            count += 1
    return several.end(object_count=count)


def _described(
    uris: tuple[str, ...],
    jobs: int,
    version: str | None,
    patterns: str,
    options: Mapping[str, str],
) -> Iterator[Described]:
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`

    if version is None:
        yield from operations.describe_many(uris, jobs, patterns=patterns, options=options)
    else:
        yield operations.describe(uris[0], version=version, patterns=patterns, options=options)
