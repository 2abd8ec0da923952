"""What objects are written with, and older versions of them: seen by boto3."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

import s3dlio
from s3dlio_s3 import Encryption, RequestSettings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import LargeFile
    from tests.e2e.truth import Bucket
    from tests.servers import MotoServer

pytestmark = pytest.mark.one_wire

EVERYTHING = (
    "--storage-class=STANDARD_IA",
    "--tagging=team=a%20b&empty=",
    "--acl=public-read",
    "--sse=aws:kms",
    "--sse-kms-key-id=alias/mine",
    "--request-payer=requester",
)
KEY = base64.b64encode(bytes(range(200, 232))).decode()


def tags_of(bucket: Bucket, key: str) -> dict[str, str]:
    """The tags of an object."""
    answer = bucket.client.get_object_tagging(Bucket=bucket.name, Key=key)
    return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}


def readers_of(bucket: Bucket, key: str) -> set[str]:
    """The groups that may read an object."""
    grants = bucket.client.get_object_acl(Bucket=bucket.name, Key=key)["Grants"]
    return {grant["Grantee"].get("URI", "") for grant in grants if grant["Permission"] == "READ"}


def head(bucket: Bucket, key: str) -> dict[str, Any]:
    """What the service says of an object."""
    answer: dict[str, Any] = bucket.client.head_object(Bucket=bucket.name, Key=key)
    return answer


def test_objects_get_what_the_command_line_says(
    moto_cli: Cli, moto: Bucket, medium_file: LargeFile, tmp_path: Path
) -> None:
    """Class, tags, ACL and encryption, whether an object goes up whole or in parts."""
    (tmp_path / "small").write_bytes(b"small")
    moto_cli("upload", "small", medium_file.path, f"{moto.uri}/", *EVERYTHING).expect(0)
    for key in ("small", "medium.bin"):
        described = head(moto, key)
        assert described["StorageClass"] == "STANDARD_IA"
        assert described["ServerSideEncryption"] == "aws:kms"
        assert described["SSEKMSKeyId"].endswith("alias/mine")
        assert tags_of(moto, key) == {"team": "a b", "empty": ""}
        assert any(group.endswith("/AllUsers") for group in readers_of(moto, key))
    assert moto.sha256("medium.bin") == medium_file.sha256


def test_stat_tells_class_and_encryption(moto_cli: Cli, moto: Bucket) -> None:
    """As lines and as JSON."""
    moto.put("k", b"x", StorageClass="STANDARD_IA", ServerSideEncryption="AES256")
    lines = moto_cli("stat", f"{moto.uri}/k").expect(0).out.splitlines()
    assert {"Storage class: STANDARD_IA", "Encryption:    AES256"} <= set(lines)
    values = moto_cli("stat", "--json", f"{moto.uri}/k").expect(0).described
    assert ("STANDARD_IA", "AES256") == (values["storage_class"], values["encryption"])


def test_who_pays_is_said_by_every_command(moto_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """The option stands with each command that works with objects."""
    moto.put("d/k", b"x")
    for arguments in (
        ("list", f"{moto.uri}/d/"),
        ("stat", f"{moto.uri}/d/k"),
        ("download", f"{moto.uri}/d/", "out/"),
        ("upload", "out/k", f"{moto.uri}/up/"),
        ("delete", f"{moto.uri}/d/k"),
    ):
        moto_cli(*arguments, "--request-payer", "requester").expect(0)
    assert ["up/k"] == moto.listed()


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("--sse=rot13", "'rot13' is not one of"),
        ("--acl=everybody", "'everybody' is not one of"),
        ("--sse-kms-key-id=x", "sse_kms_key_id needs sse"),
        ("--tagging=a", "bad tagging 'a'"),
        ("--storage-class=a b", "bad storage_class 'a b'"),
        ("--request-payer=me", "'me' is not"),
        ("--sse-customer-key=fileb://nowhere", "nowhere: No such file or directory"),
    ],
)
def test_nonsense_is_refused_before_anything_is_sent(
    moto_cli: Cli, moto: Bucket, moto_s3: MotoServer, tmp_path: Path, option: str, reason: str
) -> None:
    """Exit code 2, and what it says names the option."""
    (tmp_path / "f").write_bytes(b"x")
    before = len(moto_s3.request_log())
    outcome = moto_cli("upload", "f", f"{moto.uri}/", option).expect(2)
    assert reason in outcome.err
    assert before == len(moto_s3.request_log())


def test_setting_that_means_nothing_is_refused(moto_cli: Cli, tmp_path: Path) -> None:
    """A file has no storage class; nothing is written."""
    (tmp_path / "f").write_bytes(b"x")
    outcome = moto_cli("upload", "f", "out/", "--storage-class", "STANDARD_IA").expect(2)
    assert "storage_class means nothing for file://" in outcome.err
    assert not (tmp_path / "out").exists()


def test_customer_key_is_not_taken_over_http(moto_cli: Cli, moto: Bucket) -> None:
    """Neither from the command line nor from the environment."""
    plain = moto_cli.with_environment(AWS_ENDPOINT_URL="http://127.0.0.1:9")
    for outcome in (
        plain("stat", f"{moto.uri}/k", "--sse-customer-key", KEY),
        plain.with_environment(S3DLIO_SSE_CUSTOMER_KEY=KEY)("stat", f"{moto.uri}/k"),
    ):
        assert "over https only" in outcome.expect(2).err
        assert KEY not in outcome.err


# Versions.


@pytest.fixture
def versioned(moto: Bucket) -> Bucket:
    """A bucket that keeps versions."""
    moto.client.put_bucket_versioning(
        Bucket=moto.name, VersioningConfiguration={"Status": "Enabled"}
    )
    return moto


def write(bucket: Bucket, key: str, content: bytes) -> str:
    """Store an object; return its version."""
    answer = bucket.client.put_object(Bucket=bucket.name, Key=key, Body=content)
    version: str = answer["VersionId"]
    return version


def test_version_of_a_deleted_object_comes_down(
    moto_cli: Cli, versioned: Bucket, tmp_path: Path
) -> None:
    """No listing shows it, and none is asked."""
    first = write(versioned, "d/k", b"first")
    write(versioned, "d/k", b"the second")
    versioned.client.delete_object(Bucket=versioned.name, Key="d/k")
    moto_cli("download", f"{versioned.uri}/d/k", "out/").expect(3)
    moto_cli("download", f"{versioned.uri}/d/k", "out/", "--version-id", first).expect(0)
    assert (tmp_path / "out/k").read_bytes() == b"first"
    known = moto_cli("stat", "--json", f"{versioned.uri}/d/k", "--version-id", first)
    values = known.expect(0).described
    assert (5, first) == (values["size_bytes"], values["version"])


def test_large_version_comes_down_in_parts(
    moto_cli: Cli, versioned: Bucket, medium_file: LargeFile, tmp_path: Path
) -> None:
    """Each part is of the version, not of what the object is now."""
    first = write(versioned, "k", medium_file.path.read_bytes())
    write(versioned, "k", bytes(medium_file.size_bytes))
    moto_cli("download", f"{versioned.uri}/k", "out/", "--version-id", first).expect(0)
    assert (tmp_path / "out/k").read_bytes() == medium_file.path.read_bytes()


@pytest.mark.parametrize("version", ["3HL4kqtJvjVBH40Nrjfkd", "null"])
def test_missing_version_is_named(moto_cli: Cli, versioned: Bucket, version: str) -> None:
    """Exit code 3, and nothing is created."""
    write(versioned, "k", b"x")
    outcome = moto_cli("download", f"{versioned.uri}/k", "out/", "--version-id", version).expect(3)
    assert len(outcome.errors) == 1
    assert f"read as a literal name, version {version}" in outcome.err
    moto_cli("stat", f"{versioned.uri}/k", "--version-id", version).expect(3)


def test_version_of_several_objects_is_refused(
    moto_cli: Cli, versioned: Bucket, tmp_path: Path
) -> None:
    """Several sources, a prefix or a bucket have no version."""
    version = write(versioned, "d/k", b"x")
    uri = versioned.uri
    for sources in ((f"{uri}/d/k", f"{uri}/d/j"), (f"{uri}/d/",), (uri,)):
        outcome = moto_cli("download", *sources, "out/", "--version-id", version).expect(2)
        assert "version" in outcome.err
    assert not (tmp_path / "out").exists()


def test_marker_of_a_deletion_is_no_version_to_read(moto_s3: MotoServer, versioned: Bucket) -> None:
    """It is told as what it is: a missing object."""
    write(versioned, "k", b"x")
    marker = versioned.client.delete_object(Bucket=versioned.name, Key="k")["VersionId"]
    options = moto_s3.options
    for call in (s3dlio.get, s3dlio.stat):
        with pytest.raises(s3dlio.ObjectNotFoundError):
            call(f"{versioned.uri}/k", version=marker, options=options)


# The same in Python.


def test_python_gives_typed_attributes(
    moto: Bucket, moto_s3: MotoServer, medium_file: LargeFile, tmp_path: Path
) -> None:
    """Of each object of a transfer, or of one; they win over the options."""
    (tmp_path / "small").write_bytes(b"small")
    attributes = s3dlio.Attributes(
        content_type="text/x-tried",
        metadata={"by": "me"},
        storage_class="ONEZONE_IA",
        tags={"a": "b c"},
    )
    options = {**moto_s3.options, "storage_class": "STANDARD_IA", "tagging": "x=y"}
    sources = [tmp_path / "small", medium_file.path]
    s3dlio.upload(sources, f"{moto.uri}/", attributes=attributes, options=options)
    s3dlio.put(f"{moto.uri}/put", b"x", attributes=attributes, options=options)
    for key in ("small", "medium.bin", "put"):
        described = head(moto, key)
        metadata = described["Metadata"]
        # What came from a file keeps the file's time beside what the caller gave.
        assert ("mtime" in metadata) == (key != "put")
        metadata.pop("mtime", None)
        assert ("text/x-tried", {"by": "me"}) == (described["ContentType"], metadata)
        assert described["StorageClass"] == "ONEZONE_IA"
        assert tags_of(moto, key) == {"a": "b c"}
    s3dlio.put(f"{moto.uri}/plain", b"x", options=options)
    assert head(moto, "plain")["StorageClass"] == "STANDARD_IA"
    assert tags_of(moto, "plain") == {"x": "y"}


def test_python_gives_typed_settings(moto: Bucket, moto_s3: MotoServer) -> None:
    """Those of S3 alone, as options of any operation; stat tells what came of them."""
    settings = RequestSettings(encryption=Encryption("aws:kms", bucket_key=True), acl="public-read")
    options = {**moto_s3.options, **settings.as_options()}
    s3dlio.put(f"{moto.uri}/k", b"x", options=options)
    assert s3dlio.stat(f"{moto.uri}/k", options=options).encryption == "aws:kms"
    assert head(moto, "k")["BucketKeyEnabled"] is True
    assert any(group.endswith("/AllUsers") for group in readers_of(moto, "k"))


def test_copy_takes_over_tags_but_no_class(moto: Bucket, moto_s3: MotoServer) -> None:
    """Content type, metadata and tags travel; the class is the destination's own."""
    moto.put(
        "from",
        b"x",
        ContentType="text/x",
        Metadata={"a": "b"},
        StorageClass="STANDARD_IA",
        Tagging="t=u",
    )
    s3dlio.copy(f"{moto.uri}/from", f"{moto.uri}/to", options=moto_s3.options)
    described = head(moto, "to")
    assert ("text/x", {"a": "b"}) == (described["ContentType"], described["Metadata"])
    told = described.get("StorageClass", "STANDARD"), tags_of(moto, "to")
    assert told == ("STANDARD", {"t": "u"})


def test_old_version_is_brought_back(versioned: Bucket, moto_s3: MotoServer) -> None:
    """A copy onto the object's own name makes an older version the current one."""
    first = write(versioned, "k", b"first")
    write(versioned, "k", b"the second")
    uri, options = f"{versioned.uri}/k", moto_s3.options
    assert s3dlio.get(uri, version=first, options=options) == b"first"
    s3dlio.copy(uri, uri, version=first, options=options)
    assert s3dlio.get(uri, options=options) == b"first"
