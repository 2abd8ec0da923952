"""The table of the commands of s3-cli: which there are, and where each one is.

To add a command:

1. Write a file in `commands/` with a function that `s3dlio_cli.command.command` makes a command:
   its name, examples of its use, and a docstring, whose first sentence is its line in
   `s3-cli --help`. Import inside the function what only a run needs.
2. Add its line to `TABLE`.

Nothing else lists commands: `--help`, aliases, hints after a mistyped name, completion, and the
tests of all commands read this table.

Rules that hold in this file:
- The lines stand in alphabetical order, so that two who each add one seldom touch the same place;
  `--help` shows them so below each heading.
- No command is imported before it is asked for: running one imports that one alone.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    import click

__all__ = ["BUCKETS", "HEADINGS", "MEANT", "TABLE", "CommandEntry", "all_names", "entry_of"]

COPYING: Final = "Copy"
LOOKING: Final = "Look"
DELETING: Final = "Delete"
BUCKETS: Final = "Buckets"
SHELL: Final = "Shell"
#: In the order in which `--help` shows them.
HEADINGS: Final = (COPYING, LOOKING, DELETING, BUCKETS, SHELL)


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A command that can be loaded.

    Attributes:
        name: what users write.
        place: "module:function", of the package `s3dlio_cli.commands`.
        heading: one of `HEADINGS`.
        alias: another name, or None.
    """

    name: str
    place: str
    heading: str
    alias: str | None = None

    def load(self) -> click.Command:
        """Import the command."""
        module, _, function = self.place.partition(":")
        found = getattr(importlib.import_module(f"s3dlio_cli.commands.{module}"), function)
        return cast("click.Command", found)


TABLE: Final = (
    CommandEntry("cat", "cat:cat", LOOKING, "get"),
    CommandEntry("check", "check:check", LOOKING),
    CommandEntry("completion", "completion:completion", SHELL),
    CommandEntry("copy", "copy:copy", COPYING, "cp"),
    CommandEntry("create-bucket", "buckets:create_bucket", BUCKETS, "mb"),
    CommandEntry("delete", "delete:delete", DELETING, "rm"),
    CommandEntry("delete-bucket", "buckets:delete_bucket", BUCKETS, "rb"),
    CommandEntry("download", "download:download", COPYING),
    CommandEntry("du", "du:du", LOOKING),
    CommandEntry("list", "list:list_objects", LOOKING, "ls"),
    CommandEntry("list-buckets", "buckets:list_buckets", BUCKETS),
    CommandEntry("move", "move:move", COPYING, "mv"),
    CommandEntry("presign", "presign:presign", LOOKING),
    CommandEntry("put", "put:put", COPYING),
    CommandEntry("stat", "stat:stat", LOOKING),
    CommandEntry("sync", "sync:sync", COPYING),
    CommandEntry("upload", "upload:upload", COPYING),
)


#: What other programs call a command. Who wants to delete isn't led to what is spelt alike.
MEANT: Final = {
    "del": "delete",
    "erase": "delete",
    "head": "stat",
    "help": "--help",
    "info": "stat",
    "remove": "delete",
    "rename": "move",
    "rmdir": "delete-bucket",
}


def entry_of(name: str) -> CommandEntry | None:
    """Return a command by its name or alias, or None."""
    return next((entry for entry in TABLE if name in {entry.name, entry.alias}), None)


def all_names() -> list[str]:
    """Return the names and aliases of all commands."""
    return [name for entry in TABLE for name in (entry.name, entry.alias) if name is not None]
