"""JSON that two readers could understand differently is refused, and says where."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.jobs import strict_json
from chalicelib.jobs.strict_json import MalformedJsonError

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"1 2",
        b"\xff",
        b"NaN",
        b"-Infinity",
        b"1e400",
        b"9" * 5_000,
        b'{"a":1,"a":1}',
        rb'"\ud800"',
        rb'{"\udc00":1}',
        b"[" * 200_000,
        b"[" * 65 + b"]" * 65,
        b'"\x01"',
        b'{"a":1,}',
        b"'a'",
        b"\xef\xbb\xbf\xef\xbb\xbf1",
        b"{" + b",".join(b'"%d":1' % n for n in range(10_001)) + b"}",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_malformed_json_is_refused(body: bytes) -> None:
    """With one error, whatever is wrong."""
    with pytest.raises(MalformedJsonError):
        strict_json.decode(body)


@pytest.mark.parametrize(
    ("body", "offset"),
    [(b"{", 1), ('"é" x'.encode(), 5), (b'"a\xff"', 2), (b"\xef\xbb\xbf{", 4), (b"", 0)],
)
def test_the_offset_counts_the_bytes_that_were_sent(body: bytes, offset: int) -> None:
    """Not characters, and with the byte order mark."""
    with pytest.raises(MalformedJsonError) as error:
        strict_json.decode(body)
    assert error.value.offset == offset


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 64 + b"]" * 64,
        b'"' + b"[" * 100 + b'"',
        rb'"\ud83d\ude00 \\ud800"',
        rb'"\u0000"',
        b'{"a":{"a":1},"b":[{"a":1}]}',
        b"12345678901234567890123",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_only_looks_odd_is_accepted(body: bytes) -> None:
    """Exactly 64 levels, brackets in strings, pairs of surrogates, NUL, long integers."""
    assert strict_json.decode(body) == (body, json.loads(body))


@given(_JSON)
def test_ordinary_json_is_read_as_python_reads_it(value: object) -> None:
    """With a byte order mark or without."""
    body = json.dumps(value).encode()
    assert strict_json.decode(body) == (body, value)
    assert strict_json.decode(b"\xef\xbb\xbf" + body) == (body, value)


@given(st.binary())
def test_no_body_whatever_escapes_as_another_error(body: bytes) -> None:
    """A client's bytes are never a bug of ours."""
    with contextlib.suppress(MalformedJsonError):
        strict_json.decode(body)
