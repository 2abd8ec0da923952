"""What an S3 error code, or an HTTP status without one, becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3dlio_core import errors as core
from s3dlio_core.errors import S3dlioError, Scope
from s3dlio_s3.error_codes import CODES
from s3dlio_s3.errors import Refusal, error_of_code, error_of_refusal
from s3dlio_s3.wire_xml import ErrorBody

LISTED = [
    line
    for line in (Path(__file__).parent / "s3_error_codes.txt").read_text().splitlines()
    if not line.startswith("#")
]

HOSTILE_DATE = "Thu, 01 Jan 2026 00:00:00 +9999999999999999"


def refused(
    status: int,
    code: str = "",
    *,
    headers: dict[str, str] | None = None,
    has_body: bool = False,
    names_key: bool = True,
    region: str = "",
    changes: bool = True,
) -> S3dlioError:
    """Return the error of an answer to `put s3://b/k`."""
    return error_of_refusal(
        Refusal(
            operation="put",
            uri="s3://b/k",
            status=status,
            headers=headers or {},
            error=ErrorBody(code, "Said so.", "REQ1", region) if code else None,
            has_body=has_body or bool(code),
            endpoint="http://s3.example",
            region="us-east-1",
            names_key=names_key,
            changes=changes,
        )
    )


@pytest.mark.parametrize("code", LISTED)
def test_every_listed_code_has_a_meaning(code: str) -> None:
    """No code of S3's list is left to its status."""
    assert code in CODES


def test_every_meaning_gives_an_error() -> None:
    """Each row of the table makes an error with its class, code, operation and URI."""
    for code, meaning in CODES.items():
        error = refused(400, code)
        assert (meaning.cls, code, "put", "s3://b/k", "REQ1") == (
            type(error),
            error.code,
            error.operation,
            error.uri,
            error.request_id,
        )


@pytest.mark.parametrize(
    ("code", "cls", "scope", "retryable"),
    [
        ("NoSuchKey", core.ObjectNotFoundError, Scope.OBJECT, False),
        ("NoSuchBucket", core.ContainerNotFoundError, Scope.CONTAINER, False),
        ("NoSuchUpload", core.UploadNotFoundError, Scope.OBJECT, False),
        ("InvalidAccessKeyId", core.CredentialsError, Scope.STORE, False),
        ("SignatureDoesNotMatch", core.CredentialsError, Scope.STORE, False),
        ("ExpiredToken", core.CredentialsError, Scope.STORE, False),
        ("RequestTimeTooSkewed", core.CredentialsError, Scope.STORE, False),
        ("AccessDenied", core.PermissionDeniedError, Scope.OBJECT, False),
        ("AllAccessDisabled", core.PermissionDeniedError, Scope.CONTAINER, False),
        ("SlowDown", core.ThrottledError, Scope.OBJECT, True),
        ("InternalError", core.ServiceError, Scope.OBJECT, True),
        ("InvalidArgument", core.ServiceError, Scope.OBJECT, False),
        ("PreconditionFailed", core.PreconditionFailedError, Scope.OBJECT, False),
        ("ConditionalRequestConflict", core.ConflictError, Scope.OBJECT, True),
        ("InvalidPart", core.InvalidPartError, Scope.OBJECT, False),
        ("EntityTooSmall", core.InvalidPartError, Scope.OBJECT, False),
        ("EntityTooLarge", core.ObjectTooLargeError, Scope.OBJECT, False),
        ("InvalidRange", core.InvalidRangeError, Scope.OBJECT, False),
        ("BucketAlreadyOwnedByYou", core.ContainerExistsError, Scope.CONTAINER, False),
        ("BucketNotEmpty", core.ContainerNotEmptyError, Scope.CONTAINER, False),
        ("KeyTooLongError", core.InvalidKeyError, Scope.OBJECT, False),
        ("BadDigest", core.IntegrityError, Scope.OBJECT, True),
        ("RequestTimeout", core.RequestTimeoutError, Scope.OBJECT, True),
        ("NotImplemented", core.NotSupportedError, Scope.OBJECT, False),
        ("InvalidStorageClass", core.ServiceError, Scope.CONTAINER, False),
        ("InvalidTag", core.ServiceError, Scope.CONTAINER, False),
        ("AccessControlListNotSupported", core.ServiceError, Scope.CONTAINER, False),
        ("NoSuchVersion", core.ObjectNotFoundError, Scope.OBJECT, False),
    ],
)
def test_meaning_of_a_code(
    code: str, cls: type[S3dlioError], scope: Scope, retryable: bool
) -> None:
    """The codes that matter have the class, reach and retryability that fit."""
    error = refused(400, code)
    assert (cls, scope, retryable) == (type(error), error.scope, error.retryable)


@pytest.mark.parametrize(
    ("status", "cls", "retryable"),
    [
        (400, core.ServiceError, False),
        (401, core.CredentialsError, False),
        (403, core.PermissionDeniedError, False),
        (404, core.ObjectNotFoundError, False),
        (408, core.RequestTimeoutError, True),
        (409, core.ConflictError, True),
        (412, core.PreconditionFailedError, False),
        (413, core.ObjectTooLargeError, False),
        (416, core.InvalidRangeError, False),
        (418, core.ServiceError, False),
        (429, core.ThrottledError, True),
        (500, core.ServiceError, True),
        (501, core.NotSupportedError, False),
        (502, core.ServiceError, True),
        (503, core.ThrottledError, True),
        (507, core.StorageFullError, False),
    ],
)
@pytest.mark.parametrize("code", ["", "NewCode"])
def test_unknown_code_is_judged_by_its_status(
    status: int, cls: type[S3dlioError], retryable: bool, code: str
) -> None:
    """Without a known code the status decides."""
    error = refused(status, code)
    assert (cls, retryable) == (type(error), error.retryable)


def test_missing_bucket_without_a_code() -> None:
    """A bare 404 to a request that names no key means the bucket."""
    assert isinstance(refused(404, names_key=False), core.ContainerNotFoundError)


def test_foreign_answer_names_the_endpoint() -> None:
    """A body that is no S3 error, with a status that isn't a gateway's, is no S3 service."""
    error = refused(404, has_body=True)
    assert (core.ServiceError, Scope.STORE, False) == (type(error), error.scope, error.retryable)
    assert "http://s3.example answered 404, but not as an S3 service does" in str(error)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_gateway_page_is_retryable(status: int) -> None:
    """A gateway's HTML page with a 5xx is temporary."""
    assert refused(status, has_body=True).retryable


@pytest.mark.parametrize(
    ("status", "code", "headers", "region"),
    [
        (301, "PermanentRedirect", {"x-amz-bucket-region": "eu-west-1"}, ""),
        (301, "", {"x-amz-bucket-region": "eu-west-1"}, ""),
        (400, "AuthorizationHeaderMalformed", {}, "eu-west-1"),
        (307, "TemporaryRedirect", {"x-amz-bucket-region": "eu-west-1"}, ""),
    ],
)
def test_wrong_region_says_the_right_one(
    status: int, code: str, headers: dict[str, str], region: str
) -> None:
    """A redirect, or a signature for another region, names the region to set."""
    error = refused(status, code, headers=headers, region=region)
    assert "set the region eu-west-1" in str(error)
    assert "signed for us-east-1" in str(error)
    assert error.scope in {Scope.CONTAINER, Scope.STORE}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "7"}, 7.0),
        (
            {
                "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT",
                "date": "Thu, 01 Jan 2026 00:00:00 GMT",
            },
            30.0,
        ),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 5000}, None),
        ({"retry-after": HOSTILE_DATE, "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, None),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:30 GMT", "date": HOSTILE_DATE}, None),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:30 GMT"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], expected: float | None) -> None:
    """Retry-After is read as seconds, or as a date against the server's own clock."""
    assert expected == refused(503, "SlowDown", headers=headers).retry_after_s


@pytest.mark.parametrize(
    ("status", "code", "changes", "expected"),
    [
        (500, "", True, True),
        (500, "InternalError", True, True),
        (500, "NewCode", True, True),
        (502, "", True, True),
        (503, "InternalError", True, True),
        (503, "", True, True),
        (504, "", True, True),
        (500, "InternalError", False, False),
        (503, "", False, False),
        (503, "SlowDown", True, False),
        (503, "ServiceUnavailable", True, False),
        (429, "", True, False),
        (501, "NotImplemented", True, False),
        (507, "", True, False),
        (400, "InvalidArgument", True, False),
        (409, "OperationAborted", True, False),
    ],
)
def test_failure_of_the_service_may_come_after_the_work(
    status: int, code: str, changes: bool, expected: bool
) -> None:
    """A 5xx to a request that changes something leaves doubt, unless it was a refusal."""
    assert expected is refused(status, code, changes=changes).maybe_done


def test_error_inside_a_success_may_have_been_done() -> None:
    """An error inside a 200 carries its code, its retryability and the doubt."""
    error = error_of_code(ErrorBody("InternalError"), "copy", "s3://b/k", maybe_done=True)
    assert (True, True, "InternalError") == (error.retryable, error.maybe_done, error.code)


def test_message_without_words_says_what_the_class_means() -> None:
    """A service that sends the code alone still gives a readable error."""
    error = error_of_code(ErrorBody("NoSuchKey"), "head", "s3://b/k")
    assert str(error) == "head s3://b/k: No object has this key (code NoSuchKey)"


def test_long_message_is_cut() -> None:
    """A message is cut at 500 characters."""
    error = error_of_code(ErrorBody("InvalidArgument", "x" * 10_000), "head", "s3://b/k")
    assert len(error.reason) == 500
