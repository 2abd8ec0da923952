"""From s3:// to az:// and back in one command: bytes, attributes, and a bar that moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

import s3dlio
from tests.e2e.terminal import run_in_terminal
from tests.servers import Delay, FaultProxy

if TYPE_CHECKING:
    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import LargeFile
    from tests.e2e.truth import Bucket
    from tests.servers import AzuriteServer, MotoServer
    from tests.servers.blob_container import BlobContainer

SMALL: Final = {f"d/{number:03} é+%41": b"%d" % number * 100 for number in range(40)}


@pytest.fixture
def both_cli(bare_cli: Cli, fault_proxy: FaultProxy, azurite: AzuriteServer) -> Cli:
    """s3-cli that finds moto, through a proxy, and Azurite."""
    return bare_cli.with_environment(**{**fault_proxy.environment, **azurite.environment})


def test_tree_goes_from_cloud_to_cloud_and_back(
    both_cli: Cli,
    fault_proxy: FaultProxy,
    moto: Bucket,
    azurite_container: BlobContainer,
    medium_file: LargeFile,
) -> None:
    """Each way directly, with a bar that moves inside the large one."""
    moto.put_file("x/large", medium_file.path)
    for key, content in SMALL.items():
        moto.put(f"x/{key}", content)
    fault_proxy.add(Delay(0.1), pattern="/(x|y)/large", times=None)
    there, back = f"{azurite_container.uri}/x/", f"{moto.uri}/y/"
    for source, destination in ((f"{moto.uri}/x/", there), (there, back)):
        screen = run_in_terminal(
            [*both_cli.command, "cp", "-r", "-j", "2", source, destination],
            environment=both_cli.environment,
            directory=both_cli.directory,
        )
        assert screen.code == 0, screen.text
        assert len({bar.partition("]")[0] for bar in screen.bars("COPY")}) >= 3
        assert screen.frames[-1].startswith(f"copied {len(SMALL) + 1} objects, 40.0 MiB in ")
    assert azurite_container.sha256("x/large") == moto.sha256("y/large") == medium_file.sha256
    for key, content in SMALL.items():
        assert azurite_container.get(f"x/{key}") == moto.get(f"y/{key}") == content


@pytest.mark.one_wire
def test_attributes_make_the_round(
    moto_s3: MotoServer,
    azurite: AzuriteServer,
    moto: Bucket,
    azurite_container: BlobContainer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Content headers, metadata whose names Azure can't have, and the time."""
    for name, value in {**moto_s3.environment, **azurite.environment}.items():
        monkeypatch.setenv(name, value)
    metadata = {"colour": "green", "two-words": "a b", "0": "zero", "a.b": "c", "mtime": "1.5"}
    given = {
        "ContentType": "text/x-test",
        "CacheControl": "max-age=7",
        "ContentEncoding": "x-odd",
        "ContentDisposition": "inline",
        "ContentLanguage": "en",
        "Metadata": metadata,
    }
    moto.put("a", b"content", **given)
    blob = f"{azurite_container.uri}/a"
    s3dlio.copy(f"{moto.uri}/a", blob)
    held = azurite_container.head("a")
    assert all(name.isidentifier() for name in held.metadata)
    assert held.content_settings.cache_control == "max-age=7"
    s3dlio.copy(blob, f"{moto.uri}/b")
    found = moto.client.head_object(Bucket=moto.name, Key="b")
    assert given == {name: found[name] for name in given}


@pytest.mark.one_wire
def test_sync_and_check_between_clouds(
    both_cli: Cli, moto: Bucket, azurite_container: BlobContainer
) -> None:
    """A second run copies nothing, extras go, and a difference of contents is found."""
    for key, content in SMALL.items():
        moto.put(key, content)
    azurite_container.put("extra", b"x")
    sync = ("sync", moto.uri, azurite_container.uri, "--delete", "--json")
    summary = both_cli(*sync).expect(0).summary
    assert (summary["done_count"], summary["deleted_count"]) == (len(SMALL), 1)
    assert both_cli(*sync).expect(0).summary["skipped_count"] == len(SMALL)
    assert azurite_container.contents() == SMALL
    both_cli("check", moto.uri, azurite_container.uri).expect(0)
    by_checksum = both_cli(*sync, "--checksum").expect(0)
    assert by_checksum.summary["skipped_count"] == len(SMALL)
    assert "no checksum" not in by_checksum.err
    name = next(iter(SMALL))
    azurite_container.put(name, b"other")
    outcome = both_cli("check", moto.uri, azurite_container.uri).expect(1)
    assert name in outcome.out + outcome.err
