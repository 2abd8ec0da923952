"""Where a request goes: the host, path and region for a bucket, as the AWS SDKs choose them.

Rules that hold in this file:
- Pure: no environment, no network, no names resolved.
- A name is never altered to fit: what can't stand in a host's name goes into the path,
  percent-encoded, or is refused.
- us-east-1 has its regional host, as in the newer SDKs; "aws-global" is the old global one.
- An endpoint URL is taken as it is: no dual-stack, FIPS or accelerated variant of it is made up.

A test compares each outcome with botocore's.

Sources: Amazon S3 User Guide, "Virtual hosting of buckets", "Using Amazon S3 dual-stack endpoints",
"Using Amazon S3 Transfer Acceleration", "Using access points"; AWS General Reference, "Amazon S3
endpoints"; AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import NoReturn
from urllib.parse import quote, urlsplit

from s3dlio_core.errors import NotSupportedError, Scope, UsageError
from s3dlio_core.rest.endpoint_url import checked_url, is_ip
from s3dlio_core.rest.percent import is_utf8
from s3dlio_s3.arns import ARN_PREFIX, parse_access_point
from s3dlio_s3.partitions import (
    is_accelerated_host,
    is_region,
    is_s3_host,
    partition_of,
    region_of_host,
)

__all__ = ["ADDRESSING_STYLES", "DEFAULT_REGION", "Address", "Endpoint"]

DEFAULT_REGION = "us-east-1"
ADDRESSING_STYLES = ("auto", "path", "virtual")

# Signed for the region that the old global host stood in.
_GLOBAL_REGION = "aws-global"

# A bucket name that is also one DNS label: dots would break the wildcard certificate.
_LABEL = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
# Names that were allowed once are still in use (Amazon S3 User Guide, "General purpose bucket
# naming rules").
_AWS_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")
# Other servers have names of their own, such as tenant:bucket.
_ANY_NAME = re.compile(r"[^\s/\x00-\x1f\x7f]+")

# Suffixes that Amazon S3 keeps for buckets of other kinds (same page).
_UNSERVED_SUFFIXES = {
    "--x-s3": "a directory bucket of S3 Express One Zone",
    "--xa-s3": "an access point of S3 Express One Zone",
    "--op-s3": "an access point of S3 on Outposts",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where requests to a bucket go, and what they are signed for.

    Attributes:
        origin: scheme and host, e.g. "https://s3.eu-west-1.amazonaws.com".
        host: the value of the Host header.
        base_path: what stands before the key in the path: "", "/bucket" or "/base/bucket".
        region: the region that a signature names.
    """

    origin: str
    host: str
    base_path: str
    region: str


# Without slots: what each request asks for is computed once.
@dataclass(frozen=True)
class Endpoint:
    """How the hosts of a service are named.

    Attributes:
        url: the service, e.g. "http://127.0.0.1:9000"; "" is AWS in `region`.
        region: the configured region.
        addressing_style: one of `ADDRESSING_STYLES`.
        use_dualstack: hosts that have IPv6 addresses, too.
        use_fips: hosts whose cryptography is validated by FIPS 140.
        use_accelerate: the hosts of S3 Transfer Acceleration, for what concerns objects.
        use_arn_region: an access point's ARN may name another region than `region`.

    Raises:
        UsageError: a value makes no sense, or two that can't be combined.
    """

    url: str = ""
    region: str = DEFAULT_REGION
    addressing_style: str = "auto"
    use_dualstack: bool = False
    use_fips: bool = False
    use_accelerate: bool = False
    use_arn_region: bool = True

    def __post_init__(self) -> None:
        if not is_region(self.region):
            raise UsageError(f"bad region {self.region!r}", hint="Write for example eu-west-1")
        if self.region.startswith("fips-") or self.region.endswith("-fips"):
            raise UsageError(
                f"{self.region} is no region",
                hint="Set the region itself, and use_fips_endpoint (AWS_USE_FIPS_ENDPOINT)",
            )
        if self.url:
            object.__setattr__(
                self,
                "url",
                checked_url(self.url, hint="Give the keys by option, environment or profile"),
            )
        self._check_combination()

    def _check_combination(self) -> None:
        variants = {
            "use_accelerate_endpoint": self.use_accelerate,
            "use_fips_endpoint": self.use_fips,
            "use_dualstack_endpoint": self.use_dualstack,
        }
        chosen = [name for name, is_chosen in variants.items() if is_chosen]
        if self.url and chosen:
            _refuse_pair(chosen[0], f"the endpoint URL {self.url}")
        if self.use_accelerate and self.use_fips:
            _refuse_pair("use_accelerate_endpoint", "use_fips_endpoint")
        if self.use_accelerate and self.addressing_style == "path":
            _refuse_pair("use_accelerate_endpoint", "the addressing style path")
        if partition_of(self.region).name == "aws-cn" and (self.use_fips or self.use_accelerate):
            _refuse_pair(chosen[0], f"the region {self.region}: China has no such hosts")

    @functools.cached_property
    def service_url(self) -> str:
        """The service's URL without a trailing "/", AWS's own included."""
        return self.url or f"https://{self._aws_host('s3', self.region)}"

    @property
    def signing_region(self) -> str:
        """The region that requests are signed for, unless the bucket is in another."""
        return DEFAULT_REGION if self.region == _GLOBAL_REGION else self.region

    @functools.cached_property
    def is_aws(self) -> bool:
        """Whether Amazon S3 itself answers: no endpoint URL, or one of its own hosts.

        Its regional and VPC endpoints are as good as no URL where it matters what the service can
        do. A host name of somebody's own that leads there isn't known to.
        """
        return not self.url or is_s3_host(urlsplit(self.url).hostname or "")

    @functools.cached_property
    def namespace(self) -> str:
        """Within what a bucket's name is unique: a partition of AWS, or another service.

        AWS's hosts of all regions and kinds lead to the same buckets; one answers for another's.
        """
        if not self.is_aws:
            return self.service_url
        region = region_of_host(urlsplit(self.url).hostname or "") if self.url else ""
        return partition_of(region or self.region).name

    def address(self, bucket: str, *, region: str = "", accelerates: bool = True) -> Address:
        """Return where requests to a bucket go; to the service itself for "".

        Args:
            bucket: its name, or an access point's ARN (which has no path style).
            region: the bucket's region, where it is known to be another than the configured one.
            accelerates: False for what the accelerated hosts don't do: making a bucket.

        Raises:
            UsageError: no bucket can have this name, or it doesn't go with the configuration.
            NotSupportedError: it names something that isn't served.
        """
        if not bucket:
            return _address(self.service_url, "", "", self.signing_region)
        if bucket.startswith(ARN_PREFIX):
            return self._access_point_address(bucket)
        self._check_name(bucket)
        base = self.url or f"https://{self._aws_host('s3', region or self.region)}"
        region = region or self.signing_region
        if self.use_accelerate and accelerates:
            if not _LABEL.fullmatch(bucket):
                _refuse_pair("use_accelerate_endpoint", f"the bucket's name {bucket!r}")
            return _address(f"https://{self._accelerated_host}", bucket, "", region)
        if self._is_virtual(bucket):
            return _address(base, bucket, "", region)
        return _address(base, "", f"/{quote(bucket, safe='')}", region)

    def moved(self, address: Address, bucket: str, region: str) -> Address | None:
        """Return where a bucket is that a service says to be in another region.

        Nothing but the region is taken from what the service says: on AWS the host is built here,
        and another server's is never left.

        Returns:
            The address, or None when it isn't another one, or not one to believe.
        """
        if bucket.startswith(ARN_PREFIX) or not is_region(region) or region == address.region:
            return None
        if self.url:
            return replace(address, region=region)
        if not partition_of(self.region).holds(region):
            return None
        return self.address(bucket, region=region)

    def _check_name(self, bucket: str) -> None:
        uri = f"s3://{bucket}"
        if self.is_aws:
            for suffix, what in _UNSERVED_SUFFIXES.items():
                if bucket.endswith(suffix):
                    raise NotSupportedError(
                        f"{what} is not supported",
                        uri=uri,
                        hint="Use a general purpose bucket",
                        scope=Scope.CONTAINER,
                    )
        allowed = _AWS_NAME if self.is_aws else _ANY_NAME
        # "." and ".." would be resolved as steps of a path on their way.
        if not allowed.fullmatch(bucket) or bucket in {".", ".."} or not is_utf8(bucket):
            raise UsageError(
                f"no bucket has the name {bucket[:100]!r}",
                hint="Bucket names have 3 to 63 of a-z, 0-9, - and .",
            )

    def _is_virtual(self, bucket: str) -> bool:
        if self.addressing_style == "path":
            return False
        if not self.url:
            return _LABEL.fullmatch(bucket) is not None
        parts = urlsplit(self.url)
        if self.addressing_style == "auto" and not is_accelerated_host(parts.hostname or ""):
            return False
        if is_ip(parts.hostname):
            return False
        # Without TLS there is no certificate that dots could break.
        labels = [bucket] if parts.scheme == "https" else bucket.split(".")
        return len(bucket) > 2 and not is_ip(bucket) and all(map(_is_label, labels))

    def _access_point_address(self, arn: str) -> Address:
        point = parse_access_point(arn)
        if self.use_accelerate:
            _refuse_pair("use_accelerate_endpoint", "an access point")
        if not self.use_arn_region and point.region != self.signing_region:
            raise UsageError(
                f"the access point is in {point.region}, the configured region is {self.region}",
                uri=f"s3://{arn}",
                hint="Set the region, or use_arn_region (AWS_S3_USE_ARN_REGION)",
            )
        if partition_of(point.region) != partition_of(self.region):
            raise UsageError(
                f"the access point is in {point.region}, in another partition than {self.region}",
                uri=f"s3://{arn}",
                hint="Set the region to one of that partition",
            )
        base = self.url or f"https://{self._aws_host('s3-accesspoint', point.region)}"
        if is_ip(urlsplit(base).hostname):
            _refuse_pair("an access point", f"the endpoint URL {base}: it has no host name")
        return _address(base, point.label, "", point.region)

    def _aws_host(self, service: str, region: str) -> str:
        suffix = partition_of(region).dns_suffix
        variant = ("-fips" if self.use_fips else "") + (".dualstack" if self.use_dualstack else "")
        if region == _GLOBAL_REGION:
            return f"{service}{variant}.{DEFAULT_REGION}.{suffix}" if variant else f"s3.{suffix}"
        return f"{service}{variant}.{region}.{suffix}"

    @property
    def _accelerated_host(self) -> str:
        dualstack = ".dualstack" if self.use_dualstack else ""
        return f"s3-accelerate{dualstack}.{partition_of(self.region).dns_suffix}"


def _address(base_url: str, label: str, path: str, region: str) -> Address:
    """Return an address from a service's URL, a label before its host, and a path behind it."""
    scheme, _, rest = base_url.partition("://")
    host, slash, base_path = rest.partition("/")
    if label:
        host = f"{label}.{host}"
    return Address(f"{scheme}://{host}", host, f"{slash}{base_path}{path}", region)


def _is_label(text: str) -> bool:
    return re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", text) is not None


def _refuse_pair(one: str, other: str) -> NoReturn:
    raise UsageError(f"{one} can't be combined with {other}", hint="Set one of them only")
