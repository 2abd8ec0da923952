"""The configuration from options, then environment, then profile, then defaults.

Rules that hold in this file:
- The environment is an argument; `current_config` alone reads that of the process.
- Where a value stands is one table. "" is unset, everywhere.
- Defaults are those of `S3Config`.

Sources: AWS SDKs and Tools Reference Guide, "Service-specific endpoints", "Dual-stack and FIPS
endpoints", "Amazon S3 access points" and "AWS Region"; AWS CLI, "Amazon S3 configuration".
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from s3dlio_core.errors import UsageError
from s3dlio_core.rest.option_values import count, is_true, lower, positive, switch, text, upper
from s3dlio_s3.config import S3Config
from s3dlio_s3.credentials import Credentials
from s3dlio_s3.settings_options import SETTING_NAMES, settings_from_options
from s3dlio_s3.shared_files import DEFAULT_PROFILE, profile_of, read_shared_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from s3dlio_s3.shared_files import SharedFiles

__all__ = [
    "OPTION_GROUPS",
    "OPTION_NAMES",
    "WRITE_OPTIONS",
    "config_from_options",
    "current_config",
]


class _Place(NamedTuple):
    """How a value is read, and where it may stand besides the option of its name.

    Attributes:
        read: makes the value of the name and a text.
        variables: of the environment, the first that counts first.
        shared: settings of the profile, likewise; they come last.
    """

    read: Callable[[str, str], Any]
    variables: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


#: The attributes of `S3Config` that are read by themselves.
_PLACES = {
    "addressing_style": _Place(text, shared=("s3.addressing_style",)),
    "anonymous": _Place(switch),
    "ca_bundle": _Place(
        text,
        ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        ("ca_bundle",),
    ),
    "checksum_algorithm": _Place(upper),
    "conditional_copies": _Place(switch),
    "connect_timeout_s": _Place(positive),
    "copy_part": _Place(switch),
    "object_tags": _Place(switch),
    "etag_changes": _Place(switch),
    "max_pool_size": _Place(count),
    "payload_signing": _Place(text),
    "put_if_absent": _Place(switch),
    "put_if_match": _Place(switch),
    "read_if_match": _Place(switch),
    "read_timeout_s": _Place(positive),
    "region": _Place(text, ("AWS_REGION", "AWS_DEFAULT_REGION"), ("region",)),
    "request_checksum_calculation": _Place(
        lower,
        ("AWS_REQUEST_CHECKSUM_CALCULATION",),
        ("request_checksum_calculation",),
    ),
    "response_checksum_validation": _Place(
        lower,
        ("AWS_RESPONSE_CHECKSUM_VALIDATION",),
        ("response_checksum_validation",),
    ),
    "use_accelerate_endpoint": _Place(switch, shared=("s3.use_accelerate_endpoint",)),
    "use_arn_region": _Place(
        switch, ("AWS_S3_USE_ARN_REGION",), ("s3_use_arn_region", "s3.use_arn_region")
    ),
    "use_dualstack_endpoint": _Place(
        switch,
        ("AWS_USE_DUALSTACK_ENDPOINT",),
        ("s3.use_dualstack_endpoint", "use_dualstack_endpoint"),
    ),
    "use_fips_endpoint": _Place(switch, ("AWS_USE_FIPS_ENDPOINT",), ("use_fips_endpoint",)),
    "verify": _Place(switch),
    "versions": _Place(switch),
}
_IGNORE_ENDPOINTS = "ignore_configured_endpoint_urls"
_IGNORE_ENDPOINTS_PLACE = _Place(
    switch, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",), (_IGNORE_ENDPOINTS,)
)

#: What `config_from_options` understands.
OPTION_NAMES = frozenset(
    {
        "access_key_id",
        "conditional_writes",
        "endpoint_url",
        "profile",
        "profile_first",
        "secret_access_key",
        "session_token",
        _IGNORE_ENDPOINTS,
        *_PLACES,
        *SETTING_NAMES,
    }
)

#: Who asks, and how what is written is encrypted: each is given as a whole.
OPTION_GROUPS = (
    frozenset(
        {
            *("access_key_id", "secret_access_key", "session_token", "anonymous"),
            *("profile", "profile_first"),
        }
    ),
    frozenset({"sse", "sse_kms_key_id", "sse_bucket_key", "sse_customer_key"}),
)

#: What reading has no use for.
WRITE_OPTIONS = frozenset(
    {"acl", "sse", "sse_bucket_key", "sse_kms_key_id", "storage_class", "tagging"}
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
    both = options.get("conditional_writes", "")
    given = _Given(
        {"put_if_absent": both, "put_if_match": both, **options},
        environ,
        files,
        _profile(options, environ, files),
        profile_first=switch("profile_first", options.get("profile_first", "") or "false"),
    )
    values = {name: given.value(name, place) for name, place in _PLACES.items()}
    if values["payload_signing"] is None and given.signs_by_profile():
        values["payload_signing"] = "signed"
    return S3Config(
        endpoint_url=given.endpoint_url(),
        profile=options.get("profile", ""),
        credentials=_explicit_credentials(options),
        settings=settings_from_options(options, environ),
        **{name: value for name, value in values.items() if value is not None},
    )


def current_config(options: Mapping[str, str]) -> S3Config:
    """Resolve the configuration in this process's environment."""
    return config_from_options(options, os.environ)


@dataclass(frozen=True, slots=True)
class _Given:
    """What was given, and where: options, environment, and a profile of the shared files.

    Attributes:
        profile_first: the profile counts before the environment. So it is for the profile of one
            side of a copy, where the environment is for both.
    """

    options: Mapping[str, str] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    files: SharedFiles = field(repr=False)
    profile: str
    profile_first: bool = False

    def value(self, name: str, place: _Place) -> Any:
        """Return a value, or None when it isn't set."""
        shared = (self.files.value(self.profile, setting) for setting in place.shared)
        found = self._first(place.variables, shared)
        given = self.options.get(name, "") or found
        return place.read(name, given) if given else None

    def _first(self, variables: Iterable[str], shared: Iterable[str]) -> str:
        """Return what counts of environment and profile; "" when nothing is set."""
        around = (self.environ.get(variable, "") for variable in variables)
        texts = (*shared, *around) if self.profile_first else (*around, *shared)
        return next(filter(None, texts), "")

    def endpoint_url(self) -> str:
        """Return the endpoint's URL, or "" for AWS."""
        if url := self.options.get("endpoint_url", ""):
            return url
        if self.value(_IGNORE_ENDPOINTS, _IGNORE_ENDPOINTS_PLACE):
            return ""
        # Also where it isn't used: it may name a section that doesn't exist.
        shared = self.files.s3_endpoint_url(self.profile)
        return self._first(("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"), (shared,))

    def signs_by_profile(self) -> bool:
        """Return whether the profile wants bodies signed.

        Its "false" leaves it to the scheme: over plain HTTP the SDKs sign them whatever it says.
        """
        return is_true(self.files.value(self.profile, "s3.payload_signing_enabled"))


def _profile(options: Mapping[str, str], environ: Mapping[str, str], files: SharedFiles) -> str:
    named = options.get("profile", "") or profile_of(environ)
    if named and not files.has_profile(named):
        raise UsageError(
            f"the profile {named!r} is neither in {files.config_path} nor in "
            f"{files.credentials_path}",
            hint="Correct the profile that was given"
            if options.get("profile")
            else "Correct AWS_PROFILE",
        )
    return named or DEFAULT_PROFILE


def _explicit_credentials(options: Mapping[str, str]) -> Credentials | None:
    key, secret = options.get("access_key_id", ""), options.get("secret_access_key", "")
    if not key and not secret:
        return None
    if not key or not secret:
        raise UsageError("access_key_id and secret_access_key must be given together")
    return Credentials(key, secret, options.get("session_token", ""))
