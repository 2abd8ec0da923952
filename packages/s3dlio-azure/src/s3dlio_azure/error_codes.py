"""What each error code of Blob Storage means to us: one table.

A known code decides; an unknown one is judged by the HTTP status. A test holds the table against a
list of the service's codes.

Sources: Azure Storage, "Blob Storage error codes", "Common REST API error codes", "Shared access
signature error codes"; for codes that no page lists, what azure-storage-blob and Azurite have.
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
    SourceChangedError,
    StorageFullError,
    ThrottledError,
    UploadNotFoundError,
    UsageError,
)
from s3dlio_core.rest import meanings
from s3dlio_core.rest.meanings import Meaning

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CODES", "REDIRECT", "meaning_of", "meaning_of_status"]


_CREDENTIALS = Meaning(
    CredentialsError, hint="Check the account's name, and its key, SAS token or identity"
)
_NOT_GRANTED = Meaning(
    PermissionDeniedError,
    hint="Use a SAS token with the permission, or give the identity a role such as Storage Blob "
    "Data Contributor",
)
_NETWORK = Meaning(
    PermissionDeniedError,
    scope=Scope.STORE,
    hint="Check the account's firewall and the addresses that the SAS token allows",
)
_DENIED_ALL = Meaning(PermissionDeniedError, scope=Scope.STORE)
_REFUSED = Meaning(ServiceError)
_REFUSED_STORE = Meaning(ServiceError, scope=Scope.STORE)
_FAILED = Meaning(ServiceError, retryable=True)
_THROTTLED = Meaning(ThrottledError)
_CONFLICT = Meaning(ConflictError)
_IN_THE_WAY = Meaning(ConflictError, retryable=False)
_CONDITION = Meaning(PreconditionFailedError)
_INTEGRITY = Meaning(IntegrityError)
_BAD_NAME = Meaning(InvalidKeyError)
_TOO_LARGE = Meaning(ObjectTooLargeError)
_NOT_SUPPORTED = Meaning(NotSupportedError)
_LEASED = Meaning(
    ConflictError, retryable=False, hint="Another program holds a lease: let it end, or break it"
)
_ARCHIVED = Meaning(ServiceError, hint="The blob is archived: rehydrate it first (Set Blob Tier)")
_IMMUTABLE = Meaning(PermissionDeniedError, hint="A policy or a legal hold protects it")
_NO_PUBLIC_ACCESS = Meaning(
    CredentialsError, hint="Anonymous access isn't allowed here: give a key, SAS token or identity"
)
_SNAPSHOTS = Meaning(
    ServiceError, hint="Set delete_snapshots to include to delete the blob's snapshots with it"
)
_FOREIGN_BLOCKS = Meaning(
    InvalidPartError,
    hint="The blob has unfinished blocks of another program: they end after a week, or when the "
    "blob is written in one request, as s3-cli put writes a small one, or deleted (Delete Blob)",
)
REDIRECT = Meaning(
    ServiceError, scope=Scope.STORE, hint="Redirects aren't followed: check the endpoint URL"
)

CODES: Mapping[str, Meaning] = {
    # Who asks.
    "AuthenticationFailed": _CREDENTIALS,
    "InvalidAuthenticationInfo": _CREDENTIALS,
    "NoAuthenticationInformation": _CREDENTIALS,
    "PublicAccessNotPermitted": _NO_PUBLIC_ACCESS,
    "KeyBasedAuthenticationNotPermitted": Meaning(
        CredentialsError,
        hint="The account refuses keys and what they sign: use Microsoft Entra ID",
    ),
    # Azurite's for a wrong signature; that of the service for what no permission allows.
    "AuthorizationFailure": Meaning(
        CredentialsError,
        hint="Check the key or the SAS token, and the account's firewall",
    ),
    "AuthorizationPermissionMismatch": _NOT_GRANTED,
    "AuthorizationResourceTypeMismatch": _NOT_GRANTED,
    "AuthorizationServiceMismatch": _NOT_GRANTED,
    "AuthorizationProtocolMismatch": Meaning(
        CredentialsError, hint="The SAS token is for https only: use an https:// endpoint"
    ),
    "AuthorizationSourceIPMismatch": _NETWORK,
    "InsufficientAccountPermissions": _DENIED_ALL,
    "AccountIsDisabled": _DENIED_ALL,
    "UnauthorizedBlobOverwrite": Meaning(
        PreconditionFailedError, hint="The SAS token may create blobs, but not overwrite them"
    ),
    # Which account.
    "AccountAlreadyExists": _REFUSED_STORE,
    "AccountBeingCreated": Meaning(ServiceError, retryable=True, scope=Scope.STORE),
    "AccountProtectedFromDeletion": _REFUSED_STORE,
    # Which container.
    "ContainerNotFound": Meaning(
        ContainerNotFoundError, hint="Check the container's name and the account, or create it"
    ),
    "ContainerAlreadyExists": Meaning(ContainerExistsError),
    "ContainerBeingDeleted": Meaning(
        ConflictError,
        scope=Scope.CONTAINER,
        hint="A container that was deleted keeps its name for half a minute or more",
    ),
    "ContainerDisabled": Meaning(PermissionDeniedError, scope=Scope.CONTAINER),
    "ContainerHasLegalHold": Meaning(PermissionDeniedError, scope=Scope.CONTAINER),
    "ContainerImmutabilityPolicyLocked": Meaning(PermissionDeniedError, scope=Scope.CONTAINER),
    "InvalidResourceName": Meaning(
        UsageError,
        scope=Scope.CONTAINER,
        hint="Container names have 3 to 63 of a-z, 0-9 and single hyphens between them",
    ),
    # Which blob.
    "BlobNotFound": Meaning(ObjectNotFoundError),
    "ResourceNotFound": Meaning(
        ObjectNotFoundError, hint="Or it may not be seen without a credential"
    ),
    "BlobAlreadyExists": _CONDITION,
    "ResourceAlreadyExists": _CONDITION,
    "InvalidUri": _BAD_NAME,
    "RequestUrlFailedToParse": _BAD_NAME,
    "ResourceTypeMismatch": Meaning(
        InvalidKeyError, hint="A directory has this name, or a blob that of a directory above it"
    ),
    "DirectoryNotEmpty": Meaning(
        ContainerNotEmptyError, scope=Scope.OBJECT, hint="Delete what is in the directory first"
    ),
    "DirectoryIsNotEmpty": Meaning(
        ContainerNotEmptyError, scope=Scope.OBJECT, hint="Delete what is in the directory first"
    ),
    "InvalidBlobType": Meaning(
        ServiceError, hint="It is an append or a page blob: delete it, or choose another name"
    ),
    "BlobArchived": _ARCHIVED,
    "BlobBeingRehydrated": Meaning(
        ServiceError, hint="The blob is on its way out of the archive: try again in some hours"
    ),
    "BlobNotArchived": _REFUSED,
    "BlobImmutableDueToPolicy": _IMMUTABLE,
    "BlobImmutableDueToLegalHold": _IMMUTABLE,
    "BlobIsSealed": _IMMUTABLE,
    "BlobOverwritten": Meaning(SourceChangedError),
    "BlobUsesCustomerSpecifiedEncryption": Meaning(
        NotSupportedError, hint="The blob has a key of its customer, which isn't supported here"
    ),
    "SnapshotsPresent": _SNAPSHOTS,
    "BlobOperationNotSupported": Meaning(
        NotSupportedError,
        hint="It may have been written through the Data Lake API: delete it first, or write it in "
        "one request",
    ),
    "OperationNotSupportedOnDirectory": Meaning(
        ServiceError, hint="It is a directory: only the Data Lake API deletes it"
    ),
    # Conditions, and who else is at work.
    "ConditionNotMet": _CONDITION,
    "TargetConditionNotMet": _CONDITION,
    "SourceConditionNotMet": _CONDITION,
    "AppendPositionConditionNotMet": _CONDITION,
    "MaxBlobSizeConditionNotMet": _CONDITION,
    "SequenceNumberConditionNotMet": _CONDITION,
    "UnsatisfiableCondition": _CONDITION,
    "ConditionHeadersNotSupported": _NOT_SUPPORTED,
    "MultipleConditionHeadersNotSupported": _NOT_SUPPORTED,
    "LeaseAlreadyBroken": _LEASED,
    "LeaseAlreadyPresent": _LEASED,
    "LeaseIdMismatchWithBlobOperation": _LEASED,
    "LeaseIdMismatchWithContainerOperation": _LEASED,
    "LeaseIdMismatchWithLeaseOperation": _LEASED,
    "LeaseIdMissing": _LEASED,
    "LeaseIsBreakingAndCannotBeAcquired": _LEASED,
    "LeaseIsBreakingAndCannotBeChanged": _LEASED,
    "LeaseIsBrokenAndCannotBeRenewed": _LEASED,
    "LeaseLost": _LEASED,
    "LeaseNotPresentWithBlobOperation": _LEASED,
    "LeaseNotPresentWithContainerOperation": _LEASED,
    "LeaseNotPresentWithLeaseOperation": _LEASED,
    "InfiniteLeaseDurationRequired": _LEASED,
    "PendingCopyOperation": _CONFLICT,
    "NoPendingCopyOperation": _IN_THE_WAY,
    "CopyIdMismatch": _IN_THE_WAY,
    "SystemInUse": _IN_THE_WAY,
    # Blocks and sizes.
    "InvalidBlockList": Meaning(UploadNotFoundError),
    "InvalidBlockId": Meaning(InvalidPartError),
    "InvalidBlobOrBlock": _FOREIGN_BLOCKS,
    "BlockListTooLong": Meaning(InvalidPartError),
    "BlockCountExceedsLimit": Meaning(
        InvalidPartError,
        hint="A blob has at most 50,000 blocks, and 100,000 unfinished ones: those of uploads that "
        "broke off end after a week, or when the blob is written in one request, as s3-cli put "
        "writes a small one",
    ),
    "RequestBodyTooLarge": _TOO_LARGE,
    "RequestEntityTooLarge": _TOO_LARGE,
    "ContentLengthLargerThanTierLimit": _TOO_LARGE,
    "BlobTierInadequateForContentLength": _TOO_LARGE,
    "InvalidRange": Meaning(InvalidRangeError),
    # Bytes that don't arrive as they were sent.
    "Md5Mismatch": _INTEGRITY,
    "Crc64Mismatch": _INTEGRITY,
    "InvalidMd5": _REFUSED,
    # Copies.
    "CannotVerifyCopySource": Meaning(
        PermissionDeniedError, hint="The service can't read the copy's source as it was named"
    ),
    "CopyAcrossAccountsNotSupported": _NOT_SUPPORTED,
    "InvalidSourceBlobType": _NOT_SUPPORTED,
    "InvalidSourceBlobUrl": _REFUSED,
    "UnexpectedSyncCopyStatus": _FAILED,
    "BothUserTagsAndSourceTagsCopyPresentException": _REFUSED,
    # Not now.
    "ServerBusy": _THROTTLED,
    "SnapshotOperationRateExceeded": _THROTTLED,
    "SnaphotOperationRateExceeded": _THROTTLED,
    "OperationTimedOut": Meaning(RequestTimeoutError),
    "InternalError": _FAILED,
    # No room.
    "SnapshotCountExceeded": Meaning(StorageFullError, scope=Scope.OBJECT),
    # What every blob of a run has.
    "InvalidBlobTier": Meaning(
        ServiceError, scope=Scope.CONTAINER, hint="Use a tier such as Hot, Cool, Cold or Archive"
    ),
    "BlobAccessTierNotSupportedForAccountType": Meaning(
        ServiceError, scope=Scope.STORE, hint="Leave the access tier out"
    ),
    "AccessTierNotSupportedForBlobType": Meaning(
        ServiceError, scope=Scope.CONTAINER, hint="Leave the access tier out"
    ),
    "CannotChangeToLowerTier": _REFUSED,
    "FeatureVersionMismatch": _REFUSED_STORE,
    "FeatureNotSupportedForAccount": Meaning(NotSupportedError, scope=Scope.STORE),
    "APINotImplemented": _NOT_SUPPORTED,
    "UnsupportedHttpVerb": _NOT_SUPPORTED,
    "InvalidHttpVerb": _NOT_SUPPORTED,
    # Metadata and tags.
    "EmptyMetadataKey": _REFUSED,
    "InvalidMetadata": Meaning(ServiceError, hint="Metadata names are C# identifiers"),
    "MetadataTooLarge": Meaning(ServiceError, hint="Metadata has at most 8 KiB in all"),
    "DuplicateTagNames": _REFUSED,
    "EmptyTagName": _REFUSED,
    "TagsTooLarge": _REFUSED,
    # Requests that this client doesn't send, or would send wrong by a mistake of its own.
    "CorsPreflightFailure": _REFUSED,
    "IncrementalCopyBlobMismatch": _REFUSED,
    "IncrementalCopyOfEarlierSnapshotNotAllowed": _REFUSED,
    "IncrementalCopyOfEarlierVersionSnapshotNotAllowed": _REFUSED,
    "IncrementalCopyOfEralierVersionSnapshotNotAllowed": _REFUSED,
    "IncrementalCopySourceMustBeSnapshot": _REFUSED,
    "InvalidHeaderValue": _REFUSED,
    "InvalidInput": _REFUSED,
    "InvalidOperation": _REFUSED,
    "InvalidPageRange": _REFUSED,
    "InvalidQueryParameterValue": _REFUSED,
    "InvalidVersionForPageBlobOperation": _REFUSED,
    "InvalidXmlDocument": _REFUSED,
    "InvalidXmlNodeValue": _REFUSED,
    "MissingContentLengthHeader": _REFUSED,
    "MissingRequiredHeader": _REFUSED,
    "MissingRequiredQueryParameter": _REFUSED,
    "MissingRequiredXmlNode": _REFUSED,
    "OperationNotAllowedOnIncrementalCopyBlob": _REFUSED,
    "OutOfRangeInput": _BAD_NAME,
    "OutOfRangeQueryParameterValue": _REFUSED,
    "PreviousSnapshotCannotBeNewer": _REFUSED,
    "PreviousSnapshotNotFound": _REFUSED,
    "PreviousSnapshotOperationNotSupported": _REFUSED,
    "SequenceNumberIncrementTooLarge": _REFUSED,
    "UnsupportedHeader": _REFUSED,
    "UnsupportedQueryParameter": _REFUSED,
    "UnsupportedXmlNode": _REFUSED,
}

# What a status means when there is no known code.
_STATUSES: Mapping[int, Meaning] = {
    **meanings.STATUSES,
    301: REDIRECT,
    302: REDIRECT,
    303: REDIRECT,
    304: _CONDITION,
    307: REDIRECT,
    308: REDIRECT,
    401: _CREDENTIALS,
    # What passes has a code of its own: the others tell of leases, policies and features.
    409: _IN_THE_WAY,
}


#: Who may not see a private container isn't told that there is one.
_HIDDEN_CONTAINER = Meaning(
    ContainerNotFoundError, hint="Or it may not be seen without a credential"
)
#: The service answers with the status that it got itself when it asked for a copy's source.
_COPY_SOURCE: Mapping[int, Meaning] = {
    404: Meaning(ObjectNotFoundError, hint="The copy's source is gone, or may not be read"),
    409: _IN_THE_WAY,
    412: _CONDITION,
    429: _THROTTLED,
    500: _FAILED,
    503: _THROTTLED,
}


def meaning_of(code: str, status: int, *, names_key: bool, makes_blob: bool = False) -> Meaning:
    """Return what a refusal means.

    Args:
        code: the service's error code, or "".
        status: the HTTP status.
        names_key: whether the request named a blob.
        makes_blob: whether it was to make that blob, so that what isn't there is the container.
    """
    if code == "CannotVerifyCopySource" and status in _COPY_SOURCE:
        return _COPY_SOURCE[status]
    if code == "ResourceNotFound" and (makes_blob or not names_key):
        return _HIDDEN_CONTAINER
    if code in CODES:
        return CODES[code]
    if status == 404:
        return CODES["BlobNotFound" if names_key else "ContainerNotFound"]
    return meaning_of_status(status)


def meaning_of_status(status: int) -> Meaning:
    """Return what an HTTP status means when there is no known code."""
    return meanings.meaning_of_status(status, _STATUSES)
