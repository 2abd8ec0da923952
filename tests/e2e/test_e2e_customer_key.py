"""A key of one's own (SSE-C), over TLS, against a server that checks it with each request."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest

import s3dlio
from s3dlio_s3 import CustomerKey, RequestSettings
from tests.e2e.truth import file_sha256
from tests.servers.certificates import make_certificates
from tests.servers.tcp_listener import TcpListener

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import LargeFile
    from tests.e2e.truth import Bucket
    from tests.servers import MotoServer
    from tests.servers.certificates import Certificates

KEY = bytes(range(224, 256))
OTHER = bytes(32)


def pump(source: socket.socket, target: socket.socket) -> None:
    """Carry bytes to the end of a connection."""
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority, and what it signed."""
    return make_certificates(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def endpoint_url(moto_s3: MotoServer, authority: Certificates) -> Iterator[str]:
    """TLS before moto."""
    host, _, port = moto_s3.host.partition(":")

    def serve(connection: socket.socket) -> None:
        with socket.create_connection((host, int(port))) as server:
            back = threading.Thread(target=pump, args=(server, connection), daemon=True)
            back.start()
            pump(connection, server)
            back.join()

    listener = TcpListener(serve, context=authority.server_context())
    yield f"https://127.0.0.1:{listener.port}"
    listener.close()


@pytest.fixture
def tls_cli(moto_cli: Cli, endpoint_url: str, authority: Certificates, tmp_path: Path) -> Cli:
    """s3-cli that finds it; two keys lie in the working directory."""
    (tmp_path / "key.bin").write_bytes(KEY)
    (tmp_path / "other.bin").write_bytes(OTHER)
    return moto_cli.with_environment(AWS_ENDPOINT_URL=endpoint_url, AWS_CA_BUNDLE=str(authority.ca))


WITH_KEY = ("--sse-customer-key", "fileb://key.bin")


def test_there_and_back_with_a_key(
    tls_cli: Cli, moto: Bucket, medium_file: LargeFile, tmp_path: Path
) -> None:
    """Whole and in parts: every request of both directions brings the key."""
    (tmp_path / "small").write_bytes(b"small")
    tls_cli("upload", "small", medium_file.path, f"{moto.uri}/d/", *WITH_KEY).expect(0)
    tls_cli("download", f"{moto.uri}/d/", "out/", *WITH_KEY).expect(0)
    assert (tmp_path / "out/small").read_bytes() == b"small"
    assert medium_file.sha256 == file_sha256(tmp_path / "out/medium.bin")
    told = tls_cli("stat", "--json", f"{moto.uri}/d/medium.bin", *WITH_KEY).expect(0).summary
    assert (medium_file.size_bytes, "SSE-C") == (told["size_bytes"], told["encryption"])


def test_key_from_the_environment_is_the_same(tls_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """What was written with one is read with the other."""
    (tmp_path / "small").write_bytes(b"small")
    tls_cli("upload", "small", f"{moto.uri}/", *WITH_KEY).expect(0)
    cli = tls_cli.with_environment(S3DLIO_SSE_CUSTOMER_KEY="fileb://key.bin")
    cli("download", f"{moto.uri}/small", "out/").expect(0)
    assert (tmp_path / "out/small").read_bytes() == b"small"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "stored using a form of Server Side Encryption"),
        (("--sse-customer-key", "fileb://other.bin"), "Access Denied"),
    ],
)
def test_nothing_is_read_without_the_right_key(
    tls_cli: Cli, moto: Bucket, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    """The service's own words, and no file."""
    (tmp_path / "small").write_bytes(b"small")
    tls_cli("upload", "small", f"{moto.uri}/", *WITH_KEY).expect(0)
    for command in (("stat", f"{moto.uri}/small"), ("download", f"{moto.uri}/small", "out/")):
        outcome = tls_cli(*command, *arguments).expect(1)
        assert reason in outcome.err
    assert not (tmp_path / "out").exists()


def test_certificates_can_be_named_or_left_unchecked(
    moto_cli: Cli, moto: Bucket, endpoint_url: str, authority: Certificates
) -> None:
    """By two options; without either the connection isn't made, and nothing is warned of."""
    moto.put("k", b"x")
    command = ("list", f"{moto.uri}/", "--endpoint-url", endpoint_url)
    assert "set ca_bundle" in moto_cli(*command).expect(1).err
    for option in (f"--ca-bundle={authority.ca}", "--no-verify-ssl"):
        outcome = moto_cli(*command, option).expect(0)
        assert (f"{moto.uri}/k\n", "Total objects: 1\n") == (outcome.out, outcome.err)


def test_python_copies_server_side_between_two_keys(
    moto: Bucket, moto_s3: MotoServer, endpoint_url: str, authority: Certificates
) -> None:
    """The source's key and the copy's own travel side by side, in parts too."""
    options = {
        "endpoint_url": endpoint_url,
        "region": moto_s3.region,
        "access_key_id": moto_s3.access_key,
        "secret_access_key": moto_s3.secret_key,
        "ca_bundle": os.fspath(authority.ca),
    }
    first = RequestSettings(customer_key=CustomerKey(KEY))
    second = RequestSettings(
        customer_key=CustomerKey(OTHER), copy_source_customer_key=CustomerKey(KEY)
    )
    s3dlio.put(f"{moto.uri}/k", b"content", options={**options, **first.as_options()})
    with s3dlio.open_store(moto.uri, options={**options, **second.as_options()}) as store:
        source = store.copy_source("k")
        assert store.copy_from(source, "whole").size_bytes == 7
        upload = store.create_multipart("parted")
        upload.complete([upload.copy_part(1, 0, source, 0, 7)])
        for key in ("whole", "parted"):
            with store.open_reader(key) as reader:
                assert reader.readall() == b"content"
