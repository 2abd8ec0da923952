"""The clocks of servers: learnt from S3's own refusals, each for its own server."""

from __future__ import annotations

import calendar
import time
from email.utils import formatdate

import pytest
from requests.structures import CaseInsensitiveDict

from s3dlio_s3.clock import ServerClocks
from s3dlio_s3.errors import Refusal
from s3dlio_s3.wire_xml import ErrorBody

ORIGIN = "https://bucket.s3.us-east-1.amazonaws.com"
HOUR_S = 3600.0


def refusal(
    code: str | None = "RequestTimeTooSkewed",
    *,
    status: int = 403,
    off_s: float = HOUR_S,
    **headers: str,
) -> Refusal:
    """Return a refusal by a server whose clock is off this machine's."""
    date = formatdate(time.time() + off_s, usegmt=True)
    return Refusal(
        operation="read",
        uri="s3://bucket/k",
        status=status,
        headers=CaseInsensitiveDict({"Date": date, **headers}),
        error=None if code is None else ErrorBody(code),
        has_body=code is not None,
        endpoint="",
        region="us-east-1",
        names_key=True,
        changes=False,
    )


def signed_at_s(clocks: ServerClocks, origin: str) -> float:
    """Return what is signed for a server, in seconds from now."""
    signed = time.strptime(clocks.amz_date(origin), "%Y%m%dT%H%M%SZ")
    return calendar.timegm(signed) - time.time()


@pytest.mark.parametrize("off_s", [-20 * 365 * 24 * HOUR_S, -HOUR_S, 400.0, HOUR_S])
def test_server_far_off_is_followed(off_s: float) -> None:
    """A server's time signs what goes to it, and its refusal may be tried again, once."""
    clocks = ServerClocks()
    assert clocks.corrects(ORIGIN, refusal(off_s=off_s))
    assert abs(signed_at_s(clocks, ORIGIN) - off_s) < 200
    assert not clocks.corrects(ORIGIN, refusal(off_s=off_s))


def test_other_servers_keep_this_machines_time() -> None:
    """One server's clock says nothing of another's."""
    clocks = ServerClocks()
    assert clocks.corrects(ORIGIN, refusal())
    assert abs(signed_at_s(clocks, "http://127.0.0.1:9000")) < 200


def test_server_that_was_set_right_is_followed_back() -> None:
    """A clock that is right again corrects what was learnt."""
    clocks = ServerClocks()
    assert clocks.corrects(ORIGIN, refusal())
    assert clocks.corrects(ORIGIN, refusal(off_s=0))
    assert abs(signed_at_s(clocks, ORIGIN)) < 200


@pytest.mark.parametrize(
    "told",
    [
        refusal("AccessDenied", off_s=0),
        refusal(off_s=200),
        refusal(None),
        refusal(""),
        refusal(status=500),
        refusal(status=404),
        refusal(Age="3600"),
        refusal(Date=""),
        refusal(Date="yesterday"),
    ],
    ids=[
        "a right clock",
        "near enough",
        "no S3 error: whatever stands between",
        "an error without a code",
        "a server that fails",
        "not about the signature",
        "from a cache",
        "no date",
        "no date that can be read",
    ],
)
def test_what_says_nothing_of_the_clock_is_no_time(told: Refusal) -> None:
    """An ordinary refusal, and one by somebody else, leave the clock alone."""
    clocks = ServerClocks()
    assert not clocks.corrects(ORIGIN, told)
    assert abs(signed_at_s(clocks, ORIGIN)) < 200


def test_other_codes_count_when_the_date_is_far_off() -> None:
    """Not every server says RequestTimeTooSkewed when it means it."""
    assert ServerClocks().corrects(ORIGIN, refusal("SignatureDoesNotMatch"))
