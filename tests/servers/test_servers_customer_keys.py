"""The test server's customer keys, as boto3 meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.exceptions
import pytest

from tests.e2e.truth import boto3_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import MotoServer

KEY = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
OTHER = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "o" * 32}
SOURCE = {"CopySourceSSECustomerAlgorithm": "AES256", "CopySourceSSECustomerKey": "k" * 32}


@pytest.fixture
def client(moto_s3: MotoServer) -> Iterator[Any]:
    """boto3's client."""
    with boto3_client(moto_s3) as client:
        yield client


def code_of(call: Any, **arguments: Any) -> int:
    """The status that a call is refused with."""
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(**arguments)
    return int(raised.value.response["ResponseMetadata"]["HTTPStatusCode"])


def test_object_is_read_with_its_key_alone(client: Any, moto_bucket: str) -> None:
    """Without it, or with another one, neither read nor described; the answers name the key."""
    at = {"Bucket": moto_bucket, "Key": "k"}
    stored = client.put_object(**at, Body=b"content", **KEY)
    read = client.get_object(**at, **KEY)
    assert (b"content", "AES256") == (read["Body"].read(), read["SSECustomerAlgorithm"])
    assert stored["SSECustomerKeyMD5"] == read["SSECustomerKeyMD5"]
    for call in (client.get_object, client.head_object):
        assert (400, 403) == (code_of(call, **at), code_of(call, **at, **OTHER))
    client.put_object(**at, Body=b"plain")
    assert code_of(client.get_object, **at, **KEY) == 400
    assert client.get_object(**at)["Body"].read() == b"plain"


def test_upload_has_one_key(client: Any, moto_bucket: str) -> None:
    """Each part needs it, and the object has it."""
    at = {"Bucket": moto_bucket, "Key": "k"}
    upload = {**at, "UploadId": client.create_multipart_upload(**at, **KEY)["UploadId"]}
    part = {**upload, "PartNumber": 1, "Body": b"part"}
    assert (400, 403) == (
        code_of(client.upload_part, **part),
        code_of(client.upload_part, **part, **OTHER),
    )
    etag = client.upload_part(**part, **KEY)["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    client.complete_multipart_upload(**upload, MultipartUpload=parts, **KEY)
    assert client.get_object(**at, **KEY)["Body"].read() == b"part"
    assert code_of(client.get_object, **at) == 400


def test_copy_needs_the_key_of_its_source(client: Any, moto_bucket: str) -> None:
    """And has a key of its own, or none."""
    client.put_object(Bucket=moto_bucket, Key="k", Body=b"content", **KEY)
    to = {"Bucket": moto_bucket, "Key": "to"}
    copy = {**to, "CopySource": f"{moto_bucket}/k"}
    assert code_of(client.copy_object, **copy) == 400
    client.copy_object(**copy, **SOURCE, **OTHER)
    assert client.get_object(**to, **OTHER)["Body"].read() == b"content"
