"""What an import costs: no backend and no bar is loaded before it is needed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

#: Neither these nor a backend of ours.
HEAVY: Final = frozenset({"requests", "urllib3", "azure", "cffi", "_cffi_backend", "tqdm", "click"})
BACKENDS: Final = frozenset({"s3dlio_http", "s3dlio_s3", "s3dlio_azure", "s3dlio_direct"})
#: The backends that are stores; only Linux has direct://.
STORES: Final = frozenset({"s3dlio_s3", "s3dlio_azure", "s3dlio_direct"})
INSTALLED: Final = sorted(STORES if sys.platform == "linux" else STORES - {"s3dlio_direct"})


def loaded_after(code: str, *arguments: str) -> set[str]:
    """The modules that an interpreter holds after some code."""
    code += "\nimport sys; print(*sys.modules, sep='\\n', file=sys.__stdout__)"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    )
    return set(done.stdout.splitlines())


@pytest.mark.parametrize("module", ["s3dlio", "s3dlio_core", "s3dlio_progress"])
def test_import_loads_no_library(module: str) -> None:
    """Only Python and ourselves."""
    loaded = loaded_after(f"import {module}")
    assert frozenset() == (HEAVY | BACKENDS | {"importlib.metadata"}) & loaded


@pytest.mark.parametrize(
    "code",
    [
        "import s3dlio; s3dlio.upload(sys.argv[1], sys.argv[2])",
        "from s3dlio_cli.app import run; run(['upload', '-q', *sys.argv[1:]])",
    ],
)
def test_copying_files_loads_no_backend(code: str, tmp_path: Path) -> None:
    """file:// to file:// needs no HTTP, no signature and no bar."""
    (tmp_path / "a").write_bytes(b"content")
    loaded = loaded_after(f"import sys\n{code}", str(tmp_path / "a"), f"file://{tmp_path}/b")
    assert (tmp_path / "b").read_bytes() == b"content"
    assert frozenset() == (HEAVY - {"click"} | BACKENDS) & loaded


def test_command_line_loads_no_backend() -> None:
    """Help, completion and a mistaken command wait for none."""
    loaded = loaded_after("import s3dlio_cli.app")
    assert frozenset() == (HEAVY - {"click"} | BACKENDS) & loaded


@pytest.mark.parametrize("module", INSTALLED)
def test_backend_loads_neither_bars_nor_the_command_line(module: str) -> None:
    """Who embeds S3 gets S3, and no other backend."""
    loaded = loaded_after(f"import {module}")
    assert frozenset() == {"tqdm", "click", "s3dlio_progress", "s3dlio_cli", "s3dlio"} & loaded
    assert frozenset() == (STORES - {module}) & loaded


@pytest.mark.skipif(sys.platform != "linux", reason="direct:// is Linux's")
def test_direct_loads_no_http() -> None:
    """Files need no network, whatever they are read past."""
    code = "import s3dlio_direct"
    assert frozenset() == (HEAVY - {"cffi", "_cffi_backend"} | {"s3dlio_http"}) & loaded_after(code)
