"""A `requests.Response` that costs little to make.

Rules that hold in this file:
- `requests.Response.__init__` makes a cookie jar and more for each answer; here an attribute that
  few users look at is made when somebody looks.
- For users it is a `requests.Response` in every respect, pickling included.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import requests
import requests.cookies
import requests.utils
from requests.structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from s3dlio_http.body import Body

__all__ = ["LeanResponse", "make_response"]

_NO_TIME = dt.timedelta(0)


class LeanResponse(requests.Response):
    """An answer; cookies, history and encoding are made on first use."""

    _content = False  # type: ignore[assignment] # as requests has it
    _content_consumed = False
    _next = None
    elapsed = _NO_TIME

    def __getattr__(self, name: str) -> Any:
        """Make what is missing. Python calls this only for what isn't there."""
        if name == "history":
            value: Any = []
        elif name == "encoding":
            value = requests.utils.get_encoding_from_headers(self.headers)
        elif name == "cookies":
            value = requests.cookies.RequestsCookieJar()
            requests.cookies.extract_cookies_to_jar(value, self.request, self.raw)  # type: ignore[no-untyped-call]
        else:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        setattr(self, name, value)
        return value


def make_response(request: requests.PreparedRequest, body: Body, adapter: Any) -> LeanResponse:
    """Return the response to a request.

    Args:
        request: the request.
        body: the body with the head of the answer.
        adapter: what sent it; authentication sends again through it.
    """
    head = body.head
    headers = CaseInsensitiveDict.__new__(CaseInsensitiveDict)
    # Copying each field would take four times as long.
    headers._store = head.fields  # type: ignore[attr-defined] # noqa: SLF001
    response = LeanResponse.__new__(LeanResponse)
    response.__dict__ = {
        "connection": adapter,
        "headers": headers,
        "raw": body,
        "reason": head.reason,
        "request": request,
        "status_code": head.status,
        "url": request.url,
    }
    return response
