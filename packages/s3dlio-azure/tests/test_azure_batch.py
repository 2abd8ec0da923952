"""Batches: what is sent, and what is read of the answer."""

from __future__ import annotations

import email.parser
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3dlio_azure.batch import BatchAnswer, MalformedBatchError, batch_body, parse_batch_answer

BOUNDARY = "batchresponse_66925647-d0cb-4109-b6d3-28efe3e1e5ed"
CONTENT_TYPE = f"multipart/mixed; boundary={BOUNDARY}"


def part(number: int | str | None, status: int = 202, body: bytes = b"") -> bytes:
    """A part as the service writes it."""
    content_id = b"" if number is None else f"Content-ID: {number}\r\n".encode()
    return (
        f"--{BOUNDARY}\r\nContent-Type: application/http\r\n".encode()
        + content_id
        + f"\r\nHTTP/1.1 {status} Said so\r\nx-ms-request-id: R\r\n\r\n".encode()
        + body
        + b"\r\n"
    )


def answered(*parts: bytes) -> bytes:
    """An answer of these parts."""
    return b"".join(parts) + f"--{BOUNDARY}--".encode()


def statuses(found: BatchAnswer) -> dict[int, int]:
    """What was answered to each request."""
    return {number: answer.status for number, answer in found.by_number.items()}


def test_body_is_multipart() -> None:
    """Another reader finds the requests in it."""
    body = batch_body(
        "b1", [("DELETE", "/c/a%20b", {"x-ms-date": "D1"}), ("DELETE", "/c/d?sig=x", {})]
    )
    head = b'Content-Type: multipart/mixed; boundary="b1"\r\n\r\n'
    parsed = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    parts = list(parsed.iter_parts())
    assert [one["Content-ID"] for one in parts] == ["0", "1"]
    assert {one["Content-Type"] for one in parts} == {"application/http"}
    texts = [one.get_payload(decode=True) for one in parts]
    assert texts == [
        b"DELETE /c/a%20b HTTP/1.1\r\nx-ms-date: D1\r\n",
        b"DELETE /c/d?sig=x HTTP/1.1\r\n",
    ]


def test_answers_are_told_by_their_numbers() -> None:
    """They may come in any order."""
    found = parse_batch_answer(
        CONTENT_TYPE, answered(part(1, 404, b"<Error/>"), part(0), part(2, 503)), 3
    )
    assert statuses(found) == {0: 202, 1: 404, 2: 503}
    assert found.by_number[1].body == b"<Error/>"
    assert found.by_number[1].headers == {"x-ms-request-id": "R"}
    assert found.to_all is None


def test_quoted_boundary_and_end_of_line_are_read() -> None:
    """As RFC 2046 has them."""
    body = answered(part(0)) + b"\r\n"
    assert statuses(parse_batch_answer(f'Multipart/Mixed;boundary="{BOUNDARY}"', body, 1)) == {
        0: 202
    }


def test_answer_to_the_whole_batch_is_told_apart() -> None:
    """It has no number."""
    found = parse_batch_answer(CONTENT_TYPE, answered(part(None, 400, b"<Error/>")), 2)
    assert found.to_all is not None
    assert (found.to_all.status, found.by_number) == (400, {})


@pytest.mark.parametrize(
    ("content_type", "body", "cut"),
    [
        ("text/html", answered(part(0)), False),
        ("", answered(part(0)), False),
        ("multipart/mixed", answered(part(0)), False),
        (CONTENT_TYPE, b"", True),
        (CONTENT_TYPE, part(0), True),
        (CONTENT_TYPE, b"preamble\r\n" + answered(part(0)), True),
        (CONTENT_TYPE, answered(part(0), part(0)), False),
        (CONTENT_TYPE, answered(part(2)), False),
        (CONTENT_TYPE, answered(part("-1")), False),
        (CONTENT_TYPE, answered(part("1e0")), False),
        (CONTENT_TYPE, answered(part("\u0661".encode().decode("latin-1"))), False),
        (CONTENT_TYPE, answered(part(0).replace(b"HTTP/1.1 202", b"HTTP/1.1 20x")), False),
        (CONTENT_TYPE, answered(f"--{BOUNDARY}\r\n\r\n".encode()), False),
    ],
)
def test_what_is_no_answer_to_the_batch_is_refused(
    content_type: str, body: bytes, *, cut: bool
) -> None:
    """Nothing in it can be trusted."""
    with pytest.raises(MalformedBatchError) as raised:
        parse_batch_answer(content_type, body, 2)
    assert raised.value.cut is cut


@given(st.binary(), st.integers(0, 3))
def test_any_bytes_are_parsed_or_refused(noise: bytes, count: int) -> None:
    """No answer raises anything else, and none tells of what wasn't asked for."""
    for body in (noise, answered(part(0), noise), answered(part(0, 404, noise))):
        try:
            found = parse_batch_answer(CONTENT_TYPE, body, count)
        except MalformedBatchError:
            continue
        assert set(found.by_number) <= set(range(count))
