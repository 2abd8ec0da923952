"""Customer keys (SSE-C) for moto, which ignores them: each request must bring the right one.

Rules of this file: nothing is encrypted; what is remembered is which key an object or an upload was
written with, by its MD5. Versions of one object share the key of the last.

Source: Amazon S3 User Guide, "Using server-side encryption with customer-provided keys (SSE-C)".
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote

from tests.servers.s3_error import S3Error
from tests.servers.signature_check import raw_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX: Final = "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_CUSTOMER"
SOURCE_PREFIX: Final = "HTTP_X_AMZ_COPY_SOURCE_SERVER_SIDE_ENCRYPTION_CUSTOMER"
ANSWER: Final = "x-amz-server-side-encryption-customer"
_UPLOAD_ID: Final = re.compile(rb"<UploadId>([^<]+)</UploadId>")


def digest_of(environ: WSGIEnvironment, prefix: str) -> str | None:
    """The MD5 of the key that a request brings, or None.

    Raises:
        S3Error: the three headers don't fit together.
    """
    given = [environ.get(f"{prefix}_{name}") for name in ("ALGORITHM", "KEY", "KEY_MD5")]
    algorithm, key, digest = given
    if not any(given):
        return None
    raw = base64.b64decode(key or "")
    computed = base64.b64encode(hashlib.md5(raw).digest()).decode()
    if algorithm != "AES256" or len(raw) != 32 or digest != computed:
        raise S3Error("InvalidRequest", "The customer key, its algorithm and its MD5 don't fit.")
    return computed


def check(stored: str | None, brought: str | None) -> None:
    """Compare the key that something was written with to the one that a request brings.

    Raises:
        S3Error: they differ, or one is missing.
    """
    if stored == brought:
        return
    if stored is None:
        raise S3Error("InvalidRequest", "The encryption parameters are not applicable here.")
    if brought is None:
        raise S3Error(
            "InvalidRequest",
            "The object was stored using a form of Server Side Encryption. The correct parameters "
            "must be provided to retrieve the object.",
        )
    raise S3Error("AccessDenied", "Access Denied")


class CustomerKeyCheck:
    """Stands before an S3 application."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._objects: dict[str, str | None] = {}
        self._uploads: dict[str, str | None] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or refuse it."""
        try:
            return self._answer(environ, start_response)
        except S3Error as error:
            start_response(error.status_line, [("Content-Type", "application/xml")])
            return [error.body]

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, brought = environ["REQUEST_METHOD"], digest_of(environ, PREFIX)
        path, query = raw_target(environ)
        name, parameters = unquote(path), parse_qs(query, keep_blank_values=True)
        upload_id = parameters.get("uploadId", [""])[0]
        if source := environ.get("HTTP_X_AMZ_COPY_SOURCE"):
            of_source = unquote("/" + source.partition("?")[0].lstrip("/"))
            check(self._objects.get(of_source), digest_of(environ, SOURCE_PREFIX))
        if upload_id and method != "DELETE":
            check(self._uploads.get(upload_id), brought)
        elif method in {"GET", "HEAD"}:
            check(self._objects.get(name), brought)
        status, content = self._call(environ, start_response, brought)
        if status.startswith("200") and method in {"PUT", "POST"}:
            if "uploads" in parameters:
                found = _UPLOAD_ID.search(content)
                self._uploads[found[1].decode() if found else ""] = brought
            elif method == "POST" or not upload_id:
                self._objects[name] = brought
        return [content]

    def _call(
        self, environ: WSGIEnvironment, start_response: StartResponse, brought: str | None
    ) -> tuple[str, bytes]:
        """Let the application answer, and say which key it was."""
        seen: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[..., Any]:
            seen.append(status)
            if brought is not None and status.startswith("2"):
                named = [(f"{ANSWER}-algorithm", "AES256"), (f"{ANSWER}-key-MD5", brought)]
                headers = [*headers, *named]
            return start_response(status, headers, *rest)

        content = b"".join(self._app(environ, start))
        return seen[-1], content
