"""Five thousand small files, up and down, every one compared."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import pytest

from tests.e2e.truth import tree, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.truth import Bucket
    from tests.servers import S3Server

FILE_COUNT = 5_000


@pytest.fixture(scope="module")
def many_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of 0 to 4 KiB, each of its own, in directories of directories."""
    source = random.Random(5_000)
    files = {
        f"d{number % 7}/e{number % 50}/file {number:05}.dat": source.randbytes(number % 4097)
        for number in range(FILE_COUNT)
    }
    return write_tree(tmp_path_factory.mktemp("many") / "tree", files)


def test_many_small_files_go_up_and_come_down(
    cli: Cli, s3_server: S3Server, bucket: Bucket, many_files: Path, tmp_path: Path
) -> None:
    """All of them arrive under their names with their contents, and so they come back."""
    files = tree(many_files)
    up = cli("upload", "-r", "--json", f"{many_files}/", f"{bucket.uri}/x/").expect(0)
    assert FILE_COUNT == up.summary["done_count"]
    assert sum(map(len, files.values())) == up.summary["done_bytes"]
    listed = bucket.objects()
    assert {f"x/{name}": len(content) for name, content in files.items()} == {
        key: found["Size"] for key, found in listed.items()
    }
    if s3_server.name == "moto":
        # The ETag of an object that went up whole is its MD5, computed by the server.
        assert {
            f"x/{name}": f'"{hashlib.md5(content).hexdigest()}"' for name, content in files.items()
        } == {key: found["ETag"] for key, found in listed.items()}

    down = cli("download", "-r", "--json", f"{bucket.uri}/x/", f"{tmp_path}/back/").expect(0)
    assert FILE_COUNT == down.summary["done_count"]
    assert files == tree(tmp_path / "back")
