"""A transport adapter for requests: pooled HTTP/1.1, bodies into buffers of the caller's.

    session = requests.Session()
    session.mount("https://", s3dlio_http.HttpAdapter())

`s3dlio_http.adapter` has the adapter, `s3dlio_http.body` what `response.raw` is.
"""

from s3dlio_http.adapter import HttpAdapter, make_adapter
from s3dlio_http.answer_head import HeadLimits
from s3dlio_http.speed import MinimumSpeed

__all__ = ["HeadLimits", "HttpAdapter", "MinimumSpeed", "make_adapter"]
