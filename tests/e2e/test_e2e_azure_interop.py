"""What we write, azure-storage-blob and rclone read; what they write, we read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from azure.storage.blob import BlobBlock, ContentSettings

from tests.e2e.truth import file_sha256, rclone, tree, write_tree
from tests.servers import find_rclone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.conftest import LargeFile
    from tests.servers import AzuriteServer
    from tests.servers.blob_container import BlobContainer

pytestmark = pytest.mark.one_wire

FILES: Final = {
    "readme.txt": b"read me",
    "empty": b"",
    "a/b c/d+e.bin": bytes(range(256)) * 64,
    "a/\u00fcml\u00e4ut %41.txt": b"x" * 5000,
    "a.txt": b"sorts before a/",
    "z/'quoted' & <tagged>.txt": b"z",
}


@pytest.fixture
def uploaded(
    azure_cli: Cli, azurite_container: BlobContainer, medium_file: LargeFile, tmp_path: Path
) -> BlobContainer:
    """The container, filled by s3-cli: small files, and one that went up in blocks."""
    write_tree(tmp_path / "in", FILES)
    target = f"{azurite_container.uri}/x/"
    azure_cli("upload", "-r", "--metadata", "by=us", "in/", medium_file.path, target).expect(0)
    return azurite_container


def check_downloaded(directory: Path, medium_file: LargeFile) -> None:
    """Check that all files are there, and the medium one."""
    assert medium_file.sha256 == file_sha256(directory / "medium.bin")
    (directory / "medium.bin").unlink()
    assert tree(directory) == FILES


def test_the_sdk_reads_what_we_wrote(uploaded: BlobContainer, medium_file: LargeFile) -> None:
    """Names, contents, content types, metadata, blocks."""
    assert sorted([*(f"x/{name}" for name in FILES), "x/medium.bin"]) == sorted(uploaded.listed())
    assert list(FILES.values()) == [uploaded.get(f"x/{name}") for name in FILES]
    assert medium_file.sha256 == uploaded.sha256("x/medium.bin")
    found = uploaded.head("x/readme.txt")
    assert found.content_settings.content_type == "text/plain"
    assert found.metadata["by"] == "us"
    blocks, _ = uploaded.client.get_blob_client("x/medium.bin").get_block_list("committed")
    assert sum(block.size for block in blocks) == medium_file.size_bytes
    assert len(blocks) > 1


def test_rclone_reads_what_we_wrote(
    azurite: AzuriteServer,
    uploaded: BlobContainer,
    medium_file: LargeFile,
    home: Path,
    tmp_path: Path,
) -> None:
    """`rclone copy` fetches every file, with its time; `rclone cat` a range of one."""
    if find_rclone() is None:
        pytest.skip("rclone: not installed")
    rclone(azurite, home, "copy", f"t:{uploaded.name}/x", str(tmp_path / "back"))
    assert (tmp_path / "back" / "empty").stat().st_mtime_ns == (
        tmp_path / "in" / "empty"
    ).stat().st_mtime_ns
    check_downloaded(tmp_path / "back", medium_file)
    part = rclone(
        azurite, home, "cat", "--offset=8", "--count=16", f"t:{uploaded.name}/x/medium.bin"
    )
    assert medium_file.path.read_bytes()[8:24] == part


def test_we_read_what_the_sdk_wrote(
    azure_cli: Cli, azurite_container: BlobContainer, medium_file: LargeFile, tmp_path: Path
) -> None:
    """Whole blobs and one of blocks."""
    for name, content in FILES.items():
        azurite_container.put(f"y/{name}", content)
    with medium_file.path.open("rb") as file:
        blob = azurite_container.client.get_blob_client("y/medium.bin")
        blob.stage_block("a", file.read(30_000_000))
        blob.stage_block("b", file.read())
        blob.commit_block_list([BlobBlock("a"), BlobBlock("b")])
    azure_cli("download", "-r", f"{azurite_container.uri}/y/", "back/").expect(0)
    check_downloaded(tmp_path / "back", medium_file)


def test_we_read_what_rclone_wrote(
    azure_cli: Cli,
    azurite: AzuriteServer,
    azurite_container: BlobContainer,
    medium_file: LargeFile,
    home: Path,
    tmp_path: Path,
) -> None:
    """A tree, with its times, and a larger file in blocks."""
    if find_rclone() is None:
        pytest.skip("rclone: not installed")
    source = write_tree(tmp_path / "in", FILES)
    (source / "medium.bin").symlink_to(medium_file.path)
    rclone(
        azurite,
        home,
        "copy",
        "--copy-links",
        "--azureblob-chunk-size=4Mi",
        str(source),
        f"t:{azurite_container.name}/y",
    )
    azure_cli("download", "-r", f"{azurite_container.uri}/y/", "back/").expect(0)
    assert (tmp_path / "back" / "empty").stat().st_mtime_ns == (source / "empty").stat().st_mtime_ns
    check_downloaded(tmp_path / "back", medium_file)


def test_stat_tells_what_the_sdk_set(azure_cli: Cli, azurite_container: BlobContainer) -> None:
    """Content headers, metadata and the ETag are those of the blob."""
    settings: dict[str, Any] = {
        "content_type": "text/x-test",
        "cache_control": "max-age=7",
        "content_encoding": "x-odd",
        "content_disposition": 'attachment; filename="f"',
        "content_language": "en",
    }
    azurite_container.put(
        "object",
        b"content",
        content_settings=ContentSettings(**settings),
        metadata={"colour": "green", "two_words": "a b"},
    )
    head = azurite_container.head("object")
    found = azure_cli("stat", "--json", f"{azurite_container.uri}/object").expect(0).described
    assert found["metadata"] == {"colour": "green", "two_words": "a b"}
    assert found["etag"] == head.etag.strip('"')
    assert settings == {name: found[name] for name in settings}
    assert found["modified"][:19] == head.last_modified.strftime("%Y-%m-%dT%H:%M:%S")


def test_listing_is_the_sdks(azure_cli: Cli, azurite_container: BlobContainer) -> None:
    """Recursive and by directory: names, sizes."""
    sizes = {"a": 1, "a.b": 0, "a/b": 3, "a/c/d": 4, "é+%41": 5}
    for key, size_bytes in sizes.items():
        azurite_container.put(key, bytes(size_bytes))
    lines = azure_cli("ls", "-r", "--json", azurite_container.uri).out.splitlines()
    *listed, summary = [json.loads(line) for line in lines]
    assert (summary["type"], summary["object_count"]) == ("summary", len(sizes))
    assert sizes == {entry["key"]: entry["size_bytes"] for entry in listed}
    shown = azure_cli("ls", f"{azurite_container.uri}/").expect(0).out.splitlines()
    walked = [blob.name for blob in azurite_container.client.walk_blobs()]
    assert sorted(f"{azurite_container.uri}/{name}" for name in walked) == sorted(shown)


def test_containers_are_made_listed_and_removed(
    azure_cli: Cli, azurite_container: BlobContainer
) -> None:
    """There, and gone; one that exists is said to."""
    uri = f"{azurite_container.uri}-2"
    azure_cli("mb", uri).expect(0)
    assert {uri.removeprefix("az://"), azurite_container.name} <= set(
        azure_cli("list-buckets", "az://").expect(0).out.split()
    )
    assert "exists" in azure_cli("mb", uri).expect(1).errors[0]
    azure_cli("rb", uri).expect(0)
    assert f"{azurite_container.name}-2" not in azure_cli("list-buckets", "az://").expect(0).out


def test_md5_that_others_keep_is_compared(
    azure_cli: Cli, azurite_container: BlobContainer, tmp_path: Path
) -> None:
    """A wrong one is a failure, and leaves no file; what can't be compared is told."""
    wrong = ContentSettings(content_md5=bytearray(16))
    azurite_container.put("x/right", b"right")
    azurite_container.put("x/wrong", b"wrong")
    azurite_container.client.get_blob_client("x/wrong").set_http_headers(wrong)
    azurite_container.put("x/large", bytes(20 << 20))
    azurite_container.client.get_blob_client("x/large").set_http_headers(wrong)
    outcome = azure_cli("download", "-r", "--json", f"{azurite_container.uri}/x/", "out/").expect(1)
    assert "the bytes that were read have the MD5" in outcome.err
    assert sorted(tree(tmp_path / "out")) == ["large", "right"]
    summary = outcome.summary
    assert (summary["verified_count"], summary["failed_count"]) == (1, 1)
    assert list(summary["unverified"].values()) == [1]


def test_checksums_of_blobs_and_files_are_compared(
    azure_cli: Cli, azurite_container: BlobContainer, tmp_path: Path
) -> None:
    """A second run copies nothing, whatever the times say; other bytes of one size are found."""
    write_tree(tmp_path / "in", FILES)
    here, there = f"{azurite_container.uri}/x/", f"{azurite_container.uri}/y/"
    runs = [("in/", here), (here, "back/"), (here, there)]
    for _ in range(2):
        counts = [
            azure_cli("sync", "--checksum", "--json", *ends).expect(0).summary["skipped_count"]
            for ends in runs
        ]
    assert counts == [len(FILES)] * 3
    azurite_container.put("x/a.txt", b"Sorts before a/")
    for ends in (("in/", here), (here, there)):
        outcome = azure_cli("check", "--checksum", *ends).expect(1)
        assert "different: a.txt" in outcome.out
