"""An S3 store without a wire: its requests are kept, and answered one after another.

store, transport = open_store(Answer(200, {"etag": '"e"', "content-length": "5"}))
store.head("k")
assert "HEAD" == transport.requests[0].method
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3dlio_http.client import HttpAnswer
from s3dlio_s3 import Credentials, S3Config, S3Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_http.client import HttpRequest


class Answer(HttpAnswer):
    """An answer that was never on a wire."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.status = status
        self.headers = headers
        self._rest = body

    def readinto(self, view: memoryview) -> int:
        """Give the body."""
        count = min(len(view), len(self._rest))
        view[:count], self._rest = self._rest[:count], self._rest[count:]
        return count

    def read(self, size_max_bytes: int) -> bytes:
        """Give the body whole."""
        return self._rest

    def finish(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Transport:
    """Gives its answers one after another, and keeps the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> Answer:
        """Answer."""
        self.requests.append(request)
        return self.answers.pop(0)

    def close(self) -> None:
        """Do nothing."""


def open_store(*answers: Answer, **switches: Any) -> tuple[S3Store, Transport]:
    """A store whose requests get these answers.

    Args:
        answers: one after another.
        switches: of its `S3Config`.
    """
    settings = {
        "endpoint_url": "https://s3.example",
        "credentials": Credentials("AKID", "secret"),
        **switches,
    }
    store, transport = S3Store.connect("b", S3Config(**settings)), Transport(*answers)
    store.client.sender.transport = transport  # type: ignore[assignment] # all of it that is used
    return store, transport
