"""The demonstration: a real tree goes through real servers and back, and every byte is compared.

From files to S3, from there to Azure Blob Storage, where Node.js is to run its emulator, and back
to files. It starts servers of its own on free ports, makes its files in a temporary directory, runs
the installed `s3-cli`, compares both trees by the hashes of a program that isn't ours, and leaves
nothing behind. `S3DLIO_TEST_REQUIRE=azurite` makes the missing emulator an error.
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
from pathlib import Path

from tests.servers import AzuriteServer, MotoServer
from tests.servers.azurite_install import AzuriteMissingError, azurite_command
from tests.servers.requirements import is_required, required_groups

SMALL_FILES_MAX = 4000
LARGE_FILES_MIB = (300, 64, 17)
MIB = 1024**2


def main() -> int:
    """Run the demonstration; return 0 when every byte came back."""
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="s3dlio-demo-"))
        moto = stack.enter_context(MotoServer())
        azurite = stack.enter_context(AzuriteServer()) if _azurite_is_here() else None
        source, back = Path(directory, "tree"), Path(directory, "back")
        count = _make_tree(source)
        print(f"A tree of {count} files, and an S3 server at {moto.endpoint_url}", flush=True)
        settings = {**os.environ, **moto.environment}
        last = "s3://demo-bucket/tree/"
        if azurite is not None:
            print(f"and one of Azure Blob Storage at {azurite.endpoint_url}")
            settings |= azurite.environment
            last = "az://demo-container/tree/"
        print(flush=True)
        _run(settings, "upload", "-r", "-c", f"{source}/", "s3://demo-bucket/tree/")
        _run(settings, "ls", "s3://demo-bucket/tree/")
        if azurite is not None:
            _run(settings, "cp", "-r", "-c", "s3://demo-bucket/tree/", last)
        _run(settings, "download", "-r", last, f"{back}/")
        before, after = _hashes(source), _hashes(back)
    if before != after or len(before) != count:
        different = sorted(set(before.items()) ^ set(after.items()))[:10]
        print(f"The trees differ: {different}", file=sys.stderr)
        return 1
    print(f"\nAll {count} files came back, byte for byte (compared by {_hash_program()[0]}).")
    return 0


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
