"""JSON files of a project: where mistakes are, and where settings stand."""

from __future__ import annotations

import pytest

from emulator.json_file import JsonFileError, decode, line_of


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b'{\n "a": 1\n "b": 2}', "f.json:3:2: this is no JSON: Expecting ',' delimiter"),
        (b"", "f.json:1:1: this is no JSON: Expecting value"),
        (b"\xef\xbb\xbf{}", "f.json:1:1: this is no JSON: Unexpected UTF-8 BOM"),
        (b"\xff", "f.json: this is no JSON: "),
        (b'{"a": {"b": 1, "c": 2, "b": 3}}', 'f.json: this is no JSON: "b" stands twice'),
    ],
)
def test_what_is_no_json_is_told_by_its_place(text: bytes, problem: str) -> None:
    with pytest.raises(JsonFileError) as error:
        decode(text, source="f.json")
    assert str(error.value).startswith(problem)


def test_a_line_is_that_of_the_member_or_of_what_should_have_it() -> None:
    text = '{\n "a": {"c": 1},\n "b": {\n  "x": "c\\"",\n  "c": [2]\n }\n}'
    assert line_of(text, ["b", "c"]) == 5
    assert line_of(text, ["b", "z", "c"]) == 3
    assert line_of(text, ["z"]) == 1
