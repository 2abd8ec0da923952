"""The live tests: they need a bucket of yours, and say what they do with it.

    S3DLIO_LIVE_BUCKET=s3://bucket/prefix/ make live

Region, profile, endpoint and credentials are those of the environment, as for `s3-cli`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

from tools.workspace import ROOT

BUCKET_VARIABLE: Final = "S3DLIO_LIVE_BUCKET"
#: Names of tests, with commas, that the server is known to fail.
DEVIATIONS_VARIABLE: Final = "S3DLIO_LIVE_DEVIATIONS"

_WHAT = f"""\
make live tests against a bucket of yours: {BUCKET_VARIABLE}=s3://bucket/prefix/

needs   a bucket that exists, and credentials that may list it and read, write, tag and delete
        objects and abort uploads below the prefix; the environment says how it is reached,
        as for s3-cli and boto3 (AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL …)
does    everything below one new prefix, prefix/s3dlio-live-…/, which it clears at the end, versions
        included; it makes no bucket, and changes no setting of one
costs   some 6,000 requests and 0.5 GB each way, stored for minutes: a few US cents on AWS, and
        what egress costs; one object of 12 bytes is INTELLIGENT_TIERING
servers that aren't AWS may fail tests: name those in {DEVIATIONS_VARIABLE}, with commas
"""


def main() -> int:
    """Say what is done, and do it; 2 where no bucket is named."""
    print(_WHAT, flush=True)
    given = os.environ.get(BUCKET_VARIABLE, "")
    if not given.startswith("s3://"):
        print(f"{BUCKET_VARIABLE} is {given!r}: nothing was done", file=sys.stderr)
        return 2
    command = [sys.executable, "-m", "pytest", "tests/live", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
