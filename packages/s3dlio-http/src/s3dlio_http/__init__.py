"""A transport adapter for requests: pooled HTTP/1.1, bodies into buffers of the caller's.

    session = requests.Session()
    session.mount("https://", s3dlio_http.HttpAdapter())

`s3dlio_http.adapter` has the adapter, `s3dlio_http.body` what `response.raw` is.
`s3dlio_http.client` is for programs that sign their requests themselves.
"""

from s3dlio_http.adapter import HttpAdapter, make_adapter
from s3dlio_http.answer_head import HeadLimits
from s3dlio_http.client import HttpAnswer, HttpClient, HttpRequest
from s3dlio_http.speed import MinimumSpeed
from s3dlio_http.wire_errors import WireError, WireErrorKind

__all__ = [
    "HeadLimits",
    "HttpAdapter",
    "HttpAnswer",
    "HttpClient",
    "HttpRequest",
    "MinimumSpeed",
    "WireError",
    "WireErrorKind",
    "make_adapter",
]
