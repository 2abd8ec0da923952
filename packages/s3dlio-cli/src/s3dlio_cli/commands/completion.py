"""s3-cli completion."""

from __future__ import annotations

import click

from s3dlio_cli.command import command
from s3dlio_cli.exit_codes import ALL_DONE

__all__ = ["completion"]

#: Where a shell says that it wants to complete something; click reads it before any command runs.
_VARIABLE = "_S3_CLI_COMPLETE"


@command(
    "completion",
    "s3-cli completion bash > s3-cli.bash && . ./s3-cli.bash",
    "s3-cli completion zsh > s3-cli.zsh",
    "s3-cli completion fish > s3-cli.fish",
)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print what makes a shell complete commands, options and names of files.

    bash (4.4 or later): put  eval "$(s3-cli completion bash)"  into ~/.bashrc.

    zsh: put  eval "$(s3-cli completion zsh)"  into ~/.zshrc, behind compinit.

    fish: s3-cli completion fish > ~/.config/fish/completions/s3-cli.fish
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - not needed for `--help`

    from s3dlio_cli.output import PROGRAM, emit  # noqa: PLC0415 - not needed for `--help`

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"this version of click knows no {shell}", ctx)
    emit(kind(ctx.find_root().command, {}, PROGRAM, _VARIABLE).source())
    return ALL_DONE
