"""Amazon Resource Names where a bucket's name is expected.

Rules that hold in this file:
- Pure.
- Access points are served. What needs another protocol or signature is refused by its name.

Sources: Amazon S3 User Guide, "Referencing access points" and "Making requests through
Multi-Region Access Points" (Signature Version 4A); AWS General Reference, "ARNs".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from s3dlio_core.errors import NotSupportedError, Scope, UsageError
from s3dlio_s3.partitions import is_region, partition_of

__all__ = ["ARN_PREFIX", "AccessPoint", "parse_access_point"]

ARN_PREFIX = "arn:"

_ARN = re.compile(
    r"arn:(?P<partition>[^:]*):(?P<service>[^:]*):(?P<region>[^:]*):(?P<account>[^:]*):"
    r"(?:(?P<kind>[^:/]*)[:/])?(?P<name>.*)",
    re.DOTALL,
)
_ACCOUNT = re.compile(r"[0-9]{12}")
# Access points' names (Amazon S3 User Guide, "Access points rules"): one label with the account.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?")
_FORM = "Write arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME"


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """An access point of a bucket.

    Attributes:
        region: where it is.
        account: the owner's account number.
        name: its name.
        arn: the ARN in its usual form, with a "/" before the name.
    """

    region: str
    account: str
    name: str
    arn: str

    @property
    def label(self) -> str:
        """What stands for it in a host's name."""
        return f"{self.name}-{self.account}"


def parse_access_point(arn: str) -> AccessPoint:
    """Parse the ARN of an access point.

    Raises:
        NotSupportedError: it names something else of S3, which is not served.
        UsageError: it names nothing.
    """
    found = _ARN.fullmatch(arn)
    if found is None:
        raise _bad(arn, "isn't in the form of an ARN")
    partition, service, region, account, kind, name = found.groups()
    _refuse_others(arn, service, region, kind, name)
    if service != "s3" or kind != "accesspoint":
        raise _bad(arn, "names no access point")
    if not is_region(region) or partition_of(region).name != partition:
        raise _bad(arn, f"names no region of the partition {partition}: {region!r}")
    if not _ACCOUNT.fullmatch(account):
        raise _bad(arn, f"has no account number of 12 digits: {account!r}")
    if not _NAME.fullmatch(name):
        raise _bad(arn, f"has a name that no access point has: {name[:100]!r}")
    plain = f"arn:{partition}:s3:{region}:{account}:accesspoint/{name}"
    return AccessPoint(region, account, name, plain)


def _refuse_others(arn: str, service: str, region: str, kind: str | None, name: str) -> None:
    """Refuse what exists, but isn't served."""
    if service == "s3-outposts":
        raise _unserved(arn, "S3 on Outposts is", "Use a bucket in the region")
    if service == "s3-object-lambda":
        raise _unserved(arn, "an Object Lambda access point is", "Use its supporting access point")
    if service == "s3express":
        raise _unserved(arn, "S3 Express One Zone is", "Use a general purpose bucket")
    if service == "s3" and kind == "accesspoint" and not region:
        raise _unserved(
            arn,
            "a Multi-Region Access Point, which needs Signature Version 4A, is",
            "Use a bucket or an access point behind it",
        )
    if service == "s3" and not region and not kind:
        raise UsageError("a bucket is named by its name", hint=f"Write s3://{name}/KEY")


def _unserved(arn: str, what: str, hint: str) -> NotSupportedError:
    return NotSupportedError(
        f"{what} not supported", uri=f"s3://{arn}", hint=hint, scope=Scope.CONTAINER
    )


def _bad(arn: str, what: str) -> UsageError:
    return UsageError(f"the ARN {what}", uri=f"s3://{arn}", hint=_FORM)
