"""What each error code of S3 means to us: one table.

A known code decides; an unknown one is judged by the HTTP status. A test holds the table against a
list of S3's codes.

Sources: Amazon S3 API Reference, "Error responses"; for the codes of other servers (MinIO, Ceph,
rclone) what they send.
"""

from __future__ import annotations

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
    Scope,
    ServiceError,
    StorageFullError,
    ThrottledError,
    UploadNotFoundError,
    UsageError,
)
from s3dlio_core.rest import meanings
from s3dlio_core.rest.meanings import Meaning

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CODES",
    "EXPIRED_CODES",
    "REDIRECT",
    "REDIRECT_CODES",
    "WRONG_REGION",
    "meaning_of_status",
]

_KEYS_HINT = "Check the access key, the secret and the session token"
_REGION_HINT = "Set the region by option (--region) or AWS_REGION"
_REDIRECT_HINT = "Set the region of this bucket by option (--region) or AWS_REGION"
_BUCKET_HINT = "Check the bucket's name and the endpoint, or create it"
_CLOCK_HINT = "Set this machine's clock"


_CREDENTIALS = Meaning(CredentialsError, hint=_KEYS_HINT)
_CLOCK = Meaning(CredentialsError, hint=_CLOCK_HINT)
_DENIED = Meaning(PermissionDeniedError)
_DENIED_ALL = Meaning(PermissionDeniedError, scope=Scope.CONTAINER)
_THROTTLED = Meaning(ThrottledError)
REDIRECT = Meaning(ServiceError, scope=Scope.CONTAINER, hint=_REDIRECT_HINT)
WRONG_REGION = Meaning(ServiceError, scope=Scope.STORE, hint=_REGION_HINT)
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
    "InvalidLocationConstraint": WRONG_REGION,
    "IllegalLocationConstraintException": WRONG_REGION,
    "AuthorizationHeaderMalformed": WRONG_REGION,
    "InvalidRegionName": WRONG_REGION,
    "PermanentRedirect": REDIRECT,
    "Redirect": REDIRECT,
    "TemporaryRedirect": REDIRECT,
    "IncorrectEndpoint": REDIRECT,
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
    # Settings that every object of a run has.
    "AccessControlListNotSupported": Meaning(
        ServiceError, scope=Scope.CONTAINER, hint="Leave out the ACL: the bucket's owner owns all"
    ),
    "InvalidEncryptionAlgorithmError": _REFUSED_BUCKET,
    "InvalidStorageClass": _REFUSED_BUCKET,
    "InvalidTag": _REFUSED_BUCKET,
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
    "InvalidHostHeader": _REFUSED,
    "InvalidHttpMethod": _REFUSED,
    "InvalidPolicyDocument": _REFUSED,
    "InvalidRequest": _REFUSED,
    "InvalidSessionException": _CREDENTIALS,
    "InvalidSignature": _CREDENTIALS,
    "InvalidSOAPRequest": _REFUSED,
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

#: What services say of temporary credentials that have ended (the AWS SDKs' list).
EXPIRED_CODES = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
)

# The answer to a HEAD has no body, but these statuses have one code each.
REDIRECT_CODES: Mapping[int, str] = {301: "PermanentRedirect", 307: "TemporaryRedirect"}
# What a status means when there is no known code.
_STATUSES: Mapping[int, Meaning] = {
    **meanings.STATUSES,
    301: REDIRECT,
    302: REDIRECT,
    307: REDIRECT,
    308: REDIRECT,
    401: _CREDENTIALS,
}


def meaning_of_status(status: int) -> Meaning:
    """Return what an HTTP status means when there is no known code."""
    return meanings.meaning_of_status(status, _STATUSES)
