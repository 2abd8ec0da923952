"""The servers store what they are sent, log what they were asked, and end when told."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from tests.servers import MotoServer, RcloneServer, S3Server, ServerStartError, SignedClient
from tests.servers.base import REPOSITORY_ROOT
from tests.servers.signed_client import object_target

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB = 1 << 20


def test_ranges_are_cut_and_logged(s3_server: S3Server, s3_bucket: str) -> None:
    """A range of a large object is answered exactly, and the log says which."""
    content = os.urandom(MIB) * 20
    target = object_target(s3_bucket, "large")
    with SignedClient(s3_server) as client:
        client.put_object(s3_bucket, "large", content)
        byte_range = f"bytes={17 * MIB}-{18 * MIB + 6}"
        answer = client.request("GET", target, headers={"Range": byte_range})
    assert content[17 * MIB : 18 * MIB + 7] == answer.body
    assert f"bytes {17 * MIB}-{18 * MIB + 6}/{20 * MIB}" == answer.headers["content-range"]
    record = s3_server.request_log()[-1]
    assert ("GET", target, byte_range) == (record.method, record.path, record.range)


def test_range_outside_the_object_is_refused(s3_server: S3Server, s3_bucket: str) -> None:
    """A range after the end is a 416."""
    with SignedClient(s3_server) as client:
        client.put_object(s3_bucket, "key", b"0123456789")
        headers = {"Range": "bytes=10-19"}
        answer = client.request("GET", object_target(s3_bucket, "key"), headers=headers)
    assert (answer.status, answer.error_code) == (416, "InvalidRange")


def test_moto_checks_if_match_on_a_range(moto_s3: MotoServer, moto_bucket: str) -> None:
    """A ranged get of an object that changed is a 412."""
    with SignedClient(moto_s3) as client:
        client.put_object(moto_bucket, "key", b"0123456789")
        headers = {"Range": "bytes=2-4", "If-Match": '"0123456789abcdef0123456789abcdef"'}
        answer = client.request("GET", object_target(moto_bucket, "key"), headers=headers)
    assert (answer.status, answer.error_code) == (412, "PreconditionFailed")


def upload_id_of(body: bytes) -> str:
    """The upload id in the answer to CreateMultipartUpload."""
    return body.decode().partition("<UploadId>")[2].partition("</UploadId>")[0]


def test_multipart_of_large_parts(s3_server: S3Server, s3_bucket: str) -> None:
    """Parts of 32 MiB, sent last first, make one object."""
    parts = {number: bytes([number]) * (32 * MIB) for number in (1, 2, 3)}
    target = object_target(s3_bucket, "multi")
    with SignedClient(s3_server) as client:
        upload_id = upload_id_of(client.request("POST", f"{target}?uploads").expect(200).body)
        etags = {}
        for number in (3, 2, 1):
            part = f"{target}?partNumber={number}&uploadId={upload_id}"
            etags[number] = client.request("PUT", part, body=parts[number]).headers["etag"]
        listed = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{etags[number]}</ETag></Part>"
            for number in (1, 2, 3)
        )
        document = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        client.request("POST", f"{target}?uploadId={upload_id}", body=document).expect(200)
        content = client.get_object(s3_bucket, "multi")
    expected = hashlib.sha256(b"".join(parts.values())).hexdigest()
    assert expected == hashlib.sha256(content).hexdigest()


def test_connection_is_kept(s3_server: S3Server, s3_bucket: str) -> None:
    """Many requests go over one connection, refused ones among them."""
    with SignedClient(s3_server) as client:
        client.put_object(s3_bucket, "key", b"x")
        connection = client._connection.sock
        client.request("GET", object_target(s3_bucket, "missing")).expect(404)
        assert client.send("GET", object_target(s3_bucket, "key")).status in (400, 403)
        client.request("HEAD", object_target(s3_bucket, "key")).expect(200)
        assert connection is client._connection.sock


def test_boto3_works_with_the_environment(s3_server: S3Server, s3_bucket: str) -> None:
    """A foreign client needs the environment alone."""
    settings: Mapping[str, str] = s3_server.environment
    client = boto3.client(
        "s3",
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name=settings["AWS_REGION"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
        verify=settings.get("AWS_CA_BUNDLE"),
        config=Config(
            s3={"addressing_style": "path"},
            # Over TLS boto3 sends trailing checksums, which neither server reads.
            request_checksum_calculation="when_required"
            if s3_server.certificates
            else "when_supported",
        ),
    )
    try:
        client.put_object(Bucket=s3_bucket, Key="a b+é", Body=b"content")
        assert client.get_object(Bucket=s3_bucket, Key="a b+é")["Body"].read() == b"content"
    finally:
        client.close()


def test_dropped_bucket_is_gone(moto_s3: MotoServer) -> None:
    """A bucket is forgotten without a request per object."""
    with SignedClient(moto_s3) as client:
        client.create_bucket("dropped")
        client.put_object("dropped", "key", b"x")
        moto_s3.drop_bucket("dropped")
        assert client.request("HEAD", "/dropped").status == 404


def test_expected_continue_is_answered(moto_s3: MotoServer, moto_bucket: str) -> None:
    """A client that waits to be asked for the body is asked."""
    target = object_target(moto_bucket, "key")
    with SignedClient(moto_s3) as client:
        headers = {**client.signed_headers("PUT", target, body=b"x"), "Expect": "100-continue"}
        assert client.send("PUT", target, body=b"x", headers=headers).status == 200


@pytest.mark.parametrize("server_class", [MotoServer, RcloneServer])
def test_closed_server_leaves_nothing_but_its_log(
    server_class: type[MotoServer | RcloneServer],
) -> None:
    """After close the process and its files are gone, and the log can be read."""
    with server_class() as server, SignedClient(server) as client:
        client.create_bucket("bucket")
    assert not server.work_dir.exists()
    assert [f"{record.method} {record.path}" for record in server.request_log()] == ["PUT /bucket"]
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)


def test_server_ends_with_its_parent(tmp_path: Path) -> None:
    """A parent that is killed takes the server and its files along."""
    program = (
        "import json, os, time\n"
        "from tests.servers import RcloneServer\n"
        "server = RcloneServer()\n"
        "print(json.dumps([server.host, str(server.work_dir)]), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    completed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY_ROOT,
        stdout=subprocess.PIPE,
        check=False,
    )
    _, work_dir = json.loads(completed.stdout)
    # The server holds its standard error in the work directory open until it has removed it.
    while Path(work_dir).exists():
        os.sched_yield()
    assert completed.returncode == -9


def test_failed_start_says_why(tmp_path: Path) -> None:
    """A server that can't start raises with its own words."""
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(ServerStartError, match="file"):
        RcloneServer(root=file)
