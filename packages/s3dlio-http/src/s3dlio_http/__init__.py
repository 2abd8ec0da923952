"""A transport adapter for requests: pooled HTTP/1.1, bodies into buffers of the caller's."""

from s3dlio_http.adapter import HttpAdapter, make_adapter

__all__ = ["HttpAdapter", "make_adapter"]
