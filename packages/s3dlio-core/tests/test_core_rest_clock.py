"""The clocks of servers: learnt from services' own refusals, each for its own server."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from email.utils import formatdate

import pytest

from s3dlio_core.rest.clock import ServerClocks

ORIGIN = "https://store.example"
HOUR_S = 3600.0


@dataclass(frozen=True)
class Refusal:
    """What a server says that refuses a request."""

    status: int
    code: str
    headers: dict[str, str]


def refusal(
    code: str = "RequestTimeTooSkewed",
    *,
    status: int = 403,
    off_s: float = HOUR_S,
    **headers: str,
) -> Refusal:
    """Return a refusal by a server whose clock is off this machine's."""
    date = formatdate(time.time() + off_s, usegmt=True)
    return Refusal(status, code, {"date": date, **headers})


def corrects(clocks: ServerClocks, told: Refusal) -> bool:
    """Tell the clocks of a refusal."""
    return clocks.corrects(ORIGIN, told.status, told.code, told.headers)


@pytest.fixture
def clocks() -> ServerClocks:
    """Clocks that write bare seconds."""
    return ServerClocks(str, logging.getLogger("s3dlio.test"))


def signed_at_s(clocks: ServerClocks, origin: str) -> float:
    """Return what is signed for a server, in seconds from now."""
    return int(clocks.date(origin)) - time.time()


@pytest.mark.parametrize("off_s", [-20 * 365 * 24 * HOUR_S, -HOUR_S, 400.0, HOUR_S])
def test_server_far_off_is_followed(clocks: ServerClocks, off_s: float) -> None:
    """A server's time signs what goes to it, and its refusal may be tried again, once."""
    assert corrects(clocks, refusal(off_s=off_s))
    assert abs(signed_at_s(clocks, ORIGIN) - off_s) < 200
    assert not corrects(clocks, refusal(off_s=off_s))


def test_other_servers_keep_this_machines_time(clocks: ServerClocks) -> None:
    """One server's clock says nothing of another's."""
    assert corrects(clocks, refusal())
    assert abs(signed_at_s(clocks, "http://127.0.0.1:9000")) < 200


def test_server_that_was_set_right_is_followed_back(clocks: ServerClocks) -> None:
    """A clock that is right again corrects what was learnt."""
    assert corrects(clocks, refusal())
    assert corrects(clocks, refusal(off_s=0))
    assert abs(signed_at_s(clocks, ORIGIN)) < 200


@pytest.mark.parametrize(
    "told",
    [
        refusal("AccessDenied", off_s=0),
        refusal(off_s=200),
        refusal(""),
        refusal(status=500),
        refusal(status=404),
        refusal(age="3600"),
        refusal(date=""),
        refusal(date="yesterday"),
    ],
    ids=[
        "a right clock",
        "near enough",
        "no error of the service: whatever stands between",
        "a server that fails",
        "not about the signature",
        "from a cache",
        "no date",
        "no date that can be read",
    ],
)
def test_what_says_nothing_of_the_clock_is_no_time(clocks: ServerClocks, told: Refusal) -> None:
    """An ordinary refusal, and one by somebody else, leave the clock alone."""
    assert not corrects(clocks, told)
    assert abs(signed_at_s(clocks, ORIGIN)) < 200


def test_other_codes_count_when_the_date_is_far_off(clocks: ServerClocks) -> None:
    """Not every server says RequestTimeTooSkewed when it means it."""
    assert corrects(clocks, refusal("SignatureDoesNotMatch"))


def test_date_is_written_anew_each_second(
    clocks: ServerClocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody signs with a second that is over, nor with that of another server."""
    monkeypatch.setattr(time, "time", lambda: 1000.5)
    assert clocks.date(ORIGIN) == clocks.date(ORIGIN) == "1000"
    monkeypatch.setattr(time, "time", lambda: 1001.0)
    assert clocks.date(ORIGIN) == "1001"
    told = refusal(off_s=0, date="Thu, 01 Jan 1970 02:00:00 GMT")
    assert corrects(clocks, told)
    assert (clocks.date(ORIGIN), clocks.date("http://127.0.0.1:9000")) == ("7200", "1001")
