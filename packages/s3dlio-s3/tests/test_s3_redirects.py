"""Buckets in other regions: found, remembered, and never looked for outside the service."""

from __future__ import annotations

import contextlib
import logging
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from s3dlio_core.errors import S3dlioError, ServiceError
from s3dlio_s3 import Credentials, S3Client, S3Config, S3Provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3dlio_http.client import HttpClient, HttpRequest

CREDENTIALS = Credentials("AKID", "secret")
HOME = "bucket.s3.us-east-1.amazonaws.com"
THERE = "bucket.s3.eu-west-1.amazonaws.com"
ARN = "arn:aws:s3:eu-west-1:123456789012:accesspoint/point"


@dataclass
class Answer:
    """What a host says; it stands for `HttpAnswer`."""

    status: int = 200
    headers: Any = None
    body: bytes = b""

    def __post_init__(self) -> None:
        given = {"etag": '"e"', "content-length": str(len(self.body)), **(self.headers or {})}
        self.headers = CaseInsensitiveDict(given)

    def read(self, size_max_bytes: int) -> bytes:
        """Return the body."""
        return self.body[: size_max_bytes + 1]

    def finish(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class Hosts:
    """Hosts that answer by a function of the request; it stands for `HttpClient`."""

    answer: Callable[[HttpRequest], Answer]
    requests: list[HttpRequest] = field(default_factory=list)

    def send(self, request: HttpRequest) -> Answer:
        """Answer, and remember the request."""
        self.requests.append(request)
        return self.answer(request)

    def close(self) -> None:
        """Nothing is held."""

    def sent(self) -> list[str]:
        """Return method, origin and region of each request."""
        return [
            f"{request.method} {request.origin} {region_of(request)}" for request in self.requests
        ]


def region_of(request: HttpRequest) -> str:
    """Return the region that a request is signed for."""
    scope = request.headers.get("authorization", "/////").split("/")
    return scope[2]


def error_xml(code: str, inside: str = "") -> bytes:
    """Return an error document."""
    return f"<Error><Code>{code}</Code><Message>Said so</Message>{inside}</Error>".encode()


def client_of(hosts: Hosts, **settings: Any) -> S3Client:
    """Return a client whose requests reach these hosts."""
    client = S3Client(S3Config(credentials=CREDENTIALS, **settings))
    client.sender.transport = cast("HttpClient", hosts)
    return client


def bucket_in_ireland(refusal: Answer) -> Hosts:
    """Return hosts of which only that of eu-west-1 serves; the others refuse."""

    def answer(request: HttpRequest) -> Answer:
        if request.origin == f"https://{THERE}" and region_of(request) == "eu-west-1":
            return Answer()
        if request.method == "HEAD":
            # As AWS answers: whatever a body would have said is lost.
            return Answer(refusal.status, refusal.headers)
        return refusal

    return Hosts(answer)


REDIRECTS = {
    "301 with the header": Answer(
        301, {"x-amz-bucket-region": "eu-west-1"}, error_xml("PermanentRedirect")
    ),
    "301 without a body": Answer(301, {"x-amz-bucket-region": "eu-west-1"}),
    "301 with the host alone": Answer(
        301, {"location": f"https://{THERE}/k"}, error_xml("PermanentRedirect")
    ),
    "307 with the host alone": Answer(
        307,
        {"location": "https://bucket.s3-eu-west-1.amazonaws.com/k"},
        error_xml("TemporaryRedirect"),
    ),
    "400 with the region": Answer(
        400, {}, error_xml("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>")
    ),
    "400 of an opt-in region": Answer(
        400, {"x-amz-bucket-region": "eu-west-1"}, error_xml("IllegalLocationConstraintException")
    ),
}


@pytest.mark.parametrize("refusal", REDIRECTS.values(), ids=REDIRECTS.keys())
def test_bucket_of_another_region_is_found_and_remembered(refusal: Answer) -> None:
    """The request goes to the region that was told, signed for it, and so does what follows."""
    hosts = bucket_in_ireland(refusal)
    client = client_of(hosts)
    client.get_object("bucket", "k")
    client.get_object("bucket", "k")
    expected = [f"GET https://{THERE} eu-west-1"] * 2
    assert hosts.sent() == [f"GET https://{HOME} us-east-1", *expected]
    assert {request.headers["host"] for request in hosts.requests[1:]} == {THERE}


def test_region_is_asked_for_where_a_refusal_leaves_it_out() -> None:
    """A redirect that names no region is followed by one HEAD of the bucket, which does."""

    def answer(request: HttpRequest) -> Answer:
        if request.origin == f"https://{THERE}":
            return Answer()
        if request.method == "HEAD":
            return Answer(400, {"x-amz-bucket-region": "eu-west-1"})
        return Answer(400, {}, error_xml("IllegalLocationConstraintException"))

    hosts = Hosts(answer)
    client_of(hosts).get_object("bucket", "k")
    assert hosts.sent() == [
        f"GET https://{HOME} us-east-1",
        f"HEAD https://{HOME} us-east-1",
        f"GET https://{THERE} eu-west-1",
    ]
    assert hosts.requests[1].target == "/"


@pytest.mark.parametrize("status", [301, 400])
def test_head_learns_the_region_from_the_header(status: int) -> None:
    """A HEAD has no body; the header is enough, and no GET asks why it was refused."""
    hosts = bucket_in_ireland(Answer(status, {"x-amz-bucket-region": "eu-west-1"}))
    client_of(hosts).head_object("bucket", "k")
    assert hosts.sent() == [f"HEAD https://{HOME} us-east-1", f"HEAD https://{THERE} eu-west-1"]


def test_head_without_a_header_learns_the_region_by_a_get() -> None:
    """Where a HEAD of status 400 says nothing at all, a small GET does."""
    hosts = bucket_in_ireland(REDIRECTS["400 with the region"])
    client_of(hosts).head_object("bucket", "k")
    assert [line.split()[0] for line in hosts.sent()] == ["HEAD", "GET", "HEAD"]


def test_body_is_sent_again() -> None:
    """A body is a buffer: the same bytes go to the other region."""
    hosts = bucket_in_ireland(REDIRECTS["301 with the header"])
    client_of(hosts).put_object("bucket", "k", bytearray(b"content"))
    assert [bytes(request.body or b"") for request in hosts.requests] == [b"content"] * 2


def test_move_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """However many threads find a bucket elsewhere at once, the log says so once, at info."""
    caplog.set_level(logging.INFO)
    hosts = bucket_in_ireland(REDIRECTS["301 with the header"])
    client = client_of(hosts)
    begin = threading.Barrier(8)

    def read(_: int) -> int:
        begin.wait()
        return client.get_object("bucket", "k").status

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(read, range(8))) == {200}
    found = [record for record in caplog.records if "eu-west-1" in record.getMessage()]
    assert [record.levelname for record in found] == ["INFO"]
    assert "bucket is in the region eu-west-1, not in us-east-1" in found[0].getMessage()


def test_endless_redirects_are_an_error() -> None:
    """A request is sent on once; the error says where it was."""

    def answer(request: HttpRequest) -> Answer:
        region = "us-west-2" if region_of(request) == "eu-west-1" else "eu-west-1"
        headers = {"x-amz-bucket-region": region}
        return Answer(301, headers, error_xml("PermanentRedirect"))

    hosts = Hosts(answer)
    with pytest.raises(ServiceError, match="from us-east-1 to eu-west-1, it was sent on again"):
        client_of(hosts).get_object("bucket", "k")
    assert len(hosts.requests) == 2


def test_refusal_of_the_right_region_is_the_error() -> None:
    """What the right region refuses is raised, and the region is remembered nevertheless."""

    def answer(request: HttpRequest) -> Answer:
        if region_of(request) == "eu-west-1":
            return Answer(404, {}, error_xml("NoSuchKey"))
        return REDIRECTS["301 with the header"]

    hosts = Hosts(answer)
    client = client_of(hosts)
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            client.get_object("bucket", "k")
    assert [line.split()[2] for line in hosts.sent()] == ["us-east-1", "eu-west-1", "eu-west-1"]


@pytest.mark.parametrize(
    ("status", "headers", "inside"),
    [
        (301, {"x-amz-bucket-region": "cn-north-1"}, ""),
        (301, {"x-amz-bucket-region": "evil.example/"}, ""),
        (400, {}, "<Region>x.evil.example#</Region>"),
        (307, {"location": "http://bucket.s3.eu-west-1.amazonaws.com/k"}, ""),
        (307, {"location": "https://bucket.s3.eu-west-1.amazonaws.com:8443/k"}, ""),
        (307, {"location": "https://evil.example/k"}, ""),
        (307, {"location": "https://s3.eu-west-1.amazonaws.com.evil.example/k"}, ""),
        (307, {"location": "https://s3.eu-west-1.amazonaws.com@evil.example/k"}, ""),
        (307, {"location": "https://[broken"}, ""),
        (302, {}, ""),
    ],
)
def test_what_isnt_believed_leads_nowhere(
    status: int, headers: dict[str, str], inside: str
) -> None:
    """Another partition, http, another port and other people's hosts get no request."""
    code = "AuthorizationHeaderMalformed" if status == 400 else "TemporaryRedirect"
    hosts = Hosts(lambda _: Answer(status, headers, error_xml(code, inside)))
    with pytest.raises(ServiceError):
        client_of(hosts).get_object("bucket", "k")
    assert {request.origin for request in hosts.requests} == {f"https://{HOME}"}
    assert len(hosts.requests) <= 2


REGION_TEXTS = st.one_of(
    st.sampled_from(
        ["eu-west-1", "us-gov-west-1", "cn-north-1", "xx-new-1", "a.b", "a/", "", "@e"]
    ),
    st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20),
)


@settings(deadline=None)
@given(
    status=st.sampled_from([301, 302, 307, 308, 400, 403]),
    region=REGION_TEXTS,
    inside=REGION_TEXTS,
    location=st.one_of(
        st.text(max_size=30),
        REGION_TEXTS.map(lambda text: f"https://bucket.s3.{text}.amazonaws.com/k"),
        REGION_TEXTS.map(lambda text: f"http://s3.amazonaws.com@{text}"),
    ),
    endpoint_url=st.sampled_from(["", "http://store.example:9000", "https://s3.amazonaws.com"]),
    method=st.sampled_from(["get_object", "head_object"]),
)
def test_no_answer_leads_out_of_the_service(
    status: int, region: str, inside: str, location: str, endpoint_url: str, method: str
) -> None:
    """Whatever an answer says, nothing is sent to another service, and nothing for ever."""
    headers = {"x-amz-bucket-region": region, "location": location}
    text = "".join(f"&#{ord(char)};" for char in inside)
    body = error_xml("AuthorizationHeaderMalformed", f"<Region>{text}</Region>")
    hosts = Hosts(lambda _: Answer(status, headers, body))
    client = client_of(hosts, endpoint_url=endpoint_url)
    with contextlib.suppress(S3dlioError):
        getattr(client, method)("bucket", "k")
    for request in hosts.requests:
        if endpoint_url:
            assert request.origin == endpoint_url
        else:
            assert request.origin.startswith("https://bucket.s3.")
            assert request.origin.endswith(".amazonaws.com")
            assert request.origin.count("/") == 2
            assert request.origin.count(".") == 4
    assert len(hosts.requests) <= 6


def test_bucket_is_made_where_it_is_configured_to_be() -> None:
    """CreateBucket isn't sent on, and a bucket of this name that was elsewhere is forgotten."""
    hosts = bucket_in_ireland(REDIRECTS["301 with the header"])
    client = client_of(hosts)
    client.get_object("bucket", "k")
    with pytest.raises(ServiceError):
        client.create_bucket("bucket")
    client.get_object("bucket", "k")
    regions = [line.split()[2] for line in hosts.sent()]
    assert regions == ["us-east-1", "eu-west-1", "us-east-1", "us-east-1", "eu-west-1"]


def test_bucket_is_deleted_where_it_is() -> None:
    """DeleteBucket is sent on."""
    hosts = bucket_in_ireland(REDIRECTS["301 with the header"])
    client_of(hosts).delete_bucket("bucket")
    assert hosts.sent() == [f"DELETE https://{HOME} us-east-1", f"DELETE https://{THERE} eu-west-1"]


def test_bucket_elsewhere_exists() -> None:
    """A bucket of another region exists, also where it can't be followed to."""
    hosts = Hosts(lambda _: Answer(301, {"x-amz-bucket-region": "eu-west-1"}))
    with S3Provider(S3Config(credentials=CREDENTIALS)) as provider:
        provider.client.sender.transport = cast("HttpClient", hosts)
        assert provider.container_exists("bucket")
        assert provider.container_exists("with.dots")


def test_made_and_deleted_without_acceleration() -> None:
    """The accelerated hosts take neither CreateBucket nor DeleteBucket."""
    hosts = Hosts(lambda _: Answer())
    client = client_of(hosts, use_accelerate_endpoint=True)
    client.create_bucket("bucket")
    client.get_object("bucket", "k")
    client.delete_bucket("bucket")
    origins = [request.origin for request in hosts.requests]
    assert origins == [f"https://{HOME}", "https://bucket.s3-accelerate.amazonaws.com", origins[0]]


@pytest.mark.parametrize("status", [301, 400])
def test_custom_endpoint_is_signed_for_the_region_it_wants(status: int) -> None:
    """An endpoint of one's own is never left; what changes is the signature, and for good."""

    def answer(request: HttpRequest) -> Answer:
        if region_of(request) == "garage":
            return Answer()
        inside = "<Region>garage</Region>"
        return Answer(status, {}, error_xml("AuthorizationHeaderMalformed", inside))

    hosts = Hosts(answer)
    client = client_of(hosts, endpoint_url="http://store.example:9000")
    client.get_object("bucket", "k")
    client.get_object("bucket", "k")
    origin = "GET http://store.example:9000"
    assert hosts.sent() == [f"{origin} us-east-1", f"{origin} garage", f"{origin} garage"]


def test_custom_endpoint_that_redirects_is_an_error_that_names_the_host() -> None:
    """A 307 of one's own endpoint isn't followed, wherever it leads."""
    headers = {"location": f"https://{THERE}/k", "x-amz-bucket-region": "eu-west-1"}
    hosts = Hosts(lambda _: Answer(307, headers, error_xml("TemporaryRedirect")))
    with pytest.raises(ServiceError, match=f"redirects to {THERE}"):
        client_of(hosts, endpoint_url="http://store.example").get_object("bucket", "k")
    assert hosts.sent() == ["GET http://store.example us-east-1"]


def test_unsigned_requests_are_not_repeated_in_vain() -> None:
    """At the same host an unsigned request would be the same; on AWS the host changes."""
    refusal = Answer(301, {"x-amz-bucket-region": "eu-west-1"}, error_xml("PermanentRedirect"))
    for endpoint_url, count in (("http://store.example", 1), ("", 2)):
        hosts = Hosts(lambda _: refusal)
        client = S3Client(S3Config(anonymous=True, endpoint_url=endpoint_url))
        client.sender.transport = cast("HttpClient", hosts)
        with pytest.raises(ServiceError):
            client.get_object("bucket", "k")
        assert len(hosts.requests) == count


def test_access_points_are_not_sent_on() -> None:
    """An access point's region is in its ARN: a service that names another is refused."""
    hosts = Hosts(lambda _: REDIRECTS["301 with the header"])
    with pytest.raises(ServiceError):
        client_of(hosts).get_object(ARN.replace("eu-west-1", "us-west-2"), "k")
    origin = "https://point-123456789012.s3-accesspoint.us-west-2.amazonaws.com"
    assert hosts.sent() == [f"GET {origin} us-west-2"]


def test_lists_of_buckets_are_not_sent_on() -> None:
    """ListBuckets concerns no bucket; its refusal stands."""
    hosts = Hosts(lambda _: REDIRECTS["400 with the region"])
    with pytest.raises(ServiceError, match="set the region eu-west-1"):
        client_of(hosts).list_buckets()
    assert len(hosts.requests) == 1


def test_presigned_urls_follow_what_is_known() -> None:
    """Once a bucket was found elsewhere, URLs are signed for that region and host."""
    client = client_of(bucket_in_ireland(REDIRECTS["301 with the header"]))
    assert f"https://{HOME}/k?" in client.presign("GET", "bucket", "k")
    client.get_object("bucket", "k")
    url = client.presign("GET", "bucket", "k")
    assert url.startswith(f"https://{THERE}/k?")
    assert "%2Feu-west-1%2Fs3%2F" in url


def test_another_process_finds_buckets_anew() -> None:
    """What was learnt isn't part of the configuration: a pickle doesn't hold it."""
    client = client_of(bucket_in_ireland(REDIRECTS["301 with the header"]))
    client.get_object("bucket", "k")
    copied = pickle.loads(pickle.dumps(client.sender))
    assert copied.config == client.sender.config
    assert b"eu-west-1" not in pickle.dumps(client.sender)
