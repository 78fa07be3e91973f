"""The workflows of GitHub Actions, as far as they can be looked at without running them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from stage_package import ROOT, check_template

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
#: A major version, or a commit.
PINNED = re.compile(r"[\w.-]+/[\w./-]+@(v\d+(\.\d+)*|[0-9a-f]{40})")
LOCAL = "./.github/workflows/"


def read(path: Path) -> dict[str, Any]:
    content: dict[Any, Any] = yaml.safe_load(path.read_text())
    # YAML 1.1 takes the word for a truth value
    return {"on" if name is True else name: value for name, value in content.items()}


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job.get("steps", [])]


def used(path: Path) -> list[str]:
    found = [*read(path)["jobs"].values(), *steps(path)]
    return [part["uses"] for part in found if "uses" in part]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_runs_what_there_is_and_uses_what_is_pinned(path: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for step in steps(path):
        command = step.get("run", "")
        assert set(re.findall(r"\bmake (\w+)", command)) <= targets
        for program in re.findall(r"^\.[\w/.-]+", command, re.MULTILINE):
            assert (ROOT / program).stat().st_mode & 0o111, program
    for name in used(path):
        assert PINNED.fullmatch(name) or (ROOT / name).exists(), name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_that_a_stranger_writes_becomes_a_command(path: Path) -> None:
    """https://docs.github.com/en/actions/security-for-github-actions/security-guides/security-hardening-for-github-actions"""
    assert "pull_request_target" not in read(path)["on"]
    assert read(path)["permissions"] == {"contents": "read"}
    assert not [step for step in steps(path) if "${{" in step.get("run", "")]


def test_check_knows_every_python_that_is_supported() -> None:
    (job,) = read(ROOT / ".github" / "workflows" / "check.yml")["jobs"].values()
    first, last = re.findall(
        r"Python (3\.\d+) to (3\.\d+)", (ROOT / "constraints-template.txt").read_text()
    )[0]
    versions = job["strategy"]["matrix"]["python"]
    assert versions == [f"3.{n}" for n in range(int(first[2:]), int(last[2:]) + 1)]


def test_deployment_has_no_key_waits_for_the_checks_and_for_who_guards_it() -> None:
    """https://docs.github.com/en/actions/security-for-github-actions/security-hardening-your-deployments/configuring-openid-connect-in-amazon-web-services"""
    content = read(ROOT / ".github" / "workflows" / "deploy.yml")
    check, deploy = content["jobs"]["check"], content["jobs"]["deploy"]
    assert check["uses"] == f"{LOCAL}check.yml"
    assert deploy["needs"] == "check"
    assert "prod" in deploy["environment"]
    assert deploy["permissions"] == {"contents": "read", "id-token": "write"}
    assert content["on"].keys() == {"workflow_dispatch", "push"}
    assert content["on"]["push"].keys() == {"tags"}
    (credentials,) = [
        s for s in deploy["steps"] if "configure-aws-credentials" in s.get("uses", "")
    ]
    assert credentials["with"].keys() == {"role-to-assume", "aws-region"}
    assert "secrets." not in json.dumps(content)
    stages = content["on"]["workflow_dispatch"]["inputs"]["stage"]["options"]
    known = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]
    assert set(stages) == known.keys() - {"dev"}


def test_role_of_the_workflow_is_for_one_repository_and_its_environment(tmp_path: Path) -> None:
    """And cfn-lint finds nothing wrong with the template that makes it."""
    template = json.loads((ROOT / ".github" / "deploy-role.json").read_text())
    assert check_template(template, tmp_path / "role.json").findings == []
    properties = template["Resources"]["DeployRole"]["Properties"]
    (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["StringEquals"] == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": {
            "Fn::Sub": "repo:${Repository}:environment:${Environment}"
        },
    }
