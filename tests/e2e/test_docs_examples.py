"""Every example of the documentation and of `--help` works as it is written.

A block of bash or python is run unless the line before it says `<!-- not run -->`. Rules of this
file: the places that examples name (`/data/`, `localhost:9000`, the buckets) are prepared anew for
each block, by the tables below; lines that build or install something are left out.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from s3dlio_azure.connection_string import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from s3dlio_cli.command_table import BUCKETS, TABLE
from tests.e2e.command_line import S3_CLI, check_text
from tests.e2e.truth import boto3_client, write_tree
from tests.servers.base import REPOSITORY_ROOT
from tests.servers.blob_container import blob_service

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.servers import MotoServer
    from tests.servers.azurite_server import AzuriteServer

pytestmark = pytest.mark.one_wire

NOT_RUN: Final = "<!-- not run -->"
DOCUMENTS: Final = ("*.md", "docs/**/*.md", "packages/*/README.md")
#: Lines of bash that begin so are for the reader's own machine.
SKIPPED_LINES: Final = ("make", "pip install", "python -m pip", "git ", "cd ", ".venv/bin/")

#: The files that examples name, below the directory that stands for "/".
FILES: Final[Mapping[str, bytes]] = {
    "data/app-01.log": b"one line\n",
    "data/web.log": b"another line\n",
    "data/a.bin": bytes(range(256)),
    "data/2024/deep.log": b"a line below\n",
    "backup/.keep": b"",
    "nvme/data/a.bin": bytes(range(256)) * 20,
    "nvme/data/x.bin": b"x",
    "tmp/.keep": b"",
}
#: The files that examples name relative to the working directory.
WORKING_FILES: Final[Mapping[str, bytes]] = {
    "report.csv": b"a,b\n",
    "doomed.txt": b"a\nlogs/old.log\n",
    "data/local.bin": b"local",
}
#: The objects that examples name; the buckets are made for them.
OBJECTS: Final[Mapping[str, Mapping[str, bytes]]] = {
    "bucket": {
        "a": b"1",
        "b": b"2",
        "data/x.bin": b"x",
        "logs/old.log": b"old\n",
        "logs/2024/older.log": b"older\n",
        "reports/report.csv": b"a,b\n",
        "renamed.log": b"1",
    },
    "my-bucket": {},
}
_FENCE: Final = re.compile(r"^```(bash|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ROOTED: Final = re.compile(
    r"(file://|direct://|(?<![\w./:~-]))/(data|backup|tmp|nvme)(?=[/\"'\s]|$)"
)
_LOCAL_ENDPOINT: Final = re.compile(r"http://(?:localhost|127\.0\.0\.1):(?!10000\b)\d+")
#: Examples that name blobs get Azurite, with the first of these containers, which has what the
#: first of the buckets has.
_OF_AZURE: Final = re.compile("az://|azure://|s3dlio_azure")
CONTAINERS: Final = ("container", "new-container", "my-container")
#: Examples that read or write past the page cache get a root where that can be done.
_OF_DIRECT: Final = re.compile("direct://|s3dlio_direct")
_JQ: Final = re.compile(r" \| jq .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """A block of code in a document.

    Attributes:
        place: the document and the line.
        language: "bash" or "python".
        code: as written.
    """

    place: str
    language: str
    code: str


def examples_of(path: Path) -> Iterator[Example]:
    """The blocks of a document that are to be run."""
    text = path.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        before = text[: found.start()]
        if not before.rstrip().endswith(NOT_RUN):
            place = f"{path.relative_to(REPOSITORY_ROOT)}:{before.count(chr(10)) + 1}"
            yield Example(place, found[1], found[2])


def all_examples() -> list[Example]:
    """Those of every document."""
    paths = {path for pattern in DOCUMENTS for path in REPOSITORY_ROOT.glob(pattern)}
    return [example for path in sorted(paths) for example in examples_of(path)]


EXAMPLES: Final = all_examples()
BUCKET_COMMANDS: Final = [entry.name for entry in TABLE if entry.heading == BUCKETS]
COMMANDS: Final = [entry.name for entry in TABLE if entry.heading != BUCKETS]


@dataclass(frozen=True)
class Machine:
    """Where examples run: directories that stand for "/" and for the working directory."""

    root: Path
    cli: Cli
    server: MotoServer
    azurite: AzuriteServer | None = None

    def adapt(self, code: str) -> str:
        """The code with the places that are ours."""
        code = _ROOTED.sub(rf"\g<1>{self.root}/\g<2>", code)
        code = _LOCAL_ENDPOINT.sub(self.server.endpoint_url, code)
        if self.azurite is not None:
            code = adapt_to_azurite(code, self.azurite)
        return code if shutil.which("jq") else _JQ.sub("", code)

    def run(self, language: str, code: str, *, codes: Collection[int] = (0,)) -> None:
        """Run a piece of code, which must end with one of these exit codes."""
        adapted = self.adapt(code)
        if language == "bash":
            lines = [line for line in adapted.splitlines() if not line.startswith(SKIPPED_LINES)]
            command = ["bash", "-euo", "pipefail", "-c", "\n".join(lines)]
        else:
            command = [sys.executable, "-W", "error", "-c", adapted]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=self.cli.directory,
            env={**self.cli.environment, "PATH": f"{S3_CLI.parent}:/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
        )
        check_text(done.stdout + done.stderr)
        assert done.returncode in codes, f"{adapted}\n{done.stdout}{done.stderr}"


def adapt_to_azurite(code: str, azurite: AzuriteServer) -> str:
    """The code with the account that is ours instead of the emulators' own."""
    code = code.replace("UseDevelopmentStorage=true", azurite.connection_string)
    code = code.replace("http://127.0.0.1:10000", azurite.origin)
    code = code.replace(DEVELOPMENT_KEY, azurite.account_key)
    return code.replace(DEVELOPMENT_ACCOUNT, azurite.account)


@pytest.fixture
def machine(tmp_path: Path, moto_cli: Cli, moto_s3: MotoServer) -> Iterator[Machine]:
    """Files, buckets, objects and a profile, as the examples take for granted."""
    root = write_tree(tmp_path / "root", FILES)
    working = write_tree(tmp_path / "work", WORKING_FILES)
    shared = tmp_path / "aws-credentials"
    shared.write_text(
        f"[backup]\naws_access_key_id = {moto_s3.access_key}\n"
        f"aws_secret_access_key = {moto_s3.secret_key}\n"
    )
    for bucket in (*OBJECTS, "new-bucket"):
        moto_s3.drop_bucket(bucket)
    with boto3_client(moto_s3) as client:
        for bucket, objects in OBJECTS.items():
            client.create_bucket(Bucket=bucket)
            for key, content in objects.items():
                client.put_object(Bucket=bucket, Key=key, Body=content)
    environment = {**moto_cli.environment, "AWS_SHARED_CREDENTIALS_FILE": str(shared)}
    yield Machine(root, type(moto_cli)(working, environment), moto_s3)
    for bucket in (*OBJECTS, "new-bucket"):
        moto_s3.drop_bucket(bucket)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.place)
def test_example_of_a_document_works(
    example: Example, machine: Machine, request: pytest.FixtureRequest
) -> None:
    """It runs to its end without an error."""
    machine_of(example.code, machine, request).run(example.language, example.code)


def machine_of(code: str, machine: Machine, request: pytest.FixtureRequest) -> Machine:
    """The machine for a block: with Azurite if it names a blob; without Node.js it is skipped."""
    if _OF_DIRECT.search(code):
        root = write_tree(request.getfixturevalue("direct_directory") / "root", FILES)
        machine = dataclasses.replace(machine, root=root)
    if not _OF_AZURE.search(code):
        return machine
    return with_azurite(machine, request.getfixturevalue("azurite"), code)


def with_azurite(machine: Machine, azurite: AzuriteServer, code: str) -> Machine:
    """The machine with the containers made anew, and what a block doesn't say of the account."""
    with blob_service(azurite) as service:
        for name in [container.name for container in service.list_containers()]:
            if name in CONTAINERS:
                service.delete_container(name)
        with service.create_container(CONTAINERS[0]) as container:
            for key, content in OBJECTS["bucket"].items():
                container.upload_blob(key, content)
    found = {}
    if "export AZURE" not in code:
        found["AZURE_STORAGE_CONNECTION_STRING"] = azurite.connection_string
    if azurite.certificates:
        found["REQUESTS_CA_BUNDLE"] = azurite.ca_bundle
    cli = machine.cli.with_environment(**found)
    return dataclasses.replace(machine, cli=cli, azurite=azurite)


def help_examples(cli: Cli, command: str) -> list[str]:
    """The command lines that a command's help shows."""
    text = cli(command, "--help").expect(0).out.partition("Examples:\n")[2]
    return [line.strip() for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_of_the_help_work(
    command: str, machine: Machine, request: pytest.FixtureRequest
) -> None:
    """Each of them, one after the other."""
    examples = help_examples(machine.cli, command)
    assert len(examples) >= 2
    for example in examples:
        with boto3_client(machine.server) as client:
            for key, content in OBJECTS["bucket"].items():
                client.put_object(Bucket="bucket", Key=key, Body=content)
        # What check is shown with isn't alike, and then 1 is its answer.
        codes = (0, 1) if command == "check" else (0,)
        machine_of(example, machine, request).run("bash", example, codes=codes)


@pytest.mark.parametrize("command", BUCKET_COMMANDS)
def test_examples_of_the_help_on_buckets_work(
    command: str, machine: Machine, request: pytest.FixtureRequest
) -> None:
    """A bucket that an example creates isn't there before; one that it deletes is."""
    for example in help_examples(machine.cli, command):
        machine.server.drop_bucket("my-bucket")
        if command != "create-bucket":
            with boto3_client(machine.server) as client:
                client.create_bucket(Bucket="my-bucket")
                client.put_object(Bucket="my-bucket", Key="a", Body=b"x")
                if "rm -r" not in example:
                    client.delete_object(Bucket="my-bucket", Key="a")
        machine_of(example, machine, request).run("bash", example)


def test_examples_are_found() -> None:
    """The README shows both the command line and the Python API."""
    languages = {e.language for e in EXAMPLES if e.place.startswith("README.md:")}
    assert {"bash", "python"} == languages
