"""``text.statistics``: how long a text is, and which words it is made of."""

from __future__ import annotations

import collections
import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from chalicelib.task import TaskInput, task

if TYPE_CHECKING:
    from chalicelib.task import TaskContext

TOP_WORDS = 10
#: letters and digits, joined by apostrophes or hyphens
_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")


class TextInput(TaskInput, frozen=True):
    text: Annotated[str, msgspec.Meta(examples=["to be or not to be"])]


class WordCount(msgspec.Struct, frozen=True):
    word: str
    count: int


class TextStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """``top_words``: the most frequent first, then by alphabet. Upper and lower case are one."""

    characters: int
    words: int
    distinct_words: int
    lines: int
    top_words: list[WordCount]


@task("text.statistics")
def text_statistics(given: TextInput, context: TaskContext) -> TextStatistics:
    """Counts characters, words and lines."""
    words = _WORD.findall(given.text.casefold())
    counts = collections.Counter(words)
    top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP_WORDS]
    return TextStatistics(
        characters=len(given.text),
        words=len(words),
        distinct_words=len(counts),
        lines=len(given.text.splitlines()),
        top_words=[WordCount(word, count) for word, count in top],
    )
