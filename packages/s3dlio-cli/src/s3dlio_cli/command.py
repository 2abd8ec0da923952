"""The class of every command: its logging begins before it and ends after it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from s3dlio_cli.options import Settings, common_options, settings_of
from s3dlio_cli.signals import Interrupts

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HELP_NAMES", "Command", "Invocation", "command", "interrupts_of", "literal"]

HELP_NAMES = {"help_option_names": ["-h", "--help"]}
#: For commands whose -h means "human-readable", as that of `ls` and `du` does.
_LONG_HELP_NAME = {"help_option_names": ["--help"]}


@dataclass(slots=True)
class Invocation:
    """One run of the program, from its arguments to its exit code.

    Attributes:
        interrupts: the signals.
        settings: those of the command, once it is known.
    """

    interrupts: Interrupts
    settings: Settings = field(default_factory=Settings)


class _PathOrUri(click.types.StringParamType):
    """What the arguments of commands are: any text; shells complete it as the name of a file."""

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002 - click's signature
        incomplete: str,
    ) -> list[CompletionItem[str]]:
        """Ask the shell to complete a name of a file."""
        return [CompletionItem(incomplete, type="file")]


class Command(click.Command):
    """A command that configures logging by the common options."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        """Make a command. Arguments of no other type are paths or URIs."""
        super().__init__(*arguments, **attributes)
        for parameter in self.params:
            if isinstance(parameter, click.Argument) and parameter.type is click.STRING:
                parameter.type = _PathOrUri()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; -h alone asks for help, whatever else it may mean."""
        return super().parse_args(ctx, ["--help"] if args == ["-h"] else args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        # logging is imported by most of what a command uses, but not needed for `--help`.
        from s3dlio_cli.log_output import log_output  # noqa: PLC0415 - as said above

        settings = settings_of(ctx)
        invocation = ctx.find_object(Invocation)
        if invocation is not None:
            invocation.settings = settings
        try:
            ctx.with_resource(log_output(settings))
        except OSError as error:
            raise click.BadParameter(
                f"the log file can't be opened: {error.strerror}: {settings.log_file}",
                ctx,
                param_hint="--log-file",
            ) from error
        with warnings.catch_warnings():
            # Who asks for it needs no warning for each connection.
            warnings.filterwarnings("ignore", message="Unverified HTTPS request")
            return super().invoke(ctx)


def command(
    name: str, *examples: str, short_help_name: bool = True
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a command with the common options.

    Args:
        name: the command's.
        examples: command lines for the end of its help. A test reads each as the program would.
        short_help_name: -h stands for --help wherever it is given. Otherwise only alone.
    """

    def decorate(function: Callable[..., Any]) -> click.Command:
        made = click.command(
            name,
            cls=Command,
            context_settings=HELP_NAMES if short_help_name else _LONG_HELP_NAME,
            epilog=literal("Examples:", *examples),
        )
        return made(common_options(function))

    return decorate


def literal(title: str, *lines: str) -> str:
    """Return lines of help that click leaves as they are: it looks for a backspace character."""
    return "\n".join(["\b", title, *(f"  {line}" for line in lines)])


def interrupts_of(ctx: click.Context) -> Interrupts:
    """Return the signals of this run; they do nothing when the command runs inside a program."""
    found = ctx.find_object(Invocation)
    return Interrupts() if found is None else found.interrupts
