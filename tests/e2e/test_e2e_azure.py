"""az:// on Azurite: round trips, what is refused, what breaks, and what no byte passes for."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import random
import signal
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Final

import pytest
from azure.storage.blob import ContainerSasPermissions, generate_container_sas

import s3dlio
from tests.e2e.command_line import check_text, outcome_of
from tests.e2e.test_e2e_keys import FILE_KEYS
from tests.e2e.truth import LogMark, file_sha256, tree, write_tree
from tests.servers import Answer, Hold, LostAnswer, ResetMidResponse

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import LargeFile
    from tests.servers import AzuriteServer, BlobFaultProxy
    from tests.servers.blob_container import BlobContainer
    from tests.servers.faults import Fault

BLOCKS_MIN_COUNT: Final = 10
SMALL_COUNT: Final = 2_000
#: Names that the service, or a part of it, would take for others.
REFUSED: Final = frozenset({"backslash", "trailing-dot", "newline", "tab", "return", "control"})
ODD_FILES: Final = {key: name.encode() for name, key in FILE_KEYS.items() if name not in REFUSED}
REFUSED_FILES: Final = {FILE_KEYS[name]: b"bad" for name in REFUSED}


@pytest.fixture
def faulty(azure_cli: Cli, blob_fault_proxy: BlobFaultProxy) -> Cli:
    """s3-cli that finds Azurite through the fault proxy."""
    return azure_cli.with_environment(**blob_fault_proxy.environment)


# Round trips


def test_large_blob_goes_up_in_blocks_and_comes_down_in_ranges(
    azure_cli: Cli,
    azurite: AzuriteServer,
    azurite_container: BlobContainer,
    large_file: LargeFile,
    tmp_path: Path,
) -> None:
    """What the server holds and what comes back is what was sent, byte for byte."""
    uri = f"{azurite_container.uri}/deep/er/large.bin"
    mark = LogMark(azurite, azurite_container.name)
    up = azure_cli("upload", "--json", large_file.path, uri).expect(0)
    assert large_file.size_bytes == up.summary["done_bytes"]
    parts = [record.parameters.get("comp") for record in mark.records if record.method == "PUT"]
    assert parts.count("block") >= BLOCKS_MIN_COUNT
    assert (parts.count("blocklist"), parts[-1]) == (1, "blocklist")
    assert large_file.sha256 == azurite_container.sha256("deep/er/large.bin")
    mark = LogMark(azurite, azurite_container.name)
    azure_cli("download", uri, tmp_path / "back.bin").expect(0)
    assert [record.method for record in mark.records].count("GET") >= BLOCKS_MIN_COUNT
    assert large_file.sha256 == file_sha256(tmp_path / "back.bin")
    (tmp_path / "back.bin").unlink()


@pytest.mark.one_wire
def test_many_small_blobs_go_up_and_come_down(
    azure_cli: Cli, azurite_container: BlobContainer, tmp_path: Path
) -> None:
    """All of them, into a container that isn't there before."""
    files = {f"{number % 7}/{number:04}": b"%d" % number * 100 for number in range(SMALL_COUNT)}
    write_tree(tmp_path / "in", files)
    container = f"{azurite_container.uri}-many"
    up = azure_cli("upload", "-r", "-c", "--json", "in/", f"{container}/x/").expect(0)
    assert SMALL_COUNT == up.summary["done_count"]
    down = azure_cli("download", "-r", "--json", f"{container}/x/", "back/").expect(0)
    assert SMALL_COUNT == down.summary["done_count"]
    assert files == tree(tmp_path / "back")
    outcome = azure_cli("rm", "-r", "--json", f"{container}/").expect(0)
    assert SMALL_COUNT == outcome.summary["deleted_count"]
    azure_cli("rb", container).expect(0)


def test_odd_file_names_go_up_and_come_back(
    azure_cli: Cli, azurite_container: BlobContainer, tmp_path: Path
) -> None:
    """A directory of odd names has the same keys in the container, and the same names back."""
    write_tree(tmp_path / "odd", ODD_FILES)
    azure_cli("upload", "-r", "odd/", f"{azurite_container.uri}/").expect(0)
    assert ODD_FILES == azurite_container.contents()
    azure_cli("download", "-r", f"{azurite_container.uri}/", "back/").expect(0)
    assert ODD_FILES == tree(tmp_path / "back")


@pytest.mark.one_wire
def test_names_that_would_be_other_blobs_are_refused(
    azure_cli: Cli, azurite_container: BlobContainer, tmp_path: Path
) -> None:
    """Each is a failure of its own, and the rest is copied."""
    write_tree(tmp_path / "in", {"good": b"good", **REFUSED_FILES})
    outcome = azure_cli("upload", "in/", f"{azurite_container.uri}/").expect(1)
    assert {"good": b"good"} == azurite_container.contents()
    assert len(outcome.errors) == len(REFUSED)
    assert all("Azure" in error for error in outcome.errors)


# Who asks


def container_sas(server: AzuriteServer, container: BlobContainer, *, write: bool) -> str:
    """A shared access signature of a container for an hour, by azure-storage-blob."""
    return generate_container_sas(
        server.account,
        container.name,
        server.account_key,
        permission=ContainerSasPermissions(read=True, list=True, write=write, create=write),
        expiry=dt.datetime.now(dt.timezone.utc) + dt.timedelta(hours=1),
    )


@pytest.mark.one_wire
@pytest.mark.parametrize("way", ["connection string", "sas", "sas with a question mark"])
def test_each_credential_opens_the_door(
    way: str,
    azure_cli: Cli,
    azurite: AzuriteServer,
    azurite_container: BlobContainer,
    tmp_path: Path,
) -> None:
    """A connection string alone; a SAS with the endpoint. Neither is written anywhere."""
    (tmp_path / "a").write_bytes(b"content")
    sas = container_sas(azurite, azurite_container, write=True)
    nothing = dict.fromkeys(azurite.environment.keys() - {"REQUESTS_CA_BUNDLE"}, "")
    given = {"AZURE_STORAGE_CONNECTION_STRING": azurite.connection_string}
    if way != "connection string":
        token = f"?{sas}" if "question" in way else sas
        given = {
            "AZURE_STORAGE_ENDPOINT": azurite.endpoint_url,
            "AZURE_STORAGE_SAS_TOKEN": token,
        }
    cli = azure_cli.with_environment(**{**nothing, **given})
    log = ("-vv", "--log-file", "log")
    said = cli("upload", "a", f"{azurite_container.uri}/x/", *log).expect(0).err
    cli("download", f"{azurite_container.uri}/x/a", "back", *log).expect(0)
    assert (tmp_path / "back").read_bytes() == b"content"
    said += (tmp_path / "log").read_text()
    check_text(said)
    assert sas.rpartition("sig=")[2].partition("&")[0] not in said
    assert "/x/a" in said


@pytest.mark.one_wire
@pytest.mark.parametrize(
    ("command", "change", "says"),
    [
        ("upload", {"AZURE_STORAGE_KEY": "d3Jvbmc="}, "Check the key"),
        ("ls", {"AZURE_STORAGE_KEY": "d3Jvbmc="}, "Check the key"),
        ("upload", {"AZURE_STORAGE_KEY": "", "AZURE_STORAGE_SAS_TOKEN": "WRONG"}, "SAS"),
        ("rm", {"AZURE_STORAGE_KEY": "", "AZURE_STORAGE_SAS_TOKEN": "WRONG"}, "SAS"),
        ("upload", {"AZURE_STORAGE_KEY": ""}, "no credential found"),
        ("upload", {"AZURE_STORAGE_KEY": "not base64"}, "base64"),
    ],
    ids=["key", "key-ls", "sas", "sas-rm", "none", "nonsense"],
)
def test_who_may_not_is_told_in_one_line(
    command: str,
    change: dict[str, str],
    says: str,
    azure_cli: Cli,
    azurite: AzuriteServer,
    azurite_container: BlobContainer,
    tmp_path: Path,
) -> None:
    """A wrong key, a wrong SAS, no credential: what is wrong and what to do, and nothing done."""
    azurite_container.put("kept", b"x")
    (tmp_path / "a").write_bytes(b"content")
    sas = container_sas(azurite, azurite_container, write=True).replace("sig=", "sig=AA")
    cli = azure_cli.with_environment(
        **{name: sas if value == "WRONG" else value for name, value in change.items()}
    )
    uri = f"{azurite_container.uri}/kept"
    outcome = cli(command, *(["a"] if command == "upload" else []), uri)
    outcome.expect(2 if says == "base64" else 1)
    assert len(outcome.errors) == 1, outcome.err
    assert says in outcome.errors[0]
    assert len(outcome.err.splitlines()) <= 2
    assert {"kept": b"x"} == azurite_container.contents()


@pytest.mark.one_wire
def test_tree_is_deleted_with_a_sas(
    bare_cli: Cli, azurite: AzuriteServer, azurite_container: BlobContainer
) -> None:
    """Also by a server that fails at a batch then, as Azurite does."""
    for name in ("a", "b/c", "keep"):
        azurite_container.put(f"x/{name}" if name != "keep" else name, b"x")
    token = generate_container_sas(
        azurite.account,
        azurite_container.name,
        azurite.account_key,
        permission=ContainerSasPermissions(read=True, list=True, delete=True),
        expiry=dt.datetime.now(dt.timezone.utc) + dt.timedelta(hours=1),
    )
    cli = bare_cli.with_environment(
        AZURE_STORAGE_ENDPOINT=azurite.endpoint_url, AZURE_STORAGE_SAS_TOKEN=token
    )
    outcome = cli("rm", "-r", "-f", f"{azurite_container.uri}/x/").expect(0)
    assert "deleted 2 objects" in outcome.err
    assert azurite_container.listed() == ["keep"]


@pytest.mark.one_wire
def test_missing_container_is_told_in_one_line(
    azure_cli: Cli, azurite_container: BlobContainer, tmp_path: Path
) -> None:
    """With its name, and how to make it."""
    (tmp_path / "a").write_bytes(b"content")
    outcome = azure_cli("upload", "a", f"{azurite_container.uri}-missing/").expect(1)
    assert len(outcome.errors) == 1
    assert "create it" in outcome.errors[0]
    assert f"{azurite_container.name}-missing" in outcome.errors[0]


# What breaks


@pytest.mark.one_wire
@pytest.mark.parametrize(
    ("fault", "method", "pattern"),
    [
        (Answer.error(503, "ServerBusy"), "PUT", "/small"),
        (LostAnswer(), "PUT", "/small"),
        (LostAnswer(), "PUT", "comp=block&"),
        (LostAnswer(), "PUT", "comp=blocklist"),
        (Answer.internal_error(reaches_server=True), "PUT", "comp=blocklist"),
    ],
    ids=["busy", "lost put", "lost block", "lost list", "error after the deed"],
)
def test_faults_on_the_way_up_are_survived(
    fault: Fault,
    method: str,
    pattern: str,
    faulty: Cli,
    blob_fault_proxy: BlobFaultProxy,
    azurite_container: BlobContainer,
    medium_file: LargeFile,
    tmp_path: Path,
) -> None:
    """Once: the requests are sent again, and what is there is whole."""
    (tmp_path / "small").write_bytes(b"small")
    rule = blob_fault_proxy.add(fault, method=method, pattern=pattern)
    faulty("upload", "small", medium_file.path, f"{azurite_container.uri}/").expect(0)
    assert rule.applied_count == 1
    assert ["medium.bin", "small"] == sorted(azurite_container.listed())
    assert medium_file.sha256 == azurite_container.sha256("medium.bin")


@pytest.mark.one_wire
def test_broken_download_goes_on_at_its_offset(
    faulty: Cli,
    blob_fault_proxy: BlobFaultProxy,
    azurite_container: BlobContainer,
    medium_file: LargeFile,
    tmp_path: Path,
) -> None:
    """In the middle of a range."""
    azurite_container.put_file("x", medium_file.path)
    fault = ResetMidResponse(after_bytes=100_000)
    rule = blob_fault_proxy.add(fault, method="GET", pattern="/x", nth=2)
    faulty("download", f"{azurite_container.uri}/x", "back").expect(0)
    assert rule.applied_count == 1
    assert medium_file.sha256 == file_sha256(tmp_path / "back")


@pytest.mark.one_wire
def test_interrupted_upload_leaves_the_blob_as_it_was(
    faulty: Cli,
    blob_fault_proxy: BlobFaultProxy,
    azurite_container: BlobContainer,
    medium_file: LargeFile,
) -> None:
    """Ctrl-C while blocks are sent: what was committed before is untouched."""
    azurite_container.put("x", b"before")
    hold = Hold()
    blob_fault_proxy.add(hold, method="PUT", pattern="comp=block&", nth=3, times=None)
    with faulty.started("upload", medium_file.path, f"{azurite_container.uri}/x") as process:
        hold.arrived.wait()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "stopping" in process.stderr.readline() + process.stderr.readline()
        blob_fault_proxy.clear()
        outcome_of(process).expect(130)
    assert {"x": b"before"} == azurite_container.contents()
    faulty("upload", medium_file.path, f"{azurite_container.uri}/x").expect(0)
    assert medium_file.sha256 == azurite_container.sha256("x")


# Copies on the server


@pytest.mark.parametrize("size_mib", [0, 17])
def test_tags_come_along_through_this_machine(
    azure_cli: Cli, azurite_container: BlobContainer, size_mib: int
) -> None:
    """Whole or in parts: what is listed tells all that is needed of a blob but its tags."""
    azurite_container.put("from/x", b"x" * (size_mib * 1024**2), tags={"team": "a b"})
    source, destination = f"{azurite_container.uri}/from/", f"{azurite_container.uri}/to/"
    # Azurite can't copy to other metadata by itself.
    azure_cli("cp", "-r", "--metadata", "new=1", source, destination).expect(0)
    assert {"new": "1"} == azurite_container.head("to/x").metadata
    assert {"team": "a b"} == azurite_container.client.get_blob_client("to/x").get_blob_tags()


def test_tree_is_copied_without_a_read(
    azure_cli: Cli, azurite: AzuriteServer, azurite_container: BlobContainer
) -> None:
    """No byte passes this machine, and nothing that belongs to a blob is lost."""
    for number in range(5):
        azurite_container.put(
            f"from/é {number}+", b"%d" % number, metadata={"colour": "green", "n": f"{number}"}
        )
    mark = LogMark(azurite, f"{azurite_container.name}/")
    azure_cli("cp", "-r", f"{azurite_container.uri}/from/", f"{azurite_container.uri}/to/").expect(
        0
    )
    reads = [record for record in mark.records if record.method == "GET"]
    assert [] == reads
    for number in range(5):
        key = f"to/é {number}+"
        assert b"%d" % number == azurite_container.get(key)
        assert {"colour": "green", "n": f"{number}"} == azurite_container.head(key).metadata


# Going on elsewhere


def finish_upload(uri: str, key: str, token: str, content: bytes, part_size_bytes: int) -> int:
    """Send what an upload lacks, and complete it; the number of parts that it had."""
    with s3dlio.open_store(uri) as store:
        upload = store.resume_multipart(key, token)
        had = list(upload.parts())
        parts = {part.number: part for part in had}
        for offset in range(0, len(content), part_size_bytes):
            number = offset // part_size_bytes + 1
            if number not in parts:
                piece = content[offset : offset + part_size_bytes]
                parts[number] = upload.put_part(number, offset, piece)
        upload.complete([parts[number] for number in sorted(parts)])
    return len(had)


@pytest.mark.one_wire
def test_upload_goes_on_in_another_process(
    azurite: AzuriteServer, azurite_container: BlobContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its token says all that is needed; the blob appears at the end, with its attributes."""
    for name, value in azurite.environment.items():
        monkeypatch.setenv(name, value)
    content, size_bytes = random.Random(7).randbytes(5_500_000), 1 << 20
    with s3dlio.open_store(azurite_container.uri) as store:
        attributes = s3dlio.Attributes(content_type="text/x-test", metadata={"two-words": "a b"})
        upload = store.create_multipart("k", part_size_bytes=size_bytes, attributes=attributes)
        for number in (3, 1):
            offset = (number - 1) * size_bytes
            upload.put_part(number, offset, content[offset : offset + size_bytes])
    assert ([], ["k"]) == (azurite_container.listed(), azurite_container.uploads())
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        arguments = (azurite_container.uri, "k", upload.token, content, size_bytes)
        assert pool.submit(finish_upload, *arguments).result() == 2
    assert {"k": content} == azurite_container.contents()
    assert azurite_container.content_type("k") == "text/x-test"
    assert list(azurite_container.head("k").metadata.values()) == ["a b"]
    assert [] == azurite_container.uploads()
