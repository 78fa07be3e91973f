"""One stack of CloudFormation: looked at before it is changed, changed, and what came of it.

What ``aws cloudformation package`` and ``deploy`` do, in single commands: before version 2.13 those
two send what they upload to AWS, wherever ``--endpoint-url`` points.
"""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import aws_tool
import click
from aws_tool import AwsRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Where a deployment may end that failed, and where CloudFormation updates nothing: what to do.
#: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
STUCK = {
    **dict.fromkeys(
        ("CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"),
        "`aws cloudformation delete-stack --stack-name {}` and deploy again",
    ),
    "UPDATE_ROLLBACK_FAILED": "`aws cloudformation continue-update-rollback --stack-name {}`",
}
#: The status of a stack that has been thought of, and no more.
REVIEW = "REVIEW_IN_PROGRESS"
#: What CloudFormation says of a change that changes nothing.
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
POLL_SECONDS = 5
#: The properties of a packaged template that name a file beside it.
_FILES = ("CodeUri", "ContentUri")
_KEY = ("AttributeName", "KeyType")


class Place(NamedTuple):
    """Where a stack is, and what it is called."""

    stack: str
    region: str
    #: CloudFormation takes the code and the template from there
    bucket: str


def check(place: Place) -> str:
    """The stack's status. Raises ClickException if nothing can be deployed as things are."""
    status = str(described(place.stack).get("StackStatus", REVIEW))
    if status in STUCK:
        raise click.ClickException(f"stack {place.stack} is {_stuck(place.stack, status)}")
    if status.endswith("_IN_PROGRESS") and status != REVIEW:
        raise click.ClickException(f"stack {place.stack} is {status}: wait until that is over")
    try:
        aws_tool.answer("s3api", "head-bucket", "--bucket", place.bucket)
    except AwsRefusedError as error:
        raise click.ClickException(_bucket_problem(place, error.message)) from None
    return status


def _bucket_problem(place: Place, said: str) -> str:
    if "(404)" in said:
        return f"there is no bucket {place.bucket}: aws s3 mb s3://{place.bucket}"
    if "(403)" in said:
        return f"bucket {place.bucket} is not yours, or you may not look at it: name another"
    if "(301)" in said:
        return f"bucket {place.bucket} is in another region: name one in {place.region}"
    return f"bucket {place.bucket} cannot be used: {said}"


def described(stack: str) -> dict[str, Any]:
    """What CloudFormation says of a stack; nothing if there is none."""
    try:
        found = aws_tool.decoded("cloudformation", "describe-stacks", "--stack-name", stack)
    except AwsRefusedError as error:
        if "does not exist" in error.message:
            return {}
        raise
    return dict(found["Stacks"][0])


def deploy(
    place: Place, template_file: Path, tags: dict[str, str], *, is_new: bool
) -> dict[str, Any]:
    """Create or update the stack; returns what CloudFormation says of it then.

    Raises ClickException with the reason if it comes to nothing.
    """
    template = json.loads(template_file.read_text())
    if is_new:
        _check_tables(template)
    click.echo(f"sending code and template to s3://{place.bucket}/{place.stack}/")
    packaged = template_file.with_name("packaged.json")
    packaged.write_text(json.dumps(_with_code_sent(template, template_file.parent, place)))
    url = f"https://s3.{place.region}.amazonaws.com/{place.bucket}/{_sent(packaged, place)}"
    change_set = _change_set(place, url, tags, kind="CREATE" if is_new else "UPDATE")
    if change_set is None:
        click.echo(f"stack {place.stack} is as it should be: nothing has changed")
        return described(place.stack)
    click.echo(f"CloudFormation {'creates' if is_new else 'updates'} the stack")
    aws_tool.answer("cloudformation", "execute-change-set", "--change-set-name", change_set)
    settled = _settled(lambda: described(place.stack))
    status = settled.get("StackStatus", "DELETE_COMPLETE")
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise click.ClickException(_failure(place.stack, status))
    click.echo(f"stack {place.stack} is {status}")
    return settled


def _check_tables(template: dict[str, Any]) -> None:
    """A table that is there is nobody's to create: told at once, not after a rollback."""
    for body in template["Resources"].values():
        wanted = body.get("Properties", {})
        if body.get("Type") != "AWS::DynamoDB::Table" or "TableName" not in wanted:
            continue
        name = wanted["TableName"]
        try:
            found = aws_tool.decoded("dynamodb", "describe-table", "--table-name", name)
        except AwsRefusedError:
            # there is none, or it is for CloudFormation to say
            continue
        here, there = _key(found["Table"]), _key(wanted)
        if here != there:
            raise click.ClickException(
                f"table {name} exists with the key {here}, and is somebody else's: this service "
                f"needs {there}. Deploy to another account or region"
            )
        raise click.ClickException(
            f"table {name} exists, of a stack that was deleted or of another stage: import it, or "
            "delete it if its items may go (docs/operations.md)"
        )


def _key(table: dict[str, Any]) -> str:
    return ", ".join(" ".join(part[name] for name in _KEY) for part in table["KeySchema"])


def _with_code_sent(template: dict[str, Any], folder: Path, place: Place) -> dict[str, Any]:
    """The template with addresses in the bucket in place of the files beside it."""
    sent: dict[str, str] = {}
    for body in template["Resources"].values():
        properties = body.get("Properties", {})
        for name in _FILES:
            file = properties.get(name)
            if isinstance(file, str) and "://" not in file:
                sent[file] = sent.get(file) or _sent(folder / file, place)
                properties[name] = f"s3://{place.bucket}/{sent[file]}"
    return template


def _sent(file: Path, place: Place) -> str:
    """Put a file into the bucket; returns its key, which is another for another content."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    key = f"{place.stack}/{digest}{file.suffix}"
    target = f"s3://{place.bucket}/{key}"
    aws_tool.answer("s3", "cp", str(file), target, "--only-show-errors")
    return key


def _change_set(place: Place, url: str, tags: dict[str, str], *, kind: str) -> str | None:
    """The ARN of one that can be executed; None if there is nothing to change."""
    made = aws_tool.decoded(
        "cloudformation", "create-change-set", "--stack-name", place.stack,
        "--change-set-name", f"deploy-{uuid.uuid4().hex}", "--change-set-type", kind,
        "--template-url", url, "--capabilities", "CAPABILITY_IAM",
        "--tags", *(f"Key={key},Value={value}" for key, value in tags.items()),
    )  # fmt: skip
    arn = str(made["Id"])
    found = _settled(
        lambda: aws_tool.decoded(
            "cloudformation", "describe-change-set", "--change-set-name", arn,
            "--query", "{StackStatus: Status, Reason: StatusReason}",
        )
    )  # fmt: skip
    if found["StackStatus"] == "CREATE_COMPLETE":
        return arn
    aws_tool.answer("cloudformation", "delete-change-set", "--change-set-name", arn)
    if any(text in (found["Reason"] or "") for text in NO_CHANGES):
        return None
    raise click.ClickException(f"CloudFormation refuses the template: {found['Reason']}")


def _settled(look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``look`` sees once nothing is in progress any more. Ctrl-C ends the waiting only."""
    pause = threading.Event()
    found = look()
    while found.get("StackStatus", "").endswith(("_IN_PROGRESS", "_PENDING")):
        pause.wait(POLL_SECONDS)
        found = look()
    return found


def _failure(stack: str, status: str) -> str:
    """Why the last change of a stack came to nothing: the first resource that failed."""
    events = aws_tool.decoded("cloudformation", "describe-stack-events", "--stack-name", stack)
    failed = []
    for event in events["StackEvents"]:
        if event["LogicalResourceId"] == stack and event["ResourceStatus"] in (
            "CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS",
        ):  # fmt: skip
            break
        if event["ResourceStatus"].endswith("_FAILED") and event["LogicalResourceId"] != stack:
            failed.append(event)
    if not failed:
        return f"stack {stack} is {_stuck(stack, status)}"
    first = failed[-1]
    what = f"{first['LogicalResourceId']} ({first['ResourceType']})"
    reason = first.get("ResourceStatusReason", first["ResourceStatus"]).rstrip(".")
    return (
        f"{what} could not be made or changed: {reason}. Stack {stack} is {_stuck(stack, status)}"
    )


def _stuck(stack: str, status: str) -> str:
    """What to do with a stack in a status that is none to stay in."""
    if status in STUCK:
        todo = STUCK[status].format(stack)
        return f"{status}, which CloudFormation does not update: look at its events, then {todo}"
    return f"{status}: it is what it was before"
