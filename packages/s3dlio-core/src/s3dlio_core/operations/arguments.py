"""What the operations take, and how it is read."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, TypeAlias

from s3dlio_core import errors
from s3dlio_core.registry import default_observer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3dlio_core.session import Session
    from s3dlio_core.transfer.events import TransferObserver
    from s3dlio_core.uri import Uri

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


def prepare_container(session: Session, target: Uri, container: str, *, create: bool) -> None:
    """Create the destination's container: a bucket when that is asked for, a directory always."""
    provider = session.provider(target)
    if not (create or provider.containers_are_paths) or provider.container_exists(container):
        return
    with contextlib.suppress(errors.ContainerExistsError):  # somebody was faster
        provider.create_container(container)


def as_observer(progress: Progress) -> TransferObserver | None:
    """Return the observer that is meant; the installed one for True."""
    if progress is None or progress is False:
        return None
    return default_observer() if progress is True else progress
