"""The signer against botocore's, with whatever S3 takes."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from s3dlio_core.rest.percent import encode_key
from s3dlio_s3.credentials import Credentials
from s3dlio_s3.sigv4 import (
    EMPTY_PAYLOAD_HASH,
    UNSIGNED_PAYLOAD,
    canonical_query,
    presign_url,
    sign_headers,
    signing_key,
)

HOST = "bucket.s3.eu-west-1.amazonaws.com"
REGION = "eu-west-1"
AMZ_DATE = "20260102T030405Z"

METHODS = st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE"])
PIECES = st.sampled_from(
    (
        *("a", "B9", "/", "//", ".", "..", "/../", " ", "+", "%", "%41", "=", "&", "?", "#", "~"),
        *("-", "_", ":", ";", ",", "'", '"', "\\", "\n", "\r", "\x00", "\x7f"),
        *("\xe9", "\u4e2d", "\U0001f600"),
    )
)
KEYS = st.lists(PIECES, min_size=1, max_size=12).map("".join) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40
)
QUERIES = st.dictionaries(KEYS, KEYS | st.just(""), max_size=4)
HEADER_NAMES = st.sampled_from(
    (
        "content-md5",
        "content-type",
        "if-match",
        "range",
        "x-amz-acl",
        "x-amz-copy-source",
        "x-amz-meta-a",
        "x-amz-meta-b",
    )
)
HEADERS = st.dictionaries(
    HEADER_NAMES, st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
)
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
TOKENS = st.just("") | SECRETS
PAYLOADS = st.sampled_from([EMPTY_PAYLOAD_HASH, UNSIGNED_PAYLOAD])


def boto_request(
    method: str, key: str, query: dict[str, str], headers: dict[str, str], payload: str
) -> Any:
    """Return the same request as botocore knows it."""
    encoded = canonical_query(query.items())
    url = f"https://{HOST}/{encode_key(key)}" + (f"?{encoded}" if encoded else "")
    request = AWSRequest(method, url, headers={**headers, "Host": HOST})
    request.context["timestamp"] = AMZ_DATE
    request.headers["X-Amz-Content-SHA256"] = payload
    request.headers["X-Amz-Date"] = AMZ_DATE
    return request


@settings(deadline=None, max_examples=150)
@given(
    method=METHODS,
    key=KEYS,
    query=QUERIES,
    headers=HEADERS,
    secret=SECRETS,
    token=TOKENS,
    payload=PAYLOADS,
)
def test_signed_headers_are_those_of_botocore(
    method: str,
    key: str,
    query: dict[str, str],
    headers: dict[str, str],
    secret: str,
    token: str,
    payload: str,
) -> None:
    """A request signed in its headers has the signature that botocore gives it."""
    request = boto_request(method, key, query, headers, payload)
    auth = S3SigV4Auth(BotoCredentials("AKID", secret, token or None), "s3", REGION)
    if token:
        request.headers["X-Amz-Security-Token"] = token
    text = auth.string_to_sign(request, auth.canonical_request(request))
    auth._inject_signature_to_request(request, auth.signature(text, request))
    signed = sign_headers(
        method,
        f"/{encode_key(key)}",
        canonical_query(query.items()),
        {**headers, "host": HOST},
        payload_hash=payload,
        credentials=Credentials("AKID", secret, token),
        region=REGION,
        amz_date=AMZ_DATE,
    )
    assert request.headers["Authorization"] == signed["authorization"]


@settings(deadline=None, max_examples=150)
@given(
    method=METHODS,
    key=KEYS,
    query=QUERIES,
    secret=SECRETS,
    token=TOKENS,
    expires_s=st.integers(1, 604_800),
)
def test_presigned_url_is_that_of_botocore(
    method: str, key: str, query: dict[str, str], secret: str, token: str, expires_s: int
) -> None:
    """A presigned URL has the parameters and the signature that botocore gives it."""
    query = {f"p-{name}": value for name, value in query.items() if value}
    url = f"https://{HOST}/{encode_key(key)}"
    request = AWSRequest(method, url, params=query, headers={"Host": HOST})
    request.context["timestamp"] = AMZ_DATE
    credentials = BotoCredentials("AKID", secret, token or None)
    auth = S3SigV4QueryAuth(credentials, "s3", REGION, expires=expires_s)
    auth._modify_request_before_signing(request)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    auth._inject_signature_to_request(request, auth.signature(text, request))
    ours = presign_url(
        method,
        f"https://{HOST}",
        f"/{encode_key(key)}",
        credentials=Credentials("AKID", secret, token),
        region=REGION,
        amz_date=AMZ_DATE,
        expires_s=expires_s,
        query=query.items(),
    )
    assert parameters(request.url) == parameters(ours)
    assert urlsplit(request.url).path == urlsplit(ours).path


def parameters(url: str) -> list[tuple[str, str]]:
    """Return the decoded parameters of a URL, sorted."""
    return sorted(parse_qsl(url.partition("?")[2], keep_blank_values=True))


def test_signature_of_the_documented_example() -> None:
    """The GET Object example of the S3 API Reference has the signature that is printed there."""
    signed = sign_headers(
        "GET",
        "/test.txt",
        "",
        {"host": "examplebucket.s3.amazonaws.com", "range": "bytes=0-9"},
        payload_hash=EMPTY_PAYLOAD_HASH,
        credentials=Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region="us-east-1",
        amz_date="20130524T000000Z",
    )
    expected = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    assert expected == signed["authorization"].rpartition("Signature=")[2]


@pytest.mark.parametrize("expires_s", [0, -1, 604_801])
def test_life_of_a_presigned_url_is_bounded(expires_s: int) -> None:
    """A presigned URL lives one second to seven days."""
    with pytest.raises(ValueError, match="604800 seconds"):
        presign_url(
            "GET",
            f"https://{HOST}",
            "/k",
            credentials=Credentials("AKID", "secret"),
            region=REGION,
            amz_date=AMZ_DATE,
            expires_s=expires_s,
        )


def test_signing_key_is_cached() -> None:
    """The key of a day and region is derived once."""
    assert signing_key("s", "20260102", REGION) is signing_key("s", "20260102", REGION)
