"""What refusals, unreadable answers and broken wires become."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

import pytest

from s3dlio_core.errors import (
    CredentialsError,
    NotSupportedError,
    PermissionDeniedError,
    S3dlioError,
    Scope,
    ServiceError,
    StorageFullError,
    ThrottledError,
)
from s3dlio_core.rest.answers import Service, check_is_no_page, unreadable
from s3dlio_core.rest.meanings import (
    STATUSES,
    Meaning,
    is_foreign,
    is_undone,
    meaning_of_status,
    reason_of,
)
from s3dlio_core.rest.wire_errors import KINDS, Places, error_of_request
from s3dlio_core.rest.xml import MalformedXmlError

SERVICE = Service("no Test service", "a Test service")
PLACES = Places("the_option", "THE_VARIABLE", "the URL and the account")


@dataclass
class Request:
    """What was asked for, in all the shapes of it."""

    operation: str = "put"
    uri: str = "test://c/k"
    origin: str = "https://h"
    changes: bool = True


class Kind(Enum):
    """Kinds of what goes wrong, by name."""

    TLS_FAILED = 1
    MISSING_FILE = 2
    HOST_NOT_FOUND = 3
    CONNECTION_CUT = 4


@dataclass
class WireError:
    """What went wrong."""

    kind: Kind
    said: str = "it said {so}"
    maybe_done: bool = True


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        (Kind.TLS_FAILED, "set the_option or THE_VARIABLE"),
        (Kind.MISSING_FILE, "Check the_option and THE_VARIABLE"),
        (Kind.HOST_NOT_FOUND, "Check the URL and the account"),
    ],
)
def test_hints_name_the_places_of_the_store(kind: Kind, hint: str) -> None:
    """Nobody is sent to another service's variables."""
    assert hint in error_of_request(Request(), WireError(kind), places=PLACES).hint


def test_broken_request_is_told_with_its_request() -> None:
    """Braces in what was said are only text."""
    error = error_of_request(Request(), WireError(Kind.CONNECTION_CUT), places=PLACES)
    assert str(error) == "put test://c/k: the connection to https://h was cut: it said {so}"
    assert (error.maybe_done, error.retryable, error.scope) == (True, True, Scope.OBJECT)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_text_has_a_gap(kind: str) -> None:
    """Each names only what is given."""
    meaning = KINDS[kind]
    named = set(re.findall(r"{(\w*)}", meaning.reason)) | set(re.findall(r"{(\w*)}", meaning.hint))
    assert named <= {"origin", "said", "ca_option", "ca_variable", "host"}


@pytest.mark.parametrize(
    ("status", "cls", "retryable"),
    [
        (418, ServiceError, False),
        (500, ServiceError, True),
        (599, ServiceError, True),
        (503, ThrottledError, True),
        (403, PermissionDeniedError, False),
        (401, CredentialsError, False),
    ],
)
def test_status_without_a_code(status: int, cls: type[S3dlioError], *, retryable: bool) -> None:
    """The service's table counts, and 5xx that it doesn't have may pass."""
    meaning = meaning_of_status(status, {**STATUSES, 401: Meaning(CredentialsError)})
    assert cls is meaning.cls
    assert retryable == (cls("x", retryable=meaning.retryable).retryable)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(200, True), (302, True), (404, True), (403, False), (429, False), (500, False)],
)
def test_pages_of_others(status: int, *, expected: bool) -> None:
    """What stands before a service has pages of its own, but not for every status."""
    assert expected == is_foreign(status)


@pytest.mark.parametrize(
    ("cls", "is_known", "expected"),
    [
        (ThrottledError, True, True),
        (ThrottledError, False, False),
        (NotSupportedError, False, True),
        (StorageFullError, False, True),
        (ServiceError, True, False),
    ],
)
def test_refusals_before_anything_was_done(
    cls: type[S3dlioError], *, is_known: bool, expected: bool
) -> None:
    """A gateway's 503 says nothing of what the service did."""
    assert expected == is_undone(Meaning(cls), is_known=is_known)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (" It\n is  so. ", "It is so"),
        ("", "The service asks to slow down"),
        ("Busy", "The service asks to slow down"),
        ("x" * 1000, "x" * 500),
    ],
)
def test_reason(message: str, expected: str) -> None:
    """The service's words on one line, or else ours."""
    assert expected == reason_of(message, "Busy", Meaning(ThrottledError))


@pytest.mark.parametrize("body", [b" <!DOCTYPE html>", b"<HTML><body>", b"\n<html/>"])
def test_web_page_is_no_answer(body: bytes) -> None:
    """A portal answers everything with success, and has done nothing."""
    with pytest.raises(ServiceError, match="answered 200 a web page: no Test service") as raised:
        check_is_no_page(SERVICE, "https://h", Request(), 200, body)
    assert Scope.STORE is raised.value.scope
    check_is_no_page(SERVICE, "https://h", Request(), 200, b"<Result/>")


@pytest.mark.parametrize(
    ("error", "said", "cut"),
    [
        (MalformedXmlError("x", cut=True), "empty or cut short", True),
        (MalformedXmlError("it is bad"), "unreadable answer: it is bad", False),
        (ValueError("a date"), "unreadable answer: a date", False),
    ],
)
def test_unreadable_answers(error: ValueError, said: str, *, cut: bool) -> None:
    """A cut one may come whole the next time; any other points to the endpoint."""
    made = unreadable(SERVICE, "https://h", Request(), error, "id7")
    assert said in str(made)
    assert (cut, not cut) == (made.retryable, "a Test service" in made.hint)
    assert (made.request_id, made.maybe_done) == ("id7", True)
