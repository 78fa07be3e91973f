"""Buckets call functions.

In the sources ``…`` stands for https://docs.aws.amazon.com/AmazonS3/latest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from chalice.app import S3Event
from push_bench import FUNCTION, PushBench, client

from emulator.cloud import in_process

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]


@pytest.fixture
def bench() -> Iterator[PushBench]:
    made = PushBench()
    with in_process.answering(made.cloud):
        yield made


def bucket(*events: str, **filters: str) -> Any:
    """A client of a bucket that notifies the function; filters are prefix and suffix."""
    s3 = client("s3")
    s3.create_bucket(Bucket="files")
    rules = [{"Name": name, "Value": value} for name, value in filters.items()]
    notification: dict[str, Any] = {
        "Id": "to-work",
        "LambdaFunctionArn": FUNCTION,
        "Events": events or ALL,
    }
    if rules:
        notification["Filter"] = {"Key": {"FilterRules": rules}}
    s3.put_bucket_notification_configuration(
        Bucket="files",
        NotificationConfiguration={"LambdaFunctionConfigurations": [notification]},
    )
    return s3


def names(bench: PushBench) -> list[str]:
    return [event["Records"][0]["eventName"] for event in bench.events]


def keys(bench: PushBench) -> list[str]:
    return [event["Records"][0]["s3"]["object"]["key"] for event in bench.events]


def test_names_of_filters_may_be_written_as_chalice_does(bench: PushBench) -> None:
    """…/userguide/notification-how-to-filtering.html"""
    s3 = bucket(Prefix="in/", suffix=".csv")
    for key in ("in/a.csv", "in/a.txt", "out/a.csv"):
        s3.put_object(Bucket="files", Key=key, Body=b"")
    assert keys(bench) == ["in/a.csv"]


def test_event_has_the_members_that_s3_sends(bench: PushBench) -> None:
    """Version 2.1 (…/userguide/notification-content-structure.html)."""
    bucket().put_object(Bucket="files", Key="in/a file.txt", Body=b"hello")
    ((arn, event, source),) = bench.pushed
    (record,) = event["Records"]

    assert (arn, source) == (FUNCTION, "bucket files")
    assert record == {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:123456789012"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": record["responseElements"],
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "to-work",
            "bucket": {
                "name": "files",
                "ownerIdentity": {"principalId": "123456789012"},
                "arn": "arn:aws:s3:::files",
            },
            "object": {
                "key": "in/a+file.txt",
                "size": 5,
                "eTag": "5d41402abc4b2a76b9719d911017c592",
                "sequencer": record["s3"]["object"]["sequencer"],
            },
        },
    }


def test_key_is_encoded_as_in_a_url_but_for_its_slashes(bench: PushBench) -> None:
    """moto encodes them too (…/userguide/notification-content-structure.html)."""
    bucket().put_object(Bucket="files", Key="in/ä+b&c.txt", Body=b"")

    assert keys(bench) == ["in/%C3%A4%2Bb%26c.txt"]
    assert S3Event(bench.events[0], None).key == "in/ä+b&c.txt"


def test_later_event_of_a_key_has_a_greater_sequencer(bench: PushBench) -> None:
    """As hexadecimal texts (…/userguide/notification-content-structure.html)."""
    s3 = bucket()
    for _ in range(3):
        s3.put_object(Bucket="files", Key="a", Body=b"")
    found = [event["Records"][0]["s3"]["object"]["sequencer"] for event in bench.events]

    assert found == sorted(set(found))


def test_removed_object_has_no_size(bench: PushBench) -> None:
    """moto gives it one (…/userguide/notification-content-structure.html)."""
    s3 = bucket("s3:ObjectRemoved:*")
    s3.put_object(Bucket="files", Key="a", Body=b"x")
    s3.delete_object(Bucket="files", Key="a")
    (event,) = bench.events

    assert names(bench) == ["ObjectRemoved:Delete"]
    assert event["Records"][0]["s3"]["object"].keys() == {"key", "sequencer"}


def test_delete_marker_is_an_event_of_its_own(bench: PushBench) -> None:
    """moto sends none (…/userguide/notification-how-to-event-types-and-destinations.html)."""
    s3 = bucket()
    s3.put_bucket_versioning(Bucket="files", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="files", Key="a", Body=b"x")
    s3.delete_object(Bucket="files", Key="a")

    assert names(bench) == ["ObjectCreated:Put", "ObjectRemoved:DeleteMarkerCreated"]
    assert all(event["Records"][0]["s3"]["object"]["versionId"] for event in bench.events)


def test_prefix_and_suffix_choose_the_keys(bench: PushBench) -> None:
    """Both have to match (…/userguide/notification-how-to-filtering.html)."""
    s3 = bucket(prefix="in/", suffix=".csv")
    for key in ("in/a.csv", "in/a.txt", "out/a.csv"):
        s3.put_object(Bucket="files", Key=key, Body=b"")

    assert keys(bench) == ["in/a.csv"]


def test_each_way_to_create_an_object_has_its_name(bench: PushBench) -> None:
    """…/userguide/notification-how-to-event-types-and-destinations.html"""
    s3 = bucket()
    s3.put_object(Bucket="files", Key="a", Body=b"x")
    s3.copy_object(Bucket="files", Key="b", CopySource="files/a")
    upload = s3.create_multipart_upload(Bucket="files", Key="c")["UploadId"]
    part = s3.upload_part(Bucket="files", Key="c", UploadId=upload, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    s3.complete_multipart_upload(Bucket="files", Key="c", UploadId=upload, MultipartUpload=parts)

    assert names(bench) == [
        "ObjectCreated:Put", "ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload",
    ]  # fmt: skip


def test_tags_are_an_event_only_where_a_client_sets_them(bench: PushBench) -> None:
    """moto sends one for every put (…/userguide/EventNotifications.html)."""
    s3 = bucket("s3:ObjectTagging:*")
    s3.put_object(Bucket="files", Key="a", Body=b"x")
    tags = {"TagSet": [{"Key": "k", "Value": "v"}]}
    s3.put_object_tagging(Bucket="files", Key="a", Tagging=tags)

    assert names(bench) == ["ObjectTagging:Put"]
    assert bench.events[0]["Records"][0]["eventVersion"] == "2.3"
