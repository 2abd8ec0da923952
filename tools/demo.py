"""The demonstration: a real tree goes through real servers and back, and every byte is compared.

From files past the page cache to a disk, from there to S3, on to Azure Blob Storage, where Node.js
is to run its emulator, past the page cache to a disk again, and back to files. It starts servers of
its own on free ports, makes its files in temporary directories, runs the installed `s3-cli`,
compares both trees by the hashes of a program that isn't ours, and leaves nothing behind.
`S3DLIO_TEST_REQUIRE=azurite,direct` makes a missing emulator, or a disk without O_DIRECT, an error.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from itertools import pairwise
from pathlib import Path

from tests.disks.candidates import find_direct
from tests.disks.page_cache import cached_pages
from tests.servers import AzuriteServer, MotoServer
from tests.servers.azurite_install import AzuriteMissingError, azurite_command
from tests.servers.requirements import is_required, required_groups

SMALL_FILES_MAX = 4000
LARGE_FILES_MIB = (300, 64, 17)
MIB = 1024**2


def main() -> int:
    """Run the demonstration; return 0 when every byte came back."""
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(_temporary_directory(None)))
        disk = _disk(stack)
        moto = stack.enter_context(MotoServer())
        azurite = stack.enter_context(AzuriteServer()) if _azurite_is_here() else None
        source, back = directory / "tree", directory / "back"
        count = _make_tree(source)
        print(f"A tree of {count} files, and an S3 server at {moto.endpoint_url}", flush=True)
        settings = {**os.environ, **moto.environment}
        places = ["s3://demo-bucket/tree/"]
        if azurite is not None:
            print(f"and one of Azure Blob Storage at {azurite.endpoint_url}")
            settings |= azurite.environment
            places.append("az://demo-container/tree/")
        if disk is not None:
            places = [f"direct://{disk}/out/", *places, f"direct://{disk}/back/"]
        print(flush=True)
        _copy_through(settings, [f"{source}/", *places, f"{back}/"])
        if disk is not None and not _is_uncached(disk):
            return 1
        before, after = _hashes(source), _hashes(back)
    if before != after or len(before) != count:
        different = sorted(set(before.items()) ^ set(after.items()))[:10]
        print(f"The trees differ: {different}", file=sys.stderr)
        return 1
    print(f"\nAll {count} files came back, byte for byte (compared by {_hash_program()[0]}).")
    return 0


def _temporary_directory(parent: Path | None) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="s3dlio-demo-", dir=parent)


def _disk(stack: contextlib.ExitStack) -> Path | None:
    """Make a directory on a disk that takes O_DIRECT; None where there is none."""
    found, reason = find_direct(Path(tempfile.gettempdir()), dict(os.environ))
    if found is None:
        if is_required(f"direct: {reason}", required_groups()):
            raise SystemExit(f"A disk that takes O_DIRECT is required: {reason}")
        print(f"Without direct://, since {reason}.", flush=True)
        return None
    return Path(stack.enter_context(_temporary_directory(found)))


def _is_uncached(disk: Path) -> bool:
    """Say whether any page of what went past the page cache is in it; nobody has read it yet."""
    paths = [path for path in disk.rglob("*") if path.is_file()]
    cached = sum(cached_pages(path) > 0 for path in paths)
    print(f"Of {len(paths)} files that went past the page cache, {cached} are in it (mincore).")
    return not cached


def _azurite_is_here() -> bool:
    """Whether the emulator of Azure Blob Storage can run; the first time it is installed."""
    try:
        azurite_command()
    except AzuriteMissingError as error:
        if is_required(f"azurite: {error}", required_groups()):
            raise SystemExit(f"Azurite is required: {error}") from error
        print(f"Without az://, since {error}.", flush=True)
        return False
    return True


def _make_tree(target: Path) -> int:
    """Copy files of Python's library and of installed packages, add large and odd ones; count."""
    count = 0
    for library in ("stdlib", "purelib"):
        root = Path(sysconfig.get_path(library))
        for path in sorted(root.rglob("*")):
            if count >= SMALL_FILES_MAX:
                break
            below = path.relative_to(root)
            if path.is_file() and not {"site-packages", "__pycache__"}.intersection(below.parts):
                copy = target / library / below
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
                count += 1
    for size_mib in LARGE_FILES_MIB:
        with (target / f"large-{size_mib}.bin").open("wb") as large:
            for _ in range(size_mib):
                large.write(os.urandom(MIB))
    for name in ("empty", "with space + plus %41.txt", "Ünïcode 🚀.txt"):
        (target / name).write_text("" if name == "empty" else name, encoding="utf-8")
    return count + len(LARGE_FILES_MIB) + 3


def _copy_through(settings: dict[str, str], places: list[str]) -> None:
    """Copy a tree from each place to the next; what the first is uploaded to is listed."""
    for number, (source, destination) in enumerate(pairwise(places)):
        is_last = number == len(places) - 2
        command = "download" if is_last else "cp" if number else "upload"
        _run(settings, command, "-r", *(() if is_last else ("-c",)), source, destination)
        if number == 0:
            _run(settings, "ls", destination)


def _run(settings: dict[str, str], *arguments: str) -> None:
    tool = Path(sys.executable).with_name("s3-cli")
    print(f"$ s3-cli {shlex.join(arguments)}", flush=True)
    subprocess.run([tool, *arguments], check=True, env=settings)
    print(flush=True)


def _hash_program() -> list[str]:
    return ["sha256sum"] if shutil.which("sha256sum") else ["shasum", "-a", "256"]


def _hashes(tree: Path) -> dict[str, str]:
    """Hash every file of a tree, hidden ones included."""
    paths = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file())
    found: dict[str, str] = {}
    for start in range(0, len(paths), 500):
        batch = paths[start : start + 500]
        done = subprocess.run(
            [*_hash_program(), "--", *batch], cwd=tree, check=True, capture_output=True, text=True
        )
        for path, line in zip(batch, done.stdout.splitlines(), strict=True):
            found[path] = line.removeprefix("\\").split()[0]
    return found


if __name__ == "__main__":
    sys.exit(main())
