"""Measures commands: wall time, CPU time, peak memory, as JSON.

    python -m tools.bench measure --runs 5 -- s3-cli list s3://bucket/
    python -m tools.bench measure --runs 5 --pair "aws s3 ls s3://bucket/" -- s3-cli list s3://bucket/
    python -m tools.bench transfer-memory --size 2GiB --jobs 16 --jobs 64 --output docs/bench/x.json
    python -m tools.bench small-requests --count 10000 --threads 8
    python -m tools.bench plan-memory --count 100000 --count 1000000
    python -m tools.bench sync-memory --count 20000 --count 200000
    python -m tools.bench azure-blobs --peers-python /tmp/peers/bin/python

`measurement` runs a command and counts, `machine` says on what, `discard_server` is an S3 server
that keeps nothing and costs little, `transfer_memory` measures s3-cli against it; `nginx_server` is
one that costs least, `small_requests` measures our HTTP adapter beside requests' own against it.
`plan_memory` and `sync_memory` need no server: they copy what doesn't exist to nowhere.
`azure_blobs` measures s3dlio beside rclone, the SDK and other peers against Azurite.
"""
