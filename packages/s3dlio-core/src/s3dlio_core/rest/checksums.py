"""What services say of the bytes that they got. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3dlio_core.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["reject_other"]


def reject_other(
    sent: Mapping[str, str], told: Mapping[str, str], operation: str, uri: str
) -> None:
    """Compare the checksums that were sent with what the service says it got, where it does.

    Args:
        sent: name → checksum; by header, or by algorithm.
        told: the answer's, by the same names.
        operation: of the request, for messages.
        uri: likewise.

    Raises:
        IntegrityError: they differ.
    """
    for name, value in sent.items():
        got = told.get(name, value)
        if got != value:
            raise IntegrityError(
                f"the service got other bytes: it says {name} {got[:40]!r}, sent was {value!r}",
                operation=operation,
                uri=uri,
                maybe_done=True,
            )
