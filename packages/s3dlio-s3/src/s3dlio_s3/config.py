"""The configuration of the s3 backend; `config_options` makes it of what users give.

Rules that hold in this file:
- A configuration is a value: frozen, comparable, picklable, and its repr shows no secret.
- What an S3-compatible server lacks is declared here by a switch, never guessed from an answer.

Source: AWS SDKs and Tools Reference Guide, "Data Integrity Protections for Amazon S3".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from s3dlio_core.errors import UsageError
from s3dlio_core.rest.choices import check_choice
from s3dlio_s3.checksums import ALGORITHMS
from s3dlio_s3.endpoints import ADDRESSING_STYLES, DEFAULT_REGION, Address, Endpoint
from s3dlio_s3.settings import RequestSettings

if TYPE_CHECKING:
    from s3dlio_s3.credentials import Credentials

__all__ = ["S3Config"]

PAYLOAD_SIGNING = ("auto", "signed", "unsigned")
#: When checksums are sent, or asked for and compared; "auto" is when_supported on AWS only: other
#: servers may not know the headers.
CHECKSUM_MODES = ("auto", "when_supported", "when_required")


@dataclass(frozen=True, slots=True)
class S3Config:
    """How to reach an S3 service.

    A pickle of it holds explicit `credentials` and the customer key of `settings`, wherever that
    came from, in plain text: treat it as a secret. Without `credentials` each process finds its
    own, and no pickle holds any.

    Attributes:
        endpoint_url: the service, e.g. "http://127.0.0.1:9000"; "" is AWS in `region`.
        region: the region that requests are signed for.
        profile: the profile whose credentials are used whatever the environment holds, or "".
        credentials: explicit ones, or None: they are looked for on the first request.
        anonymous: send unsigned requests, for public buckets.
        addressing_style: "path" (host/bucket), "virtual" (bucket.host) or "auto": path on a custom
            endpoint, else virtual for names that are one DNS label.
        ca_bundle: a file or directory of CA certificates, or "" for those of certifi.
        verify: whether TLS certificates are verified.
        connect_timeout_s: seconds to wait for a connection.
        read_timeout_s: seconds to wait for the next bytes of an answer.
        max_pool_size: idle connections kept for each host.
        payload_signing: "signed" hashes each body, "unsigned" doesn't; "auto" hashes over http,
            where nothing else protects the bytes, and doesn't over https.
        checksum_algorithm: one of `checksums.ALGORITHMS`, which uploads then carry in any case; ""
            is the fastest that is installed.
        request_checksum_calculation: one of `CHECKSUM_MODES`, for uploads.
        response_checksum_validation: likewise, for downloads.
        put_if_absent: the server honours If-None-Match: * on writes.
        put_if_match: the server honours If-Match on writes.
        conditional_copies: the server honours conditions on server-side copies, those on the
            source too; None: only AWS does.
        read_if_match: the server honours If-Match on reads.
        copy_part: the server has UploadPartCopy.
        object_tags: the server keeps tags, and has GetObjectTagging. Without it copies have none of
            their source, also where that is so for want of a permission.
        etag_changes: the server gives each object an ETag that changes when it is overwritten.
        use_dualstack_endpoint: on AWS, hosts that have IPv6 addresses, too.
        use_fips_endpoint: on AWS, hosts whose cryptography is validated by FIPS 140.
        use_accelerate_endpoint: on AWS, the hosts of S3 Transfer Acceleration.
        use_arn_region: an access point may be in another region than `region`.
        versions: the server can keep versions, and honours versionId on reads.
        settings: what goes with every request that takes it: encryption, ACL, tags …
    """

    endpoint_url: str = ""
    region: str = DEFAULT_REGION
    profile: str = ""
    credentials: Credentials | None = None
    anonymous: bool = False
    addressing_style: str = "auto"
    ca_bundle: str = ""
    verify: bool = True
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    max_pool_size: int = 256
    payload_signing: str = "auto"
    checksum_algorithm: str = ""
    request_checksum_calculation: str = "auto"
    response_checksum_validation: str = "auto"
    put_if_absent: bool = True
    put_if_match: bool = True
    conditional_copies: bool | None = None
    read_if_match: bool = True
    copy_part: bool = True
    object_tags: bool = True
    etag_changes: bool = True
    versions: bool = True
    use_dualstack_endpoint: bool = False
    use_fips_endpoint: bool = False
    use_accelerate_endpoint: bool = False
    use_arn_region: bool = True
    settings: RequestSettings = field(default_factory=RequestSettings)
    _endpoints: Endpoint = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_choice("addressing_style", self.addressing_style, ADDRESSING_STYLES)
        check_choice("payload_signing", self.payload_signing, PAYLOAD_SIGNING)
        if self.checksum_algorithm:
            check_choice("checksum_algorithm", self.checksum_algorithm, ALGORITHMS)
        for name in ("request_checksum_calculation", "response_checksum_validation"):
            check_choice(name, getattr(self, name), CHECKSUM_MODES)
        if self.ca_bundle and not Path(self.ca_bundle).exists():
            raise UsageError(f"the CA bundle {self.ca_bundle} doesn't exist")
        endpoints = Endpoint(
            url=self.endpoint_url,
            region=self.region,
            addressing_style=self.addressing_style,
            use_dualstack=self.use_dualstack_endpoint,
            use_fips=self.use_fips_endpoint,
            use_accelerate=self.use_accelerate_endpoint,
            use_arn_region=self.use_arn_region,
        )
        object.__setattr__(self, "_endpoints", endpoints)
        if self.settings.customer_keys and not self.endpoint.startswith("https://"):
            raise UsageError(
                "a customer key is sent over https only",
                uri=self.endpoint,
                hint="Use an https:// endpoint, or leave the key out",
            )

    @property
    def endpoint(self) -> str:
        """The endpoint's URL without a trailing "/", AWS's own included."""
        return self._endpoints.service_url

    @property
    def namespace(self) -> str:
        """Within what a bucket's name is unique; see `Endpoint.namespace`."""
        return self._endpoints.namespace

    @property
    def signing_region(self) -> str:
        """The region that requests are signed for, unless the bucket is in another."""
        return self._endpoints.signing_region

    @property
    def is_aws(self) -> bool:
        """Whether Amazon S3 itself answers; see `Endpoint.is_aws`."""
        return self._endpoints.is_aws

    @property
    def trusts_copies(self) -> bool:
        """Whether conditions on server-side copies can be left to the server."""
        return self.is_aws if self.conditional_copies is None else self.conditional_copies

    @property
    def signs_payload(self) -> bool:
        """Whether bodies are hashed and signed."""
        if self.payload_signing == "auto":
            return self.endpoint.startswith("http://")
        return self.payload_signing == "signed"

    @property
    def sends_checksums(self) -> bool:
        """Whether uploads carry checksums."""
        return bool(self.checksum_algorithm) or self._supports(self.request_checksum_calculation)

    @property
    def reads_checksums(self) -> bool:
        """Whether downloads ask for checksums and are compared with them."""
        return self._supports(self.response_checksum_validation)

    def _supports(self, checksum_mode: str) -> bool:
        return self.is_aws if checksum_mode == "auto" else checksum_mode == "when_supported"

    def address(self, bucket: str, *, accelerates: bool = True) -> Address:
        """Return where requests to a bucket go; see `Endpoint.address`."""
        return self._endpoints.address(bucket, accelerates=accelerates)

    def moved(self, address: Address, bucket: str, region: str) -> Address | None:
        """Return where a bucket of another region is; see `Endpoint.moved`."""
        return self._endpoints.moved(address, bucket, region)
