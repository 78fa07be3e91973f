"""CloudFormation's operations between moto's router and our stacks.

What changes a stack answers when it is done: a client that waits finds it so at its first look.
Meanwhile the cloud's lock is free, but for the single calls.
"""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

from moto.cloudformation import urls as moto_urls
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.s3.exceptions import S3ClientError

from emulator.cloud.aws import Answer
from emulator.cloud_formation import template_order, template_summary, transform
from emulator.cloud_formation.errors import no_template
from emulator.cloud_formation.request import Request, Source
from emulator.cloud_formation.template_text import decoded, evaluated

if TYPE_CHECKING:
    from emulator.cloud_formation.stack import SeatedStack

_MESSAGE = re.compile(r"<Error>.*<Message>(.*?)</Message>", re.DOTALL)
_UNLOCKED = {"CreateChangeSet", "CreateStack", "DeleteStack", "ExecuteChangeSet", "UpdateStack"}


class StacksResponse(CloudFormationResponse):  # type: ignore[misc]
    """moto's CloudFormation, with changes that are ours."""

    def call_action(self) -> Any:
        if self._get_action() not in _UNLOCKED:
            return super().call_action()
        return 200, {}, self._answer

    def _answer(self) -> Answer:
        """Called without the cloud's lock."""
        status, headers, body = super().call_action()
        plain = {k: str(v) for k, v in headers.items() if k != "status"}
        if found := _MESSAGE.search(body):
            # for the user: who called may not show the error
            reason = f"{self._get_action()}: {html.unescape(found[1])}"
            self.cloudformation_backend.journal.record("cloudformation", "refuse", reason=reason)
        return Answer(int(status), plain, body.encode())

    @property
    def _lock(self) -> Any:
        return self.cloudformation_backend.cloud.condition

    def create_stack(self) -> ActionResult:
        request = self._request(None)
        with self._lock:
            stack, work = self.cloudformation_backend.begin_create(request)
        work()
        return ActionResult({"StackId": stack.stack_id})

    def update_stack(self) -> ActionResult:
        with self._lock:
            before = self.cloudformation_backend.get_stack(self._get_param("StackName"))
        request = self._request(before)
        with self._lock:
            stack, work = self.cloudformation_backend.begin_update(request)
        work()
        return ActionResult({"StackId": stack.stack_id})

    def create_change_set(self) -> ActionResult:
        kind = self._get_param("ChangeSetType", "UPDATE")
        backend = self.cloudformation_backend
        before = None
        if kind == "UPDATE":
            with self._lock:
                before = backend.get_stack(self._get_param("StackName"))
        request = self._request(before)
        with self._lock:
            made = backend.add_change_set(self._get_param("ChangeSetName"), kind, request)
        return ActionResult({"Id": made.change_set_id, "StackId": made.stack_id})

    def describe_change_set(self) -> ActionResult:
        return ActionResult(self._change_set())

    def delete_change_set(self) -> ActionResult:
        del self.cloudformation_backend.change_sets[self._change_set().change_set_id]
        return EmptyResult()

    def _change_set(self) -> Any:
        name, stack = self._get_param("ChangeSetName"), self._get_param("StackName")
        return self.cloudformation_backend.change_set(name, stack)

    def execute_change_set(self) -> ActionResult:
        name, stack = self._get_param("ChangeSetName"), self._get_param("StackName")
        rolls_back = not self._get_bool_param("DisableRollback", if_none=False)
        with self._lock:
            work = self.cloudformation_backend.begin_execution(name, stack, rolls_back=rolls_back)
        work()
        return EmptyResult()

    def delete_stack(self) -> ActionResult:
        with self._lock:
            work = self.cloudformation_backend.begin_deletion(self._get_param("StackName"))
        work()
        return EmptyResult()

    def get_template(self) -> ActionResult:
        """As it was sent, unless the processed one is asked for."""
        name = self._get_param("StackName")
        stack: SeatedStack = self.cloudformation_backend.get_stack(name)
        if self._get_param("TemplateStage") == "Processed":
            return ActionResult({"TemplateBody": json.dumps(stack.template_dict)})
        return ActionResult({"TemplateBody": stack.source.text if stack.source else ""})

    def get_template_summary(self) -> ActionResult:
        if name := self._get_param("StackName"):
            stack = self.cloudformation_backend.get_stack(name)
            known = stack.template_dict or (stack.source and stack.source.template)
            return ActionResult(template_summary.summary(known or {"Resources": {}}))
        return ActionResult(template_summary.summary(decoded(self._template_text(None))))

    def validate_template(self) -> ActionResult:
        template = decoded(self._template_text(None))
        with evaluated():
            template_order.order(template)
        return ActionResult(template_summary.summary(template))

    def describe_stack_resource(self) -> ActionResult:
        name, logical_id = self._get_param("StackName"), self._get_param("LogicalResourceId")
        stack, resource = self.cloudformation_backend.describe_stack_resource(name, logical_id)
        shown = stack.shown(resource)
        changed = {"LastUpdatedTimestamp": shown["Timestamp"]}
        return ActionResult({"StackResourceDetail": {**shown, **changed}})

    def describe_stack_resources(self) -> ActionResult:
        name, logical_id = self._get_param("StackName"), self._get_param("LogicalResourceId")
        stack, found = self.cloudformation_backend.describe_stack_resources(name, logical_id)
        return ActionResult({"StackResources": [stack.shown(resource) for resource in found]})

    def list_stack_resources(self) -> ActionResult:
        name = self._get_param("StackName")
        stack, found = self.cloudformation_backend.list_stack_resources(name)
        shown = [stack.shown(resource) for resource in found]
        return ActionResult(
            {
                "StackResourceSummaries": [
                    {**one, "LastUpdatedTimestamp": one["Timestamp"]} for one in shown
                ]
            }
        )

    def _request(self, before: SeatedStack | None) -> Request:
        """Without the lock, for a transform takes its time. ``before`` is what is changed."""
        text = self._template_text(before)
        parameters = self._parameters(before)
        template: dict[str, Any] = {"Resources": {}}
        problem = None
        try:
            template = transform.processed(text, parameters, self.region)
        except transform.TransformFailedError as error:
            problem = str(error)
        tags = {tag["Key"]: tag["Value"] for tag in self._get_param("Tags", [])}
        return Request(
            stack_name=self._get_param("StackName"),
            source=Source(text, template),
            parameters=parameters,
            tags=tags or (before.tags if before else {}),
            capabilities=self._get_param("Capabilities", []),
            notification_arns=self._get_param("NotificationARNs", []),
            role_arn=self._get_param("RoleARN"),
            rolls_back=not self._get_bool_param("DisableRollback", if_none=False),
            is_protected=self._get_bool_param("EnableTerminationProtection", if_none=False),
            problem=problem,
        )

    def _template_text(self, before: SeatedStack | None) -> str:
        if self._get_bool_param("UsePreviousTemplate", if_none=False) and before and before.source:
            return before.source.text
        url = self._get_param("TemplateURL")
        if not url:
            if body := self._get_param("TemplateBody"):
                return str(body)
            raise no_template("Either Template URL or Template Body must be specified.")
        try:
            with self._lock:
                return str(self._get_stack_from_s3_url(url))
        except (AttributeError, S3ClientError, ValueError):
            # moto has no key of that name
            raise no_template(f"S3 error: there is no template at {url}") from None

    def _parameters(self, before: SeatedStack | None) -> dict[str, str]:
        known = before.parameters if before else {}
        return dict(self._get_param_values(self._get_param("Parameters", []), known))


URL_BASES = moto_urls.url_bases
URL_PATHS = {
    **dict.fromkeys(moto_urls.url_paths, StacksResponse.dispatch),
    "{0}/cloudformation_(?P<region>[^/]+)/cfnresponse$": StacksResponse.cfnresponse,
}
