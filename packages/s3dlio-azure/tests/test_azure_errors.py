"""What an error code of Blob Storage, or an HTTP status without one, becomes."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from azure.storage.blob import StorageErrorCode
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_azure.error_codes import CODES
from s3dlio_azure.errors import Refusal, error_of_refusal, parse_error
from s3dlio_core import errors as core
from s3dlio_core.errors import S3dlioError, Scope

LISTED = [
    line.split()[0]
    for line in (Path(__file__).parent / "azure_error_codes.txt").read_text().splitlines()
    if not line.startswith("#")
]
#: What the SDK's one list of codes has of other services.
OF_OTHERS = (
    *("Queue", "Message", "PopReceipt", "InvalidMarker", "Share", "FileShare", "TotalShares"),
    *("CannotDeleteFile", "ClientCache", "DeletePending", "FileLock", "InvalidFileOrDirectory"),
    *("ParentNotFound", "ReadOnlyAttribute", "SharingViolation", "UnsupportedRestVersion"),
    *("ContainerQuota", "ContentLengthMustBeZero", "DestinationPath", "Filesystem", "LeaseName"),
    *("InvalidDestinationPath", "InvalidFlushPosition", "InvalidPropertyName", "InvalidRename"),
    *("InvalidSourceOrDestination", "InvalidSourceUri", "LeaseIsAlreadyBroken", "Path"),
    *("RenameDestination", "SourcePath"),
)


def document(code: str, message: str = "Said so.") -> bytes:
    """An error document as the service writes it: with a mark before it, and ids in its text."""
    return (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{message}\n"
        "RequestId:REQ1\nTime:2026-01-01T00:00:00Z</Message>"
        "<AuthenticationErrorDetail>Server used following string to sign: 'GET"
        "</AuthenticationErrorDetail></Error>"
    ).encode()


def refused(
    status: int,
    code: str = "",
    *,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    names_key: bool = True,
    changes: bool = True,
    operation: str = "put",
) -> S3dlioError:
    """Return the error of an answer to `put az://c/k`."""
    return error_of_refusal(
        Refusal(
            operation=operation,
            uri="az://c/k",
            status=status,
            headers={"x-ms-request-id": "REQ1", **(headers or {})} if code else headers or {},
            body=(document(code) if code else b"") if body is None else body,
            endpoint="https://account.example",
            names_key=names_key,
            changes=changes,
        )
    )


@pytest.mark.parametrize("code", LISTED)
def test_every_listed_code_has_a_meaning(code: str) -> None:
    """No code of the list is left to its status."""
    assert code in CODES


def test_every_meaning_is_listed() -> None:
    """No code stands in the table that nobody has seen."""
    assert sorted(CODES) == sorted(LISTED)


def test_every_code_of_the_sdk_has_a_meaning() -> None:
    """What azure-storage-blob knows for blobs is in the table, however new the SDK is."""
    theirs = {code.value for code in StorageErrorCode}
    assert [] == sorted(code for code in theirs - set(CODES) if not code.startswith(OF_OTHERS))


def test_every_meaning_gives_an_error() -> None:
    """Each row of the table makes an error with its class, code, operation and URI."""
    for code, meaning in CODES.items():
        error = refused(400, code, operation="get")
        assert (meaning.cls, code, "get", "az://c/k", "REQ1") == (
            type(error),
            error.code,
            error.operation,
            error.uri,
            error.request_id,
        )


@pytest.mark.parametrize(
    ("status", "code", "cls", "scope", "retryable"),
    [
        (404, "BlobNotFound", core.ObjectNotFoundError, Scope.OBJECT, False),
        (404, "ContainerNotFound", core.ContainerNotFoundError, Scope.CONTAINER, False),
        (409, "ContainerBeingDeleted", core.ConflictError, Scope.CONTAINER, True),
        (409, "ContainerAlreadyExists", core.ContainerExistsError, Scope.CONTAINER, False),
        (403, "AuthenticationFailed", core.CredentialsError, Scope.STORE, False),
        (401, "NoAuthenticationInformation", core.CredentialsError, Scope.STORE, False),
        (409, "PublicAccessNotPermitted", core.CredentialsError, Scope.STORE, False),
        (403, "AuthorizationPermissionMismatch", core.PermissionDeniedError, Scope.OBJECT, False),
        (409, "BlobAlreadyExists", core.PreconditionFailedError, Scope.OBJECT, False),
        (412, "ConditionNotMet", core.PreconditionFailedError, Scope.OBJECT, False),
        (412, "SourceConditionNotMet", core.PreconditionFailedError, Scope.OBJECT, False),
        (412, "LeaseIdMissing", core.ConflictError, Scope.OBJECT, False),
        (503, "ServerBusy", core.ThrottledError, Scope.OBJECT, True),
        (500, "InternalError", core.ServiceError, Scope.OBJECT, True),
        (500, "OperationTimedOut", core.RequestTimeoutError, Scope.OBJECT, True),
        (400, "InvalidBlockList", core.UploadNotFoundError, Scope.OBJECT, False),
        (400, "InvalidBlobOrBlock", core.InvalidPartError, Scope.OBJECT, False),
        (400, "Md5Mismatch", core.IntegrityError, Scope.OBJECT, True),
        (413, "RequestBodyTooLarge", core.ObjectTooLargeError, Scope.OBJECT, False),
        (416, "InvalidRange", core.InvalidRangeError, Scope.OBJECT, False),
        (501, "APINotImplemented", core.NotSupportedError, Scope.OBJECT, False),
        (409, "DirectoryIsNotEmpty", core.ContainerNotEmptyError, Scope.OBJECT, False),
        (409, "SnapshotsPresent", core.ServiceError, Scope.OBJECT, False),
        (404, "CannotVerifyCopySource", core.ObjectNotFoundError, Scope.OBJECT, False),
        (403, "CannotVerifyCopySource", core.PermissionDeniedError, Scope.OBJECT, False),
        (500, "CannotVerifyCopySource", core.ServiceError, Scope.OBJECT, True),
        (409, "NobodyKnows", core.ConflictError, Scope.OBJECT, False),
        (500, "NobodyKnows", core.ServiceError, Scope.OBJECT, True),
        (400, "NobodyKnows", core.ServiceError, Scope.OBJECT, False),
    ],
)
def test_meaning_of_a_code(
    status: int, code: str, cls: type[S3dlioError], scope: Scope, retryable: bool
) -> None:
    """The codes that matter have the class, reach and retryability that fit."""
    error = refused(status, code)
    assert (cls, scope, retryable) == (type(error), error.scope, error.retryable)


@pytest.mark.parametrize(
    ("status", "cls", "retryable"),
    [
        (304, core.PreconditionFailedError, False),
        (400, core.ServiceError, False),
        (401, core.CredentialsError, False),
        (403, core.PermissionDeniedError, False),
        (404, core.ServiceError, False),
        (408, core.RequestTimeoutError, True),
        (409, core.ConflictError, False),
        (412, core.PreconditionFailedError, False),
        (413, core.ObjectTooLargeError, False),
        (416, core.InvalidRangeError, False),
        (429, core.ThrottledError, True),
        (500, core.ServiceError, True),
        (501, core.NotSupportedError, False),
        (503, core.ThrottledError, True),
        (507, core.StorageFullError, False),
        (599, core.ServiceError, True),
    ],
)
def test_a_status_without_a_code(status: int, cls: type[S3dlioError], retryable: bool) -> None:
    """An answer without a body is judged by its status."""
    error = refused(status)
    assert (cls, retryable) == (type(error), error.retryable)


def test_the_header_has_the_code_where_no_body_can() -> None:
    """An answer to HEAD has its code in a header; then the class says in words what it means."""
    error = refused(404, headers={"x-ms-error-code": "ContainerNotFound"})
    assert isinstance(error, core.ContainerNotFoundError)
    assert "The bucket, container or directory doesn't exist" in str(error)


def test_a_bare_404_is_about_what_was_named() -> None:
    """Without a code: the blob, or else the container."""
    assert isinstance(refused(404, changes=False), core.ObjectNotFoundError)
    assert isinstance(refused(404, changes=False, names_key=False), core.ContainerNotFoundError)
    of_service = {"x-ms-request-id": "REQ1"}
    assert isinstance(refused(404, headers=of_service), core.ObjectNotFoundError)


def test_a_bare_404_to_a_write_may_be_anybodys() -> None:
    """It would else count as a deletion; the service has its id in every answer."""
    error = refused(404)
    assert (core.ServiceError, Scope.STORE, False) == (type(error), error.scope, error.retryable)
    assert "answered 404, but not as Azure Blob Storage" in str(error)


def test_what_is_hidden_is_about_what_was_named() -> None:
    """Who may not see a private container is told that nothing is there."""
    for names_key, cls in ((True, core.ObjectNotFoundError), (False, core.ContainerNotFoundError)):
        error = refused(404, "ResourceNotFound", names_key=names_key, operation="head")
        assert isinstance(error, cls)
        assert "Or it may not be seen without a credential" in str(error)


@pytest.mark.parametrize("operation", ["put", "put part", "complete multipart upload"])
def test_what_is_hidden_stops_what_is_written(operation: str) -> None:
    """No blob needs to be there: it is the container that may not be seen, and so for all blobs."""
    error = refused(404, "ResourceNotFound", changes=True, operation=operation)
    assert isinstance(error, core.ContainerNotFoundError)
    error = refused(404, "ResourceNotFound", changes=True, operation="copy")
    assert isinstance(error, core.ObjectNotFoundError)


def test_the_message_ends_with_its_first_line() -> None:
    """What the service adds, ids and what it signed, isn't shown; the request id stands apart."""
    text = str(refused(403, "AuthenticationFailed"))
    assert "Said so (code AuthenticationFailed, request id REQ1)" in text
    assert "string to sign" not in text
    assert "Time:" not in text


def test_the_header_that_is_wrong_is_named() -> None:
    """The service says which header it doesn't like; its value isn't shown."""
    body = (
        b"<Error><Code>InvalidHeaderValue</Code><Message>Bad header.</Message>"
        b"<HeaderName>x-ms-copy-source</HeaderName><HeaderValue>sig=geheim</HeaderValue></Error>"
    )
    text = str(refused(400, body=body))
    assert "Bad header (x-ms-copy-source)" in text
    assert "geheim" not in text


def test_a_message_loses_what_looks_like_a_signature() -> None:
    """A server may quote the URL that it was asked for."""
    text = str(refused(400, body=document("InvalidInput", "bad ?sv=1&amp;sig=geheim%3D")))
    assert "geheim" not in text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_errors(status: int) -> None:
    """A redirect isn't followed; the error names the host alone."""
    error = refused(status, headers={"location": "https://login.example/?sig=geheim"})
    assert (core.ServiceError, Scope.STORE, False) == (type(error), error.scope, error.retryable)
    assert "It redirects to login.example, and isn't followed there" in str(error)
    assert "geheim" not in str(error)


@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE html><html>", b"<html><body>No", b"{}", b"\x00\xff", b"<Error/>"]
)
def test_an_answer_of_another_server_names_the_endpoint(body: bytes) -> None:
    """A body that is no error of the service, with a status that isn't a gateway's."""
    error = refused(404, body=body)
    assert (core.ServiceError, Scope.STORE, False) == (type(error), error.scope, error.retryable)
    assert "https://account.example answered 404, but not as Azure Blob Storage" in str(error)


@pytest.mark.parametrize("status", [403, 429, 502, 503])
def test_a_page_of_a_gateway_is_judged_by_its_status(status: int) -> None:
    """A load balancer before the service says these in HTML."""
    assert f"the service answered {status}" in str(refused(status, body=b"<html>"))


def test_a_document_that_is_cut_short_still_has_its_code() -> None:
    """The code stands at the beginning."""
    error = refused(409, body=document("SnapshotsPresent")[:-60])
    assert error.code == "SnapshotsPresent"


def test_a_huge_message_is_cut() -> None:
    """An error is a line, not a page."""
    error = refused(400, body=document("InvalidInput", "x" * 900_000))
    assert len(str(error)) < 1000


def test_retry_after_is_read() -> None:
    """Throttling may come with a number of seconds."""
    assert refused(503, "ServerBusy", headers={"retry-after": "7"}).retry_after_s == 7.0


@pytest.mark.parametrize(
    ("status", "code", "changes", "maybe_done"),
    [
        (500, "InternalError", True, True),
        (500, "InternalError", False, False),
        (500, "OperationTimedOut", True, True),
        (503, "ServerBusy", True, False),
        (503, "", True, True),
        (501, "", True, False),
        (400, "InvalidInput", True, False),
    ],
)
def test_what_may_have_been_done(status: int, code: str, changes: bool, maybe_done: bool) -> None:
    """A 5xx leaves open whether a change was made, unless it says that it was too busy to."""
    assert refused(status, code, changes=changes).maybe_done is maybe_done


def test_errors_can_be_pickled() -> None:
    """They cross processes whole."""
    error = refused(503, "ServerBusy", headers={"retry-after": "7"})
    copy = pickle.loads(pickle.dumps(error))
    assert (type(error), str(error), error.retry_after_s) == (
        type(copy),
        str(copy),
        copy.retry_after_s,
    )


@given(st.binary(max_size=200))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    """Nothing that a server sends breaks the reading of errors."""
    for whole in (body, b"<Error><Code>" + body, document("A") + body):
        parse_error(whole)
        str(refused(400, body=whole))
