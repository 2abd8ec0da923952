"""The demonstration: a real tree goes to a real S3 server and back, and every byte is compared.

It starts a server of its own on a free port, makes its files in a temporary directory, runs the
installed `s3-cli`, compares both trees by the hashes of a program that isn't ours, and leaves
nothing behind.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from tests.servers import MotoServer

SMALL_FILES_MAX = 4000
LARGE_FILES_MIB = (300, 64, 17)
MIB = 1024**2


def main() -> int:
    """Run the demonstration; return 0 when every byte came back."""
    with tempfile.TemporaryDirectory(prefix="s3dlio-demo-") as directory, MotoServer() as server:
        source, back = Path(directory, "tree"), Path(directory, "back")
        count = _make_tree(source)
        print(f"A tree of {count} files, and an S3 server at {server.endpoint_url}\n", flush=True)
        settings = {
            **os.environ,
            "AWS_ENDPOINT_URL": server.endpoint_url,
            "AWS_ACCESS_KEY_ID": server.access_key,
            "AWS_SECRET_ACCESS_KEY": server.secret_key,
            "AWS_REGION": server.region,
        }
        _run(settings, "upload", "-r", "-c", f"{source}/", "s3://demo-bucket/tree/")
        _run(settings, "ls", "s3://demo-bucket/tree/")
        _run(settings, "download", "-r", "s3://demo-bucket/tree/", f"{back}/")
        before, after = _hashes(source), _hashes(back)
    if before != after or len(before) != count:
        different = sorted(set(before.items()) ^ set(after.items()))[:10]
        print(f"The trees differ: {different}", file=sys.stderr)
        return 1
    print(f"\nAll {count} files came back, byte for byte (compared by {_hash_program()[0]}).")
    return 0


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
