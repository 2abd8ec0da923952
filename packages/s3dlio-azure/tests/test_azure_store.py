"""The az store on canned answers: what Azurite can't say, and what no service should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.servers.canned import CannedServer, Cut, answer, blob_answer, error_xml

from s3dlio_azure import AzureConfig, AzureProvider, AzureStore, SharedKey
from s3dlio_core import errors as core
from s3dlio_core import operations
from s3dlio_core.listing import iterate
from s3dlio_core.store import Attributes, Condition, ObjectInfo
from s3dlio_core.uri import Uri, parse_uri
from s3dlio_http.client import HttpClient, HttpRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    #: Starts a server with answers, and opens a store of its container.
    Serve = Callable[..., tuple[CannedServer, AzureStore]]

STUB = {"x-ms-meta-hdi_isfolder": "true"}


def refusal(status: int, code: str) -> bytes:
    """An answer that isn't a success."""
    headers = {"x-ms-error-code": code, "x-ms-request-id": "REQ7"}
    return answer(status, error_xml(code), headers=headers)


def page(*names: str, marker: str = "", prefixes: tuple[str, ...] = ()) -> bytes:
    """A page of List Blobs."""
    blobs = "".join(
        f"<Blob><Name>{name}</Name><Properties><Content-Length>1</Content-Length></Properties></Blob>"
        for name in names
    ) + "".join(f"<BlobPrefix><Name>{name}</Name></BlobPrefix>" for name in prefixes)
    body = (
        f"<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker>{marker}</NextMarker>"
        "</EnumerationResults>"
    )
    return answer(200, body.encode(), headers={"x-ms-request-id": "R"})


def query(server: CannedServer, number: int = 0) -> dict[str, list[str]]:
    """The parameters of a request."""
    return parse_qs(urlsplit(server.targets()[number].partition(" ")[2]).query)


# What counts as a blob.


@pytest.mark.parametrize("missing", ["x-ms-blob-type", "etag"])
def test_what_any_web_server_says_is_no_blob(serve_az: Serve, missing: str) -> None:
    """A 200 without what a blob has stops the run: the endpoint is another."""
    head = blob_answer(200, headers={missing: ""})
    _, store = serve_az(head, head)
    for call in (lambda: store.head("k"), lambda: store.open_reader("k")):
        with pytest.raises(core.ServiceError, match="no Azure Blob Storage") as raised:
            call()
        assert (raised.value.scope, raised.value.retryable) == (core.Scope.STORE, False)


def test_head_without_a_length_is_no_answer(serve_az: Serve) -> None:
    """An empty object is not invented."""
    head = blob_answer(200).replace(b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n")
    _, store = serve_az(head)
    with pytest.raises(core.ServiceError, match="how long"):
        store.head("k")


@pytest.mark.parametrize("missing", ["x-ms-request-id", "etag"])
def test_write_that_nobody_confirms_is_an_error(serve_az: Serve, missing: str) -> None:
    """Any web server may say 201."""
    _, store = serve_az(blob_answer(201, headers={missing: ""}))
    with pytest.raises(core.ServiceError, match="no Azure Blob Storage"):
        store.put("k", b"x")


def test_delete_that_nobody_confirms_is_an_error(serve_az: Serve) -> None:
    """Nothing is reported as deleted that isn't."""
    _, store = serve_az(answer(200))
    with pytest.raises(core.ServiceError, match="no Azure Blob Storage"):
        store.delete("k")


def test_container_that_nobody_confirms_is_an_error(serve_az: Serve) -> None:
    """Nor is a container found, made or deleted."""
    server, _ = serve_az(answer(200), answer(201), page(), answer(202))
    with provider_of(server) as provider:
        for call in (
            lambda: provider.container_exists("abc"),
            lambda: provider.create_container("abc"),
            lambda: provider.delete_container("abc"),
        ):
            with pytest.raises(core.ServiceError, match="no Azure Blob Storage"):
                call()


def provider_of(server: CannedServer, **switches: Any) -> AzureProvider:
    """A provider for a server."""
    config = AzureConfig(
        endpoint=f"{server.endpoint_url}/account",
        credential=SharedKey("account", "AAAA"),
        **switches,
    )
    return AzureProvider(config)


# Blobs that stand for directories.


def test_directory_is_no_object(serve_az: Serve) -> None:
    """It is neither described nor read, as it isn't listed; the hint names what is meant."""
    stub = blob_answer(200, headers=STUB)
    _, store = serve_az(stub, stub)
    for call in (lambda: store.head("a/b"), lambda: store.open_reader("a/b")):
        with pytest.raises(core.ObjectNotFoundError, match="stands for a directory") as raised:
            call()
        assert "az://abc/a/b/" in raised.value.hint


def test_directory_that_is_asked_for_is_an_object(serve_az: Serve) -> None:
    """The option shows what is there."""
    _, store = serve_az(blob_answer(200, headers=STUB), include_directory_stubs=True)
    info = store.head("a/b")
    assert (info.size_bytes, info.attributes) == (
        0,
        Attributes(metadata={"hdi_isfolder": "true"}),
    )


# Ranges.


def test_empty_range_and_the_end_need_no_body(serve_az: Serve) -> None:
    """416 is right where a range begins at the end."""
    _, store = serve_az(refusal(416, "InvalidRange"), answered_size(3), answered_size(3))
    with store.open_reader("k", 3) as reader:
        assert (reader.readall(), reader.info.size_bytes) == (b"", 3)
    with store.open_reader("k", 1, 1) as reader:
        assert reader.readall() == b""


def answered_size(size: int) -> bytes:
    """The answer to HEAD of a blob of a size."""
    return blob_answer(200).replace(b"Content-Length: 0", f"Content-Length: {size}".encode())


def test_range_is_asked_for_and_pinned(serve_az: Serve) -> None:
    """The range and the ETag go out as headers that are signed."""
    ranged = blob_answer(206, b"el", {"Content-Range": "bytes 1-2/5"})
    server, store = serve_az(ranged)
    with store.open_reader("k", 1, 3, if_match="0x8DE49A8B") as reader:
        assert (reader.readall(), reader.info.size_bytes) == (b"el", 5)
    _, headers, _ = server.requests[0]
    assert (headers["range"], headers["if-match"]) == ("bytes=1-2", '"0x8DE49A8B"')


def test_blob_that_changed_is_not_read(serve_az: Serve) -> None:
    """Whether the service says so, or ignores the condition."""
    _, store = serve_az(
        refusal(412, "ConditionNotMet"), blob_answer(200, b"new", {"etag": '"0x2"'})
    )
    for _ in range(2):
        with pytest.raises(core.PreconditionFailedError):
            store.open_reader("k", if_match="0x1")


def test_body_that_is_cut_is_an_error(serve_az: Serve) -> None:
    """A short result is never handed out as the whole."""
    whole = blob_answer(200, b"hello")
    _, store = serve_az(Cut(whole[:-2]))
    with store.open_reader("k") as reader, pytest.raises(core.IntegrityError):
        reader.readall()


# What bytes are compared with.


def test_whole_blob_is_compared_with_its_md5(serve_az: Serve) -> None:
    """Other bytes are an error before the last of them is given; one who says so gets them."""
    head = blob_answer(200, b"other", {"content-md5": "kAFQmDzST7DWlj99KOF/cg=="})
    _, store = serve_az(head)
    with store.open_reader("k") as reader, pytest.raises(core.IntegrityError, match="the MD5"):
        reader.readall()
    _, lenient = serve_az(head, validate_content=False)
    with lenient.open_reader("k") as reader:
        assert (reader.readall(), reader.check) == (b"other", None)
    assert lenient.content_check(reader.info) is None


def test_range_is_compared_with_nothing(serve_az: Serve) -> None:
    """The MD5 is of the whole."""
    head = {"content-range": "bytes 0-1/3", "x-ms-blob-content-md5": "kAFQmDzST7DWlj99KOF/cg=="}
    _, store = serve_az(blob_answer(206, b"ab", head))
    with store.open_reader("k", 0, 2) as reader:
        assert (reader.readall(), reader.check) == (b"ab", None)


# Versions.


def test_version_is_asked_for(serve_az: Serve) -> None:
    """And the answer must be about it."""
    version = "2026-01-02T03:04:05.1234567Z"
    right = blob_answer(200, headers={"x-ms-version-id": version})
    server, store = serve_az(right, right, blob_answer(200))
    assert store.head("k", version=version).version == version
    with store.open_reader("k", version=version) as reader:
        assert reader.info.version == version
    assert query(server)["versionid"] == query(server, 1)["versionid"] == [version]
    with pytest.raises(core.NotSupportedError, match=r"version \(none\)"):
        store.head("k", version=version)


def test_versions_may_be_switched_off(serve_az: Serve) -> None:
    """Then none is asked for."""
    server, store = serve_az(versions=False)
    with pytest.raises(core.NotSupportedError):
        store.head("k", version="2026")
    assert server.requests == []


# Writes.


def test_put_sends_what_a_block_blob_has(serve_az: Serve) -> None:
    """Type, attributes, tier and condition; the answer describes the blob."""
    server, store = serve_az(
        blob_answer(201, headers={"x-ms-version-id": "V1"}), blob_answer(201), access_tier="Cool"
    )
    attributes = Attributes("text/plain", metadata={"my-name": "v"}, storage_class="Hot")
    info = store.put("k", b"abc", attributes=attributes, condition=Condition(if_absent=True))
    store.put("k", b"", condition=Condition(if_match="0x1"))
    (line, headers, body), (_, second, _) = server.requests
    assert (line.split()[:2], body) == (["PUT", "/account/abc/k"], b"abc")
    expected = {
        "x-ms-blob-type": "BlockBlob",
        "x-ms-blob-content-type": "text/plain",
        "x-ms-meta-my_x002d_name": "v",
        "x-ms-access-tier": "Hot",
        "if-none-match": "*",
    }
    assert expected.items() <= headers.items()
    assert {"x-ms-access-tier": "Cool", "if-match": '"0x1"', "content-length": "0"}.items() <= (
        second.items()
    )
    assert info == ObjectInfo("k", 3, 1767323045.0, "0x8DE49A8B", "V1", attributes=attributes)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (409, "BlobAlreadyExists"),
        (412, "ConditionNotMet"),
        (412, "TargetConditionNotMet"),
        (403, "UnauthorizedBlobOverwrite"),
    ],
)
def test_refused_condition_is_told_as_one(serve_az: Serve, status: int, code: str) -> None:
    """However the service puts it."""
    _, store = serve_az(refusal(status, code))
    with pytest.raises(core.PreconditionFailedError):
        store.put("k", b"x", condition=Condition(if_absent=True))


def test_put_over_the_limit_is_refused(serve_az: Serve) -> None:
    """Before anything is sent."""
    server, store = serve_az()
    store.limits = type(store.limits)(put_size_max_bytes=2)
    with pytest.raises(core.ObjectTooLargeError, match="3 bytes"):
        store.put("k", b"abc")
    assert server.requests == []


@pytest.mark.parametrize("key", ["a\\b", "a/../b", "a.", "a/./b", "", "a\x00b", "a\udcff"])
def test_key_that_the_service_would_take_for_another_is_refused(serve_az: Serve, key: str) -> None:
    """By every operation, before anything is sent."""
    server, store = serve_az()
    for call in (
        lambda: store.check_key(key),
        lambda: store.head(key),
        lambda: store.open_reader(key),
        lambda: store.put(key, b"x"),
        lambda: store.delete(key),
    ):
        with pytest.raises(core.InvalidKeyError) as raised:
            call()
        assert raised.value.scope is core.Scope.OBJECT
    (failed,) = store.delete_many([key])
    assert (failed.key, type(failed.error)) == (key, core.InvalidKeyError)
    assert server.requests == []


# Listings.


def test_page_is_asked_for(serve_az: Serve) -> None:
    """With metadata, so that no blob is asked for by itself."""
    server, store = serve_az(page("a/b", prefixes=("a/c/",)), page())
    found = store.list_page("a/", delimiter="/", token="2!x=&", page_size=9_999)
    assert ([info.key for info in found.objects], list(found.prefixes)) == (["a/b"], ["a/c/"])
    assert query(server) == {
        "restype": ["container"],
        "comp": ["list"],
        "include": ["metadata"],
        "prefix": ["a/"],
        "delimiter": ["/"],
        "marker": ["2!x=&"],
        "maxresults": ["5000"],
    }
    store.list_page()
    assert query(server, 1).keys() == {"restype", "comp", "include"}


def test_empty_page_with_a_marker_is_followed(serve_az: Serve) -> None:
    """The list isn't at its end."""
    server, store = serve_az(page(marker="m1"), page("a", marker="m2"), page("b"))
    assert [found.key for found in iterate(store) if isinstance(found, ObjectInfo)] == ["a", "b"]
    assert [query(server, number).get("marker") for number in range(3)] == [None, ["m1"], ["m2"]]


def test_marker_that_repeats_is_an_error(serve_az: Serve) -> None:
    """A listing comes to an end."""
    _, store = serve_az(page("a", marker="m1"), page("a", marker="m1"), page("a", marker="m1"))
    with pytest.raises(core.ServiceError, match="repeats"):
        list(iterate(store))


def test_key_without_the_prefix_is_an_error(serve_az: Serve) -> None:
    """Whoever deletes what is listed relies on it."""
    _, store = serve_az(page("logs/a", "other/b"))
    with pytest.raises(core.ServiceError, match="without the prefix"):
        list(iterate(store, "logs/"))


def test_page_that_is_cut_may_be_asked_for_again(serve_az: Serve) -> None:
    """It is no shorter list."""
    whole = page("a", "b").partition(b"\r\n\r\n")[2]
    _, store = serve_az(answer(200, whole[:-30]), answer(200, b"<html><body>Hi</body></html>"))
    with pytest.raises(core.ServiceError, match="cut short") as raised:
        store.list_page()
    assert raised.value.retryable
    with pytest.raises(core.ServiceError, match="html") as raised:
        store.list_page()
    assert not raised.value.retryable


@pytest.mark.parametrize("prefix", ["a\\", "a\udcff", "a\n"])
def test_prefix_that_no_key_has_is_not_sent(serve_az: Serve, prefix: str) -> None:
    """Nothing begins with it."""
    server, store = serve_az()
    assert list(store.list_page(prefix).objects) == []
    assert server.requests == []


# Deletions.


def parts(*answers: tuple[int | None, int, bytes]) -> bytes:
    """The answer to a batch: number, status, and what follows the status line."""
    body = b"".join(
        b"--b1\r\nContent-Type: application/http\r\n"
        + (b"" if number is None else f"Content-ID: {number}\r\n".encode())
        + f"\r\nHTTP/1.1 {status} Said\r\n".encode()
        + rest
        + b"\r\n"
        for number, status, rest in answers
    )
    headers = {"Content-Type": "multipart/mixed; boundary=b1", "x-ms-request-id": "R"}
    return answer(202, body + b"--b1--", headers=headers)


def said(code: str) -> bytes:
    """The rest of a part that is an error."""
    return f"x-ms-error-code: {code}\r\nx-ms-request-id: R2\r\n\r\n".encode() + error_xml(code)


def test_batch_is_sent_and_told_one_by_one(serve_az: Serve) -> None:
    """What is gone counts as deleted; what isn't is told with its reason."""
    server, store = serve_az(
        parts(
            (2, 409, said("SnapshotsPresent")),
            (0, 202, b""),
            (1, 404, said("BlobNotFound")),
            (3, 503, said("ServerBusy")),
        )
    )
    failed = list(store.delete_many(["a b", "b", "c", "d"]))
    assert [(one.key, type(one.error)) for one in failed] == [
        ("c", core.ServiceError),
        ("d", core.ThrottledError),
    ]
    assert "delete_snapshots" in failed[0].error.hint
    assert (failed[0].error.uri, failed[0].error.request_id) == ("az://abc/c", "R2")
    assert failed[1].error.retryable
    line, headers, body = server.requests[0]
    assert line.split()[:2] == ["POST", "/account/abc?restype=container&comp=batch"]
    boundary = headers["content-type"].partition("boundary=")[2]
    assert body.count(f"--{boundary}\r\n".encode()) == 4
    assert b"DELETE /account/abc/a%20b HTTP/1.1\r\n" in body
    assert body.count(b"uthorization: SharedKey account:") == 4


def test_snapshots_are_deleted_on_demand(serve_az: Serve) -> None:
    """With each blob of a batch, and with a single one."""
    server, store = serve_az(
        parts((0, 202, b""), (1, 202, b"")), blob_answer(202), delete_snapshots="include"
    )
    assert list(store.delete_many(["a", "b"])) == []
    store.delete("a")
    assert server.requests[0][2].count(b"x-ms-delete-snapshots: include\r\n") == 2
    assert server.requests[1][1]["x-ms-delete-snapshots"] == "include"


@pytest.mark.parametrize(
    "answered",
    [
        parts((0, 202, b"")),
        parts((0, 202, b""), (0, 202, b"")),
        parts((0, 202, b""), (7, 202, b"")),
        parts((0, 202, b""), (None, 202, b"")),
        answer(202, b"", headers={"Content-Type": "multipart/mixed; boundary=b1"}),
        answer(202, b"--b1\r\n", headers={"Content-Type": "multipart/mixed; boundary=b1"}),
        answer(200, b"<html>Welcome</html>", headers={"Content-Type": "text/html"}),
    ],
)
def test_batch_that_is_not_answered_whole_is_an_error(serve_az: Serve, answered: bytes) -> None:
    """Nothing counts as deleted of which that isn't said."""
    _, store = serve_az(answered)
    with pytest.raises(core.ServiceError) as raised:
        list(store.delete_many(["a", "b"]))
    assert raised.value.maybe_done


def test_batch_that_is_refused_as_a_whole_is_told_so(serve_az: Serve) -> None:
    """By its status, or within its answer."""
    _, store = serve_az(
        refusal(403, "AuthorizationPermissionMismatch"),
        parts((None, 403, said("AuthorizationPermissionMismatch"))),
        parts((0, 202, b""), (1, 404, said("ContainerNotFound"))),
    )
    for _ in range(2):
        with pytest.raises(core.PermissionDeniedError):
            list(store.delete_many(["a", "b"]))
    with pytest.raises(core.ContainerNotFoundError):
        list(store.delete_many(["a", "b"]))


def test_without_batches_blobs_are_deleted_one_by_one(serve_az: Serve) -> None:
    """And that is remembered."""
    server, store = serve_az(refusal(501, "NotImplemented"), *[blob_answer(202)] * 4)
    assert list(store.delete_many(["a", "b"])) == []
    assert list(store.delete_many(["c", "d"])) == []
    methods = [target.partition(" ")[0] for target in server.targets()]
    assert methods == ["POST", "DELETE", "DELETE", "DELETE", "DELETE"]


def test_batch_that_a_server_fails_at_without_a_word_is_sent_one_by_one(serve_az: Serve) -> None:
    """As Azurite does with a SAS token; a failure of the service itself is tried again."""
    server, store = serve_az(answer(500), *[blob_answer(202)] * 2, refusal(500, "InternalError"))
    assert list(store.delete_many(["a", "b"])) == []
    methods = [target.partition(" ")[0] for target in server.targets()]
    assert methods == ["POST", "DELETE", "DELETE"]
    with pytest.raises(core.ServiceError) as raised:
        list(store.delete_many(["c", "d"]))
    assert raised.value.retryable


def test_missing_blob_is_deleted_unless_it_was_not_seen(serve_az: Serve) -> None:
    """Who may not see a container is told that nothing is there."""
    _, store = serve_az(
        refusal(404, "BlobNotFound"),
        refusal(404, "ResourceNotFound"),
        parts((0, 404, said("ResourceNotFound")), (1, 202, b"")),
    )
    store.delete("k")
    with pytest.raises(core.ObjectNotFoundError):
        store.delete("k")
    assert [one.key for one in store.delete_many(["a", "b"])] == ["a"]


def test_missing_page_of_another_server_is_no_deletion(serve_az: Serve) -> None:
    """A gateway that knows nothing of the blob says 404, too."""
    _, store = serve_az(answer(404), answer(404))
    with pytest.raises(core.ServiceError, match="not as Azure Blob Storage"):
        store.delete("k")
    with pytest.raises(core.ServiceError, match="not as Azure Blob Storage"):
        list(store.delete_many(["k"]))


def test_directory_that_holds_anything_is_not_deleted(serve_az: Serve) -> None:
    """An account with a hierarchical namespace refuses it; the others go on."""
    _, store = serve_az(refusal(409, "DirectoryIsNotEmpty"))
    with pytest.raises(core.ContainerNotEmptyError) as raised:
        store.delete("a")
    assert raised.value.scope is core.Scope.OBJECT


# Containers.


def test_container_with_older_versions_is_not_deleted(serve_az: Serve) -> None:
    """The service would delete them with it."""
    old = page("a").replace(
        b"<Properties>", b"<IsCurrentVersion>false</IsCurrentVersion><Properties>"
    )
    old = answer(200, old.partition(b"\r\n\r\n")[2])
    server, _ = serve_az(page(marker="m"), old)
    with provider_of(server) as provider, pytest.raises(core.ContainerNotEmptyError):
        provider.delete_container("abc")
    assert query(server)["include"] == ["versions"]
    assert [target.partition(" ")[0] for target in server.targets()] == ["GET", "GET"]


def test_account_without_versions_deletes_its_containers(serve_az: Serve) -> None:
    """It may refuse to list versions; a failure of the moment is no such refusal."""
    refused = refusal(400, "InvalidQueryParameterValue")
    server, _ = serve_az(refused, page(), blob_answer(202), refusal(500, "InternalError"))
    with provider_of(server) as provider:
        provider.delete_container("abc")
        with pytest.raises(core.ServiceError):
            provider.delete_container("abc")
    assert ["include" in query(server, number) for number in range(2)] == [True, False]
    assert len(server.requests) == 4


def test_pages_that_repeat_delete_no_container(serve_az: Serve) -> None:
    """Nor does the look go on for ever."""
    server, _ = serve_az(page(marker="m"), page(marker="m"))
    with provider_of(server) as provider, pytest.raises(core.ServiceError, match="repeats"):
        provider.delete_container("abc")


def test_containers_come_in_pages(serve_az: Serve) -> None:
    """And pages that repeat are an error."""

    def containers(name: str, marker: str) -> bytes:
        body = (
            f"<EnumerationResults><Containers><Container><Name>{name}</Name></Container>"
            f"</Containers><NextMarker>{marker}</NextMarker></EnumerationResults>"
        )
        return answer(200, body.encode())

    server, _ = serve_az(
        containers("one", "/m"), containers("two", ""), containers("a", "/m"), containers("b", "/m")
    )
    with provider_of(server) as provider:
        assert [info.name for info in provider.list_containers()] == ["one", "two"]
        with pytest.raises(core.ServiceError, match="repeats"):
            list(provider.list_containers())
    assert query(server, 1) == {"comp": ["list"], "marker": ["/m"]}


def test_container_that_may_not_be_described_exists(serve_az: Serve) -> None:
    """A SAS of the container may well list it."""
    denied = refusal(403, "AuthorizationPermissionMismatch").partition(b"<Error>")[0]
    server, _ = serve_az(denied.replace(b"Content-Length", b"X-Was"), refusal(404, "x"))
    with provider_of(server) as provider:
        assert provider.container_exists("abc")
        assert not provider.container_exists("No such name")
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["", "ab", "Abc", "a--b"])
def test_name_that_no_container_has_is_refused(serve_az: Serve, name: str) -> None:
    """Before anything is sent."""
    server, _ = serve_az()
    with provider_of(server) as provider:
        for call in (
            lambda: provider.open(name),
            lambda: provider.create_container(name),
            lambda: provider.delete_container(name),
        ):
            with pytest.raises(core.UsageError):
                call()
    assert server.requests == []


# The account that a URI names.


def test_host_of_a_uri_stands_in_all_that_is_shown(serve_az: Serve) -> None:
    """Without it a URI means a blob of another account: what is listed may be deleted next."""
    host = "other.blob.core.windows.net"
    server, store = serve_az(*[refusal(403, "AuthorizationFailure")] * 20, host=host)
    uri = store.uri_of("a/b")
    assert parse_uri(uri) == Uri("az", "abc", "a/b", host)
    calls: dict[str, Callable[[], object]] = {
        f"head {uri}": lambda: store.head("a/b"),
        f"read {uri}": lambda: store.open_reader("a/b"),
        f"put {uri}": lambda: store.put("a/b", b"x"),
        f"delete {uri}": lambda: store.delete("a/b"),
        f"copy {uri}": lambda: store.copy_from(store.copy_source("c"), "a/b"),
        f"get tags {uri}": lambda: store.tags("a/b"),
        f"list az://{host}/abc": store.list_page,
        f"delete az://{host}/abc": lambda: list(store.delete_many(["a/b", "c"])),
        f"create container az://{host}/abc": lambda: provider_of(
            server, host=host
        ).create_container("abc"),
    }
    for said, call in calls.items():
        with pytest.raises(core.S3dlioError) as raised:
            call()
        assert str(raised.value).startswith(f"{said}: ")


@pytest.mark.parametrize("scheme", ["az", "azure", "https"])
def test_containers_of_a_host_are_listed(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """Not those of one's own account."""
    asked: list[str] = []

    def send(_: HttpClient, request: HttpRequest) -> None:
        asked.append(request.origin)
        raise core.ServiceError("nobody is there", operation=request.operation, uri=request.uri)

    monkeypatch.setattr(HttpClient, "send", send)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "mine")
    uri = f"{scheme}://other.blob.core.windows.net/"
    with pytest.raises(core.ServiceError, match=r"az://other\.blob\.core\.windows\.net/"):
        list(operations.list_containers(uri, options={"anonymous": "true"}))
    assert asked == ["https://other.blob.core.windows.net"]


# Alone.


def test_store_stands_alone(serve_az: Serve) -> None:
    """Who embeds it needs nothing else; an unknown option is told."""
    server, _ = serve_az(blob_answer(201))
    url = f"{server.endpoint_url}/account"
    with AzureStore.connect("abc", endpoint_url=url, account_key="AAAA") as store:
        assert store.put("k", b"x").etag == "0x8DE49A8B"
    with pytest.raises(core.UsageError, match="colour"):
        AzureStore.connect("abc", colour="red")
