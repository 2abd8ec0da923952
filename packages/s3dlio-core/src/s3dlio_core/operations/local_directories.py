"""Local directories as sources that will be gone: which are refused, and which are removed.

Rules that hold in this file:
- Only a directory that holds no file, link, fifo or device goes, with the empty ones below it.
- Never the root, "." or "..": who names them means their content. Never a symbolic link.
- A symbolic link is never read as the directory that it points to, unless a "/" says so.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from s3dlio_core import errors

if TYPE_CHECKING:
    from s3dlio_core.store import StoreProvider

__all__ = ["make_empty_directories", "refuse_linked_directory", "remove_emptied"]


def remove_emptied(provider: StoreProvider, directory: str) -> None:
    """Remove a directory if it holds nothing but empty ones.

    Args:
        provider: of the directory.
        directory: its path, as the user wrote it.
    """
    if not _is_kept(directory):
        # A fifo, a device or what was written meanwhile keeps it.
        with contextlib.suppress(errors.ContainerNotEmptyError):
            provider.delete_container(directory)


def make_empty_directories(provider: StoreProvider, directory: str, goal: str) -> None:
    """Make all directories below one at another place, too, if it will be removed.

    Args:
        provider: of both.
        directory: its path.
        goal: the path that it gets.
    """
    if _is_kept(directory) or any(files for _, _, files in os.walk(directory)):
        return
    true_goal = os.path.realpath(goal)
    for path, _, _ in os.walk(directory):
        made = os.path.normpath(f"{goal}/{os.path.relpath(path, directory)}")
        # Below the destination no link leads a write out of it.
        if f"{os.path.realpath(made)}/".startswith(f"{true_goal}/"):
            with contextlib.suppress(errors.ContainerExistsError):
                provider.create_container(made)


def _is_kept(directory: str) -> bool:
    path = directory.rstrip("/")
    # The name that is left when "/" is cut off.
    return path.rpartition("/")[2] in {"", ".", ".."} or Path(path).is_symlink()


def refuse_linked_directory(uri: str, path: str, operation: str, hint: str) -> None:
    """Refuse to read a link as the directory that it points to.

    Args:
        uri: as the user wrote it.
        path: the path that it means; with a "/" behind it is what the link points to.
        operation: "delete" or "move".
        hint: what to do instead.

    Raises:
        UsageError: it points to a directory.
    """
    if not path.endswith("/") and Path(path).is_symlink() and Path(path).is_dir():
        raise errors.UsageError(
            "this is a symbolic link to a directory", operation=operation, uri=uri, hint=hint
        )
