"""Tokens of Microsoft Entra ID, from whatever credential the program gives.

Rules that hold in this file:
- What a credential raises becomes a CredentialsError: its first line where azure-core or
  azure-identity speak, without what looks like a secret; else its name alone. All that they say is
  logged at level DEBUG.
- A token never gets into a log.
- Threads that want a token at once get one between them, or one failure: some sources start a
  program for each, or wait for a service that isn't there.
"""

from __future__ import annotations

import copy
import threading
import time
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError

from s3dlio_core.errors import CredentialsError, S3dlioError
from s3dlio_core.logs import get_logger, redact, register_secret

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

__all__ = ["CheckedTokens"]

logger = get_logger("azure")

_REASON_MAX_CHARS = 500
#: How old a token may be that another thread has just got.
_SHARED_S = 10.0
#: How long a token must still last that isn't got anew: azure-core's own measure.
_LASTS_S = 300.0


class CheckedTokens:
    """A credential of azure-core whose failures are s3dlio's errors."""

    def __init__(self, source: TokenCredential) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._latest: tuple[float, tuple[Any, ...], AccessToken] | None = None
        self._failed: tuple[tuple[Any, ...], S3dlioError] | None = None

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token that was got just now.

        Raises:
            CredentialsError: there is none.
        """
        asked = (scopes, options)
        failed_before = self._failed
        with self._lock:
            if self._latest is not None and self._latest[1] == asked:
                got_at_s, _, token = self._latest
                if time.monotonic() - got_at_s < _SHARED_S:
                    return token
            failed = self._failed
            if failed is not None and failed is not failed_before and failed[0] == asked:
                # What another thread has asked for in vain while this one waited.
                raise copy.copy(failed[1])
            try:
                token = self._new(*scopes, **options)
            except S3dlioError as error:
                self._failed = (asked, copy.copy(error))
                raise
            self._latest = (time.monotonic(), asked, token)
            return token

    def current(self, scope: str) -> str:
        """Return the text of a token that lasts for a while.

        Raises:
            CredentialsError: there is none.
        """
        latest = self._latest
        if latest is None or latest[2].expires_on - time.time() < _LASTS_S:
            return self.get_token(scope).token
        return latest[2].token

    def _new(self, *scopes: str, **options: Any) -> AccessToken:
        try:
            token = self._source.get_token(*scopes, **options)
        except S3dlioError:
            raise
        except Exception as error:  # noqa: BLE001 - the program's own code may raise anything
            raise _no_token(self._source, error) from None
        register_secret(token.token)
        return token


def _no_token(source: TokenCredential, error: Exception) -> CredentialsError:
    # Others may quote anything.
    words = str(error).strip() if isinstance(error, AzureError) else ""
    said = words.partition("\n")[0].strip()
    if said != words:
        logger.debug("no token from %s: %s", type(source).__name__, words)
    said = redact(said)[:_REASON_MAX_CHARS].rstrip(".") or type(error).__name__
    return CredentialsError(
        f"no token of Microsoft Entra ID from {type(source).__name__}: {said}",
        hint="Log in (az login), or set what azure-identity looks for",
        retryable=isinstance(error, (ServiceRequestError, ServiceResponseError)),
    )
