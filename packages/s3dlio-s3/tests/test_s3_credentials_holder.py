"""Credentials in use: when they are found and refreshed, by whom, and what fails."""

from __future__ import annotations

import logging
import os
import pickle
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from tests.servers.scripted_http import Reply, ScriptedHttp

from s3dlio_core.errors import CredentialsError
from s3dlio_core.retry import RetryingStore
from s3dlio_s3 import S3Config, S3Provider
from s3dlio_s3.credentials import Credentials, CredentialsHolder, CredentialsSource
from s3dlio_s3.credentials.holder import ADVISORY_S, MANDATORY_S, RETRY_AFTER_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW_S = 1767323045.0
HOUR_S = 3600.0
THREADS = 8


def key(number: int, ends_s: float | None = NOW_S + HOUR_S) -> Credentials:
    """Return the credentials of a number."""
    return Credentials(f"ASIA{number}", f"secret-{number}", f"token-{number}", ends_s)


@dataclass
class Clock:
    """A clock that stands still."""

    now_s: float = NOW_S

    def __call__(self) -> float:
        """Tell the time, in seconds since the epoch."""
        return self.now_s


@dataclass
class Scripted:
    """A source that gives what a test says, the last again and again."""

    replies: list[Credentials | CredentialsError | str]
    renewable: bool = True
    name: str = "the test"
    loads: int = 0
    before: Callable[[], object] = lambda: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def load(self) -> Credentials | str:
        """Give the next reply."""
        with self.lock:
            self.loads += 1
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        self.before()
        if isinstance(reply, CredentialsError):
            raise reply
        return reply

    def find(self) -> tuple[Credentials, CredentialsSource]:
        """Find credentials as a chain does."""
        found = self.load()
        assert isinstance(found, Credentials)
        return found, self


def holder_of(
    *replies: Credentials | CredentialsError | str, renewable: bool = True
) -> tuple[CredentialsHolder, Scripted, Clock]:
    """Return a holder, its source and its clock."""
    source, clock = Scripted(list(replies), renewable), Clock()
    return CredentialsHolder(source.find, clock), source, clock


def in_threads(call: Callable[[], object]) -> list[object]:
    """Call a function in several threads at once; return what each returned or raised."""
    outcomes: list[object] = []
    together = threading.Barrier(THREADS)

    def run() -> None:
        together.wait()
        try:
            outcomes.append(call())
        except CredentialsError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_nothing_is_looked_for_before_it_is_needed() -> None:
    """Making a holder asks nobody; the first use asks once, the second not at all."""
    holder, source, _ = holder_of(key(1, None))
    assert source.loads == 0
    assert [holder.current(), holder.current()] == [key(1, None)] * 2
    assert source.loads == 1


def test_lasting_credentials_are_never_refreshed() -> None:
    """Without an end nothing is asked again, however late it is."""
    holder, source, clock = holder_of(key(1, None), key(2, None))
    holder.current()
    clock.now_s += 10**9
    assert holder.current() == key(1, None)
    assert source.loads == 1


@pytest.mark.parametrize(
    ("left_s", "refreshed"), [(ADVISORY_S + 1, False), (ADVISORY_S - 1, True), (-1.0, True)]
)
def test_refresh_begins_15_minutes_before_the_end(left_s: float, *, refreshed: bool) -> None:
    """Earlier nothing is asked."""
    holder, source, clock = holder_of(key(1), key(2, NOW_S + 3 * HOUR_S))
    holder.current()
    clock.now_s = NOW_S + HOUR_S - left_s
    assert holder.current().access_key_id == ("ASIA2" if refreshed else "ASIA1")
    assert source.loads == 1 + refreshed


def test_short_lived_credentials_are_refreshed_at_half_of_their_life() -> None:
    """Those that live 15 minutes, the least of STS, aren't refreshed at each request."""
    holder, source, clock = holder_of(key(1, NOW_S + 900), key(2, NOW_S + 1800))
    holder.current()
    clock.now_s = NOW_S + 449
    assert holder.current().access_key_id == "ASIA1"
    clock.now_s = NOW_S + 451
    assert holder.current().access_key_id == "ASIA2"
    assert source.loads == 2


def test_many_threads_find_once() -> None:
    """All wait for the first lookup, and use what it found."""
    holder, source, _ = holder_of(key(1))
    assert in_threads(holder.current) == [key(1)] * THREADS
    assert source.loads == 1


def test_many_threads_refresh_once_and_the_others_go_on() -> None:
    """In the last 15 minutes one thread refreshes; nobody waits for it."""
    holder, source, clock = holder_of(key(1), key(2, NOW_S + 3 * HOUR_S))
    holder.current()
    clock.now_s = NOW_S + HOUR_S - ADVISORY_S + 1
    others = threading.Semaphore(0)
    # The refresh ends only when all the others have gone on with the old credentials.
    source.before = lambda: [others.acquire() for _ in range(THREADS - 1)]

    def sign() -> str:
        used = holder.current().access_key_id
        others.release()
        return used

    assert sorted(map(str, in_threads(sign))) == ["ASIA1"] * (THREADS - 1) + ["ASIA2"]
    assert source.loads == 2


def test_many_threads_wait_for_one_refresh() -> None:
    """In the last 10 minutes all wait for the new credentials."""
    holder, source, clock = holder_of(key(1), key(2, NOW_S + 3 * HOUR_S))
    holder.current()
    clock.now_s = NOW_S + HOUR_S - MANDATORY_S + 1
    assert in_threads(lambda: holder.current().access_key_id) == ["ASIA2"] * THREADS
    assert source.loads == 2


def test_many_threads_share_a_failure() -> None:
    """Who waited for a lookup in vain doesn't look again: where nobody answers that takes time."""
    holder, source, _ = holder_of(CredentialsError("nobody there"))
    entered = threading.Event()
    source.before = lambda: entered.wait(0.2)
    outcomes = in_threads(holder.current)
    assert outcomes == ["nobody there"] * THREADS
    assert source.loads < THREADS


def test_next_use_after_a_failure_looks_again() -> None:
    """A failure isn't for ever."""
    source = Scripted([CredentialsError("nobody there"), key(1)])
    holder = CredentialsHolder(source.find, Clock())
    with pytest.raises(CredentialsError):
        holder.current()
    assert holder.current() == key(1)


@pytest.mark.parametrize("failure", [CredentialsError("STS is down"), "no role any more"])
@pytest.mark.parametrize("left_s", [ADVISORY_S - 1, MANDATORY_S - 1])
def test_failing_refresh_keeps_what_still_works(
    failure: CredentialsError | str, left_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told, and tried again a minute later."""
    holder, source, clock = holder_of(key(1), failure, failure, key(2, NOW_S + 3 * HOUR_S))
    holder.current()
    clock.now_s = NOW_S + HOUR_S - left_s
    with caplog.at_level(logging.WARNING, "s3dlio"):
        assert [holder.current().access_key_id for _ in range(5)] == ["ASIA1"] * 5
    assert (
        f"credentials that end in {left_s:.0f} s can't be refreshed yet: the test: " in caplog.text
    )
    assert source.loads == 2
    clock.now_s += RETRY_AFTER_S + 1
    holder.current()
    clock.now_s += RETRY_AFTER_S + 1
    assert holder.current().access_key_id == "ASIA2"


def test_failing_refresh_is_an_error_at_the_end() -> None:
    """When the credentials have ended there is nothing to go on with."""
    holder, _, clock = holder_of(key(1), CredentialsError("STS is down", hint="Wait"))
    holder.current()
    clock.now_s = NOW_S + HOUR_S
    with pytest.raises(CredentialsError, match=r"the test: STS is down\. Wait"):
        holder.current()


def test_credentials_that_have_ended_are_refused() -> None:
    """Whoever gives them."""
    holder, _, _ = holder_of(key(1, NOW_S - 1))
    with pytest.raises(CredentialsError, match="the test have expired at 2026-01-02T03:04:04Z"):
        holder.current()


def test_credentials_that_cant_be_refreshed_are_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Less than 15 minutes before their end the warning says when; it comes once."""
    holder, source, clock = holder_of(key(1, NOW_S + 600), renewable=False)
    with caplog.at_level(logging.WARNING, "s3dlio"):
        holder.current()
        clock.now_s += 599
        assert holder.current() == key(1, NOW_S + 600)
    assert caplog.messages == [
        "the credentials of the test expire at 2026-01-02T03:14:05Z and can't be refreshed"
    ]
    assert source.loads == 1
    clock.now_s += 1
    with pytest.raises(CredentialsError, match="have expired"):
        holder.current()


def test_credentials_with_time_left_are_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """An hour is enough."""
    holder, _, _ = holder_of(key(1), renewable=False)
    with caplog.at_level(logging.WARNING, "s3dlio"):
        holder.current()
    assert caplog.messages == []


def test_identity_stays(caplog: pytest.LogCaptureFixture) -> None:
    """The first key names who signs, whatever key signs later."""
    holder, _, clock = holder_of(key(1), key(2, NOW_S + 3 * HOUR_S))
    holder.current()
    clock.now_s = NOW_S + HOUR_S - 1
    assert holder.current().access_key_id == "ASIA2"
    assert holder.first_access_key_id == "ASIA1"
    assert caplog.messages == []


def test_many_threads_renew_refused_credentials_once() -> None:
    """The same refusal, met by many threads, costs one refresh."""
    holder, source, _ = holder_of(key(1), key(2))
    refused = holder.current()
    assert in_threads(lambda: holder.renew(refused)) == [True] * THREADS
    assert source.loads == 2
    assert holder.current() == key(2)


def test_renewal_that_gives_the_same_has_failed() -> None:
    """Then the refusal stands."""
    holder, _, _ = holder_of(key(1))
    assert not holder.renew(holder.current())


def test_renewal_that_gives_the_same_has_failed_for_all_threads() -> None:
    """None of them sends its request again."""
    again = key(1)
    holder, _, _ = holder_of(key(1), *[replace(again) for _ in range(THREADS)])
    refused = holder.current()
    assert in_threads(lambda: holder.renew(refused)) == [False] * THREADS


def test_renewal_that_fails_keeps_the_refusal(caplog: pytest.LogCaptureFixture) -> None:
    """The reason is told."""
    holder, _, _ = holder_of(key(1), CredentialsError("STS is down"))
    with caplog.at_level(logging.WARNING, "s3dlio"):
        assert not holder.renew(holder.current())
    assert "STS is down" in caplog.text


def test_fork_while_a_thread_looks(capfd: pytest.CaptureFixture[str]) -> None:
    """A child doesn't wait for a thread that it doesn't have."""
    holder, source, _ = holder_of(key(1))
    looks, goes_on = threading.Event(), threading.Event()

    def pause() -> None:
        looks.set()
        goes_on.wait()

    source.before = pause
    thread = threading.Thread(target=holder.current)
    thread.start()
    looks.wait()
    source.before = lambda: None
    child = os.fork()
    if child == 0:
        os.write(1, holder.current().access_key_id.encode())
        os._exit(0)
    _, status = os.waitpid(child, 0)
    goes_on.set()
    thread.join()
    assert (status, capfd.readouterr().out) == (0, "ASIA1")


EXPIRED = Reply(400, b"<Error><Code>ExpiredToken</Code><Message>The token is old</Message></Error>")
OBJECT = {"ETag": '"abc"', "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT"}


@pytest.fixture
def provider(
    scripted_http: ScriptedHttp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> S3Provider:
    """S3 at the test's server, with the credentials of a container that is there, too."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{scripted_http.url}/creds")
    return S3Provider(S3Config(endpoint_url=scripted_http.url))


def container_reply(number: int) -> Reply:
    """What a container's agent answers."""
    values = {"AccessKeyId": f"ASIA{number}", "SecretAccessKey": f"secret-{number}"}
    return Reply.of_json(
        {**values, "Token": f"token-{number}", "Expiration": "2099-01-01T00:00:00Z"}
    )


def tokens(server: ScriptedHttp) -> list[str | None]:
    """The session token of each request to S3."""
    return [
        asked.headers.get("x-amz-security-token")
        for asked in server.asked
        if asked.path != "/creds"
    ]


def test_refused_token_is_replaced_and_the_request_sent_again(
    provider: S3Provider, scripted_http: ScriptedHttp
) -> None:
    """A service that calls a token expired gets the next one."""
    scripted_http.answers("GET /creds", container_reply(1), container_reply(2))
    scripted_http.answers("GET /b/k", EXPIRED, Reply(200, b"content", OBJECT))
    with provider, RetryingStore(provider.open("b")).open_reader("k") as reader:
        assert reader.read() == b"content"
    assert tokens(scripted_http) == ["token-1", "token-2"]


def test_refused_token_that_stays_the_same_is_an_error(
    provider: S3Provider, scripted_http: ScriptedHttp
) -> None:
    """Without another token nothing is sent again; the error says whose credentials they are."""
    scripted_http.answers("GET /creds", container_reply(1))
    scripted_http.answers("GET /b/k", EXPIRED)
    with provider, pytest.raises(CredentialsError) as raised:
        RetryingStore(provider.open("b")).open_reader("k")
    assert "The token is old" in str(raised.value)
    assert "those in use are of container" in raised.value.hint
    assert tokens(scripted_http) == ["token-1"]


def test_refused_explicit_token_is_an_error(scripted_http: ScriptedHttp) -> None:
    """Credentials that were given as a value can't be replaced."""
    scripted_http.answers("GET /b/k", EXPIRED)
    config = S3Config(endpoint_url=scripted_http.url, credentials=key(1, None))
    with S3Provider(config) as provider, pytest.raises(CredentialsError) as raised:
        RetryingStore(provider.open("b")).open_reader("k")
    assert not raised.value.retryable
    assert "those in use are of options" in raised.value.hint
    assert tokens(scripted_http) == ["token-1"]


def test_explicit_credentials_that_have_ended_send_nothing(scripted_http: ScriptedHttp) -> None:
    """What can only be refused isn't sent."""
    config = S3Config(endpoint_url=scripted_http.url, credentials=key(1, 1.0))
    with S3Provider(config) as provider, pytest.raises(CredentialsError) as raised:
        provider.open("b").head("k")
    assert "of options have expired at 1970-01-01T00:00:01Z" in str(raised.value)
    assert scripted_http.asked == []


def test_pickle_holds_no_found_credentials(
    provider: S3Provider, scripted_http: ScriptedHttp
) -> None:
    """Another process looks for its own."""
    scripted_http.answers("GET /creds", container_reply(1))
    with provider:
        assert provider.client.sender.identity == "ASIA1"
        pickled = pickle.dumps(provider)
    assert b"secret-1" not in pickled
    assert b"token-1" not in pickled
    with pickle.loads(pickled) as copied:
        assert copied.client.sender.identity == "ASIA1"
    assert scripted_http.targets == ["GET /creds"] * 2


def test_anonymous_requests_look_for_nothing(scripted_http: ScriptedHttp) -> None:
    """Without a signature no credentials are needed."""
    with S3Provider(S3Config(endpoint_url=scripted_http.url, anonymous=True)) as provider:
        assert provider.client.sender.credentials is None
        assert provider.client.sender.identity == "anonymous"
