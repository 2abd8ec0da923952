"""Permissions of files: a copy of a private file is private, and a program's can be run."""

from __future__ import annotations

import errno
import os
import stat
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import operations
from s3dlio_core.memory_store import MemoryProvider
from s3dlio_core.store import Attributes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b"0123456789" * 300
MODES = pytest.mark.parametrize(
    ("mode", "expected"), [(0o600, 0o600), (0o755, 0o750), (0o440, 0o440), (0o4777, 0o750)]
)
#: In the kernel and through this process, whole and in parts.
WAYS = pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"part_size_bytes": 1000},
        {"bwlimit": 10**9},
        {"bwlimit": 10**9, "part_size_bytes": 1000},
        {"attributes": Attributes("text/x")},
    ],
    ids=["kernel", "kernel, parts", "streamed", "streamed, parts", "attributes"],
)


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def _file(path: Path, mode: int) -> Path:
    path.write_bytes(CONTENT)
    path.chmod(mode)
    return path


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@WAYS
@MODES
def test_a_copy_has_the_permissions_of_its_source(
    tmp_path: Path, keywords: dict[str, Any], mode: int, expected: int
) -> None:
    """Less the umask, as `cp` does it, whichever way the bytes go; never set-user-ID."""
    source = _file(tmp_path / "a", mode)
    operations.copy(source, tmp_path / "b", **keywords)
    assert ((tmp_path / "b").read_bytes(), _mode(tmp_path / "b")) == (CONTENT, expected)


@WAYS
def test_a_file_that_is_replaced_keeps_its_permissions(
    tmp_path: Path, keywords: dict[str, Any]
) -> None:
    """They are those of the name."""
    source, goal = _file(tmp_path / "a", 0o755), _file(tmp_path / "b", 0o600)
    operations.copy(source, goal, **keywords)
    assert _mode(goal) == 0o600


@MODES
def test_a_move_between_file_systems_keeps_the_permissions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, expected: int
) -> None:
    """Less the umask."""

    def other_device(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "another file system")

    source = _file(tmp_path / "a", mode)
    (tmp_path / "goal").mkdir()
    rename = os.rename
    monkeypatch.setattr(
        os,
        "rename",
        lambda *args, **fds: (other_device if args[0] == "a" else rename)(*args, **fds),
    )
    operations.move(source, tmp_path / "goal/")
    assert (_mode(tmp_path / "goal" / "a"), source.exists()) == (expected, False)


def test_what_an_object_store_had_is_a_file_like_others(tmp_path: Path) -> None:
    """No service is told of permissions."""
    name = uuid.uuid4().hex
    MemoryProvider().create_container(name)
    operations.copy(_file(tmp_path / "a", 0o600), f"memory://{name}/a")
    operations.copy(f"memory://{name}/a", tmp_path / "b")
    assert _mode(tmp_path / "b") == 0o640
