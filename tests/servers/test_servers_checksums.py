"""The front door of moto compares checksums with bytes, as Amazon S3 does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.servers.checksum_check import checksum_of, checksum_text

if TYPE_CHECKING:
    from tests.servers import MotoServer

PART = b"part of five MiB" * (5 * 1024 * 1024 // 16)
WRONG = {"CRC32": "AAAAAA==", "CRC32C": "AAAAAA==", "CRC64NVME": "AAAAAAAAAAA="}


@pytest.fixture
def boto(moto_s3: MotoServer) -> Any:
    """A boto3 client that sends what it is told."""
    return boto3.client(
        "s3",
        endpoint_url=moto_s3.endpoint_url,
        aws_access_key_id=moto_s3.access_key,
        aws_secret_access_key=moto_s3.secret_key,
        region_name=moto_s3.region,
        verify=moto_s3.ca_bundle or None,
        config=Config(
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"max_attempts": 0},
        ),
    )


@pytest.mark.parametrize("algorithm", sorted(WRONG))
def test_wrong_checksum_of_an_object_is_refused(
    boto: Any, moto_bucket: str, algorithm: str
) -> None:
    """A right one is taken and told again, a wrong one is BadDigest."""
    name = f"Checksum{algorithm}"
    right = checksum_text(b"abc", algorithm)
    put = boto.put_object(
        Bucket=moto_bucket, Key="k", Body=b"abc", ChecksumAlgorithm=algorithm, **{name: right}
    )
    assert right == put[name]
    for call in (boto.head_object, boto.get_object):
        told = call(Bucket=moto_bucket, Key="k", ChecksumMode="ENABLED")
        assert (right, "FULL_OBJECT") == (told[name], told["ChecksumType"])
    with pytest.raises(ClientError, match="BadDigest"):
        boto.put_object(Bucket=moto_bucket, Key="k", Body=b"abc", **{name: WRONG[algorithm]})


@pytest.mark.parametrize("kind", ["FULL_OBJECT", "COMPOSITE"])
def test_uploads_in_parts_are_compared(boto: Any, moto_bucket: str, kind: str) -> None:
    """Parts, the whole, its size and its kind."""
    where = {"Bucket": moto_bucket, "Key": "k"}
    created = boto.create_multipart_upload(**where, ChecksumAlgorithm="CRC32", ChecksumType=kind)
    where["UploadId"] = created["UploadId"]
    with pytest.raises(ClientError, match="BadDigest"):
        boto.upload_part(**where, PartNumber=1, Body=PART, ChecksumCRC32=WRONG["CRC32"])
    with pytest.raises(ClientError, match="Checksum Type mismatch"):
        boto.upload_part(
            **where, PartNumber=1, Body=PART, ChecksumCRC32C=checksum_text(PART, "CRC32C")
        )
    parts = []
    for number, body in ((1, PART), (2, b"end")):
        value = checksum_text(body, "CRC32")
        sent = boto.upload_part(**where, PartNumber=number, Body=body, ChecksumCRC32=value)
        parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumCRC32": value})
    listed = {"Parts": parts}
    for wrong, code in (
        ({"MpuObjectSize": len(PART)}, "InvalidRequest"),
        ({"ChecksumCRC32": WRONG["CRC32"]}, "BadDigest"),
        ({"ChecksumType": "COMPOSITE" if kind == "FULL_OBJECT" else "FULL_OBJECT"}, "BadDigest"),
    ):
        with pytest.raises(ClientError, match=code):
            boto.complete_multipart_upload(**where, MultipartUpload=listed, **wrong)
    done = boto.complete_multipart_upload(**where, MultipartUpload=listed, ChecksumType=kind)
    joined = b"".join(checksum_of(body, "CRC32") for body in (PART, b"end"))
    whole = PART + b"end" if kind == "FULL_OBJECT" else joined
    expected = checksum_text(whole, "CRC32") + ("-2" if kind == "COMPOSITE" else "")
    assert (expected, kind) == (done["ChecksumCRC32"], done["ChecksumType"])
    head = boto.head_object(Bucket=moto_bucket, Key="k", ChecksumMode="ENABLED")
    assert (expected, kind) == (head["ChecksumCRC32"], head["ChecksumType"])


def test_composite_needs_the_checksums_of_its_parts(boto: Any, moto_bucket: str) -> None:
    """Without them the upload can't be completed."""
    where = {"Bucket": moto_bucket, "Key": "k"}
    where["UploadId"] = boto.create_multipart_upload(**where, ChecksumAlgorithm="CRC32")["UploadId"]
    sent = boto.upload_part(
        **where, PartNumber=1, Body=b"x", ChecksumCRC32=checksum_text(b"x", "CRC32")
    )
    parts = {"Parts": [{"PartNumber": 1, "ETag": sent["ETag"]}]}
    with pytest.raises(ClientError, match="missing for part 1"):
        boto.complete_multipart_upload(**where, MultipartUpload=parts)


def test_deletion_needs_a_right_checksum(boto: Any, moto_bucket: str) -> None:
    """DeleteObjects is refused when its checksum is wrong."""
    listed = {"Objects": [{"Key": "k"}]}
    assert "Errors" not in boto.delete_objects(Bucket=moto_bucket, Delete=listed)

    def spoil(request: Any, **_: Any) -> None:
        request.headers.replace_header("x-amz-checksum-crc32", WRONG["CRC32"])

    boto.meta.events.register("before-sign.s3.DeleteObjects", spoil)
    with pytest.raises(ClientError, match="BadDigest"):
        boto.delete_objects(Bucket=moto_bucket, Delete=listed)
