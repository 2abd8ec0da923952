"""Both servers let rightly signed requests in, and refuse all others as Amazon S3 does."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.servers.signed_client import SignedClient, object_target

if TYPE_CHECKING:
    from tests.servers.base import S3Server
    from tests.servers.moto_server import MotoServer

PORTABLE_KEYS = [
    "plain",
    "a+b",
    "a=b",
    "a b",
    "a%41b",
    "naïve \U0001f600",
    "q\"'<&>?#",
    "~(*)!,;:@$",
]
OBJECT_STORE_KEYS = ["a//b", "/leading", "trailing/", "a/./b", "a/../b", "line\nend", "x" * 1024]
# S3's words, and rclone's own for no signature at all and for a date in the past.
REFUSALS = {
    (403, "AccessDenied"),
    (403, "RequestTimeTooSkewed"),
    (400, "UnsupportedAlgorithm"),
    (400, "AccessDenied"),
}


def round_trip(server: S3Server, bucket: str, key: str) -> bytes:
    """What a get answers after a put of the key's own bytes."""
    with SignedClient(server) as client:
        client.put_object(bucket, key, key.encode())
        return client.get_object(bucket, key)


@pytest.mark.parametrize("key", PORTABLE_KEYS)
def test_right_signature_is_accepted(s3_server: S3Server, s3_bucket: str, key: str) -> None:
    """A rightly signed put and get pass, whatever characters the key has."""
    assert key.encode() == round_trip(s3_server, s3_bucket, key)


@pytest.mark.parametrize("key", OBJECT_STORE_KEYS)
def test_moto_keeps_keys_exact(moto_s3: MotoServer, moto_bucket: str, key: str) -> None:
    """Keys that are no safe paths reach moto unchanged, and are listed so."""
    assert key.encode() == round_trip(moto_s3, moto_bucket, key)
    with SignedClient(moto_s3) as client:
        listing = client.request("GET", f"/{moto_bucket}?encoding-type=url&list-type=2").body
    encoded = object_target("", key).removeprefix("//").encode()
    assert f"<Key>{encoded.decode()}</Key>".encode() in listing.replace(b"%2F", b"/")


@pytest.mark.parametrize("key", PORTABLE_KEYS)
def test_presigned_get_is_accepted(s3_server: S3Server, s3_bucket: str, key: str) -> None:
    """A rightly presigned target needs no header."""
    with SignedClient(s3_server) as client:
        client.put_object(s3_bucket, key, b"content")
        target = client.presigned_target("GET", object_target(s3_bucket, key))
        assert client.send("GET", target).expect(200).body == b"content"


def test_query_is_canonicalised_before_the_check(moto_s3: MotoServer, moto_bucket: str) -> None:
    """Parameters may come in any order and encoding that means the same."""
    canonical = f"/{moto_bucket}?delimiter=%2F&list-type=2&prefix=a%20b"
    with SignedClient(moto_s3) as client:
        headers = client.signed_headers("GET", canonical)
        sent = f"/{moto_bucket}?prefix=a+b&list-type=2&delimiter=/"
        assert client.send("GET", sent, headers=headers).status == 200


def test_wrong_secret_is_refused(s3_server: S3Server, s3_bucket: str) -> None:
    """A signature with another secret doesn't match."""
    with SignedClient(s3_server, secret_key="another") as client:
        answer = client.request("GET", f"/{s3_bucket}?list-type=2")
    assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")


def test_unknown_access_key_is_refused(s3_server: S3Server, s3_bucket: str) -> None:
    """An access key that isn't known is named as such."""
    with SignedClient(s3_server, access_key="AKIDSTRANGER") as client:
        answer = client.request("GET", f"/{s3_bucket}?list-type=2")
    assert (answer.status, answer.error_code) == (403, "InvalidAccessKeyId")


def test_tampered_signature_is_refused(s3_server: S3Server, s3_bucket: str) -> None:
    """One changed digit of the signature is enough."""
    with SignedClient(s3_server) as client:
        headers = client.signed_headers("GET", f"/{s3_bucket}?list-type=2")
        signature = headers["Authorization"]
        headers["Authorization"] = signature[:-1] + ("0" if signature[-1] != "0" else "1")
        answer = client.send("GET", f"/{s3_bucket}?list-type=2", headers=headers)
    assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")


def test_signature_of_another_key_is_refused(s3_server: S3Server, s3_bucket: str) -> None:
    """The path is covered by the signature."""
    with SignedClient(s3_server) as client:
        headers = client.signed_headers("PUT", object_target(s3_bucket, "one"), body=b"x")
        answer = client.send("PUT", object_target(s3_bucket, "two"), body=b"x", headers=headers)
    assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")


def test_changed_signed_header_is_refused(s3_server: S3Server, s3_bucket: str) -> None:
    """The signed headers are covered by the signature."""
    target = object_target(s3_bucket, "key")
    with SignedClient(s3_server) as client:
        headers = client.signed_headers("PUT", target, headers={"x-amz-meta-a": "1"})
        headers["x-amz-meta-a"] = "2"
        answer = client.send("PUT", target, headers=headers)
    assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")


def test_unsigned_amz_header_is_refused(s3_server: S3Server, s3_bucket: str) -> None:
    """Every x-amz header must be signed."""
    target = object_target(s3_bucket, "key")
    with SignedClient(s3_server) as client:
        headers = client.signed_headers("PUT", target)
        headers["x-amz-meta-a"] = "1"
        answer = client.send("PUT", target, headers=headers)
    assert (answer.status, answer.error_code) == (403, "AccessDenied")


@pytest.mark.parametrize("skew", [timedelta(minutes=-16), timedelta(minutes=16)])
def test_stale_date_is_refused(s3_server: S3Server, s3_bucket: str, skew: timedelta) -> None:
    """A signature of more than fifteen minutes ago, or ahead, is refused."""
    signed_at = datetime.now(timezone.utc) + skew
    with SignedClient(s3_server, signed_at=signed_at) as client:
        answer = client.request("GET", f"/{s3_bucket}?list-type=2")
    assert (answer.status, answer.error_code) in REFUSALS


@pytest.mark.parametrize("skew", [timedelta(minutes=-16), timedelta(minutes=16)])
def test_moto_says_that_a_date_is_stale(
    moto_s3: MotoServer, moto_bucket: str, skew: timedelta
) -> None:
    """The layer names the reason as S3 does, with the server's time."""
    signed_at = datetime.now(timezone.utc) + skew
    with SignedClient(moto_s3, signed_at=signed_at) as client:
        answer = client.request("GET", f"/{moto_bucket}?list-type=2")
    assert (answer.status, answer.error_code) == (403, "RequestTimeTooSkewed")
    assert b"<ServerTime>" in answer.body


def test_small_skew_is_accepted(s3_server: S3Server, s3_bucket: str) -> None:
    """Clocks may differ by some minutes."""
    signed_at = datetime.now(timezone.utc) - timedelta(minutes=14)
    with SignedClient(s3_server, signed_at=signed_at) as client:
        assert client.request("GET", f"/{s3_bucket}?list-type=2").status == 200


def test_unsigned_request_is_refused(s3_server: S3Server, s3_bucket: str) -> None:
    """Nothing is public."""
    with SignedClient(s3_server) as client:
        answer = client.send("GET", f"/{s3_bucket}?list-type=2")
    assert (answer.status, answer.error_code) in REFUSALS


def test_expired_presigned_target_is_refused(s3_server: S3Server, s3_bucket: str) -> None:
    """A presigned target ends with its expiry."""
    signed_at = datetime.now(timezone.utc) - timedelta(seconds=120)
    with SignedClient(s3_server, signed_at=signed_at) as client:
        target = client.presigned_target("GET", f"/{s3_bucket}?list-type=2", expires_s=60)
        answer = client.send("GET", target)
    assert (answer.status, answer.error_code) in REFUSALS


def test_tampered_presigned_target_is_refused(s3_server: S3Server, s3_bucket: str) -> None:
    """A presigned target holds for its own path alone."""
    with SignedClient(s3_server) as client:
        target = client.presigned_target("GET", object_target(s3_bucket, "one"))
        answer = client.send("GET", target.replace("/one", "/two"))
    assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")


def test_wrong_payload_hash_is_refused(moto_s3: MotoServer, moto_bucket: str) -> None:
    """The body is compared with the hash that was signed."""
    target = object_target(moto_bucket, "key")
    with SignedClient(moto_s3) as client:
        headers = client.signed_headers("PUT", target, body=b"signed")
        answer = client.send("PUT", target, body=b"posted", headers=headers)
        missing = client.request("GET", target)
    assert (answer.status, answer.error_code) == (400, "XAmzContentSHA256Mismatch")
    assert missing.status == 404


def test_unsigned_payload_is_accepted(s3_server: S3Server, s3_bucket: str) -> None:
    """A client may leave the body out of the signature."""
    target = object_target(s3_bucket, "key")
    with SignedClient(s3_server) as client:
        headers = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
        client.request("PUT", target, body=b"content", headers=headers).expect(200)
        assert client.get_object(s3_bucket, "key") == b"content"


def test_wrong_region_is_answered_with_the_right_one(moto_s3: MotoServer, moto_bucket: str) -> None:
    """A client learns the region from the answer."""
    with SignedClient(moto_s3) as client:
        headers = client.signed_headers("GET", f"/{moto_bucket}")
        credential = headers["Authorization"].replace("/us-east-1/", "/eu-west-1/")
        headers["Authorization"] = credential
        answer = client.send("GET", f"/{moto_bucket}", headers=headers)
    assert (answer.status, answer.error_code) == (400, "AuthorizationHeaderMalformed")
    assert b"<Region>us-east-1</Region>" in answer.body


def test_chunked_request_is_refused(moto_s3: MotoServer, moto_bucket: str) -> None:
    """S3 takes no Transfer-Encoding, and neither does the layer."""
    target = object_target(moto_bucket, "key")
    with SignedClient(moto_s3) as client:
        headers = client.signed_headers("PUT", target)
        headers["Transfer-Encoding"] = "chunked"
        answer = client.send("PUT", target, headers=headers)
    assert (answer.status, answer.error_code) == (501, "NotImplemented")
