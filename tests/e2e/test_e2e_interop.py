"""What we write, boto3 and rclone read; what they write, we read."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import boto3.s3.transfer
import pytest

from tests.e2e.truth import file_sha256, rclone, tree, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import LargeFile
    from tests.e2e.truth import Bucket
    from tests.servers import S3Server

FILES = {
    "readme.txt": b"read me",
    "empty": b"",
    "a/b c/d+e.bin": bytes(range(256)) * 64,
    "a/\u00fcml\u00e4ut %41.txt": b"x" * 5000,
    "a.txt": b"sorts before a/",
    "z/'quoted' & <tagged>.txt": b"z",
}
MIB = 1 << 20


@pytest.fixture
def uploaded(cli: Cli, bucket: Bucket, medium_file: LargeFile, tmp_path: Path) -> Bucket:
    """The bucket, filled by s3-cli: small files, and one that went up in parts."""
    write_tree(tmp_path / "in", FILES)
    cli("upload", "-r", "in/", medium_file.path, f"{bucket.uri}/x/").expect(0)
    return bucket


@pytest.mark.one_wire
def test_boto3_reads_what_we_wrote(uploaded: Bucket, medium_file: LargeFile) -> None:
    """Names, contents, hashes, ranges."""
    assert sorted([*(f"x/{name}" for name in FILES), "x/medium.bin"]) == sorted(uploaded.listed())
    assert list(FILES.values()) == [uploaded.get(f"x/{name}") for name in FILES]
    assert medium_file.sha256 == uploaded.sha256("x/medium.bin")


@pytest.mark.one_wire
def test_rclone_reads_what_we_wrote(
    s3_server: S3Server, uploaded: Bucket, medium_file: LargeFile, home: Path, tmp_path: Path
) -> None:
    """`rclone copy` fetches every file, and `rclone cat` a range of one."""
    rclone(s3_server, home, "copy", f"t:{uploaded.name}/x", str(tmp_path / "back"))
    assert medium_file.sha256 == file_sha256(tmp_path / "back" / "medium.bin")
    (tmp_path / "back" / "medium.bin").unlink()
    assert tree(tmp_path / "back") == FILES
    part = rclone(
        s3_server, home, "cat", "--offset=8", "--count=16", f"t:{uploaded.name}/x/medium.bin"
    )
    assert medium_file.path.read_bytes()[8:24] == part


@pytest.mark.one_wire
def test_we_read_what_boto3_wrote(
    cli: Cli, bucket: Bucket, medium_file: LargeFile, tmp_path: Path
) -> None:
    """Whole objects and a multipart one."""
    for name, content in FILES.items():
        bucket.put(f"y/{name}", content)
    bucket.client.upload_file(
        str(medium_file.path),
        bucket.name,
        "y/medium.bin",
        Config=boto3.s3.transfer.TransferConfig(
            multipart_threshold=5 * MIB, multipart_chunksize=7 * MIB, use_threads=False
        ),
    )
    cli("download", "-r", f"{bucket.uri}/y/", "back/").expect(0)
    assert medium_file.sha256 == file_sha256(tmp_path / "back" / "medium.bin")
    (tmp_path / "back" / "medium.bin").unlink()
    assert tree(tmp_path / "back") == FILES


@pytest.mark.one_wire
def test_we_read_what_rclone_wrote(
    cli: Cli, s3_server: S3Server, bucket: Bucket, home: Path, tmp_path: Path
) -> None:
    """A tree and, in parts, a larger file."""
    files = {**FILES, "large.bin": hashlib.sha256(b"seed").digest() * (12 * MIB // 32)}
    write_tree(tmp_path / "in", files)
    rclone(
        s3_server,
        home,
        "copy",
        "--s3-upload-cutoff=5Mi",
        "--s3-chunk-size=5Mi",
        str(tmp_path / "in"),
        f"t:{bucket.name}/y",
    )
    cli("download", "-r", f"{bucket.uri}/y/", "back/").expect(0)
    assert files == tree(tmp_path / "back")


@pytest.mark.one_wire
def test_stat_tells_what_boto3_set(moto_cli: Cli, moto: Bucket) -> None:
    """Content headers, metadata and the ETag are those of the object."""
    moto.put(
        "object",
        b"content",
        ContentType="text/x-test",
        CacheControl="max-age=7",
        ContentEncoding="x-odd",
        ContentDisposition='attachment; filename="f"',
        ContentLanguage="en",
        Metadata={"colour": "green", "two-words": "a b"},
    )
    head = moto.client.head_object(Bucket=moto.name, Key="object")
    found = moto_cli("stat", "--json", f"{moto.uri}/object").expect(0).described
    assert found["metadata"] == {"colour": "green", "two-words": "a b"}
    assert found["etag"] == head["ETag"].strip('"')
    assert {
        "content_type": "text/x-test",
        "cache_control": "max-age=7",
        "content_encoding": "x-odd",
        "content_disposition": 'attachment; filename="f"',
        "content_language": "en",
    } == {name: value for name, value in found.items() if name.startswith(("content_", "cache"))}
    assert found["modified"][:19] == head["LastModified"].strftime("%Y-%m-%dT%H:%M:%S")


def test_encoded_body_is_not_decoded(cli: Cli, bucket: Bucket, tmp_path: Path) -> None:
    """An object that says gzip, and isn't, comes down as the bytes it is."""
    bucket.put("page.gz", b"not gzip at all", ContentEncoding="gzip")
    cli("download", f"{bucket.uri}/page.gz", "page.gz").expect(0)
    assert (tmp_path / "page.gz").read_bytes() == b"not gzip at all"


@pytest.mark.one_wire
def test_copy_between_buckets_keeps_attributes(moto_cli: Cli, moto: Bucket) -> None:
    """From s3:// to s3://, content headers and metadata go along."""
    moto.put("from/object", b"content", ContentType="text/x-test", Metadata={"colour": "green"})
    moto_cli("upload", f"{moto.uri}/from/object", f"{moto.uri}/to/").expect(0)
    head = moto.client.head_object(Bucket=moto.name, Key="to/object")
    assert (head["ContentType"], head["Metadata"]) == ("text/x-test", {"colour": "green"})


@pytest.mark.one_wire
def test_listing_is_boto3s(cli: Cli, bucket: Bucket) -> None:
    """Keys, sizes, order, and what is rolled up into prefixes."""
    for name, content in FILES.items():
        bucket.put(name, content)
    lines = cli("ls", "-r", "--json", bucket.uri).out.splitlines()
    *listed, summary = [json.loads(line) for line in lines]
    assert (summary["type"], summary["object_count"]) == ("summary", len(listed))
    assert [(key, found["Size"]) for key, found in bucket.objects().items()] == [
        (entry["key"], entry["size_bytes"]) for entry in listed
    ]
    flat = bucket.client.list_objects_v2(Bucket=bucket.name, Delimiter="/")
    shown = cli("ls", f"{bucket.uri}/").expect(0).out.splitlines()
    assert [f"{bucket.uri}/{item['Prefix']}" for item in flat["CommonPrefixes"]] == [
        uri for uri in shown if uri.endswith("/")
    ]
    assert [f"{bucket.uri}/{item['Key']}" for item in flat["Contents"]] == [
        uri for uri in shown if not uri.endswith("/")
    ]


@pytest.mark.one_wire
def test_long_listing_is_boto3s(cli: Cli, bucket: Bucket, tmp_path: Path) -> None:
    """A listing of several pages is whole and in order."""
    write_tree(tmp_path / "in", {f"{number % 13}/{number}": b"" for number in range(2_100)})
    cli("upload", "-r", "in/", f"{bucket.uri}/").expect(0)
    outcome = cli("ls", "-r", bucket.uri).expect(0)
    assert [f"{bucket.uri}/{key}" for key in bucket.listed()] == outcome.out.splitlines()
    assert "Total objects: 2100" in outcome.err


@pytest.mark.one_wire
def test_delete_removes_what_is_named(cli: Cli, bucket: Bucket) -> None:
    """An object, a glob, a prefix; each without its neighbours."""
    for key in ["a", "ab", "logs/1.log", "logs/2.log", "logs/2.txt", "logs-old/1.log", "d/e/f"]:
        bucket.put(key, b"x")
    cli("rm", f"{bucket.uri}/a").expect(0)
    cli("rm", f"{bucket.uri}/logs/*.log").expect(0)
    cli("rm", "-r", f"{bucket.uri}/d/").expect(0)
    assert bucket.listed() == ["ab", "logs-old/1.log", "logs/2.txt"]


@pytest.mark.one_wire
def test_buckets_are_made_listed_and_removed(cli: Cli, s3_server: S3Server, bucket: Bucket) -> None:
    """As boto3 sees it: there, full and therefore kept, empty and gone."""
    name = f"{bucket.name}-2"
    cli("mb", f"s3://{name}").expect(0)
    names = {found["Name"] for found in bucket.client.list_buckets()["Buckets"]}
    assert {name, bucket.name} <= names
    assert sorted(names) == sorted(cli("list-buckets").expect(0).out.split())
    bucket.client.put_object(Bucket=name, Key="a", Body=b"x")
    refused = cli("rb", f"s3://{name}").expect(1)
    assert "Delete its objects first" in refused.errors[0]
    cli("rm", f"s3://{name}/a").expect(0)
    cli("rb", f"s3://{name}").expect(0)
    assert name not in {found["Name"] for found in bucket.client.list_buckets()["Buckets"]}
