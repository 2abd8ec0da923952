"""The option fsync of the direct store: past the page cache isn't yet on the disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3dlio_core.operations import upload
from s3dlio_direct import DirectStore

if TYPE_CHECKING:
    from tests.disks.native_calls import NativeCalls


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch, native_calls: NativeCalls) -> list[str]:
    """The paths that are synced, in order, by Python or by C."""
    paths: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        paths.append(str(Path(f"/proc/self/fd/{fd}").readlink()))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    return paths


def test_without_the_option_nothing_is_synced(
    direct_directory: Path, synced: list[str], native_calls: NativeCalls
) -> None:
    """A direct store doesn't sync by default."""
    with DirectStore(str(direct_directory)) as store:
        store.put("a/b", b"content")
    assert [] == synced + _synced_in_c(native_calls)


def test_data_is_synced_before_the_rename_and_each_directory_once(
    direct_directory: Path, synced: list[str], native_calls: NativeCalls
) -> None:
    """Files are synced under their temporary names, directories once, in close."""
    with DirectStore(str(direct_directory), fsync=True) as store:
        for name in ("a/one", "a/two"):
            store.put(name, b"content")
        begun = store.create_multipart("a/three")
        begun.complete([begun.put_part(1, 0, b"content")])
        files, synced[:] = synced + _synced_in_c(native_calls), []
    assert 3 == len(files)
    assert all(Path(path).name.startswith(".s3dlio-tmp-") for path in files)
    directories = [direct_directory.parent, direct_directory, direct_directory / "a"]
    assert sorted(map(str, directories)) == sorted(synced)


def test_the_operation_takes_the_option(direct_directory: Path, synced: list[str]) -> None:
    """`options={"fsync": "true"}` reaches the destination's store."""
    (direct_directory / "source").write_bytes(b"content")
    target = direct_directory / "copy"
    upload(direct_directory / "source", f"direct://{target}/", options={"fsync": "true"})
    assert str(target) in synced


def _synced_in_c(calls: NativeCalls) -> list[str]:
    return [call.path for call in calls.calls if call.name == "s3dlio_sync"]
