"""Every example of the release notes of the original's version 0.8.3 does what it says.

Rules of this file: the commands are as they are announced, and so is the Python, but for roots and
servers: "/" is a directory of the test, the buckets and containers are prefixes of one on moto.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.command_line import S3_CLI, check_text
from tests.e2e.truth import tree, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.e2e.command_line import Cli
    from tests.e2e.truth import Bucket

pytestmark = pytest.mark.one_wire

#: Below the directory that stands for "/", and each its own name for its content.
FILES: Final = (
    *("local/data/a.log", "local/data/b.log", "local/data/c.txt"),
    *("data/app.log", "data/a.csv", "data/x.json", "data/xjson", "data/sub/y.json"),
    *("data/backup_1.tar.gz", "data/backup_2.tar", "data/file_7.csv", "data/file_x.csv"),
    *("logs/app-01.log", "logs/app-2024.log", "logs/app-20245.log"),
    *("entire-directory/a", "entire-directory/sub/b", "remote-mount/data/r"),
)
#: In the bucket, likewise.
OBJECTS: Final = (
    *("bucket/data/1", "bucket/dataset/2", "bucket/dataset/deep/3", "container/files/4"),
    "source-bucket/dataset/important/5",
    "source-bucket/dataset/6",
)
LOGS: Final = ("a.log", "b.log")
#: The commands, and what is new afterwards: in the bucket, below "/" or in the working directory.
EXAMPLES: Final[Mapping[str, tuple[str, Iterable[str]]]] = {
    "s3-cli upload /local/data/*.log s3://bucket/logs/": ("bucket/logs", LOGS),
    "s3-cli upload /local/data/*.log az://container/logs/": ("container/logs", LOGS),
    "s3-cli upload /local/data/*.log file:///backup/logs/": ("/backup/logs", LOGS),
    "s3-cli upload /local/data/*.log direct:///nvme/logs/": ("/nvme/logs", LOGS),
    "s3-cli download s3://bucket/data/ ./local-data/": ("./local-data", ("1",)),
    "s3-cli download az://container/files/ ./files/": ("./files", ("4",)),
    "s3-cli download file:///remote-mount/data/ ./data/": ("./data", ("r",)),
    "s3-cli download s3://source-bucket/dataset/ ./temp/\n"
    "s3-cli upload ./temp/* az://backup-container/dataset/": ("backup-container/dataset", ("6",)),
    # Announced without -r, which takes no subdirectory, so that there would be no `important`.
    "s3-cli download -r s3://source-bucket/dataset/ ./temp/\n"
    "s3-cli upload ./temp/important/* direct:///nvme-cache/hot-data/": (
        "/nvme-cache/hot-data",
        ("5",),
    ),
    's3-cli upload "/data/*.log" s3://bucket/logs/': ("bucket/logs", ("app.log",)),
    's3-cli upload "/data/backup_*.tar.gz" az://container/backups/': (
        "container/backups",
        ("backup_1.tar.gz",),
    ),
    's3-cli upload "/logs/app-??.log" s3://bucket/app-logs/': ("bucket/app-logs", ("app-01.log",)),
    r's3-cli upload "/data/.*\.json$" s3://bucket/json-files/': ("bucket/json-files", ("x.json",)),
    r's3-cli upload "/logs/app-[0-9]{4}\.log" az://container/logs/': (
        "container/logs",
        ("app-2024.log",),
    ),
    r's3-cli upload "/data/file_\d+\.csv$" s3://bucket/csv-data/': (
        "bucket/csv-data",
        ("file_7.csv",),
    ),
    's3-cli upload "/entire-directory/" s3://bucket/data/': ("bucket/data", ("1", "a")),
    "s3-cli download --recursive s3://bucket/dataset/ ./local/": ("./local", ("2", "deep/3")),
    'echo "Hello s3dlio!" > test.txt\n'
    "s3-cli upload test.txt file:///scratch/s3dlio-test/\n"
    "s3-cli download file:///scratch/s3dlio-test/ ./downloaded/": ("./downloaded", ("test.txt",)),
    "s3dlio.upload(['/data/*.log'], 's3://bucket/logs/')": ("bucket/logs", ("app.log",)),
    "s3dlio.upload(['/data/*.csv'], 'az://container/data/')": (
        "container/data",
        ("a.csv", "file_7.csv", "file_x.csv"),
    ),
    "s3dlio.upload(['/logs/*'], 'file:///backup/data/')": (
        "/backup/data",
        ("app-01.log", "app-2024.log", "app-20245.log"),
    ),
    "s3dlio.upload(['/logs/*'], 'direct:///nvme/cache/')": (
        "/nvme/cache",
        ("app-01.log", "app-2024.log", "app-20245.log"),
    ),
    "s3dlio.download('s3://bucket/dataset/', './local/', recursive=True)": (
        "./local",
        ("2", "deep/3"),
    ),
    "s3dlio.download('az://container/files/', './files/', recursive=True)": ("./files", ("4",)),
}
_ROOTED: Final = re.compile(r"(?<=[\s'\"])(direct://|)(?:file://)?/(?=[a-z])")


def adapted(code: str, root: Path, bucket: Bucket) -> str:
    """The code with the test's directory for "/" and its bucket for all others."""
    return _ROOTED.sub(rf"\g<1>{root}/", re.sub(r"(?:s3|az)://", f"{bucket.uri}/", code))


@pytest.mark.parametrize("code", EXAMPLES, ids=lambda code: code.replace("\n", "; "))
def test_what_was_announced(
    code: str, moto_cli: Cli, moto: Bucket, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """It ends without an error, and these are there."""
    is_direct = "direct://" in code
    parent: Path = request.getfixturevalue("direct_directory") if is_direct else tmp_path
    root = write_tree(parent / "root", {name: name.encode() for name in FILES})
    working = write_tree(tmp_path / "work", {})
    for key in OBJECTS:
        moto.put(key, key.encode())
    text = adapted(code, root, moto)
    command = (
        [sys.executable, "-W", "error", "-c", f"import s3dlio\n{text}"]
        if code.startswith("s3dlio.")
        else ["bash", "-euo", "pipefail", "-c", text]
    )
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=working,
        env={**moto_cli.environment, "PATH": f"{S3_CLI.parent}:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
    )
    check_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stderr
    place, names = EXAMPLES[code]
    if place[0] == "/":
        found = tree(root / place[1:])
    elif place[0] == ".":
        found = tree(working / place)
    else:
        keys = [key for key in moto.listed() if key.startswith(f"{place}/")]
        found = {key[len(place) + 1 :]: moto.get(key) for key in keys}
    assert sorted(names) == sorted(found)
    for name, content in found.items():
        assert content.decode().strip() == "Hello s3dlio!" or content.decode().endswith(name)
