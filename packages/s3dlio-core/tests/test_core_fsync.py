"""The option fsync of the file store."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from s3dlio_core import errors
from s3dlio_core.file_store import FileProvider, FileStore
from s3dlio_core.operations import upload


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that fsync is called for, in order."""
    paths: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        paths.append(str(Path(f"/proc/self/fd/{fd}").readlink()))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    return paths


def test_without_the_option_nothing_is_synced(tmp_path: Path, synced: list[str]) -> None:
    """A file store doesn't sync by default."""
    with FileStore(str(tmp_path)) as store:
        store.put("a/b", b"content")
    assert [] == synced


def test_data_is_synced_before_the_rename_and_each_directory_once(
    tmp_path: Path, synced: list[str]
) -> None:
    """Files are synced under their temporary names, directories once, in close."""
    with FileStore(str(tmp_path), fsync=True) as store:
        for name in ("a/one", "a/two"):
            store.put(name, b"content")
        part = (upload := store.create_multipart("a/three")).put_part(1, 0, b"content")
        upload.complete([part])
        files, synced[:] = list(synced), []
    assert 3 == len(files)
    assert all(Path(path).name.startswith(".s3dlio-tmp-") for path in files)
    assert sorted([str(tmp_path.parent), str(tmp_path), str(tmp_path / "a")]) == sorted(synced)


def test_the_operation_takes_the_option(tmp_path: Path, synced: list[str]) -> None:
    """`options={"fsync": "true"}` reaches the destination's store."""
    (tmp_path / "source").write_bytes(b"content")
    upload(tmp_path / "source", f"{tmp_path}/copy/", options={"fsync": "true"})
    assert str(tmp_path / "copy") in synced


def test_another_value_is_refused() -> None:
    """A value that is neither true nor false is a usage error."""
    with pytest.raises(errors.UsageError, match="fsync"):
        FileProvider.from_options("file", {"fsync": "yes"})
