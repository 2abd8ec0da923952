"""What goes wrong for a user: one clear line, the right exit code, and no flood of requests."""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.any_store import on_any
from tests.e2e.command_line import check_text
from tests.e2e.truth import Bucket, LogMark, tree, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.command_line import Cli, Outcome
    from tests.e2e.conftest import AnyBucket
    from tests.servers import S3Server

FILE_COUNT: Final = 2_000
#: Requests that may be on their way when the first one is refused: one for each job, and then some.
REQUESTS_MAX: Final = 100


@pytest.fixture(scope="module")
def two_thousand_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of many small files."""
    files = {f"{number:04}": b"x" for number in range(FILE_COUNT)}
    return write_tree(tmp_path_factory.mktemp("files") / "tree", files)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on, kept for the test."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


def one_error(outcome: Outcome, *, code: int, says: str, hint: str) -> None:
    """Check that a run ended with one error line, which has the reason and what to do."""
    outcome.expect(code)
    assert len(outcome.errors) == 1, outcome.err
    assert says in outcome.errors[0]
    assert hint in outcome.errors[0]
    # The error, and at the most one line of summary.
    assert len(outcome.err.splitlines()) <= 2


# One bad file among good ones.


@on_any
@pytest.mark.one_wire
def test_dangling_link_is_named_and_the_rest_is_copied(
    cli: Cli, bucket: AnyBucket, tmp_path: Path
) -> None:
    """The file that can't be read is named once, and in the report."""
    source = write_tree(tmp_path / "in", {"a": b"1", "sub/c": b"2"})
    (source / "b").symlink_to("nowhere")
    outcome = cli("upload", "-r", "--json", "in/", f"{bucket.uri}/x/").expect(1)
    assert bucket.contents() == {"x/a": b"1", "x/sub/c": b"2"}
    assert [f"file://{source}/b"] == [f["source"] for f in outcome.summary["failures"]]
    assert (outcome.summary["done_count"], outcome.summary["failed_count"]) == (2, 1)
    assert [True] == [f"{source}/b" in line for line in outcome.err.splitlines()[:-1]]
    assert len(outcome.errors) == 1
    assert "2 objects" in outcome.err
    assert "1 failed" in outcome.err


@pytest.mark.one_wire
def test_key_that_the_server_refuses_fails_alone(cli: Cli, bucket: Bucket, tmp_path: Path) -> None:
    """A name over 1,024 bytes is that file's error."""
    deep = "/".join(["d" * 200] * 5) + "/" + "n" * 100
    write_tree(tmp_path / "in", {"a": b"1", deep: b"2", "z": b"3"})
    outcome = cli("upload", "-r", "in/", f"{bucket.uri}/").expect(1)
    assert bucket.contents() == {"a": b"1", "z": b"3"}
    assert len(outcome.errors) == 1
    assert "longer than 1024 bytes" in outcome.errors[0]


@on_any
@pytest.mark.one_wire
def test_file_in_the_place_of_a_directory_fails_alone(
    cli: Cli, bucket: AnyBucket, tmp_path: Path
) -> None:
    """A download that meets a file where it needs a directory leaves the file, and goes on."""
    for key in ["a/b", "c", "d/e"]:
        bucket.put(key, key.encode())
    write_tree(tmp_path / "out", {"a": b"mine"})
    outcome = cli("download", "-r", f"{bucket.uri}/", "out/").expect(1)
    assert {"a": b"mine", "c": b"c", "d/e": b"d/e"} == tree(tmp_path / "out")
    assert len(outcome.errors) == 1
    assert f"{bucket.uri}/a/b" in outcome.errors[0]


@pytest.mark.one_wire
def test_source_that_matches_nothing_is_named_and_the_rest_is_copied(
    cli: Cli, bucket: Bucket, tmp_path: Path
) -> None:
    """One of two sources isn't there: exit code 1, the other is copied."""
    write_tree(tmp_path / "in", {"a": b"1"})
    outcome = cli("upload", "in/a", "in/missing", "in/*.zip", f"{bucket.uri}/x/").expect(1)
    assert bucket.contents() == {"x/a": b"1"}
    assert "in/missing" in outcome.err
    assert "in/*.zip" in outcome.err


@pytest.mark.one_wire
def test_glob_is_not_concerned_by_what_it_does_not_match(bare_cli: Cli, tmp_path: Path) -> None:
    """A dangling link beside the files that a glob means is none of its business."""
    source = write_tree(tmp_path / "in", {"a.log": b"1", "sub/b.log": b"2"})
    (source / "dangling").symlink_to("nowhere")
    (source / "sub" / "dangling").symlink_to("nowhere")
    bare_cli("upload", "in/*.log", "out/").expect(0)
    bare_cli("upload", "in/**/b.log", "out/").expect(0)
    assert {"a.log": b"1", "sub/b.log": b"2"} == tree(tmp_path / "out")
    bare_cli("upload", "in/dang*", "out/").expect(1)


@pytest.mark.one_wire
@pytest.mark.parametrize("source", ["missing/", "missing/*.log", "missing/**/x", "in/a/"])
def test_missing_directory_is_a_source_that_matches_nothing(
    source: str, bare_cli: Cli, tmp_path: Path
) -> None:
    """Alone it is exit code 3; beside another source it is exit code 1, and the other is copied."""
    write_tree(tmp_path / "in", {"a": b"1"})
    one_error(bare_cli("upload", source, "out/"), code=3, says=source, hint="")
    bare_cli("upload", source, "in/a", "out/").expect(1)
    assert {"a": b"1"} == tree(tmp_path / "out")


# Nothing works at all.


@pytest.fixture
def upload_many(cli: Cli, two_thousand_files: Path) -> tuple[Cli, tuple[str, ...]]:
    """s3-cli, and the arguments that upload 2,000 files, but for the destination."""
    return cli, ("upload", "-r", f"{two_thousand_files}/")


@pytest.mark.one_wire
def test_missing_bucket(
    upload_many: tuple[Cli, tuple[str, ...]], s3_server: S3Server, bucket: Bucket
) -> None:
    """Its name is said once, with how to create it, after a few requests."""
    cli, arguments = upload_many
    missing = f"{bucket.name}-missing"
    mark = LogMark(s3_server, missing)
    outcome = cli(*arguments, f"s3://{missing}/x/")
    one_error(outcome, code=1, says=missing, hint="create it")
    assert 1 <= len(mark.records) <= REQUESTS_MAX
    assert missing not in {item["Name"] for item in bucket.client.list_buckets()["Buckets"]}


def test_wrong_secret(
    upload_many: tuple[Cli, tuple[str, ...]], s3_server: S3Server, bucket: Bucket
) -> None:
    """The server's word, and what to check."""
    cli, arguments = upload_many
    mark = LogMark(s3_server, bucket.name)
    wrong = cli.with_environment(AWS_SECRET_ACCESS_KEY="not-the-secret-at-all")
    outcome = wrong(*arguments, bucket.uri)
    one_error(outcome, code=1, says="SignatureDoesNotMatch", hint="Check the access key")
    assert "not-the-secret-at-all" not in outcome.err
    assert 1 <= len(mark.records) <= REQUESTS_MAX
    assert [] == bucket.listed()


@pytest.mark.one_wire
def test_unknown_access_key(
    upload_many: tuple[Cli, tuple[str, ...]], s3_server: S3Server, bucket: Bucket
) -> None:
    """Likewise."""
    cli, arguments = upload_many
    mark = LogMark(s3_server, bucket.name)
    outcome = cli.with_environment(AWS_ACCESS_KEY_ID="NOBODY")(*arguments, bucket.uri)
    one_error(outcome, code=1, says="InvalidAccessKeyId", hint="Check the access key")
    assert 1 <= len(mark.records) <= REQUESTS_MAX


@pytest.mark.one_wire
def test_bucket_of_another_region(
    moto_cli: Cli, moto: Bucket, two_thousand_files: Path, moto_s3: S3Server
) -> None:
    """The region that the service expects is learnt by the first requests, not by each."""
    mark = LogMark(moto_s3, moto.name)
    outcome = moto_cli(
        "upload", "-r", f"{two_thousand_files}/", moto.uri, "--region", "eu-central-7"
    )
    assert "uploaded 2000 objects" in outcome.expect(0).err
    assert sum(record.status == 400 for record in mark.records) <= REQUESTS_MAX


@pytest.mark.one_wire
def test_wrong_region(moto_cli: Cli) -> None:
    """Where no bucket is concerned the region that the service expects is told."""
    outcome = moto_cli("list-buckets", "--region", "eu-central-7")
    one_error(outcome, code=1, says="eu-central-7", hint="--region")
    assert "us-east-1" in outcome.errors[0]


@pytest.mark.one_wire
def test_no_credentials(bare_cli: Cli, moto: Bucket, two_thousand_files: Path) -> None:
    """What was looked for, where, and how to set it."""
    endpoint = moto.client.meta.endpoint_url
    outcome = bare_cli(
        "upload", "-r", f"{two_thousand_files}/", moto.uri, "--endpoint-url", endpoint
    )
    one_error(outcome, code=1, says="no credentials", hint="Set AWS_ACCESS_KEY_ID")


@pytest.mark.parametrize("arguments", [("upload", "-r"), ("ls",), ("mb",), ("list-buckets",)])
def test_unreachable_endpoint(
    arguments: tuple[str, ...], moto_cli: Cli, two_thousand_files: Path, closed_port: int
) -> None:
    """Nobody listens there: which address, said once."""
    url = f"http://127.0.0.1:{closed_port}"
    sources = (f"{two_thousand_files}/",) if arguments[0] == "upload" else ()
    target = () if arguments[0] == "list-buckets" else ("s3://some-bucket",)
    outcome = moto_cli(*arguments, *sources, *target, "--endpoint-url", url)
    one_error(outcome, code=1, says=url, hint="Check the endpoint URL")


def test_host_that_does_not_exist(moto_cli: Cli) -> None:
    """A name that can't be resolved is an error of the endpoint, too."""
    outcome = moto_cli("ls", "s3://some-bucket", "--endpoint-url", "http://no-such-host.invalid")
    one_error(outcome, code=1, says="no-such-host.invalid", hint="Check the endpoint URL")


@pytest.mark.one_wire
@pytest.mark.parametrize(
    ("arguments", "code", "says", "hint"),
    [
        (("upload", "in/a", "s3://"), 2, "bucket or container is missing", "s3://bucket/key"),
        (("upload", "in/a", "s3:///key"), 2, "bucket or container is missing", "s3://bucket/key"),
        (("upload", "in/a", ""), 2, "empty", "Write"),
        (
            ("upload", "in/a", "nope://b/k"),
            2,
            "nope://",
            "Known schemes: az, direct, file, memory, s3",
        ),
        (("upload", "in/a", "direct://nvme/k"), 2, "names no host", "direct:///"),
        (("upload", "in/a", "az://a.b/k"), 2, "no container can have", "3 to 63 lower-case"),
        (("upload", "in/a", "http://h/k"), 2, "http://", "Known schemes"),
        (("upload", "in/a", "out/", "--region", "x y"), 2, "region", ""),
        (("ls", "s3://b/", "--endpoint-url", "localhost:9000"), 2, "endpoint", "http://"),
        (("ls", "s3://b/", "--profile", "nobody"), 2, "nobody", "profile that was given"),
        (("upload", "in/missing", "out/"), 3, "in/missing", ""),
        (("upload", "in/*.zip", "out/"), 3, "in/*.zip", ""),
        (("upload", "-r", "in/empty/", "out/"), 3, "in/empty/", ""),
        (("stat", "in/missing"), 3, "in/missing", ""),
        (("upload", "in/a"), 2, "Missing argument", "s3-cli upload --help"),
        (("upload", "in/a", "out/", "--bogus"), 2, "--bogus", "s3-cli upload --help"),
        (("uplaod", "in/a", "out/"), 2, "uplaod", "upload"),
        (("upload", "-j", "0", "in/a", "out/"), 2, "0", "s3-cli upload --help"),
        (("upload", "in/a", "in/sub/a", "out/"), 2, "would both be written", "two"),
    ],
)
def test_usage(
    arguments: tuple[str, ...], code: int, says: str, hint: str, moto_cli: Cli, tmp_path: Path
) -> None:
    """What makes no sense is said before anything is done."""
    write_tree(tmp_path / "in", {"a": b"1", "sub/a": b"2"})
    (tmp_path / "in" / "empty").mkdir()
    one_error(moto_cli(*arguments), code=code, says=says, hint=hint)
    assert not (tmp_path / "out").exists()


@on_any
@pytest.mark.parametrize("command", ["stat", "download", "rm", "ls"])
def test_missing_object(command: str, cli: Cli, bucket: AnyBucket) -> None:
    """Exit code 3, and its name; a neighbour with the same beginning doesn't count."""
    bucket.put("object-2", b"x")
    target = ("out/",) if command == "download" else ()
    outcome = cli(command, f"{bucket.uri}/object", *target)
    one_error(outcome, code=3, says=f"{bucket.uri}/object: ", hint="")
    assert ["object-2"] == bucket.listed()


@pytest.mark.one_wire
@pytest.mark.parametrize("command", ["stat", "download", "rm", "ls", "rb"])
def test_missing_bucket_of_any_command(command: str, cli: Cli, bucket: Bucket) -> None:
    """Exit code 1: something is wrong, not merely empty."""
    uri = f"s3://{bucket.name}-missing" + ("" if command in {"ls", "rb"} else "/object")
    target = ("out/",) if command == "download" else ()
    one_error(cli(command, uri, *target), code=1, says="bucket does not exist", hint="Check")


# -c


@pytest.mark.one_wire
def test_bucket_is_created_when_asked(cli: Cli, bucket: Bucket, tmp_path: Path) -> None:
    """And with -c again, when it exists, nothing is wrong."""
    write_tree(tmp_path / "in", {"a": b"1"})
    new = f"{bucket.name}-new"
    for _ in range(2):
        cli("upload", "-c", "in/a", f"s3://{new}/x/").expect(0)
    assert Bucket(bucket.client, new).contents() == {"x/a": b"1"}
    bucket.client.delete_object(Bucket=new, Key="x/a")
    bucket.client.delete_bucket(Bucket=new)


@pytest.mark.one_wire
def test_bucket_is_not_created_when_nothing_matches(cli: Cli, bucket: Bucket) -> None:
    """A typing error in the source leaves no bucket behind."""
    new = f"{bucket.name}-new"
    cli("upload", "-c", "missing/", f"s3://{new}/x/").expect(3)
    assert new not in {item["Name"] for item in bucket.client.list_buckets()["Buckets"]}


@pytest.mark.one_wire
def test_creating_a_bucket_that_exists_is_an_error(cli: Cli, bucket: Bucket) -> None:
    """To create it is asked for, and it isn't done."""
    one_error(cli("mb", bucket.uri), code=1, says="exists", hint="")


# Without credentials, and without telling them.


@pytest.mark.one_wire
@pytest.mark.parametrize("arguments", [("--help",), ("upload", "--help"), ("--version",)])
def test_help_needs_nothing(arguments: tuple[str, ...], bare_cli: Cli) -> None:
    """No credentials, no endpoint, no home."""
    assert bare_cli(*arguments).expect(0).err == ""


@pytest.mark.one_wire
def test_files_are_copied_without_credentials(bare_cli: Cli, tmp_path: Path) -> None:
    """file:// asks nobody."""
    write_tree(tmp_path / "in", {"a": b"1", "b/c": b"2"})
    bare_cli("upload", "-r", "in/", f"file://{tmp_path}/out/").expect(0)
    bare_cli("download", "-r", f"file://{tmp_path}/out/", "back/").expect(0)
    assert {"a": b"1", "b/c": b"2"} == tree(tmp_path / "back")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_secret_is_logged(
    log_format: str, cli: Cli, s3_server: S3Server, bucket: Bucket, tmp_path: Path
) -> None:
    """Not with -vv, not in the log file, not when it fails; but requests are, with their ids."""
    write_tree(tmp_path / "in", {"a": b"1"})
    flags = ("-vv", "--log-file", "log", "--log-format", log_format)
    good = cli("upload", "in/a", f"{bucket.uri}/x/", *flags).expect(0)
    cli("ls", bucket.uri, *flags).expect(0)
    bad = cli.with_environment(AWS_ACCESS_KEY_ID="NOBODY")("ls", bucket.uri, *flags).expect(1)
    log = (tmp_path / "log").read_text()
    for text in (log, good.err, bad.err):
        check_text(text)
        assert not re.search(r"Signature=[0-9a-f]{8}", text)
    assert "/x/a" in log
    if log_format == "json":
        records = [json.loads(line) for line in log.splitlines()]
        assert all("attempt" in record for record in records if record["logger"] == "s3dlio.s3")
        if s3_server.name == "rclone":  # moto sends no x-amz-request-id
            assert any(record.get("request_id") for record in records)


def test_secrets_of_a_url_are_not_shown(moto_cli: Cli) -> None:
    """Credentials in an endpoint's URL are refused, and not repeated."""
    outcome = moto_cli("ls", "s3://bucket", "--endpoint-url", "http://me:hidden-word@localhost:1")
    outcome.expect(2)
    assert "hidden-word" not in outcome.err
