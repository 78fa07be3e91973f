"""``make rehearse``: Chalice's own deployer against the emulator's AWS, and what is deployed there.

Everything happens in a copy of the project in a temporary folder. Nothing reaches AWS, and nothing
is left.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import click

from emulator import guard
from emulator.api_gateway import address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
STAGE, REGION = "prod", "us-east-1"
#: What a deployment takes of the project.
PROJECT = [".chalice", "app.py", "chalicelib", "requirements.txt"]
#: The local app's acceptance tests that can be held against a deployed copy, and those of a quick
#: rehearsal.
ACCEPTANCE = [
    "test_http_contract.py", "test_pipeline.py", "test_pipeline_bad_input.py",
    "test_bad_inputs.py", "test_pages.py", "test_openapi.py",
]  # fmt: skip
ACCEPTANCE_QUICK = ACCEPTANCE[:1]
#: A task of the copy's own, which those tests otherwise put into the app's process.
FAILING_TASK = '''"""``test``: fails for good."""

import msgspec

from chalicelib.errors import PermanentError
from chalicelib.task import TaskContext, task


@task("test")
def fails(value: msgspec.Raw, context: TaskContext) -> None:
    raise PermanentError("no")
'''
#: How the next release changes the messages, and still reads those of this one.
MESSAGES = Path("chalicelib/jobs/job_message.py")
NEXT_RELEASE = {
    "VERSION = 1": "VERSION = 2",
    "message.version != VERSION": "message.version not in (1, VERSION)",
}
QUEUE, WORKER = "accepted-jobs", f"accepted-{STAGE}-process_jobs"
WAITING_JOBS = 12
WAIT_SECONDS_MAX = 30


class RehearsalError(Exception):
    """Something is not as it must be; the message says what."""


def expect(holds: object, problem: str) -> None:
    """Raises RehearsalError unless it holds."""
    if not holds:
        raise RehearsalError(problem)


def wait_for(check: Callable[[], Any], problem: str) -> Any:
    """What ``check`` returns once it is true. Raises RehearsalError if that takes too long."""
    until = time.perf_counter() + WAIT_SECONDS_MAX
    pause = threading.Event()
    while not (found := check()):
        expect(time.perf_counter() < until, problem)
        pause.wait(0.05)
    return found


class Rehearsal:
    """A copy of the project, and the endpoint that it is deployed to."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self._folder = folder
        self._endpoint = endpoint
        self._environment = dict(os.environ)
        guard.pin_environment(self._environment, endpoint, REGION)
        self._token = ""

    # --- what it does with -----------------------------------------------------------------------

    def aws(self, service: str) -> Any:
        """A client of the endpoint."""
        return boto3.client(
            service, endpoint_url=self._endpoint, region_name=REGION,
            aws_access_key_id="x", aws_secret_access_key="x",
        )  # fmt: skip

    def chalice(self, command: str, *more: str) -> str:
        """Run the real tool; returns what it said. Raises RehearsalError."""
        tool = Path(sys.executable).with_name("chalice")
        return self._run(tool, command, "--stage", STAGE, *more)

    def _run(self, *command: str | Path, cwd: Path | None = None, **variables: str) -> str:
        done = subprocess.run(
            command, cwd=cwd or self._folder, env={**self._environment, **variables},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        expect(done.returncode == 0, f"{' '.join(map(str, command))} failed:\n{said}")
        return done.stdout

    @property
    def url(self) -> str:
        """Where the deployed API answers on this machine."""
        state = json.loads((self._folder / f".chalice/deployed/{STAGE}.json").read_text())
        (api,) = [one for one in state["resources"] if one["resource_type"] == "rest_api"]
        stage = api["rest_api_url"].rstrip("/").rpartition("/")[2]
        return address.url(self._endpoint, api["rest_api_id"], stage)

    def ask(self, path: str, content: Any = None) -> Any:
        """What the API answers to a caller with a token: to a GET, or a POST of ``content``."""
        self._token = self._token or self._run(
            sys.executable, ROOT / "examples/tokens/make_token.py", "rehearsal", "--stage", STAGE
        )
        body = None if content is None else json.dumps(content).encode()
        headers = {"Authorization": f"Bearer {self._token.strip()}"}
        request = urllib.request.Request(self.url + path, body, headers)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS_MAX) as answer:
            return json.load(answer)

    def submit(self) -> list[str]:
        """Hand in some jobs; returns their ids."""
        job = {"type": "echo", "input": 1}
        return [self.ask("jobs", job)["id"] for _ in range(WAITING_JOBS)]

    def all_succeed(self, job_ids: list[str]) -> None:
        wait_for(
            lambda: all(self.ask(f"jobs/{one}")["status"] == "succeeded" for one in job_ids),
            f"not all of {len(job_ids)} jobs succeed",
        )

    def waiting(self) -> int:
        """Messages in the queue, waiting or in flight."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self._queue("get_queue_attributes", AttributeNames=names)["Attributes"]
        return sum(int(counts[name]) for name in names)

    def _queue(self, operation: str, **parameters: Any) -> Any:
        sqs = self.aws("sqs")
        url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        return getattr(sqs, operation)(QueueUrl=url, **parameters)

    def _configuration(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self._folder / ".chalice/config.json").read_text())
        return found

    # --- what is rehearsed -----------------------------------------------------------------------

    def first_deployment(self) -> str:
        self.chalice("deploy")
        expect(self.ask("healthz"), "the service does not say that it lives")
        try:
            urllib.request.urlopen(f"{self.url}jobs", timeout=WAIT_SECONDS_MAX)
        except urllib.error.HTTPError as refused:
            expect(refused.code == 401, f"without a token the answer is {refused.code}, not 401")
        else:
            raise RehearsalError("without a token jobs are shown")
        return self.url

    def second_deployment(self) -> str:
        before, configuration = self.url, self._configuration()
        configuration["lambda_functions"]["process_jobs"]["lambda_memory_size"] = 384
        (self._folder / ".chalice/config.json").write_text(json.dumps(configuration))
        self.chalice("deploy")
        found = self.aws("lambda").get_function_configuration(FunctionName=WORKER)
        expect(found["MemorySize"] == 384, f"the worker has {found['MemorySize']} MB, not 384")
        expect(self.url == before, "the API has moved")
        return "a changed setting is there, the address is the same"

    def acceptance(self, files: list[str]) -> str:
        """The local app's tests, held against the deployed copy."""
        said = self._run(
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header",
            "-r", "fE", *(f"tests/acceptance/{name}" for name in files), cwd=ROOT,
            DEPLOYED_URL=self.url, DEPLOYED_CONFIG=str(self._folder / ".chalice/config.json"),
        )  # fmt: skip
        summary = said.strip().splitlines()[-1]
        passed = re.search(r"(\d+) passed", summary)
        expect(passed and int(passed[1]) >= len(files), f"no tests have passed: {summary}")
        return summary

    def logs(self) -> str:
        (job_id, *_) = done = self.submit()
        self.all_succeed(done)
        said = self.chalice("logs", "--name", "process_jobs")
        expect(job_id in said, f"chalice logs shows nothing of job {job_id}")
        return f"{len(said.splitlines())} lines of process_jobs"

    def old_messages_to_new_code(self) -> str:
        """Messages wait while the next release is deployed."""
        lambda_ = self.aws("lambda")
        (mapping,) = lambda_.list_event_source_mappings(FunctionName=WORKER)["EventSourceMappings"]
        lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        # delayed jobs of the acceptance tests, which are not to be counted
        self._queue("purge_queue")
        jobs = self.submit()
        expect(self.waiting() == len(jobs), f"{self.waiting()} of {len(jobs)} messages wait")
        self._write_next_release()
        self.chalice("deploy")
        expect(self.waiting() == len(jobs), "messages are gone after the deployment")
        lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
        self.all_succeed(jobs)
        return f"{len(jobs)} messages of version 1 waited and were done by version 2"

    def _write_next_release(self) -> None:
        code = (self._folder / MESSAGES).read_text()
        for old, new in NEXT_RELEASE.items():
            expect(code.count(old) == 1, f"{MESSAGES} has no {old!r} to be changed")
            code = code.replace(old, new)
        (self._folder / MESSAGES).write_text(code)

    def new_messages_to_old_code(self) -> str:
        """A worker that was not deployed with the rest, or rolled back, leaves them."""
        lambda_ = self.aws("lambda")
        new = urllib.request.urlopen(
            lambda_.get_function(FunctionName=WORKER)["Code"]["Location"]
        ).read()
        timeout = self._queue("get_queue_attributes", AttributeNames=["VisibilityTimeout"])
        lambda_.update_function_code(FunctionName=WORKER, ZipFile=self._of_this_release(new))
        # so that what the old code leaves comes back within seconds, and not in six minutes
        self._queue("set_queue_attributes", Attributes={"VisibilityTimeout": "1"})
        jobs = self.submit()
        refused = '"action":"message-refused"'
        wait_for(
            lambda: refused in self.chalice("logs", "--name", "process_jobs"),
            "the old worker refuses no message of the new version",
        )
        left = self.waiting()
        expect(left == len(jobs), f"{left} of {len(jobs)} messages are left by the old worker")
        lambda_.update_function_code(FunctionName=WORKER, ZipFile=new)
        self.all_succeed(jobs)
        self._queue("set_queue_attributes", Attributes=timeout["Attributes"])
        return f"{len(jobs)} messages of version 2 were left by version 1 and done after it"

    def _of_this_release(self, package: bytes) -> bytes:
        """The bundle with the messages of the release before."""
        made = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(package)) as new, zipfile.ZipFile(made, "w") as old:
            for name in new.namelist():
                is_changed = name == str(MESSAGES)
                old.writestr(name, (ROOT / MESSAGES).read_bytes() if is_changed else new.read(name))
        return made.getvalue()

    def delete(self) -> str:
        before = self._what_is_there()
        expect(all(before.values()), f"there is nothing to be deleted: {before}")
        self.chalice("delete")
        left = {kind: names for kind, names in self._what_is_there().items() if names}
        expect(not left, f"left after chalice delete: {left}")
        return "nothing is left of " + ", ".join(
            f"{len(names)} {kind}" for kind, names in before.items()
        )

    def _what_is_there(self) -> dict[str, list[str]]:
        lambda_ = self.aws("lambda")
        return {
            "functions": [f["FunctionName"] for f in lambda_.list_functions()["Functions"]],
            "mappings": [
                m["EventSourceArn"]
                for m in lambda_.list_event_source_mappings()["EventSourceMappings"]
            ],
            "roles": [r["RoleName"] for r in self.aws("iam").list_roles()["Roles"]],
            "APIs": [a["id"] for a in self.aws("apigateway").get_rest_apis()["items"]],
            "rules": [r["Name"] for r in self.aws("events").list_rules()["Rules"]],
        }


def copy_project(folder: Path) -> None:
    """The project with secrets of its own in its closed stage, for this machine's processor."""
    for name in PROJECT:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    (folder / "chalicelib/tasks/fails.py").write_text(FAILING_TASK)
    file = folder / ".chalice/config.json"
    configuration = json.loads(file.read_text())
    is_arm = platform.machine().lower() in ("arm64", "aarch64")
    configuration["lambda_architecture"] = "arm64" if is_arm else "x86_64"
    key = {"kid": "rehearsal", "kty": "oct", "alg": "HS256", "k": secrets.token_urlsafe(32)}
    # chalice deploy leaves {{resolve:secretsmanager:…}} to CloudFormation, which is not there
    configuration["stages"][STAGE]["environment_variables"].update(
        AUTH_KEYS=json.dumps({"keys": [key]}),
        JOB_ID_KEY=secrets.token_urlsafe(32),
        CALLBACK_SECRET=secrets.token_urlsafe(32),
    )
    file.write_text(json.dumps(configuration))


@contextlib.contextmanager
def endpoint(folder: Path, log: Path, *options: str) -> Iterator[str]:
    """AWS on this machine, for what is in the folder."""
    command = [sys.executable, "-m", "emulator", "endpoint", "--port", "0", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out)

    def found() -> re.Match[str] | None:
        expect(process.poll() is None, f"the endpoint has ended: {log.read_text()}")
        return re.search(r"^AWS: (\S+)$", log.read_text(), re.MULTILINE)

    try:
        yield wait_for(found, "the endpoint does not start")[1]
    finally:
        process.terminate()
        process.wait()


@click.command()
@click.option("--quick", is_flag=True, help="Only two files of the acceptance tests.")
def rehearse(*, quick: bool) -> None:
    """Deploy a copy of the project to an AWS on this machine, and see that all is well."""
    if sys.platform != "linux":
        raise click.ClickException("Lambda's libraries are Linux's: rehearse there")
    files = ACCEPTANCE_QUICK if quick else ACCEPTANCE
    with tempfile.TemporaryDirectory() as name:
        folder, log = Path(name, "project"), Path(name, "endpoint.log")
        folder.mkdir()
        copy_project(folder)
        # with what chalice deploy does not make: queues, table, bucket
        with endpoint(folder, log, "--resources", STAGE) as url:
            run = Rehearsal(folder, url)
            steps: dict[str, Callable[[], str]] = {
                "chalice deploy": run.first_deployment,
                "chalice deploy again": run.second_deployment,
                "acceptance tests": lambda: run.acceptance(files),
                "chalice logs": run.logs,
                "old messages, new code": run.old_messages_to_new_code,
                "new messages, old code": run.new_messages_to_old_code,
                "chalice delete": run.delete,
            }
            for step, do in steps.items():
                _report(step, do)


def _report(step: str, do: Callable[[], str]) -> None:
    began = time.perf_counter()
    try:
        said = do()
    except (RehearsalError, urllib.error.URLError) as error:
        raise click.ClickException(f"{step}: {error}") from None
    click.echo(f"{step:<24}{time.perf_counter() - began:5.1f} s  {said}")


if __name__ == "__main__":
    rehearse(prog_name="make rehearse")
