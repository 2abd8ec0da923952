"""upload, download, copy, move and put_file: one transfer under five names."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.operations.arguments import (
    Sources,
    UriLike,
    expect_container,
    prepare_container,
    several,
)
from s3dlio_core.operations.local_directories import (
    make_empty_directories,
    refuse_linked_directory,
    remove_emptied,
)
from s3dlio_core.operations.settings import TransferKeywords, TransferSettings
from s3dlio_core.registry import provider_class
from s3dlio_core.selection import Reading
from s3dlio_core.sides import open_sides
from s3dlio_core.transfer.dry_run import DryRun
from s3dlio_core.transfer.engine import Engine
from s3dlio_core.transfer.events import CancelToken, TransferObserver
from s3dlio_core.transfer.existing import with_existing
from s3dlio_core.transfer.failure_lists import (
    listing_failures,
    refuse_lists_as_sources,
    without_lists,
)
from s3dlio_core.transfer.moving import Mover
from s3dlio_core.transfer.named import NamedObjects
from s3dlio_core.transfer.overwrite import Compare, Overwrite
from s3dlio_core.transfer.plan import LeftOut, Note, PlanEntry, Unmatched
from s3dlio_core.transfer.planning import plan_copy
from s3dlio_core.trees.sync_run import HeldEnd
from s3dlio_core.uri import parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from typing_extensions import Unpack

    from s3dlio_core.session import Place, Session
    from s3dlio_core.store import ObjectStore, StoreProvider
    from s3dlio_core.transfer.report import TransferReport
    from s3dlio_core.uri import Uri

__all__ = [
    "copy",
    "download",
    "hint_at_creation",
    "make_run",
    "move",
    "prepare",
    "put_file",
    "upload",
]

_LINK_HINT = 'Write it with a "/" behind to move what lies there, or move the link with mv'


def upload(
    src_patterns: Sources,
    dest_prefix: UriLike,
    max_in_flight: int = 32,
    create_bucket: bool = False,
    *,
    recursive: bool = False,
    **keywords: Unpack[TransferKeywords],
) -> TransferReport:
    """Copy files to a store.

    Args:
        src_patterns: paths, directories or patterns; URIs are taken as well.
        dest_prefix: where they go: "s3://bucket/logs/", "az://container/", a directory …
        max_in_flight: objects and parts that are transferred at the same time, at the most.
        create_bucket: create the destination's bucket or container when it doesn't exist.
        recursive: take subdirectories, too.
        keywords: see `TransferKeywords`.

    Returns:
        What was done, and by name what failed. A failing object never stops the others.

    Raises:
        TransferFailedError: some objects failed (all others were copied); it has the report.
        NothingMatchedError: no source matched anything.
        CancelledError: the token was set.
        UsageError: arguments that make no sense.
        S3dlioError: what stopped the run: credentials, a missing bucket, no connection …
    """
    settings = TransferSettings(max_in_flight, create_bucket, recursive, **keywords)
    return _transfer("upload", src_patterns, dest_prefix, settings)


def download(
    src_uri: Sources,
    dest_dir: UriLike,
    max_in_flight: int = 64,
    recursive: bool = True,
    *,
    create_bucket: bool = False,
    version: str | None = None,
    **keywords: Unpack[TransferKeywords],
) -> TransferReport:
    """Copy objects to a directory. See `upload` for what is returned and raised.

    Args:
        src_uri: an object, a prefix or a pattern, or several of them.
        dest_dir: a directory; it is created. One object to a name that isn't a directory and has
            no trailing "/" is written to that name.
        max_in_flight: objects and parts that are transferred at the same time, at the most.
        recursive: take what lies deeper than one level, too.
        create_bucket: create the destination's bucket when it is one.
        version: copy this version (`ObjectInfo.version`) of the one object that is given, which
            may have been deleted since; its name is taken literally.
        keywords: see `TransferKeywords`.
    """
    settings = TransferSettings(max_in_flight, create_bucket, recursive, version, **keywords)
    return _transfer("download", src_uri, dest_dir, settings)


def copy(
    sources: Sources,
    destination: UriLike,
    max_in_flight: int = 32,
    *,
    recursive: bool = False,
    create_bucket: bool = False,
    version: str | None = None,
    **keywords: Unpack[TransferKeywords],
) -> TransferReport:
    """Copy objects from any store to any store. See `upload` for what is returned and raised.

    Args:
        sources: objects, prefixes, directories or patterns.
        destination: where they go: a prefix or directory, or for one object its new name.
        max_in_flight: objects and parts that are transferred at the same time, at the most.
        recursive: take what lies deeper than one level, too.
        create_bucket: create the destination's bucket or container when it doesn't exist.
        version: copy this version of the one object that is given, as `download` does; onto its
            own name, too, which brings it back.
        keywords: see `TransferKeywords`.
    """
    settings = TransferSettings(max_in_flight, create_bucket, recursive, version, **keywords)
    return _transfer("copy", sources, destination, settings)


def move(
    sources: Sources,
    destination: UriLike,
    max_in_flight: int = 32,
    *,
    recursive: bool = False,
    create_bucket: bool = False,
    **keywords: Unpack[TransferKeywords],
) -> TransferReport:
    """Move objects from any store to any store.

    Files are renamed within one file system. All else is copied, and a source is deleted only
    after its copy was looked at in the destination and the source has been found unchanged. What
    is left out by a rule, or fails, stays where it is; nothing is moved onto itself, nor onto what
    is still to be moved. A local directory that was moved whole goes, too. A symbolic link is
    moved itself, unless the option `links` says "follow" (what a link to a file points to is
    copied, and the link goes) or "skip". See `upload` for what is returned and raised.

    Args:
        sources: objects, prefixes, directories or patterns.
        destination: where they go: a prefix or directory, or for one object its new name.
        max_in_flight: objects and parts that are transferred at the same time, at the most.
        recursive: take what lies deeper than one level, too.
        create_bucket: create the destination's bucket or container when it doesn't exist.
        keywords: see `TransferKeywords`.
    """
    keywords["options"] = _with_own_links(keywords.get("options"), [*several(sources), destination])
    settings = TransferSettings(max_in_flight, create_bucket, recursive, **keywords)
    return _transfer("move", sources, destination, settings)


def put_file(
    source: UriLike,
    uri: UriLike,
    max_in_flight: int = 16,
    create_bucket: bool = False,
    **keywords: Unpack[TransferKeywords],
) -> TransferReport:
    """Copy one file, whose name is taken literally, to the name that is given.

    See `upload` for the arguments and errors, and `put_stream` for what is no file.
    """
    keywords["patterns"] = Reading.LITERAL.value
    settings = TransferSettings(max_in_flight, create_bucket, recursive=False, **keywords)
    return _transfer("put", source, uri, settings)


def _with_own_links(
    options: Mapping[str, str] | None, uris: Iterable[UriLike]
) -> Mapping[str, str] | None:
    """Return options in which links are things of their own, unless they say otherwise."""
    understood = (provider_class(parse_uri(uri).scheme).option_names for uri in uris)
    if any("links" in names for names in understood) and isinstance(options, (Mapping, type(None))):
        return {"links": "own", **(options or {})}
    return options


def _transfer(
    operation: str, sources: Sources, destination: UriLike, settings: TransferSettings
) -> TransferReport:
    cancel = (settings.cancel or CancelToken()).child()
    given = several(sources)
    target = parse_uri(destination)
    moving = operation == "move"
    with contextlib.ExitStack() as stack:
        sides = stack.enter_context(
            open_sides(
                settings.sides,
                [parse_uri(source) for source in given],
                target,
                cancel,
                reads_checksums=settings.rule.compare is Compare.CHECKSUM,
            )
        )
        lists = settings.failures, settings.failures0
        refuse_lists_as_sources(map(parse_uri, given), lists)
        if moving:
            _refuse_linked_directories(sides.source, given)
        place, entries = plan_copy(
            sides,
            given,
            target,
            recursive=settings.recursive,
            version=settings.version,
            asked=settings.asked,
            filters=settings.filters,
            named=_named(settings, cancel),
            moving=moving,
        )
        entries = without_lists(entries, lists)
        first = _until_something(entries, operation)
        observer = settings.observer
        if not settings.dry_run:  # only now, since a command that makes no sense empties nothing
            observer = stack.enter_context(listing_failures(observer, *lists))
        plan: Iterable[PlanEntry] = itertools.chain(first, entries)
        if settings.rule.when is not Overwrite.ALWAYS:
            plan = with_existing(plan, place.store, place.prefix)
        if not isinstance(first[-1], (Unmatched, Note)):
            plan = itertools.chain(prepare(sides.destination, target, place, settings), plan)
        held = HeldEnd(observer)
        stack.callback(held.release)
        report = make_run(operation, place.store, settings, held, cancel).run(plan)
        if moving and report.ok and not settings.dry_run:
            for text in _remove_moved(sides.source, given, place, settings):
                held.noted(text)
                report = dataclasses.replace(report, notes=(*report.notes, text))
                held.state_of(report)
        report = report.with_remarks(sides.remarks())
        held.state_of(report)
    hint_at_creation(report, place)
    if settings.raise_on_failure:
        report.raise_for_failures()
    return report


def hint_at_creation(report: TransferReport, place: Place) -> None:
    """Say how to create the destination, where a run was stopped because it isn't there."""
    stopped_by = report.stopped_by
    if isinstance(stopped_by, errors.ContainerNotFoundError) and stopped_by.uri.startswith(
        place.store.uri
    ):
        stopped_by.hint = "Check its name, or say create_bucket (-c) to create it"


def _named(settings: TransferSettings, cancel: CancelToken) -> NamedObjects | None:
    if settings.names is None:
        return None
    return NamedObjects(settings.names, settings.jobs, cancel)


def make_run(
    operation: str,
    store: ObjectStore,
    settings: TransferSettings,
    observer: TransferObserver,
    cancel: CancelToken,
) -> Engine | DryRun:
    """Return what carries out a plan, or what only tells of it."""
    if settings.dry_run:
        return DryRun(
            operation,
            store,
            jobs=settings.jobs,
            part_size_bytes=settings.part_size_bytes,
            observer=observer,
            cancel=cancel,
            is_wanted=settings.rule.decider(store, cancel),
        )
    mover = None
    if operation == "move":
        condition = settings.rule.condition(store)
        mover = Mover(store, cancel, settings.attributes, condition)
    return Engine(
        operation,
        store,
        jobs=settings.jobs,
        part_size_bytes=settings.part_size_bytes,
        attributes=settings.attributes,
        observer=observer,
        cancel=cancel,
        retries=settings.retries,
        rule=settings.rule,
        guess_content_type=settings.guess_content_type,
        bandwidth=settings.bandwidth,
        before_copy=None if mover is None else mover.before,
        after_copy=None if mover is None else mover.after,
    )


def _refuse_linked_directories(session: Session, sources: Iterable[UriLike]) -> None:
    for source in sources:
        uri = parse_uri(source)
        if session.provider(uri).containers_are_paths:
            refuse_linked_directory(os.fspath(source), uri.path, "move", _LINK_HINT)


def _remove_moved(
    session: Session, sources: Iterable[UriLike], goal: Place, settings: TransferSettings
) -> Iterator[str]:
    """Remove the local directories that were moved whole, as far as they are empty now.

    Yields:
        Why one is left: what was in it has been moved all the same.
    """
    if not settings.recursive or settings.filters is not None or settings.names is not None:
        return
    for source in sources:
        uri = parse_uri(source)
        provider = session.provider(uri)
        if provider.containers_are_paths and settings.asked in {Reading.AUTO, Reading.LITERAL}:
            try:
                _remove_directory(provider, uri, goal)
            except errors.S3dlioError as error:
                yield f"all was moved, but a directory is left: {error}"


def _remove_directory(provider: StoreProvider, uri: Uri, goal: Place) -> None:
    if not provider.container_exists(uri.path):
        return
    if goal.store.capabilities.directories:
        name = uri.key.rpartition("/")[2]
        make_empty_directories(provider, uri.path, f"{goal.container}/{goal.prefix}{name}")
    remove_emptied(provider, uri.path)


def prepare(
    session: Session, target: Uri, place: Place, settings: TransferSettings
) -> Iterator[PlanEntry]:
    """Prepare the destination's container; return what a dry run tells of it instead."""
    create = settings.create_container
    if settings.dry_run:
        return _expected(session, target, place, create=create)
    prepare_container(session, target, place.container, create=create)
    return iter(())


def _expected(session: Session, target: Uri, place: Place, *, create: bool) -> Iterator[PlanEntry]:
    if text := expect_container(session, target, place.container, create=create):
        yield Note(text)


def _until_something(entries: Iterator[PlanEntry], operation: str) -> Sequence[PlanEntry]:
    """Read a plan up to its first object, so that nothing is created when nothing matches.

    Raises:
        NothingMatchedError: there is none, and that isn't what the user chose.
    """
    seen: list[Unmatched | Note] = []
    for entry in entries:
        if not isinstance(entry, (Unmatched, Note)):
            return (*seen, entry)
        seen.append(entry)
    if any(isinstance(entry, LeftOut) for entry in seen):
        return seen
    reasons = [entry.reason if isinstance(entry, Unmatched) else entry.text for entry in seen]
    left_out = any(isinstance(entry, Note) for entry in seen)
    hint = "Say recursive (-r) to take subdirectories" if left_out else ""
    raise errors.NothingMatchedError("; ".join(reasons), operation=operation, hint=hint)
