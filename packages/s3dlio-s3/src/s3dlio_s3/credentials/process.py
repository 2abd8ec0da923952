"""Credentials that a program of the user's prints: credential_process.

Rules that hold in this file:
- No shell: the command is split into words, and run as it is. It stays in the process group and has
  the terminal, so it may ask for a password there (/dev/tty); standard input is empty, because that
  may be data.
- The command isn't shown, only the program's name: arguments may be secrets. Its standard error is
  shown when it fails, its standard output never.

Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
"""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from s3dlio_core.errors import CredentialsError
from s3dlio_core.logs import get_logger, redact
from s3dlio_s3.credentials.value import Credentials, credentials_of_answer, parse_object

__all__ = ["ProcessSource"]

logger = get_logger("s3")

#: A program that asks somebody for a password needs some time, in seconds.
TIMEOUT_S = 120.0
_STDERR_MAX_CHARS = 300


@dataclass(frozen=True, slots=True)
class ProcessSource:
    """What a command prints.

    Attributes:
        command: program and arguments, quoted as for a shell.
        timeout_s: how long the program may take, in seconds.
    """

    command: str = field(repr=False)
    timeout_s: float = TIMEOUT_S
    name: ClassVar[str] = "credential_process"
    renewable: ClassVar[bool] = True

    def load(self) -> Credentials:
        """Run the program.

        Raises:
            CredentialsError: it can't be run, fails, takes too long, or prints something else.
        """
        words = self._words()
        program = Path(words[0]).name
        output, errors, code = self._run(words, program)
        said = _last_words(errors)
        if code != 0:
            reason = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise CredentialsError(f"{program} {reason}" + (f": {said}" if said else ""))
        if said:
            logger.info("%s said: %s", program, said)
        return _credentials_of_output(output, program)

    def _words(self) -> list[str]:
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise CredentialsError(f"credential_process is badly quoted: {error}") from None
        if not words:
            raise CredentialsError("credential_process is empty")
        return words

    def _run(self, words: list[str], program: str) -> tuple[bytes, bytes, int]:
        try:
            with subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as process:
                try:
                    output, errors = process.communicate(timeout=self.timeout_s)
                except BaseException:
                    # The pipes aren't read to their end: a child of the program may hold them.
                    process.kill()
                    raise
        except subprocess.TimeoutExpired:
            raise CredentialsError(f"{program} took over {self.timeout_s:.0f} s") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it has a NUL"
            raise CredentialsError(f"{program} can't be run: {reason}") from None
        return output, errors, process.returncode


def _credentials_of_output(output: bytes, program: str) -> Credentials:
    values = parse_object(output)
    if values is None:
        raise CredentialsError(f"{program} printed something else than a JSON object")
    if values.get("Version") != 1:
        raise CredentialsError(
            f"{program} printed Version {values.get('Version')!r}, only 1 is known"
        )
    return credentials_of_answer(values, program, "SessionToken")


def _last_words(errors: bytes) -> str:
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return redact(lines[-1].strip())[:_STDERR_MAX_CHARS] if lines else ""
