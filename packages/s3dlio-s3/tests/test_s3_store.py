"""What the conformance suite doesn't ask of the s3 store, on real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from s3dlio_core import errors as core
from s3dlio_core.registry import make_provider
from s3dlio_core.store import ListOrder
from s3dlio_s3 import Credentials, S3Client, S3Config, S3Provider, S3Store
from s3dlio_s3.bucket import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers import MotoServer, S3Server

KEY = "a b+c/%41/é=&?#"


def config_of(server: S3Server, *, secret: str = "", region: str = "") -> S3Config:
    """Return the configuration that reaches a server."""
    return S3Config(
        endpoint_url=server.endpoint_url,
        region=region or server.region,
        credentials=Credentials(server.access_key, secret or server.secret_key),
        ca_bundle=server.ca_bundle,
    )


@pytest.fixture
def store(s3_server: S3Server, s3_bucket: str) -> Iterator[S3Store]:
    """A store of a fresh bucket."""
    with S3Store.connect(s3_bucket, config_of(s3_server)) as store:
        yield store


def fetch(server: S3Server, method: str, url: str, body: bytes = b"") -> tuple[int, bytes]:
    """Make a request with nothing of this project."""
    parts = urlsplit(url)
    connection = server.connection(parts.netloc)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body)
        with connection.getresponse() as response:
            return response.status, response.read()
    finally:
        connection.close()


def test_presigned_urls_work(s3_server: S3Server, store: S3Store) -> None:
    """A presigned URL stores, and another one reads, without credentials."""
    url = store.client.presign("PUT", store.bucket, KEY)
    assert fetch(s3_server, "PUT", url, b"hello")[0] == 200
    url = store.client.presign("GET", store.bucket, KEY, expires_s=60)
    assert fetch(s3_server, "GET", url) == (200, b"hello")


def test_presigned_url_of_another_key_is_refused(s3_server: S3Server, store: S3Store) -> None:
    """A presigned URL works for its own key only."""
    store.put("other", b"x")
    url = store.client.presign("GET", store.bucket, "one").replace("/one?", "/other?")
    assert fetch(s3_server, "GET", url)[0] == 403


@pytest.mark.parametrize("operation", ["head", "read", "put", "list", "exists", "delete"])
def test_wrong_secret_is_a_credentials_error(
    s3_server: S3Server, s3_bucket: str, operation: str
) -> None:
    """A wrong secret is CredentialsError, whatever is done, HEAD included."""
    with S3Provider(config_of(s3_server, secret="wrong")) as provider:
        store = provider.open(s3_bucket)
        calls: dict[str, Callable[[], object]] = {
            "head": lambda: store.head("k"),
            "read": lambda: store.open_reader("k"),
            "put": lambda: store.put("k", b"x"),
            "list": store.list_page,
            "exists": lambda: provider.container_exists(s3_bucket),
            "delete": lambda: store.delete("k"),
        }
        with pytest.raises(core.CredentialsError) as raised:
            calls[operation]()
    assert "Check the access key" in str(raised.value)


def test_bucket_of_another_region_is_served(moto_s3: MotoServer, moto_bucket: str) -> None:
    """A signature for another region is refused once; then the right one is known."""
    with S3Store.connect(moto_bucket, config_of(moto_s3, region="eu-west-1")) as store:
        before = len(moto_s3.request_log())
        store.put("k", b"x")
        assert [info.key for info in store.list_page().objects] == ["k"]
        assert len(moto_s3.request_log()) == before + 3


def test_wrong_region_names_the_right_one(moto_s3: MotoServer) -> None:
    """Where no bucket is asked for, or one is to be made, the region to set is named."""
    with S3Provider(config_of(moto_s3, region="eu-west-1")) as provider:
        with pytest.raises(core.ServiceError, match="set the region us-east-1"):
            list(provider.list_containers())
        with pytest.raises(core.ServiceError, match="set the region us-east-1"):
            provider.create_container("made-in-the-wrong-region")


def test_environment_configures(
    s3_server: S3Server, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment alone reaches the server, through the registry too."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    with S3Store.connect(s3_bucket) as store:
        store.put("k", b"x")
    with make_provider("s3") as provider:
        assert provider.open(s3_bucket).head("k").size_bytes == 1


def test_unknown_option_is_refused() -> None:
    """An option that doesn't exist is refused by its name."""
    with pytest.raises(core.UsageError, match="unknown option endpoint"):
        S3Store.connect("b", endpoint="http://h")


def test_large_bodies_go_up_and_come_down(store: S3Store) -> None:
    """A body of several parts' size arrives byte by byte, in any order of parts."""
    content = bytes(range(256)) * (11 * 1024**2 // 256)
    size_bytes = 5 * 1024**2
    upload = store.create_multipart("big", part_size_bytes=size_bytes)
    view = memoryview(content)
    parts = [
        upload.put_part(number, offset, view[offset : offset + size_bytes])
        for number, offset in ((3, 2 * size_bytes), (1, 0), (2, size_bytes))
    ]
    parts.sort(key=lambda part: part.number)
    expected_etag = upload.expected_etag(parts)
    info = upload.complete(parts)
    assert len(content) == info.size_bytes
    assert info.etag in {expected_etag, None}
    with store.open_reader("big", 1, len(content) - 1) as reader:
        assert content[1:-1] == reader.readall()


def test_largest_object_is_as_many_parts_as_there_may_be() -> None:
    """The largest object is 48.8 TiB."""
    assert LIMITS.object_size_max_bytes is not None
    assert round(LIMITS.object_size_max_bytes / 1024**4, 1) == 48.8


@pytest.mark.parametrize("key", ["", "k" * 1025, "é" * 513, "\ud800"])
def test_impossible_keys_are_refused(key: str) -> None:
    """An empty, over-long or ill-formed key is refused before anything is sent."""
    store = S3Store(S3Client(S3Config(endpoint_url="http://127.0.0.1:1")), "b")
    for call in (store.head, store.open_reader, store.delete, store.create_multipart):
        with pytest.raises(core.InvalidKeyError):
            call(key)
    assert [key] == [failure.key for failure in store.delete_many([key])]


def test_directory_buckets_promise_no_order() -> None:
    """Their listings come in none, and begin where they like."""
    config = S3Config(endpoint_url="http://h", credentials=Credentials("a", "b"))
    with S3Store.connect("zone--use1-az4--x-s3", config) as store:
        assert store.capabilities.list_order is ListOrder.UNSPECIFIED
        assert not store.capabilities.start_after
        with pytest.raises(core.NotSupportedError, match="StartAfter"):
            store.list_page(start_after="a")
    with S3Store.connect("other", config) as store:
        assert store.capabilities.list_order is ListOrder.UTF8
