"""Checksums that boto3 stores, s3-cli compares, and the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3.s3.transfer
import pytest

from tests.e2e.truth import Bucket, boto3_client, file_sha256, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import LargeFile
    from tests.servers import MotoServer

pytestmark = pytest.mark.one_wire

MIB = 1 << 20
SUPPORTED = {
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_supported",
}
CRCS = ["CRC32", "CRC32C", "CRC64NVME"]
OTHER_ALGORITHM = "its checksum is of an algorithm that can't be computed here"
NO_CHECKSUM = "the source tells no checksum of it"


@pytest.fixture
def checking_cli(moto_cli: Cli) -> Cli:
    """s3-cli that sends and compares checksums."""
    return moto_cli.with_environment(**SUPPORTED)


@pytest.fixture
def boto(moto_s3: MotoServer) -> Iterator[Any]:
    """boto3 as it is by default: it sends and compares checksums."""
    with boto3_client(moto_s3, "when_supported") as client:
        yield client


@pytest.fixture
def uploading_boto(boto: Any, moto_s3: MotoServer) -> Any:
    """The same, to upload with: over TLS it sends chunks and trailers, which moto here refuses."""
    if moto_s3.ca_bundle:
        pytest.skip("over TLS boto3 sends its checksums in trailers")
    return boto


def test_boto3_objects_are_verified(
    checking_cli: Cli, uploading_boto: Any, moto: Bucket, tmp_path: Path
) -> None:
    """By each CRC; without a checksum, or by another algorithm, they are counted apart."""
    for name in [*CRCS, "SHA256"]:
        uploading_boto.put_object(
            Bucket=moto.name, Key=name, Body=name.encode(), ChecksumAlgorithm=name
        )
    uploading_boto.put_object(Bucket=moto.name, Key="default", Body=b"default")
    moto.put("without", b"without")
    found = checking_cli("download", "--json", "-r", f"{moto.uri}/", "back/").expect(0).summary
    assert (6, 4) == (found["done_count"], found["verified_count"])
    assert found["unverified"] == {OTHER_ALGORITHM: 1, NO_CHECKSUM: 1}


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, "FULL_OBJECT") for name in CRCS]
    # There is no composite CRC64NVME.
    + [("CRC32", "COMPOSITE"), ("CRC32C", "COMPOSITE")],
)
def test_boto3_uploads_in_parts_are_verified(
    checking_cli: Cli,
    uploading_boto: Any,
    moto: Bucket,
    medium_file: LargeFile,
    tmp_path: Path,
    name: str,
    kind: str,
) -> None:
    """Its parts end elsewhere than our ranges; also what we read whole, though it has two parts."""
    small = tmp_path / "small"
    small.write_bytes(medium_file.path.read_bytes()[: 9 * MIB])
    for path in (small, medium_file.path):
        uploading_boto.upload_file(
            str(path),
            moto.name,
            path.name,
            ExtraArgs={"ChecksumAlgorithm": name, "ChecksumType": kind},
            Config=boto3.s3.transfer.TransferConfig(
                multipart_threshold=5 * MIB, multipart_chunksize=7 * MIB, use_threads=False
            ),
        )
    told = uploading_boto.head_object(Bucket=moto.name, Key="medium.bin", ChecksumMode="ENABLED")
    assert kind == told["ChecksumType"]
    found = checking_cli("download", "--json", "-r", f"{moto.uri}/", "back/").expect(0).summary
    assert (2, {}) == (found["verified_count"], found["unverified"])
    assert medium_file.sha256 == file_sha256(tmp_path / "back" / "medium.bin")


def test_boto3_verifies_what_we_wrote(
    checking_cli: Cli, boto: Any, moto: Bucket, medium_file: LargeFile, tmp_path: Path
) -> None:
    """Whole objects and one in parts have full object checksums, which boto3 compares."""
    write_tree(tmp_path / "in", {"small": b"small", "empty": b""})
    checking_cli("upload", "-r", "in/", medium_file.path, f"{moto.uri}/").expect(0)
    for key in ("small", "empty", "medium.bin"):
        answer = boto.get_object(Bucket=moto.name, Key=key)
        assert answer["ChecksumType"] == "FULL_OBJECT"
        assert "ChecksumCRC64NVME" in answer
        answer["Body"].read()
    boto.download_file(moto.name, "medium.bin", str(tmp_path / "back"))
    assert medium_file.sha256 == file_sha256(tmp_path / "back")


def test_copies_between_servers_are_verified(
    checking_cli: Cli, moto: Bucket, moto_s3: MotoServer, medium_file: LargeFile, tmp_path: Path
) -> None:
    """What is streamed from S3 to S3 is compared where it is read."""
    write_tree(tmp_path / "in", {"small": b"small"})
    checking_cli("upload", "-r", "in/", medium_file.path, f"{moto.uri}/a/").expect(0)
    # Another name of the server is another server to a client, so that it streams.
    other = moto_s3.endpoint_url.replace("127.0.0.1", "localhost")
    command = ("copy", "--json", "-r", f"{moto.uri}/a/", f"{moto.uri}/b/")
    found = checking_cli(*command, "--source-endpoint-url", other).expect(0).summary
    assert (2, 2) == (found["done_count"], found["verified_count"])
    assert medium_file.sha256 == moto.sha256("b/medium.bin")


def test_stat_tells_the_checksum(checking_cli: Cli, uploading_boto: Any, moto: Bucket) -> None:
    """The algorithm, its value, and what it covers."""
    put = uploading_boto.put_object(
        Bucket=moto.name, Key="k", Body=b"abc", ChecksumAlgorithm="CRC32"
    )
    found = checking_cli("stat", "--json", f"{moto.uri}/k").expect(0).described
    assert {"CRC32": put["ChecksumCRC32"]} == found["checksums"]


def test_other_servers_are_not_asked_by_default(
    moto_cli: Cli, uploading_boto: Any, moto: Bucket
) -> None:
    """Without a word in the configuration nothing is compared, and nothing is said of it."""
    uploading_boto.put_object(Bucket=moto.name, Key="k", Body=b"abc")
    found = moto_cli("download", "--json", f"{moto.uri}/k", "k").expect(0).summary
    assert (1, 0, {}) == (found["done_count"], found["verified_count"], found["unverified"])
