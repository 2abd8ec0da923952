"""The pieces of s3-cli: exit codes, summary, options, names."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import click
import pytest

from s3dlio_azure import AzureProvider
from s3dlio_cli import options
from s3dlio_cli.command_table import TABLE, CommandEntry
from s3dlio_cli.commands.buckets import bucket_uri
from s3dlio_cli.exit_codes import code_of_error, code_of_report
from s3dlio_cli.failure_lines import observer_of
from s3dlio_cli.options import (
    Settings,
    common_options,
    object_options,
    request_payer_option,
    settings_of,
)
from s3dlio_cli.signals import Interrupted, Interrupts
from s3dlio_cli.summary import say_outcome, summary_line
from s3dlio_cli.values import container_values, info_lines, info_values
from s3dlio_core import errors
from s3dlio_core.store import Attributes, ContainerInfo, ObjectInfo
from s3dlio_core.transfer.events import CancelToken
from s3dlio_core.transfer.report import Failure, TransferReport
from s3dlio_progress import PROGRESS_MODES
from s3dlio_s3 import S3Provider
from s3dlio_s3.encryption import ENCRYPTION_ALGORITHMS
from s3dlio_s3.settings import CANNED_ACLS

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILURE = Failure(
    "file:///a", "s3://b/a", errors.PermissionDeniedError("denied", operation="put", uri="s3://b/a")
)
REPORT = TransferReport("upload", done_count=40, done_bytes=5 * 2**30, elapsed_s=40.0)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("x"), 2),
        (errors.InvalidUriError("x"), 2),
        (errors.UnsupportedSchemeError("x"), 2),
        (errors.NothingMatchedError("x"), 3),
        (errors.ObjectNotFoundError("x"), 3),
        (errors.CancelledError("x"), 130),
        (errors.ContainerNotFoundError("x"), 1),
        (errors.CredentialsError("x"), 1),
        (errors.ConnectionFailedError("x"), 1),
    ],
)
def test_each_error_has_an_exit_code(error: errors.S3dlioError, code: int) -> None:
    """2 for usage, 3 for nothing matched, 130 for cancelled, 1 for the rest."""
    assert code == code_of_error(error)


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (REPORT, 0),
        (replace(REPORT, skipped_count=3), 0),
        (replace(REPORT, failed_count=1, failures=(FAILURE,)), 1),
        (replace(REPORT, unmatched=("*.log",)), 1),
        (replace(REPORT, stopped_by=errors.ContainerNotFoundError("x")), 1),
        (replace(REPORT, stopped_by=errors.ObjectNotFoundError("x")), 1),
        (replace(REPORT, stopped_by=errors.UsageError("x")), 2),
        (replace(REPORT, stopped_by=errors.CancelledError("x")), 130),
    ],
)
def test_each_report_has_an_exit_code(report: TransferReport, code: int) -> None:
    """Skips are no failure; a source without a match is one."""
    assert code == code_of_report(report)


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (REPORT, "uploaded 40 objects, 5.0 GiB in 40.0 s (128.0 MiB/s), 0 failed"),
        (
            replace(REPORT, operation="download", done_count=1, skipped_count=2, failed_count=1),
            "downloaded 1 object, 5.0 GiB in 40.0 s (128.0 MiB/s), 1 failed, 2 skipped",
        ),
        (
            TransferReport("delete", done_count=3, elapsed_s=0.25),
            "deleted 3 objects in 0.2 s, 0 failed",
        ),
        (
            replace(REPORT, dry_run=True, skipped_count=2),
            "(dryrun) would upload 40 objects, 5.0 GiB, 0 failed, 2 skipped",
        ),
        (
            TransferReport("delete", done_count=1, dry_run=True),
            "(dryrun) would delete 1 object, 0 failed",
        ),
        (
            replace(REPORT, unmatched=("a",)),
            (
                "uploaded 40 objects, 5.0 GiB in 40.0 s (128.0 MiB/s), 0 failed, "
                "1 source matched nothing"
            ),
        ),
        (
            replace(REPORT, stopped_by=errors.CancelledError("x")),
            (
                "uploaded 40 objects, 5.0 GiB in 40.0 s (128.0 MiB/s), 0 failed; "
                "interrupted before the end"
            ),
        ),
        (
            replace(REPORT, stopped_by=errors.StorageFullError("x")),
            (
                "uploaded 40 objects, 5.0 GiB in 40.0 s (128.0 MiB/s), 0 failed; "
                "stopped before the end"
            ),
        ),
    ],
)
def test_the_summary_is_one_line(report: TransferReport, line: str) -> None:
    """Objects, bytes, time, rate, failed, and what else there is."""
    assert line == summary_line(report)


def said(
    failed_count: int,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    failures_path: str | None = None,
) -> list[str]:
    """Return what a run with so many failures says."""
    report = replace(REPORT, failed_count=failed_count, failures=(FAILURE,) * failed_count)
    observer = observer_of(settings)
    for failure in report.failures:
        observer.failed(failure)
    say_outcome(report, settings, failures_path=failures_path)
    return capsys.readouterr().err.splitlines()


NAMED = "s3-cli: error: file:///a: put s3://b/a: denied"


@pytest.mark.parametrize("progress", ["auto", "none"])
def test_each_failure_is_said_once(progress: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Up to the limit none is left out, and the end repeats none."""
    for count in (1, 20):
        *lines, summary = said(count, Settings(progress=progress), capsys)
        assert lines == [NAMED] * count
        assert summary.endswith(f"{count} failed")


@pytest.mark.parametrize(
    ("path", "where"), [(None, "--failures FILE lists them"), ("list", "list lists them")]
)
def test_failures_are_named_up_to_a_limit(
    path: str | None, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twenty are named, the others counted, and the end says where all are."""
    lines = said(50, Settings(), capsys, path)
    assert lines[:20] == [NAMED] * 20
    assert lines[20:-1] == [
        "s3-cli: error: more objects fail; from here on they are only counted",
        f"s3-cli: error: 30 objects more failed; {where}",
    ]


def test_verbose_names_all_failures(capsys: pytest.CaptureFixture[str]) -> None:
    """Who asks for details gets them."""
    assert said(50, Settings(verbosity=1), capsys)[:-1] == [NAMED] * 50


def test_quiet_leaves_errors_only(capsys: pytest.CaptureFixture[str]) -> None:
    """--quiet drops the summary, never an error."""
    assert said(1, Settings(quiet=True), capsys) == [NAMED]


def test_an_interruption_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the summary line says that the transfer did not come to its end."""
    say_outcome(replace(REPORT, stopped_by=errors.CancelledError("cancelled")), Settings())
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].endswith("; interrupted before the end")


def test_json_progress_has_standard_error_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """The last JSON line says it all; text would spoil the stream."""
    lines = said(1, Settings(progress="json"), capsys)
    assert [json.loads(line)["event"] for line in lines] == ["failure"]


def settings_for(arguments: Sequence[str]) -> Settings:
    """Return the settings that a group and its command are given."""
    found: list[Settings] = []

    @click.group
    @common_options
    def group() -> None:
        pass

    @group.command("do")
    @common_options
    @click.pass_context
    def do(ctx: click.Context) -> None:
        found.append(settings_of(ctx))

    group.main(list(arguments), standalone_mode=False)
    return found[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--endpoint-url", "http://h:1", "--region", "r", "-q", "do"],
        ["do", "--endpoint-url", "http://h:1", "--region", "r", "-q"],
        ["-q", "--region", "r", "do", "--endpoint-url", "http://h:1"],
        ["--region", "other", "do", "--endpoint-url", "http://h:1", "-q", "--region", "r"],
    ],
)
def test_common_options_stand_before_or_after_the_command(arguments: list[str]) -> None:
    """The place makes no difference; what stands last wins."""
    expected = Settings(quiet=True, store_options={"endpoint_url": "http://h:1", "region": "r"})
    assert expected == settings_for(arguments)


def test_only_given_store_options_are_passed_on() -> None:
    """What isn't given is left to the environment and the configuration files."""
    assert Settings() == settings_for(["do"])


@pytest.mark.parametrize(
    ("arguments", "verbosity"),
    [(["do"], 0), (["do", "-v"], 1), (["do", "-vv"], 2), (["-v", "do", "-v"], 2)],
)
def test_verbosity_adds_up(arguments: list[str], verbosity: int) -> None:
    """Each -v counts, wherever it stands."""
    assert verbosity == settings_for(arguments).verbosity


def test_the_progress_modes_are_those_of_the_observers() -> None:
    """The option offers exactly what make_observer takes."""
    assert PROGRESS_MODES == options._PROGRESS_MODES


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("my-bucket", "s3://my-bucket"),
        ("s3://my-bucket", "s3://my-bucket"),
        ("az://container", "az://container"),
        ("file:///tmp/x", "file:///tmp/x"),
        ("./directory", "./directory"),
        ("/tmp/directory", "/tmp/directory"),
        ("..", ".."),
    ],
)
def test_a_bare_name_is_an_s3_bucket(text: str, uri: str) -> None:
    """As in the first versions of the program; a path has a slash."""
    assert uri == bucket_uri(text)


INFO = ObjectInfo(
    "k",
    2048,
    mtime=1700000000.25,
    etag="abc",
    checksums={"CRC32C": "AAAAAA=="},
    attributes=Attributes(content_type="text/plain", metadata={"owner": "a\nb"}),
)


def test_an_object_is_described_in_lines() -> None:
    """Only what is set, a line each, control characters escaped."""
    assert info_lines("s3://b/k", INFO) == [
        "URI:             s3://b/k",
        "Size:            2048 bytes (2.0 KiB)",
        "Modified:        2023-11-14T22:13:20.250Z",
        "ETag:            abc",
        "Checksum CRC32C: AAAAAA==",
        "Content-Type:    text/plain",
        r"Metadata owner:  a\nb",
    ]


def test_an_object_is_described_as_values() -> None:
    """All fields, exactly."""
    values = json.loads(json.dumps(info_values("s3://b/k", INFO)))
    assert (
        values["key"],
        values["size_bytes"],
        values["modified"],
    ) == ("k", 2048, "2023-11-14T22:13:20.250Z")
    assert values["metadata"] == {"owner": "a\nb"}


def test_a_bucket_without_a_date_has_none() -> None:
    """What the service doesn't say is null."""
    values = container_values("s3://b/", ContainerInfo("b"))
    assert values == {"type": "bucket", "uri": "s3://b/", "name": "b", "created": None}


def test_the_first_signal_cancels_a_transfer() -> None:
    """The handler sets the token and lets the transfer clean up."""
    interrupts, token = Interrupts(), CancelToken()
    with interrupts.cancelling():
        interrupts.begin(token)
        interrupts._handle(2, None)
    assert token.wait(30)
    assert interrupts.signum == 2


@pytest.mark.parametrize(("second", "codes"), [(1, []), (2, [130]), (15, [143])])
def test_a_second_signal_ends_at_once_unless_the_terminal_is_gone(
    second: int, codes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell passes SIGHUP on that the system sends, too: the cleaning up goes on."""
    ended: list[int] = []
    monkeypatch.setattr("os._exit", ended.append)
    interrupts = Interrupts()
    interrupts.begin(CancelToken())
    interrupts._handle(1, None)
    interrupts._handle(second, None)
    assert ended == codes


def test_a_signal_before_the_transfer_begins_ends_the_command() -> None:
    """A request that hangs while it is planned is not waited for."""
    interrupts = Interrupts()
    with interrupts.cancelling(), pytest.raises(Interrupted):
        interrupts._handle(2, None)


def test_a_signal_without_a_transfer_ends_the_command() -> None:
    """There is nothing to clean up."""
    with pytest.raises(Interrupted):
        Interrupts()._handle(15, None)


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_every_command_has_help_with_examples(entry: CommandEntry) -> None:
    """-h and --help work everywhere, and show how the command is used."""
    command = entry.load()
    with click.Context(command, info_name=entry.name) as context:
        text = command.get_help(context)
    assert "Examples:\n    s3-cli " in text


def test_store_options_are_those_of_the_store() -> None:
    """Every option that the command line passes on is one that S3 knows, with the same choices."""
    names = {*options._STORE_OPTIONS, *(name for name, _ in options._STORE_FLAGS.values())}
    assert set() == names - S3Provider.option_names
    assert options._ENCRYPTIONS == ENCRYPTION_ALGORITHMS
    assert options._ACLS == CANNED_ACLS


def test_secrets_are_known() -> None:
    """Whatever a store calls so: no option of the command line takes it."""
    telling = re.compile("secret_|token|account_key|connection_string|customer_key")
    names = S3Provider.option_names | AzureProvider.option_names
    assert {name for name in names if telling.search(name)} == options._SECRET_OPTIONS


def test_any_setting_of_a_store_can_be_given() -> None:
    """More than one, on both sides of the command; the last one counts, as does its own option."""
    given = ["--option=versions=false", "do", "--option", "blob-tags=false", "--option=region=a"]
    expected = {"versions": "false", "blob_tags": "false", "region": "b"}
    assert settings_for([*given, "--region=b"]).store_options == expected
    again = ["--option=a=1", "--option=a=2", "do", "--option=a=3=4"]
    assert settings_for(again).store_options == {"a": "3=4"}


@pytest.mark.parametrize("text", ["versions", "=x", "versions=", "sas_token=s", "account-key=s"])
def test_a_setting_has_a_name_and_a_value_that_is_no_secret(text: str) -> None:
    """Others see command lines."""
    with pytest.raises(click.BadParameter, match=r"NAME=VALUE|is a secret"):
        settings_for(["do", f"--option={text}"])


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("--no-sign-request", {"anonymous": "true"}),
        ("--no-verify-ssl", {"verify": "false"}),
        ("--ca-bundle=ca.pem", {"ca_bundle": "ca.pem"}),
    ],
)
def test_flags_become_store_options(flag: str, expected: dict[str, str]) -> None:
    """Before or after the command."""
    assert expected == settings_for(["do", flag]).store_options
    assert expected == settings_for([flag, "do"]).store_options


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--sse"], {"sse": "AES256"}),
        (["--sse", "aws:kms"], {"sse": "aws:kms"}),
        (["--request-payer"], {"request_payer": "requester"}),
        (["--request-payer", "requester"], {"request_payer": "requester"}),
        (["--acl", "private", "--tagging", "a=b"], {"acl": "private", "tagging": "a=b"}),
    ],
)
def test_object_options_become_store_options(
    arguments: list[str], expected: dict[str, str]
) -> None:
    """As the AWS CLI reads them: two have a value that may be left out at the end."""
    found: list[Settings] = []

    @click.command()
    @object_options
    @request_payer_option
    @click.pass_context
    def do(ctx: click.Context) -> None:
        found.append(settings_of(ctx))

    do.main(arguments, standalone_mode=False)
    assert [expected] == [dict(one.store_options) for one in found]
