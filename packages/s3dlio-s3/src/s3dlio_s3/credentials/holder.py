"""The credentials in use: found once, and got anew before they end.

Rules that hold in this file:
- Whoever signs pays for one look at the clock and one comparison. The lock is for who has to find
  or to refresh.
- From 15 minutes before the end one thread refreshes and the others go on; from 10 minutes before
  all wait for it. Credentials that live shorter are refreshed at half of their life.
- A refresh that fails is told and tried again a minute later. It becomes an error when the
  credentials have ended.
- A fork has the parent's credentials and a lock of its own.

Source: the times are botocore's (`RefreshableCredentials`).
"""

from __future__ import annotations

import copy
import os
import threading
import time
from typing import TYPE_CHECKING

from s3dlio_core.errors import CredentialsError
from s3dlio_core.logs import get_logger
from s3dlio_s3.credentials.source import named
from s3dlio_s3.credentials.value import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_s3.credentials.source import CredentialsSource
    from s3dlio_s3.credentials.value import Credentials

__all__ = ["CredentialsHolder"]

logger = get_logger("s3")

#: How long before their end credentials are refreshed, in seconds: by one thread, by all.
ADVISORY_S, MANDATORY_S = 15 * 60.0, 10 * 60.0
#: After a refresh that failed, in seconds.
RETRY_AFTER_S = 60.0


class CredentialsHolder:
    """Credentials that stay valid. Thread-safe and fork-safe."""

    def __init__(
        self,
        find: Callable[[], tuple[Credentials, CredentialsSource]],
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """Take what finds credentials; it is called when they are first needed.

        Args:
            find: returns credentials and their source, or raises CredentialsError.
            now_s: the clock, in seconds since the epoch.
        """
        self._find = find
        self._now_s = now_s
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._source: CredentialsSource | None = None
        self._failure: CredentialsError | None = None
        # None is in use until the first are found.
        self._fresh_until_s = float("-inf")
        self._wait_from_s = float("-inf")
        self.in_use: Credentials | None = None
        self.first_access_key_id = ""

    def current(self) -> Credentials:
        """Return credentials to sign with.

        Raises:
            CredentialsError: there are none, or they have ended and there are no others.
        """
        held = self.in_use
        if held is not None and self._now_s() < self._fresh_until_s:
            return held
        return self._found_or_refreshed()

    def renew(self, refused: Credentials | None) -> bool:
        """Get other credentials than those that the service calls expired.

        Args:
            refused: those; None for the first that were found.

        Returns:
            Whether there are others now, so that the request may be sent again.
        """
        with self._lock_of_process():
            if self._source is None:
                return False
            if refused is None:
                refused = self.in_use
            if self.in_use != refused:
                return True
            try:
                self._take(self._reloaded(self._source), self._source)
            except CredentialsError as error:
                logger.warning("refused credentials can't be replaced: %s", error)
                return False
            return self.in_use != refused

    @property
    def whence(self) -> str:
        """Where the credentials come from, for messages."""
        return "" if self._source is None else self._source.name

    def _found_or_refreshed(self) -> Credentials:
        lock = self._lock_of_process()
        failure_before = self._failure
        waits = self.in_use is None or self._now_s() >= self._wait_from_s
        if not lock.acquire(blocking=waits):
            return self._held()
        try:
            if self.in_use is None and self._failure is not failure_before:
                # What another thread has looked for in vain while this one waited.
                raise copy.copy(self._failure)  # type: ignore[misc] # no longer None
            if self._now_s() >= self._fresh_until_s:
                self._look()
        finally:
            lock.release()
        return self._held()

    def _held(self) -> Credentials:
        if self.in_use is None:
            raise AssertionError("found before")
        return self.in_use

    def _look(self) -> None:
        """Find credentials, or refresh those in use."""
        try:
            if self._source is None:
                self._take(*self._find())
            else:
                self._take(self._reloaded(self._source), self._source)
        except CredentialsError as error:
            if not self._survives(error):
                self._failure = error
                raise

    def _survives(self, error: CredentialsError) -> bool:
        """Return whether the credentials in use still work for a while; say that they end."""
        ends_s = self.in_use.expires_at_s if self.in_use is not None else None
        now_s = self._now_s()
        if ends_s is None or ends_s <= now_s:
            return False
        self._fresh_until_s = min(now_s + RETRY_AFTER_S, ends_s)
        logger.warning(
            "credentials that end in %.0f s can't be refreshed yet: %s", ends_s - now_s, error
        )
        return True

    def _reloaded(self, source: CredentialsSource) -> Credentials:
        try:
            found = source.load()
        except CredentialsError as error:
            raise named(error, source.name) from error
        if isinstance(found, str):
            raise CredentialsError(f"{source.name}: {found}")
        return found

    def _take(self, found: Credentials, source: CredentialsSource) -> None:
        """Use credentials from now on.

        Raises:
            CredentialsError: they have ended already.
        """
        now_s, ends_s = self._now_s(), found.expires_at_s
        if ends_s is None:
            fresh_until_s = wait_from_s = float("inf")
        elif ends_s <= now_s:
            raise CredentialsError(
                f"the credentials of {source.name} have expired at {utc_text(ends_s)}",
                hint="Get new ones",
            )
        elif source.renewable:
            life_s = ends_s - now_s
            fresh_until_s = ends_s - min(ADVISORY_S, life_s / 2)
            wait_from_s = ends_s - min(MANDATORY_S, life_s / 3)
        else:
            fresh_until_s = wait_from_s = ends_s
            if ends_s - now_s < ADVISORY_S and found != self.in_use:
                logger.warning(
                    "the credentials of %s expire at %s and can't be refreshed",
                    source.name,
                    utc_text(ends_s),
                )
        self.first_access_key_id = self.first_access_key_id or found.access_key_id
        # In this order: who reads without the lock never holds new times for old credentials.
        self._source, self.in_use = source, found
        self._wait_from_s, self._fresh_until_s = wait_from_s, fresh_until_s

    def _lock_of_process(self) -> threading.Lock:
        if self._pid != os.getpid():
            # The parent's lock may have been held by a thread that doesn't exist here.
            # The lock first: who sees the new process must not see the old lock.
            self._lock = threading.Lock()
            self._pid = os.getpid()
        return self._lock
