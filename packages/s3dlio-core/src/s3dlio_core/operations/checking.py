"""check: whether two trees are alike, without copying."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.operations.arguments import (
    Progress,
    UriLike,
    as_observer,
    check_arguments,
    check_options,
)
from s3dlio_core.operations.filtering import FilterKeywords, make_filters
from s3dlio_core.operations.trees import nothing_there, place_of
from s3dlio_core.sides import SideOptions, open_sides
from s3dlio_core.transfer.events import CancelToken
from s3dlio_core.trees.check_run import Check
from s3dlio_core.trees.comparison import Comparison
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Unpack

    from s3dlio_core.trees.check_report import CheckReport, Discrepancy

__all__ = ["check"]


def check(
    source: UriLike,
    destination: UriLike,
    max_in_flight: int = 32,
    *,
    checksum: bool = False,
    tell: Callable[[Discrepancy], None] | None = None,
    options: Mapping[str, str] | None = None,
    source_options: Mapping[str, str] | None = None,
    dest_options: Mapping[str, str] | None = None,
    progress: Progress = None,
    cancel: CancelToken | None = None,
    **filter_keywords: Unpack[FilterKeywords],
) -> CheckReport:
    """Compare what lies below two directories or prefixes; nothing is written.

    Args:
        source: the one, with or without "/" behind; taken literally, all depths of it.
        destination: the other.
        max_in_flight: comparisons at the same time, at the most.
        checksum: compare bytes, by the checksums that the stores tell, or else by reading; without
            it objects of one size are alike.
        tell: is called with each difference as it is found, in the order of names.
        options: the stores' settings; see `TransferKeywords` for these three.
        source_options: those of the source alone.
        dest_options: those of the destination alone.
        progress: an observer, or True for bars.
        cancel: ends the check.
        filter_keywords: what objects must be like to be compared; see `FilterKeywords`.

    Returns:
        What differs, and what could not be compared. Differences aren't raised: see `ok`.

    Raises:
        NothingMatchedError: there is no such local directory, or neither side has anything.
        CancelledError: the token was set.
        UsageError: arguments that make no sense.
        S3dlioError: what ended the check: credentials, a listing that breaks off …
    """
    check_arguments(max_in_flight, progress, cancel, options)
    check_options(source_options, "source_options")
    check_options(dest_options, "dest_options")
    one, other = parse_uri(source), parse_uri(destination)
    token = (cancel or CancelToken()).child()
    given = SideOptions(options, source_options, dest_options)
    with open_sides(given, [one], other, token, reads_checksums=checksum) as sides:
        places = place_of(sides.source, one), place_of(sides.destination, other)
        for session, uri, place in (
            (sides.source, one, places[0]),
            (sides.destination, other, places[1]),
        ):
            provider = session.provider(uri)
            if provider.containers_are_paths and not provider.container_exists(place.container):
                raise nothing_there("check", place, "no such directory")
        report = Check(
            Comparison(*places, make_filters(**filter_keywords)),
            by_checksum=checksum,
            jobs=max_in_flight,
            observer=as_observer(progress),
            cancel=token,
            tell=tell,
        ).run()
    if report.ok and not (report.same_count or report.skipped_count or report.notes):
        raise errors.NothingMatchedError(
            f"neither side has anything below {errors.printable(str(other))}",
            operation="check",
            uri=str(one),
        )
    return report
