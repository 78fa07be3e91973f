"""The shipped tasks, and how a task is defined."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib import task, tasks
from chalicelib.errors import PermanentError, RetryableError
from chalicelib.task import TaskContext, TaskDefinitionError, TaskInput
from chalicelib.tasks.csv_profile import Column, CsvInput, CsvProfile, csv_profile
from chalicelib.tasks.text_statistics import TextInput, text_statistics
from chalicelib.work import task_run
from chalicelib.work.task_run import Failed, Stopped, Succeeded


def profile(text: str, **more: Any) -> CsvProfile:
    return csv_profile(CsvInput(csv=text, **more), TaskContext())


def column(cells: list[str]) -> Column:
    (only,) = profile("\n".join(["name", *(f'"{cell}"' for cell in cells)])).columns
    return only


def run(job_type: str, given: bytes) -> Succeeded | Failed | Stopped:
    return task_run.run(tasks.discover(), job_type, given, context=TaskContext())


def test_text_statistics_counts_words_without_regard_to_case() -> None:
    """The most frequent first, then by alphabet."""
    counted = text_statistics(TextInput(text="To be, or not\nto be?"), TaskContext())
    assert (counted.words, counted.distinct_words, counted.lines) == (6, 4, 2)
    assert [(top.word, top.count) for top in counted.top_words[:3]] == [
        ("be", 2),
        ("to", 2),
        ("not", 1),
    ]


@pytest.mark.parametrize("text", ["", " \n\t ", "\u2026!"])
def test_text_without_words_has_none(text: str) -> None:
    """An empty text is no error."""
    counted = text_statistics(TextInput(text=text), TaskContext())
    assert (counted.words, counted.top_words) == (0, [])


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", "+3"], "integer"),
        (["1", "2.5", "1e3"], "number"),
        (["true", "No"], "boolean"),
        (["2026-01-31", "2026-02-28T12:00:00"], "date"),
        (["2026-02-30"], "text"),
        (["007", "8"], "text"),
        (["1_000"], "text"),
        (["nan"], "text"),
        (["1e999"], "text"),
        (["9" * 30], "number"),
        (["1", "x"], "text"),
        (["", " "], "empty"),
    ],
)
def test_a_column_has_the_narrowest_type_of_all_its_values(cells: list[str], kind: str) -> None:
    """Identifiers with leading zeros are texts; what only Python takes for a number is not one."""
    assert column(cells).type == kind


def test_a_column_of_numbers_is_summed_up() -> None:
    """Missing values count for nothing else."""
    assert column(["3", "", "1", "1", "3"]) == Column(
        name="name", type="integer", missing=1, distinct=2, minimum=1, maximum=3, mean=2.0
    )


def test_a_mean_of_huge_numbers_does_not_overflow() -> None:
    """Their sum would."""
    assert column(["1e308", "1e308"]).mean == pytest.approx(1e308)


@pytest.mark.parametrize("text", ["", "\ufeff", "\n\n"])
def test_an_empty_file_has_no_rows_and_no_columns(text: str) -> None:
    """That is an answer, not an error."""
    assert profile(text) == CsvProfile(rows=0, columns=[], ragged_rows=0, delimiter=",")


def test_ragged_rows_are_counted_and_their_missing_cells_are_missing() -> None:
    """Cells beyond the header belong to no column."""
    found = profile("a,b\n1\n1,2,3\n1,2\n")
    assert (found.rows, found.ragged_rows) == (3, 2)
    assert [each.missing for each in found.columns] == [0, 1]


def test_quoted_fields_keep_commas_quotes_and_line_ends() -> None:
    """https://www.rfc-editor.org/rfc/rfc4180"""
    (name,) = profile('name\n"a, ""b""\r\nc"\n').columns
    assert (name.minimum, name.distinct) == ('a, "b"\r\nc', 1)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    """By the first line."""
    found = profile(f"a{delimiter}b\n1{delimiter}2\n")
    assert (found.delimiter, len(found.columns)) == (delimiter, 2)


def test_the_delimiter_may_be_given() -> None:
    """Where the first line would mislead."""
    assert len(profile("a:b,c\n", delimiter=":").columns) == 2


@pytest.mark.parametrize("text", ["a\n" + "x" * 200_000, "a" + ",b" * 1_000])
def test_a_table_that_cannot_be_profiled_is_a_permanent_error(text: str) -> None:
    """Trying again would not help."""
    with pytest.raises(PermanentError):
        profile(text)


@pytest.mark.parametrize("delimiter", ["", ",,", "\n", '"'])
def test_a_delimiter_is_one_character_that_can_separate(delimiter: str) -> None:
    """Checked before the job is accepted."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"csv": "a", "delimiter": delimiter}, CsvInput)


class Told:
    """A line to a record that only notes what goes through it."""

    def __init__(self, told: list[float]) -> None:
        self.report = told.append
        self.looks = 0

    def look(self) -> None:
        self.looks += 1


def test_progress_is_told_every_five_percent_at_most() -> None:
    """Each report is a write."""
    told: list[float] = []
    context = TaskContext(link=Told(told))
    for step in range(1_000):
        context.progress(step / 1_000)
    assert 10 <= len(told) <= 20


def test_a_task_is_told_when_its_time_is_short() -> None:
    """It can stop in good order, for another attempt to follow."""
    with pytest.raises(RetryableError):
        TaskContext(ends_at_ms=0).require_time(1)
    TaskContext().require_time(1_000_000)


def test_an_input_that_no_longer_fits_fails_for_good() -> None:
    """A message may be older than the code that reads it."""
    outcome = run("text.statistics", b'{"txt":1}')
    assert isinstance(outcome, Failed)
    assert (outcome.failure.slug, outcome.retry) == ("invalid-input", False)


def test_a_type_that_is_gone_fails_for_good() -> None:
    """The message stays readable, there is just nobody to do the work."""
    outcome = run("no.such", b"1")
    assert isinstance(outcome, Failed)
    assert (outcome.failure.slug, outcome.retry) == ("unknown-type", False)


def test_echo_answers_letter_by_letter() -> None:
    """Numbers keep every digit."""
    assert run("echo", b"[1.10, 1e5]") == Succeeded(b"[1.10, 1e5]")


def test_a_task_s_input_type_is_its_first_annotation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has to be said twice."""
    monkeypatch.setattr(task, "TASKS", {})

    @task.task("greet")
    def greet(name: Name, context: TaskContext) -> str:
        return f"hello {name.first}"

    assert task_run.run(task.TASKS, "greet", b'{"first":"Ann"}', context=TaskContext()) == (
        Succeeded(b'"hello Ann"')
    )


class Name(TaskInput, frozen=True):
    first: str


def test_an_input_refuses_members_it_does_not_have() -> None:
    """A typing error must not pass in silence."""
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"first": "Ann", "frist": "Bob"}, Name)


def test_two_tasks_cannot_have_one_name() -> None:
    """The second would silently replace the first."""
    tasks.discover()
    with pytest.raises(TaskDefinitionError, match="two tasks named 'echo'"):

        @task.task("echo")
        def another(value: Any, context: TaskContext) -> None: ...


@pytest.mark.parametrize("function", [lambda value: value, lambda value, context: value])
def test_a_task_without_a_typed_input_is_refused(
    function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At start, not when its first job arrives."""
    monkeypatch.setattr(task, "TASKS", {})
    with pytest.raises(TaskDefinitionError):
        task.task("untyped")(function)
