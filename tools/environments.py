"""Fresh Python environments, in which what users would install is tried."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: pip as it would be on another system: that is what markers see, in pip and what it calls.
_PIP_ELSEWHERE: Final = """
import runpy, sys
from pip._vendor.packaging import markers
here = markers.default_environment()
system = sys.argv.pop(1)
markers.default_environment = lambda: {**here, "sys_platform": system}
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True, slots=True)
class Environment:
    """A Python with nothing but pip.

    Attributes:
        directory: where it lies, which is nowhere near the repository.
    """

    directory: Path

    def install(self, *what: object, system: str = sys.platform) -> None:
        """Install wheels and names, as pip would on a system."""
        pip = ["-m", "pip"] if system == sys.platform else ["-c", _PIP_ELSEWHERE, system]
        self.run(*pip, "install", "--quiet", *map(str, what))

    def run(self, *arguments: str, settings: Mapping[str, str] | None = None) -> None:
        """Run its Python, with additional settings; nothing is found by where it's started."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        subprocess.run(
            [self.directory / "bin" / "python", *arguments],
            check=True,
            cwd=self.directory,
            env={**plain, **(settings or {})},
        )


@contextlib.contextmanager
def fresh_environment(python: str = sys.executable) -> Iterator[Environment]:
    """Make an environment of a Python, removed at the end."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([python, "-m", "venv", directory], check=True)
        yield Environment(Path(directory))
