"""The one place that retries: decorators round any provider and store.

    policy   how often and how long to wait; the shared budget; slowing down when throttled
    store    RetryingProvider and RetryingStore

What is retried: errors that say they are retryable. What is resolved instead of guessed: a write
whose answer was lost (see `store`).
"""

from __future__ import annotations

from s3dlio_core.retry.policy import Retrier, RetryPolicy
from s3dlio_core.retry.store import RetryingProvider, RetryingStore

__all__ = ["Retrier", "RetryPolicy", "RetryingProvider", "RetryingStore"]
