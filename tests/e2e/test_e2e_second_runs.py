"""What a run would do, what it does the second time, and what a later run takes up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.truth import LogMark, tree, write_tree
from tests.servers import Answer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.truth import Bucket
    from tests.servers import FaultProxy, S3Server

pytestmark = pytest.mark.one_wire

DENIED: Final = Answer.error(403, "AccessDenied")


# --dry-run


def test_dry_upload_asks_and_writes_nothing(
    cli: Cli, bucket: Bucket, s3_server: S3Server, tmp_path: Path
) -> None:
    """No request that changes something is sent; the lines are what the real run does."""
    source = write_tree(tmp_path / "in", {"a": b"1", "sub/ü +%41": b"2"})
    mark = LogMark(s3_server, bucket.name)
    outcome = cli("upload", "-r", "-n", "in/", f"{bucket.uri}/x/").expect(0)
    assert {record.method for record in mark.records} <= {"GET", "HEAD"}
    lines = [
        f"(dryrun) upload: file://{source}/{name} to {bucket.uri}/x/{name}"
        for name in ("a", "sub/ü +%41")
    ]
    assert outcome.out.splitlines() == lines
    assert bucket.listed() == []
    cli("upload", "-r", "in/", f"{bucket.uri}/x/").expect(0)
    assert bucket.listed() == ["x/a", "x/sub/ü +%41"]


def test_dry_download_and_deletion_change_nothing(
    cli: Cli, bucket: Bucket, s3_server: S3Server, tmp_path: Path
) -> None:
    """Not the files, not the objects."""
    for key in ("x/a", "x/b/c"):
        bucket.put(key, key.encode())
    mark = LogMark(s3_server, bucket.name)
    down = cli("download", "-n", "-r", f"{bucket.uri}/x/", "out/").expect(0)
    assert down.out.splitlines() == [
        f"(dryrun) download: {bucket.uri}/x/{name} to file://{tmp_path}/out/{name}"
        for name in ("a", "b/c")
    ]
    gone = cli("rm", "-rn", f"{bucket.uri}/x/").expect(0)
    assert gone.out.splitlines() == [f"(dryrun) delete: {bucket.uri}/x/{n}" for n in ("a", "b/c")]
    assert {record.method for record in mark.records} <= {"GET", "HEAD"}
    assert not (tmp_path / "out").exists()
    assert bucket.listed() == ["x/a", "x/b/c"]


@pytest.mark.parametrize(
    ("flags", "code"), [((), 1), (("-c",), 0), (("-c", "--overwrite", "changed"), 0)]
)
def test_dry_upload_to_a_missing_bucket(
    cli: Cli, bucket: Bucket, tmp_path: Path, flags: tuple[str, ...], code: int
) -> None:
    """Without -c it is the real run's error; with it the bucket is told, and not made."""
    write_tree(tmp_path / "in", {"a": b"1"})
    missing = f"{bucket.name}-missing"
    outcome = cli("upload", "-n", *flags, "in/a", f"s3://{missing}/").expect(code)
    if code:
        assert "create it" in outcome.errors[0]
        assert outcome.out == ""
    else:
        assert f"s3://{missing} would be created" in outcome.err
    assert missing not in {item["Name"] for item in bucket.client.list_buckets()["Buckets"]}


@pytest.mark.parametrize("rule", ["never", "newer", "changed"])
def test_dry_run_of_what_is_there_already(
    cli: Cli, bucket: Bucket, tmp_path: Path, rule: str
) -> None:
    """What the rule leaves as it is isn't printed; what is new is."""
    source = write_tree(tmp_path / "in", {"a": b"1", "sub/b": b"2"})
    command = ("upload", "-r", "--overwrite", rule, "in/", bucket.uri)
    cli(*command).expect(0)
    write_tree(tmp_path / "in", {"new": b"3"})
    outcome = cli(*command, "-n").expect(0)
    assert outcome.out == f"(dryrun) upload: file://{source}/new to {bucket.uri}/new\n"
    assert "would upload 1 object, 1 B, 0 failed, 2 skipped" in outcome.err
    assert "uploaded 1 object," in cli(*command).expect(0).err


# --retries and --failures


def test_what_is_refused_at_first_is_copied_by_a_second_pass(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, tmp_path: Path
) -> None:
    """With --retries nothing has failed in the end, and nobody was told of a failure."""
    write_tree(tmp_path / "in", {"a": b"1", "b": b"2", "c": b"3"})
    rule = fault_proxy.add(DENIED, method="PUT", pattern="/b$", times=2)
    outcome = faulty_cli("upload", "in/", moto.uri, "--retries", "2").expect(0)
    assert rule.applied_count == 2
    assert moto.contents() == {"a": b"1", "b": b"2", "c": b"3"}
    assert "warning" not in outcome.err
    assert "0 failed" in outcome.err


@pytest.mark.parametrize("form", ["", "0"])
def test_a_list_of_failures_is_what_another_run_takes(
    form: str, faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, tmp_path: Path
) -> None:
    """--files-from copies what failed, to where it would have gone, and nothing else."""
    names = ["a", "sub/ü b", "sub/c", *(["line\nbreak"] if form else [])]
    source = write_tree(tmp_path / "in", {name: name.encode() for name in [*names, "done"]})
    fault_proxy.add(DENIED, method="PUT", pattern="/x/(?!done)", times=None)
    command = ("upload", "-r", "in/", f"{moto.uri}/x/")
    faulty_cli(*command, f"--failures{form}", "failed").expect(1)
    assert moto.listed() == ["x/done"]
    moto.client.delete_object(Bucket=moto.name, Key="x/done")
    fault_proxy.clear()
    again = faulty_cli(*command, f"--files-from{form}", "failed", "--failures", "left").expect(0)
    assert f"uploaded {len(names)} objects" in again.err
    assert moto.contents() == {f"x/{name}": name.encode() for name in names}
    assert (tmp_path / "left").read_bytes() == b""
    assert {f"file://{source}/{name}" for name in names} == set(
        (tmp_path / "failed").read_text().strip("\n\0").split("\0" if form else "\n")
    )


def test_a_list_of_failed_downloads_is_what_another_run_takes(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, tmp_path: Path
) -> None:
    """Likewise with URIs of objects, of two prefixes, and only what failed the second time."""
    for key in ("x/a", "x/b c", "y/%41", "y/d"):
        moto.put(key, key.encode())
    fault_proxy.add(DENIED, method="GET", pattern="/(x/b|y/%2541)", times=None)
    command = ("download", f"{moto.uri}/x/", f"{moto.uri}/y/", "out/")
    faulty_cli(*command, "--failures", "failed").expect(1)
    fault_proxy.clear()
    fault_proxy.add(DENIED, method="GET", pattern="/y/%2541", times=None)
    faulty_cli(*command, "--files-from", "failed", "--failures", "again").expect(1)
    assert (tmp_path / "again").read_text() == f"{moto.uri}/y/%41\n"
    fault_proxy.clear()
    faulty_cli(*command, "--files-from", "again").expect(0)
    assert tree(tmp_path / "out") == {"a": b"x/a", "b c": b"x/b c", "%41": b"y/%41", "d": b"y/d"}


def test_a_dry_run_of_a_list_is_of_its_names(cli: Cli, bucket: Bucket, tmp_path: Path) -> None:
    """In the order of the list."""
    source = write_tree(tmp_path / "in", {"a": b"1", "b": b"2", "c": b"3"})
    (tmp_path / "list").write_text("c\na\n")
    outcome = cli("upload", "-n", "in/", bucket.uri, "--files-from", "list").expect(0)
    assert outcome.out.splitlines() == [
        f"(dryrun) upload: file://{source}/{name} to {bucket.uri}/{name}" for name in "ca"
    ]


@pytest.mark.parametrize("retries", [(), ("--retries", "1")])
def test_what_failed_is_listed(
    faulty_cli: Cli,
    fault_proxy: FaultProxy,
    moto: Bucket,
    tmp_path: Path,
    retries: tuple[str, ...],
) -> None:
    """By its source's URI; a run without failures empties the file."""
    for key in ("x/a", "x/ü b", "x/c"):
        moto.put(key, key.encode())
    command = ("download", f"{moto.uri}/x/", "out/", "--failures", "failed", *retries)
    fault_proxy.add(DENIED, method="GET", pattern="/x/(a|c)$", times=None)
    faulty_cli(*command).expect(1)
    names = sorted((tmp_path / "failed").read_text().splitlines())
    assert names == [f"{moto.uri}/x/a", f"{moto.uri}/x/c"]
    assert tree(tmp_path / "out") == {"ü b": "x/ü b".encode()}
    fault_proxy.clear()
    faulty_cli(*command).expect(0)
    assert (tmp_path / "failed").read_bytes() == b""
    assert len(tree(tmp_path / "out")) == 3
