"""Try each package alone: its wheel and its declared siblings in a fresh environment.

Each script below imports the package, and puts, lists and gets with it. A sibling that a package
uses without declaring it isn't there, so the import fails. What needs less on another system is
tried with that, too.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.disks.candidates import DIRECTORY_VARIABLE, find_direct
from tests.servers import AzuriteServer, MotoServer
from tests.servers.azurite_install import AzuriteMissingError, azurite_command

from tools.check_compiled import check_compiled
from tools.environments import fresh_environment
from tools.workspace import Package, closure, read_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

_CORE = """
import tempfile
from s3dlio_core.operations import get, list, put, upload
with tempfile.TemporaryDirectory() as directory:
    put(f"{directory}/a/b.txt", b"content")
    assert [entry.uri for entry in list(directory, recursive=True)] == [
        f"file://{directory}/a/b.txt"
    ]
    upload(f"{directory}/a/", f"{directory}/copy/")
    assert get(f"{directory}/copy/b.txt") == b"content"
"""
_HTTP = """
import os, requests, s3dlio_http
with requests.Session() as session:
    session.mount("http://", s3dlio_http.HttpAdapter())
    answer = session.get(os.environ["AWS_ENDPOINT_URL"])
assert answer.status_code and answer.text.startswith("<")
"""
_S3 = """
from s3dlio_core.operations import create_container, get, list, put
import s3dlio_s3
create_container("s3://check")
put("s3://check/a/b c.txt", b"content")
assert [entry.uri for entry in list("s3://check", recursive=True)] == ["s3://check/a/b c.txt"]
assert get("s3://check/a/b c.txt") == b"content"
"""
_PROGRESS = """
import tempfile
from s3dlio_core.operations import get, put, upload
import s3dlio_progress
with tempfile.TemporaryDirectory() as directory:
    put(f"{directory}/a", b"content")
    upload(f"{directory}/a", f"{directory}/b", progress=s3dlio_progress.make_observer("bar"))
    upload(f"{directory}/a", f"{directory}/c", progress=True)
    assert get(f"{directory}/c") == b"content"
"""
_CLI = """
import importlib.util, os, pathlib, subprocess, sys, tempfile
import s3dlio
tool = pathlib.Path(sys.executable).with_name("s3-cli")
def run(*arguments):
    done = subprocess.run([tool, *arguments], check=True, capture_output=True, text=True)
    return done.stdout
with tempfile.TemporaryDirectory() as directory:
    file = pathlib.Path(directory, "a.txt")
    file.write_bytes(b"content")
    run("upload", str(file), "s3://cli-check/x/", "-c")
    assert run("ls", "-r", "s3://cli-check/") == "s3://cli-check/x/a.txt\\n"
    run("download", "s3://cli-check/x/a.txt", f"{directory}/back/")
    assert pathlib.Path(directory, "back", "a.txt").read_bytes() == b"content"
    assert s3dlio.get("s3://cli-check/x/a.txt") == b"content"
    if importlib.util.find_spec("s3dlio_direct"):
        direct = f"direct://{os.environ['S3DLIO_DIRECT_DIR']}/cli/"
        run("upload", "s3://cli-check/x/a.txt", direct)
        assert s3dlio.get(f"{direct}a.txt") == b"content"
"""
_AZURE = """
import os
from s3dlio_azure import SharedKey
assert "c2VjcmV0" not in repr(SharedKey("account", "c2VjcmV0"))
if "AZURE_STORAGE_ENDPOINT" in os.environ:
    from s3dlio_core.operations import create_container, get, list, put
    create_container("az://check")
    put("az://check/a/b c.txt", b"content")
    assert [entry.uri for entry in list("az://check", recursive=True)] == ["az://check/a/b c.txt"]
    assert get("az://check/a/b c.txt") == b"content"
"""
_DIRECT = """
import os, tempfile
from s3dlio_core.operations import get, list, put
import s3dlio_direct
content = bytes(range(256)) * 100 + b"tail"
with tempfile.TemporaryDirectory(dir=os.environ["S3DLIO_DIRECT_DIR"]) as directory:
    put(f"direct://{directory}/a/b c", content)
    assert [entry.uri for entry in list(f"direct://{directory}/", recursive=True)] == [
        f"direct://{directory}/a/b c"
    ]
    assert get(f"direct://{directory}/a/b c") == content
"""
SCRIPTS = {
    "s3dlio-core": _CORE,
    "s3dlio-http": _HTTP,
    "s3dlio-s3": _S3,
    "s3dlio-azure": _AZURE,
    "s3dlio-direct": _DIRECT,
    "s3dlio-progress": _PROGRESS,
    "s3dlio-cli": _CLI,
}


def main() -> None:
    """Check every package of this system; exit 1 at the first that fails."""
    packages = read_packages()
    if set(SCRIPTS) != set(packages):
        raise SystemExit("every package needs a script here")
    with contextlib.ExitStack() as stack:
        settings = stack.enter_context(_servers()) | stack.enter_context(_direct_directory())
        for package in packages.values():
            if package.is_for_here:
                _check(package, packages, settings)
    print("every package works alone")


@contextlib.contextmanager
def _servers() -> Iterator[dict[str, str]]:
    """Start what the scripts talk to; what their environment says of it."""
    with contextlib.ExitStack() as stack:
        settings = dict(stack.enter_context(MotoServer()).environment)
        try:
            azurite_command()
        except AzuriteMissingError as error:
            print(f"az:// is only imported: {error}", flush=True)
        else:
            settings |= stack.enter_context(AzuriteServer()).environment
        yield settings


@contextlib.contextmanager
def _direct_directory() -> Iterator[dict[str, str]]:
    """Make a directory where O_DIRECT is O_DIRECT; what the environment says of it."""
    if sys.platform != "linux":
        yield {}
        return
    root, reason = find_direct(Path(tempfile.gettempdir()), dict(os.environ))
    if root is None:
        raise SystemExit(f"direct:// can't be checked: {reason}")
    with tempfile.TemporaryDirectory(dir=root) as directory:
        yield {DIRECTORY_VARIABLE: directory}


def _check(package: Package, packages: dict[str, Package], settings: dict[str, str]) -> None:
    print(f"checking {package.name}", flush=True)
    needed = closure(package, packages)
    if package.is_compiled:
        check_compiled(package, needed, SCRIPTS[package.name], settings)
    else:
        _check_alone(package, needed, sys.platform, settings)
    for system in sorted(package.systems - {sys.platform}):
        needed_there = closure(package, packages, system)
        if needed_there != needed:
            print(f"  with what it needs on {system}", flush=True)
            _check_alone(package, needed_there, system, settings)


def _check_alone(
    package: Package, needed: list[Package], system: str, settings: dict[str, str]
) -> None:
    with fresh_environment() as environment:
        environment.install(*(one.wheel for one in needed), system=system)
        environment.run("-W", "error", "-c", SCRIPTS[package.name], settings=settings)


if __name__ == "__main__":
    main()
