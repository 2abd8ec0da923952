"""From one S3 server to another with other credentials, in one command.

Moto, which checks every signature, is the source; rclone, which knows another key, the destination.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

import s3dlio
from tests.e2e.command_line import Cli, check_text
from tests.e2e.terminal import run_in_terminal
from tests.e2e.truth import Bucket, boto3_client
from tests.servers import Delay, Hold, RcloneServer, find_rclone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import LargeFile
    from tests.servers import FaultProxy, MotoServer, S3Endpoint
    from tests.servers.certificates import Certificates

pytestmark = pytest.mark.one_wire

_KEY: Final = "AKOTHERACCOUNT"
_SECRET: Final = "another/secret+of=the-destination"
_KEYS: Final = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
_SMALL: Final = {f"d/{number:03}": b"%d" % number * 100 for number in range(40)}


@dataclass(frozen=True)
class Other:
    """A bucket of the second server.

    Attributes:
        server: the server.
        bucket: the bucket as boto3 sees it.
    """

    server: RcloneServer
    bucket: Bucket


@pytest.fixture
def other(moto_bucket: str, server_certificates: Certificates | None) -> Iterator[Other]:
    """A second server, where a bucket has the same name as the one at moto."""
    if find_rclone() is None:
        pytest.skip("rclone: not installed")
    with (
        RcloneServer(
            access_key=_KEY, secret_key=_SECRET, certificates=server_certificates
        ) as server,
        boto3_client(server) as client,
    ):
        client.create_bucket(Bucket=moto_bucket)
        yield Other(server, Bucket(client, moto_bucket))


def said_of(side: str, server: S3Endpoint) -> dict[str, str]:
    """The environment that tells where a side is, and its keys."""
    values = {"ENDPOINT_URL": server.endpoint_url, "REGION": server.region}
    keys = dict(zip(_KEYS, (server.access_key, server.secret_key), strict=True))
    return {f"S3DLIO_{side}_{name}": value for name, value in {**values, **keys}.items()}


@pytest.fixture
def two_sided_cli(bare_cli: Cli, fault_proxy: FaultProxy, other: Other) -> Cli:
    """s3-cli that finds moto, through a proxy, as the source, and rclone as the destination."""
    return bare_cli.with_environment(
        AWS_CA_BUNDLE=other.server.ca_bundle,
        **said_of("SOURCE", fault_proxy),
        **said_of("DEST", other.server),
    )


def check_secrets(text: str) -> None:
    """Check what s3-cli wrote for the secrets of both sides, and for tracebacks."""
    check_text(text)
    assert _SECRET not in text


def fill(moto: Bucket, large: LargeFile) -> None:
    """Put a large object and many small ones."""
    moto.client.upload_file(str(large.path), moto.name, "large")
    for key, content in _SMALL.items():
        moto.put(key, content)


def test_tree_goes_from_one_account_to_another(
    two_sided_cli: Cli, fault_proxy: FaultProxy, moto: Bucket, other: Other, medium_file: LargeFile
) -> None:
    """The bar moves; every byte arrives, under the same names in a bucket of the same name."""
    fill(moto, medium_file)
    fault_proxy.add(Delay(0.1), method="GET", pattern="/large$", times=None)
    uri = f"{moto.uri}/"
    screen = run_in_terminal(
        [*two_sided_cli.command, "cp", "-r", "-j", "2", uri, uri],
        environment=two_sided_cli.environment,
        directory=two_sided_cli.directory,
    )
    check_secrets(screen.text)
    assert screen.code == 0
    assert len({bar.partition("]")[0] for bar in screen.bars("COPY")}) >= 3
    assert screen.frames[-1].startswith(f"copied {len(_SMALL) + 1} objects, 40.0 MiB in ")
    assert other.bucket.sha256("large") == medium_file.sha256
    assert {key: other.bucket.get(key) for key in _SMALL} == _SMALL
    assert set(other.bucket.listed()) == {"large", *_SMALL}


@pytest.mark.parametrize(("source", "held"), [("large", "/large$"), ("d/", "/d/")])
def test_killed_destination_ends_the_copy(
    two_sided_cli: Cli,
    fault_proxy: FaultProxy,
    moto: Bucket,
    other: Other,
    medium_file: LargeFile,
    source: str,
    held: str,
) -> None:
    """With one error, which names the destination; bars stand; the source is only read."""
    fill(moto, medium_file)
    before = moto.objects()
    hold = Hold()
    fault_proxy.add(hold, method="GET", pattern=held, nth=4, times=None)

    def kill() -> None:
        hold.arrived.wait()
        other.server.kill()
        fault_proxy.clear()

    killer = threading.Thread(target=kill)
    killer.start()
    screen = run_in_terminal(
        [*two_sided_cli.command, "cp", "-r", "-j", "2", f"{moto.uri}/{source}", f"{moto.uri}/x/"],
        environment=two_sided_cli.environment,
        directory=two_sided_cli.directory,
    )
    killer.join()
    check_secrets(screen.text)
    assert screen.code == 1
    assert screen.bars("COPY")
    said = [frame for frame in screen.frames if frame.startswith("s3-cli: error: ")]
    assert len(said) == 1
    assert f"{moto.uri}/x/" in said[0]
    assert other.server.endpoint_url in said[0]
    assert screen.frames[-1].endswith("stopped before the end")
    assert moto.objects() == before
    assert {request.method for request in fault_proxy.request_log()} <= {"GET", "HEAD"}


def test_profiles_of_the_sides_have_their_own_keys(
    bare_cli: Cli, moto_s3: MotoServer, moto: Bucket, other: Other, tmp_path: Path
) -> None:
    """And their own endpoints; one side's environment doesn't count beside them."""
    moto.put("a", b"content")
    profiles = tmp_path / "credentials"
    profiles.write_text(
        "".join(
            f"[{name}]\naws_access_key_id = {server.access_key}\n"
            f"aws_secret_access_key = {server.secret_key}\n"
            f"endpoint_url = {server.endpoint_url}\n"
            for name, server in (("work", moto_s3), ("home", other.server))
        )
    )
    cli = bare_cli.with_environment(
        AWS_CA_BUNDLE=other.server.ca_bundle,
        AWS_SHARED_CREDENTIALS_FILE=str(profiles),
        S3DLIO_SOURCE_ACCESS_KEY_ID="unused",
        S3DLIO_SOURCE_SECRET_ACCESS_KEY="unused",
    )
    sides = ("--source-profile", "work", "--dest-profile", "home")
    cli("cp", f"{moto.uri}/a", f"{moto.uri}/b", *sides).expect(0)
    assert (other.bucket.contents(), moto.listed()) == ({"b": b"content"}, ["a"])


def test_two_settings_of_one_account_leave_the_copy_to_the_service(
    bare_cli: Cli, fault_proxy: FaultProxy, moto: Bucket
) -> None:
    """Who asks, and whom, is the same: no byte goes through this machine."""
    moto.put("a", b"content")
    cli = bare_cli.with_environment(
        AWS_CA_BUNDLE=fault_proxy.ca_bundle,
        **said_of("SOURCE", fault_proxy),
        **said_of("DEST", fault_proxy),
    )
    cli("cp", f"{moto.uri}/a", f"{moto.uri}/b", "--source-request-payer").expect(0)
    assert moto.contents() == {"a": b"content", "b": b"content"}
    assert "GET" not in {request.method for request in fault_proxy.request_log()}


@pytest.mark.parametrize("side", ["SOURCE", "DEST"])
def test_one_side_without_its_keys_is_refused(
    two_sided_cli: Cli, moto: Bucket, other: Other, side: str
) -> None:
    """The keys of the other side aren't tried there."""
    moto.put("a", b"content")
    unset = {f"S3DLIO_{side}_{name}": "" for name in _KEYS}
    outcome = two_sided_cli.with_environment(**unset)("cp", f"{moto.uri}/a", f"{moto.uri}/b")
    outcome.expect(1)
    assert "no credentials found" in outcome.err
    assert other.bucket.listed() == []


def test_one_side_with_wrong_keys_is_refused(
    two_sided_cli: Cli, moto: Bucket, other: Other, moto_s3: MotoServer
) -> None:
    """Both servers check who asks."""
    moto.put("a", b"content")
    swapped = {**said_of("SOURCE", other.server), **said_of("DEST", moto_s3)}
    keys = {name: value for name, value in swapped.items() if "KEY" in name}
    outcome = two_sided_cli.with_environment(**keys)("cp", f"{moto.uri}/a", f"{moto.uri}/b")
    outcome.expect(1)
    assert len(outcome.errors) == 1
    assert other.bucket.listed() == []


def test_log_of_everything_has_no_key(two_sided_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """Neither side's secret is in what -vv tells, nor in the log file."""
    moto.put("a", b"content")
    log = tmp_path / "log"
    arguments = ("-vv", "--log-file", log, "cp", f"{moto.uri}/a", f"{moto.uri}/b")
    outcome = two_sided_cli(*arguments).expect(0)
    check_secrets(outcome.out + outcome.err)
    check_secrets(log.read_text())
    assert log.stat().st_size


def test_python_takes_the_keys_of_each_side(
    moto_s3: MotoServer, moto: Bucket, other: Other
) -> None:
    """As options, in one call."""
    moto.put("d/a", b"content")
    report = s3dlio.copy(
        f"{moto.uri}/d/",
        f"{moto.uri}/d/",
        source_options=moto_s3.options,
        dest_options=other.server.options,
    )
    assert report.done_count == 1
    assert other.bucket.contents() == {"d/a": b"content"}
