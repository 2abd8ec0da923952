"""The servers as pytest fixtures: started when first asked for, one of each per test process.

def test_something(s3_server, s3_bucket): ...       # once against moto, once against rclone
def test_other(moto_s3, moto_bucket): ...
def test_retry(fault_proxy, moto_bucket): ...       # fault_proxy stands before moto

With `S3DLIO_TEST_TLS=1` all of them speak TLS, with certificates of an authority that
`server.ca_bundle` and `server.environment` name.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import uuid
from typing import TYPE_CHECKING, Final

import pytest

from tests.servers.certificates import Certificates, make_certificates
from tests.servers.fault_proxy import FaultProxy
from tests.servers.moto_server import MotoServer
from tests.servers.rclone_server import RcloneServer, find_rclone
from tests.servers.scripted_http import ScriptedHttp
from tests.servers.signed_client import SignedClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.base import S3Server
    from tests.servers.endpoint import S3Endpoint


TLS_VARIABLE: Final = "S3DLIO_TEST_TLS"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority, and what it signed."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def server_certificates(certificates: Certificates) -> Iterator[Certificates | None]:
    """The certificates of the S3 servers' TLS; None where they speak plain HTTP."""
    if os.environ.get(TLS_VARIABLE, "") in {"", "0"}:
        yield None
        return
    with pytest.MonkeyPatch.context() as patch:
        # For clients that nobody told of the authority, such as boto3's.
        patch.setenv("AWS_CA_BUNDLE", str(certificates.ca))
        yield certificates


@pytest.fixture(scope="session")
def moto_s3(server_certificates: Certificates | None) -> Iterator[MotoServer]:
    """Moto behind a check of every signature."""
    if importlib.util.find_spec("moto") is None:
        pytest.skip("moto: not installed")
    with MotoServer(certificates=server_certificates) as server:
        yield server


@pytest.fixture(scope="session")
def rclone_s3(server_certificates: Certificates | None) -> Iterator[RcloneServer]:
    """Rclone over a directory, without ETags."""
    if find_rclone() is None:
        pytest.skip("rclone: not installed")
    with RcloneServer(certificates=server_certificates) as server:
        yield server


@pytest.fixture(params=["moto", "rclone"])
def s3_server(request: pytest.FixtureRequest) -> S3Server:
    """Each of the two servers in turn."""
    server: S3Server = request.getfixturevalue(f"{request.param}_s3")
    return server


@contextlib.contextmanager
def fresh_bucket(server: S3Server) -> Iterator[str]:
    """A new bucket, forgotten afterwards with all it holds."""
    bucket = f"test-{uuid.uuid4().hex}"
    with SignedClient(server) as client:
        client.create_bucket(bucket)
    try:
        yield bucket
    finally:
        server.drop_bucket(bucket)


@pytest.fixture
def moto_bucket(moto_s3: MotoServer) -> Iterator[str]:
    """The name of a fresh bucket at `moto_s3`."""
    with fresh_bucket(moto_s3) as bucket:
        yield bucket


@pytest.fixture
def rclone_bucket(rclone_s3: RcloneServer) -> Iterator[str]:
    """The name of a fresh bucket at `rclone_s3`."""
    with fresh_bucket(rclone_s3) as bucket:
        yield bucket


@pytest.fixture
def s3_bucket(s3_server: S3Server) -> Iterator[str]:
    """The name of a fresh bucket at `s3_server`."""
    with fresh_bucket(s3_server) as bucket:
        yield bucket


@pytest.fixture
def make_fault_proxy() -> Iterator[Callable[[S3Endpoint], FaultProxy]]:
    """A function that puts a fault proxy before any server; closed after the test."""
    with contextlib.ExitStack() as stack:

        def make(server: S3Endpoint) -> FaultProxy:
            return stack.enter_context(FaultProxy(server))

        yield make


@pytest.fixture
def fault_proxy(
    moto_s3: MotoServer, make_fault_proxy: Callable[[S3Endpoint], FaultProxy]
) -> FaultProxy:
    """A fault proxy before `moto_s3`, without rules yet."""
    return make_fault_proxy(moto_s3)


@pytest.fixture
def scripted_http() -> Iterator[ScriptedHttp]:
    """An HTTP server that answers as the test says."""
    with ScriptedHttp() as server:
        yield server
