"""The SQS actions that hand messages in and out, between moto's parser and our engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.sqs.exceptions import SQSException
from moto.sqs.responses import SQSResponse

from emulator.caller import trace_header
from emulator.sqs import request_shape
from emulator.sqs.errors import InvalidParameterValueError, SqsError
from emulator.sqs.message import MessageAttribute, md5_of
from emulator.sqs.moving import Move
from emulator.sqs.receiving import chosen_attributes, received_attributes
from emulator.sqs.request_shape import SerializationError
from emulator.sqs.sending import Draft

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from botocore.model import OperationModel

    from emulator.sqs.message import Delivery, Message


class DeliveryResponse(SQSResponse):  # type: ignore[misc]
    """moto's SQS, with the answers of a send and a receive made from our messages."""

    _refusal: SqsError | None = None

    def parse_parameters(self, request: Any) -> None:
        operation = get_service_model("sqs").operation_model(self._get_action())
        try:
            if "json" in (request.content_type or ""):
                request_shape.check(operation, request.data)
                super().parse_parameters(request)
            else:
                self._parse_form(operation, request)
        except SqsError as refusal:
            self._refusal = refusal

    def _parse_form(self, operation: OperationModel, request: Any) -> None:
        """The protocol of older clients, whose members are all texts."""
        try:
            super().parse_parameters(request)
        except ValueError as error:
            raise InvalidParameterValueError(f"A parameter cannot be read: {error}") from None
        request_shape.check_content(operation, self.params)

    def call_action(self) -> Any:
        if self._refusal is None:
            return super().call_action()
        code, text = self._refusal.code, str(self._refusal)
        if not isinstance(self._refusal, SerializationError):
            return self.serialized(ActionResult(SQSException(code, text)))
        # no operation has this error: it comes before there is one
        content = {"__type": f"com.amazon.coral.service#{code}", "message": text}
        return 400, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(content)

    def send_message(self) -> ActionResult:
        message = self.sqs_backend.send(self._get_queue_name(), draft_of(self._get_params()))
        return ActionResult(_sent(message))

    def send_message_batch(self) -> ActionResult:
        entries = self._get_param("Entries", [])
        sent, failed = self.sqs_backend.send_batch(
            self._get_queue_name(), [(entry["Id"], draft_of(entry)) for entry in entries]
        )
        successful = [{"Id": entry_id, **_sent(message)} for entry_id, message in sent]
        return ActionResult({"Successful": successful, "Failed": failed})

    def delete_message_batch(self) -> ActionResult:
        deleted, failed = self.sqs_backend.delete_message_batch(
            self._get_queue_name(), self._get_param("Entries", [])
        )
        successful = [{"Id": entry_id} for entry_id in deleted]
        return ActionResult({"Successful": successful, "Failed": failed})

    def change_message_visibility(self) -> ActionResult:
        self.sqs_backend.change_message_visibility(
            self._get_queue_name(),
            self._get_param("ReceiptHandle"),
            self._get_param("VisibilityTimeout"),
        )
        return ActionResult(None)

    def start_message_move_task(self) -> ActionResult:
        move = Move(
            self._get_param("SourceArn") or "",
            self._get_param("DestinationArn"),
            self._get_param("MaxNumberOfMessagesPerSecond"),
        )
        return ActionResult({"TaskHandle": self.sqs_backend.start_message_move_task(move).handle})

    def list_message_move_tasks(self) -> ActionResult:
        tasks = self.sqs_backend.list_message_move_tasks(
            self._get_param("SourceArn") or "", self._get_param("MaxResults") or 1
        )
        return ActionResult({"Results": [task.described() for task in tasks]})

    def cancel_message_move_task(self) -> ActionResult:
        task = self.sqs_backend.cancel_message_move_task(self._get_param("TaskHandle") or "")
        return ActionResult({"ApproximateNumberOfMessagesMoved": task.moved})

    def receive_message(self) -> ActionResult:
        deliveries = self.sqs_backend.receive_message(
            self._get_queue_name(),
            self._get_param("MaxNumberOfMessages", 1),
            wait_seconds=self._get_param("WaitTimeSeconds"),
            visibility_timeout_seconds=self._get_param("VisibilityTimeout"),
        )
        # AttributeNames is the older name of MessageSystemAttributeNames; both are honoured
        system_names = {
            *self._get_param("AttributeNames", []),
            *self._get_param("MessageSystemAttributeNames", []),
        }
        names = self._get_param("MessageAttributeNames", [])
        messages = [
            _received(delivery, system_names=system_names, names=names) for delivery in deliveries
        ]
        return ActionResult({"Messages": messages} if messages else {})


def draft_of(request: Mapping[str, Any]) -> Draft:
    """A SendMessage request, or an entry of a batch, as our engine takes it.

    The message's own trace header comes before that of the request it is sent by.
    https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html
    """
    trace = trace_header.get()
    system = {
        **({"AWSTraceHeader": trace} if trace else {}),
        **{
            name: value.get("StringValue") or ""
            for name, value in (request.get("MessageSystemAttributes") or {}).items()
            if value is not None
        },
    }
    return Draft(
        body=request.get("MessageBody") or "",
        attributes={
            name: _attribute(value)
            for name, value in (request.get("MessageAttributes") or {}).items()
            if value is not None
        },
        system_attributes=system,
        delay_seconds=request.get("DelaySeconds"),
        group_id=request.get("MessageGroupId"),
        deduplication_id=request.get("MessageDeduplicationId"),
    )


def _attribute(value: Mapping[str, Any]) -> MessageAttribute:
    binary = value.get("BinaryValue")
    return MessageAttribute(
        data_type=value.get("DataType") or "",
        string_value=value.get("StringValue"),
        binary_value=binary.encode() if isinstance(binary, str) else binary,
    )


def _sent(message: Message) -> dict[str, Any]:
    answer = {
        "MessageId": message.message_id,
        "MD5OfMessageBody": message.md5_of_body,
        "MD5OfMessageAttributes": message.md5_of_attributes,
        "SequenceNumber": message.sequence_number,
    }
    return {name: value for name, value in answer.items() if value is not None}


def _received(
    delivery: Delivery, *, system_names: Collection[str], names: Collection[str]
) -> dict[str, Any]:
    message = delivery.message
    answer: dict[str, Any] = {
        "MessageId": message.message_id,
        "ReceiptHandle": delivery.receipt_handle,
        "MD5OfBody": message.md5_of_body,
        "Body": message.body,
    }
    if system_names:
        answer["Attributes"] = {
            name: value
            for name, value in received_attributes(message).items()
            if name in system_names or "All" in system_names
        }
    if attributes := chosen_attributes(message, names):
        answer["MessageAttributes"] = {
            name: _attribute_value(attribute) for name, attribute in attributes.items()
        }
        answer["MD5OfMessageAttributes"] = md5_of(attributes)
    return answer


def _attribute_value(attribute: MessageAttribute) -> dict[str, Any]:
    if attribute.binary_value is not None:
        return {"DataType": attribute.data_type, "BinaryValue": attribute.binary_value}
    return {"DataType": attribute.data_type, "StringValue": attribute.string_value}
