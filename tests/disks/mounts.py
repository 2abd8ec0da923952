"""Small, odd and full file systems, each unmounted when its test is over.

Rules that hold in this file:
- Only who may mount can have one: root, or anybody inside `unshare -rm` (not of a loop device).
  Elsewhere the test is skipped, of the group "mounts".
- Whatever happens, nothing stays mounted: one that is busy is detached.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Mounts"]

#: The least that each kind can be made with, 16 MiB where it isn't here; the file has holes.
_DISK_BYTES: Final = {"btrfs": 128 << 20, "xfs": 300 << 20}


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

    def disk(self, kind: str = "ext4", *options: str, sector_bytes: int = 512) -> Path:
        """Mount a file system of 16 MiB or little more that lies in a file.

        Args:
            kind: ext4, ext2, xfs, btrfs …
            options: further ones of its mkfs.
            sector_bytes: of the disk, the least that a direct write may have.
        """
        image = self._directory / f"image-{len(self._mounted)}"
        with image.open("wb") as file:
            file.truncate(_DISK_BYTES.get(kind, 16 << 20))
        try:
            loop = _run("losetup", "--find", "--show", f"--sector-size={sector_bytes}", str(image))
        finally:
            image.unlink()  # the device keeps what it needs
        try:
            _run(f"mkfs.{kind}", "-q", *options, loop)
            return self._mount(kind, "-t", kind, loop)
        finally:
            _run("losetup", "--detach", loop)  # when it is unmounted, or else at once

    def overlay(self, below: Path) -> Path:
        """Mount an overlay, as containers have, whose files lie in a directory."""
        layers = [below / name for name in ("lower", "upper", "work")]
        for layer in layers:
            layer.mkdir()
        options = "lowerdir={},upperdir={},workdir={}".format(*layers)
        return self._mount("overlay", "-t", "overlay", "-o", options, "none")

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


def _run(*command: str) -> str:
    """Run a command of root's and return what it says, or skip the test."""
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    except FileNotFoundError:
        pytest.skip(f"mounts: {command[0]} isn't installed")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"mounts: {' '.join(command)}: {error.stderr.strip()}")
