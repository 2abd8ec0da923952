"""The program s3-cli: its commands, and what becomes of its errors.

`s3dlio_cli.command_table` lists the commands, and says how to add one.
`run` is the only place that turns errors into exit codes. Every error is one line on standard
error that says what to do; a traceback is shown for a bug, and only with -vv.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from s3dlio_cli import output
from s3dlio_cli.command import HELP_NAMES, Invocation, literal
from s3dlio_cli.command_table import HEADINGS, MEANT, TABLE, all_names, entry_of
from s3dlio_cli.exit_codes import (
    ALL_DONE,
    INTERRUPTED,
    SOME_FAILED,
    USAGE,
    code_of_error,
    code_of_signal,
)
from s3dlio_cli.options import common_options
from s3dlio_cli.signals import Interrupted, Interrupts
from s3dlio_core.errors import CancelledError, S3dlioError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "run"]

_EPILOG = "\n\n".join(
    (
        literal(
            "Examples:",
            's3-cli upload "/data/*.log" s3://bucket/logs/',
            "s3-cli download -r s3://bucket/logs/ ./logs/",
            "s3-cli cp -r s3://a/ s3://b/ --dest-profile backup",
            "s3-cli ls -r s3://bucket/",
            "s3-cli upload -h",
        ),
        literal(
            "Exit codes:",
            "0 all done, 1 something failed, 2 wrong usage, 3 nothing matched,",
            "129, 130, 143 stopped by a signal",
        ),
    )
)


class Commands(click.Group):
    """A group that loads the command it runs, and suggests what a mistyped one may have meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands, without aliases."""
        return [entry.name for entry in TABLE]

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """Return a command by its name or alias."""
        entry = entry_of(cmd_name)
        return None if entry is None else entry.load()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the arguments, or say which one is near."""
        name = args[0]
        if entry_of(name) is None and not (name.startswith("-") or ctx.resilient_parsing):
            from difflib import get_close_matches  # noqa: PLC0415 - after a typing error only

            near = MEANT.get(name) or next(iter(get_close_matches(name, all_names(), n=1)), "")
            hint = f" Did you mean {near}?" if near else ""
            ctx.fail(f"No such command: {name}.{hint}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Complete commands by name and alias, and the group's own options."""
        found = super().shell_complete(ctx, incomplete)
        help_of = {item.value: item.help for item in found}
        aliases = [
            CompletionItem(entry.alias, help=help_of.get(entry.name) or f"see {entry.name}")
            for entry in TABLE
            if entry.alias is not None and entry.alias.startswith(incomplete)
        ]
        return found + aliases

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the list of commands, each with its alias, below headings."""
        labels = {e.name: e.name + (f" ({e.alias})" if e.alias else "") for e in TABLE}
        columns = max(map(len, labels.values()))
        for heading in HEADINGS:
            rows = [
                (f"{labels[entry.name]:<{columns}}", entry.load().get_short_help_str(limit=72))
                for entry in TABLE
                if entry.heading == heading
            ]
            with formatter.section(heading):
                formatter.write_dl(rows)


@click.group(
    cls=Commands,
    name="s3-cli",
    context_settings=HELP_NAMES,
    epilog=_EPILOG,
    invoke_without_command=True,
)
@click.version_option(package_name="s3dlio-cli", message="s3-cli %(version)s")
@common_options
@click.pass_context
def main(ctx: click.Context) -> int:
    """Copy between object stores and files: s3://, az://, file://, direct:// and plain paths alike.

    A URI's scheme says which store serves it; a text without a scheme is a local path.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        return USAGE
    return ALL_DONE


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        arguments: those of the command line when None.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    interrupts = Interrupts()
    invocation = Invocation(interrupts)
    output.use_exact_names()
    try:
        with interrupts.installed():
            code = _run_command(given, invocation)
            output.flush()
    except output.StdoutClosed:
        # The reader has what it wanted.
        output.discard_stdout()
        return ALL_DONE
    except S3dlioError as error:
        output.say_error(str(error))
        output.discard_stdout()
        return SOME_FAILED
    except Interrupted:
        output.say("")
        return code_of_signal(interrupts.signum)
    except Exception as error:  # noqa: BLE001 - a bug: this is the program's outermost edge
        return _say_bug(error, invocation)
    return code


def _run_command(given: list[str], invocation: Invocation) -> int:
    try:
        result: Any = main.main(
            given, prog_name=output.PROGRAM, standalone_mode=False, obj=invocation
        )
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        output.say_error(_usage_text(error))
        return USAGE
    except S3dlioError as error:
        output.say_error(str(error))
        signum = invocation.interrupts.signum
        return (
            code_of_signal(signum)
            if signum and isinstance(error, CancelledError)
            else code_of_error(error)
        )
    return int(result)


def _usage_text(error: click.ClickException) -> str:
    text = error.format_message().rstrip().replace("\n\t", " ")
    context = getattr(error, "ctx", None)
    path = output.PROGRAM if context is None else context.command_path
    return f"{text}{'' if text.endswith(('.', '?')) else '.'} See: {path} --help"


def _say_bug(error: Exception, invocation: Invocation) -> int:
    if invocation.settings.verbosity > 1:
        from traceback import format_exception  # noqa: PLC0415 - for a bug only

        from s3dlio_core.logs import redact  # noqa: PLC0415 - for a bug only

        output.say(redact("".join(format_exception(error)).rstrip()))
    output.say_error(
        f"unexpected {type(error).__name__}: {error}. This is a bug: please report it, with what "
        "the same command says with -vv"
    )
    return SOME_FAILED
