"""s3-cli presign."""

from __future__ import annotations

import click

from s3dlio_cli.command import command
from s3dlio_cli.options import (
    remembered_option,
    remembered_values,
    request_payer_option,
    settings_of,
    version_option,
)

__all__ = ["presign"]

#: As in s3dlio_core, which isn't imported for `--help`; a test compares them.
_METHODS = ("GET", "HEAD", "PUT", "DELETE")


@command(
    "presign",
    "s3-cli presign s3://bucket/reports/report.csv",
    "s3-cli presign --expires-in 15m s3://bucket/reports/report.csv",
    "s3-cli presign --method PUT --expires-in 7d s3://bucket/inbox/new.csv",
)
@click.argument("uris", metavar="URI...", nargs=-1, required=True)
@remembered_option(
    "--expires-in",
    metavar="TIME",
    help="How long it works: seconds, or 15m, 12h, 7d, at most 7d. [1h]",
)
@remembered_option(
    "--method",
    type=click.Choice(_METHODS, case_sensitive=False),
    metavar="|".join(_METHODS),
    help="What it is for: reading, or with PUT writing. [GET]",
)
@version_option
@request_payer_option
@click.pass_context
def presign(ctx: click.Context, uris: tuple[str, ...], *, version_id: str | None) -> int:
    """Print a URL with which anybody can read or write an object until it expires.

    It is a secret: who has it needs nothing else. URI is an exact name. Nothing is sent, so the
    object may not exist, and the URL permits what your credentials permit.
    """
    from s3dlio_cli.output import emit, emit_json  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_cli.several import Several  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core.selection.filter_values import parse_duration  # noqa: PLC0415 - likewise
    from s3dlio_core.session import Session  # noqa: PLC0415 - not needed for `--help`

    if version_id is not None and len(uris) > 1:
        raise click.UsageError(f"a version is of one object, and {len(uris)} were given", ctx)
    settings, values = settings_of(ctx), remembered_values(ctx)
    method = values.get("method", "GET")
    several = Several("presign", uris, settings)
    count = 0
    with Session(settings.store_options) as session:
        for uri in several.each():
            with several.telling():
                expires_s = int(parse_duration(values.get("expires_in", "1h")))
                url = operations.presign_in(session, uri, expires_s, method, version=version_id)
                if settings.as_json:
                    known = {"uri": uri, "method": method, "expires_s": expires_s}
                    emit_json({"type": "presigned", **known, "url": url})
                else:
                    emit(url)
                count += 1
    return several.end(url_count=count)
