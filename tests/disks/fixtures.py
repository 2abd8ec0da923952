"""Disks as pytest fixtures.

def test_something(direct_directory): ...   # a fresh directory where O_DIRECT is O_DIRECT
def test_refusal(mounts): ...               # mounts.ramfs(), mounts.tmpfs(1 << 20), mounts.disk()
def test_witness(native_calls): ...         # what s3dlio_direct asked of its C library
"""

from __future__ import annotations

import importlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.disks.candidates import find_direct
from tests.disks.mounts import Mounts
from tests.disks.native_calls import NativeCalls

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def direct_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that does O_DIRECT, for all tests; `S3DLIO_DIRECT_DIR` names one."""
    found, reason = find_direct(tmp_path_factory.getbasetemp(), dict(os.environ))
    if found is None:
        pytest.skip(f"direct: {reason}")
    return found


@pytest.fixture
def direct_directory(direct_root: Path) -> Iterator[Path]:
    """A fresh directory that does O_DIRECT, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="s3dlio-test-", dir=direct_root) as path:
        yield Path(path)


@pytest.fixture
def mounts(tmp_path: Path) -> Iterator[Mounts]:
    """What mounts small file systems, and unmounts them at the end."""
    mounted = Mounts(tmp_path)
    try:
        yield mounted
    finally:
        mounted.close()


@pytest.fixture
def native_calls(monkeypatch: pytest.MonkeyPatch) -> NativeCalls:
    """A recorder of what s3dlio_direct asks of its C library."""
    # Imported here: most tests need nothing of it, and it is on Linux only.
    native = importlib.import_module("s3dlio_direct.native")
    calls = NativeCalls(native.lib, native.ffi)
    monkeypatch.setattr(native, "lib", calls)
    return calls
