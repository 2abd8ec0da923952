"""s3-cli copy, and the options of one side that all commands which copy have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core import operations
from s3dlio_core.transfer.report import TransferReport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., Any]


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> str:
    """Give the URI of a container in memory with three objects."""
    uri = f"memory://{request.node.name.replace('[', '-').replace(']', '')}"
    operations.create_container(uri)
    for key in ("d/a.log", "d/b.txt", "d/e/c.log"):
        operations.put(f"{uri}/{key}", key.encode())
    return uri


@pytest.mark.parametrize("name", ["cp", "copy"])
@pytest.mark.parametrize(
    ("arguments", "copied"),
    [
        (["d/a.log"], {"a.log"}),
        (["d/"], {"a.log", "b.txt"}),
        (["-r", "d/"], {"a.log", "b.txt", "e/c.log"}),
        (["d/*.log"], {"a.log"}),
    ],
)
def test_any_store_to_any_store(
    cli: Cli, bucket: str, tmp_path: Path, name: str, arguments: list[str], copied: set[str]
) -> None:
    """From one prefix to another, and from there to files."""
    *options, key = arguments
    for source, goal in ((f"{bucket}/{key}", f"{bucket}-2/"), (f"{bucket}/{key}", f"{tmp_path}/")):
        outcome = cli(name, "-c", *options, source, goal)
        assert (outcome.code, outcome.out) == (0, "")
        count = f"{len(copied)} object{'s' if len(copied) > 1 else ''}"
        assert f"copied {count}, " in outcome.err
    uris = [entry.uri for entry in operations.list(f"{bucket}-2/", recursive=True)]
    assert {uri.removeprefix(f"{bucket}-2/") for uri in uris} == copied
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {str(path.relative_to(tmp_path)) for path in files} == copied


def test_a_copy_shows_what_it_would_do(cli: Cli, bucket: str) -> None:
    """By its own name."""
    outcome = cli("cp", "-n", f"{bucket}/d/a.log", f"{bucket}/x")
    assert outcome.out == f"(dryrun) copy: {bucket}/d/a.log to {bucket}/x\n"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Give the keywords of the last operation, which does nothing."""
    keywords: dict[str, Any] = {}

    def operation(*_: object, **given: Any) -> TransferReport:
        keywords.update(given)
        return TransferReport("copy")

    for name in ("upload", "download", "copy"):
        monkeypatch.setattr(operations, name, operation)
    return keywords


@pytest.mark.parametrize("command", ["upload", "download", "cp"])
def test_options_of_one_side_are_its_store_options(
    cli: Cli, given: dict[str, Any], command: str
) -> None:
    """Each beside those of both sides, with the same meaning."""
    outcome = cli(
        *(command, "s3://a/x", "s3://b/y", "--region=r", "--profile=p"),
        *("--source-endpoint-url=http://one", "--source-region=s", "--source-profile=q"),
        *("--source-no-sign-request", "--dest-no-verify-ssl", "--dest-ca-bundle=f"),
        *("--dest-sse-customer-key=fileb://k", "--dest-request-payer"),
        *("--source-request-payer", "requester"),
    )
    assert outcome.code == 0
    assert given["options"] == {"region": "r", "profile": "p"}
    assert given["source_options"] == {
        "endpoint_url": "http://one",
        "region": "s",
        "profile": "q",
        "anonymous": "true",
        "request_payer": "requester",
    }
    assert given["dest_options"] == {
        "verify": "false",
        "ca_bundle": "f",
        "sse_customer_key": "fileb://k",
        "request_payer": "requester",
    }


def test_nothing_said_of_a_side_is_nothing(cli: Cli, given: dict[str, Any]) -> None:
    """Then one session serves both."""
    cli("cp", "a", "s3://b/")
    assert (given["source_options"], given["dest_options"]) == ({}, {})


def test_an_empty_value_of_a_side_is_refused(cli: Cli, given: dict[str, Any]) -> None:
    """It is mostly a shell variable that isn't set."""
    outcome = cli("cp", "a", "s3://b/", "--dest-endpoint-url", "")
    assert (outcome.code, given) == (2, {})
    assert "--dest-endpoint-url" in outcome.err


def test_an_option_of_a_side_that_has_no_such_setting_is_refused(
    cli: Cli, bucket: str, tmp_path: Path
) -> None:
    """Its value would go nowhere."""
    outcome = cli("cp", f"{bucket}/d/a.log", tmp_path, "--dest-region", "r")
    assert outcome.code == 2
    assert "destination option region means nothing for file://" in outcome.err
