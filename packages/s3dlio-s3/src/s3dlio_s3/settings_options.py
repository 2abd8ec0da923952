"""Request settings from options: texts of a command line or a program, and the environment.

Rules that hold in this file:
- A value that makes no sense is refused before anything is sent, by the option's name.
- A customer key that was given is never shown, not even when it is wrong.

Source: AWS CLI User Guide, "Loading a parameter from a file" (`file://`, `fileb://`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from s3dlio_core.errors import UsageError
from s3dlio_core.rest.tags import parse_tagging
from s3dlio_s3.encryption import CUSTOMER_KEY_SIZE_BYTES, CustomerKey, Encryption
from s3dlio_s3.settings import RequestSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CUSTOMER_KEY_VARIABLE", "SETTING_NAMES", "settings_from_options"]

#: Where a customer key may stand instead of on a command line, which other users can see.
CUSTOMER_KEY_VARIABLE = "S3DLIO_SSE_CUSTOMER_KEY"

#: What `settings_from_options` understands.
SETTING_NAMES = frozenset(
    {
        "acl",
        "request_payer",
        "sse",
        "sse_bucket_key",
        "sse_copy_source_customer_key",
        "sse_customer_key",
        "sse_kms_key_id",
        "storage_class",
        "tagging",
    }
)

_FILE_PREFIXES = ("fileb://", "file://")
_SWITCH = {"": None, "true": True, "false": False}
# A key in base64 has 44 bytes; who names a larger file meant another one.
_KEY_FILE_MAX_BYTES = 1024


def settings_from_options(
    options: Mapping[str, str], environ: Mapping[str, str]
) -> RequestSettings:
    """Read the settings.

    Args:
        options: names of `SETTING_NAMES`; others are left alone. "" is unset.
        environ: `CUSTOMER_KEY_VARIABLE`, used where the option isn't given.

    Raises:
        UsageError: a value that makes no sense, or two that exclude each other.
    """
    payer = options.get("request_payer", "")
    if payer not in {"", "requester"}:
        raise UsageError(f"bad request_payer {payer[:100]!r}", hint="Use requester")
    tags = options.get("tagging", "")
    return RequestSettings(
        encryption=_encryption(options),
        customer_key=_customer_key(
            options.get("sse_customer_key") or environ.get(CUSTOMER_KEY_VARIABLE, "")
        ),
        copy_source_customer_key=_customer_key(options.get("sse_copy_source_customer_key", "")),
        acl=options.get("acl", ""),
        storage_class=options.get("storage_class", ""),
        tags=parse_tagging(tags) if tags else {},
        request_payer=bool(payer),
    )


def _encryption(options: Mapping[str, str]) -> Encryption | None:
    algorithm, key_id = options.get("sse", ""), options.get("sse_kms_key_id", "")
    bucket_key = options.get("sse_bucket_key", "").lower()
    if bucket_key not in _SWITCH:
        raise UsageError(f"bad sse_bucket_key {bucket_key[:100]!r}", hint="Use true or false")
    if algorithm:
        return Encryption(algorithm, key_id, _SWITCH[bucket_key])
    if key_id or bucket_key:
        given = "sse_kms_key_id" if key_id else "sse_bucket_key"
        raise UsageError(f"{given} needs sse", hint="Set sse to aws:kms")
    return None


def _customer_key(text: str) -> CustomerKey | None:
    if not text:
        return None
    for prefix in _FILE_PREFIXES:
        if text.startswith(prefix):
            return _customer_key_of_file(Path(text.removeprefix(prefix)).expanduser())
    return CustomerKey.from_base64(text)


def _customer_key_of_file(path: Path) -> CustomerKey:
    """Read a key: its 32 bytes, or those in base64."""
    try:
        with path.open("rb") as file:
            content = file.read(_KEY_FILE_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"the customer key can't be read from {path}: {error.strerror}") from None
    if len(content) == CUSTOMER_KEY_SIZE_BYTES:
        return CustomerKey(content)
    try:
        return CustomerKey.from_base64(content.decode("ascii"))
    except ValueError:
        raise UsageError(
            f"{path} holds no customer key: neither {CUSTOMER_KEY_SIZE_BYTES} bytes nor those in "
            "base64",
            hint="Make one with: openssl rand -out key.bin 32",
        ) from None
