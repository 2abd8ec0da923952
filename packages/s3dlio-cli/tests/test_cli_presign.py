"""s3-cli presign: what it takes and refuses. Its URLs are tried in tests/e2e."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

import s3dlio_cli.commands.presign as module
from s3dlio_core.presigned import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., Any]

URI = "s3://bucket/dir/k"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, and no configuration of this machine."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIDPRESIGN",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)


def parameters(cli: Cli, *arguments: str) -> dict[str, list[str]]:
    """The parameters of the URL that a command prints."""
    done = cli("presign", *arguments)
    assert (done.code, done.err) == (0, "")
    base, _, query = done.out.strip().partition("?")
    assert base == "https://bucket.s3.eu-west-1.amazonaws.com/dir/k"
    return parse_qs(query)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1", "1"),
        ("90", "90"),
        ("15m", "900"),
        ("1h30m", "5400"),
        ("12h", "43200"),
        ("7d", "604800"),
    ],
)
def test_life_is_what_was_asked_for(cli: Cli, text: str, seconds: str) -> None:
    """Seconds, or numbers with units."""
    assert [seconds] == parameters(cli, "--expires-in", text, URI)["X-Amz-Expires"]


def test_life_is_an_hour_by_default(cli: Cli) -> None:
    """As in the AWS CLI."""
    assert ["3600"] == parameters(cli, URI)["X-Amz-Expires"]


def test_options_stand_before_the_command_too(cli: Cli) -> None:
    """The region is one of those that every command takes."""
    done = cli("--region", "us-west-2", "presign", URI)
    assert done.out.startswith("https://bucket.s3.us-west-2.amazonaws.com/dir/k?")


def test_version_and_payer_are_parameters(cli: Cli) -> None:
    """Both must be in the URL, since nobody sends headers with it."""
    found = parameters(cli, "--version-id", "v+1", "--request-payer", "requester", URI)
    assert (["v+1"], ["requester"]) == (found["versionId"], found["x-amz-request-payer"])


def test_pattern_is_a_name(cli: Cli) -> None:
    """Nothing is asked, so nothing can match: the name is what is written."""
    done = cli("presign", "s3://bucket/*.log")
    assert done.out.startswith("https://bucket.s3.eu-west-1.amazonaws.com/%2A.log?")


def test_several_as_json(cli: Cli) -> None:
    """One object a line, with what it is for, and the summary."""
    done = cli("presign", "--json", "--method", "put", URI, f"{URI}2")
    *values, summary = [json.loads(line) for line in done.out.splitlines()]
    paths = [one.pop("url").partition("?")[0].rpartition(".com")[2] for one in values]
    assert paths == ["/dir/k", "/dir/k2"]
    assert values == [
        {"type": "presigned", "uri": uri, "method": "PUT", "expires_s": 3600}
        for uri in (URI, f"{URI}2")
    ]
    assert (summary["type"], summary["ok"], summary["url_count"]) == ("summary", True, 2)


def test_one_that_fails_leaves_the_others(cli: Cli) -> None:
    """A path has no URL, and the exit code says that one is missing."""
    done = cli("presign", "/tmp/k", URI)
    assert done.code == 1
    assert done.out.startswith("https://bucket.")
    assert "no presigned URLs" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--expires-in", "8d", URI), "seven days"),
        (("--expires-in", "0", URI), "1 to 604800"),
        (("--expires-in", "0.5s", URI), "1 to 604800"),
        (("--expires-in", "-5", URI), "no length of time"),
        (("--expires-in", "soon", URI), "no length of time"),
        (("--expires-in", "", URI), "empty"),
        (("--no-sign-request", URI), "anonymous"),
        (("s3://bucket",), "names a container"),
        (("--method", "PUT", "--version-id", "v", URI), "reads none"),
        (("--method", "POST", URI), "--method"),
        (("--version-id", "v", URI, URI), "of one object"),
        ((), "URI"),
    ],
)
def test_what_makes_no_sense_is_refused(cli: Cli, arguments: tuple[str, ...], words: str) -> None:
    """It is a usage error, and no URL is printed."""
    done = cli("presign", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


@pytest.mark.parametrize("uri", ["memory://m/k", "/tmp/k", "file:///tmp/k"])
def test_stores_without_urls_say_so(cli: Cli, uri: str) -> None:
    """Files have no presigned URLs."""
    done = cli("presign", uri)
    assert (done.code, done.out) == (1, "")
    assert "no presigned URLs" in done.err


def test_methods_are_those_of_core() -> None:
    """The help can't import core, so it has its own list."""
    assert METHODS == module._METHODS
