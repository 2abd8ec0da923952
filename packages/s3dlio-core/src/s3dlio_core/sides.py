"""The two sides of a copy: where objects come from and where they go, each with its own settings.

Rules that hold in this file:
- What counts, first to last: the options of one side, those of both, the environment of one side
  (`SOURCE_VARIABLES`, `DEST_VARIABLES` and the option's name in capitals), then what each store
  finds by itself. So what a caller says counts before the environment.
- Credentials and the like are taken whole (`StoreProvider.option_groups`), never half from here
  and half from there.
- Two sides with the same settings share one session, and so its connections.
- A value may be a secret: messages have names only.
"""

from __future__ import annotations

import contextlib
import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3dlio_core.errors import UsageError
from s3dlio_core.logs import get_logger
from s3dlio_core.registry import provider_class
from s3dlio_core.session import Session, refuse_shared_endpoint, refuse_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from s3dlio_core.transfer.events import CancelToken
    from s3dlio_core.uri import Uri

__all__ = ["DEST_VARIABLES", "SOURCE_VARIABLES", "SideOptions", "Sides", "open_sides"]

#: What the environment variables of each side begin with.
SOURCE_VARIABLES = "S3DLIO_SOURCE_"
DEST_VARIABLES = "S3DLIO_DEST_"

_log = get_logger("sides")


@dataclass(frozen=True, slots=True)
class Sides:
    """The sessions of a copy, which are one when the sides don't differ."""

    source: Session
    destination: Session

    def remarks(self) -> tuple[str, ...]:
        """Return the remarks of both sides' stores."""
        return (*self.source.remarks(), *self.destination.remarks())


@dataclass(frozen=True, slots=True, repr=False)
class SideOptions:
    """What was said of the stores of a copy; no repr shows it, since values may be secrets.

    Attributes:
        both: options of both sides.
        source: options of the side that is read.
        dest: options of the side that is written.
    """

    both: Mapping[str, str] | None = None
    source: Mapping[str, str] | None = None
    dest: Mapping[str, str] | None = None

    def check(self, sources: Iterable[Uri], destination: Uri) -> None:
        """Check that each option is known to at least one of the stores that it was given for.

        One for what is written has to be known to the destination.

        Raises:
            UsageError: one isn't, or an endpoint is given for several services.
        """
        given = tuple(sources)
        both = self.both or {}
        refuse_unknown(both, [*given, destination])
        _refuse_unwritten(both, given, destination)
        # A side that has an endpoint of its own doesn't use that of both.
        shared = [
            *([] if (self.source or {}).get("endpoint_url") else given),
            *([] if (self.dest or {}).get("endpoint_url") else [destination]),
        ]
        refuse_shared_endpoint(both, shared)
        refuse_unknown(self.source or {}, given, "source ")
        refuse_unknown(self.dest or {}, [destination], "destination ")


@contextlib.contextmanager
def open_sides(
    options: SideOptions,
    sources: Iterable[Uri],
    destination: Uri,
    cancel: CancelToken,
    *,
    reads_checksums: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Sides]:
    """Begin the sessions of a copy, and close them at the end.

    Args:
        options: what was said of the stores.
        sources: where objects come from.
        destination: where they go.
        cancel: ends the waits of retries.
        reads_checksums: see `Session`.
        environ: the environment; None: that of the process.

    Yields:
        The sessions.

    Raises:
        UsageError: an option that means nothing where it was given.
    """
    given = tuple(sources)
    options.check(given, destination)
    around = os.environ if environ is None else environ
    found = _found(SOURCE_VARIABLES, around), _found(DEST_VARIABLES, around)
    _warn_of_unknown(SOURCE_VARIABLES, found[0], [*given, destination])
    _warn_of_unknown(DEST_VARIABLES, found[1], [*given, destination])
    is_one = (options.source or {}, found[0]) == (options.dest or {}, found[1])
    begin = functools.partial(Session, cancel=cancel, reads_checksums=reads_checksums)
    both = options.both or {}
    with contextlib.ExitStack() as stack:
        if is_one:
            session = stack.enter_context(
                begin(both, defaults=found[0], own_options=options.source)
            )
            yield Sides(session, session)
            return
        read = {name: both[name] for name in set(both) - _only_written(given)}
        yield Sides(
            stack.enter_context(
                begin(read, defaults=found[0], own_options=options.source, side="source")
            ),
            stack.enter_context(
                begin(both, defaults=found[1], own_options=options.dest, side="destination")
            ),
        )


def _refuse_unwritten(options: Iterable[str], sources: Iterable[Uri], destination: Uri) -> None:
    """Refuse what only the stores know that are read: who asks for encryption has to get it."""
    known = provider_class(destination.scheme).option_names
    if lost := sorted((set(options) & _only_written(sources)) - known):
        raise UsageError(
            f"option {', '.join(lost)} is for what is written, and means nothing for "
            f"{destination.scheme}://",
            hint="Leave it out",
        )


def _only_written(uris: Iterable[Uri]) -> set[str]:
    """Return the options that a side which is only read does without.

    Else `sse` for what is written would take the place of the key that the sources are read with.
    """
    schemes = {uri.scheme for uri in uris}
    return {name for scheme in schemes for name in provider_class(scheme).write_options}


def _found(prefix: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the options that the environment has for a side; an empty variable isn't set."""
    return {
        name.removeprefix(prefix).lower(): value
        for name, value in environ.items()
        if name.startswith(prefix) and value
    }


def _warn_of_unknown(prefix: str, found: Iterable[str], uris: Iterable[Uri]) -> None:
    """Warn of variables that no store here knows: one with a slip of the pen goes unnoticed.

    Not where only local files are copied, which most of them aren't meant for.
    """
    providers = [provider_class(scheme) for scheme in {uri.scheme for uri in uris}]
    known = {name for provider in providers for name in provider.option_names}
    unknown = sorted(set(found) - known)
    if unknown and not all(provider.containers_are_paths for provider in providers):
        names = ", ".join(f"{prefix}{name.upper()}" for name in unknown)
        _log.warning("%s: no store of this copy has such a setting", names)
