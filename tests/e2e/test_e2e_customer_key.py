"""A key of one's own (SSE-C), over TLS, against a server that checks it with each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import s3dlio
from s3dlio_s3 import CustomerKey, RequestSettings
from tests.e2e.truth import Bucket, boto3_client, file_sha256
from tests.servers import MotoServer
from tests.servers.fixtures import fresh_bucket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import LargeFile
    from tests.servers.certificates import Certificates

pytestmark = pytest.mark.one_wire

KEY = bytes(range(224, 256))
OTHER = bytes(32)


@pytest.fixture(scope="module")
def tls_server(certificates: Certificates) -> Iterator[MotoServer]:
    """Moto over TLS."""
    with MotoServer(certificates=certificates) as server:
        yield server


@pytest.fixture
def bucket(tls_server: MotoServer) -> Iterator[Bucket]:
    """A fresh bucket there."""
    with fresh_bucket(tls_server) as name, boto3_client(tls_server) as client:
        yield Bucket(client, name)


@pytest.fixture
def tls_cli(bare_cli: Cli, tls_server: MotoServer, tmp_path: Path) -> Cli:
    """s3-cli that finds it; two keys lie in the working directory."""
    (tmp_path / "key.bin").write_bytes(KEY)
    (tmp_path / "other.bin").write_bytes(OTHER)
    return bare_cli.with_environment(**tls_server.environment)


WITH_KEY = ("--sse-customer-key", "fileb://key.bin")


@pytest.mark.parametrize("checksums", ["when_required", "when_supported"])
def test_there_and_back_with_a_key(
    tls_cli: Cli, bucket: Bucket, medium_file: LargeFile, tmp_path: Path, checksums: str
) -> None:
    """Whole and in parts: every request of both directions brings the key."""
    (tmp_path / "small").write_bytes(b"small")
    tls_cli = tls_cli.with_environment(
        AWS_REQUEST_CHECKSUM_CALCULATION=checksums, AWS_RESPONSE_CHECKSUM_VALIDATION=checksums
    )
    tls_cli("upload", "small", medium_file.path, f"{bucket.uri}/d/", *WITH_KEY).expect(0)
    tls_cli("download", f"{bucket.uri}/d/", "out/", *WITH_KEY).expect(0)
    assert (tmp_path / "out/small").read_bytes() == b"small"
    assert medium_file.sha256 == file_sha256(tmp_path / "out/medium.bin")
    told = tls_cli("stat", "--json", f"{bucket.uri}/d/medium.bin", *WITH_KEY).expect(0).described
    assert (medium_file.size_bytes, "SSE-C") == (told["size_bytes"], told["encryption"])


def test_key_from_the_environment_is_the_same(tls_cli: Cli, bucket: Bucket, tmp_path: Path) -> None:
    """What was written with one is read with the other."""
    (tmp_path / "small").write_bytes(b"small")
    tls_cli("upload", "small", f"{bucket.uri}/", *WITH_KEY).expect(0)
    cli = tls_cli.with_environment(S3DLIO_SSE_CUSTOMER_KEY="fileb://key.bin")
    cli("download", f"{bucket.uri}/small", "out/").expect(0)
    assert (tmp_path / "out/small").read_bytes() == b"small"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "stored using a form of Server Side Encryption"),
        (("--sse-customer-key", "fileb://other.bin"), "Access Denied"),
    ],
)
def test_nothing_is_read_without_the_right_key(
    tls_cli: Cli, bucket: Bucket, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    """The service's own words, and no file."""
    (tmp_path / "small").write_bytes(b"small")
    tls_cli("upload", "small", f"{bucket.uri}/", *WITH_KEY).expect(0)
    for command in (("stat", f"{bucket.uri}/small"), ("download", f"{bucket.uri}/small", "out/")):
        outcome = tls_cli(*command, *arguments).expect(1)
        assert reason in outcome.err
    assert not (tmp_path / "out").exists()


def test_certificates_can_be_named_or_left_unchecked(
    bare_cli: Cli, bucket: Bucket, tls_server: MotoServer
) -> None:
    """By two options; without either the connection isn't made, and nothing is warned of."""
    bucket.put("k", b"x")
    environment = {
        name: "" if name.endswith("CA_BUNDLE") else value
        for name, value in tls_server.environment.items()
    }
    cli = bare_cli.with_environment(**environment)
    assert "set ca_bundle" in cli("list", f"{bucket.uri}/").expect(1).err
    for option in (f"--ca-bundle={tls_server.ca_bundle}", "--no-verify-ssl"):
        outcome = cli("list", f"{bucket.uri}/", option).expect(0)
        assert (f"{bucket.uri}/k\n", "Total objects: 1\n") == (outcome.out, outcome.err)


@pytest.mark.parametrize(
    ("environment", "arguments", "read_with"),
    [
        ({}, ("--source-sse-customer-key", "fileb://key.bin"), ()),
        ({"S3DLIO_SOURCE_SSE_CUSTOMER_KEY": "fileb://key.bin"}, ("--sse", "AES256"), ()),
        (
            {"S3DLIO_SSE_CUSTOMER_KEY": "fileb://key.bin"},
            ("--dest-sse-customer-key", "fileb://other.bin"),
            ("--sse-customer-key", "fileb://other.bin"),
        ),
    ],
)
def test_each_side_has_its_own_key_or_none(
    tls_cli: Cli,
    bucket: Bucket,
    tmp_path: Path,
    environment: dict[str, str],
    arguments: tuple[str, ...],
    read_with: tuple[str, ...],
) -> None:
    """What is read with one key is written with another, or without."""
    (tmp_path / "small").write_bytes(b"small")
    tls_cli("upload", "small", f"{bucket.uri}/", *WITH_KEY).expect(0)
    cli = tls_cli.with_environment(**environment)
    cli("cp", f"{bucket.uri}/small", f"{bucket.uri}/copy", *arguments).expect(0)
    tls_cli("download", f"{bucket.uri}/copy", "back", *read_with).expect(0)
    assert (tmp_path / "back").read_bytes() == b"small"


def test_python_copies_server_side_between_two_keys(bucket: Bucket, tls_server: MotoServer) -> None:
    """The source's key and the copy's own travel side by side, in parts too."""
    options = tls_server.options
    first = RequestSettings(customer_key=CustomerKey(KEY))
    second = RequestSettings(
        customer_key=CustomerKey(OTHER), copy_source_customer_key=CustomerKey(KEY)
    )
    s3dlio.put(f"{bucket.uri}/k", b"content", options={**options, **first.as_options()})
    with s3dlio.open_store(bucket.uri, options={**options, **second.as_options()}) as store:
        source = store.copy_source("k")
        assert store.copy_from(source, "whole").size_bytes == 7
        upload = store.create_multipart("parted")
        upload.complete([upload.copy_part(1, 0, source, 0, 7)])
        for key in ("whole", "parted"):
            with store.open_reader(key) as reader:
                assert reader.readall() == b"content"
