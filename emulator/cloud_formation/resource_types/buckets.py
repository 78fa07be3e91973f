"""Buckets and their policies. A template and S3's calls differ in most names.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_S3.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.cloud_formation.resource import (
    AlreadyExistsError,
    ResourceType,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.cloud_formation.calls import Calls
    from emulator.cloud_formation.resource import Resource, Wanted

#: Where CreateBucket takes no location.
_REGION_WITHOUT_LOCATION = "us-east-1"


def _encryption(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "Rules": [
            {
                ("Apply" + name if name == "ServerSideEncryptionByDefault" else name): value
                for name, value in rule.items()
            }
            for rule in given["ServerSideEncryptionConfiguration"]
        ]
    }


def _lifecycle(given: dict[str, Any]) -> dict[str, Any]:
    return {"Rules": [_lifecycle_rule(rule) for rule in given["Rules"]]}


def _lifecycle_rule(given: dict[str, Any]) -> dict[str, Any]:
    expiration = {
        name: given[source]
        for name, source in {
            "Days": "ExpirationInDays",
            "Date": "ExpirationDate",
            "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
        }.items()
        if source in given
    }
    made: dict[str, Any] = {
        "ID": given.get("Id"),
        "Status": given["Status"],
        "Filter": {"Prefix": given.get("Prefix", "")},
        "Expiration": expiration or None,
        "NoncurrentVersionExpiration": given.get("NoncurrentVersionExpiration"),
        "AbortIncompleteMultipartUpload": given.get("AbortIncompleteMultipartUpload"),
        "Transitions": [
            {
                **({"Days": t["TransitionInDays"]} if "TransitionInDays" in t else {}),
                "StorageClass": t["StorageClass"],
            }
            for t in given.get("Transitions", [])
        ]
        or None,
    }
    return {name: value for name, value in made.items() if value is not None}


def _cors(given: dict[str, Any]) -> dict[str, Any]:
    names = {"Id": "ID", "MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders"}
    return {
        "CORSRules": [
            {names.get(name, name): value for name, value in rule.items()}
            for rule in given["CorsRules"]
        ]
    }


def _notifications(given: dict[str, Any]) -> dict[str, Any]:
    made = {
        f"{call}Configurations": [
            _notification(each, member, arn) for each in given.get(f"{template}Configurations", [])
        ]
        for template, member, call, arn in (
            ("Lambda", "Function", "LambdaFunction", "LambdaFunctionArn"),
            ("Queue", "Queue", "Queue", "QueueArn"),
            ("Topic", "Topic", "Topic", "TopicArn"),
        )
    }
    bus: dict[str, Any] = (
        {"EventBridgeConfiguration": {}} if "EventBridgeConfiguration" in given else {}
    )
    return {**{name: value for name, value in made.items() if value}, **bus}


def _notification(given: dict[str, Any], member: str, arn: str) -> dict[str, Any]:
    rules = given.get("Filter", {}).get("S3Key", {}).get("Rules", [])
    filtered = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
    return {arn: given[member], "Events": [given["Event"]], **filtered}


def _same(given: Any) -> Any:
    return given


#: By property: the call that sets it, the parameter, how it is read, the call that takes it away.
_SETTINGS: dict[str, tuple[str, str, Callable[[Any], Any], str]] = {
    "BucketEncryption": (
        "PutBucketEncryption", "ServerSideEncryptionConfiguration", _encryption,
        "DeleteBucketEncryption",
    ),
    "CorsConfiguration": ("PutBucketCors", "CORSConfiguration", _cors, "DeleteBucketCors"),
    "LifecycleConfiguration": (
        "PutBucketLifecycleConfiguration", "LifecycleConfiguration", _lifecycle,
        "DeleteBucketLifecycle",
    ),
    "NotificationConfiguration": (
        "PutBucketNotificationConfiguration", "NotificationConfiguration", _notifications, "",
    ),
    "OwnershipControls": (
        "PutBucketOwnershipControls", "OwnershipControls", _same, "DeleteBucketOwnershipControls",
    ),
    "PublicAccessBlockConfiguration": (
        "PutPublicAccessBlock", "PublicAccessBlockConfiguration", _same, "DeletePublicAccessBlock",
    ),
    "VersioningConfiguration": ("PutBucketVersioning", "VersioningConfiguration", _same, ""),
}  # fmt: skip
#: what a setting becomes that no call takes away
_OFF: dict[str, dict[str, Any]] = {
    "NotificationConfiguration": {},
    "VersioningConfiguration": {"Status": "Suspended"},
}


class Bucket(ResourceType):
    type = "AWS::S3::Bucket"
    attributes = frozenset({"Arn", "DomainName", "RegionalDomainName"})
    named_by = "BucketName"
    name_chars_max = 63
    known = frozenset({"BucketName", "Tags", *_SETTINGS})
    fixed = frozenset({"BucketName"})

    def generated_name(self, name: str, properties: dict[str, Any]) -> str:
        return name.lower()

    def create(self, aws: Calls, wanted: Wanted) -> str:
        name = wanted.name
        # in us-east-1 S3 itself gives a bucket to its owner a second time
        if name in {bucket["Name"] for bucket in aws("s3", "ListBuckets")["Buckets"]}:
            raise AlreadyExistsError(name)
        elsewhere = aws.region != _REGION_WITHOUT_LOCATION
        location = {"LocationConstraint": aws.region} if elsewhere else None
        aws("s3", "CreateBucket", Bucket=name, CreateBucketConfiguration=location)
        return name

    def complete(self, aws: Calls, physical_id: str, wanted: Wanted) -> None:
        self._set(aws, physical_id, before={}, wanted=wanted)

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        self._set(aws, resource.physical_resource_id, before=resource.properties, wanted=wanted)

    def _set(self, aws: Calls, name: str, *, before: dict[str, Any], wanted: Wanted) -> None:
        for setting, (put, parameter, read, take_away) in _SETTINGS.items():
            value = wanted.properties.get(setting)
            if value == before.get(setting):
                continue
            if value is not None:
                aws("s3", put, Bucket=name, **{parameter: read(value)})
            elif take_away:
                aws("s3", take_away, Bucket=name)
            else:
                aws("s3", put, Bucket=name, **{parameter: _OFF[setting]})
        if tags := wanted.tag_list():
            aws("s3", "PutBucketTagging", Bucket=name, Tagging={"TagSet": tags})

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("s3", "DeleteBucket", Bucket=resource.physical_resource_id)

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        bucket = resource.physical_resource_id
        known = {
            "Arn": f"arn:aws:s3:::{bucket}",
            "DomainName": f"{bucket}.s3.amazonaws.com",
            "RegionalDomainName": f"{bucket}.s3.{aws.region}.amazonaws.com",
        }
        return known[name]


class BucketPolicy(ResourceType):
    type = "AWS::S3::BucketPolicy"
    known = frozenset({"Bucket", "PolicyDocument"})
    fixed = frozenset({"Bucket"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        bucket = str(wanted.require("Bucket"))
        aws("s3", "PutBucketPolicy", Bucket=bucket, Policy=wanted.require("PolicyDocument"))
        return bucket

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        self.create(aws, wanted)

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("s3", "DeleteBucketPolicy", Bucket=resource.physical_resource_id)


TYPES = (Bucket(), BucketPolicy())
