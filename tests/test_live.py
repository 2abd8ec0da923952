"""The live tests themselves, against servers of ours in the place of what is the user's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tools.live import BUCKET_VARIABLE, CONTAINER_VARIABLE, DEVIATIONS_VARIABLE
from tools.workspace import ROOT

from tests.e2e.truth import boto3_client

if TYPE_CHECKING:
    from tests.servers import AzuriteServer, MotoServer
    from tests.servers.blob_container import BlobContainer

#: What moto fails of the conformance suite; see packages/s3dlio-s3/tests/test_s3_conformance.py.
DEVIATIONS = (
    "test_multipart_if_match",
    "test_complete_after_abort_is_refused",
    "test_part_after_abort_is_refused",
    "test_part_after_complete_is_refused",
)
#: What Azurite fails: it has no Put Block From URL, and takes no CRC64.
AZURE_DEVIATIONS = ("test_copy_by_blocks_on_the_service", "test_checksum_is_compared")
#: Of the conformance suite, which runs on Azurite anyway, enough to see that it is set up.
AZURE_QUICK = "not conformance or resume or put"
#: Without the tests of a thousand objects, which add half a minute and nothing here.
QUICK = "not long_listing and not misses_nothing"


def run_live(variables: dict[str, str], picked: str = QUICK) -> subprocess.CompletedProcess[str]:
    """Run the tool as `make live` does."""
    foreign = ("AWS_", "AZURE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment = {**kept, **variables}
    for name in (BUCKET_VARIABLE, CONTAINER_VARIABLE, "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        if name not in variables:
            environment.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", "tools.live", "-q", "-p", "no:cacheprovider", "-k", picked],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_live_tests_pass_and_leave_nothing(moto_s3: MotoServer, moto_bucket: str) -> None:
    """They pass, say what they do, write below one prefix only, and clear it."""
    mark = len(moto_s3.request_log())
    with boto3_client(moto_s3) as client:
        client.put_object(Bucket=moto_bucket, Key="mine/neighbour", Body=b"stays")
        outcome = run_live(
            {
                **moto_s3.environment,
                BUCKET_VARIABLE: f"s3://{moto_bucket}/mine",
                DEVIATIONS_VARIABLE: ",".join(DEVIATIONS),
            }
        )
        left = client.list_objects_v2(Bucket=moto_bucket)["Contents"]
        uploads = client.list_multipart_uploads(Bucket=moto_bucket).get("Uploads", [])
    assert outcome.returncode == 0, outcome.stdout[-4000:] + outcome.stderr[-2000:]
    assert re.search(r"needs .*does .*costs ", outcome.stdout, re.DOTALL)
    assert re.search(r"[2-9][0-9][0-9] passed", outcome.stdout)
    assert [item["Key"] for item in left] == ["mine/neighbour"]
    assert uploads == []
    written = [
        record.path
        for record in moto_s3.request_log()[mark:]
        if record.method in {"PUT", "DELETE"} and record.path.startswith(f"/{moto_bucket}")
    ]
    below = f"/{moto_bucket}/mine/s3dlio-live-"
    assert {path for path in written if not path.startswith(below)} == {
        f"/{moto_bucket}/mine/neighbour"
    }


def test_live_tests_do_nothing_without_a_bucket() -> None:
    """Without a bucket they say what they need, and send nothing."""
    outcome = run_live({})
    assert outcome.returncode == 2
    assert f"{BUCKET_VARIABLE}=s3://bucket/prefix/" in outcome.stdout
    assert "nothing was done" in outcome.stderr
    assert f"{CONTAINER_VARIABLE}=az://container/prefix/" in outcome.stdout


def test_live_tests_of_azure_pass_and_leave_nothing(
    azurite: AzuriteServer, azurite_container: BlobContainer
) -> None:
    """Likewise those of a container, and nothing is asked of S3."""
    azurite_container.put("mine/neighbour", b"stays")
    mark = len(azurite.request_log())
    outcome = run_live(
        {
            **azurite.environment,
            CONTAINER_VARIABLE: f"{azurite_container.uri}/mine",
            DEVIATIONS_VARIABLE: ",".join(AZURE_DEVIATIONS),
        },
        AZURE_QUICK,
    )
    assert outcome.returncode == 0, outcome.stdout[-4000:] + outcome.stderr[-2000:]
    assert f"{BUCKET_VARIABLE} isn't set" in outcome.stdout
    assert re.search(r"[4-9][0-9] passed", outcome.stdout)
    assert ["mine/neighbour"] == azurite_container.listed()
    assert [] == azurite_container.uploads()
    changed = [
        record.blob
        for record in azurite.request_log()[mark:]
        if record.method in {"PUT", "DELETE"} and f"/{azurite_container.name}/" in record.path
    ]
    assert changed
    assert [] == [key for key in changed if not key.startswith("mine/s3dlio-live-")]
