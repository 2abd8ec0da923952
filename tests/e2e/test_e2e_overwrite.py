"""What exists already: times that make the round, second runs, and what they ask the server."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.e2e.any_store import on_any
from tests.e2e.truth import LogMark, rclone, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import AnyBucket
    from tests.e2e.truth import Bucket
    from tests.servers import MotoServer, S3Server

pytestmark = pytest.mark.one_wire

MTIME_NS = 1_500_000_000_123_456_789
FILES = {"a.json": b"{}", "empty": b"", "d/b.csv": b"x,y\n", "d/\u00fc+ .bin": bytes(range(256))}
SUPPORTED = {
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_supported",
}


def written(root: Path, files: dict[str, bytes]) -> Path:
    """Write a tree, each file with a time of its own."""
    write_tree(root, files)
    for number, name in enumerate(files):
        os.utime(root / name, ns=(0, MTIME_NS + number))
    return root


def times(root: Path) -> dict[str, int]:
    """Return the times of the files below a directory, in nanoseconds."""
    return {
        path.relative_to(root).as_posix(): path.stat().st_mtime_ns
        for path in root.rglob("*")
        if path.is_file()
    }


def counts(cli: Cli, *arguments: object) -> tuple[int, int]:
    """Run a command; return how many objects were copied, and how many skipped."""
    summary = cli(*arguments, "--json").expect(0).summary
    return summary["done_count"], summary["skipped_count"]


@on_any
def test_a_second_run_copies_nothing(cli: Cli, bucket: AnyBucket, tmp_path: Path) -> None:
    """Up and down; files get their times back, to the nanosecond; what changes is copied."""
    here = written(tmp_path / "in", FILES)
    up = ("upload", "-r", "--overwrite", "changed", "in/", f"{bucket.uri}/x/")
    down = ("download", "-r", "--overwrite", "changed", f"{bucket.uri}/x/", "back/")
    for expected in ((4, 0), (0, 4)):
        assert expected == counts(cli, *up)
    for expected in ((4, 0), (0, 4)):
        assert expected == counts(cli, *down)
    assert times(here) == times(tmp_path / "back")
    (here / "a.json").write_bytes(b"[]")
    os.utime(here / "a.json", (2**32, 2**32))
    assert counts(cli, *up) == (1, 3)
    assert counts(cli, *down) == (1, 3)
    assert times(here) == times(tmp_path / "back")
    assert (tmp_path / "back/a.json").read_bytes() == b"[]"


@on_any
def test_large_files_keep_their_times(cli: Cli, bucket: AnyBucket, tmp_path: Path) -> None:
    """What goes in parts, too."""
    here = written(tmp_path / "in", {"large.bin": bytes(20 << 20)})
    for expected in ((1, 0), (0, 1)):
        assert expected == counts(cli, "upload", "--overwrite", "changed", "in/", f"{bucket.uri}/")
    assert counts(cli, "download", f"{bucket.uri}/", "back/") == (1, 0)
    assert times(here) == times(tmp_path / "back")


def test_rclone_finds_our_times(
    cli: Cli, s3_server: S3Server, bucket: Bucket, home: Path, tmp_path: Path
) -> None:
    """What we upload it gives its time, and what it uploads we do."""
    here = written(tmp_path / "in", FILES)
    cli("upload", "-r", "in/", f"{bucket.uri}/ours/").expect(0)
    rclone(s3_server, home, "copy", f"t:{bucket.name}/ours", str(tmp_path / "by-rclone"))
    assert times(here) == times(tmp_path / "by-rclone")
    rclone(s3_server, home, "copy", str(here), f"t:{bucket.name}/theirs")
    cli("download", "-r", f"{bucket.uri}/theirs/", "by-us/").expect(0)
    assert times(here) == times(tmp_path / "by-us")


@on_any
@pytest.mark.parametrize("size_bytes", [10, 20 << 20])
def test_never_replaces_nothing(
    cli: Cli, bucket: AnyBucket, tmp_path: Path, size_bytes: int
) -> None:
    """What exists stays, whole or in parts; what doesn't is written."""
    written(tmp_path / "in", {"old": bytes(size_bytes), "new": bytes(size_bytes)})
    bucket.put("old", b"kept")
    assert counts(cli, "upload", "--overwrite", "never", "in/", f"{bucket.uri}/") == (1, 1)
    assert {"old": b"kept", "new": bytes(size_bytes)} == bucket.contents()


def test_checksums_are_compared(moto_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """In both directions: a new time alone changes nothing, other bytes of one size do."""
    cli = moto_cli.with_environment(**SUPPORTED)
    here = written(tmp_path / "in", FILES)
    up = ("upload", "-r", "--checksum", "in/", f"{moto.uri}/x/")
    down = ("download", "-r", "--checksum", f"{moto.uri}/x/", "back/")
    across = ("upload", "-r", "--checksum", f"{moto.uri}/x/", f"{moto.uri}/y/")
    assert counts(cli, *up) == counts(cli, *down) == (4, 0)
    for root in (here, tmp_path / "back"):
        for name in FILES:
            os.utime(root / name, (2**32, 2**32))
    assert counts(cli, *up) == counts(cli, *down) == (0, 4)
    (here / "a.json").write_bytes(b"[]")
    assert counts(cli, *up) == counts(cli, *down) == (1, 3)
    assert (tmp_path / "back/a.json").read_bytes() == b"[]"
    assert counts(cli, *across) == (4, 0)
    assert counts(cli, *across) == (0, 4)


def test_checksums_are_asked_for(moto_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """Also of a server that is asked for none otherwise."""
    cli = moto_cli.with_environment(AWS_REQUEST_CHECKSUM_CALCULATION="when_supported")
    written(tmp_path / "in", {"a": b"1", "large": bytes(20 << 20)})
    up = ("upload", "--checksum", "in/", f"{moto.uri}/x/")
    down = ("download", "--checksum", f"{moto.uri}/x/", "back/")
    across = ("upload", "--checksum", f"{moto.uri}/x/", f"{moto.uri}/y/")
    for command in (up, down, across):
        assert counts(cli, *command) == (2, 0)
        assert counts(cli, *command) == (0, 2)


def test_an_etag_may_be_compared(moto_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """Where nobody stored a checksum: that of a file, unless it went in parts, which is told."""
    here = written(tmp_path / "in", {"a": b"1", "b": b"2", "large": bytes(20 << 20)})
    up = ("upload", "--checksum", "in/", f"{moto.uri}/x/")
    down = ("download", "--checksum", f"{moto.uri}/x/", "back/")
    assert counts(moto_cli, *up) == counts(moto_cli, *down) == (3, 0)
    (here / "a").write_bytes(b"3")
    for command in (up, down):
        outcome = moto_cli(*command).expect(0)
        assert "2 objects" in outcome.err
        assert "1 skipped" in outcome.err
        assert outcome.err.count("there is no checksum of their content to compare") == 1
    assert (tmp_path / "back" / "a").read_bytes() == b"3"


def test_what_exists_is_learned_from_few_requests(
    moto_cli: Cli, moto_s3: MotoServer, moto: Bucket, tmp_path: Path
) -> None:
    """A thousand objects that are there cost a page or two, and a few requests of their own."""
    written(tmp_path / "in", {f"{number:04}": b"x" for number in range(1500)})
    up = ("upload", "--overwrite", "changed", "in/", f"{moto.uri}/x/")
    assert counts(moto_cli, *up) == (1500, 0)
    mark = LogMark(moto_s3, moto.name)
    assert counts(moto_cli, *up) == (0, 1500)
    asked = Counter(record.method for record in mark.records)
    assert asked["PUT"] == 0
    assert asked["HEAD"] <= 20
    assert asked["GET"] <= 4


def test_content_types_are_guessed(moto_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """From the name, without a Content-Encoding; options say otherwise."""
    written(tmp_path / "in", {"a.json": b"{}", "b.json.gz": b"x"})
    moto_cli("upload", "in/", f"{moto.uri}/").expect(0)
    moto_cli(
        "upload",
        *("--content-type", "text/x", "--metadata", "by=me,team=a b"),
        *("--cache-control", "no-store"),
        "in/a.json",
        f"{moto.uri}/said",
    ).expect(0)
    heads = [moto.client.head_object(Bucket=moto.name, Key=key) for key in ("a.json", "b.json.gz")]
    assert [head["ContentType"] for head in heads] == ["application/json", "application/gzip"]
    assert all("ContentEncoding" not in head for head in heads)
    said = moto.client.head_object(Bucket=moto.name, Key="said")
    assert (said["ContentType"], said["CacheControl"]) == ("text/x", "no-store")
    assert said["Metadata"] == {"by": "me", "team": "a b", "mtime": "1500000000.123456789"}
