"""The clocks of servers, as far as signatures need them.

Rules that hold in this file:
- The machine's clock is trusted until a refusal shows that a server's is far off. Then that
  server's time signs what goes there, and nowhere else.
- Only a service's own refusals count: what stands between may have any clock, and a cache holds old
  answers.

Sources: RFC 9110 section 6.6.1 for Date, RFC 9111 section 5.1 for Age. Signatures of up to 15
minutes ago are taken: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)";
Azure Storage, "Authorize with Shared Key".
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from s3dlio_core.rest.headers import http_date

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

__all__ = ["ServerClocks"]

SKEW_MIN_S = 300.0


class ServerClocks:
    """How far servers' clocks are off this machine's, by origin. Thread-safe."""

    def __init__(self, write: Callable[[int], str], logger: logging.Logger) -> None:
        """Trust this machine's clock.

        Args:
            write: makes of seconds since the epoch what a signature has for them.
            logger: is told of a clock that is off.
        """
        self._logger = logger
        self._write = write
        self._skews_s: dict[str, float] = {}
        # The last second that was written: many requests are signed within one.
        self._written: tuple[int, str] = (0, "")

    def date(self, origin: str) -> str:
        """Return the time to sign with for a server, as it was told to be written."""
        now_s = int(self.now_s(origin))
        second, text = self._written
        if second != now_s:
            text = self._write(now_s)
            self._written = (now_s, text)
        return text

    def now_s(self, origin: str) -> float:
        """Return a server's time, in seconds since the epoch, as far as it is known."""
        return time.time() + self._skews_s.get(origin, 0.0)

    def corrects(self, origin: str, status: int, code: str, headers: Mapping[str, str]) -> bool:
        """Learn a server's time from a refusal; return whether it changes what is signed.

        Services have codes for it, and not all the same. So any error of a service will do when its
        date is so far off that no signature could be right.

        Args:
            origin: scheme and host of the server.
            status: the HTTP status.
            code: the service's error code; "" where there was none, so that anybody may have
                answered.
            headers: of the answer, names in lower case.
        """
        if status not in {400, 403} or not code:
            return False
        server_s = http_date(headers.get("date", ""))
        if server_s is None or "age" in headers:
            return False
        skew_s = server_s - time.time()
        if abs(skew_s - self._skews_s.get(origin, 0.0)) < SKEW_MIN_S:
            return False
        self._skews_s[origin] = skew_s
        self._logger.warning("this machine's clock is %.0f s off that of %s", skew_s, origin)
        return True
