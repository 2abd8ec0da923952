"""Completion in real shells: what somebody sees who types TAB."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.command_line import S3_CLI, bare_environment, check_text

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.one_wire

PROMPT: Final = "ready> "
#: How each shell is started without the user's own files, and what makes it complete.
SHELLS: Final = {
    "bash": (
        ("bash", "--norc", "--noprofile", "-i"),
        ["bind 'set enable-bracketed-paste off'", 'eval "$(s3-cli completion bash)"'],
    ),
    "zsh": (
        ("zsh", "-f", "-i"),
        [
            f"PS1='{PROMPT}'",
            "unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D",
            'eval "$(s3-cli completion zsh)"',
        ],
    ),
    "fish": (
        ("fish", "--no-config", "-i"),
        ["s3-cli completion fish | source"],
    ),
}
#: Slow machines need long; nobody waits so long unless the shell hangs.
HANGS_S: Final = 300


class Conversation:
    """A shell in a terminal, to which lines are typed when it is ready for them."""

    def __init__(self, name: str, directory: Path, environment: dict[str, str]) -> None:
        command, self._preparation = SHELLS[name]
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=directory,
            env={**environment, "TERM": "dumb", "PS1": PROMPT, "HOME": str(directory)},
            start_new_session=True,
        )
        os.close(theirs)

    def read_until(self, mark: str) -> str:
        """Read what the shell writes, up to a mark."""
        text = ""
        while mark not in text:
            assert select.select([self._ours], [], [], HANGS_S)[0], f"no {mark!r} in {text!r}"
            text += os.read(self._ours, 65536).decode(errors="replace")
        check_text(text)
        return text

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def prepare(self) -> None:
        """Switch completion on."""
        for number, line in enumerate(self._preparation):
            self.type(f"{line}; echo done-{number}-$((1+1))\n")
            self.read_until(f"done-{number}-2")

    def completed(self, line: str) -> str:
        """Return what becomes of a line at the TAB that ends it."""
        # The beginning of the line is what makes it harmless: it is shown instead of run.
        self.type(f"{line}\t\x01echo '<'\x05'>'\n")
        text = self.read_until(">\r\n").replace("\r", "")
        return text[text.rindex("\n<") + 2 : text.rindex(">\n")].strip()

    def close(self) -> None:
        """End the shell."""
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_commands_options_and_files(shell: str, tmp_path: Path) -> None:
    """Names and aliases of commands, options, their values, and files and directories."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} isn't installed")
    (tmp_path / "a long name.txt").touch()
    (tmp_path / "directory").mkdir()
    environment = {**bare_environment(tmp_path), "PATH": f"{S3_CLI.parent}:/usr/bin:/bin"}
    conversation = Conversation(shell, tmp_path, environment)
    try:
        conversation.prepare()
        assert conversation.completed("s3-cli no-such-command --x") == "s3-cli no-such-command --x"
        assert conversation.completed("s3-cli uplo") == "s3-cli upload"
        assert conversation.completed("s3-cli create-b") == "s3-cli create-bucket"
        assert conversation.completed("s3-cli ls --recu") == "s3-cli ls --recursive"
        assert conversation.completed("s3-cli --endp") == "s3-cli --endpoint-url"
        assert conversation.completed("s3-cli ls --progress js") == "s3-cli ls --progress json"
        assert conversation.completed("s3-cli completion z") == "s3-cli completion zsh"
        assert conversation.completed("s3-cli upload a") == "s3-cli upload a long name.txt"
        assert conversation.completed("s3-cli ls -r dir") == "s3-cli ls -r directory/"
    finally:
        conversation.close()
