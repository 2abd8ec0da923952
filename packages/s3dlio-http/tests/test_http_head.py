"""Heads: requests to bytes, bytes to answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.exceptions import InvalidHeader, InvalidURL
from requests.structures import CaseInsensitiveDict

from s3dlio_http.answer_head import CHUNKED, UNTIL_CLOSE, AnswerHead, body_length
from s3dlio_http.errors import MalformedAnswerError
from s3dlio_http.request_head import request_head

TOKENS = st.text("!#$%&'*+-.^_`|~09azAZ", min_size=1, max_size=12)
VALUES = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30
)
ODD = st.text(st.characters(max_codepoint=0x2FF), max_size=30)


def answer(*lines: str) -> AnswerHead:
    """Parse an answer of these lines."""
    return AnswerHead("".join(f"{line}\r\n" for line in lines), 200)


def length_of(*fields: str, method: str = "GET", status: int = 200, minor: int = 1) -> int:
    """The framing of an answer with these fields."""
    return body_length(answer(f"HTTP/1.{minor} {status} OK", *fields), method)


def test_request_head_is_exact() -> None:
    """The target stands as it is, Host comes first, the length is told."""
    headers = {"X-One": "1", "two": b"2\xe9"}
    assert request_head("PUT", "/b/a/../c//%2e?x=%7E", headers, "host:1", 3) == (
        b"PUT /b/a/../c//%2e?x=%7E HTTP/1.1\r\nHost: host:1\r\nX-One: 1\r\ntwo: 2\xe9\r\n"
        b"Accept-Encoding: identity\r\nContent-Length: 3\r\n\r\n"
    )


def test_given_headers_are_not_repeated() -> None:
    """What the caller gives is left as it is, in its order."""
    headers = CaseInsensitiveDict({"content-LENGTH": "3", "hOst": "h", "Accept-encoding": "gzip"})
    assert request_head("POST", "/", headers, "other", 3) == (
        b"POST / HTTP/1.1\r\ncontent-LENGTH: 3\r\nhOst: h\r\nAccept-encoding: gzip\r\n\r\n"
    )


@pytest.mark.parametrize(("method", "told"), [("GET", False), ("PUT", True), ("POST", True)])
def test_missing_body_is_told_where_one_is_expected(method: str, told: bool) -> None:
    """RFC 9110 section 8.6."""
    head = request_head(method, "/", {}, "h", None)
    assert head is not None
    assert (b"Content-Length: 0\r\n" in head) == told


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("CONNECT", "/", {}),
        (None, "/", {}),
        ("GET", "/a b", {}),
        ("GET", "/\u00e9", {}),
        ("GET", "/a#b", {}),
        ("GET", "/", {"transfer-Encoding": "chunked"}),
        ("GET", "/", {"connection": "close"}),
        ("GET", "/", {"Connection": "Upgrade", "Upgrade": "h2c"}),
    ],
)
def test_unusual_requests_are_left_to_the_stock_adapter(
    method: str | None, target: str, headers: dict[str, str]
) -> None:
    """None says so."""
    assert request_head(method, target, headers, "h", None) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"a\r\nb": "c"},
        {"a b": "c"},
        {"a:": "c"},
        {"": "c"},
        {"a": "b\r\nc: d"},
        {"a": "b\nc"},
        {"a": "b\rc"},
        {"a": "b\0c"},
        {"a": "b\x7f"},
        {"a": b"b\nc"},
        {"a": "\u20ac"},
        {"content-length": "4"},
    ],
)
def test_bad_headers_are_refused(headers: dict[str, str]) -> None:
    """Nothing that could begin another header or request goes out."""
    for _ in range(2):
        with pytest.raises(InvalidHeader):
            request_head("GET", "/", headers, "h", 3)


@pytest.mark.parametrize("target", ["/a\r\nb", "/a\nb", "/a\0", "/a\tb", "/a\x7f", "/\u00e9\n"])
def test_controls_in_the_target_are_refused(target: str) -> None:
    """Even where other characters would send it to the stock adapter."""
    with pytest.raises(InvalidURL):
        request_head("GET", target, {}, "h", None)


def test_bad_method_is_refused() -> None:
    """It stands in the first line."""
    with pytest.raises(InvalidHeader):
        request_head("GET / HTTP/1.1\r\nx: y\r\n\r\nGET", "/", {}, "h", None)


@given(st.dictionaries(TOKENS | ODD, VALUES | ODD, max_size=5), st.sampled_from(["GET", "PUT"]))
def test_a_head_has_no_more_lines_than_headers(headers: dict[str, str], method: str) -> None:
    """Whatever stands in names and values: refused, or each on its own line."""
    try:
        head = request_head(method, "/", headers, "h", None)
    except InvalidHeader:
        return
    if head is None:
        return
    fields = CaseInsensitiveDict(headers)
    added = sum(name not in fields for name in ("host", "accept-encoding"))
    added += method == "PUT" and "content-length" not in fields
    lines = head.split(b"\r\n")
    assert len(lines) == 1 + len(fields) + added + 2
    assert not any(char in b"".join(lines) for char in b"\r\n\0")


def test_answer_head_is_parsed() -> None:
    """Status, reason, fields in any case, white space round values."""
    head = answer(
        "HTTP/1.0 404 Not  Found ", 'ETag:\t "x" \t', "a:", "Set-Cookie: 1", "SET-cookie:2"
    )
    assert (head.minor, head.status, head.reason) == (0, 404, "Not  Found ")
    assert head.fields == {
        "etag": ("ETag", '"x"'),
        "a": ("a", ""),
        "set-cookie": ("Set-Cookie", "1, 2"),
    }
    assert head.pairs[2:] == [("Set-Cookie", "1"), ("SET-cookie", "2")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\r\n",
        "HTTP/1.1\r\n",
        "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 099 OK\r\n",
        "HTTP/1.1  200 OK\r\n",
        "HTTP/2.0 200 OK\r\n",
        "http/1.1 200 OK\r\n",
        "HTTP/1.1 200 O\0K\r\n",
        "HTTP/1.1 200 OK\n",
        "HTTP/1.1 200 OK\r\n folded: line\r\n",
        "HTTP/1.1 200 OK\r\na: b\r\n c\r\n",
        "HTTP/1.1 200 OK\r\na : b\r\n",
        "HTTP/1.1 200 OK\r\n: b\r\n",
        "HTTP/1.1 200 OK\r\nnocolon\r\n",
        "HTTP/1.1 200 OK\r\na: b\0\r\n",
        "HTTP/1.1 200 OK\r\na: b\rc: d\r\n",
        "HTTP/1.1 200 OK\r\na: b\nc: d\r\n",
        "HTTP/1.1 200 OK\r\na\nc: d\r\n",
        "HTTP/1.1 200 OK\r\n\u00e4: d\r\n",
    ],
)
def test_malformed_heads_are_refused(text: str) -> None:
    """No line is skipped, joined or guessed."""
    with pytest.raises(MalformedAnswerError):
        AnswerHead(text, 200)


def test_too_many_fields_are_refused() -> None:
    """One more than allowed."""
    text = "HTTP/1.1 200 OK\r\n" + "a: b\r\n" * 5
    assert len(AnswerHead(text, 5).pairs) == 5
    with pytest.raises(MalformedAnswerError):
        AnswerHead(text, 4)


@pytest.mark.parametrize("char", [" ", "\t", "a", "a: ", ": ", "\r", "\n"])
def test_long_malformed_heads_take_no_time(char: str) -> None:
    """The time grows with the length, not with its square: this would take minutes."""
    text = "HTTP/1.1 200 OK\r\na:" + char * (60_000 // len(char)) + "\0\r\n"
    with pytest.raises(MalformedAnswerError):
        AnswerHead(text, 200)


@given(st.lists(st.tuples(TOKENS, VALUES), max_size=8), st.integers(100, 999))
def test_valid_heads_are_read_back(fields: list[tuple[str, str]], status: int) -> None:
    """Names and values are what was sent."""
    head = answer(f"HTTP/1.1 {status} ok", *(f"{name}: {value}" for name, value in fields))
    assert head.pairs == fields
    assert head.status == status


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        ([], UNTIL_CLOSE),
        (["Content-Length: 0"], 0),
        (["Content-Length: 0005"], 5),
        (["Content-Length: 5, 5"], 5),
        (["Content-Length: 5", "content-length: 5"], 5),
        (["Content-Length: 9223372036854775807"], 2**63 - 1),
        (["Transfer-Encoding: CHUNKED "], CHUNKED),
    ],
)
def test_framing(fields: list[str], length: int) -> None:
    """RFC 9112 section 6.3."""
    assert length_of(*fields) == length


@pytest.mark.parametrize(
    "fields",
    [
        ["Content-Length: 5, 6"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: -5"],
        ["Content-Length: +5"],
        ["Content-Length: 0x5"],
        ["Content-Length: 5 5"],
        ["Content-Length: 5_5"],
        ["Content-Length: "],
        ["Content-Length: ,"],
        ["Content-Length: \u00b2"],
        ["Content-Length: 9223372036854775808"],
        ["Content-Length: " + "9" * 60_000],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: identity"],
        ["Transfer-Encoding: "],
    ],
)
def test_contradictory_framing_is_refused(fields: list[str]) -> None:
    """The length of a body is never guessed."""
    with pytest.raises(MalformedAnswerError):
        length_of(*fields)


def test_chunks_are_of_http_1_1() -> None:
    """RFC 9112 section 6.1: an HTTP/1.0 answer with them has a faulty framing."""
    with pytest.raises(MalformedAnswerError):
        length_of("Transfer-Encoding: chunked", minor=0)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answers_without_a_body(method: str, status: int) -> None:
    """Whatever their heads say of a length."""
    assert length_of("Content-Length: 5", method=method, status=status) == 0
    assert length_of("Transfer-Encoding: chunked", method=method, status=status) == 0
    assert length_of(method=method, status=status) == 0


@pytest.mark.parametrize(
    ("minor", "connection", "keeps"),
    [
        (1, None, True),
        (1, "keep-alive", True),
        (1, "close", False),
        (1, "x, Close", False),
        (1, "closed", True),
        (0, None, False),
        (0, "Keep-Alive", True),
        (0, "keep-alive, close", False),
    ],
)
def test_keep_alive(minor: int, connection: str | None, keeps: bool) -> None:
    """RFC 9112 section 9.3."""
    fields = [] if connection is None else [f"Connection: {connection}"]
    assert answer(f"HTTP/1.{minor} 200 OK", *fields).keeps_alive == keeps
