"""Where AWS STS and IAM Identity Center are, unless a setting says otherwise.

Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints" and "AWS STS Regional
endpoints".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from s3dlio_s3.partitions import partition_of

if TYPE_CHECKING:
    from s3dlio_s3.credentials.source import Surroundings
    from s3dlio_s3.shared_files import SharedFiles

__all__ = ["service_url", "sts_url"]

_GLOBAL_REGION = "aws-global"
# The regions that AWS_STS_REGIONAL_ENDPOINTS=legacy sends to the global endpoint (same guide).
_LEGACY_REGIONS = re.compile(
    "ap-northeast-1|ap-south-1|ap-southeast-[12]|ca-central-1|eu-central-1|eu-north-1|eu-west-[123]"
    "|sa-east-1|us-(east|west)-[12]"
)


def service_url(
    host: str, service: str, region: str, files: SharedFiles, profile: str, around: Surroundings
) -> str:
    """Return a service's URL, without a trailing "/".

    Args:
        host: what stands before the region in AWS's own name for it, e.g. "sts".
        service: as settings call it, e.g. "sts" for AWS_ENDPOINT_URL_STS.
        region: the region.
        files: the shared files.
        profile: the profile whose settings hold.
        around: for the environment.
    """
    if url := _configured(service, files, profile, around):
        return url
    partition = partition_of(region)
    if around.use_fips and partition.name != "aws-us-gov":
        # All hosts of AWS GovCloud (US) are FIPS 140 hosts.
        host += "-fips"
    return f"https://{host}.{region}.{partition.dns_suffix}"


def sts_url(files: SharedFiles, profile: str, around: Surroundings) -> tuple[str, str]:
    """Return the URL of AWS STS, and the region that is signed for."""
    region = around.region
    setting = around.environ.get("AWS_STS_REGIONAL_ENDPOINTS", "") or files.value(
        profile, "sts_regional_endpoints"
    )
    is_global = region == _GLOBAL_REGION or (
        setting.lower() == "legacy"
        and not around.use_fips
        and _LEGACY_REGIONS.fullmatch(region) is not None
    )
    if is_global:
        url = _configured("sts", files, profile, around) or "https://sts.amazonaws.com"
        return url, "us-east-1"
    return service_url("sts", "sts", region, files, profile, around), region


def _configured(service: str, files: SharedFiles, profile: str, around: Surroundings) -> str:
    environ = around.environ
    ignored = environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "") or files.value(
        profile, "ignore_configured_endpoint_urls"
    )
    if ignored.lower() == "true":
        return ""
    url = (
        environ.get(f"AWS_ENDPOINT_URL_{service.upper()}", "")
        or environ.get("AWS_ENDPOINT_URL", "")
        or files.endpoint_url(profile, service)
    )
    return url.rstrip("/")
