"""What the operations take, and how it is read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from s3dlio_core import errors
from s3dlio_core.registry import default_observer
from s3dlio_core.session import Session
from s3dlio_core.transfer.events import CancelToken, TransferObserver
from s3dlio_core.uri import Uri, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


#: A URI or a local path.
UriLike: TypeAlias = "str | os.PathLike[str]"
#: One source or several.
Sources: TypeAlias = "UriLike | Sequence[UriLike]"
#: An observer, or True for progress bars (needs the package s3dlio-progress).
Progress: TypeAlias = "TransferObserver | bool | None"

#: More threads than this cost more than they bring.
JOBS_MAX = 4096


def several(sources: Sources) -> Sequence[UriLike]:
    """Return the sources as a sequence."""
    return (sources,) if isinstance(sources, (str, os.PathLike)) else tuple(sources)


def check_arguments(
    jobs: int, progress: Progress, cancel: CancelToken | None, options: Mapping[str, str] | None
) -> None:
    """Check what a caller may get wrong, before it fails far from here.

    Raises:
        UsageError: a number of jobs out of range.
        TypeError: an argument of another type.
    """
    if isinstance(jobs, bool) or not isinstance(jobs, int):
        raise TypeError(f"max_in_flight is an int, not {jobs!r}")
    if not 1 <= jobs <= JOBS_MAX:
        raise errors.UsageError(f"max_in_flight is from 1 to {JOBS_MAX}, not {jobs}")
    if not isinstance(progress, (TransferObserver, bool, type(None))):
        raise TypeError(f"progress is a TransferObserver or True, not {progress!r}")
    if not isinstance(cancel, (CancelToken, type(None))):
        raise TypeError(f"cancel is a CancelToken, not {cancel!r}")
    check_options(options)


def check_options(options: Mapping[str, str] | None, name: str = "options") -> None:
    """Check that a store's settings are texts; what they are isn't told, since some are secrets.

    Raises:
        TypeError: they aren't.
    """
    given: object = {} if options is None else options
    if not isinstance(given, Mapping):
        raise TypeError(f"{name} is a mapping of names to texts, not a {type(given).__name__}")
    for key, value in given.items():
        if not isinstance(value, str):
            raise TypeError(f"{name}[{key!r}] is a text, not a {type(value).__name__}")


def prepare_container(session: Session, target: Uri, container: str, *, create: bool) -> None:
    """Create the destination's container: a bucket when that is asked for, a directory always."""
    provider = session.provider(target)
    if not (create or provider.containers_are_paths) or provider.container_exists(container):
        return
    with contextlib.suppress(errors.ContainerExistsError):  # somebody was faster
        provider.create_container(container)


def expect_container(session: Session, target: Uri, container: str, *, create: bool) -> str:
    """Find out what `prepare_container` and the first write would find, and change nothing.

    Returns:
        What the user should know, or "".

    Raises:
        ContainerNotFoundError: it doesn't exist, and nothing would create it.
    """
    provider = session.provider(target)
    if provider.containers_are_paths or provider.container_exists(container):
        return ""
    uri = str(Uri(target.scheme, container, "", target.host))
    if not create:
        raise errors.ContainerNotFoundError("the bucket or container does not exist", uri=uri)
    return f"{uri} would be created"


def object_uri(uri: UriLike) -> Uri:
    """Parse the URI of an object.

    Raises:
        UsageError: it names a container.
    """
    parsed = parse_uri(uri)
    if not parsed.key:
        raise errors.UsageError(
            "this names a container, not an object", uri=str(uri), hint="Add a key"
        )
    return parsed


@contextlib.contextmanager
def object_session(uri: UriLike, options: Mapping[str, str] | None) -> Iterator[Session]:
    """Begin the session of an operation on one object.

    Raises:
        UsageError: the URI names a container, or an option means nothing here.
    """
    parsed = object_uri(uri)
    with Session(options) as session:
        session.check_options([parsed])
        yield session


def as_observer(progress: Progress) -> TransferObserver:
    """Return the observer that is meant; the installed one for True, a silent one for None."""
    if progress is None or progress is False:
        return TransferObserver()
    return default_observer() if progress is True else progress
