"""What a store remarks of how it worked: one line on the terminal, and a note in the JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

import pytest

from s3dlio_core import registry
from s3dlio_core.file_store import FileProvider, FileStore
from s3dlio_core.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Cli

    from s3dlio_core.file_store.data_file import DataFile

TEXT = "it goes through the page cache"


class FallbackStore(FileStore):
    """Warns once, as a store does that can't work as it was meant to."""

    scheme = "direct"
    _remarks: tuple[str, ...] = ()

    def open_data(self, path: str, flags: int, *, dir_fd: int | None = None) -> DataFile:
        """Open a file."""
        if not self._remarks:
            self._remarks = (TEXT,)
            get_logger("direct").warning(TEXT)
        return super().open_data(path, flags, dir_fd=dir_fd)

    def remarks(self) -> tuple[str, ...]:
        """Say so."""
        return self._remarks


class FallbackProvider(FileProvider):
    """Opens such stores."""

    scheme: ClassVar[str] = "direct"

    def open(self, container: str) -> FallbackStore:
        """Open one."""
        return FallbackStore(container)


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    """The scheme is served by it."""
    registry.register("direct", FallbackProvider)
    yield
    registry.unregister("direct")


@pytest.mark.parametrize("command", ["upload", "download", "copy", "put"])
def test_a_remark_is_one_line_and_a_note(cli: Cli, tmp_path: Path, command: str) -> None:
    """The summary of --json has it once, and standard error one warning."""
    (tmp_path / "a").write_bytes(b"1")
    outcome = cli(command, "--json", tmp_path / "a", f"direct://{tmp_path}/{command}")
    assert outcome.code == 0
    assert json.loads(outcome.out.splitlines()[-1])["notes"] == [TEXT]
    assert outcome.err.count(TEXT) == 1


def test_the_last_line_of_json_progress_has_it(cli: Cli, tmp_path: Path) -> None:
    """Which is all that such a reader is told of a report."""
    (tmp_path / "a").write_bytes(b"1")
    outcome = cli("copy", "--progress=json", tmp_path / "a", f"direct://{tmp_path}/b")
    last = json.loads(outcome.err.splitlines()[-1])
    assert TEXT in json.dumps(last)
