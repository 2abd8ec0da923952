"""Credentials from IAM Identity Center (SSO), by the token of `aws sso login`.

Rules that hold in this file:
- A profile names account and role, and either an sso-session section or, in the older form, the
  start URL itself. Half of that is an error which names what is missing.

Source: AWS SDKs and Tools Reference Guide, "IAM Identity Center credential provider"; IAM Identity
Center Portal API Reference, GetRoleCredentials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from s3dlio_core.errors import CredentialsError
from s3dlio_s3.credentials import http
from s3dlio_s3.credentials.service_urls import service_url
from s3dlio_s3.credentials.sso_token import SsoToken, read_token, refreshed, token_path
from s3dlio_s3.credentials.value import Credentials, positive, register_credentials
from s3dlio_s3.partitions import is_region
from s3dlio_s3.shared_files import aws_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_s3.credentials.source import Surroundings
    from s3dlio_s3.shared_files import SharedFiles

__all__ = ["SsoSource"]

#: The end of the year 9999, in milliseconds since the epoch.
_TIME_MAX_MS = 253_402_300_799_000
_NEEDED = ("sso_account_id", "sso_role_name", "sso_start_url", "sso_region")


@dataclass(frozen=True, slots=True)
class SsoSource:
    """A role of an account, as a profile names them, for whoever has logged in."""

    profile: str
    files: SharedFiles
    surroundings: Surroundings
    renewable: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """What the source is called in messages."""
        return f"IAM Identity Center for profile {self.profile}"

    def load(self) -> Credentials:
        """Get credentials of the role.

        Raises:
            CredentialsError: a setting is missing, nobody has logged in, or the login has ended.
        """
        settings = self._settings()
        token = self._token(settings)
        query = urlencode(
            {"role_name": settings["sso_role_name"], "account_id": settings["sso_account_id"]}
        )
        url = self._url("portal.sso", "sso", settings["sso_region"])
        answer = http.send(
            "GET",
            f"{url}/federation/credentials?{query}",
            headers={"x-amz-sso_bearer_token": token.text},
            ca_bundle=self.surroundings.ca_bundle,
        )
        if answer.status == 401:
            raise self._logged_out("the login is no longer valid")
        if answer.status != 200:
            raise CredentialsError(
                f"{url} refused the role {settings['sso_role_name']} of account "
                f"{settings['sso_account_id']} with status {answer.status}",
                retryable=http.is_retryable(answer.status),
            )
        return _role_credentials(http.json_object(answer, url).get("roleCredentials"), url)

    def _token(self, settings: Mapping[str, str]) -> SsoToken:
        session = settings.get("sso_session", "")
        directory = aws_path("~/.aws/sso/cache", self.surroundings.environ)
        token = read_token(token_path(session or settings["sso_start_url"], directory))
        if token is None:
            raise self._logged_out("nobody has logged in")
        now_s = self.surroundings.now_s()
        if session:
            url = self._url("oidc", "sso_oidc", settings["sso_region"])
            token = refreshed(token, url, now_s, self.surroundings.ca_bundle)
        if token.expires_at_s <= now_s:
            raise self._logged_out("the login has ended")
        return token

    def _settings(self) -> dict[str, str]:
        values = self.files.values(self.profile)
        if session := values.get("sso_session"):
            section = self.files.sso_sessions.get(session)
            if section is None:
                raise CredentialsError(f"sso_session names {session}, and there is no such section")
            for name, value in section.items():
                if values.get(name, value) != value:
                    raise CredentialsError(f"its {name} isn't that of the sso-session {session}")
            values.update(section)
        missing = [name for name in _NEEDED if not values.get(name)]
        if missing:
            raise CredentialsError(f"it uses IAM Identity Center, but has no {', '.join(missing)}")
        if not is_region(values["sso_region"]):
            # It stands in the name of the host that gets the token.
            raise CredentialsError(f"its sso_region {values['sso_region']!r} is no region")
        return values

    def _url(self, host: str, service: str, region: str) -> str:
        return service_url(host, service, region, self.files, self.profile, self.surroundings)

    def _logged_out(self, reason: str) -> CredentialsError:
        return CredentialsError(reason, hint=f"Run: aws sso login --profile {self.profile}")


def _role_credentials(values: Any, url: str) -> Credentials:
    found = values if isinstance(values, dict) else {}
    names = ("accessKeyId", "secretAccessKey", "sessionToken")
    texts = [str(found.get(name) or "") for name in names]
    expiration_ms = positive(found.get("expiration"), _TIME_MAX_MS)
    if not all(texts) or expiration_ms is None:
        raise CredentialsError(f"{url} gave no credentials")
    key, secret, token = texts
    return register_credentials(Credentials(key, secret, token, expiration_ms / 1000))
