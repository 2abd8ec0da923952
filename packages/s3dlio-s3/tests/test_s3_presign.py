"""Presigned URLs, each of them judged by a check that shares no code with what signed it."""

from __future__ import annotations

import io
import itertools
import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.servers.s3_error import S3Error
from tests.servers.signature_check import SignatureCheck

from s3dlio_core.errors import InvalidKeyError, NotSupportedError, UsageError
from s3dlio_core.logs import redact
from s3dlio_s3 import Credentials, RequestSettings, S3Config, S3Store, presign_url

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SECRET: Final = "secret/with+odd=characters"
TOKEN: Final = "token/with+odd=characters"
_ids: Final = itertools.count()

#: Every kind of character that a path or a query could take for something else.
ODD_KEYS: Final = (
    "plain.txt",
    "a b",
    "a+b",
    "a%41%2Fb",
    "q?x=1&y=2#z",
    "=&;:@$!*'(),",
    '<">[]{}|\\^`~',
    "naïve/\U0001f600/日本",
    "/leading",
    "a//b/",
    "a/./../b",
    "new\nline\ttab\x7f",
    "X-Amz-Signature=x",
)
METHODS: Final = ("GET", "HEAD", "PUT", "DELETE")


def store_of(bucket: str = "bucket", *, token: str = "", **values: Any) -> S3Store:
    """A store whose credentials nobody else has, so that its warnings are its own."""
    credentials = Credentials(f"AKID{next(_ids)}", SECRET, token, values.pop("expires_at_s", None))
    known: dict[str, Any] = {"credentials": credentials, "region": "eu-west-1", **values}
    return S3Store.connect(bucket, S3Config(**known))


@dataclass(frozen=True)
class Judge:
    """Checks presigned requests as S3 does.

    Attributes:
        store: whose credentials are known.
        after_s: how many seconds later the request comes.
        region: the region of the service.
    """

    store: S3Store
    after_s: float = 0
    region: str = "eu-west-1"

    def check(self, method: str, url: str, body: bytes = b"", **headers: str) -> None:
        """Raise S3Error unless the request is rightly signed."""
        parts = urlsplit(url)
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": method,
            "RAW_URI": url.removeprefix(f"{parts.scheme}://{parts.netloc}"),
            "HTTP_HOST": parts.netloc,
            "wsgi.input": io.BytesIO(body),
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        credentials = self.store.client.sender.config.credentials
        assert credentials is not None
        SignatureCheck(
            lambda _environ, _start: (),
            access_key=credentials.access_key_id,
            secret_key=credentials.secret_access_key,
            session_token=credentials.session_token,
            region=self.region,
            now=lambda: datetime.now(timezone.utc) + timedelta(seconds=self.after_s),
        ).check(environ, body)


def test_example_of_the_documentation() -> None:
    """The URL is the one that the S3 API Reference prints, to the last character."""
    url = presign_url(
        "GET",
        "https://examplebucket.s3.amazonaws.com",
        "/test.txt",
        credentials=Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region="us-east-1",
        amz_date="20130524T000000Z",
        expires_s=86_400,
    )
    assert url == (
        "https://examplebucket.s3.amazonaws.com/test.txt"
        "?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("key", ODD_KEYS)
def test_url_of_any_key_is_accepted(key: str, method: str) -> None:
    """Whatever characters a key has, the path is that key and the signature holds."""
    store = store_of()
    url = store.presign(key, method=method)
    Judge(store).check(method, url, b"body" if method == "PUT" else b"")
    assert unquote(urlsplit(url).path) == f"/{key}"


@settings(deadline=None, max_examples=100)
@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_url_of_a_random_key_is_accepted(key: str) -> None:
    """Any text that is a key can stand in a URL."""
    store = store_of()
    url = store.presign(key)
    Judge(store).check("GET", url)
    assert url.isascii()
    assert " " not in url
    assert f"/{quote(key, safe='/~')}?" in url


@pytest.mark.parametrize(
    ("bucket", "options", "beginning"),
    [
        ("bucket", {}, "https://bucket.s3.eu-west-1.amazonaws.com/k?"),
        ("dotted.name", {}, "https://s3.eu-west-1.amazonaws.com/dotted.name/k?"),
        (
            "bucket",
            {"addressing_style": "path"},
            "https://s3.eu-west-1.amazonaws.com/bucket/k?",
        ),
        (
            "bucket",
            {"use_dualstack_endpoint": True},
            "https://bucket.s3.dualstack.eu-west-1.amazonaws.com/k?",
        ),
        (
            "bucket",
            {"use_accelerate_endpoint": True},
            "https://bucket.s3-accelerate.amazonaws.com/k?",
        ),
        (
            "arn:aws:s3:eu-west-1:123456789012:accesspoint/point",
            {},
            "https://point-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/k?",
        ),
        ("bucket", {"endpoint_url": "http://127.0.0.1:9000"}, "http://127.0.0.1:9000/bucket/k?"),
        ("bucket", {"endpoint_url": "http://[::1]:9000/"}, "http://[::1]:9000/bucket/k?"),
        (
            "bucket",
            {"endpoint_url": "https://Store.example:443/s3/", "addressing_style": "virtual"},
            "https://bucket.store.example/s3/k?",
        ),
        (
            "tenant:bucket",
            {"endpoint_url": "http://store.example:80"},
            "http://store.example/tenant%3Abucket/k?",
        ),
    ],
)
def test_host_and_path(bucket: str, options: dict[str, Any], beginning: str) -> None:
    """The URL goes where requests to the bucket go, and the signature holds there."""
    store = store_of(bucket, **options)
    url = store.presign("k")
    assert url.startswith(beginning)
    Judge(store).check("GET", url)


def test_url_of_a_version_is_signed_for_it() -> None:
    """The version is a parameter that the signature covers."""
    store = store_of()
    url = store.presign("k", version="a+b/c=&")
    Judge(store).check("GET", url)
    assert parse_qs(urlsplit(url).query)["versionId"] == ["a+b/c=&"]
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        Judge(store).check("GET", url.replace("versionId=a", "versionId=b"))


def test_token_of_temporary_credentials_is_in_the_url() -> None:
    """Without it the service wouldn't know the access key."""
    store = store_of(token=TOKEN)
    url = store.presign("k")
    Judge(store).check("GET", url)
    assert parse_qs(urlsplit(url).query)["X-Amz-Security-Token"] == [TOKEN]


def test_requester_pays_by_a_parameter() -> None:
    """Who uses the URL can't be told to send a header, so it says who pays."""
    store = store_of(settings=RequestSettings(request_payer=True))
    url = store.presign("k")
    Judge(store).check("GET", url)
    assert "x-amz-request-payer=requester" in url


def test_settings_of_writes_stay_out_of_the_url() -> None:
    """Headers of tags or classes would have to be sent, so they aren't signed."""
    store = store_of(settings=RequestSettings(storage_class="GLACIER_IR", tags={"a": "b"}))
    url = store.presign("k", method="PUT")
    assert "X-Amz-SignedHeaders=host&" in url
    Judge(store).check("PUT", url, b"body")


@pytest.mark.parametrize(
    ("after_s", "expires_s", "code"),
    [
        (0, 1, ""),
        (899, 900, ""),
        (902, 900, "AccessDenied"),
        (604_799, 604_800, ""),
        (604_802, 604_800, "AccessDenied"),
        (-840, 900, ""),
        (-1000, 900, "AccessDenied"),
    ],
)
def test_url_works_for_as_long_as_it_says(after_s: int, expires_s: int, code: str) -> None:
    """From when it was signed until it expires, and not before or after."""
    store = store_of()
    url = store.presign("k", expires_s=expires_s)
    if not code:
        Judge(store, after_s).check("GET", url)
        return
    with pytest.raises(S3Error, match=code):
        Judge(store, after_s).check("GET", url)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/k?", "/other?"),
        ("Expires=60", "Expires=61"),
        ("https://bucket.", "https://another."),
        ("SignedHeaders=host", "SignedHeaders=host&x=y"),
    ],
)
def test_changed_url_is_refused(old: str, new: str) -> None:
    """Key, bucket, life and further parameters are all covered."""
    store = store_of()
    url = store.presign("k", expires_s=60)
    assert old in url
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        Judge(store).check("GET", url.replace(old, new))


def test_url_of_one_method_is_none_of_another() -> None:
    """Who may read may not write."""
    store = store_of()
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        Judge(store).check("PUT", store.presign("k"), b"body")


def test_header_that_was_not_signed_is_refused() -> None:
    """A URL for writing lets nobody choose an ACL."""
    store = store_of()
    with pytest.raises(S3Error, match="not signed"):
        Judge(store).check("PUT", store.presign("k", method="PUT"), x_amz_acl="public-read")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"expires_s": 0}, UsageError, "1 to 604800"),
        ({"expires_s": -5}, UsageError, "1 to 604800"),
        ({"expires_s": 604_801}, UsageError, "seven days"),
        ({"expires_s": 3600.0}, TypeError, "expires_s is an int"),
        ({"expires_s": True}, TypeError, "expires_s is an int"),
        ({"method": "POST"}, UsageError, "GET, HEAD, PUT, DELETE"),
        ({"method": "get"}, UsageError, "GET, HEAD, PUT, DELETE"),
        ({"method": "PUT", "version": "v"}, UsageError, "reads none"),
        ({"method": "DELETE", "version": "v"}, UsageError, "reads none"),
    ],
)
def test_what_no_url_can_be_for_is_refused(
    arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    """It is an error of the caller, and says what would do."""
    with pytest.raises(error, match=words):
        store_of().presign("k", **arguments)


def test_anonymous_configuration_is_refused() -> None:
    """There is nobody to sign."""
    store = S3Store.connect("bucket", S3Config(anonymous=True))
    with pytest.raises(UsageError, match="anonymous requests can't be presigned"):
        store.presign("k")


@pytest.mark.parametrize("key", ["", "x" * 1025, "\udc80"])
def test_what_is_no_key_is_refused(key: str) -> None:
    """No URL could name it."""
    with pytest.raises(InvalidKeyError):
        store_of().presign(key)


def test_version_where_there_are_none_is_refused() -> None:
    """A server that ignores the parameter would give another version."""
    with pytest.raises(NotSupportedError, match="no versions"):
        store_of(versions=False).presign("k", version="v")


@pytest.mark.parametrize(
    ("token", "life_s", "words"),
    [
        ("", None, []),
        (TOKEN, None, ["end with the temporary credentials"]),
        (TOKEN, 7200, []),
        (TOKEN, 1800, ["with the temporary credentials that sign them"]),
    ],
)
def test_what_ends_before_its_time_is_said(
    token: str, life_s: int | None, words: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A URL of temporary credentials ends with them; where they last long enough, nothing is."""
    from s3dlio_s3 import presigning  # noqa: PLC0415 - to forget what other tests made it say

    presigning._say_once.cache_clear()
    expires_at_s = None if life_s is None else time.time() + life_s
    store = store_of(token=token, expires_at_s=expires_at_s)
    with caplog.at_level(logging.WARNING, logger="s3dlio.s3"):
        store.presign("k", expires_s=3600)
        store.presign("k", expires_s=3600)
    said = [r.getMessage() for r in caplog.records if "presigned URLs end" in r.getMessage()]
    assert len(said) == len(words)
    assert all(word in text for word, text in zip(words, said, strict=True))


def test_steps_in_a_path_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """Curl and browsers would ask for another object."""
    with caplog.at_level(logging.WARNING, logger="s3dlio.s3"):
        store_of().presign("a/../b")
    assert "--path-as-is" in caplog.text


def test_log_holds_no_url(caplog: pytest.LogCaptureFixture) -> None:
    """Neither at its making nor where a program logs it is it usable afterwards."""
    with caplog.at_level(logging.DEBUG, logger="s3dlio"):
        url = store_of(token=TOKEN).presign("a/../k")
        logging.getLogger("s3dlio.s3").warning("made %s", url)
    query = parse_qs(urlsplit(url).query)
    secrets = [query[f"X-Amz-{name}"][0] for name in ("Signature", "Security-Token", "Credential")]
    assert "made https://" in caplog.text
    for secret in secrets:
        assert secret not in caplog.text
        assert quote(secret, safe="") not in caplog.text
    assert redact(url) == redact(redact(url))


def test_region_is_the_one_that_is_signed_for() -> None:
    """A URL of another region is refused by the service, and the region is an option."""
    store = store_of(region="us-west-2")
    Judge(store, region="us-west-2").check("GET", store.presign("k"))
    with pytest.raises(S3Error, match="AuthorizationQueryParametersError"):
        Judge(store).check("GET", store.presign("k"))


def test_wrong_secret_is_found_out() -> None:
    """The check itself tells a wrong signature from a right one."""
    store = store_of()
    config = store.client.sender.config
    assert config.credentials is not None
    other = replace(config.credentials, secret_access_key="another")
    wrong = S3Store.connect("bucket", replace(config, credentials=other))
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        Judge(store).check("GET", wrong.presign("k"))
