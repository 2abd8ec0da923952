"""The Pythons that are supported, as far as this machine has them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

VERSIONS: Final = ("3.10", "3.11", "3.12", "3.13")


def find_python(version: str) -> str | None:
    """Find an interpreter: pyenv's own files first, its shims refuse versions that are not set."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for candidate in sorted((root / "versions").glob(f"{version}.*/bin/python3"), reverse=True):
        return str(candidate)
    return shutil.which(f"python{version}")
