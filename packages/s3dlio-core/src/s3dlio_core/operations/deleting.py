"""delete: exactly what is named."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.deletion import Deletion
from s3dlio_core.operations.arguments import (
    Progress,
    Sources,
    as_observer,
    several,
)
from s3dlio_core.operations.filtering import FilterKeywords, make_filters
from s3dlio_core.operations.local_directories import refuse_linked_directory, remove_emptied
from s3dlio_core.selection import (
    Reading,
    Selection,
    select_as_written,
    select_directory_as_written,
)
from s3dlio_core.session import Session
from s3dlio_core.transfer.events import CancelToken
from s3dlio_core.transfer.failure_lists import ListPath, listing_failures
from s3dlio_core.transfer.named import NamedObjects
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from typing_extensions import Unpack

    from s3dlio_core.store import (
        StoreProvider,
    )
    from s3dlio_core.transfer.report import TransferReport

__all__ = ["delete"]

#: Names that are looked up at the same time.
LOOKUPS_MAX = 32

_LINK_HINT = 'Remove the link with rm, or write it with a "/" behind to delete what lies there'


def delete(
    uris: Sources,
    recursive: bool = False,
    *,
    names: Iterable[str] | None = None,
    patterns: str = "auto",
    options: Mapping[str, str] | None = None,
    progress: Progress = None,
    cancel: CancelToken | None = None,
    dry_run: bool = False,
    failures: ListPath = None,
    failures0: ListPath = None,
    raise_on_failure: bool = True,
    **filter_keywords: Unpack[FilterKeywords],
) -> TransferReport:
    """Delete objects: exactly what is named, never a neighbour with the same prefix.

    An object or a directory that exists exactly as written wins over a glob, and nothing is taken
    for a regular expression that isn't said to be one. A directory of a file system that is named
    with `recursive` goes with its last file, as with `rm -r`; one that is filtered stays. A
    symbolic link below it is removed itself, and what it points to stays; the option `links`,
    "skip", leaves links where they are.

    Args:
        uris: objects, patterns or, with `recursive`, prefixes and directories.
        recursive: delete all that lies below.
        names: delete only these objects, of which `uris` say where they lie: a bucket, prefixes,
            directories. They are looked up without a listing: names relative to the one URI, or
            whole URIs of what lies in them, as `failures` has them. Each means exactly one object,
            but with `recursive` one with a "/" behind means all that lies below. Read once, lazily.
            What isn't there is a failure.
        patterns: "literal", "glob" or "regex" say how they are read; see `TransferKeywords`.
        options: the stores' settings.
        progress: an observer, or True for bars.
        cancel: stops after the current batch.
        dry_run: only tell what would be deleted; see `TransferKeywords`.
        failures: a file for the URIs of all that could not be deleted, one a line; it is emptied
            first.
        failures0: the same with a NUL byte behind each, for names with line breaks.
        raise_on_failure: raise what went wrong. Otherwise it is only in the report.
        filter_keywords: what objects must be like to be deleted; see `FilterKeywords`.

    Raises:
        NothingMatchedError: nothing was there to delete.
        UsageError: a directory without `recursive`.
        TransferFailedError: some could not be deleted; all others were.
    """
    asked = Reading.of(patterns)
    _refuse_mistakes(names, options)
    given = tuple(dict.fromkeys(os.fspath(uri) for uri in several(uris)))
    if not given:
        raise errors.UsageError("nothing was given to delete", operation="delete")
    filters = make_filters(**filter_keywords)
    cancel = cancel or CancelToken()
    with contextlib.ExitStack() as stack:
        session = stack.enter_context(Session(options, cancel, {"links": "own"}))
        session.check_options([parse_uri(uri) for uri in given])
        observer = as_observer(progress)
        if not dry_run:
            observer = stack.enter_context(listing_failures(observer, failures, failures0))
        deletion = Deletion(observer, cancel, filters, dry_run=dry_run)
        contents = recursive or names is not None
        selections = [_to_delete(session, uri, asked, recursive=contents) for uri in given]
        if len(selections) == 1 and isinstance(selections[0], errors.NothingMatchedError):
            raise selections[0]
        named = None
        if names is not None:
            named = NamedObjects(names, LOOKUPS_MAX, cancel, takes_directories=recursive)
        report = deletion.run(selections, recursive=recursive, named=named)
        if recursive and named is None and report.ok and filters is None and not dry_run:
            for uri, selection in zip(given, selections, strict=True):
                _remove_directory(session.provider(parse_uri(uri)), selection)
    if len(report.unmatched) == len(given):
        raise errors.NothingMatchedError("; ".join(report.notes), operation="delete")
    if raise_on_failure:
        report.raise_for_failures()
    return report


def _refuse_mistakes(names: Iterable[str] | None, options: Mapping[str, str] | None) -> None:
    if isinstance(names, str):
        raise TypeError("names is an iterable of names, not a text")
    if options is not None and options.get("links") == "follow":
        raise errors.UsageError(
            "a deletion follows no symbolic links",
            operation="delete",
            hint='Leave the option links out to remove the links, or say "skip" to leave them',
        )


def _remove_directory(
    provider: StoreProvider, selection: Selection | errors.NothingMatchedError
) -> None:
    """Remove what is left of a directory that was deleted: the directory itself."""
    if (
        provider.containers_are_paths
        and isinstance(selection, Selection)
        and selection.found is None
        and not selection.is_pattern
    ):
        remove_emptied(provider, parse_uri(selection.text).path)


def _to_delete(
    session: Session, uri: str, asked: Reading, *, recursive: bool
) -> Selection | errors.NothingMatchedError:
    parsed = parse_uri(uri)
    try:
        if recursive and parsed.key.endswith("/"):
            # All that lies below, not only a folder marker.
            return select_directory_as_written(session, uri, asked, may_be_regex=False)
        if session.provider(parsed).containers_are_paths:
            refuse_linked_directory(uri, parsed.path, "delete", _LINK_HINT)
        return select_as_written(session, uri, asked, may_be_regex=False)
    except errors.NothingMatchedError as error:
        return error
