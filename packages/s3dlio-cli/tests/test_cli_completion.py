"""What shells are told when they ask how a command line could go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import pytest
from click.shell_completion import get_completion_class

from s3dlio_cli.app import main
from s3dlio_cli.command_table import TABLE, CommandEntry, all_names

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., Any]

SHELLS = ("bash", "zsh", "fish")


def completions(*words: str) -> set[tuple[str, str]]:
    """Return the kinds and values that the last word may become."""
    kind = get_completion_class("bash")
    assert kind is not None
    *before, last = words
    found = kind(main, {}, "s3-cli", "_X").get_completions(before, last)
    return {(item.type, item.value) for item in found}


def test_commands_are_completed_by_name_and_alias() -> None:
    """All of them, when nothing was typed yet."""
    assert {value for _, value in completions("")} == set(all_names())
    assert completions("create") == {("plain", "create-bucket")}
    assert completions("l") == {("plain", name) for name in ("list", "ls", "list-buckets")}


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_options_and_files_are_completed(entry: CommandEntry) -> None:
    """Of each command all options that aren't hidden, and names of files where it takes a text."""
    command = entry.load()
    with click.Context(command) as context:
        options = {
            option
            for parameter in command.get_params(context)
            if isinstance(parameter, click.Option) and not parameter.hidden
            for option in parameter.opts
            if option.startswith("--")
        }
    assert {value for _, value in completions(entry.name, "--")} == options
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    if not isinstance(arguments[0].type, click.Choice):
        assert completions(entry.name, "da") == {("file", "da")}


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["completion", ""], {"bash", "zsh", "fish"}),
        (["ls", "--progress", "j"], {"json"}),
        (["ls", "--progress=j"], {"json"}),
        (["--log-format", ""], {"text", "json"}),
        (["--endp"], {"--endpoint-url"}),
        (["no-such-command", "--x"], set()),
    ],
)
def test_values_and_common_options_are_completed(words: list[str], values: set[str]) -> None:
    """Also before the command; a mistyped one has none, and no error."""
    assert {value for _, value in completions(*words)} == values


@pytest.mark.parametrize("option", ["--log-file", "--files-from", "--failures"])
def test_options_that_take_files_complete_files(option: str) -> None:
    """By the shell itself."""
    assert {kind for kind, _ in completions("upload", option, "x")} == {"file"}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell_asks_this_program(cli: Cli, shell: str) -> None:
    """By the variable that the program looks at."""
    outcome = cli("completion", shell)
    assert (outcome.code, outcome.err) == (0, "")
    assert f"_S3_CLI_COMPLETE={shell}_complete" in outcome.out


@pytest.mark.parametrize(
    ("shell", "word", "answer"), [("zsh", "", "upload"), ("fish", "uplo", "plain,upload")]
)
def test_a_shell_is_answered(
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    shell: str,
    word: str,
    answer: str,
) -> None:
    """In the form that its script reads, instead of running a command."""
    monkeypatch.setenv("_S3_CLI_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", f"s3-cli {word}")
    monkeypatch.setenv("COMP_CWORD", "1" if shell == "zsh" else word)
    with pytest.raises(SystemExit):
        cli()
    assert answer in [line.partition("\t")[0] for line in capsys.readouterr().out.splitlines()]


def test_another_shell_is_refused(cli: Cli) -> None:
    """With those that are known."""
    outcome = cli("completion", "tcsh")
    assert (outcome.code, "'bash', 'zsh', 'fish'" in outcome.err) == (2, True)
