"""A process that copies a generated source to a sink that discards it, through the whole of core.

    python -m tools.bench.plan_memory_client copy 100000

The names of the operations are those of `plan_memory`. It fails unless each object was done.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from s3dlio_core import operations
from s3dlio_core.registry import register
from s3dlio_core.store import StoreProvider
from s3dlio_core.testing import DiscardingSink, GeneratedSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from typing_extensions import Self

    from s3dlio_core.store import ContainerInfo, ObjectStore
    from s3dlio_core.transfer import TransferReport

SIZE_BYTES = 16


class GeneratedProvider(StoreProvider):
    """Serves `generated://COUNT-NAME`: so many objects, whose keys begin with that name."""

    @classmethod
    def from_options(cls, scheme: str, options: Mapping[str, str], host: str = "") -> Self:
        """Make one."""
        del scheme, options, host
        return cls()

    def open(self, container: str) -> ObjectStore:
        """Return a source, or for "sink" what discards."""
        if container == "sink":
            return DiscardingSink()
        count, _, name = container.partition("-")
        return GeneratedSource(int(count), SIZE_BYTES, f"{name}/")

    def list_containers(self) -> Iterator[ContainerInfo]:
        """Yield none."""
        return iter(())

    def create_container(self, name: str) -> None:
        """Do nothing: all are there."""

    def delete_container(self, name: str) -> None:
        """Do nothing."""

    def container_exists(self, name: str) -> bool:
        """Return that it does."""
        del name
        return True


def copy(count: int) -> TransferReport:
    """Copy one source."""
    return operations.copy(f"generated://{count}-a/", "generated://sink/", recursive=True)


def copy_two(count: int) -> TransferReport:
    """Copy two sources whose objects might get the same names."""
    sources = [f"generated://{count // 2}-{name}/" for name in "ab"]
    return operations.copy(sources, "generated://sink/", recursive=True)


def copy_matching(count: int) -> TransferReport:
    """Copy what a regular expression matches: all."""
    source = rf"generated://{count}-a/a/\d+/\d{{6}}$"
    return operations.copy(source, "generated://sink/", recursive=True)


def copy_filtered(count: int) -> TransferReport:
    """Copy what filters leave: all."""
    source = f"generated://{count}-a/"
    return operations.copy(
        source, "generated://sink/", recursive=True, include=["*[0-9]"], exclude=["*x*", "re:.*y"]
    )


def unchanged(count: int) -> TransferReport:
    """Find out that nothing has changed at a destination that has all of it."""
    source, destination = f"generated://{count}-a/a/", f"generated://{count}-b/b/"
    return operations.copy(source, destination, recursive=True, overwrite="changed")


def dry_run(count: int) -> TransferReport:
    """Tell what a copy would do."""
    source = f"generated://{count}-a/"
    return operations.copy(source, "generated://sink/", recursive=True, dry_run=True)


OPERATIONS: Mapping[str, Callable[[int], TransferReport]] = {
    "copy": copy,
    "copy-two": copy_two,
    "copy-matching": copy_matching,
    "copy-filtered": copy_filtered,
    "unchanged": unchanged,
    "dry-run": dry_run,
}


def main() -> None:
    """Do one operation."""
    parser = argparse.ArgumentParser()
    parser.add_argument("operation", choices=OPERATIONS)
    parser.add_argument("count", type=int)
    options = parser.parse_args()
    register("generated", GeneratedProvider)
    report = OPERATIONS[options.operation](options.count)
    count = report.skipped_count if options.operation == "unchanged" else report.done_count
    if count != options.count:
        raise SystemExit(f"{count} of {options.count} objects were done")


if __name__ == "__main__":
    main()
