"""What the provider takes from options and the environment, and how file systems are named."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import errors
from s3dlio_core.registry import make_provider
from s3dlio_direct import DirectProvider
from s3dlio_direct.file_systems import file_system_of

if TYPE_CHECKING:
    from tests.disks.mounts import Mounts

_VARIABLE = "S3DLIO_DIRECT_FALLBACK"


@pytest.mark.parametrize(
    ("option", "variable", "chosen"),
    [
        (None, None, "refuse"),
        (None, "", "refuse"),
        (None, "buffered", "buffered"),
        ("buffered", None, "buffered"),
        ("refuse", "buffered", "refuse"),
    ],
)
def test_the_option_goes_before_the_variable(
    monkeypatch: pytest.MonkeyPatch, option: str | None, variable: str | None, chosen: str
) -> None:
    """An empty variable is none."""
    monkeypatch.delenv(_VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(_VARIABLE, variable)
    provider = make_provider("direct", {} if option is None else {"direct_fallback": option})
    assert isinstance(provider, DirectProvider)
    assert pickle.loads(pickle.dumps(provider)).fallback == chosen
    assert provider.open("/tmp").fallback == chosen


@pytest.mark.parametrize(
    ("option", "variable", "named"),
    [("yes", None, "the option direct_fallback"), (None, "yes", _VARIABLE)],
)
def test_a_mistake_is_named(
    monkeypatch: pytest.MonkeyPatch, option: str | None, variable: str | None, named: str
) -> None:
    """By where it stands."""
    monkeypatch.setenv(_VARIABLE, variable or "")
    with pytest.raises(errors.UsageError, match=f'{named} is "refuse" or "buffered", not "yes"'):
        make_provider("direct", {} if option is None else {"direct_fallback": option})


def test_the_options_of_files_are_taken() -> None:
    """They mean what they mean to file://."""
    store = make_provider("direct", {"fsync": "true", "links": "own"}).open("/tmp")
    assert (store.fsync, store.follow_links, store.own_links) == (True, False, True)  # type: ignore[attr-defined]


def test_a_file_system_is_named_by_type_and_place(mounts: Mounts) -> None:
    """Not that of the directory it is mounted in."""
    directory = mounts.ramfs()
    fd = os.open(directory, os.O_PATH)
    try:
        assert file_system_of(fd) == f"ramfs at {directory}"
    finally:
        os.close(fd)


def test_names_of_mount_points_are_unescaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel writes spaces and such in octal digits."""
    files = {
        "/proc/self/fdinfo/7": "pos:\t0\nmnt_id:\t31\nino:\t1\n",
        "/proc/self/mountinfo": (
            "3 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
            "31 3 0:5 / /mnt/a\\040b\\134c rw shared:1 master:2 - fuse.sshfs x rw\n"
        ),
    }
    monkeypatch.setattr(Path, "read_text", lambda path, **_: files[str(path)])
    assert file_system_of(7) == "fuse.sshfs at /mnt/a b\\c"


def test_a_system_that_tells_nothing_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may have no /proc."""

    def refuse(path: Path, **_: str) -> str:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", refuse)
    assert file_system_of(7) == "the file system"
