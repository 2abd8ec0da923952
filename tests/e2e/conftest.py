"""s3-cli, buckets and containers seen by others, and large files, for all tests of this directory.

def test_something(cli, bucket): ...    # once against moto, once against rclone
def test_other(moto_cli, moto): ...
@on_any
def test_on_any(cli, bucket): ...       # against moto, rclone and Azurite
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import pytest

from tests.e2e.command_line import Cli, bare_environment
from tests.e2e.truth import Bucket, boto3_client
from tests.servers import AzuriteServer, S3Server
from tests.servers.blob_container import BlobContainer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers import FaultProxy, MotoServer

AnyServer: TypeAlias = S3Server | AzuriteServer
#: What holds objects, as a client that isn't ours sees it.
AnyBucket: TypeAlias = Bucket | BlobContainer
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


@pytest.fixture(params=["moto", "rclone"])
def s3_server(request: pytest.FixtureRequest) -> AnyServer:
    """Each of the two servers of S3 in turn; where `on_any` stands, Azurite too."""
    name = request.param if request.param == "azurite" else f"{request.param}_s3"
    server: AnyServer = request.getfixturevalue(name)
    return server


@pytest.fixture
def cli(bare_cli: Cli, s3_server: AnyServer) -> Cli:
    """s3-cli that finds that server."""
    return bare_cli.with_environment(**s3_server.environment)


@pytest.fixture
def bucket(s3_server: AnyServer, request: pytest.FixtureRequest) -> Iterator[AnyBucket]:
    """A fresh bucket or container on that server."""
    if not isinstance(s3_server, S3Server):
        yield request.getfixturevalue("azurite_container")
        return
    with boto3_client(s3_server) as client:
        yield Bucket(client, request.getfixturevalue("s3_bucket"))


@pytest.fixture
def azure_cli(bare_cli: Cli, azurite: AzuriteServer) -> Cli:
    """s3-cli that finds Azurite."""
    return bare_cli.with_environment(**azurite.environment)


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
