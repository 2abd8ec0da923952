"""The keyword arguments that upload, download and copy share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from s3dlio_core import errors
from s3dlio_core.bandwidth import Bwlimit, make_bandwidth
from s3dlio_core.operations.arguments import Progress, as_observer, check_arguments, check_options
from s3dlio_core.operations.filtering import FilterKeywords, Moment, Patterns, Size, make_filters
from s3dlio_core.selection import Reading
from s3dlio_core.sides import SideOptions
from s3dlio_core.store import Attributes
from s3dlio_core.transfer.overwrite import OverwriteRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from s3dlio_core.bandwidth import Bandwidth
    from s3dlio_core.selection.filters import Filters
    from s3dlio_core.transfer.events import CancelToken, TransferObserver
    from s3dlio_core.transfer.failure_lists import ListPath

__all__ = ["TransferKeywords", "TransferSettings"]


class TransferKeywords(FilterKeywords, total=False):
    """The keyword arguments of a transfer, beside those of `FilterKeywords`; all are optional.

    Attributes:
        attributes: content headers, metadata, storage class and tags of every object that is
            written. What they leave unset is the source's, or else the options'; a store drops
            what it has no place for.
        options: the stores' settings, those of sources and destination alike.
        source_options: settings of the sources' stores alone: another endpoint, other credentials …
            They count before `options`, and these before the environment (S3DLIO_SOURCE_ and the
            setting's name in capitals). Settings that belong together, as credentials do, are
            taken whole.
        dest_options: likewise of the destination's store (S3DLIO_DEST_…).
        progress: an observer, or True for bars.
        cancel: stops the transfer when it is set.
        part_size_bytes: cut larger objects into parts of this size.
        dry_run: only tell what would be done, and change nothing: the report counts it and has the
            first 10,000, an observer is told all (`TransferObserver.planned`). No list of failures
            is written.
        failures: a file for the source URIs of all that failed, one a line. It is emptied when the
            sources have been found, so it can't be the list that `names` comes from; where it lies
            in a source it isn't copied. What a run that was stopped didn't come to isn't in it.
        failures0: the same with a NUL byte behind each, for names with line breaks.
        raise_on_failure: raise what went wrong. Otherwise it is only in the report.
        retries: passes at the most over the objects that failed, when all others are done. (Each
            request is repeated anyhow when that may help; this is for what takes longer.)
        patterns: how the sources are read: "literal", "glob" or "regex"; or "auto": a local path
            that exists as written is literal, then a text with what only a regular expression has
            is one, then a text with `*`, `?`, `[…]` or `{…,…}` is a glob.
        overwrite: whether an object that exists is replaced: "always", "never", "newer" (when the
            source's time is later) or "changed" (when it differs from the source).
        compare: what makes objects of one size "changed": "time", "size" (nothing) or "checksum".
            It implies "changed".
        guess_content_type: give an object whose source has no content type that of its name, or
            else of its source's name.
        names: take only these objects, which are looked up without a listing: names relative to
            the one source, a directory or prefix, or whole URIs of what lies in the sources, as
            `failures` has them; a "/" behind means all that lies below. Read once, lazily. What
            isn't there is a failure. `s3dlio_core.selection.names_from` reads lists.
        bwlimit: the most bytes per second of all that is read together, as rclone writes it: "10M",
            "512k" (of 1024), a bare number of KiB; None, 0 or "off" is no limit. What a service
            copies by itself isn't limited.
    """

    attributes: Attributes | None
    options: Mapping[str, str] | None
    source_options: Mapping[str, str] | None
    dest_options: Mapping[str, str] | None
    progress: Progress
    cancel: CancelToken | None
    part_size_bytes: int | None
    dry_run: bool
    failures: ListPath
    failures0: ListPath
    raise_on_failure: bool
    retries: int
    patterns: str
    overwrite: str | None
    compare: str | None
    guess_content_type: bool
    names: Iterable[str] | None
    bwlimit: Bwlimit


@dataclass(frozen=True, slots=True)
class TransferSettings:
    """The values of a transfer, checked. Each keyword is described in `TransferKeywords`.

    Attributes:
        jobs: objects and parts at the same time, at the most.
        create_container: create the destination's container.
        recursive: descend.
        version: of the one source.
        observer: what `progress` means.
        asked: what `patterns` means.
        bandwidth: what `bwlimit` means.
        sides: the options of both sides and of each.
    """

    jobs: int
    create_container: bool
    recursive: bool
    version: str | None = None
    attributes: Attributes | None = None
    options: Mapping[str, str] | None = field(default=None, repr=False)
    progress: Progress = None
    cancel: CancelToken | None = None
    part_size_bytes: int | None = None
    dry_run: bool = False
    failures: ListPath = None
    failures0: ListPath = None
    raise_on_failure: bool = True
    retries: int = 0
    patterns: str = "auto"
    names: Iterable[str] | None = None
    include: Patterns | None = None
    exclude: Patterns | None = None
    min_size: Size | None = None
    max_size: Size | None = None
    newer: Moment | None = None
    older: Moment | None = None
    overwrite: str | None = None
    compare: str | None = None
    guess_content_type: bool = True
    bwlimit: Bwlimit = None
    source_options: Mapping[str, str] | None = field(default=None, repr=False)
    dest_options: Mapping[str, str] | None = field(default=None, repr=False)
    observer: TransferObserver = field(init=False)
    asked: Reading = field(init=False)
    filters: Filters | None = field(init=False)
    rule: OverwriteRule = field(init=False)
    bandwidth: Bandwidth | None = field(init=False)
    sides: SideOptions = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_arguments(self.jobs, self.progress, self.cancel, self.options)
        check_options(self.source_options, "source_options")
        check_options(self.dest_options, "dest_options")
        if self.part_size_bytes is not None and self.part_size_bytes < 1:
            raise errors.UsageError("part_size_bytes must be positive")
        if self.retries < 0:
            raise errors.UsageError(f"retries is 0 or more, not {self.retries}")
        if not isinstance(self.attributes, (Attributes, type(None))):
            raise TypeError(f"attributes is of the class Attributes, not {self.attributes!r}")
        if isinstance(self.names, str):
            raise TypeError("names is an iterable of names, not a text")
        if self.names is not None and self.version is not None:
            raise errors.UsageError(
                "a version is of one object, and a list of names was given",
                hint="Leave out the list, or the version",
            )
        object.__setattr__(self, "observer", as_observer(self.progress))
        object.__setattr__(self, "asked", Reading.of(self.patterns, self.version))
        filters = make_filters(
            include=self.include,
            exclude=self.exclude,
            min_size=self.min_size,
            max_size=self.max_size,
            newer=self.newer,
            older=self.older,
        )
        object.__setattr__(self, "filters", filters)
        sides = SideOptions(self.options, self.source_options, self.dest_options)
        object.__setattr__(self, "sides", sides)
        object.__setattr__(self, "rule", OverwriteRule.from_names(self.overwrite, self.compare))
        object.__setattr__(self, "bandwidth", make_bandwidth(self.bwlimit))
