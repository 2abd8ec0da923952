"""Logging: no secret gets out, and each record can be traced to a request."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from typing import TYPE_CHECKING

import pytest

from s3dlio_core import logs
from s3dlio_core.logs import RedactSecrets, configure, get_logger, redact, register_secret

if TYPE_CHECKING:
    from pathlib import Path

SIGNATURE = "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024"


@pytest.fixture(autouse=True)
def _no_registered_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_secrets", set())
    monkeypatch.setattr(logs, "_secrets_pattern", None)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (
            f"Authorization: AWS4-HMAC-SHA256 Credential=AKID/s3, Signature={SIGNATURE}",
            SIGNATURE,
        ),
        (f"{{'Authorization': 'AWS4-HMAC-SHA256 Signature={SIGNATURE}', 'Host': 'h'}}", SIGNATURE),
        (f'{{"authorization": "SharedKey acct:{SIGNATURE}"}}', SIGNATURE),
        (f"b'Authorization: Bearer {SIGNATURE}\\r\\n'", SIGNATURE),
        (f"GET /key?X-Amz-Expires=60&X-Amz-Signature={SIGNATURE}&x=1", SIGNATURE),
        ("GET /key?X-Amz-Credential=AKIDEXAMPLE%2F2015%2Fs3&x=1", "AKIDEXAMPLE"),
        ("GET /key?X-Amz-Security-Token=FwoGZXIvYXdzE%3D%3D&x=1", "FwoGZXIvYXdzE"),
        ("x-amz-security-token: FwoGZXIvYXdzE==", "FwoGZXIvYXdzE"),
        ("[('X-Amz-Security-Token', b'FwoGZXIvYXdzE==')]", "FwoGZXIvYXdzE"),
        ("{'x-amz-server-side-encryption-customer-key': 'a2tra2s='}", "a2tra2s="),
        ("x-amz-copy-source-server-side-encryption-customer-key: a2tra2s=", "a2tra2s="),
        ("https://a.blob.core.windows.net/c/k?sv=2022&sig=aGVsbG8%2Bd29ybGQ%3D&se=1", "aGVsbG8"),
        ("AccountName=acct;AccountKey=aGVsbG8rd29ybGQ=;EndpointSuffix=x", "aGVsbG8rd29ybGQ"),
        ("{'account_key': 'aGVsbG8rd29ybGQ='}", "aGVsbG8rd29ybGQ"),
        ("AZURE_STORAGE_KEY=aGVsbG8rd29ybGQ=", "aGVsbG8rd29ybGQ"),
        ("export AZURE_STORAGE_ACCOUNT_KEY='aGVsbG8rd29ybGQ='", "aGVsbG8rd29ybGQ"),
        ("x-ms-copy-source-authorization: Bearer aGVsbG8rd29ybGQ", "aGVsbG8rd29ybGQ"),
        ("x-ms-copy-source: https://a.example/c/k?sv=1&sig=aGVsbG8rd29ybGQ", "aGVsbG8rd29ybGQ"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI/K7MDENG"),
        ("AWS_SESSION_TOKEN=FwoGZXIvYXdzE", "FwoGZXIvYXdzE"),
        ("aws_security_token = FwoGZXIvYXdzE", "FwoGZXIvYXdzE"),
        ("<SecretAccessKey>wJalrXUtnFEMI</SecretAccessKey>", "wJalrXUtnFEMI"),
        ('{"SessionToken": "FwoGZXIvYXdzE"}', "FwoGZXIvYXdzE"),
        (f"SignedHeaders=host,Signature={SIGNATURE}", SIGNATURE),
        ("Credential=AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request, x", "AKIDEXAMPLE"),
        (f"GET /k?AWSAccessKeyId=A&Signature={SIGNATURE[:20]}%3D&x=1", SIGNATURE[:20]),
        ("proxy http://user:pa55word@proxy.example:3128/", "pa55word"),
    ],
)
def test_secrets_are_removed_wherever_they_stand(text: str, secret: str) -> None:
    """Headers, reprs, queries, XML, JSON, configuration lines and URLs lose their secret."""
    assert secret in text
    assert secret not in redact(text)
    assert "[redacted]" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "put s3://bucket/design=1/sig.txt: not allowed (code AccessDenied, request id R1)",
        "GET /bucket/key?prefix=a&list-type=2",
        "x-amz-server-side-encryption-customer-key-md5: a2tra2s=",
        "the signature does not match",
        "wrong credentials: set AWS_SECRET_ACCESS_KEY or a profile",
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile",
        "put s3://bucket/signature=rsa/credential=none/k: not allowed",
        "s3://bucket/a:b@c",
        "https://host:9000/a@b",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    """What is no secret is not touched."""
    assert text == redact(text)


def test_what_only_looks_like_a_secret_stays() -> None:
    """An example, and the sentence that quotes a secret."""
    for text in ("give sv=…&se=…&sig=…", "write AccountName=…;AccountKey=…;EndpointSuffix=x"):
        assert redact(text) == text
    assert redact("az://c/k?sig=abcd: no match") == "az://c/k?sig=[redacted]: no match"


@pytest.mark.parametrize("name", ["X-Amz-Signature=", "AccountKey=", "Authorization: "])
def test_a_secret_that_begins_like_a_literal_of_bytes_goes_whole(name: str) -> None:
    """The b of b'...' is no part of a value only where a quote follows."""
    once = redact(f"{name}bc1234")
    assert f"{name}[redacted]" == once
    assert once == redact(once)
    assert f"{name}b'[redacted]'" == redact(f"{name}b'c1234'")


def test_a_neighbour_of_a_secret_stays() -> None:
    """Only the value goes: the rest of a query can be read."""
    text = redact("GET /k?X-Amz-Signature=abc&X-Amz-Date=20150830T123600Z&sig=def&se=1")
    assert (
        text == "GET /k?X-Amz-Signature=[redacted]&X-Amz-Date=20150830T123600Z&sig=[redacted]&se=1"
    )


def test_registered_secrets_are_removed_everywhere() -> None:
    """A known secret goes, plain and percent-encoded."""
    register_secret("wJal/rXU+tnF")
    assert redact("a wJal/rXU+tnF b wJal%2FrXU%2BtnF") == "a [redacted] b [redacted]"


def test_a_secret_that_contains_another_goes_whole() -> None:
    """The longest match wins, so that no tail is left."""
    register_secret("secret")
    register_secret("secret-and-more")
    assert redact("secret-and-more") == "[redacted]"


@pytest.mark.parametrize("value", ["", "abc"])
def test_a_tiny_secret_is_ignored(value: str) -> None:
    """Text isn't cut to pieces by an empty or tiny secret."""
    register_secret(value)
    assert redact("abc and more") == "abc and more"


def test_secrets_can_be_registered_after_a_fork() -> None:
    """Also when another thread was at it while the process was forked."""
    registering = threading.Event()

    def register() -> None:
        with logs._lock:
            registering.set()
            time.sleep(0.1)

    thread = threading.Thread(target=register)
    thread.start()
    registering.wait()
    with warnings.catch_warnings():
        # Python 3.12 warns of threads; the child only registers, and exits.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        # Ends a child that waits for ever.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)
        register_secret("of the child")
        os._exit(0 if redact("of the child") == "[redacted]" else 1)
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class Catcher(logging.Handler):
    """A handler of the program that uses the library: it keeps all records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.records.append(record)


@pytest.fixture
def catcher() -> Catcher:
    """Give a handler."""
    return Catcher()


@pytest.fixture
def logger(catcher: Catcher) -> logging.Logger:
    """Give a logger of the library that a program listens to, at all levels."""
    made = get_logger("test")
    made.setLevel(logging.DEBUG)
    for handler in list(made.handlers):
        made.removeHandler(handler)
    made.addHandler(catcher)
    return made


def test_message_and_arguments_lose_their_secrets(logger: logging.Logger, catcher: Catcher) -> None:
    """A foreign handler gets neither the message's nor the arguments' secret."""
    register_secret("wJalrXUtnFEMI")
    logger.info("sent %s with %r", "wJalrXUtnFEMI", {"Authorization": "AWS4 abc"})
    record = catcher.records[0]
    assert record.getMessage() == "sent [redacted] with {'Authorization': '[redacted]'}"
    assert not record.args


def test_an_exception_loses_its_secrets(logger: logging.Logger, catcher: Catcher) -> None:
    """The traceback's text is redacted, its cause included, and the object is dropped."""
    register_secret("wJalrXUtnFEMI")
    try:
        try:
            raise ValueError("inner wJalrXUtnFEMI")
        except ValueError as inner:
            raise RuntimeError("outer wJalrXUtnFEMI") from inner
    except RuntimeError:
        logger.exception("it failed")
    record = catcher.records[0]
    assert record.exc_info is None
    assert record.exc_text is not None
    assert "outer [redacted]" in record.exc_text
    assert "inner [redacted]" in record.exc_text
    assert "wJalrXUtnFEMI" not in record.exc_text


def test_extra_attributes_lose_their_secrets(logger: logging.Logger, catcher: Catcher) -> None:
    """Texts given by extra= are redacted, too."""
    logger.info("x", extra={"url": "http://h/?X-Amz-Signature=abc"})
    assert catcher.records[0].__dict__["url"] == "http://h/?X-Amz-Signature=[redacted]"


def test_arguments_that_do_not_fit_are_no_way_out(
    logger: logging.Logger, catcher: Catcher, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong format string doesn't make logging print the arguments."""
    register_secret("wJalrXUtnFEMI")
    wrong_format = "no placeholder"
    logger.info(wrong_format, "wJalrXUtnFEMI")
    assert "wJalrXUtnFEMI" not in catcher.records[0].getMessage()
    assert capsys.readouterr().err == ""


def test_request_id_and_attempt_are_always_there(logger: logging.Logger, catcher: Catcher) -> None:
    """A format string may name them."""
    logger.info("a")
    logger.info("b", extra={"request_id": "R1", "attempt": 3})
    shown = [(r.__dict__["request_id"], r.__dict__["attempt"]) for r in catcher.records]
    assert shown == [("", 1), ("R1", 3)]


def test_filtering_twice_changes_nothing(logger: logging.Logger, catcher: Catcher) -> None:
    """A record may pass the filter on its logger and on a handler."""
    logger.info("sent %s", "?sig=abc")
    record = catcher.records[0]
    before = record.getMessage()
    assert RedactSecrets().filter(record) is True
    assert before == record.getMessage()


def test_a_text_log_has_one_line_a_record(tmp_path: Path) -> None:
    """Time in UTC, level, logger, message, attempt and request id; a key forges no line."""
    path = tmp_path / "log"
    with configure(logging.INFO, file=str(path)):
        get_logger("retry").warning(
            "put %s again", "a\nFORGED", extra={"request_id": "R1", "attempt": 2}
        )
        get_logger("retry").debug("not at this level")
    lines = path.read_text().splitlines()
    assert len(lines) == 1
    stamp, _, rest = lines[0].partition(" ")
    assert stamp.endswith("Z")
    assert rest == r"WARNING s3dlio.retry: put a\nFORGED again attempt=2 request_id=R1"


def test_a_json_log_has_one_object_a_record(tmp_path: Path) -> None:
    """The fields are there, the exception too, and no secret."""
    path = tmp_path / "log"
    register_secret("wJalrXUtnFEMI")
    with configure(logging.DEBUG, file=str(path), log_format="json"):
        try:
            raise ValueError("wJalrXUtnFEMI")
        except ValueError:
            get_logger("s3").exception("bad", extra={"request_id": "R1"})
    values = json.loads(path.read_text())
    shown = {name: values[name] for name in ("level", "logger", "message", "request_id", "attempt")}
    assert shown == {
        "level": "ERROR",
        "logger": "s3dlio.s3",
        "message": "bad",
        "request_id": "R1",
        "attempt": 1,
    }
    assert "ValueError: [redacted]" in values["exception"]


def test_a_logger_made_elsewhere_is_redacted_too(tmp_path: Path) -> None:
    """The configured handlers filter by themselves."""
    path = tmp_path / "log"
    with configure(logging.INFO, file=str(path)):
        logging.getLogger("s3dlio.foreign").info("?sig=abcdef")
    assert "?sig=[redacted]" in path.read_text()


def test_the_console_gets_whole_lines() -> None:
    """Each line is handed to the function, without a newline."""
    lines: list[str] = []
    with configure(logging.INFO, console=lines.append):
        get_logger("transfer").info("hello")
    assert len(lines) == 1
    assert lines[0].endswith("INFO    s3dlio.transfer: hello")


def test_configuration_ends_with_its_block(tmp_path: Path) -> None:
    """Handlers and level are as before afterwards."""
    root = logging.getLogger("s3dlio")
    before = (root.level, list(root.handlers), root.propagate)
    with configure(logging.DEBUG, file=str(tmp_path / "log")):
        assert root.level == logging.DEBUG
    assert before == (root.level, root.handlers, root.propagate)


def test_an_unknown_format_is_refused() -> None:
    """A typing error isn't taken for text."""
    with (
        pytest.raises(ValueError, match="expected text or json"),
        configure(logging.INFO, log_format="xml"),
    ):
        pass


def test_the_library_is_silent_by_default() -> None:
    """Without configuration not even a warning reaches standard error."""
    code = "from s3dlio_core.logs import get_logger; get_logger('s3').error('loud')"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout + done.stderr == ""
