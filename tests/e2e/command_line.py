"""Running the installed s3-cli as a process, and what must hold for whatever it says.

Rules of this file: the environment is the test's own, without the machine's settings of AWS and
Azure and its proxies; no run may show a traceback or a secret.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from tests.servers.blob_endpoint import ACCOUNT_KEY
from tests.servers.endpoint import SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

S3_CLI: Final = Path(sys.executable).with_name("s3-cli")
#: What may stand in no output: the secrets as they are, and percent-encoded.
SECRETS: Final = tuple(
    form
    for secret in (SECRET_KEY, ACCOUNT_KEY.rstrip("="))
    for form in (secret, quote(secret, ""), quote(secret, "="))
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of s3-cli gave.

    Attributes:
        code: the exit code; negative for a signal that killed it.
        out: what it wrote to standard output.
        err: what it wrote to standard error.
    """

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The lines that begin as an error does."""
        return [line for line in self.err.splitlines() if line.startswith("s3-cli: error: ")]

    @property
    def summary(self) -> dict[str, Any]:
        """The last JSON object of `--json`."""
        return self.lines[-1]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """All JSON objects of `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def described(self) -> dict[str, Any]:
        """The first JSON object of `stat --json`; the summary comes behind."""
        values: dict[str, Any] = json.loads(self.out.splitlines()[0])
        return values

    def expect(self, code: int = 0) -> Outcome:
        """The outcome itself, if the exit code is this one.

        Raises:
            AssertionError: it is another.
        """
        if self.code != code:
            raise AssertionError(
                f"exit code {self.code}, expected {code}\n{self.out[-2000:]}\n{self.err[-4000:]}"
            )
        return self


def bare_environment(home: Path) -> dict[str, str]:
    """The environment of this process without whatever tells of AWS, Azure or proxies.

    Args:
        home: the home directory, which holds no configuration.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("AWS_", "AZURE_")) and not name.lower().endswith("_proxy")
    }
    # No request may go to a metadata service, which build machines may well have.
    return {
        **kept,
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
    }


@dataclass(frozen=True)
class Cli:
    """Runs s3-cli in an environment.

    Attributes:
        directory: the working directory of each run.
        environment: all its variables.
        command: what is run, before the arguments.
    """

    directory: Path
    environment: Mapping[str, str]
    command: tuple[str, ...] = field(default=(str(S3_CLI),))

    def with_environment(self, **variables: str) -> Cli:
        """Another one, with these variables set."""
        return Cli(self.directory, {**self.environment, **variables}, self.command)

    def __call__(self, *arguments: object) -> Outcome:
        """Run it to its end."""
        with self.started(*arguments) as process:
            return outcome_of(process)

    @contextlib.contextmanager
    def started(self, *arguments: object) -> Iterator[subprocess.Popen[str]]:
        """Run it while the block lasts; it is killed at the end of the block."""
        with subprocess.Popen(
            [*self.command, *(str(argument) for argument in arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.directory,
            env=self.environment,
            encoding="utf-8",
            errors="surrogateescape",
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def outcome_of(process: subprocess.Popen[str]) -> Outcome:
    """Wait for a run to end, and check what holds for each."""
    out, err = process.communicate()
    check_text(out + err)
    return Outcome(process.returncode, out, err)


def check_text(text: str) -> None:
    """Check that something that s3-cli wrote has no traceback and no secret.

    Raises:
        AssertionError: it has.
    """
    if "Traceback (most recent call last)" in text:
        raise AssertionError(f"a traceback:\n{text[-6000:]}")
    if any(secret in text for secret in SECRETS):
        raise AssertionError("the secret was written")
