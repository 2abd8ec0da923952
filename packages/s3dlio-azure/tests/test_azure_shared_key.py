"""Signatures by shared key, against those of azure-storage-blob and the documentation's example."""

from __future__ import annotations

import base64
import string
from types import SimpleNamespace
from typing import Any

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob._shared.authentication import SharedKeyCredentialPolicy
from hypothesis import example, given
from hypothesis import strategies as st

from s3dlio_azure.shared_key import authorization, string_to_sign
from s3dlio_core.rest.percent import encode_key

KEY = base64.b64encode(bytes(range(64))).decode()
NAMES = st.text(string.ascii_lowercase + string.digits + "_-", min_size=1, max_size=12)
VALUES = st.text(string.ascii_letters + string.digits + "/=+:;,.()%&\"' ", max_size=20).map(
    str.strip
)
#: Those that are signed by their value alone. For "range" the SDK looks under another name.
STANDARD = (
    "content-encoding",
    "content-language",
    "content-md5",
    "content-type",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
)


def authorization_of_sdk(account: str, method: str, url: str, headers: dict[str, str]) -> str:
    """Return what azure-storage-blob signs a request with."""
    policy = SharedKeyCredentialPolicy(account, KEY)  # type: ignore[no-untyped-call]
    request = HttpRequest(method, url, headers)
    context: Any = SimpleNamespace(transport=None)
    policy.on_request(PipelineRequest(request, context))  # type: ignore[no-untyped-call]
    return str(request.headers["Authorization"])


@given(
    method=st.sampled_from(["GET", "PUT", "HEAD", "DELETE", "POST"]),
    base=st.sampled_from(["", "/devstoreaccount1"]),
    key=st.text(min_size=1, max_size=20).filter(lambda key: key.isprintable()),
    query=st.dictionaries(
        st.sampled_from(["comp", "restype", "prefix", "marker", "blockid", "versionid", "comp2"]),
        st.text(max_size=12),
    ),
    x_ms=st.dictionaries(NAMES.map("x-ms-{}".format), VALUES, max_size=6),
    standard=st.dictionaries(st.sampled_from(STANDARD), VALUES),
    length=st.sampled_from([None, "0", "1", "5000"]),
)
@example(
    "PUT", "", "k", {}, {"x-ms-meta-a_": "1", "x-ms-meta-a1": "2", "x-ms-meta-aa": ""}, {}, "0"
)
@example("GET", "", "k", {}, {"x-ms-a-b": "1", "x-ms-ab": "2", "x-ms-a-a": "3"}, {}, None)
def test_signature_is_that_of_azure_storage_blob(
    method: str,
    base: str,
    key: str,
    query: dict[str, str],
    x_ms: dict[str, str],
    standard: dict[str, str],
    length: str | None,
) -> None:
    """Any request is signed as by the SDK: order of headers and parameters, path, emulators."""
    headers = {**standard, **x_ms, **({} if length is None else {"Content-Length": length})}
    path = f"{base}/container/{encode_key(key)}"
    encoded = "&".join(f"{name}={encode_key(value)}" for name, value in query.items())
    url = f"http://host{path}?{encoded}" if encoded else f"http://host{path}"
    ours = authorization(
        "devstoreaccount1", base64.b64decode(KEY), method, path, tuple(query.items()), headers
    )
    assert authorization_of_sdk("devstoreaccount1", method, url, headers) == ours


def test_the_documented_example() -> None:
    """The string to sign of "Get Container Metadata", as the documentation writes it out."""
    headers = {"x-ms-date": "Fri, 26 Jun 2015 23:39:12 GMT", "x-ms-version": "2015-02-21"}
    query = (("comp", "metadata"), ("restype", "container"), ("timeout", "20"))
    assert (
        "GET\n\n\n\n\n\n\n\n\n\n\n\n"
        "x-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n"
        "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"
    ) == string_to_sign("myaccount", "GET", "/mycontainer", query, headers)


def test_a_range_is_signed() -> None:
    """The Range header has a line of its own, which the SDK never uses."""
    lines = string_to_sign("a", "GET", "/c/k", (), {"range": "bytes=0-9"}).split("\n")
    assert lines[11] == "bytes=0-9"
