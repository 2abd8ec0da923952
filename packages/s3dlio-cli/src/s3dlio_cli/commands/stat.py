"""s3-cli stat."""

from __future__ import annotations

import click

from s3dlio_cli.command import command
from s3dlio_cli.exit_codes import ALL_DONE
from s3dlio_cli.options import (
    customer_key_option,
    request_payer_option,
    settings_of,
    version_option,
)
from s3dlio_cli.pattern_options import pattern_options, patterns_of

__all__ = ["stat"]


@command(
    "stat",
    "s3-cli stat s3://bucket/reports/report.csv",
    "s3-cli stat --json s3://bucket/reports/report.csv | jq .etag",
)
@click.argument("uri")
@version_option
@pattern_options
@customer_key_option
@request_payer_option
@click.pass_context
def stat(ctx: click.Context, uri: str, *, version_id: str | None) -> int:
    """Describe an object: size, time, ETag, headers, metadata.

    A pattern (quote it) must match one object alone; one that exists as written wins over it.
    """
    from s3dlio_cli.output import emit, emit_json  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_cli.values import info_lines, info_values  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`

    settings = settings_of(ctx)
    found, info = operations.describe(
        uri, version=version_id, patterns=patterns_of(ctx), options=settings.store_options
    )
    if settings.as_json:
        emit_json(info_values(found, info))
    else:
        for line in info_lines(found, info):
            emit(line)
    return ALL_DONE
