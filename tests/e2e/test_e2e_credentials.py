"""s3-cli with credentials that it has to look for, against a server that checks each signature."""

from __future__ import annotations

import json
import shlex
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.command_line import Cli
from tests.servers.endpoint import ACCESS_KEY, SECRET_KEY, SESSION_TOKEN
from tests.servers.scripted_http import Reply, ScriptedHttp

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.truth import Bucket

KEYS = {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY}


def utc_in(seconds: float) -> str:
    """Return the time so many seconds from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


@pytest.fixture
def keyless_cli(moto_cli: Cli) -> Cli:
    """s3-cli that finds moto, but no keys in the environment."""
    kept = {
        name: value
        for name, value in moto_cli.environment.items()
        if name not in {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    }
    return Cli(moto_cli.directory, kept)


def test_list_with_credential_process(keyless_cli: Cli, moto: Bucket, tmp_path: Path) -> None:
    """A program's keys sign what moto accepts."""
    moto.client.put_object(Bucket=moto.name, Key="hello", Body=b"content")
    printed = json.dumps({"Version": 1, **KEYS, "Expiration": utc_in(3600)})
    (tmp_path / "printed").write_text(printed)
    process = shlex.join(["cat", str(tmp_path / "printed")])
    (tmp_path / "config").write_text(f"[profile mine]\ncredential_process = {process}\n")
    cli = keyless_cli.with_environment(AWS_CONFIG_FILE=str(tmp_path / "config"))
    listed = cli("ls", f"s3://{moto.name}/", "--profile", "mine").expect()
    assert "hello" in listed.out
    assert "warning" not in listed.err


def test_list_with_a_container(keyless_cli: Cli, moto: Bucket, scripted_http: ScriptedHttp) -> None:
    """The keys of a container's agent sign what moto accepts; it is asked once."""
    moto.client.put_object(Bucket=moto.name, Key="hello", Body=b"content")
    values = {**KEYS, "Token": SESSION_TOKEN, "Expiration": utc_in(3600)}
    scripted_http.answers("GET /creds", Reply.of_json(values))
    cli = keyless_cli.with_environment(
        AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{scripted_http.url}/creds"
    )
    listed = cli("ls", f"s3://{moto.name}/", "-vv").expect()
    assert "hello" in listed.out
    assert SESSION_TOKEN not in listed.err
    assert scripted_http.targets == ["GET /creds"]


def test_credentials_that_expire_soon_are_warned_of(moto_cli: Cli, moto: Bucket) -> None:
    """The warning says when, on standard error; --quiet is quiet."""
    until = utc_in(300)
    cli = moto_cli.with_environment(AWS_CREDENTIAL_EXPIRATION=until)
    warning, _ = cli("ls", f"s3://{moto.name}/").expect().err.splitlines()
    assert warning == (
        f"s3-cli: warning: the credentials of environment expire at {until} and can't be refreshed"
    )
    assert cli("ls", "-q", f"s3://{moto.name}/").expect().err == ""


def test_credentials_that_have_expired_are_an_error(moto_cli: Cli, moto: Bucket) -> None:
    """Nothing is sent with them."""
    until = utc_in(-300)
    cli = moto_cli.with_environment(AWS_CREDENTIAL_EXPIRATION=until)
    [error] = cli("ls", f"s3://{moto.name}/").expect(1).errors
    assert f"the credentials of environment have expired at {until}. Get new ones" in error


def test_nothing_found_is_one_line(keyless_cli: Cli) -> None:
    """The error lists the sources, and says what to do."""
    [error] = keyless_cli("ls", "s3://bucket/").expect(1).errors
    for source in ("environment", "web identity", "profile", "container", "instance metadata"):
        assert source in error
    assert error.endswith("for a public bucket set the option anonymous (--no-sign-request)")


def test_files_need_no_credentials(
    keyless_cli: Cli, scripted_http: ScriptedHttp, tmp_path: Path
) -> None:
    """Neither copying files nor asking for help looks for any."""
    marker = tmp_path / "ran"
    process = shlex.join([sys.executable, "-c", f"open({str(marker)!r}, 'w')"])
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {process}\n")
    cli = keyless_cli.with_environment(
        AWS_CONFIG_FILE=str(tmp_path / "config"),
        AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{scripted_http.url}/creds",
    )
    (tmp_path / "from").write_bytes(b"content")
    cli("upload", tmp_path / "from", f"file://{tmp_path}/to").expect()
    cli("upload", "--help").expect()
    assert (tmp_path / "to").read_bytes() == b"content"
    assert scripted_http.asked == []
    assert not marker.exists()
