"""What a client needs to know about a server, and the log of what it was asked.

Rules of this file: paths and queries are recorded as they came over the wire, percent-encoded; a
record is written before its answer is sent, so a client that has its answer finds its request.
"""

from __future__ import annotations

import http.client
import json
import os
import threading
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote

from tests.servers.closing import Closing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.certificates import Certificates

ACCESS_KEY: Final = "AKIDS3DLIOTEST"
# Characters that a careless client would encode or cut.
SECRET_KEY: Final = "secret/with+odd=characters"
#: What temporary credentials have beside the two; it needn't be sent, as for lasting ones.
SESSION_TOKEN: Final = "token/with+odd=characters"
REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request as it came over the wire.

    Attributes:
        method: the HTTP method.
        path: the request target before the `?`, still percent-encoded.
        query: the request target after the `?`, still percent-encoded.
        range: the Range header, or None.
        status: the status that was answered; 0 where none was.
    """

    method: str
    path: str
    query: str
    range: str | None
    status: int

    @property
    def key(self) -> str:
        """The object's key, decoded, for a path-style request."""
        return unquote(self.path.lstrip("/").partition("/")[2])

    @property
    def blob(self) -> str:
        """The blob's name, decoded, for a request whose path begins with the account."""
        return self.key.partition("/")[2]

    @property
    def parameters(self) -> dict[str, str]:
        """The query's parameters, decoded."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def to_json_line(self) -> str:
        """The record as one line of a request log."""
        return json.dumps(asdict(self)) + "\n"


class RequestLog:
    """An append-only log file of requests; safe for threads of one process."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def add(self, record: RequestRecord) -> None:
        """Write one record and hand it to the operating system."""
        with self._lock:
            self._file.write(record.to_json_line())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_request_log(path: Path) -> list[RequestRecord]:
    """Every whole record in a log file; a line still being written is left out."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [RequestRecord(**json.loads(line)) for line in lines]


class Endpoint(Closing):
    """An address that answers.

    Args:
        host: address and port, as a Host header has it.
        certificates: those of its TLS, or None for plain HTTP.
    """

    def __init__(self, host: str, certificates: Certificates | None) -> None:
        self.host = host
        self.certificates = certificates

    @property
    def origin(self) -> str:
        """Its URL, without a path."""
        return f"{'https' if self.certificates else 'http'}://{self.host}"

    @property
    def ca_bundle(self) -> str:
        """The file of the authority that a client must trust, or empty."""
        return str(self.certificates.ca) if self.certificates else ""

    def connection(self, host: str = "") -> http.client.HTTPConnection:
        """A connection that isn't open yet.

        Args:
            host: where to connect to instead.
        """
        if self.certificates is None:
            return http.client.HTTPConnection(host or self.host)
        context = self.certificates.client_context()
        return http.client.HTTPSConnection(host or self.host, context=context)

    def request_log(self) -> list[RequestRecord]:
        """Every request since the start, in the order in which they were answered."""
        raise NotImplementedError

    def close(self) -> None:
        """End what answers at this address. The request log can still be read."""
        raise NotImplementedError


class S3Endpoint(Endpoint):
    """An address that speaks S3, with its credentials.

    Args:
        host: address and port, as a Host header has it.
        access_key: the access key that is known there.
        secret_key: its secret.
        region: the region that requests must be signed for.
        certificates: those of its TLS, or None for plain HTTP.
    """

    def __init__(
        self,
        host: str,
        *,
        access_key: str = ACCESS_KEY,
        secret_key: str = SECRET_KEY,
        region: str = REGION,
        certificates: Certificates | None = None,
    ) -> None:
        super().__init__(host, certificates)
        self.access_key = access_key
        self.secret_key = secret_key
        self.region = region

    @property
    def endpoint_url(self) -> str:
        """The URL to give to an S3 client."""
        return self.origin

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables with which AWS clients find this server, and nothing else."""
        trusted = {}
        if self.certificates:
            trusted = {"AWS_CA_BUNDLE": self.ca_bundle, "REQUESTS_CA_BUNDLE": self.ca_bundle}
        return {
            **trusted,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def options(self) -> dict[str, str]:
        """The options with which a program of ours finds this server."""
        return {
            "endpoint_url": self.endpoint_url,
            "region": self.region,
            "access_key_id": self.access_key,
            "secret_access_key": self.secret_key,
            "ca_bundle": self.ca_bundle,
        }
