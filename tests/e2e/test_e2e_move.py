"""Moves on real servers: nothing is lost, whoever fails at whatever step."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.any_store import on_any
from tests.e2e.command_line import outcome_of
from tests.e2e.truth import tree, write_tree
from tests.servers import Answer, Hold

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import AnyBucket, LargeFile
    from tests.e2e.truth import Bucket
    from tests.servers import FaultProxy, MotoServer

pytestmark = pytest.mark.one_wire

FILES: Final = {"a": b"1" * 100, "b": b"2" * 200, "deep/c": b"", "deep/ä b+c%41": b"4"}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A directory with small files."""
    return write_tree(tmp_path / "in", FILES)


def _held(bucket: AnyBucket, prefix: str = "") -> dict[str, bytes]:
    keys = [key for key in bucket.listed() if key.startswith(prefix)]
    return {key.removeprefix(prefix): bucket.get(key) for key in keys}


@on_any
def test_a_tree_moves_up_across_and_down(
    cli: Cli, bucket: AnyBucket, small: Path, tmp_path: Path
) -> None:
    """From files to a bucket, within it, and back."""
    cli("mv", "-r", "in/", f"{bucket.uri}/x/").expect(0)
    assert not small.exists()
    assert _held(bucket, "x/") == FILES
    cli("mv", "-r", f"{bucket.uri}/x/", f"{bucket.uri}/y/").expect(0)
    assert _held(bucket) == {f"y/{key}": content for key, content in FILES.items()}
    lines = cli("mv", "--json", "-r", f"{bucket.uri}/y/", "out/").expect(0).lines
    assert [line["type"] for line in lines] == ["moved"] * 4 + ["summary"]
    assert (tree(tmp_path / "out"), _held(bucket)) == (FILES, {})


@on_any
def test_a_large_object_moves_in_parts(
    cli: Cli, bucket: AnyBucket, medium_file: LargeFile, tmp_path: Path
) -> None:
    """Its ETag, which is one of parts, is compared as any other."""
    content = medium_file.path.read_bytes()
    (tmp_path / "large").write_bytes(content)
    cli("mv", "large", f"{bucket.uri}/large").expect(0)
    assert not (tmp_path / "large").exists()
    cli("mv", f"{bucket.uri}/large", f"{bucket.uri}/moved").expect(0)
    assert list(_held(bucket)) == ["moved"]
    cli("mv", f"{bucket.uri}/moved", "back").expect(0)
    assert (tmp_path / "back").read_bytes() == content
    assert bucket.listed() == []


def test_a_bucket_with_versions_keeps_those_of_a_source(
    moto_cli: Cli, moto: Bucket, tmp_path: Path
) -> None:
    """A delete marker lies on them: what was moved can be had by its version."""
    enabled = {"Status": "Enabled"}
    moto.client.put_bucket_versioning(Bucket=moto.name, VersioningConfiguration=enabled)
    written = moto.client.put_object(Bucket=moto.name, Key="k", Body=b"content")
    (line, _) = moto_cli("mv", "--json", f"{moto.uri}/k", f"{moto.uri}/new").expect(0).lines
    assert _held(moto) == {"new": b"content"}
    assert line["version"] not in {None, written["VersionId"]}
    version = ("--version-id", written["VersionId"])
    moto_cli("download", f"{moto.uri}/k", "old", *version).expect(0)
    assert (tmp_path / "old").read_bytes() == b"content"


def test_sources_that_may_not_be_deleted_are_failures(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, tmp_path: Path
) -> None:
    """The copies stay, so do the sources; the list of failures finishes the move later."""
    for key in "ab":
        moto.put(f"x/{key}", key.encode())
    fault_proxy.add(Answer.error(403, "AccessDenied"), method="DELETE", pattern="/x/a", times=None)
    outcome = faulty_cli("mv", "-r", f"{moto.uri}/x/", f"{moto.uri}/y/", "--failures", "left")
    assert "only the source is left to be deleted" in outcome.expect(1).errors[0]
    assert _held(moto) == {"x/a": b"a", "y/a": b"a", "y/b": b"b"}
    fault_proxy.clear()
    command = ("mv", f"{moto.uri}/x/", f"{moto.uri}/y/", "--files-from", "left")
    faulty_cli(*command).expect(0)
    assert _held(moto) == {"y/a": b"a", "y/b": b"b"}


@pytest.mark.parametrize(
    ("method", "pattern"), [("PUT", "/up/"), ("HEAD", "/up/"), ("POST", "uploadId")]
)
def test_a_server_that_fails_keeps_the_files(
    faulty_cli: Cli,
    fault_proxy: FaultProxy,
    moto: Bucket,
    tmp_path: Path,
    method: str,
    pattern: str,
) -> None:
    """Whether the write is refused, or the look at what was written."""
    fault_proxy.add(Answer.error(403, "AccessDenied"), method=method, pattern=pattern, times=None)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "k").write_bytes(bytes(20 << 20) if method == "POST" else b"k")
    faulty_cli("mv", "-r", "in/", f"{moto.uri}/up/").expect(1)
    assert list(tree(tmp_path / "in")) == ["k"]


def test_an_interrupted_move_loses_nothing(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, tmp_path: Path
) -> None:
    """Ctrl-C while a copy is looked at: each object is here or there, or both."""
    files = {f"{number:03}": b"%d" % number for number in range(60)}
    write_tree(tmp_path / "in", files)
    hold = Hold()
    fault_proxy.add(hold, method="HEAD", pattern="/x/", nth=20, times=None)
    with faulty_cli.started("mv", "--json", "-j", "3", "in/", f"{moto.uri}/x/") as process:
        hold.arrived.wait()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "stopping" in process.stderr.readline() + process.stderr.readline()
        fault_proxy.clear()
        outcome = outcome_of(process).expect(130)
    here, there = tree(tmp_path / "in"), _held(moto, "x/")
    assert {**here, **there} == files
    assert outcome.summary["done_count"] == len(files) - len(here) < 60
    faulty_cli("mv", "in/", f"{moto.uri}/x/").expect(0)
    assert _held(moto, "x/") == files


def test_one_bucket_by_two_endpoints_is_not_moved_onto_itself(
    moto_cli: Cli, moto_s3: MotoServer, fault_proxy: FaultProxy, moto: Bucket
) -> None:
    """Two names of one server: the copy is the source, and deleting it would lose it."""
    moto.put("k", b"the only one")
    source = ("--source-endpoint-url", moto_s3.endpoint_url)
    endpoints = (*source, "--dest-endpoint-url", fault_proxy.endpoint_url)
    outcome = moto_cli("mv", f"{moto.uri}/k", f"{moto.uri}/k", *endpoints).expect(1)
    assert "look like one object" in outcome.errors[0]
    assert _held(moto) == {"k": b"the only one"}
    moto_cli("mv", f"{moto.uri}/k", f"{moto.uri}/other", *endpoints).expect(0)
    assert _held(moto) == {"other": b"the only one"}


def test_a_dry_run_asks_for_no_write(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, small: Path
) -> None:
    """Nothing is deleted, and nothing written."""
    moto.put("k", b"k")
    before = tree(small)
    faulty_cli("mv", "-n", "-r", "in/", f"{moto.uri}/x/").expect(0)
    faulty_cli("mv", "-n", f"{moto.uri}/k", f"{moto.uri}/x/").expect(0)
    methods = {record.method for record in fault_proxy.request_log()}
    assert methods <= {"GET", "HEAD"}
    assert (tree(small), _held(moto)) == (before, {"k": b"k"})
