"""Credentials as a value, and how they come out of what services and programs answer.

Rules that hold in this file:
- A secret is in no repr, no log and no error; what no header can carry is refused here, because
  the error of who tries it might quote it.
- What is taken from an answer is registered as a secret before anybody else sees it.

Source: the answers' own forms: AWS STS API Reference, "Credentials"; AWS SDKs and Tools Reference
Guide, "Process credential provider"; Amazon EC2 User Guide, "Retrieve security credentials from
instance metadata".
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from s3dlio_core.errors import CredentialsError
from s3dlio_core.logs import register_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Credentials",
    "credentials_of_answer",
    "parse_expiry",
    "parse_object",
    "positive",
    "register_credentials",
    "utc_text",
]

# RFC 3339, with the looser forms that credential programs and older AWS tools write.
_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d:\d\d)(?:\.\d+)?"
    r"(?:(?P<utc>[Zz]|UTC)|(?P<hours>[+-]\d\d):?(?P<minutes>\d\d))?"
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key.

    Attributes:
        access_key_id: names the key; not a secret.
        secret_access_key: the secret.
        session_token: the token of temporary credentials, or "".
        expires_at_s: when they end, in seconds since the epoch; None: never, or nobody says.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    expires_at_s: float | None = None

    def __post_init__(self) -> None:
        """Check what is sent in headers.

        Raises:
            CredentialsError: a header can't carry it.
        """
        for name in ("access_key_id", "session_token"):
            value: str = getattr(self, name)
            if not (value.isascii() and value.isprintable()):
                raise CredentialsError(f"the {name} has characters that no header can carry")


def register_credentials(credentials: Credentials) -> Credentials:
    """Keep the secrets of credentials out of every log; return the credentials."""
    register_secret(credentials.secret_access_key)
    register_secret(credentials.session_token)
    return credentials


def credentials_of_answer(values: Mapping[str, Any], whose: str, token_name: str) -> Credentials:
    """Take credentials from an answer with AWS's usual names.

    Args:
        values: AccessKeyId, SecretAccessKey, the token, Expiration; the last two may be missing.
        whose: who answered, for errors.
        token_name: what the token is called.

    Raises:
        CredentialsError: something is missing or no text.
    """
    key, secret = (_text(values, name, whose) for name in ("AccessKeyId", "SecretAccessKey"))
    token = _text(values, token_name, whose) if values.get(token_name) else ""
    expires_at_s = None
    if values.get("Expiration"):
        expires_at_s = parse_expiry(_text(values, "Expiration", whose))
        if expires_at_s is None:
            raise CredentialsError(f"{whose} gave an Expiration that is no time")
    return register_credentials(Credentials(key, secret, token, expires_at_s))


def _text(values: Mapping[str, Any], name: str, whose: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise CredentialsError(f"{whose} gave no {name}")
    return value


def parse_object(text: bytes) -> dict[str, Any] | None:
    """Return a JSON object, or None when the text is none, or nests too deeply."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def positive(value: Any, most: int) -> int | None:
    """Return what an answer has for a whole number from 1 to `most`, or None when it is none."""
    return value if type(value) is int and 0 < value <= most else None


def parse_expiry(text: str) -> float | None:
    """Return the seconds since the epoch of an ISO 8601 time, or None; no zone means UTC."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    zone = f"{found['hours']}:{found['minutes']}" if found["hours"] else "+00:00"
    try:
        return datetime.fromisoformat(f"{found['date']}T{found['time']}{zone}").timestamp()
    except (ValueError, OverflowError):
        return None


def utc_text(time_s: float) -> str:
    """Return a time, in seconds since the epoch, as ISO 8601 writes it in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_s))
