"""S3's error answers, as the XML that Amazon S3 sends.

Source: Amazon S3 API Reference, "Error responses".
"""

from __future__ import annotations

from xml.sax.saxutils import escape

REQUEST_ID = "0123456789ABCDEF"

STATUS_OF_CODE = {
    "AccessDenied": 403,
    "AuthorizationHeaderMalformed": 400,
    "AuthorizationQueryParametersError": 400,
    "BadDigest": 400,
    "IncompleteBody": 400,
    "InternalError": 500,
    "InvalidAccessKeyId": 403,
    "InvalidPart": 400,
    "InvalidRequest": 400,
    "InvalidToken": 400,
    "MissingContentLength": 411,
    "NotImplemented": 501,
    "PreconditionFailed": 412,
    "RequestTimeTooSkewed": 403,
    "SignatureDoesNotMatch": 403,
    "SlowDown": 503,
    "XAmzContentSHA256Mismatch": 400,
}

REASON_PHRASES = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    411: "Length Required",
    412: "Precondition Failed",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Slow Down",
}


def error_xml(code: str, message: str, details: dict[str, str] | None = None) -> bytes:
    """The body of an error answer; `details` are further elements, such as `Region`."""
    elements = {
        "Code": code,
        "Message": message,
        **(details or {}),
        "RequestId": REQUEST_ID,
        "HostId": "test",
    }
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in elements.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()


class S3Error(Exception):
    """A refusal, to be answered as S3 does."""

    def __init__(self, code: str, message: str, details: dict[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = STATUS_OF_CODE[code]
        self.body = error_xml(code, message, details)

    @property
    def status_line(self) -> str:
        """The status as WSGI wants it."""
        return f"{self.status} {REASON_PHRASES[self.status]}"
