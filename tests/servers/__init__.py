"""Servers for tests and demonstrations: real ones, on free ports of 127.0.0.1.

    with MotoServer() as server:                     # moto behind a check of every signature
        with FaultProxy(server) as proxy:            # the same server on a line that breaks
            rule = proxy.add(Answer.slow_down(), method="PUT", nth=2)

Each server runs in a child process, so that its CPU time and memory are apart from the client's,
and ends with its parent. `moto_server`, `rclone_server` and `azurite_server` are the servers,
`fault_proxy` breaks what runs through it, `signed_client` speaks to a server with botocore's
signatures and nothing of this project, `blob_container` with azure-storage-blob, and `fixtures` and
`azure_fixtures` are the pytest plugins over them (the only modules that import pytest).
"""

from __future__ import annotations

from tests.servers.azurite_server import AzuriteServer
from tests.servers.base import S3Server, ServerStartError
from tests.servers.blob_endpoint import BlobEndpoint
from tests.servers.endpoint import Endpoint, RequestRecord, S3Endpoint
from tests.servers.fault_proxy import BlobFaultProxy, FaultProxy
from tests.servers.faults import (
    Answer,
    CorruptBody,
    Delay,
    Fault,
    Hold,
    LostAnswer,
    RawAnswer,
    ResetMidRequest,
    ResetMidResponse,
    Rule,
    ShortBody,
)
from tests.servers.moto_server import MotoServer
from tests.servers.rclone_server import RcloneServer, find_rclone
from tests.servers.signed_client import HttpAnswer, SignedClient

__all__ = [
    "Answer",
    "AzuriteServer",
    "BlobEndpoint",
    "BlobFaultProxy",
    "CorruptBody",
    "Delay",
    "Endpoint",
    "Fault",
    "FaultProxy",
    "Hold",
    "HttpAnswer",
    "LostAnswer",
    "MotoServer",
    "RawAnswer",
    "RcloneServer",
    "RequestRecord",
    "ResetMidRequest",
    "ResetMidResponse",
    "Rule",
    "S3Endpoint",
    "S3Server",
    "ServerStartError",
    "ShortBody",
    "SignedClient",
    "find_rclone",
]
