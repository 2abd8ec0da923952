"""One piece of work of the benchmark of Azure Blob Storage, where it is done, and its check.

Rules of this file: rclone fills the container and reads what others stored; it is no code of ours.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.bench.azure_blobs_clients import CONTAINER, rclone_program
from tools.bench.machine import MIB
from tools.bench.measurement import Run, run_command
from tools.bench.transfer_memory import WrongResultError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.servers.blob_endpoint import BlobEndpoint

    from tools.bench.azure_blobs_clients import Client

DIRECTIONS = ("up", "down")


@dataclass(frozen=True)
class Files:
    """Files of one size.

    Attributes:
        directory: where they lie, and nothing else.
        size_bytes: of each.
        hashes: the SHA-256 of each, by name.
    """

    directory: Path
    size_bytes: int
    hashes: dict[str, str]

    @property
    def name(self) -> str:
        """That of the directory."""
        return self.directory.name

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.hashes)

    def prefix(self, direction: str, client: Client) -> str:
        """Below which a client stores or finds them."""
        return f"up/{self.name}/{client.name}" if direction == "up" else f"down/{self.name}"


def make_files(directory: Path, count: int, size_bytes: int) -> Files:
    """Fill a new directory with files of random content."""
    directory.mkdir()
    for number in range(count):
        with (directory / f"file-{number:06}").open("wb") as file:
            for position in range(0, size_bytes, MIB):
                file.write(os.urandom(min(MIB, size_bytes - position)))
    return Files(directory, size_bytes, _hashes_of(directory))


def _hashes_of(directory: Path) -> dict[str, str]:
    hashes = {}
    for path in directory.iterdir():
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while piece := file.read(MIB):
                digest.update(piece)
        hashes[path.name] = digest.hexdigest()
    return hashes


def client_environment(server: BlobEndpoint) -> dict[str, str]:
    """The environment in which every client finds the server, and no configuration of the user."""
    others = ("AZURE_", "AWS_", "RCLONE_", "S3DLIO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {
        **kept,
        **server.environment,
        "AZURE_STORAGE_CONNECTION_STRING": server.connection_string,
        "RCLONE_CONFIG": os.devnull,
        "RCLONE_CONFIG_BENCH_TYPE": "azureblob",
        "RCLONE_CONFIG_BENCH_ACCOUNT": server.account,
        "RCLONE_CONFIG_BENCH_KEY": server.account_key,
        "RCLONE_CONFIG_BENCH_ENDPOINT": server.endpoint_url,
    }


def fill(kinds: Sequence[Files], server: BlobEndpoint) -> None:
    """Make the container, store what is downloaded, and read it, so that the server is warm."""
    environment = client_environment(server)
    rclone = str(rclone_program())
    run_command([rclone, "mkdir", f"bench:{CONTAINER}"], environment)
    for files in kinds:
        prefix = f"down/{files.name}"
        target = f"bench:{CONTAINER}/{prefix}/"
        run_command([rclone, "copy", f"{files.directory}/", target], environment)
        if _stored_hashes(prefix, server) != files.hashes:
            raise WrongResultError("the server holds something else than it was given")


def carry(
    client: Client, direction: str, files: Files, server: BlobEndpoint, work_dir: Path
) -> Run:
    """Let a client store the files, or fetch them into a directory of their own."""
    directory = files.directory if direction == "up" else _target(work_dir)
    if direction == "down":
        directory.mkdir()
    command = client.command(direction, str(directory), files.prefix(direction, client))
    return run_command(command, client_environment(server))


def _target(work_dir: Path) -> Path:
    return work_dir / "target"


def check_content(
    client: Client, direction: str, files: Files, server: BlobEndpoint, work_dir: Path
) -> None:
    """Compare what `carry` stored or fetched with the files; remove what it fetched.

    Raises:
        WrongResultError: it is something else.
    """
    if direction == "up":
        hashes = _stored_hashes(files.prefix(direction, client), server)
    else:
        hashes = _hashes_of(_target(work_dir))
        shutil.rmtree(_target(work_dir))
    if hashes != files.hashes:
        same = hashes.items() & files.hashes.items()
        raise WrongResultError(
            f"{client.name} {direction}: {len(same)} of {files.count} files of {files.name} "
            f"arrived whole, among {len(hashes)}"
        )


def _stored_hashes(prefix: str, server: BlobEndpoint) -> dict[str, str]:
    """The SHA-256 of each blob below a prefix, by name."""
    done = subprocess.run(
        [
            *(str(rclone_program()), "hashsum", "sha256", "--download"),
            f"bench:{CONTAINER}/{prefix}/",
        ],
        env=client_environment(server),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    lines = (line.partition("  ") for line in done.stdout.splitlines())
    return {name: digest for digest, _, name in lines}
