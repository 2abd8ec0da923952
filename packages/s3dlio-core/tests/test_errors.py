"""The tree of errors: its drawing, its builtins, its texts, and its way through a pickle."""

from __future__ import annotations

import copy
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_core import errors
from s3dlio_core.errors import (
    ObjectNotFoundError,
    S3dlioError,
    Scope,
    ServiceError,
    TransferFailedError,
    printable,
)
from s3dlio_core.transfer.report import Failure, TransferReport


def _classes(base: type[S3dlioError] = S3dlioError) -> list[type[S3dlioError]]:
    """Return the classes below one, those that the module defines."""
    found = []
    for cls in base.__subclasses__():
        if cls.__module__ == errors.__name__:
            found += [cls, *_classes(cls)]
    return found


_ALL = _classes()
_LINE = re.compile(
    r"^    [│ ]*[├└]── (\w+)(?: \((\w+)\))?(?: +(object|container|store)( +[Rr] )?)?"
)


def _drawn() -> dict[str, tuple[str | None, str | None, bool]]:
    """Read the drawing: name → builtin, scope, whether it is always retryable."""
    found = {}
    for line in (errors.__doc__ or "").splitlines():
        match = _LINE.match(line)
        if match:
            found[match[1]] = (match[2], match[3], (match[4] or "").strip() == "R")
    return found


def test_every_class_is_drawn() -> None:
    """The drawing in the module's docstring has each class, and no other."""
    assert sorted(cls.__name__ for cls in _ALL) == sorted(_drawn())


def test_every_class_is_public() -> None:
    """Each class can be imported by name."""
    assert {cls.__name__ for cls in _ALL} <= set(errors.__all__)


@pytest.mark.parametrize("cls", _ALL, ids=lambda cls: cls.__name__)
def test_class_is_as_drawn(cls: type[S3dlioError]) -> None:
    """Each class has the builtin, the scope and the retryability that the drawing says."""
    builtin, scope, retryable = _drawn()[cls.__name__]
    error = cls("reason")
    assert builtin is None or builtin in {base.__name__ for base in cls.__mro__}
    assert scope in {None, error.scope.value}
    assert retryable == error.retryable


@pytest.mark.parametrize("cls", _ALL, ids=lambda cls: cls.__name__)
def test_every_error_is_a_runtime_error(cls: type[S3dlioError]) -> None:
    """Programs that catch RuntimeError catch each of them."""
    assert issubclass(cls, RuntimeError)


@pytest.mark.parametrize("cls", _ALL, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("way", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_error_survives_a_pickle(cls: type[S3dlioError], way: object) -> None:
    """Pickled or copied, an error keeps its class and all it carries."""
    assert callable(way)
    error = cls(
        "reason",
        operation="put",
        uri="s3://bucket/key",
        hint="do something",
        retryable=True,
        retry_after_s=1.5,
        scope=Scope.STORE,
        code="SlowDown",
        request_id="id",
        maybe_done=True,
    )
    again = way(error)
    assert type(error) is type(again)
    assert vars(error) == vars(again)
    assert str(error) == str(again)


def test_text_names_everything() -> None:
    """The text has the operation, the URI, the reason, code, request id and the hint."""
    error = ServiceError(
        "it said no",
        operation="put",
        uri="s3://bucket/key",
        hint="Ask again",
        code="Nope",
        request_id="abc",
    )
    assert str(error) == "put s3://bucket/key: it said no (code Nope, request id abc). Ask again"


def test_text_of_a_reason_alone() -> None:
    """Without operation and URI the text is the reason."""
    assert str(ServiceError("it said no")) == "it said no"


def test_code_is_not_said_twice() -> None:
    """A code that the reason has already isn't repeated."""
    assert str(ServiceError("refused with Nope", code="Nope")) == "refused with Nope"


def test_uri_is_safe_for_a_terminal() -> None:
    """Control characters and undecodable bytes of a key don't reach the terminal."""
    error = ObjectNotFoundError("no such object", uri="s3://bucket/\x1b[31m\udcff\n")
    assert str(error) == "s3://bucket/\\x1b[31m\\udcff\\n: no such object"


@given(st.text(st.characters()))
def test_printable_text_is_printable(text: str) -> None:
    """Whatever comes in, what comes out can be printed and encoded."""
    shown = printable(text)
    assert shown.isprintable()
    assert shown == shown.encode().decode()


@given(st.text().filter(str.isprintable))
def test_printable_leaves_plain_text(text: str) -> None:
    """Text that can be printed stays as it is."""
    assert text == printable(text)


def test_scope_and_retryability_can_be_given() -> None:
    """A class's scope and retryability are defaults."""
    error = ServiceError("busy", retryable=True, scope=Scope.CONTAINER)
    assert (error.retryable, error.scope) == (True, Scope.CONTAINER)


@pytest.mark.parametrize("count", [1, 3, 5])
def test_transfer_error_names_the_first_failures(count: int) -> None:
    """The error of a transfer tells how many objects failed, the first three, and the rest."""
    failures = tuple(
        Failure(f"file:///{n}", f"s3://bucket/{n}", ServiceError(f"reason {n}"))
        for n in range(count)
    )
    report = TransferReport("upload", done_count=7, failed_count=count, failures=failures)
    error = TransferFailedError.from_report(report)
    shown = "; ".join(f"reason {n}" for n in range(min(count, 3)))
    rest = f"; and {count - 3} more" if count > 3 else ""
    assert str(error) == f"upload: {count} of {count + 7} objects failed: {shown}{rest}"
    assert report is error.report


def test_report_raises_what_stopped_it() -> None:
    """A report raises the error that ended the run, before it counts failures."""
    stopped_by = ServiceError("the end")
    report = TransferReport("upload", failed_count=1, stopped_by=stopped_by)
    with pytest.raises(ServiceError) as raised:
        report.raise_for_failures()
    assert stopped_by is raised.value


def test_report_without_failures_raises_nothing() -> None:
    """A good report is ok, and raises nothing."""
    report = TransferReport("upload", done_count=1, done_bytes=10, elapsed_s=2.0)
    report.raise_for_failures()
    assert (report.ok, report.bytes_per_s) == (True, 5.0)
