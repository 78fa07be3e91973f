"""Results: with the job, in an item, in S3, or too large; and what a crash leaves of them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from service_bench import Bench, bench_on, task_that

from chalicelib import limits
from chalicelib.errors import MessagesLeftError, UnavailableError
from chalicelib.jobs.model import TENANT, Status

if TYPE_CHECKING:
    from chalicelib.jobs.model import Job
    from emulator.emulator import Emulator
    from emulator.test_client import Client

TEMPLATE = json.loads((Path(__file__).parents[2] / ".chalice/resources.json").read_text())
DAY_SECONDS = 86_400
#: As hex digits, which compress by half: well over what S3 is cheaper for.
LARGE = random.Random(1).randbytes(20_000).hex()


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    return bench_on(emulator, test=task_that(lambda context: LARGE))


def objects(bench: Bench) -> list[str]:
    listed = bench.clients.s3.list_objects_v2(Bucket=bench.settings.results_bucket)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def opened(bench: Bench, link: str) -> tuple[int, dict[str, str], bytes]:
    """What a browser gets from a link."""
    status, headers, body = bench.emulator.cloud.handle(
        service="s3", region="us-east-1", method="GET", url=link, headers={}, body=b""
    )
    return status, {name.lower(): value for name, value in headers.items()}, body


def done(bench: Bench, job: Job) -> Job:
    bench.work()
    return bench.job(job.id)


def test_a_result_is_kept_where_it_costs_least(bench: Bench) -> None:
    """In the job's own write unit, then in an item, from eight write units on in S3."""
    small, middle, large = (
        done(bench, bench.accept("echo", v)) for v in ("x", LARGE[:9_000], LARGE)
    )
    assert (small.result, small.result_attempt) == (b'"x"', None)
    assert (middle.result, middle.result_attempt, middle.result_object_bytes) == (None, 1, None)
    assert (large.result_attempt, large.result_object_bytes) == (1, len(LARGE) + 2)
    assert large.write_units == 3
    assert objects(bench) == [f"results/{TENANT}/{large.id}/1.json"]


def test_a_job_with_a_small_result_makes_no_client_of_s3(bench: Bench) -> None:
    """Making one costs a cold start."""
    job = done(bench, bench.accept("echo", "x"))
    assert bench.on.queries.result_link(job) is None
    assert bench.clients.services == {"dynamodb", "sqs"}


def test_a_large_result_is_a_link_that_opens_it_for_five_minutes(
    bench: Bench, client: Client
) -> None:
    """And that no cache may keep."""
    job = done(bench, bench.accept("test"))
    answer = client.get(f"/jobs/{job.id}/result")
    link = answer.headers["location"]
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["300"]
    status, headers, body = opened(bench, link)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == LARGE
    assert "result" not in client.get(f"/jobs/{job.id}").json()


def test_a_link_names_the_buckets_own_region(bench: Bench) -> None:
    """S3 redirects other names, and a signature does not survive that.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
    """
    link = bench.on.queries.result_link(done(bench, bench.accept("test")))
    assert urlsplit(link or "").hostname == (
        f"{bench.settings.results_bucket}.s3.us-east-1.amazonaws.com"
    )


def test_following_leads_to_the_link(bench: Bench, client: Client) -> None:
    """So curl -L ends with the result, wherever it lies."""
    job = done(bench, bench.accept("test"))
    answer = client.get(f"/jobs/{job.id}/result?follow=1")
    assert answer.status_code == 303
    assert opened(bench, answer.headers["location"])[0] == 200


def test_a_result_beyond_the_limit_fails_the_job(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In words, not with a crash; nothing is left in S3."""
    monkeypatch.setattr(limits, "RESULT_OBJECT_BYTES_MAX", len(LARGE) + 1)
    failed = done(bench, bench.accept("test"))
    assert (failed.status, failed.executed) == (Status.FAILED, "yes")
    assert failed.failure is not None
    assert (failed.failure.slug, objects(bench)) == ("result-too-large", [])


def test_a_crash_after_the_put_leaves_an_orphan_that_the_next_attempt_does_not_touch(
    bench: Bench,
) -> None:
    """Its name has the attempt; the bucket's lifecycle deletes it."""
    job = bench.accept("test")
    patch = pytest.MonkeyPatch()
    # the claim comes before it, so only the finish is lost
    patch.setattr(bench.service.worker._store, "_write_own", lost)
    with pytest.raises(MessagesLeftError):
        bench.work()
    patch.undo()
    assert bench.job(job.id).status is Status.RUNNING
    bench.pass_time(400)
    bench.work()
    found = bench.job(job.id)
    assert (found.status, found.result_attempt) == (Status.SUCCEEDED, 2)
    assert objects(bench) == [f"results/{TENANT}/{job.id}/{attempt}.json" for attempt in (1, 2)]


def lost(*args: Any, **more: Any) -> None:
    raise UnavailableError("lost", maybe_done=False)


def test_s3_away_at_the_finish_does_the_work_again(bench: Bench) -> None:
    """As with the table: nothing is lost, nothing is shown early."""
    job = bench.accept("test")
    bench.clients.fail_before = {"put_object"}
    with pytest.raises(MessagesLeftError):
        bench.work()
    bench.clients.fail_before = set()
    bench.pass_time(400)
    assert done(bench, job).result_attempt == 2


def test_deleting_a_job_erases_what_each_of_its_attempts_put_into_s3(
    bench: Bench, client: Client
) -> None:
    """Also what a dead attempt left, and on a second try if S3 was away at the first."""
    job = done(bench, bench.accept("test"))
    link = client.get(f"/jobs/{job.id}/result").headers["location"]
    orphan = f"results/{TENANT}/{job.id}/2.json"
    bench.clients.s3.put_object(Bucket=bench.settings.results_bucket, Key=orphan, Body=b"1")
    twice = msgspec.structs.replace(job, attempt=2)
    bench.clients.fail_before = {"delete_object"}
    with pytest.raises(UnavailableError):
        bench.on.payloads.delete(twice)
    bench.clients.fail_before = set()
    bench.on.payloads.delete(twice)
    assert (objects(bench), opened(bench, link)[0]) == ([], 404)


def test_the_route_that_deletes_a_job_deletes_its_object(bench: Bench, client: Client) -> None:
    job = done(bench, bench.accept("test"))
    assert client.request("DELETE", f"/jobs/{job.id}").status_code == 204
    assert objects(bench) == []


def test_results_expire_after_every_job_that_could_name_them() -> None:
    """S3 counts days from the put and rounds up to midnight.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    """
    bucket = TEMPLATE["Resources"]["ResultsBucket"]["Properties"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["Prefix"]) == ("Enabled", "results/")
    assert rule["ExpirationInDays"] * DAY_SECONDS > limits.RETENTION_SECONDS


def test_the_bucket_is_encrypted_and_nobodys_but_the_services() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""
    bucket = TEMPLATE["Resources"]["ResultsBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert "BucketEncryption" in bucket
    policy = TEMPLATE["Resources"]["ResultsBucketPolicy"]["Properties"]["PolicyDocument"]
    assert [statement["Effect"] for statement in policy["Statement"]] == ["Deny"]
