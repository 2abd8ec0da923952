"""The live tests: they need a bucket or a container of yours, and say what they do with it.

    S3DLIO_LIVE_BUCKET=s3://bucket/prefix/ make live
    S3DLIO_LIVE_CONTAINER=az://container/prefix/ make live

Region, profile, account, endpoint and credentials are those of the environment, as for `s3-cli`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

from tools.workspace import ROOT

BUCKET_VARIABLE: Final = "S3DLIO_LIVE_BUCKET"
CONTAINER_VARIABLE: Final = "S3DLIO_LIVE_CONTAINER"
#: How what each of them names begins.
SCHEMES: Final = {BUCKET_VARIABLE: "s3://", CONTAINER_VARIABLE: "az://"}
#: Names of tests, with commas, that the server is known to fail.
DEVIATIONS_VARIABLE: Final = "S3DLIO_LIVE_DEVIATIONS"

_WHAT = f"""\
make live tests against a bucket of yours: {BUCKET_VARIABLE}=s3://bucket/prefix/
and against a container of Azure Blob Storage: {CONTAINER_VARIABLE}=az://container/prefix/

needs   a bucket that exists, and credentials that may list it and read, write, tag and delete
        objects and abort uploads below the prefix; the environment says how it is reached,
        as for s3-cli and boto3 (AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL …);
        a container that exists, and a key, a SAS or an identity that may list it and read, write,
        tag and delete blobs (AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT with
        AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, or az login); what only a key can do, or
        what an account with a hierarchical namespace hasn't, is skipped there
does    everything below one new prefix, prefix/s3dlio-live-…/, which it clears at the end, versions
        included; it makes no bucket and no container, and changes no setting of one
costs   some 6,000 requests and 0.5 GB each way, stored for minutes: a few US cents on AWS, and as
        much on Azure, and what egress costs; one object of 12 bytes is INTELLIGENT_TIERING, one
        blob is of the tier Cool
servers that aren't AWS or Azure may fail tests: name those in {DEVIATIONS_VARIABLE}, with commas
"""


def main() -> int:
    """Say what is done, and do it; 2 where nothing is named."""
    print(_WHAT, flush=True)
    given = {name: os.environ.get(name, "") for name in SCHEMES}
    wrong = [name for name, uri in given.items() if uri and not uri.startswith(SCHEMES[name])]
    if wrong or not any(given.values()):
        told = ", ".join(f"{name} is {given[name]!r}" for name in wrong or SCHEMES)
        print(f"{told}: nothing was done", file=sys.stderr)
        return 2
    for name, uri in given.items():
        if not uri:
            print(f"{name} isn't set: its tests are left out", flush=True)
    command = [sys.executable, "-m", "pytest", "tests/live", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
