"""From S3's error codes to s3dlio's errors: one table, at this one edge.

Rules that hold in this file:
- Pure: an answer's parts in, an error out. Nothing is raised here.
- A known code decides; an unknown one is judged by the HTTP status. A test holds the table
  against a list of S3's codes.
- The service's message is shown, never the request's headers.

Sources: Amazon S3 API Reference, "Error responses"; for the codes of other servers (MinIO, Ceph,
rclone) their own sources; RFC 9110 section 10.2.3 for Retry-After.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from s3dlio_core.errors import (
    ConflictError,
    ContainerExistsError,
    ContainerNotEmptyError,
    ContainerNotFoundError,
    CredentialsError,
    IntegrityError,
    InvalidKeyError,
    InvalidPartError,
    InvalidRangeError,
    NotSupportedError,
    ObjectNotFoundError,
    ObjectTooLargeError,
    PermissionDeniedError,
    PreconditionFailedError,
    RequestTimeoutError,
    S3dlioError,
    Scope,
    ServiceError,
    StorageFullError,
    ThrottledError,
    UploadNotFoundError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_s3.wire_xml import ErrorBody

__all__ = ["CODES", "Meaning", "Refusal", "error_of_code", "error_of_refusal"]

_REASON_MAX_CHARS = 500

_KEYS_HINT = "Check the access key, the secret and the session token"
_REGION_HINT = "Set the region by option (--region) or AWS_REGION"
_REDIRECT_HINT = "Set the region of this bucket by option (--region) or AWS_REGION"
_BUCKET_HINT = "Check the bucket's name and the endpoint, or create it"
_CLOCK_HINT = "Set this machine's clock"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error code means to us.

    Attributes:
        cls: the class of the error.
        retryable: None keeps the class's default.
        scope: None keeps the class's default.
        hint: what to do next, or "".
    """

    cls: type[S3dlioError]
    retryable: bool | None = None
    scope: Scope | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that isn't a success.

    Attributes:
        operation, uri: what was asked for.
        status: the HTTP status.
        headers: of the answer; looked up without regard to case.
        error: the parsed error document, or None.
        has_body: whether there was a body, S3's or not.
        endpoint: the service's URL.
        region: the region that the request was signed for.
        names_key: whether the request named a key, so that a bare 404 is about that.
    """

    operation: str
    uri: str
    status: int
    headers: Mapping[str, str]
    error: ErrorBody | None
    has_body: bool
    endpoint: str
    region: str
    names_key: bool


_CREDENTIALS = Meaning(CredentialsError, hint=_KEYS_HINT)
_CLOCK = Meaning(CredentialsError, hint=_CLOCK_HINT)
_DENIED = Meaning(PermissionDeniedError)
_DENIED_ALL = Meaning(PermissionDeniedError, scope=Scope.CONTAINER)
_THROTTLED = Meaning(ThrottledError)
_REDIRECT = Meaning(ServiceError, scope=Scope.CONTAINER, hint=_REDIRECT_HINT)
_WRONG_REGION = Meaning(ServiceError, scope=Scope.STORE, hint=_REGION_HINT)
_REFUSED = Meaning(ServiceError)
_REFUSED_BUCKET = Meaning(ServiceError, scope=Scope.CONTAINER)
_FAILED = Meaning(ServiceError, retryable=True)
_INTEGRITY = Meaning(IntegrityError)
_NOT_SUPPORTED = Meaning(NotSupportedError)
_FULL = Meaning(StorageFullError)
_BAD_NAME = Meaning(
    UsageError, scope=Scope.CONTAINER, hint="Bucket names have 3 to 63 of a-z, 0-9, - and ."
)

CODES: Mapping[str, Meaning] = {
    # Who asks.
    "InvalidAccessKeyId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "InvalidToken": _CREDENTIALS,
    "InvalidSecurity": _CREDENTIALS,
    "InvalidPayer": _CREDENTIALS,
    "NotSignedUp": _CREDENTIALS,
    "MissingSecurityHeader": _CREDENTIALS,
    "CredentialsNotSupported": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "AuthorizationQueryParametersError": _CREDENTIALS,
    "MissingAuthenticationToken": _CREDENTIALS,
    "ExpiredToken": Meaning(CredentialsError, hint="Get new temporary credentials"),
    "TokenRefreshRequired": Meaning(CredentialsError, hint="Get new temporary credentials"),
    "ExpiredTokenException": Meaning(CredentialsError, hint="Get new temporary credentials"),
    "RequestTimeTooSkewed": _CLOCK,
    "RequestExpired": _CLOCK,
    "AccessForbidden": _DENIED,
    "AccessDenied": _DENIED,
    "AccountProblem": _DENIED_ALL,
    "AllAccessDisabled": _DENIED_ALL,
    "CrossLocationLoggingProhibited": _DENIED_ALL,
    "KMS.DisabledException": _DENIED_ALL,
    "RequestNotPermitted": _DENIED,
    # Which bucket.
    "NoSuchBucket": Meaning(ContainerNotFoundError, hint=_BUCKET_HINT),
    "BucketAlreadyExists": Meaning(ContainerExistsError, hint="Choose another name"),
    "BucketAlreadyOwnedByYou": Meaning(ContainerExistsError),
    "BucketNotEmpty": Meaning(ContainerNotEmptyError, hint="Delete its objects first"),
    "InvalidBucketName": _BAD_NAME,
    "TooManyBuckets": Meaning(ServiceError, scope=Scope.STORE),
    "InvalidLocationConstraint": _WRONG_REGION,
    "IllegalLocationConstraintException": _WRONG_REGION,
    "AuthorizationHeaderMalformed": _WRONG_REGION,
    "InvalidRegionName": _WRONG_REGION,
    "PermanentRedirect": _REDIRECT,
    "Redirect": _REDIRECT,
    "TemporaryRedirect": _REDIRECT,
    "IncorrectEndpoint": _REDIRECT,
    "InvalidBucketState": _REFUSED_BUCKET,
    "NoSuchBucketPolicy": _REFUSED_BUCKET,
    "NoSuchLifecycleConfiguration": _REFUSED_BUCKET,
    "OwnershipControlsNotFoundError": _REFUSED_BUCKET,
    "ServerSideEncryptionConfigurationNotFoundError": _REFUSED_BUCKET,
    "NoSuchWebsiteConfiguration": _REFUSED_BUCKET,
    # Which object.
    "NoSuchKey": Meaning(ObjectNotFoundError),
    "NoSuchVersion": Meaning(ObjectNotFoundError),
    "NotFound": Meaning(ObjectNotFoundError),
    "NoSuchUpload": Meaning(UploadNotFoundError),
    "KeyTooLongError": Meaning(InvalidKeyError),
    "KeyTooLong": Meaning(InvalidKeyError),
    "InvalidURI": Meaning(InvalidKeyError),
    "XMinioInvalidObjectName": Meaning(InvalidKeyError),
    "XMinioParentIsObject": Meaning(InvalidKeyError),
    "InvalidObjectState": Meaning(ServiceError, hint="The object is archived: restore it first"),
    "InvalidRange": Meaning(InvalidRangeError),
    "PreconditionFailed": Meaning(PreconditionFailedError),
    "ConditionalRequestConflict": Meaning(ConflictError),
    "OperationAborted": Meaning(ConflictError),
    "ObjectNotInActiveTierError": _REFUSED,
    "RestoreAlreadyInProgress": _REFUSED,
    "EntityTooLarge": Meaning(ObjectTooLargeError),
    "EntityTooSmall": Meaning(InvalidPartError, hint="Only the last part may be under 5 MiB"),
    "InvalidPart": Meaning(InvalidPartError),
    "InvalidPartNumber": Meaning(InvalidPartError),
    "InvalidPartOrder": Meaning(InvalidPartError),
    "MetadataTooLarge": _REFUSED,
    # Bytes that don't arrive as they were sent.
    "BadDigest": _INTEGRITY,
    "IncompleteBody": _INTEGRITY,
    "XAmzContentSHA256Mismatch": _INTEGRITY,
    "XAmzContentChecksumMismatch": _INTEGRITY,
    "ChecksumMismatch": _INTEGRITY,
    # Not now.
    "SlowDown": _THROTTLED,
    "SlowDownRead": _THROTTLED,
    "SlowDownWrite": _THROTTLED,
    "ServiceUnavailable": _THROTTLED,
    "Busy": _THROTTLED,
    "Throttling": _THROTTLED,
    "ThrottlingException": _THROTTLED,
    "ThrottledException": _THROTTLED,
    "RequestThrottled": _THROTTLED,
    "RequestThrottledException": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "TooManyRequests": _THROTTLED,
    "TooManyRequestsException": _THROTTLED,
    "BandwidthLimitExceeded": _THROTTLED,
    "RequestTimeout": Meaning(RequestTimeoutError),
    "RequestTimeoutException": Meaning(RequestTimeoutError),
    "InternalError": _FAILED,
    "InternalFailure": _FAILED,
    "InternalServerError": _FAILED,
    "XMinioServerNotInitialized": _FAILED,
    # No room.
    "QuotaExceeded": _FULL,
    "InsufficientStorage": _FULL,
    "XMinioStorageFull": _FULL,
    "XMinioAdminBucketQuotaExceeded": _FULL,
    # Never.
    "NotImplemented": _NOT_SUPPORTED,
    "MethodNotAllowed": _NOT_SUPPORTED,
    # Requests that this client doesn't send, or would send wrong by a mistake of its own.
    "AmbiguousGrantByEmailAddress": _REFUSED,
    "ClientTokenConflict": _REFUSED,
    "ConnectionClosedByRequester": _REFUSED,
    "DeviceNotActiveError": _REFUSED,
    "EndpointNotFound": _REFUSED,
    "ExcessHeaderValues": _REFUSED,
    "IllegalVersioningConfigurationException": _REFUSED,
    "IncorrectNumberOfFilesInPostRequest": _REFUSED,
    "InlineDataTooLarge": _REFUSED,
    "InvalidAccessPoint": _REFUSED,
    "InvalidAccessPointAliasError": _REFUSED,
    "InvalidAddressingHeader": _REFUSED,
    "InvalidArgument": _REFUSED,
    "InvalidBucketAclWithObjectOwnership": _REFUSED,
    "InvalidBucketOwnerAWSAccountID": _REFUSED,
    "InvalidDigest": _REFUSED,
    "InvalidEncryptionAlgorithmError": _REFUSED,
    "InvalidHostHeader": _REFUSED,
    "InvalidHttpMethod": _REFUSED,
    "InvalidPolicyDocument": _REFUSED,
    "InvalidRequest": _REFUSED,
    "InvalidSessionException": _CREDENTIALS,
    "InvalidSignature": _CREDENTIALS,
    "InvalidSOAPRequest": _REFUSED,
    "InvalidStorageClass": _REFUSED,
    "InvalidTag": _REFUSED,
    "InvalidTargetBucketForLogging": _REFUSED,
    "KMS.InvalidKeyUsageException": _REFUSED,
    "KMS.KMSInvalidStateException": _REFUSED,
    "KMS.NotFoundException": _REFUSED,
    "MalformedACLError": _REFUSED,
    "MalformedPOSTRequest": _REFUSED,
    "MalformedPolicy": _REFUSED,
    "MalformedXML": _REFUSED,
    "MaxMessageLengthExceeded": _REFUSED,
    "MaxPostPreDataLengthExceededError": _REFUSED,
    "MissingAttachment": _REFUSED,
    "MissingContentLength": _REFUSED,
    "MissingRequestBodyError": _REFUSED,
    "MissingSecurityElement": _REFUSED,
    "NoLoggingStatusForKey": _REFUSED,
    "NoSuchAccessPoint": _REFUSED_BUCKET,
    "NoSuchAsyncRequest": _REFUSED,
    "NoSuchCORSConfiguration": _REFUSED_BUCKET,
    "NoSuchMultiRegionAccessPoint": _REFUSED_BUCKET,
    "NoSuchObjectLockConfiguration": _REFUSED,
    "NoSuchTagSet": _REFUSED,
    "NotDeviceOwnerError": _REFUSED,
    "NotModified": _REFUSED,
    "ObjectLockConfigurationNotFoundError": _REFUSED,
    "RequestHeaderSectionTooLarge": _REFUSED,
    "RequestIsNotMultiPartContent": _REFUSED,
    "RequestTorrentOfBucketError": _REFUSED,
    "ReplicationConfigurationNotFoundError": _REFUSED_BUCKET,
    "ReplicationParameterValueError": _REFUSED,
    "ResponseInterrupted": _FAILED,
    "TokenCodeInvalidError": _CREDENTIALS,
    "UnauthorizedAccessError": _DENIED,
    "UnexpectedContent": _REFUSED,
    "UnexpectedIPError": _REFUSED,
    "UnresolvableGrantByEmailAddress": _REFUSED,
    "UnsupportedArgument": _REFUSED,
    "UnsupportedSignature": _CREDENTIALS,
    "UserKeyMustBeSpecified": _REFUSED,
}

# The answer to a HEAD has no body, but these statuses have one code each.
_REDIRECT_CODES: Mapping[int, str] = {301: "PermanentRedirect", 307: "TemporaryRedirect"}
# What a status means when there is no known code.
_STATUSES: Mapping[int, Meaning] = {
    301: _REDIRECT,
    302: _REDIRECT,
    307: _REDIRECT,
    308: _REDIRECT,
    401: _CREDENTIALS,
    403: _DENIED,
    408: Meaning(RequestTimeoutError),
    409: Meaning(ConflictError),
    412: Meaning(PreconditionFailedError),
    413: Meaning(ObjectTooLargeError),
    416: Meaning(InvalidRangeError),
    429: _THROTTLED,
    501: _NOT_SUPPORTED,
    503: _THROTTLED,
    507: _FULL,
}


def error_of_code(
    body: ErrorBody, operation: str, uri: str, *, status: int = 400, maybe_done: bool = False
) -> S3dlioError:
    """Return the error of a code that stands inside an answer of status 200.

    Args:
        body: the error.
        operation: what was asked for.
        uri: what it was asked of.
        status: judges a code that isn't known.
        maybe_done: whether the request may have been carried out.
    """
    meaning = CODES.get(body.code) or _of_status(status)
    return meaning.cls(
        _reason(body, meaning),
        operation=operation,
        uri=uri,
        hint=meaning.hint,
        retryable=meaning.retryable,
        scope=meaning.scope,
        code=body.code,
        request_id=body.request_id,
        maybe_done=maybe_done,
    )


def error_of_refusal(refusal: Refusal) -> S3dlioError:
    """Return the error of an answer that isn't a success."""
    error = refusal.error
    if error is None and refusal.has_body and _is_foreign(refusal.status):
        return ServiceError(
            f"{refusal.endpoint} answered {refusal.status}, but not as an S3 service does",
            operation=refusal.operation,
            uri=refusal.uri,
            hint="Check the endpoint URL",
            scope=Scope.STORE,
        )
    meaning = _meaning(refusal)
    request_id = refusal.headers.get("x-amz-request-id", "")
    return meaning.cls(
        _reason(error, meaning) if error else f"the service answered {refusal.status}",
        operation=refusal.operation,
        uri=refusal.uri,
        hint=_hint(refusal, meaning),
        retryable=meaning.retryable,
        retry_after_s=_retry_after_s(refusal.headers),
        scope=meaning.scope,
        code=(error.code if error else "") or _REDIRECT_CODES.get(refusal.status, ""),
        request_id=(error.request_id if error else "") or request_id,
    )


def _meaning(refusal: Refusal) -> Meaning:
    code = refusal.error.code if refusal.error else ""
    if code in CODES:
        return CODES[code]
    if refusal.status == 404:
        return CODES["NoSuchKey" if refusal.names_key else "NoSuchBucket"]
    return _of_status(refusal.status)


def _of_status(status: int) -> Meaning:
    if status in _STATUSES:
        return _STATUSES[status]
    return _FAILED if status >= 500 else _REFUSED


def _is_foreign(status: int) -> bool:
    """Return whether a body without an S3 error means that this is no S3 service at all.

    A load balancer before a real one says 403, 429 and 5xx in HTML.
    """
    return status < 500 and status not in {403, 408, 413, 429}


def _reason(body: ErrorBody, meaning: Meaning) -> str:
    text = " ".join(body.message.split())
    if text in {"", body.code}:
        # rclone sends the code alone. The class says in words what it means.
        text = " ".join((meaning.cls.__doc__ or body.code).split())
    return text.rstrip(".")[:_REASON_MAX_CHARS]


def _hint(refusal: Refusal, meaning: Meaning) -> str:
    region = refusal.headers.get("x-amz-bucket-region", "")
    if refusal.error and refusal.error.region:
        region = refusal.error.region
    if meaning in (_REDIRECT, _WRONG_REGION) and region and region != refusal.region:
        return (
            f"The request was signed for {refusal.region}: set the region {region} by option "
            f"(--region) or AWS_REGION"
        )
    return meaning.hint


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isdecimal():
        return float(text)
    try:
        # Against the server's own clock: ours may be off.
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, wait.total_seconds())
