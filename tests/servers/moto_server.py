"""moto's S3 behind a check of every signature: the side of the tests.

The server itself is `moto_process`; this module imports nothing of moto, so that a client's process
stays small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.servers.base import S3Server
from tests.servers.endpoint import REGION

if TYPE_CHECKING:
    from tests.servers.certificates import Certificates

DROP_PATH: Final = "/_control/drop"


class MotoServer(S3Server):
    """moto, which holds any key and checks conditions, but is slow: over 1 ms a request."""

    name = "moto"

    def __init__(self, *, region: str = REGION, certificates: Certificates | None = None) -> None:
        super().__init__(
            "tests.servers.moto_process",
            ["--region", region],
            region=region,
            certificates=certificates,
        )

    def drop_bucket(self, bucket: str) -> None:
        """Forget a bucket and all it holds."""
        connection = self.connection()
        try:
            connection.request("POST", f"{DROP_PATH}?{bucket}")
            connection.getresponse().read()
        finally:
            connection.close()
