"""AWS STS: the two calls that give the temporary credentials of a role.

Source: AWS STS API Reference, AssumeRole, AssumeRoleWithWebIdentity, "Common errors".
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from s3dlio_core.errors import CredentialsError, ThrottledError
from s3dlio_core.rest.xml import MalformedXmlError
from s3dlio_s3 import sigv4, wire_xml
from s3dlio_s3.credentials import http
from s3dlio_s3.credentials.service_urls import sts_url
from s3dlio_s3.credentials.value import Credentials, credentials_of_answer
from s3dlio_s3.error_codes import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3dlio_s3.credentials.source import Surroundings
    from s3dlio_s3.shared_files import SharedFiles

__all__ = ["call_sts"]

_VERSION = "2011-06-15"
# The identity provider didn't answer STS in time (AssumeRoleWithWebIdentity, "Errors").
_TRANSIENT = frozenset({"IDPCommunicationError"})


def call_sts(
    action: str,
    parameters: Mapping[str, str],
    *,
    signer: Credentials | None,
    files: SharedFiles,
    profile: str,
    around: Surroundings,
) -> Credentials:
    """Ask for the credentials of a role.

    Args:
        action: "AssumeRole" or "AssumeRoleWithWebIdentity".
        parameters: of the action.
        signer: who asks; None where the action needs no signature.
        files: the shared files.
        profile: the profile whose settings say where STS is.
        around: environment, region and clock.

    Raises:
        CredentialsError: STS refused, or gave no answer.
    """
    url, region = sts_url(files, profile, around)
    body = urlencode({"Action": action, "Version": _VERSION, **parameters}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    if signer is not None:
        headers = _signed(url, region, headers, body, signer, around.now_s())
    answer = http.send("POST", f"{url}/", headers=headers, body=body, ca_bundle=around.ca_bundle)
    if answer.status != 200:
        raise _refusal(action, url, answer)
    try:
        rows = list(wire_xml.parse_root(answer.body).rows("Credentials"))
    except MalformedXmlError:
        rows = []
    if len(rows) != 1:
        raise CredentialsError(f"{url} gave no answer of AWS STS to {action}")
    return credentials_of_answer(rows[0], url, "SessionToken")


def _signed(
    url: str, region: str, headers: dict[str, str], body: bytes, signer: Credentials, now_s: float
) -> dict[str, str]:
    parts = urlsplit(url)
    return sigv4.sign_headers(
        "POST",
        f"{parts.path}/",
        "",
        {**headers, "host": parts.netloc},
        payload_hash=hashlib.sha256(body).hexdigest(),
        credentials=signer,
        region=region,
        amz_date=time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s)),
        service="sts",
    )


def _refusal(action: str, url: str, answer: http.Answer) -> CredentialsError:
    said = wire_xml.parse_error(answer.body)
    if said is None or not said.code:
        return CredentialsError(
            f"{url} answered {answer.status} to {action}",
            retryable=http.is_retryable(answer.status),
        )
    known = CODES.get(said.code)
    throttled = known is not None and known.cls is ThrottledError
    message = " ".join(said.message.split())
    return CredentialsError(
        f"{action} was refused with {said.code}" + (f": {message[:300]}" if message else ""),
        retryable=throttled or said.code in _TRANSIENT or http.is_retryable(answer.status),
        code=said.code,
    )
