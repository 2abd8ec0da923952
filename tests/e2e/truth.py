"""What a bucket really holds: told by boto3, rclone and hashlib, never by this project.

`tests.servers.blob_container` tells the same of a container, by azure-storage-blob.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from tests.servers import BlobEndpoint, find_rclone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.servers import RequestRecord, S3Endpoint
    from tests.servers.base import ServerProcess

CHUNK_SIZE_BYTES: Final = 1 << 20


@contextlib.contextmanager
def boto3_client(server: S3Endpoint, checksums: str = "when_required") -> Iterator[Any]:
    """A client of boto3 for a server.

    Args:
        server: where it goes.
        checksums: when it sends and compares them. rclone refuses the trailing ones that it sends
            by default.
    """
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        verify=server.ca_bundle or None,
        config=Config(
            s3={"addressing_style": "path"},
            retries={"max_attempts": 3},
            request_checksum_calculation=checksums,
            response_checksum_validation=checksums,
        ),
    )
    try:
        yield client
    finally:
        client.close()


@dataclass(frozen=True)
class Bucket:
    """A bucket as boto3 sees it.

    Attributes:
        client: boto3's.
        name: the bucket's.
    """

    client: Any
    name: str

    @property
    def uri(self) -> str:
        """The bucket's URI."""
        return f"s3://{self.name}"

    def put(self, key: str, content: bytes, **arguments: Any) -> None:
        """Store an object."""
        self.client.put_object(Bucket=self.name, Key=key, Body=content, **arguments)

    def put_file(self, key: str, path: Path) -> None:
        """Store a file; in parts, if it is large."""
        self.client.upload_file(str(path), self.name, key)

    def get(self, key: str) -> bytes:
        """The content of an object."""
        body = self.client.get_object(Bucket=self.name, Key=key)["Body"]
        with contextlib.closing(body):
            content: bytes = body.read()
        return content

    def sha256(self, key: str) -> str:
        """The hash of an object's content, read as a stream."""
        digest = hashlib.sha256()
        body = self.client.get_object(Bucket=self.name, Key=key)["Body"]
        with contextlib.closing(body):
            for piece in body.iter_chunks(CHUNK_SIZE_BYTES):
                digest.update(piece)
        return digest.hexdigest()

    def content_type(self, key: str) -> str:
        """The content type of an object."""
        return str(self.client.head_object(Bucket=self.name, Key=key)["ContentType"])

    def objects(self) -> dict[str, dict[str, Any]]:
        """The whole listing, by key."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return {found["Key"]: found for page in pages for found in page.get("Contents", ())}

    def listed(self) -> list[str]:
        """The keys, in the order of the listing."""
        return list(self.objects())

    def contents(self) -> dict[str, bytes]:
        """All contents, by key."""
        return {key: self.get(key) for key in self.listed()}

    def uploads(self) -> list[str]:
        """The keys of unfinished multipart uploads."""
        try:
            answer = self.client.list_multipart_uploads(Bucket=self.name)
        except self.client.exceptions.NoSuchUpload:
            return []  # rclone's answer where there has never been one
        return [upload["Key"] for upload in answer.get("Uploads", ())]


def file_sha256(path: Path) -> str:
    """The hash of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK_SIZE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def tree(root: Path) -> dict[str, bytes]:
    """The files below a directory: relative path and content."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def write_tree(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a directory, and return it."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    root.mkdir(parents=True, exist_ok=True)
    return root


class LogMark:
    """A place in a server's request log; `records` are those since then.

    Args:
        server: whose log.
        text: only requests whose path contains it, such as the bucket's name.
    """

    def __init__(self, server: ServerProcess, text: str = "") -> None:
        self._server = server
        self._text = text
        self._start = len(server.request_log())

    @property
    def records(self) -> list[RequestRecord]:
        """The requests since the mark."""
        new = self._server.request_log()[self._start :]
        return [record for record in new if self._text in record.path]


def _remote(server: S3Endpoint | BlobEndpoint) -> dict[str, str]:
    """What rclone must know of a server."""
    if isinstance(server, BlobEndpoint):
        return {
            "TYPE": "azureblob",
            "ENDPOINT": server.endpoint_url,
            "ACCOUNT": server.account,
            "KEY": server.account_key,
        }
    return {
        "TYPE": "s3",
        "PROVIDER": "Other",
        "ENDPOINT": server.endpoint_url,
        "REGION": server.region,
        "ACCESS_KEY_ID": server.access_key,
        "SECRET_ACCESS_KEY": server.secret_key,
        "FORCE_PATH_STYLE": "true",
        "NO_CHECK_BUCKET": "true",
    }


def rclone(server: S3Endpoint | BlobEndpoint, home: Path, *arguments: str) -> bytes:
    """Run rclone against a server, which it knows as the remote `t:`; its standard output.

    Raises:
        AssertionError: it failed.
    """
    variables = {
        "RCLONE_CONFIG": str(home / "no-rclone.conf"),
        "HOME": str(home),
        **{f"RCLONE_CONFIG_T_{name}": value for name, value in _remote(server).items()},
    }
    command = [str(find_rclone()), *arguments]
    if server.ca_bundle:
        command.append(f"--ca-cert={server.ca_bundle}")
    done = subprocess.run(command, check=False, capture_output=True, env=variables)
    if done.returncode:
        raise AssertionError(f"rclone {arguments}: {done.stderr.decode(errors='replace')[-4000:]}")
    return done.stdout
