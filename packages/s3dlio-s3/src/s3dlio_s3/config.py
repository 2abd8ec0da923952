"""The configuration of the s3 backend: options, then environment, then profile, then defaults.

Rules that hold in this file:
- A configuration is a value: frozen, comparable, picklable, and its repr shows no secret.
- The environment is an argument, and nothing else reads it.
- What an S3-compatible server lacks is declared here by a switch, never guessed from an answer.

Sources: AWS SDKs and Tools Reference Guide, "Service-specific endpoints", "Dual-stack and FIPS
endpoints", "Amazon S3 access points" and "AWS Region"; AWS CLI, "Amazon S3 configuration".
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from s3dlio_core.errors import UsageError
from s3dlio_s3.checksums import ALGORITHMS
from s3dlio_s3.choices import check_choice
from s3dlio_s3.credentials import Credentials
from s3dlio_s3.endpoints import ADDRESSING_STYLES, DEFAULT_REGION, Address, Endpoint
from s3dlio_s3.settings import RequestSettings
from s3dlio_s3.settings_options import SETTING_NAMES, settings_from_options
from s3dlio_s3.shared_files import DEFAULT_PROFILE, profile_of, read_shared_files

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OPTION_NAMES", "S3Config", "config_from_options", "current_config"]

PAYLOAD_SIGNING = ("auto", "signed", "unsigned")
#: When checksums are sent, or asked for and compared (AWS SDKs and Tools Reference Guide, "Data
#: Integrity Protections for Amazon S3"); "auto" is when_supported on AWS only: other servers may
#: not know the headers.
CHECKSUM_MODES = ("auto", "when_supported", "when_required")

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


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


#: What `config_from_options` understands.
OPTION_NAMES = frozenset(
    {
        "access_key_id",
        "addressing_style",
        "anonymous",
        "ca_bundle",
        "checksum_algorithm",
        "conditional_copies",
        "conditional_writes",
        "connect_timeout_s",
        "copy_part",
        "endpoint_url",
        "etag_changes",
        "ignore_configured_endpoint_urls",
        "max_pool_size",
        "payload_signing",
        "profile",
        "put_if_absent",
        "put_if_match",
        "read_if_match",
        "read_timeout_s",
        "region",
        "request_checksum_calculation",
        "response_checksum_validation",
        "secret_access_key",
        "session_token",
        "use_accelerate_endpoint",
        "use_arn_region",
        "use_dualstack_endpoint",
        "use_fips_endpoint",
        "verify",
        "versions",
        *SETTING_NAMES,
    }
)


def config_from_options(options: Mapping[str, str], environ: Mapping[str, str]) -> S3Config:
    """Resolve the configuration.

    Args:
        options: names of `OPTION_NAMES`; they win. Numbers and switches are given as text.
        environ: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION, AWS_PROFILE,
            AWS_CA_BUNDLE, AWS_REQUEST_CHECKSUM_CALCULATION, AWS_RESPONSE_CHECKSUM_VALIDATION,
            S3DLIO_SSE_CUSTOMER_KEY, the switches of the endpoints, and the places of the shared
            files.

    Raises:
        UsageError: a value makes no sense, or the profile that was asked for doesn't exist.
    """
    files = read_shared_files(environ)
    asked = options.get("profile", "")
    named = asked or profile_of(environ)
    if named and not files.has_profile(named):
        raise UsageError(
            f"the profile {named!r} is neither in {files.config_path} nor in "
            f"{files.credentials_path}",
            hint="Correct the option profile or AWS_PROFILE",
        )
    profile = named or DEFAULT_PROFILE

    def first(name: str, variables: tuple[str, ...] = (), shared: str = "") -> str:
        values = [options.get(name, ""), *(environ.get(variable, "") for variable in variables)]
        return next((value for value in values if value), shared)

    def checksum_mode(name: str) -> str:
        found = first(name, (f"AWS_{name.upper()}",), files.value(profile, name))
        return found.lower() or "auto"

    def switch(name: str, variables: tuple[str, ...], *shared: str, default: bool = False) -> bool:
        values = (files.value(profile, setting) for setting in shared)
        text = first(name, variables, next((value for value in values if value), ""))
        return _switch({name: text}, name, default=default)

    endpoint_url = options.get("endpoint_url", "")
    if not endpoint_url and not switch(
        "ignore_configured_endpoint_urls",
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",),
        "ignore_configured_endpoint_urls",
    ):
        variables = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
        endpoint_url = first("endpoint_url", variables, files.s3_endpoint_url(profile))
    both = options.get("conditional_writes", "")
    return S3Config(
        endpoint_url=endpoint_url,
        region=first("region", ("AWS_REGION", "AWS_DEFAULT_REGION"), files.value(profile, "region"))
        or DEFAULT_REGION,
        profile=asked,
        credentials=_explicit_credentials(options),
        anonymous=_switch(options, "anonymous", default=False),
        addressing_style=first(
            "addressing_style", shared=files.value(profile, "s3.addressing_style")
        )
        or "auto",
        ca_bundle=first(
            "ca_bundle",
            ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
            files.value(profile, "ca_bundle"),
        ),
        verify=_switch(options, "verify", default=True),
        connect_timeout_s=_positive(options, "connect_timeout_s", 10.0),
        read_timeout_s=_positive(options, "read_timeout_s", 60.0),
        max_pool_size=int(_positive(options, "max_pool_size", 256)),
        payload_signing=first(
            "payload_signing", shared=_signing(files.value(profile, "s3.payload_signing_enabled"))
        )
        or "auto",
        checksum_algorithm=first("checksum_algorithm").upper(),
        request_checksum_calculation=checksum_mode("request_checksum_calculation"),
        response_checksum_validation=checksum_mode("response_checksum_validation"),
        put_if_absent=_switch({"put_if_absent": both, **options}, "put_if_absent", default=True),
        put_if_match=_switch({"put_if_match": both, **options}, "put_if_match", default=True),
        conditional_copies=(
            _switch(options, "conditional_copies", default=False)
            if options.get("conditional_copies")
            else None
        ),
        read_if_match=_switch(options, "read_if_match", default=True),
        copy_part=_switch(options, "copy_part", default=True),
        etag_changes=_switch(options, "etag_changes", default=True),
        versions=_switch(options, "versions", default=True),
        settings=settings_from_options(options, environ),
        use_dualstack_endpoint=switch(
            "use_dualstack_endpoint",
            ("AWS_USE_DUALSTACK_ENDPOINT",),
            "s3.use_dualstack_endpoint",
            "use_dualstack_endpoint",
        ),
        use_fips_endpoint=switch(
            "use_fips_endpoint", ("AWS_USE_FIPS_ENDPOINT",), "use_fips_endpoint"
        ),
        use_accelerate_endpoint=switch("use_accelerate_endpoint", (), "s3.use_accelerate_endpoint"),
        use_arn_region=switch(
            "use_arn_region",
            ("AWS_S3_USE_ARN_REGION",),
            "s3_use_arn_region",
            "s3.use_arn_region",
            default=True,
        ),
    )


def current_config(options: Mapping[str, str]) -> S3Config:
    """Resolve the configuration in this process's environment."""
    return config_from_options(options, os.environ)


def _explicit_credentials(options: Mapping[str, str]) -> Credentials | None:
    key, secret = options.get("access_key_id", ""), options.get("secret_access_key", "")
    if not key and not secret:
        return None
    if not key or not secret:
        raise UsageError("access_key_id and secret_access_key must be given together")
    return Credentials(key, secret, options.get("session_token", ""))


def _signing(enabled: str) -> str:
    # "false" leaves it to the scheme: over plain HTTP the SDKs sign payloads whatever it says.
    return "signed" if enabled.lower() in _TRUE else ""


def _switch(options: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = options.get(name, "").lower()
    if not text:
        return default
    if text not in _TRUE | _FALSE:
        raise UsageError(f"bad {name} {text!r}", hint="Use true or false")
    return text in _TRUE


def _positive(options: Mapping[str, str], name: str, default: float) -> float:
    text = options.get(name, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise UsageError(f"bad {name} {text!r}", hint="Use a number above zero")
    return value
