"""s3-cli, buckets seen by boto3, and one large file, for all tests of this directory."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.command_line import Cli, bare_environment
from tests.e2e.truth import Bucket, boto3_client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers import FaultProxy, MotoServer, S3Server

MIB: Final = 1 << 20
LARGE_SIZE_MIB: Final = 300


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory without any configuration."""
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def bare_cli(tmp_path: Path, home: Path) -> Cli:
    """s3-cli without credentials and endpoint."""
    return Cli(tmp_path, bare_environment(home))


@pytest.fixture
def cli(bare_cli: Cli, s3_server: S3Server) -> Cli:
    """s3-cli that finds each of the two servers in turn."""
    return bare_cli.with_environment(**s3_server.environment)


@pytest.fixture
def bucket(s3_server: S3Server, s3_bucket: str) -> Iterator[Bucket]:
    """A fresh bucket on that server."""
    with boto3_client(s3_server) as client:
        yield Bucket(client, s3_bucket)


@pytest.fixture
def moto_cli(bare_cli: Cli, moto_s3: MotoServer) -> Cli:
    """s3-cli that finds moto."""
    return bare_cli.with_environment(**moto_s3.environment)


@pytest.fixture
def moto(moto_s3: MotoServer, moto_bucket: str) -> Iterator[Bucket]:
    """A fresh bucket on moto."""
    with boto3_client(moto_s3) as client:
        yield Bucket(client, moto_bucket)


@pytest.fixture
def faulty_cli(bare_cli: Cli, fault_proxy: FaultProxy) -> Cli:
    """s3-cli that finds moto through the fault proxy."""
    return bare_cli.with_environment(**fault_proxy.environment)


@dataclass(frozen=True, slots=True)
class LargeFile:
    """A file, its size and the hash of its content."""

    path: Path
    size_bytes: int
    sha256: str


def write_numbered(path: Path, size_mib: int) -> LargeFile:
    """Write a file of so many MiB, of which no two are alike, so that swapped parts show."""
    block = random.Random(size_mib).randbytes(MIB - 8)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for number in range(size_mib):
            piece = number.to_bytes(8, "big") + block
            digest.update(piece)
            file.write(piece)
    return LargeFile(path, size_mib * MIB, digest.hexdigest())


@pytest.fixture(scope="session")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LargeFile]:
    """A file of 300 MiB, written once and removed at the end."""
    file = write_numbered(tmp_path_factory.mktemp("large") / "large.bin", LARGE_SIZE_MIB)
    yield file
    file.path.unlink()


@pytest.fixture(scope="session")
def medium_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LargeFile]:
    """A file of 40 MiB: five parts."""
    file = write_numbered(tmp_path_factory.mktemp("medium") / "medium.bin", 40)
    yield file
    file.path.unlink()
