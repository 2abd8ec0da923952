"""Small, odd and full file systems, each unmounted when its test is over.

Rules that hold in this file:
- Only who may mount can have one: root, or anybody inside `unshare -rm` (not of a loop device).
  Elsewhere the test is skipped, of the group "mounts".
- Whatever happens, nothing stays mounted: one that is busy is detached.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Mounts"]


class Mounts:
    """Mounts file systems below one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._mounted: list[Path] = []

    def ramfs(self) -> Path:
        """Mount a ramfs, which refuses O_DIRECT."""
        return self._mount("ramfs", "-t", "ramfs", "none")

    def tmpfs(self, size_bytes: int) -> Path:
        """Mount a tmpfs that is full after so many bytes."""
        return self._mount("tmpfs", "-t", "tmpfs", "-o", f"size={size_bytes}", "none")

    def ext4(self, size_bytes: int = 16 << 20, *options: str) -> Path:
        """Mount a small ext4 from a file, with further options of mkfs.ext4.

        Nothing is reserved for root, so that the last block can be had.
        """
        if shutil.which("mkfs.ext4") is None:
            pytest.skip("mounts: mkfs.ext4 isn't installed")
        image = self._directory / f"image-{len(self._mounted)}"
        with image.open("wb") as file:
            file.truncate(size_bytes)
        _run("mkfs.ext4", "-q", "-F", "-m", "0", *options, str(image))
        try:
            return self._mount("ext4", "-t", "ext4", "-o", "loop", str(image))
        finally:
            image.unlink()  # the mount keeps what it needs

    def read_only(self, directory: Path) -> Path:
        """Mount a directory a second time, where nobody can write."""
        mounted = self._mount("read-only", "--bind", str(directory))
        _run("mount", "-o", "remount,ro,bind", str(mounted))
        return mounted

    def close(self) -> None:
        """Unmount everything, the last one first."""
        while self._mounted:
            path = self._mounted.pop()
            if subprocess.run(["umount", str(path)], capture_output=True, check=False).returncode:
                subprocess.run(["umount", "--lazy", str(path)], capture_output=True, check=True)
            path.rmdir()

    def _mount(self, name: str, *arguments: str) -> Path:
        path = self._directory / f"{name}-{len(self._mounted)}"
        path.mkdir()
        try:
            _run("mount", *arguments, str(path))
        except BaseException:
            path.rmdir()
            raise
        self._mounted.append(path)
        return path


def _run(*command: str) -> None:
    """Run a command of root's, or skip the test."""
    try:
        subprocess.run(command, capture_output=True, check=True, text=True)
    except FileNotFoundError:
        pytest.skip(f"mounts: {command[0]} isn't installed")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"mounts: {' '.join(command)}: {error.stderr.strip()}")
