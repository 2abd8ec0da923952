"""AWS's partitions: which regions belong together, and under which domain their S3 is.

Rules that hold in this file:
- Pure.
- A region that no pattern knows counts as one of "aws", as in the SDKs: new regions work unseen.

Source: AWS General Reference, "Amazon S3 endpoints"; the partitions that botocore ships, which a
test compares with the table.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

__all__ = [
    "PARTITIONS",
    "Partition",
    "is_accelerated_host",
    "is_region",
    "is_s3_host",
    "partition_of",
    "region_of_host",
]


@dataclass(frozen=True, slots=True)
class Partition:
    """A part of AWS with accounts, regions and a domain of its own.

    Attributes:
        name: as it stands in ARNs.
        regions: a pattern of its regions' names.
        dns_suffix: the domain that ends the names of its hosts.
    """

    name: str
    regions: str
    dns_suffix: str

    def holds(self, region: str) -> bool:
        """Return whether a region's name is one of this partition's."""
        return re.fullmatch(self.regions, region) is not None or region == f"{self.name}-global"


_AWS = Partition("aws", r"(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z0-9]+-[0-9]+", "amazonaws.com")
PARTITIONS = (
    _AWS,
    Partition("aws-cn", r"cn-[a-z0-9]+-[0-9]+", "amazonaws.com.cn"),
    Partition("aws-eusc", r"eusc-de-[a-z0-9]+-[0-9]+", "amazonaws.eu"),
    Partition("aws-iso", r"us-iso-[a-z0-9]+-[0-9]+", "c2s.ic.gov"),
    Partition("aws-iso-b", r"us-isob-[a-z0-9]+-[0-9]+", "sc2s.sgov.gov"),
    Partition("aws-iso-e", r"eu-isoe-[a-z0-9]+-[0-9]+", "cloud.adc-e.uk"),
    Partition("aws-iso-f", r"us-isof-[a-z0-9]+-[0-9]+", "csp.hci.ic.gov"),
    Partition("aws-us-gov", r"us-gov-[a-z0-9]+-[0-9]+", "amazonaws.com"),
)

# What a region must be to stand in a host's name (RFC 1123 section 2.1): one label, no number.
_REGION = re.compile(r"(?![0-9]+\Z)(?!-)[A-Za-z0-9-]{1,63}(?<!-)")

# s3, its older form with the region behind a hyphen, its variants, the hosts of VPC endpoints
# (bucket.vpce-ID.s3.REGION.vpce.SUFFIX), and those of S3 Express. A bucket may stand before each.
_ANY_REGION = "|".join(partition.regions for partition in PARTITIONS)
_ANY_SUFFIX = "|".join(re.escape(partition.dns_suffix) for partition in PARTITIONS)
_S3_HOST = re.compile(
    r"(?:[a-z0-9._-]+\.)?"
    r"(?:s3(?:-fips|-accelerate|-external-1|-accesspoint|-accesspoint-fips)?"
    rf"|s3-(?P<old>{_ANY_REGION})"
    r"|s3express-[a-z0-9-]+)"
    r"(?:\.dualstack)?"
    rf"(?:\.(?P<region>{_ANY_REGION}))?"
    r"(?:\.vpce)?"
    rf"\.(?P<suffix>{_ANY_SUFFIX})"
)


def is_region(text: str) -> bool:
    """Return whether a text can be a region's name: nothing that would bend a host's name."""
    return _REGION.fullmatch(text) is not None


@functools.lru_cache(maxsize=64)
def partition_of(region: str) -> Partition:
    """Return the partition of a region."""
    return next((partition for partition in PARTITIONS if partition.holds(region)), _AWS)


def is_s3_host(host: str) -> bool:
    """Return whether a host, in lower case and without a port, is one of Amazon S3's own."""
    return _S3_HOST.fullmatch(host) is not None


def is_accelerated_host(host: str) -> bool:
    """Return whether a host is that of S3 Transfer Acceleration, whose paths hold no bucket."""
    return host.startswith(("s3-accelerate.", "s3-accelerate.dualstack.")) and is_s3_host(host)


def region_of_host(host: str) -> str:
    """Return the region in the name of one of Amazon S3's hosts; "" where there is none."""
    found = _S3_HOST.fullmatch(host)
    if found is None:
        return ""
    region = found["region"] or found["old"] or ""
    return region if region and partition_of(region).dns_suffix == found["suffix"] else ""
