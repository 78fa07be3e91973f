"""What is read out of headers and cursors, whatever is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.http import cursor, negotiation, preferences
from chalicelib.http.preferences import Preferences

JSON, HTML = OFFERS = ("application/json", "text/html")
KEY = b"a key of sixteen bytes or more"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", Preferences()),
        ("respond-async, wait=10", Preferences(respond_async=True, wait_seconds=10)),
        ("wait=5, wait=10", Preferences(wait_seconds=5)),
        ("WAIT = 7 ; x=1", Preferences(wait_seconds=7)),
        ('Wait="7"', Preferences(wait_seconds=7)),
        ("return=minimal; foo=bar", Preferences(minimal=True)),
        ("return=representation", Preferences()),
        ("handling=lenient, respond-async; x", Preferences(respond_async=True)),
        ("wait=abc, return=minimal", Preferences(minimal=True)),
        ("wait=-1", Preferences()),
        ("wait=\u0663", Preferences()),
    ],
)
def test_preferences_are_read_as_the_rfc_has_them(header: str, expected: Preferences) -> None:
    """https://www.rfc-editor.org/rfc/rfc7240#section-2"""
    assert preferences.parse(header) == expected


@given(st.text())
def test_no_header_whatever_is_an_error_where_headers_are_advice(header: str) -> None:
    wait_seconds = preferences.parse(header).wait_seconds
    assert wait_seconds is None or wait_seconds >= 0


@given(st.text())
def test_an_accept_is_taken_or_refused_whatever_it_is(header: str) -> None:
    assert negotiation.choose(header, OFFERS) in (*OFFERS, None)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/html", HTML),
        ("text/html, application/json", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML),
        ("text/html;q=0.5, application/json;q=0.4", HTML),
        ("text/*;q=0.5, */*;q=0.6", JSON),
        ("text/*;q=0.9, text/html;q=0.1, */*;q=0.2", JSON),
        ("application/json;q=0, */*", HTML),
        ("TEXT/HTML; charset=utf-8; Q=1.000", HTML),
        ("text/html;q=2", HTML),
        ("image/png", None),
        ("*/*;q=0", None),
        ("text/html;q=0.0000, application/*;q=0", HTML),
    ],
)
def test_of_the_forms_that_are_accepted_the_best_is_chosen(
    header: str, expected: str | None
) -> None:
    """Of equals the first; a weight that is none counts as 1.

    https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
    """
    assert negotiation.choose(header, OFFERS) == expected


@given(st.text(min_size=1), st.text(), st.text())
def test_a_cursor_is_good_for_its_list_only(position: str, one: str, other: str) -> None:
    text = cursor.encode(KEY, position, list_of=one)
    assert cursor.decode(KEY, text, list_of=one) == position
    assert cursor.decode(KEY + b"!", text, list_of=one) is None
    assert one == other or cursor.decode(KEY, text, list_of=other) is None


@given(st.text())
def test_a_cursor_that_was_not_made_here_is_none(text: str) -> None:
    """Whatever it is."""
    assert cursor.decode(KEY, text, list_of="") is None


@pytest.mark.parametrize("place", range(0, 28, 3))
def test_a_cursor_with_a_letter_changed_is_none(place: int) -> None:
    text = cursor.encode(KEY, "01938f2e", list_of="a")
    place = min(place, len(text) - 2)
    other = "A" if text[place] != "A" else "B"
    assert cursor.decode(KEY, text[:place] + other + text[place + 1 :], list_of="a") is None
