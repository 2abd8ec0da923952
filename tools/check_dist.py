"""Try each package alone: its wheel and its declared siblings in a fresh environment.

Each script below imports the package, and puts, lists and gets with it. A sibling that a package
uses without declaring it isn't there, so the import fails.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import venv
from pathlib import Path

from tests.servers import AzuriteServer, MotoServer
from tests.servers.azurite_install import AzuriteMissingError, azurite_command

from tools.workspace import DIST, Package, closure, read_packages

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
import pathlib, subprocess, sys, tempfile
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
SCRIPTS = {
    "s3dlio-core": _CORE,
    "s3dlio-http": _HTTP,
    "s3dlio-s3": _S3,
    "s3dlio-azure": _AZURE,
    "s3dlio-progress": _PROGRESS,
    "s3dlio-cli": _CLI,
}


def main() -> None:
    """Check every package; exit 1 at the first that fails."""
    packages = read_packages()
    if set(SCRIPTS) != set(packages):
        raise SystemExit("every package needs a script here")
    with contextlib.ExitStack() as stack:
        settings = dict(stack.enter_context(MotoServer()).environment)
        try:
            azurite_command()
        except AzuriteMissingError as error:
            print(f"az:// is only imported: {error}", flush=True)
        else:
            settings |= stack.enter_context(AzuriteServer()).environment
        for package in packages.values():
            _check(package, closure(package, packages), settings)
    print("every package works alone")


def _check(package: Package, needed: list[Package], settings: dict[str, str]) -> None:
    print(f"checking {package.name}", flush=True)
    wheels = [str(_wheel(one)) for one in needed]
    with tempfile.TemporaryDirectory() as directory:
        venv.create(directory, with_pip=True)
        python = Path(directory, "bin", "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *wheels], check=True)
        # Not in the repository's directory: nothing may be found there by chance.
        subprocess.run(
            [python, "-W", "error", "-c", SCRIPTS[package.name]],
            check=True,
            cwd=directory,
            env={**_plain_environment(), **settings},
        )


def _wheel(package: Package) -> Path:
    found = sorted(DIST.glob(f"{package.wheel_stem}-*.whl"))
    if len(found) != 1:
        raise SystemExit(f"expected one wheel of {package.name} in {DIST}, found {len(found)}")
    return found[0]


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


if __name__ == "__main__":
    main()
