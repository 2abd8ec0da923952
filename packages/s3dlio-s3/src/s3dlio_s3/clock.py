"""The clocks of servers, as far as signatures need them.

Rules that hold in this file:
- The machine's clock is trusted until a refusal shows that a server's is far off. Then that
  server's time signs what goes there, and nowhere else.
- Only an S3 service's own refusals count: what stands between may have any clock, and a cache holds
  old answers.

Sources: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)" (signatures of
up to 15 minutes ago are taken); RFC 9110 section 6.6.1 for Date, RFC 9111 section 5.1 for Age.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from s3dlio_core.logs import get_logger
from s3dlio_core.rest.headers import http_date

if TYPE_CHECKING:
    from s3dlio_s3.errors import Refusal

__all__ = ["ServerClocks"]

logger = get_logger("s3")

SKEW_MIN_S = 300.0


class ServerClocks:
    """How far servers' clocks are off this machine's, by origin. Thread-safe."""

    def __init__(self) -> None:
        self._skews_s: dict[str, float] = {}
        # The last second that was written: many requests are signed within one.
        self._written: tuple[int, str] = (0, "")

    def amz_date(self, origin: str) -> str:
        """Return the time to sign with for a server, as S3 writes it."""
        now_s = int(time.time() + self._skews_s.get(origin, 0.0))
        second, text = self._written
        if second != now_s:
            text = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s))
            self._written = (now_s, text)
        return text

    def corrects(self, origin: str, refusal: Refusal) -> bool:
        """Learn a server's time from a refusal; return whether it changes what is signed.

        Amazon S3 says RequestTimeTooSkewed; other servers have codes of their own. So any S3 error
        will do when its date is so far off that no signature could be right.
        """
        if refusal.status not in {400, 403} or refusal.error is None or not refusal.error.code:
            return False
        server_s = http_date(refusal.headers.get("date", ""))
        if server_s is None or "age" in refusal.headers:
            return False
        skew_s = server_s - time.time()
        if abs(skew_s - self._skews_s.get(origin, 0.0)) < SKEW_MIN_S:
            return False
        self._skews_s[origin] = skew_s
        logger.warning("this machine's clock is %.0f s off that of %s", skew_s, origin)
        return True
