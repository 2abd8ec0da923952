"""An object of 300 MiB: up by multipart, down by parallel ranges, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.truth import LogMark, file_sha256

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import LargeFile
    from tests.e2e.truth import Bucket
    from tests.servers import S3Server

MULTIPART_MIN_COUNT = 10


def test_large_object_goes_up_in_parts_and_comes_down_in_ranges(
    cli: Cli, s3_server: S3Server, bucket: Bucket, large_file: LargeFile, tmp_path: Path
) -> None:
    """What the server holds and what comes back is what was sent, in parts and in ranges."""
    mark = LogMark(s3_server, bucket.name)
    up = cli("upload", "--json", large_file.path, f"{bucket.uri}/deep/er/large.bin").expect(0)
    sent = mark.records
    assert large_file.size_bytes == up.summary["done_bytes"]
    assert large_file.sha256 == bucket.sha256("deep/er/large.bin")

    parts = [r for r in sent if r.method == "PUT" and "partNumber" in r.parameters]
    numbers = sorted(int(record.parameters["partNumber"]) for record in parts)
    assert list(range(1, len(numbers) + 1)) == numbers
    assert len(numbers) >= MULTIPART_MIN_COUNT
    assert ["uploads", "uploadId"] == [next(iter(r.parameters)) for r in sent if r.method == "POST"]

    mark = LogMark(s3_server, bucket.name)
    back = tmp_path / "back.bin"
    cli("download", f"{bucket.uri}/deep/er/large.bin", back).expect(0)
    ranges = {r.range for r in mark.records if r.method == "GET" and r.range}
    assert len(ranges) >= MULTIPART_MIN_COUNT
    assert large_file.sha256 == file_sha256(back)
    back.unlink()
    assert [] == bucket.uploads()
