"""How often to retry, how long to wait, and when to slow the whole store down.

- Waits are full-jitter exponential back-off (AWS Architecture Blog, "Exponential Backoff And
  Jitter"): uniform between 0 and min(cap, base · 2^(attempt - 1)), and never shorter than a
  service's Retry-After.
- A budget shared by all threads bounds retries when everything fails at once (AWS SDKs and Tools
  Reference Guide, "Retry behavior": a token bucket).
- Throttling halves the number of requests in flight of the whole store, and each window of
  successes adds one again (AIMD, as in TCP: RFC 5681). Before that nothing is limited.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from s3dlio_core.errors import CancelledError, S3dlioError, Scope, ThrottledError
from s3dlio_core.forks import renew_in_children
from s3dlio_core.logs import current_attempt, get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_core.transfer.events import CancelToken

_log = get_logger("retry")

T = TypeVar("T")

#: The budget of AWS' SDKs: 500 tokens, a retry costs 5, a success gives 1 back.
BUDGET_MAX = 500
RETRY_COST = 5
#: Throttled answers that come together halve the limit once, not once each.
HALVING_PAUSE_S = 0.5
#: How often who waits for a place looks at the cancel token.
CANCEL_CHECK_S = 0.1


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How a failed call is repeated.

    Attributes:
        attempts_max: calls in all, the first included.
        outage_attempts: further calls when a service that has answered before can't be reached: it
            may be restarting. One that never answered is given up sooner.
        base_s: the first wait is at most this, each further one at most twice the one before.
        cap_s: no back-off is longer.
        retry_after_max_s: a Retry-After longer than this is not waited for: the error is raised.
    """

    attempts_max: int = 6
    outage_attempts: int = 4
    base_s: float = 0.1
    cap_s: float = 20.0
    retry_after_max_s: float = 120.0


class Throttle:
    """Counts the requests in flight and limits them after throttling. Thread-safe, fork-safe."""

    def __init__(self) -> None:
        self._peak = 1
        self._limit: float | None = None
        self._halved_at = -HALVING_PAUSE_S
        self.renew_after_fork()
        renew_in_children(self)

    def renew_after_fork(self) -> None:
        """Forget the parent's requests: their answers will never come here."""
        self._changed = threading.Condition()
        self._in_flight = 0

    @property
    def limit(self) -> int | None:
        """Requests that may be in flight, or None when nothing is limited."""
        return None if self._limit is None else int(self._limit)

    def enter(self, cancel: CancelToken | None = None) -> None:
        """Wait for a place.

        Raises:
            CancelledError: the token was set.
        """
        with self._changed:
            while self._limit is not None and self._in_flight >= int(self._limit):
                self._changed.wait(None if cancel is None else CANCEL_CHECK_S)
                if cancel is not None:
                    cancel.raise_if_cancelled()
            self._in_flight += 1
            self._peak = max(self._peak, self._in_flight)

    def leave(self, *, throttled: bool) -> None:
        """Give the place back, and learn from how it went."""
        with self._changed:
            if throttled:
                self._halve()
            elif self._limit is not None:
                self._limit += 1 / self._limit
                if self._limit > self._peak:
                    self._limit = None
            self._in_flight -= 1
            if self._limit is None:
                self._changed.notify_all()
            else:
                # More than this place is free when the limit has grown.
                self._changed.notify(max(1, int(self._limit) - self._in_flight))

    def _halve(self) -> None:
        now = time.monotonic()
        if now - self._halved_at < HALVING_PAUSE_S:
            return
        self._halved_at = now
        self._limit = max(1.0, (self._in_flight if self._limit is None else self._limit) / 2)
        _log.info("throttled: at most %d requests in flight now", self._limit)


class Retrier:
    """Calls functions, again if need be. One for each store, shared by its threads."""

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        cancel: CancelToken | None = None,
        side: str = "",
    ) -> None:
        """Make a retrier.

        Args:
            policy: how often; the defaults of `RetryPolicy` when None.
            cancel: ends a wait early.
            side: what errors of more than one object call the store, where a copy has two.
        """
        self._side = side
        self.policy = policy or RetryPolicy()
        self.throttle = Throttle()
        self._cancel = cancel
        self._budget = BUDGET_MAX
        self._answered = False

    def call(
        self,
        operation: str,
        uri: str,
        function: Callable[[], T],
        resolve: Callable[[S3dlioError], T | None] | None = None,
    ) -> T:
        """Call a function until it succeeds, fails for good, or attempts or budget are used up.

        Args:
            operation: for the log.
            uri: for the log.
            function: makes one request; called anew for each attempt.
            resolve: asked about the final error of a call when an attempt before it may have been
                carried out. It returns the result if so, else None.

        Raises:
            CancelledError: the token was set; nothing is sent any more.
        """
        try:
            return self._call(operation, uri, function, resolve)
        finally:
            if current_attempt.get() > 1:
                current_attempt.set(1)

    def _call(
        self,
        operation: str,
        uri: str,
        function: Callable[[], T],
        resolve: Callable[[S3dlioError], T | None] | None,
    ) -> T:
        attempt = 1
        in_doubt = False
        while True:
            if self._cancel is not None:
                self._cancel.raise_if_cancelled(operation, uri)
            self.throttle.enter(self._cancel)
            try:
                result = function()
            except S3dlioError as error:
                self.throttle.leave(throttled=isinstance(error, ThrottledError))
                if in_doubt and resolve is not None and not error.retryable:
                    resolved = _resolved(resolve, error)
                    if resolved is not None:
                        return resolved
                self.pause(error, operation, uri, attempt)
                in_doubt = in_doubt or error.maybe_done
                attempt += 1
                current_attempt.set(attempt)
            except BaseException:
                self.throttle.leave(throttled=False)
                raise
            else:
                self.throttle.leave(throttled=False)
                self._budget = min(BUDGET_MAX, self._budget + 1)
                self._answered = True
                return result

    def pause(self, error: S3dlioError, operation: str, uri: str, attempt: int) -> None:
        """Wait before the next attempt, or raise the error when there is to be none."""
        policy = self.policy
        attempts_max = policy.attempts_max
        if self._answered and error.scope is Scope.STORE:
            attempts_max += policy.outage_attempts
        if not error.retryable or attempt >= attempts_max or self._budget < RETRY_COST:
            raise self._with_side(error)
        wait_s = random.uniform(0, min(policy.cap_s, policy.base_s * 2 ** (attempt - 1)))  # noqa: S311
        if error.retry_after_s is not None:
            if error.retry_after_s > policy.retry_after_max_s:
                raise self._with_side(error)
            wait_s = max(wait_s, error.retry_after_s)
        # Threads may lose an update of the budget: it bounds, it doesn't count.
        self._budget -= RETRY_COST
        _log.info(
            "%s %s: attempt %d failed, next in %.1f s: %s",
            operation,
            uri,
            attempt,
            wait_s,
            error,
            extra={"attempt": attempt, "request_id": error.request_id},
        )
        if self._cancel is None:
            time.sleep(wait_s)
        elif self._cancel.wait(wait_s):
            raise CancelledError("cancelled", operation=operation, uri=uri) from error

    def _with_side(self, error: S3dlioError) -> S3dlioError:
        """Return an error that says whose it is, unless its object says so."""
        whose = f"{self._side}: "
        if self._side and error.scope is not Scope.OBJECT and not error.reason.startswith(whose):
            error.reason = whose + error.reason
        return error


def _resolved(resolve: Callable[[S3dlioError], T | None], error: S3dlioError) -> T | None:
    """Ask whether an earlier attempt was carried out; when that can't be told, it wasn't."""
    try:
        return resolve(error)
    except CancelledError:
        raise
    except S3dlioError as failed:
        _log.info("it can't be told whether an earlier attempt was carried out: %s", failed)
        return None
