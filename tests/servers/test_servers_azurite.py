"""Azurite is installed as it was locked, starts, checks what it is told, and says what it lacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError, ServiceResponseError

from tests.servers import azurite_install
from tests.servers.azurite_install import AzuriteInstallError, AzuriteMissingError
from tests.servers.base import REPOSITORY_ROOT
from tests.servers.blob_container import BlobContainer, blob_service
from tests.servers.blob_endpoint import BlobEndpoint
from tests.servers.faults import Answer, LostAnswer

if TYPE_CHECKING:
    from tests.servers.azurite_server import AzuriteServer
    from tests.servers.fault_proxy import BlobFaultProxy


def test_lock_names_contents_and_no_registry() -> None:
    """Each package is told by its hash alone: where it comes from is the user's own setting."""
    packages = json.loads(azurite_install.LOCK_FILE.read_text())["packages"]
    packages.pop("")
    assert packages
    assert [] == [name for name, package in packages.items() if "resolved" in package]
    assert [] == [name for name, package in packages.items() if "integrity" not in package]


def test_no_sweep_makes_azurite_silent(tmp_path: Path) -> None:
    """What it would wait between two sweeps of its memory is longer than any test runs."""
    try:
        node, required, program = azurite_install.azurite_command()
    except AzuriteMissingError as error:
        pytest.skip(f"azurite: {error}")
    constants = Path(program).parent / "utils" / "constants.js"
    assert "exports.DEFAULT_GC_INTERVAL_MS = 10 * 60 * 1000;" in constants.read_text()
    (tmp_path / "utils").symlink_to(constants.parent)
    tell = tmp_path / "main.js"
    tell.write_text("console.log(require('./utils/constants.js').DEFAULT_GC_INTERVAL_MS)")
    told = subprocess.run([node, required, str(tell)], check=True, capture_output=True, text=True)
    assert 24 * 60 * 60 * 1000 == int(told.stdout)


def test_range_is_answered_and_logged(
    azurite: AzuriteServer, azurite_container: BlobContainer
) -> None:
    """A range of a blob is answered exactly, and the log says which."""
    azurite_container.put("a b/c", b"0123456789")
    blob = azurite_container.client.get_blob_client("a b/c")
    assert b"234" == blob.download_blob(offset=2, length=3).readall()
    record = azurite.request_log()[-1]
    assert ("GET", "a b/c", 206) == (record.method, record.blob, record.status)


def test_wrong_key_is_refused(azurite: AzuriteServer, azurite_container: BlobContainer) -> None:
    """A request that is signed with another key is a 403."""
    stranger = BlobEndpoint(
        azurite.host,
        account=azurite.account,
        account_key="d3Jvbmc=",
        certificates=azurite.certificates,
    )
    with (
        blob_service(stranger) as service,
        service.get_container_client(azurite_container.name) as container,
        pytest.raises(HttpResponseError, match="failed to authenticate"),
    ):
        BlobContainer(container, azurite_container.name).listed()


def test_faults_stand_before_it(
    blob_fault_proxy: BlobFaultProxy, azurite_container: BlobContainer
) -> None:
    """A lost answer is done all the same; an answer in its place isn't."""
    blob_fault_proxy.add(LostAnswer(), method="PUT")
    blob_fault_proxy.add(Answer.slow_down(), method="PUT", nth=2)
    with (
        blob_service(blob_fault_proxy) as service,
        service.get_container_client(azurite_container.name) as container,
    ):
        faulty = BlobContainer(container, azurite_container.name)
        with pytest.raises(ServiceResponseError):
            faulty.put("lost", b"x")
        with pytest.raises(Exception, match="SlowDown"):
            faulty.put("refused", b"x")
    assert {"lost": b"x"} == azurite_container.contents()
    assert [0, 503] == [record.status for record in blob_fault_proxy.request_log()]


def fake_program(directory: Path, name: str, script: str) -> None:
    """A program of that name."""
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("programs", "said"),
    [
        ({}, "Node.js is not installed"),
        (
            {"node": "echo v18.19.0", "npm": ""},
            "Node.js 20 or later is not installed, but v18.19.0",
        ),
        ({"node": "echo v20.1.0"}, "npm is not installed"),
    ],
)
def test_says_what_the_machine_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: dict[str, str], said: str
) -> None:
    """Without a Node.js that it runs on, it says which is missing."""
    for name, script in programs.items():
        fake_program(tmp_path / "bin", name, script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(AzuriteMissingError, match=said):
        azurite_install.azurite_command()


def test_says_what_npm_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An npm that fails is quoted, is asked again the next time, and not after it succeeded."""
    monkeypatch.setattr(azurite_install, "INSTALLED", tmp_path / "installed")
    monkeypatch.setattr(azurite_install, "STAMP", tmp_path / "installed" / "installed.json")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    fake_program(tmp_path / "bin", "node", "echo v20.1.0")
    fake_program(tmp_path / "bin", "npm", "echo no such registry >&2; exit 7")
    with pytest.raises(AzuriteInstallError, match=r"(?s)ended with 7:.*no such registry"):
        azurite_install.azurite_command()
    fake_program(tmp_path / "bin", "npm", f"echo $* >> {tmp_path}/asked")
    azurite_install.azurite_command()
    azurite_install.azurite_command()
    assert ["ci --ignore-scripts --no-audit --no-fund"] == (
        (tmp_path / "asked").read_text().splitlines()
    )


def test_ends_with_its_parent(azurite: AzuriteServer) -> None:
    """A parent that is killed takes the server, its Node.js and its files along."""
    program = (
        "import os\n"
        "from tests.servers.azurite_server import AzuriteServer\n"
        "print(AzuriteServer().work_dir, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    completed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY_ROOT,
        stdout=subprocess.PIPE,
        check=False,
        text=True,
    )
    # The directory is removed last, when Node.js has ended.
    while Path(completed.stdout.strip()).exists():
        os.sched_yield()
    assert completed.returncode == -9
