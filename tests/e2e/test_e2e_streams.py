"""cat, get and put: objects through pipes, on real servers."""

from __future__ import annotations

import hashlib
import signal
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.any_store import on_any
from tests.e2e.command_line import S3_CLI, check_text, outcome_of
from tests.servers import Answer, CorruptBody, Hold, ResetMidResponse
from tests.servers.s3_error import error_xml

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import AnyBucket, LargeFile
    from tests.e2e.truth import Bucket
    from tests.servers import FaultProxy

#: 69 MB: more than a part of 64 MiB.
LAST: Final = 8_800_000
CONTENT: Final = bytes(range(256)) * 40


def shell(cli: Cli, script: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script of bash that calls s3-cli."""
    environment = {**cli.environment, "PATH": f"{S3_CLI.parent}:/usr/bin:/bin"}
    done = subprocess.run(
        ["bash", "-uo", "pipefail", "-c", script],
        check=False,
        capture_output=True,
        cwd=cli.directory,
        env=environment,
    )
    check_text(done.stderr.decode())
    return done


@on_any
def test_pipe_of_unknown_length_arrives_whole(cli: Cli, bucket: AnyBucket) -> None:
    """In parts while it comes, and comes back the same."""
    done = shell(cli, f"seq 1 {LAST} | s3-cli put - {bucket.uri}/x && s3-cli cat {bucket.uri}/x")
    assert done.returncode == 0, done.stderr
    expected = subprocess.run(["seq", "1", str(LAST)], check=True, capture_output=True).stdout
    assert hashlib.sha256(expected).digest() == hashlib.sha256(done.stdout).digest()
    assert hashlib.sha256(expected).digest() == hashlib.sha256(bucket.get("x")).digest()
    assert bucket.uploads() == []


@on_any
def test_reader_that_has_enough_ends_it_silently(
    cli: Cli, bucket: AnyBucket, medium_file: LargeFile
) -> None:
    """`| head` leaves exit code 0 and no message, of a large object, too."""
    bucket.put_file("x", medium_file.path)
    done = shell(cli, f"s3-cli cat {bucket.uri}/x {bucket.uri}/x | head -c 5")
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout) == 5


@on_any
def test_large_object_comes_in_order(cli: Cli, bucket: AnyBucket, medium_file: LargeFile) -> None:
    """Whole, and from the middle."""
    bucket.put_file("x", medium_file.path)
    done = shell(cli, f"s3-cli cat {bucket.uri}/x")
    assert hashlib.sha256(done.stdout).hexdigest() == medium_file.sha256
    content = medium_file.path.read_bytes()
    done = shell(cli, f"s3-cli cat --range 1000000-39000000 {bucket.uri}/x")
    assert (
        hashlib.sha256(done.stdout).digest()
        == hashlib.sha256(content[1_000_000:39_000_001]).digest()
    )


@on_any
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("0-99", CONTENT[:100]),
        ("100-", CONTENT[100:]),
        ("-100", CONTENT[-100:]),
        ("-99999", CONTENT),
        ("10200-99999", CONTENT[10200:]),
        ("bytes=5-5", CONTENT[5:6]),
    ],
)
def test_range_is_meant_as_http_means_it(
    given: str, expected: bytes, cli: Cli, bucket: AnyBucket
) -> None:
    """Both ends belong to it."""
    bucket.put("x", CONTENT)
    done = shell(cli, f"s3-cli get --range={given} {bucket.uri}/x")
    assert (done.returncode, done.stdout) == (0, expected)


@pytest.mark.one_wire
@pytest.mark.parametrize(
    ("given", "code"), [("10240-", 1), ("99999-", 1), ("5-3", 2), ("-0", 2), ("-", 2), ("a-b", 2)]
)
def test_range_that_holds_no_byte_is_an_error(
    given: str, code: int, moto_cli: Cli, moto: Bucket
) -> None:
    """And nothing is written."""
    moto.put("x", CONTENT)
    outcome = moto_cli("cat", f"--range={given}", f"{moto.uri}/x").expect(code)
    assert (outcome.out, len(outcome.errors)) == ("", 1)


@pytest.mark.one_wire
def test_objects_follow_one_another_and_one_that_fails_stops_no_other(
    moto_cli: Cli, moto: Bucket
) -> None:
    """As with `cat`."""
    moto.put("a", b"1")
    moto.put("b", b"2")
    uris = [f"{moto.uri}/{key}" for key in ("a", "missing", "b")]
    outcome = moto_cli("cat", *uris).expect(1)
    assert (outcome.out, len(outcome.errors)) == ("12", 1)
    assert moto_cli("cat", uris[1]).expect(3).out == ""


@pytest.mark.one_wire
def test_full_output_is_an_error(moto_cli: Cli, moto: Bucket) -> None:
    """No success is claimed."""
    moto.put("a", b"1")
    done = shell(moto_cli, f"s3-cli cat {moto.uri}/a {moto.uri}/a > /dev/full")
    assert done.returncode == 1
    assert done.stderr.count(b"No space left") == 1


@on_any
def test_what_a_pipe_holds_may_fit_one_part(cli: Cli, bucket: AnyBucket) -> None:
    """It is put whole; an empty one, too."""
    done = shell(
        cli,
        f"echo hello | s3-cli put - {bucket.uri}/x.txt --metadata a=b && "
        f"s3-cli put - {bucket.uri}/empty < /dev/null",
    )
    assert done.returncode == 0, done.stderr
    assert (bucket.get("x.txt"), bucket.get("empty")) == (b"hello\n", b"")
    assert bucket.content_type("x.txt").startswith("text/plain")


@pytest.mark.one_wire
def test_file_is_put_to_the_very_name(moto_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """Its name is taken literally; what a process writes is a stream."""
    (tmp_path / "a*b").write_bytes(b"1")
    moto_cli("put", "a*b", f"{moto.uri}/k").expect(0)
    assert moto.get("k") == b"1"
    assert shell(moto_cli, f"s3-cli put <(echo 2) {moto.uri}/k").returncode == 0
    assert moto.get("k") == b"2\n"
    assert moto_cli("put", ".", f"{moto.uri}/k").expect(2).errors


@pytest.mark.one_wire
def test_input_that_can_not_be_read_writes_nothing(moto_cli: Cli, moto: Bucket) -> None:
    """A descriptor that isn't open for reading."""
    for redirection in ("0> /dev/null", "<&-"):
        done = shell(moto_cli, f"s3-cli put - {moto.uri}/k {redirection}")
        assert done.returncode == 1
        assert b"standard input" in done.stderr
    assert moto.listed() == []


@pytest.mark.one_wire
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("waits_for", ["input", "server"])
def test_interrupted_put_is_aborted(
    signum: signal.Signals,
    code: int,
    waits_for: str,
    faulty_cli: Cli,
    fault_proxy: FaultProxy,
    moto: Bucket,
) -> None:
    """Whether it waits for more input or for the server: no object, no upload."""
    hold = Hold()
    if waits_for == "server":
        fault_proxy.add(hold, method="PUT", pattern="partNumber=2", times=None)
    else:
        fault_proxy.add(hold, method="PUT", pattern="partNumber=3")
    with subprocess.Popen(
        [str(S3_CLI), "put", "--part-size", "5MiB", "-", f"{moto.uri}/x"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(faulty_cli.environment),
        encoding="utf-8",
    ) as process:
        assert process.stdin is not None
        process.stdin.write("x" * (16 << 20))
        process.stdin.flush()
        hold.arrived.wait()
        if waits_for == "input":
            fault_proxy.clear()
        assert moto.uploads() == ["x"]
        process.send_signal(signum)
        process.wait()
        fault_proxy.clear()
        outcome_of(process).expect(code)
    assert ([], []) == (moto.uploads(), moto.listed())


@pytest.mark.one_wire
def test_part_that_is_refused_ends_the_put(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket
) -> None:
    """The error is told, and nothing is left."""
    fault_proxy.add(
        Answer(403, error_xml("AccessDenied", "no")),
        method="PUT",
        pattern="partNumber=2",
        times=None,
    )
    done = shell(
        faulty_cli, f"head -c 40000000 /dev/zero | s3-cli put --part-size 5MiB - {moto.uri}/x"
    )
    assert done.returncode in {1, 141}
    assert b"AccessDenied" in done.stderr
    assert ([], []) == (moto.uploads(), moto.listed())


#: What makes a client of any server send checksums and compare them, as on AWS.
CHECKSUMS: Final = {
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_supported",
}


@pytest.mark.one_wire
@pytest.mark.parametrize("size_bytes", [2_000_000, 40_000_000])
def test_bytes_that_change_on_the_way_are_found(
    size_bytes: int, faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket
) -> None:
    """Read whole or in ranges: `put -` has stored a checksum, and `cat` compares."""
    checking = faulty_cli.with_environment(**CHECKSUMS)
    script = (
        f"head -c {size_bytes} /dev/urandom | tee in | s3-cli put --part-size 5MiB - {moto.uri}/x"
    )
    assert shell(checking, script).returncode == 0
    read = f"s3-cli cat {moto.uri}/x | cmp - in"
    assert shell(checking, read).returncode == 0
    fault_proxy.add(CorruptBody(offset_bytes=500_000), method="GET", pattern="/x", nth=1)
    done = shell(checking, f"s3-cli cat {moto.uri}/x > /dev/null")
    assert done.returncode == 1
    assert b"the object's is" in done.stderr


@pytest.mark.one_wire
def test_broken_connection_goes_on_where_it_broke(
    faulty_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, medium_file: LargeFile
) -> None:
    """In the first answer, and in a range."""
    moto.client.upload_file(str(medium_file.path), moto.name, "x")
    for nth in (1, 3):
        fault_proxy.add(ResetMidResponse(300_000), method="GET", pattern="/x", nth=nth)
        done = shell(faulty_cli, f"s3-cli cat {moto.uri}/x")
        assert done.returncode == 0, done.stderr
        assert hashlib.sha256(done.stdout).hexdigest() == medium_file.sha256
        fault_proxy.clear()
