"""The access token of IAM Identity Center that `aws sso login` keeps, refreshed where that goes.

Rules that hold in this file:
- The file belongs to the AWS tools: what is in it and isn't known here stays in it, and it is
  replaced as a whole, readable by its owner alone.
- A token that can't be refreshed is used until it ends; then somebody must log in again.

Source: AWS SDKs and Tools Reference Guide, "IAM Identity Center credential provider"; IAM Identity
Center OIDC API Reference, CreateToken.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from s3dlio_core.errors import CredentialsError
from s3dlio_core.logs import get_logger, register_secret
from s3dlio_s3.credentials import http
from s3dlio_s3.credentials.value import parse_expiry, parse_object, positive

__all__ = ["SsoToken", "read_token", "refreshed", "token_path"]

logger = get_logger("s3")

#: A token with less than this left is refreshed, as by botocore, in seconds.
REFRESH_BEFORE_S = 15 * 60.0
#: No token lives longer: a year, in seconds.
_LIFE_MAX_S = 366 * 24 * 3600
_NEEDED = ("refreshToken", "clientId", "clientSecret", "registrationExpiresAt")


@dataclass(frozen=True, slots=True)
class SsoToken:
    """A token as its file has it.

    Attributes:
        path: the file.
        values: all that stands in it. Secrets, hence not in the repr.
        expires_at_s: when the token ends, in seconds since the epoch.
    """

    path: Path
    values: dict[str, Any] = field(repr=False)
    expires_at_s: float

    @property
    def text(self) -> str:
        """The token itself."""
        return str(self.values["accessToken"])


def token_path(name: str, directory: Path) -> Path:
    """Return the file of a token.

    Args:
        name: of the sso-session; without one the start URL.
        directory: where the AWS tools keep tokens.
    """
    digest = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    return directory / f"{digest}.json"


def read_token(path: Path) -> SsoToken | None:
    """Return the token in a file, or None when there is no file.

    Raises:
        CredentialsError: the file can't be read, or holds no token.
    """
    try:
        values = parse_object(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CredentialsError(f"can't read {path}: {error.strerror}") from None
    expires_at_s = None
    if values is not None and isinstance(values.get("accessToken"), str):
        expires_at_s = parse_expiry(str(values.get("expiresAt", "")))
    if values is None or expires_at_s is None:
        raise CredentialsError(f"{path} holds no token")
    for name in ("accessToken", "refreshToken", "clientSecret"):
        register_secret(str(values.get(name) or ""))
    return SsoToken(path, values, expires_at_s)


def refreshed(token: SsoToken, url: str, now_s: float, ca_bundle: str) -> SsoToken:
    """Return the token, or a new one that has taken its place in the file.

    Args:
        token: of an sso-session.
        url: the OIDC service's.
        now_s: the time, in seconds since the epoch.
        ca_bundle: a file or directory of CA certificates, or "".
    """
    if token.expires_at_s - now_s >= REFRESH_BEFORE_S or not _is_refreshable(token, now_s):
        return token
    try:
        given = _create_token(token, url, ca_bundle)
    except CredentialsError as error:
        logger.warning("the token of IAM Identity Center can't be refreshed: %s", error.reason)
        return token
    expires_at_s = now_s + given.pop("expiresIn")
    until = datetime.fromtimestamp(expires_at_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    fresh = SsoToken(token.path, {**token.values, **given, "expiresAt": until}, expires_at_s)
    _write(fresh)
    return fresh


def _is_refreshable(token: SsoToken, now_s: float) -> bool:
    if not all(isinstance(token.values.get(name), str) for name in _NEEDED):
        return False
    registered_until_s = parse_expiry(token.values["registrationExpiresAt"])
    return registered_until_s is not None and registered_until_s > now_s


def _create_token(token: SsoToken, url: str, ca_bundle: str) -> dict[str, Any]:
    asked = {name: token.values[name] for name in ("clientId", "clientSecret", "refreshToken")}
    answer = http.send(
        "POST",
        f"{url}/token",
        headers={"content-type": "application/json"},
        body=json.dumps({"grantType": "refresh_token", **asked}).encode(),
        ca_bundle=ca_bundle,
    )
    values = http.json_object(answer, url)
    if answer.status != 200:
        raise CredentialsError(f"{url} answered {answer.status} {values.get('error', '')}".rstrip())
    given = {
        name: values[name]
        for name in ("accessToken", "refreshToken")
        if isinstance(values.get(name), str)
    }
    for secret in given.values():
        register_secret(secret)
    life_s = positive(values.get("expiresIn"), _LIFE_MAX_S)
    if "accessToken" not in given or life_s is None:
        raise CredentialsError(f"{url} gave no token")
    return {**given, "expiresIn": life_s}


def _write(token: SsoToken) -> None:
    """Replace the file; the token works all the same when that fails."""
    name = ""
    try:
        # It is made with mode 0600.
        handle, name = tempfile.mkstemp(dir=token.path.parent, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(token.values, file)
        Path(name).replace(token.path)
    except OSError as error:
        logger.warning("can't write the refreshed token to %s: %s", token.path, error.strerror)
        with contextlib.suppress(OSError):
            Path(name or token.path.with_suffix(".none")).unlink()
