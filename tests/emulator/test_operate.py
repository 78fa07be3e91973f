"""An operator's commands, on the emulator's virtual time."""

from __future__ import annotations

import functools
import json
import stat
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from service_bench import Bench, bench_on

from chalicelib import clock
from chalicelib.jobs.callback_message import CallbackMessage
from chalicelib.jobs.job_message import JobMessage
from chalicelib.jobs.model import Failure, Status
from emulator.journal import Entry
from operate import place, redrive
from operate.__main__ import cli

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.emulator import Emulator
    from emulator.test_client import Client

ENDPOINT = ("--endpoint", "http://127.0.0.1:4566")
ACCOUNT = ("--account", "123456789012", "--stage", "prod")
JOBS, DEAD = "accepted-jobs", "accepted-jobs-dead-letters"
CALLBACKS_DEAD = "accepted-callbacks-dead-letters"
GOOD = {"type": "echo", "input": "a client's secret"}


#: Making clients costs a tenth of a second and more, so that all commands share those of a place.
_AT = functools.cache(place._at)


@pytest.fixture(autouse=True)
def shared_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_at", _AT)


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    return bench_on(emulator)


def operate(*arguments: str, where: tuple[str, ...] = ENDPOINT, exit_code: int = 0) -> Result:
    done = CliRunner().invoke(cli, [*arguments, *where])
    assert done.exit_code == exit_code, (done.output, done.exception)
    assert "secret" not in done.output
    return done


def says(*arguments: str, where: tuple[str, ...] = ENDPOINT) -> list[str]:
    return operate(*arguments, where=where).output.splitlines()


def refuses(*arguments: str, where: tuple[str, ...] = ENDPOINT, exit_code: int = 1) -> str:
    """The last line of what it says, without a traceback before it."""
    done = operate(*arguments, where=where, exit_code=exit_code)
    assert "Traceback" not in done.output
    return done.output.splitlines()[-1]


def dead_letter(bench: Bench, queue: str, body: str) -> None:
    """A message that SQS has given up on."""
    source = queue.removesuffix("-dead-letters")
    sqs = bench.clients.sqs
    url = sqs.get_queue_url(QueueName=source)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=body)
    most = bench.emulator.queue(source).attributes.redrive
    assert most is not None
    for _ in range(most.max_receive_count + 1):
        for message in sqs.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages", []):
            assert message["Body"] == body


def messages(bench: Bench, count: int, **more: Any) -> list[str]:
    """The ids of so many jobs that wait."""
    return [bench.accept("echo", f"secret {n}", **more).id for n in range(count)]


# where


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ((), "say where"),
        ((*ENDPOINT, *ACCOUNT), "say where"),
        (("--account", "123456789012"), "which stage"),
        (("--account", "123", "--stage", "prod"), "12 digits"),
        (("--endpoint", "127.0.0.1:4566"), "http://127.0.0.1:4566"),
        (("--endpoint", "http://[::1"), "http://127.0.0.1:4566"),
        (("--endpoint", "http://127.0.0.1:port"), "http://127.0.0.1:4566"),
        (("--endpoint", "https://sqs.eu-central-1.amazonaws.com"), "--account"),
    ],
)
def test_a_command_must_be_told_where_and_how(where: tuple[str, ...], said: str) -> None:
    assert said in refuses("stats", where=where, exit_code=2)


def test_an_unknown_stage_is_told_with_those_there_are(emulator: Emulator) -> None:
    assert "dev, prod" in refuses("stats", where=(*ENDPOINT, "--stage", "staging"))


def test_aws_is_reached_only_in_the_account_that_was_named(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything else is asked; whatever AWS_ENDPOINT_URL says."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    other = ("--account", "210987654321", "--stage", "prod")
    assert "are of account 123456789012, not 210987654321" in refuses("sweep", where=other)


def test_the_units_of_a_scan_are_told_before_it_at_aws_only(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """.../amazondynamodb/latest/developerguide/read-write-operations.html: half a unit for 4 KB."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert says("stats", where=ACCOUNT)[0].startswith("reading accepted-jobs takes about")
    assert not any("read units" in line for line in says("stats"))
    assert not any("read units" in line for line in says("stats", "--queues-only", where=ACCOUNT))


def test_what_does_not_exist_is_one_line(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.cloud.call("sqs", "DeleteQueue", QueueUrl=JOBS)
    assert "does not exist" in refuses("stats", "--queues-only")
    emulator.cloud.call("dynamodb", "DeleteTable", TableName=JOBS)
    assert "not found" in refuses("sweep")


# stats


def test_stats_count_jobs_by_type_and_state_and_messages_by_queue(bench: Bench) -> None:
    (first,) = messages(bench, 1)
    bench.pass_time(1)
    messages(bench, 2)
    bench.pass_time(59)
    bench.claim(bench.accept("text.statistics", {"text": "secret"}))
    (running,) = [job for job in bench.store.every() if job.status is Status.RUNNING]
    bench.store.purge(bench.store.cancel(bench.accept(), now_ms=clock.now_ms()))
    found = json.loads(operate("stats", "--json").output)
    assert found["jobs"]["counts"] == {"echo": {"queued": 3}, "text.statistics": {"running": 1}}
    assert found["jobs"]["oldest"] == {
        "queued": {"id": first, "type": "echo", "age_seconds": 60},
        "running": {"id": running.id, "type": "text.statistics", "age_seconds": 0},
    }
    assert (found["jobs"]["deleted"], found["jobs"]["overdue"]) == (1, 0)
    nothing = {"waiting": 0, "in_flight": 0, "delayed": 0, "oldest_seconds": None}
    assert found["queues"] == {
        JOBS: {**nothing, "waiting": 5},
        DEAD: nothing,
        "accepted-callbacks": nothing,
        CALLBACKS_DEAD: nothing,
    }
    text = operate("stats").output
    assert "oldest queued: " + first in text


def test_stats_know_what_is_overdue_and_how_old_a_message_is(
    bench: Bench, emulator: Emulator
) -> None:
    """.../SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html."""
    messages(bench, 1, deadline_seconds=10)
    bench.pass_time(10)
    bench.clients._client("cloudwatch").put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": JOBS}],
                "Timestamp": clock.now_ms() // 1000 - 60,
                "Value": 42,
            }
        ],
    )
    found = json.loads(operate("stats", "--json").output)
    assert found["jobs"]["overdue"] == 1
    assert found["queues"][JOBS]["oldest_seconds"] == 42


# tail


def test_tail_follows_a_job_to_its_end_and_shows_nothing_that_it_holds(
    client: Client, emulator: Emulator
) -> None:
    """Without a delay of the log the last line is there as soon as the record's end is."""
    job = client.post("/jobs", json={**GOOD, "delay_seconds": 30, "tags": {"a": "secret"}}).json()
    lines = says("tail", job["id"])
    assert lines[0].split("  ")[0] == "2026-01-01T00:00:00.000Z"
    assert "recorded" in lines[0]
    assert "succeeded, attempt 1 of 3, queued 30000 ms" in lines[-1]


def put_lines(emulator: Emulator, *lines: Any) -> None:
    """What a function has logged: one line a second."""
    for number, line in enumerate(lines):
        text = line if isinstance(line, str) else json.dumps(line)
        where = {"group": "/aws/lambda/accepted-dev-process_jobs", "stream": f"stream {number}"}
        at_ms = emulator.clock.now_ms() + number * 1000
        data = {"text": text, **where}
        emulator.journal.add(Entry(at_ms=at_ms, subject="process_jobs", action="log", data=data))


def test_tail_shows_the_lines_of_the_job_in_order_and_of_them_what_it_knows(
    bench: Bench,
) -> None:
    job = bench.accept()
    other = {"action": "claimed", "job_id": "another", "text": job.id}
    strange = f"the task says secret about {job.id}"
    ours = {"action": "claimed", "job_id": job.id, "attempt": 1, "input": "secret"}
    end = {"action": "succeeded", "job_id": job.id, "outcome": "succeeded", "run_ms": 7}
    put_lines(bench.emulator, other, ours, strange, end)
    lines = says("tail", job.id)
    words = [line.split()[1] for line in lines]
    assert words == ["recorded", "claimed", "succeeded", "record"]
    assert lines[1].endswith("claimed            attempt 1")
    assert lines[2].endswith("outcome succeeded, run_ms 7")


def test_tail_ends_though_the_line_of_the_end_never_comes(bench: Bench) -> None:
    """A function that was killed logs nothing."""
    job = bench.accept()
    bench.store.cancel(job, now_ms=clock.now_ms())
    before_ms = clock.now_ms()
    assert "canceled, attempt 0 of 3" in says("tail", job.id)[-1]
    assert clock.now_ms() - before_ms <= 11_000


def test_tail_finds_a_job_of_another_tenant_if_it_is_told_to(bench: Bench) -> None:
    job = bench.submit({"type": "echo", "input": 1}, tenant="acme").job
    assert "--tenant" in refuses("tail", job.id)
    assert "tenant acme" in says("tail", job.id, "--no-follow", "--tenant", "acme")[0]
    assert "tenant acme" in says("tail", job.id, "--no-follow", "--search")[0]
    assert "is no id" in refuses("tail", "nonsense")


# sweep


def test_sweep_does_what_the_function_does_and_logs_it_there(
    bench: Bench, emulator: Emulator
) -> None:
    """The lines go into the group of the functions, in a stream of the command's own."""
    put_lines(emulator, "a line of a function")
    (job_id,) = messages(bench, 1, deadline_seconds=10)
    assert says("sweep") == ["0 jobs ended at their deadline, 0 callbacks queued again"]
    bench.pass_time(10)
    assert "1 jobs would be ended" in says("sweep", "--dry-run")[0]
    assert bench.job(job_id).status is Status.QUEUED
    assert says("sweep") == ["1 jobs ended at their deadline, 0 callbacks queued again"]
    assert bench.job(job_id).status is Status.FAILED
    assert any("deadline-exceeded" in line for line in says("tail", job_id))


def test_lines_of_the_log_that_go_nowhere_are_told(bench: Bench) -> None:
    """What was done is done; on standard error, for the counts are the answer."""
    done = operate("sweep")
    assert done.stdout.startswith("0 jobs")
    assert "not sent: 1, there is no log group /aws/lambda/accepted-dev" in done.stderr


# redrive


@pytest.fixture
def unread(bench: Bench) -> Bench:
    """With queues that no function reads."""
    lambdas = bench.clients._client("lambda")._client
    for mapping in lambdas.list_event_source_mappings()["EventSourceMappings"]:
        lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    return bench


def dead_callbacks(bench: Bench, count: int) -> None:
    for _ in range(count):
        job = bench.accept(callback={"url": "https://example.org/"})
        dead_letter(bench, CALLBACKS_DEAD, CallbackMessage(id=job.id).encode())


def test_redrive_moves_dead_letters_at_its_rate(unread: Bench) -> None:
    """.../AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html."""
    dead_callbacks(unread, 3)
    before_ms = clock.now_ms()
    assert says("redrive", "callbacks", "--rate", "1")[-1] == "completed, 3 of 3 moved"
    assert 2_000 <= clock.now_ms() - before_ms <= 4_000
    assert unread.waiting("accepted-callbacks") == 3


def test_a_dry_run_says_what_a_redrive_of_jobs_would_mean_and_moves_nothing(unread: Bench) -> None:
    """A look makes a message visible again at once."""
    alive, ended = (unread.accept() for _ in range(2))
    unread.store.cancel(ended, now_ms=clock.now_ms())
    bodies = [
        JobMessage(id=job_id, input=msgspec.Raw(b"1")).encode()
        for job_id in (alive.id, ended.id, "01a20a9f-7391-74f9-b6d7-ca516be4fa94")
    ]
    unread.emulator.queue(JOBS).purge()
    for body in (*bodies, "not ours"):
        dead_letter(unread, DEAD, body)
    first, *meanings = says("redrive", "jobs", "--dry-run")
    assert first == f"{DEAD}: 4 would move; 0 are hidden"
    assert {line.strip() for line in meanings} == {
        f"1 {meaning}"
        for meaning in (redrive.GOES_ON, redrive.ENDED, redrive.UNKNOWN, redrive.FOREIGN)
    }
    assert unread.waiting(DEAD) == 4
    assert says("redrive", "jobs", "--dry-run")[0] == first


def test_a_dry_run_says_what_a_redrive_of_callbacks_would_mean(unread: Bench) -> None:
    dead_callbacks(unread, 2)
    job = next(unread.store.every())
    unread.store.cancel(job, now_ms=clock.now_ms())
    meanings = says("redrive", "callbacks", "--dry-run")[1:]
    assert {line.strip() for line in meanings} == {f"1 {redrive.DUE}", f"1 {redrive.NOT_DUE}"}


def interrupted(bench: Bench, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Ctrl-C at so manieth look at the progress."""
    wait, looks = clock.sleep, iter(range(1, 10))

    def sleep_or_end(seconds: float) -> None:
        if next(looks) == after:
            raise KeyboardInterrupt
        wait(seconds)

    monkeypatch.setattr(clock, "sleep", sleep_or_end)


def test_ctrl_c_stops_the_redrive_itself(unread: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was moved stays moved; what was not stays a dead letter.

    .../AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html
    """
    dead_callbacks(unread, 5)
    interrupted(unread, monkeypatch, 2)
    done = operate("redrive", "callbacks", "--rate", "1", exit_code=130)
    moved = unread.waiting("accepted-callbacks")
    assert done.output.splitlines()[-1] == f"cancelled, {moved} of 5 moved"
    assert 0 < moved < 5
    assert unread.waiting(CALLBACKS_DEAD) == 5 - moved
    unread.emulator.advance(60)
    assert unread.waiting(CALLBACKS_DEAD) == 5 - moved


def test_a_second_redrive_is_refused_and_the_first_can_be_stopped(unread: Bench) -> None:
    """From another terminal, as when the first command was killed."""
    dead_callbacks(unread, 5)
    sqs = unread.clients.sqs
    arn = unread.emulator.queue(CALLBACKS_DEAD).attributes.arn
    sqs.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=1)
    assert "--stop" in refuses("redrive", "callbacks")
    assert says("redrive", "callbacks", "--stop")[-1].startswith("cancelled")
    assert "cancelled" in says("redrive", "callbacks", "--stop")[-1]


def test_stopping_what_ends_at_this_moment_is_no_error(
    unread: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """.../APIReference/API_CancelMessageMoveTask.html: a task that has ended is not found."""
    dead_callbacks(unread, 2)
    arn = unread.emulator.queue(CALLBACKS_DEAD).attributes.arn
    unread.clients.sqs.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=1)
    listed = redrive.DeadLetters._task

    def end_after_a_look(dead: redrive.DeadLetters) -> dict[str, Any]:
        task = listed(dead)
        unread.emulator.advance(10)
        return task

    monkeypatch.setattr(redrive.DeadLetters, "_task", end_after_a_look)
    assert says("redrive", "callbacks", "--stop")[-1] == "completed, 2 of 2 moved"


def test_a_redrive_without_a_way_back_says_why(unread: Bench) -> None:
    """.../SQSDeveloperGuide/troubleshooting-dlq-redrive.html: a letter that was sent there."""
    sqs = unread.clients.sqs
    url = sqs.get_queue_url(QueueName=CALLBACKS_DEAD)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="sent here")
    assert "CouldNotDetermineMessageSource" in refuses("redrive", "callbacks")


# drain and restore


def test_drained_jobs_wait_in_a_file_and_run_once_they_are_restored(
    bench: Bench, tmp_path: Path
) -> None:
    """The file has their inputs, so nobody else may read it."""
    made = messages(bench, 25)
    file = tmp_path / "drained.jsonl"
    assert says("drain", "--dry-run") == ["accepted-jobs: 25 waiting, 0 in flight, 0 delayed"]
    assert says("drain", "--to", str(file))[0] == "25 saved, 0 left"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (bench.waiting(), len(file.read_text().splitlines())) == (0, 25)
    assert {bench.job(job_id).status for job_id in made} == {Status.QUEUED}
    assert says("restore", str(file)) == ["25 sent"]
    bench.emulator.run_until_idle()
    assert {bench.job(job_id).status for job_id in made} == {Status.SUCCEEDED}


def test_a_drained_job_that_is_never_restored_ends_at_its_deadline(
    bench: Bench, tmp_path: Path
) -> None:
    (job_id,) = messages(bench, 1, deadline_seconds=60)
    operate("drain", "--to", str(tmp_path / "drained.jsonl"))
    bench.emulator.advance(400)
    assert bench.job(job_id).failure == Failure(
        "deadline-exceeded", "The job was not finished by its deadline"
    )


def test_restoring_twice_runs_a_job_once(bench: Bench, tmp_path: Path) -> None:
    (job_id,) = messages(bench, 1)
    operate("drain", "--to", str(tmp_path / "drained.jsonl"))
    for _ in range(2):
        operate("restore", str(tmp_path / "drained.jsonl"))
    bench.emulator.run_until_idle()
    assert (bench.job(job_id).attempt, bench.waiting()) == (1, 0)


def test_a_file_that_is_there_is_not_written_over(bench: Bench, tmp_path: Path) -> None:
    messages(bench, 1)
    file = tmp_path / "mine"
    file.write_text("mine")
    assert "File exists" in refuses("drain", "--to", str(file))
    assert "No such file" in refuses("drain", "--to", str(tmp_path / "none" / "x"))
    assert (file.read_text(), bench.waiting()) == ("mine", 1)


@pytest.mark.parametrize("line", ["{}", "no JSON", '{"message_id": "1", "body": "not ours"}'])
def test_a_file_with_a_line_that_is_no_job_sends_nothing(
    bench: Bench, tmp_path: Path, line: str
) -> None:
    messages(bench, 1)
    file = tmp_path / "drained.jsonl"
    operate("drain", "--to", str(file))
    file.write_text(file.read_text() + line + "\n")
    assert "drained.jsonl:2 is no saved job" in refuses("restore", str(file))
    assert bench.waiting() == 0


def test_a_message_that_is_not_ours_is_left_where_it_is(bench: Bench, tmp_path: Path) -> None:
    """Nothing could be restored of it; SQS gives up on it, and then it waits for a person."""
    messages(bench, 1)
    bench.move("not ours", bench.on.queue)
    assert says("drain", "--to", str(tmp_path / "drained.jsonl"))[0] == "1 saved, 1 left"
    assert bench.waiting() == 1
    assert says("restore", str(tmp_path / "drained.jsonl")) == ["1 sent"]


def test_messages_that_were_not_sent_back_are_told(bench: Bench, tmp_path: Path) -> None:
    """The command may simply be repeated."""
    messages(bench, 1)
    file = tmp_path / "drained.jsonl"
    operate("drain", "--to", str(file))
    bench.emulator.cloud.call("sqs", "DeleteQueue", QueueUrl=JOBS)
    assert "1 were not" in refuses("restore", str(file))


def test_a_drain_that_dies_after_it_saved_loses_nothing(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is in the file, and comes back to the queue."""
    messages(bench, 1)
    file = tmp_path / "drained.jsonl"
    monkeypatch.setattr("chalicelib.store.job_queue.JobQueue.acknowledge", interrupt)
    operate("drain", "--to", str(file), exit_code=1)
    assert (bench.waiting(), len(file.read_text().splitlines())) == (1, 1)


def interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def test_drain_can_cancel_the_jobs_instead(bench: Bench) -> None:
    """Those that have ended stay as they are; what is at work, and what is not ours, is left."""
    waiting, ended, overdue = (bench.accept(deadline_seconds=n) for n in (600, 600, 60))
    bench.store.cancel(ended, now_ms=clock.now_ms())
    working = bench.claim(bench.accept())
    bench.move("not ours", bench.on.queue)
    bench.pass_time(60 - 1)
    bench.pass_time(1)
    assert says("drain", "--cancel")[-2:] == [
        "1 canceled, 2 ended before, 2 left",
        "accepted-jobs: 0 waiting, 2 in flight, 0 delayed",
    ]
    statuses = [bench.job(job.id).status for job in (waiting, ended, overdue, working)]
    assert statuses == [Status.CANCELED, Status.CANCELED, Status.FAILED, Status.CANCELING]


@pytest.mark.parametrize("chosen", [(), ("--cancel", "--dry-run"), ("--cancel", "--to", "x")])
def test_drain_must_be_told_what_becomes_of_the_jobs(chosen: tuple[str, ...]) -> None:
    assert "say one" in refuses("drain", *chosen, exit_code=2)
