"""Logging: names, what a record carries, and the one filter that keeps secrets out.

    s3dlio                 silent unless the program configures logging (a NullHandler)
    ├── s3dlio.transfer    what is copied
    │   └── failed         each object that isn't
    ├── s3dlio.overwrite   what can't be compared
    ├── s3dlio.retry       attempts that failed and are repeated
    └── s3dlio.s3, …       one for each backend: requests and answers

Rules that hold for every record:
- Loggers come from `get_logger`, which puts `RedactSecrets` on each: secrets are gone before any
  handler, also a handler of the program that uses the library, sees the record.
- `request_id` and `attempt` are attributes, given by `extra={…}`; the filter fills in the attempt
  that is under way (`current_attempt`), and what else is
  missing, so that a format string may name them.
- The library never configures handlers or levels. `configure` is for programs; s3-cli uses it.

What counts as a secret: every value given to `register_secret`; the headers Authorization (RFC
9110 section 11.6.2), X-Amz-Security-Token and X-Amz-Server-Side-Encryption-Customer-Key; the query
parameters X-Amz-Signature, X-Amz-Credential and X-Amz-Security-Token (Amazon S3 API Reference,
"Authenticating Requests: Using Query Parameters"); `sig` of a shared access signature, and an
account's key in a connection string, option or variable (Azure Storage documentation); passwords in
URLs (RFC 3986 section 3.2.1); and what configuration files call aws_secret_access_key,
aws_session_token and aws_security_token.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import threading
import time
import traceback
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from s3dlio_core.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "ROOT_LOGGER",
    "JsonFormatter",
    "RedactSecrets",
    "TextFormatter",
    "configure",
    "current_attempt",
    "get_logger",
    "redact",
    "register_secret",
]

ROOT_LOGGER = "s3dlio"
REDACTED = "[redacted]"

#: A shorter value occurs in ordinary text; replacing it would ruin the log and hide nothing.
_SECRET_LENGTH_MIN = 4

# Not what is redacted already, since a record may be filtered twice, nor a "…" in an example; and
# not the colon of the sentence that quotes it.
_VALUE = r"(?!\[redacted\]|…)[^\s&;,\"'<>\]})]+(?<!:)"
# What stands between a name and its value: in a header, a dict's repr, JSON, a configuration line
# or a query; in a tuple's repr; in XML. A comma alone is ordinary text.
_BETWEEN = r"(?:\\?[\"']?\s*(?:[:=]|%3[Dd])\s*(?:b?\\?[\"'])?|\\?[\"']\s*,\s*b?\\?[\"']|>)"
_PATTERNS = (
    # A header's whole value, to the end of the line or of the quoted text.
    re.compile(
        rf"(?P<name>\b(?:proxy-)?authorization{_BETWEEN})(?P<secret>[^\r\n\"']+)", re.IGNORECASE
    ),
    re.compile(
        rf"(?P<name>\b(?:x-amz-(?:signature|credential|security-token)"
        rf"|x-amz-(?:copy-source-)?server-side-encryption-customer-key"
        rf"|(?:aws_?)?secret_?(?:access_?)?key|(?:aws_?)?(?:session|security)_?token|(?:azure_storage_)?account_?key|azure_storage_key"
        rf"|sharedaccesssignature){_BETWEEN})(?P<secret>{_VALUE})",
        re.IGNORECASE,
    ),
    # Only as a parameter: these words are parts of ordinary names.
    re.compile(
        rf"(?P<name>(?:^|[?&;\s\"'])sig(?:nature)?(?:=|%3[Dd]))(?P<secret>{_VALUE})", re.IGNORECASE
    ),
    # Pieces of an Authorization header that was taken apart.
    re.compile(r"(?P<name>\bsignature=)(?P<secret>[0-9a-f]{64})", re.IGNORECASE),
    re.compile(r"(?P<name>\bcredential=)(?P<secret>[^/\s,]+/\d{8}/[^\s,\"']+)", re.IGNORECASE),
    re.compile(r"(?P<name>\bbearer\s+)(?P<secret>[\w.~+/-]{8,}=*)", re.IGNORECASE),
    re.compile(r"(?P<name>://[^/\s:@\"']*:)(?P<secret>[^/\s@\"']+)(?=@)"),
)

#: Which attempt of a request is under way in this thread; the one place that retries sets it.
current_attempt: ContextVar[int] = ContextVar("s3dlio_attempt", default=1)

_lock = threading.Lock()
_secrets: set[str] = set()
_secrets_pattern: re.Pattern[str] | None = None

logging.getLogger(ROOT_LOGGER).addHandler(logging.NullHandler())


# A fork while another thread holds the lock would leave it locked in the child for ever.
os.register_at_fork(
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)


def register_secret(value: str) -> None:
    """Never let this value into a log: a secret key, a session token, an account key.

    Its percent-encoded form is kept out, too. A value shorter than four characters is ignored.
    """
    global _secrets_pattern  # noqa: PLW0603 - rebuilt here only, under the lock
    if len(value) < _SECRET_LENGTH_MIN:
        return
    forms = {value, quote(value, safe=""), quote(value)}
    if forms <= _secrets:
        return
    with _lock:
        longest_first = sorted(_secrets | forms, key=len, reverse=True)
        _secrets_pattern = re.compile("|".join(map(re.escape, longest_first)))
        # The last step: what is in here is kept out already.
        _secrets.update(forms)


def redact(text: str) -> str:
    """Return a text without the secrets in it."""
    if _secrets_pattern is not None:
        text = _secrets_pattern.sub(REDACTED, text)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<name>{REDACTED}", text)
    return text


class RedactSecrets(logging.Filter):
    """Removes secrets from a record, and gives it `request_id` and `attempt` if it has none.

    The message is formatted here, so that its arguments can't reach a handler; an exception is
    turned into its redacted text for the same reason.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place; always let it pass."""
        record.msg = redact(_message(record))
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        record.exc_info = None
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        for name, value in record.__dict__.items():
            if name not in _STANDARD_NAMES and isinstance(value, str):
                record.__dict__[name] = redact(value)
        record.__dict__.setdefault("request_id", "")
        record.__dict__.setdefault("attempt", current_attempt.get())
        return True


_STANDARD_NAMES = frozenset(logging.makeLogRecord({}).__dict__)
_FILTER = RedactSecrets()


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # Arguments that don't fit: logging itself would print them, secrets and all.
        return f"{record.msg} {record.args!r}"


def get_logger(name: str = "") -> logging.Logger:
    """Return the logger "s3dlio" or one below it; each removes secrets from its records.

    Args:
        name: for example "retry" for "s3dlio.retry".
    """
    logger = logging.getLogger(f"{ROOT_LOGGER}.{name}" if name else ROOT_LOGGER)
    if _FILTER not in logger.filters:
        logger.addFilter(_FILTER)
    return logger


get_logger()


def _timestamp(record: logging.LogRecord) -> str:
    """Return the time in UTC with milliseconds, as RFC 3339 writes it."""
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03}Z"


class TextFormatter(logging.Formatter):
    """One line a record: time, level, logger, message, and request id and attempt if any.

    Control characters in the message are escaped: a key can't forge a line.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with an exception's traceback below it."""
        text = f"{_timestamp(record)} {record.levelname:<7} {record.name}: "
        text += printable(record.getMessage())
        if attempt := getattr(record, "attempt", 1) - 1:
            text += f" attempt={attempt + 1}"
        if request_id := getattr(record, "request_id", ""):
            text += f" request_id={printable(str(request_id))}"
        below = [part for part in (_exception_text(self, record), record.stack_info) if part]
        lines = [printable(line) for part in below for line in part.splitlines()]
        return "\n    ".join([text, *lines])


class JsonFormatter(logging.Formatter):
    """One JSON object a line, ASCII only."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object as a line."""
        values: dict[str, Any] = {
            "time": _timestamp(record),
            "level": record.levelname,
            "logger": record.name,
            "thread": record.threadName,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", ""),
            "attempt": getattr(record, "attempt", 1),
        }
        if exception := _exception_text(self, record):
            values["exception"] = exception
        if record.stack_info:
            values["stack"] = record.stack_info
        return json.dumps(values)


def _exception_text(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    if record.exc_text:
        return record.exc_text
    return formatter.formatException(record.exc_info) if record.exc_info else ""


class _WriterHandler(logging.Handler):
    """Gives each formatted line to a function."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        self._write(self.format(record))


@contextlib.contextmanager
def configure(
    level: int,
    *,
    file: str | None = None,
    log_format: str = "text",
    console: Callable[[str], None] | None = None,
    console_lacks: str = "",
) -> Iterator[None]:
    """Send the records of s3dlio to a file, to a console, or both, until the block ends.

    Args:
        level: the least level, e.g. logging.INFO.
        file: the file that is appended to, or None.
        log_format: "text" or "json".
        console: takes each line without its newline (it must cope with any thread), or None.
        console_lacks: a logger whose records the program says in its own words.

    Raises:
        OSError: the file can't be opened.
        ValueError: another format.
    """
    if log_format not in {"text", "json"}:
        raise ValueError(f"log_format is {log_format!r}, expected text or json")
    handlers: list[logging.Handler] = []
    if file is not None:
        handlers.append(logging.FileHandler(file, encoding="utf-8", errors="backslashreplace"))
    if console is not None:
        writer = _WriterHandler(console)
        writer.addFilter(lambda record: record.name != console_lacks)
        handlers.append(writer)
    root = logging.getLogger(ROOT_LOGGER)
    level_before, propagate_before = root.level, root.propagate
    for handler in handlers:
        handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
        # Again, for a record of a logger that didn't come from get_logger.
        handler.addFilter(_FILTER)
        root.addHandler(handler)
    root.setLevel(level)
    root.propagate = False
    try:
        yield
    finally:
        root.setLevel(level_before)
        root.propagate = propagate_before
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
