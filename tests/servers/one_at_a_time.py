"""Before moto and what looks into its objects: each request is alone, as if one came after another.

Amazon S3 never answers with a mix of two versions of an object. Here one would, when a read or a
listing meets a write:

- Our own layers look an object up more than once for one request. `ChecksumCheck` tells the
  checksum of the object that it finds after moto has answered, and so the next version's beside the
  ETag and the bytes of this one; `_Storage` takes the head of a range from one version and its
  bytes from the next; and what `ChecksumCheck` and `CustomerKeyCheck` remember of an object comes
  after the object itself.
- moto shows a new object before it has its metadata and the algorithm of its checksum, and closes
  the file of the old one before the new one is there, so that who reads it gets a 500.
- moto computes an ETag when somebody first asks for it, from the file that others read at the same
  time, and without the lock that they hold. An ETag of a few or of no bytes then stays with the
  object, and the other reader gets an empty body with status 200.
- moto checks the condition of a write and then writes; Amazon S3 does both at once.

All of this is over when the answer is made: so the lock is held while a request is worked on, and
not while its body comes or its answer leaves. It is one lock for all objects, because a listing,
a copy or a deletion of many meets with more than one.

Rules of this file: the body must have been read already, or one slow client would stop all others;
nothing is repeated, and no answer is changed.

Source: Amazon S3 User Guide, "What is Amazon S3?", "Amazon S3 data consistency model"; moto 5.2.5,
`FakeKey.etag` and `S3Backend.put_object` (s3/models.py), `put_object` (s3/responses.py) and
`_VersionedKeyStore.setlist` (s3/utils.py).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class OneAtATime:
    """WSGI middleware: lets one request after the other through.

    Args:
        app: what is not to meet itself.
        call: runs a WSGI application to its end.
    """

    def __init__(
        self,
        app: WSGIApplication,
        call: Callable[
            [WSGIApplication, WSGIEnvironment], tuple[str, list[tuple[str, str]], bytes]
        ],
    ) -> None:
        self._app = app
        self._call = call
        self._working = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        with self._working:
            status, headers, content = self._call(self._app, environ)
        start_response(status, headers)
        return [content]
