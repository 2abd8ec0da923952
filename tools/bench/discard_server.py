"""An S3 server that keeps nothing: it takes any signature, forgets bodies, and sends zeros.

    python -m tools.bench.discard_server

It measures what a client costs and proves nothing about correctness. It remembers each object's
size alone, so what was uploaded can be looked up, listed and downloaded, as so many zeros. It
prints `{"port": N}` and ends when its standard input closes.

Rules of this file: one thread per connection, heads parsed by hand, bodies received into one buffer
and sent from one, both of 1 MiB.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

BUFFER_SIZE_BYTES: Final = 1 << 20
ZEROS: Final = memoryview(bytes(BUFFER_SIZE_BYTES))
# The form of a multipart object's ETag, which no client takes for a checksum of the content.
ETAG: Final = '"d41d8cd98f00b204e9800998ecf8427e-1"'
MODIFIED_S: Final = 1_700_000_000
MODIFIED_ISO: Final = "2023-11-14T22:13:20.000Z"
NAMESPACE: Final = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@dataclass(slots=True)
class Request:
    """A request's head."""

    method: str
    bucket: str
    key: str
    parameters: dict[str, str]
    headers: dict[str, str]

    @property
    def body_size_bytes(self) -> int:
        """The Content-Length, 0 without one."""
        return int(self.headers.get("content-length", "0"))


@dataclass(slots=True)
class Answer:
    """An answer: `body`, or so many zeros."""

    status: str = "200 OK"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    zeros_size_bytes: int = 0


@dataclass(slots=True)
class Sizes:
    """What the server remembers: sizes of objects, and of parts of open uploads."""

    objects: dict[tuple[str, str], int] = field(default_factory=dict)
    uploads: dict[str, dict[int, int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def parse_head(head: bytes) -> Request:
    """Read a head; the path is in path style."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    bucket, _, key = path[1:].partition("/")
    fields = (line.partition(":") for line in lines if line)
    return Request(
        method,
        bucket,
        unquote(key),
        dict(parse_qsl(query, keep_blank_values=True)),
        {name.lower(): value.strip() for name, _, value in fields},
    )


def error(status: str, code: str) -> Answer:
    """An S3 error."""
    body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
    return Answer(status, {"Content-Type": "application/xml"}, body)


def document(root: str, content: str) -> Answer:
    """A 200 with an XML document."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {NAMESPACE}>{content}</{root}>'
    return Answer(headers={"Content-Type": "application/xml"}, body=body.encode())


def answer_request(request: Request, sizes: Sizes) -> Answer:
    """The answer to a request whose body has been read."""
    if not request.key:
        return answer_bucket(request, sizes)
    if request.method in ("GET", "HEAD") and "uploadId" not in request.parameters:
        return answer_read(request, sizes)
    if request.method == "PUT":
        return answer_write(request, sizes)
    return answer_upload(request, sizes)


def answer_bucket(request: Request, sizes: Sizes) -> Answer:
    """Buckets exist as soon as they are named."""
    if request.method == "POST":
        return document("DeleteResult", "")
    if request.method == "DELETE":
        return Answer("204 No Content")
    if request.method != "GET":
        return Answer()
    if "location" in request.parameters:
        return document("LocationConstraint", "")
    if "uploads" in request.parameters:
        return document("ListMultipartUploadsResult", "<IsTruncated>false</IsTruncated>")
    prefix = request.parameters.get("prefix", "")
    listed = sorted(
        (key, size)
        for (bucket, key), size in sizes.objects.items()
        if bucket == request.bucket and key.startswith(prefix)
    )
    contents = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>{MODIFIED_ISO}</LastModified>"
        f"<ETag>{ETAG}</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for key, size in listed
    )
    head = f"<Name>{request.bucket}</Name><Prefix>{escape(prefix)}</Prefix>"
    count = f"<KeyCount>{len(listed)}</KeyCount><IsTruncated>false</IsTruncated>"
    return document("ListBucketResult", f"{head}{count}{contents}")


def answer_read(request: Request, sizes: Sizes) -> Answer:
    """An object's head, and its zeros for a GET."""
    size = sizes.objects.get((request.bucket, request.key))
    if size is None:
        return error("404 Not Found", "NoSuchKey")
    headers = {
        "ETag": ETAG,
        "Last-Modified": formatdate(MODIFIED_S, usegmt=True),
        "Accept-Ranges": "bytes",
    }
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if found is None:
        return Answer(headers=headers, zeros_size_bytes=size)
    first = int(found[1])
    last = min(int(found[2] or size - 1), size - 1)
    if first > last:
        return error("416 Range Not Satisfiable", "InvalidRange")
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Answer("206 Partial Content", headers, zeros_size_bytes=last - first + 1)


def answer_write(request: Request, sizes: Sizes) -> Answer:
    """PutObject and UploadPart: remember the size, echo the checksums."""
    upload = sizes.uploads.get(request.parameters.get("uploadId", ""))
    if upload is not None:
        upload[int(request.parameters["partNumber"])] = request.body_size_bytes
    elif "uploadId" in request.parameters:
        return error("404 Not Found", "NoSuchUpload")
    else:
        sizes.objects[request.bucket, request.key] = request.body_size_bytes
    echoed = {
        name: value
        for name, value in request.headers.items()
        if name.startswith("x-amz-checksum-") and name != "x-amz-checksum-algorithm"
    }
    return Answer(headers={"ETag": ETAG, **echoed})


def answer_upload(request: Request, sizes: Sizes) -> Answer:
    """Create, list, complete and abort multipart uploads; and delete objects."""
    if request.method == "POST" and "uploads" in request.parameters:
        with sizes.lock:
            upload_id = f"upload-{len(sizes.uploads) + 1}"
            sizes.uploads[upload_id] = {}
        key = f"<Key>{escape(request.key)}</Key>"
        inner = f"<Bucket>{request.bucket}</Bucket>{key}<UploadId>{upload_id}</UploadId>"
        return document("InitiateMultipartUploadResult", inner)
    upload_id = request.parameters.get("uploadId", "")
    if not upload_id:
        sizes.objects.pop((request.bucket, request.key), None)
        return Answer("204 No Content")
    parts = sizes.uploads.get(upload_id)
    if parts is None:
        return error("404 Not Found", "NoSuchUpload")
    if request.method == "GET":
        listed = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{ETAG}</ETag><Size>{size}</Size></Part>"
            for number, size in sorted(parts.items())
        )
        return document("ListPartsResult", f"<IsTruncated>false</IsTruncated>{listed}")
    sizes.uploads[upload_id] = {}
    if request.method == "DELETE":
        return Answer("204 No Content")
    sizes.objects[request.bucket, request.key] = sum(parts.values())
    key = f"<Key>{escape(request.key)}</Key>"
    inner = f"<Bucket>{request.bucket}</Bucket>{key}<ETag>{escape(ETAG)}</ETag>"
    return document("CompleteMultipartUploadResult", inner)


def render_head(answer: Answer, method: str) -> bytes:
    """An answer's head."""
    lines = [f"HTTP/1.1 {answer.status}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if not answer.status.startswith("204"):
        lines.append(f"Content-Length: {len(answer.body) or answer.zeros_size_bytes}")
    lines += ["x-amz-request-id: 0000000000000000", "", ""]
    return "\r\n".join(lines).encode("latin-1") + (b"" if method == "HEAD" else answer.body)


def serve_connection(connection: socket.socket, sizes: Sizes) -> None:
    """Answer requests until the client closes the connection."""
    buffer = bytearray(BUFFER_SIZE_BYTES)
    view = memoryview(buffer)
    pending = b""
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            while b"\r\n\r\n" not in pending:
                received = connection.recv(1 << 16)
                if not received:
                    return
                pending += received
            head, _, pending = pending.partition(b"\r\n\r\n")
            request = parse_head(head)
            if request.headers.get("expect", "").lower() == "100-continue":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            remaining = request.body_size_bytes
            pending, remaining = pending[remaining:], max(0, remaining - len(pending))
            while remaining > 0:
                count = connection.recv_into(view[: min(remaining, BUFFER_SIZE_BYTES)])
                if count == 0:
                    return
                remaining -= count
            answer = answer_request(request, sizes)
            connection.sendall(render_head(answer, request.method))
            to_send = 0 if request.method == "HEAD" else answer.zeros_size_bytes
            while to_send > 0:
                sent = connection.send(ZEROS[: min(to_send, BUFFER_SIZE_BYTES)])
                to_send -= sent


def serve_quietly(connection: socket.socket, sizes: Sizes) -> None:
    """Answer requests; a client that goes away is no event."""
    try:
        serve_connection(connection, sizes)
    except ConnectionError:
        return


def accept_connections(listener: socket.socket, sizes: Sizes) -> None:
    """Serve each connection in a thread of its own."""
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_quietly, args=(connection, sizes), daemon=True).start()


def main() -> None:
    """Serve until standard input closes."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    threading.Thread(target=accept_connections, args=(listener, Sizes()), daemon=True).start()
    sys.stdout.write(json.dumps({"port": listener.getsockname()[1]}) + "\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
