"""credential_process: programs that print credentials, or something else."""

from __future__ import annotations

import json
import logging
import shlex
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from s3dlio_core.errors import CredentialsError
from s3dlio_s3.credentials import Credentials
from s3dlio_s3.credentials.process import ProcessSource

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.one_wire

PRINTED = {
    "Version": 1,
    "AccessKeyId": "ASIA",
    "SecretAccessKey": "process/secret",
    "SessionToken": "process/token",
    "Expiration": "2026-01-02T03:04:05Z",
}


def command(code: str, *arguments: str) -> str:
    """Return the command line of a Python program."""
    return shlex.join([sys.executable, "-c", textwrap.dedent(code), *arguments])


def printing(values: Any) -> ProcessSource:
    """The source of a program that prints JSON."""
    return ProcessSource(command("import sys; print(sys.argv[1])", json.dumps(values)))


def test_process_prints_credentials() -> None:
    """All that the program says is taken."""
    expected = Credentials("ASIA", "process/secret", "process/token", 1767323045.0)
    assert printing(PRINTED).load() == expected


def test_process_may_print_lasting_credentials() -> None:
    """Token and expiration may be missing."""
    values = {"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "process/secret"}
    assert printing(values).load() == Credentials("AKIA", "process/secret")


def test_process_runs_without_a_shell(tmp_path: Path) -> None:
    """Quotes group words; nothing else means anything."""
    source = ProcessSource(
        command(
            "import json, sys; print(json.dumps({**json.loads(sys.argv[1]), "
            "'SessionToken': '|'.join(sys.argv[2:])}))",
            json.dumps(PRINTED),
        )
        + f" 'two words' $HOME *; touch {tmp_path}/made"
    )
    assert source.load().session_token == f"two words|$HOME|*;|touch|{tmp_path}/made"
    assert not (tmp_path / "made").exists()


def test_process_has_an_empty_standard_input() -> None:
    """A program can't eat the data that is piped into this one."""
    eats = command("import sys; sys.stdin.read(); print(sys.argv[1])", json.dumps(PRINTED))
    code = """
        import sys
        from s3dlio_s3.credentials.process import ProcessSource
        print(ProcessSource(sys.argv[1]).load().access_key_id, sys.stdin.read())
    """
    done = subprocess.run(
        shlex.split(command(code, eats)), input=b"the data", capture_output=True, check=True
    )
    assert done.stdout == b"ASIA the data\n"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({**PRINTED, "Version": 2}, "printed Version 2, only 1 is known"),
        ({**PRINTED, "Version": "1"}, "printed Version '1'"),
        ({**PRINTED, "AccessKeyId": None}, "gave no AccessKeyId"),
        ({**PRINTED, "SecretAccessKey": ""}, "gave no SecretAccessKey"),
        ({**PRINTED, "Expiration": "later"}, "an Expiration that is no time"),
        ([], "printed something else than a JSON object"),
        ("process/secret", "printed something else than a JSON object"),
    ],
)
def test_process_that_prints_something_else(values: Any, reason: str) -> None:
    """The error says what is wrong, and nothing of what was printed."""
    with pytest.raises(CredentialsError, match=reason) as raised:
        printing(values).load()
    assert "process/secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("print('[' * 100_000)", "printed something else than a JSON object"),
        ("print('no')", "printed something else than a JSON object"),
        (
            "print('process/secret'); import sys; sys.exit('first\\nmy vault is locked')",
            "ended with exit code 1: my vault is locked",
        ),
        ("import sys; sys.exit(4)", "ended with exit code 4"),
        ("import os; os.kill(os.getpid(), 9)", "was ended by signal 9"),
    ],
)
def test_process_that_fails(code: str, reason: str) -> None:
    """Exit code and the last words of standard error are told; standard output isn't."""
    with pytest.raises(CredentialsError, match=reason) as raised:
        ProcessSource(command(code, "--password=argument/secret")).load()
    assert "/secret" not in str(raised.value)


def test_process_whose_last_words_are_a_secret() -> None:
    """What is known as a secret is kept out of the error."""
    printing(PRINTED).load()
    code = "import sys; sys.exit('refused: aws_session_token=abcdef, key process/secret')"
    with pytest.raises(CredentialsError) as raised:
        ProcessSource(command(code)).load()
    assert "refused: aws_session_token=[redacted], key [redacted]" in str(raised.value)


def test_process_that_takes_too_long() -> None:
    """It is killed, even when a child of it holds its pipes."""
    code = """
        import subprocess, sys, time
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5)"])
        time.sleep(60)
    """
    with pytest.raises(CredentialsError, match="took over 1 s"):
        ProcessSource(command(code), timeout_s=1.0).load()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("/no/such/program --token abc", "program can't be run: No such file"),
        ("", "credential_process is empty"),
        ("'open", "credential_process is badly quoted: No closing quotation"),
        ("a\0b", "can't be run: it has a NUL"),
    ],
)
def test_process_that_cant_be_run(line: str, reason: str) -> None:
    """The error names the program, without its arguments."""
    with pytest.raises(CredentialsError, match=reason) as raised:
        ProcessSource(line).load()
    assert "abc" not in str(raised.value)


def test_process_that_succeeds_with_words(caplog: pytest.LogCaptureFixture) -> None:
    """What it says on standard error is in the log."""
    code = "import sys; print('touch the key', file=sys.stderr); print(sys.argv[1])"
    with caplog.at_level(logging.INFO, "s3dlio"):
        ProcessSource(command(code, json.dumps(PRINTED))).load()
    assert "said: touch the key" in caplog.text


def test_process_source_hides_its_command() -> None:
    """Arguments may be secrets."""
    assert "hunter2" not in repr(ProcessSource("program --password hunter2"))
