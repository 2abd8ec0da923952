"""The adapter."""

from __future__ import annotations

import requests.adapters

__all__ = ["HttpAdapter", "make_adapter"]


class HttpAdapter(requests.adapters.HTTPAdapter):
    """A transport adapter."""

    def __init__(self, *, max_pool_size: int = 10) -> None:
        super().__init__(pool_maxsize=max_pool_size, max_retries=0)


def make_adapter(*, max_pool_size: int = 10) -> requests.adapters.BaseAdapter:
    """Make the adapter."""
    return HttpAdapter(max_pool_size=max_pool_size)
