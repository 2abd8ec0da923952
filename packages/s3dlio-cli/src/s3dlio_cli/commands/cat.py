"""s3-cli cat, also called get: objects to standard output."""

from __future__ import annotations

import click

from s3dlio_cli.byte_range import ByteRange, read_byte_range
from s3dlio_cli.command import command
from s3dlio_cli.options import (
    bwlimit_option,
    customer_key_option,
    jobs_option,
    remembered_values,
    request_payer_option,
    settings_of,
    version_option,
)
from s3dlio_cli.pattern_options import pattern_options, patterns_of

__all__ = ["cat"]


@command(
    "cat",
    "s3-cli cat s3://bucket/reports/report.csv",
    "s3-cli cat s3://bucket/logs/old.log | head -1",
    "s3-cli get s3://bucket/a s3://bucket/b > both",
    "s3-cli cat --range 0-99 s3://bucket/data/x.bin > beginning",
)
@click.argument("uris", metavar="URI...", nargs=-1, required=True)
@click.option(
    "--range",
    "byte_range",
    callback=read_byte_range,
    metavar="RANGE",
    help="Only these bytes: 0-99 (the first hundred), 100- (what follows), -100 (the last).",
)
@jobs_option(16)
@bwlimit_option
@version_option
@pattern_options
@customer_key_option
@request_payer_option
@click.pass_context
def cat(
    ctx: click.Context,
    uris: tuple[str, ...],
    *,
    byte_range: ByteRange | None,
    jobs: int,
    version_id: str | None,
) -> int:
    """Write objects to standard output, one after the other.

    A large object is read by ranges side by side. A pattern (quote it) must match one object alone;
    one that exists as written wins over it. An object that can't be read doesn't stop the others.
    """
    from s3dlio_cli.output import BinaryOutput  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_cli.several import Several  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core.bandwidth import make_bandwidth  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core.session import Session  # noqa: PLC0415 - not needed for `--help`

    if version_id is not None and len(uris) > 1:
        raise click.UsageError("--version-id is of one object, and several were given", ctx)
    wanted = byte_range or ByteRange()
    output = BinaryOutput()
    bandwidth = make_bandwidth(remembered_values(ctx).get("bwlimit"))
    settings = settings_of(ctx)
    several = Several("cat", uris, settings)
    with Session(settings.store_options) as session:
        for uri in several.each():
            with (
                several.telling(),
                operations.open_raw(
                    uri,
                    start=wanted.start,
                    stop=wanted.stop,
                    last_bytes=wanted.last_bytes,
                    version=version_id,
                    patterns=patterns_of(ctx),
                    max_in_flight=jobs,
                    bandwidth=bandwidth,
                    session=session,
                ) as stream,
            ):
                if wanted.is_from_start:
                    stream.check_satisfiable()
                for piece in stream.pieces(wanted.stop):
                    output.write(piece)
    return several.code
