"""s3-cli list."""

from __future__ import annotations

import click

from s3dlio_cli.command import command
from s3dlio_cli.filter_options import filter_keywords, filter_options
from s3dlio_cli.options import human_option, request_payer_option, settings_of
from s3dlio_cli.pattern_options import pattern_options, patterns_of

__all__ = ["list_objects"]


@command(
    "list",
    "s3-cli list s3://bucket/logs/",
    "s3-cli ls -r s3://bucket/logs/ > uris.txt",
    "s3-cli ls -l -h --summarize -r s3://bucket/logs/",
    "s3-cli ls -r az://container/logs/",
    "s3-cli ls s3://",
    "s3-cli ls -r --json s3://bucket/ | jq 'select(.type == \"object\") | .size_bytes'",
    short_help_name=False,
)
@click.argument("uris", metavar="URI...", nargs=-1, required=True)
@click.option("-r", "--recursive", is_flag=True, help="Also what lies deeper than one level.")
@click.option("-l", "--long", is_flag=True, help="With size and time (UTC) in front of each.")
@human_option
@click.option("--summarize", is_flag=True, help="Objects and bytes at the end, on standard output.")
@pattern_options
@filter_options
@request_payer_option
@click.pass_context
def list_objects(
    ctx: click.Context,
    uris: tuple[str, ...],
    *,
    recursive: bool,
    long: bool,
    human: bool,
    summarize: bool,
) -> int:
    """List objects, one URI a line.

    URI is an object, a prefix or directory, or a pattern (quote it); s3:// lists the buckets, and
    az://account.blob.core.windows.net the containers of an account.
    URIs go to standard output, their total to standard error.
    Without -r, what lies deeper is shown as one line that ends in "/".
    """
    from s3dlio_cli.listing import Listing  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_cli.several import Several  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core import operations  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core.session import Session  # noqa: PLC0415 - not needed for `--help`
    from s3dlio_core.uri import parse_account  # noqa: PLC0415 - not needed for `--help`

    settings = settings_of(ctx)
    several = Several("list", uris, settings)
    listing = Listing(as_json=settings.as_json, long=long, human=human, summarize=summarize)
    keywords, patterns = filter_keywords(ctx), patterns_of(ctx)
    with Session(settings.store_options) as session:
        for uri in several.each():
            if _names_account(uri) and (recursive or keywords):
                raise click.UsageError(
                    f"{uri} names no bucket: a list of buckets takes neither -r nor filters", ctx
                )
            with several.telling():
                if _names_account(uri):
                    found = operations.list_containers_in(session, uri)
                    listing.show_buckets(parse_account(uri), found)
                    continue
                for entry in operations.list_in(
                    session, uri, recursive, patterns=patterns, **keywords
                ):
                    listing.show(entry)
    return listing.end(several)


def _names_account(uri: str) -> bool:
    """Whether a URI is only a scheme of buckets, such as s3://, or an account's host."""
    from s3dlio_core.uri import PATH_SCHEMES, parse_account  # noqa: PLC0415 - not needed for `--help`

    scheme, separator, rest = uri.partition("://")
    if not (scheme and separator) or scheme.lower() in PATH_SCHEMES:
        return False
    host = parse_account(uri).host
    return rest in {host, f"{host}/"} if host else not rest
