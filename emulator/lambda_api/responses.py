"""Lambda's operations between moto's router and our functions."""

from __future__ import annotations

import http
import json
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

from moto.awslambda import urls as moto_urls
from moto.awslambda.responses import LambdaResponse
from moto.core.utils import get_service_model

from emulator.lambda_api import invoking, paging, request_body
from emulator.lambda_api.errors import LambdaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.cloud.aws import Answer
    from emulator.lambda_api.seated_mapping import SeatedMapping

#: status (repeated in the headers, where moto looks for it), headers, body
Reply: TypeAlias = "tuple[int, dict[str, Any], str | Callable[[], Answer]]"

#: the end of the path of a function's code, which AWS only has for updates
_CODE = "/code"


class FunctionsResponse(LambdaResponse):  # type: ignore[misc]
    """moto's Lambda, with invocations that are ours."""

    def setup_class(self, request: Any, full_url: str, headers: Any, *_: Any) -> None:
        super().setup_class(request, full_url, headers, use_raw_body=True)
        # moto also reads a body like a form: what is in an event is no parameter
        self.querystring = self.data = parse_qs(urlsplit(full_url).query, keep_blank_values=True)
        self.body = request.get_data()

    @property
    def json_body(self) -> dict[str, Any]:
        return request_body.read(self.body)

    def _get_action(self) -> Any:
        if self.method == "GET" and self.path.endswith(_CODE):
            return "DownloadCode"
        return self._get_action_from_method_and_request_uri(self.normalized_request)

    def call_action(self) -> Any:
        try:
            answer = self._answer()
        except LambdaError as refusal:
            answer = refusal.code, dict(refusal.get_headers()), refusal.description
        status, _, body = answer
        if status >= http.HTTPStatus.BAD_REQUEST and self.method != "GET":
            self._record_refusal(body)
        return answer

    def _answer(self) -> Any:
        model, action = get_service_model(self.boto3_service_name), self._get_action()
        if action is None:
            text = f"Lambda has no {self.method} of {self.path}"
            raise LambdaError("UnknownOperationException", text, status=404)
        if action not in model.operation_names:
            return super().call_action()
        operation = model.operation_model(action)
        request_body.check(operation, self.body)
        status, headers, body = super().call_action()
        if status == http.HTTPStatus.OK and action.startswith("List"):
            body = paging.page(operation, body, self.querystring)
        return status, headers, body

    def _record_refusal(self, body: str) -> None:
        """A line for the user: who called may not show the error."""
        content = json.loads(body)
        text = content.get("message") or content.get("Message")
        reason = f"{self._get_action()}: {text}"
        self.backend.seat.journal.record("lambda", "refuse", reason=reason)

    def _part(self, places_from_the_end: int) -> str:
        """A part of the path: a mapping's UUID, or a function's name, which may be an ARN."""
        return unquote(self.path.rstrip("/").split("/")[-places_from_the_end])

    def _qualifier(self) -> str | None:
        return self.querystring.get("Qualifier", [None])[0]

    def invoke(self) -> Reply:
        request = invoking.read(self.headers, self.body)
        name, qualifier = self._part(2), self._qualifier()
        function = self.backend.function(name, qualifier)
        if request.type == invoking.DRY_RUN:
            return _reply(http.HTTPStatus.NO_CONTENT, "")
        if request.type == invoking.EVENT:
            accepted = self.backend.get_function(name, qualifier)
            return _reply(http.HTTPStatus.ACCEPTED, invoking.submit(accepted, request))
        return _reply(http.HTTPStatus.OK, invoking.begin(function, request, self.backend.seat))

    def invoke_async(self) -> Reply:
        """The older form of an asynchronous invocation."""
        function = self.backend.get_function(self._part(2))
        request = invoking.read({"X-Amz-Invocation-Type": invoking.EVENT}, self.body)
        return _reply(http.HTTPStatus.ACCEPTED, invoking.submit(function, request))

    def get_function(self) -> str:
        answer = json.loads(super().get_function())
        answer["Code"]["Location"] = self._location(answer["Configuration"])
        return json.dumps(answer)

    def _location(self, configuration: dict[str, Any]) -> str:
        """Where the package can be loaded by whoever has the address: it is for this service, and
        signed by nobody.
        """
        url = self.parsed_url
        path = url.path.rstrip("/").rpartition("/")[0]
        name, version = configuration["FunctionName"], configuration["Version"]
        scope = f"X-Amz-Credential=any/20150331/{self.region}/lambda/aws4_request"
        return f"{url.scheme}://{url.netloc}{path}/{name}{_CODE}?Qualifier={version}&{scope}"

    def download_code(self) -> Any:
        function = self.backend.get_function(self._part(2), self._qualifier())
        return http.HTTPStatus.OK, {"Content-Type": "application/zip"}, function.package.zipped

    def get_function_recursion_config(self) -> str:
        function = self.backend.get_function(self._part(2))
        return json.dumps({"RecursiveLoop": function.recursive_loop})

    def put_function_recursion_config(self) -> str:
        loop = self.json_body.get("RecursiveLoop")
        answer = self.backend.put_function_recursion_config(self._part(2), loop)
        return json.dumps({"RecursiveLoop": answer})

    def create_event_source_mapping(self) -> Reply:
        mapping = self.backend.create_event_source_mapping(self.json_body)
        return _accepted(mapping, "Creating")

    def update_event_source_mapping(self) -> Reply:
        uuid = self._part(1)
        was_enabled = self.backend.get_event_source_mapping(uuid).enabled
        mapping = self.backend.update_event_source_mapping(uuid, self.json_body)
        if mapping.enabled == was_enabled:
            return _accepted(mapping, "Updating")
        return _accepted(mapping, "Enabling" if mapping.enabled else "Disabling")

    def delete_event_source_mapping(self) -> Reply:
        return _accepted(self.backend.delete_event_source_mapping(self._part(1)), "Deleting")

    def put_function_event_invoke_config(self) -> str:
        answer = self.backend.put_function_event_invoke_config(self._named(), self.json_body)
        return json.dumps(answer)

    def update_function_event_invoke_config(self) -> str:
        answer = self.backend.update_function_event_invoke_config(self._named(), self.json_body)
        return json.dumps(answer)

    def get_function_event_invoke_config(self) -> str:
        return json.dumps(self.backend.get_function_event_invoke_config(self._named()))

    def delete_function_event_invoke_config(self) -> Reply:
        self.backend.delete_function_event_invoke_config(self._named())
        return _reply(http.HTTPStatus.NO_CONTENT, "")

    def _named(self) -> str:
        """The name in the path of a setting, with the qualifier that may stand beside it."""
        name, qualifier = self._part(2), self._qualifier()
        return f"{name}:{qualifier}" if qualifier else name

    def get_account_settings(self) -> str:
        return json.dumps(self.backend.account_settings())

    def publish_version(self) -> Reply:
        version = self.backend.publish_version(self._part(2), **self._publishing())
        answer = json.dumps(version.get_configuration())
        return _reply(http.HTTPStatus.CREATED, answer)

    def _publishing(self) -> dict[str, Any]:
        names = {"description": "Description", "sha256": "CodeSha256", "revision": "RevisionId"}
        return {key: self.json_body.get(name) for key, name in names.items()}

    def list_versions_by_function(self) -> str:
        versions = self.backend.list_versions_by_function(self._part(2))
        return json.dumps({"Versions": [version.get_configuration() for version in versions]})

    def get_function_concurrency(self) -> Reply:
        reserved = self.backend.get_function(self._part(2)).reserved_concurrency
        answer = {} if reserved is None else {"ReservedConcurrentExecutions": reserved}
        return _reply(http.HTTPStatus.OK, json.dumps(answer))

    def put_function_concurrency(self) -> Reply:
        reserved = self.json_body.get("ReservedConcurrentExecutions")
        answer = self.backend.put_function_concurrency(self._part(2), reserved)
        return _reply(http.HTTPStatus.OK, json.dumps({"ReservedConcurrentExecutions": answer}))


def _reply(status: http.HTTPStatus, body: str | Callable[[], Answer]) -> Reply:
    return status, {"status": int(status)}, body


def _accepted(mapping: SeatedMapping, state: str) -> Reply:
    return _reply(http.HTTPStatus.ACCEPTED, json.dumps(mapping.get_configuration(state)))


URL_BASES = moto_urls.url_bases
URL_PATHS = {
    **dict.fromkeys(
        (*moto_urls.url_paths, r"{0}/(?P<api_version>[^/]+)/account-settings/?$"),
        FunctionsResponse.dispatch,
    ),
    r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%$-]+)/recursion-config$": (
        FunctionsResponse.dispatch
    ),
}
