"""Shared access signatures: made for one blob, and those that a user gives.

Rules that hold in this file:
- Pure: who calls says what time it is.
- A signature is a secret: it stands in no error and no repr.
- A token that was given is sent as it is: its signature is over its own fields, not over ours.

Source: Azure Storage, "Create a service SAS" (version 2020-12-06 and later), "Create an account
SAS".
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import quote, unquote

from s3dlio_azure.shared_key import sign
from s3dlio_core.errors import UsageError

__all__ = ["BlobSas", "check_sas", "check_sas_is_usable", "ended_at", "sas_fields", "service_sas"]

#: The version of the service whose rules the signatures follow.
SIGNED_VERSION = "2023-11-03"

_HINT = "Give what follows the ? of a SAS URL: sv=…&se=…&sp=…&sig=…"


@dataclass(frozen=True, slots=True)
class BlobSas:
    """What a signature for one blob allows.

    Attributes:
        container: the container.
        key: the blob's name, not encoded.
        permissions: letters in the service's order, "racwdxltmeop".
        expires_at_s: when it ends, in seconds since the epoch.
        https_only: whether it is refused over plain http.
        snapshot_or_version: a version's time where `resource` is "bv", a snapshot's with "bs".
        resource: "b" a blob, "bv" a version, "bs" a snapshot.
    """

    container: str
    key: str
    permissions: str
    expires_at_s: float
    https_only: bool = True
    snapshot_or_version: str = ""
    resource: str = "b"


def service_sas(account: str, key: bytes, allowed: BlobSas) -> str:
    """Return the parameters of a signature for a blob, encoded, without "?".

    Args:
        account: the account's name.
        key: its key, decoded.
        allowed: what is signed.
    """
    ends = _utc_text(allowed.expires_at_s)
    protocol = "https" if allowed.https_only else ""
    lines = (
        allowed.permissions,
        "",  # st: from now on
        ends,
        f"/blob/{account}/{allowed.container}/{allowed.key}",
        "",  # si: no stored policy
        "",  # sip: any address
        protocol,
        SIGNED_VERSION,
        allowed.resource,
        allowed.snapshot_or_version,
        "",  # ses: no encryption scope
        *("", "", "", "", ""),  # rscc, rscd, rsce, rscl, rsct: the blob's own headers
    )
    fields = {
        "sv": SIGNED_VERSION,
        "sr": allowed.resource,
        "sp": allowed.permissions,
        "se": ends,
        "spr": protocol,
        "sig": sign(key, "\n".join(lines)),
    }
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items() if value)


def sas_fields(token: str) -> dict[str, str]:
    """Return the parameters of a signature, decoded."""
    pairs = (pair.partition("=") for pair in token.split("&"))
    return {name: unquote(value) for name, _, value in pairs}


def check_sas(text: str) -> str:
    """Return a signature that a user gives in its normal form, without "?".

    Raises:
        UsageError: it isn't one; the error doesn't quote it.
    """
    token = text.strip().removeprefix("?")
    if "://" in token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("bad SAS token", hint=_HINT)
    fields = sas_fields(token)
    missing = [name for name in ("sv", "sig") if not fields.get(name)]
    if missing:
        raise UsageError(f"bad SAS token: it has no {' and no '.join(missing)}", hint=_HINT)
    return token


def check_sas_is_usable(token: str, endpoint: str) -> None:
    """Check that a signature may be sent to an endpoint.

    Raises:
        UsageError: it is for https only, and the endpoint isn't.
    """
    if sas_fields(token).get("spr") == "https" and not endpoint.startswith("https://"):
        raise UsageError(
            "the SAS token is for https only (spr=https)", hint="Use an https:// endpoint"
        )


def ended_at(token: str, now_s: float) -> str:
    """Return when a signature has ended, in UTC; "" when it hasn't, or doesn't say."""
    ends_at_s = _seconds(sas_fields(token).get("se", ""))
    return "" if ends_at_s is None or ends_at_s > now_s else _utc_text(ends_at_s)


def _seconds(text: str) -> float | None:
    """Return the time of an ISO 8601 text as the service takes it, or None."""
    for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=timezone.utc).timestamp()
        except ValueError:
            continue
    return None


def _utc_text(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
