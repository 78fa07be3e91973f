"""A copy of this project, what is packaged of it, and what AWS's own tools say of that.

Its fixtures are made once for all tests that look at them: they take seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = [".chalice", "app.py", "chalicelib", "requirements.txt"]
CHECK = Path(__file__).parent / "deployment" / "template_check.py"
CHECKING_PYTHON = ROOT / ".venv" / "template" / "bin" / "python"


class Packaged(NamedTuple):
    """What ``make package STAGE=prod`` left."""

    template: dict[str, Any]
    bundle: Path

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of every resource of a type, by logical id."""
        resources = self.template["Resources"].items()
        return {name: body["Properties"] for name, body in resources if body["Type"] == kind}

    @property
    def functions(self) -> dict[str, dict[str, Any]]:
        return self.of_type("AWS::Serverless::Function")


class Checked(NamedTuple):
    """What SAM makes of a template, and what cfn-lint finds."""

    resources: dict[str, dict[str, Any]]
    findings: list[str]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [body["Properties"] for body in self.resources.values() if body["Type"] == kind]


def without_aws() -> dict[str, str]:
    """An environment that leads to no account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def stage_command(folder: Path, *arguments: str, **environment: str) -> Any:
    """What ``make package`` and ``make deploy`` run, in a project's folder."""
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "stage.py"), *arguments],
        cwd=folder,
        env={**without_aws(), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def copied(folder: Path) -> Path:
    for name in PROJECT:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "deployments", "deployed", "venv")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    return folder


def check_template(template: dict[str, Any], file: Path) -> Checked:
    assert CHECKING_PYTHON.exists(), "make setup puts it there"
    file.write_text(json.dumps(template))
    done = subprocess.run(
        [CHECKING_PYTHON, CHECK, file],
        env={**without_aws(), "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return Checked(answer["template"]["Resources"], answer["findings"])


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """Takes the bundle's libraries from the package index, as a deployment does."""
    folder = copied(tmp_path_factory.mktemp("project"))
    done = stage_command(folder, "package", "prod")
    assert done.returncode == 0, done.stderr
    template = json.loads((folder / "build" / "prod" / "sam.json").read_text())
    return Packaged(template, folder / "build" / "prod" / "deployment.zip")


@pytest.fixture(scope="session")
def checked(packaged: Packaged, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return check_template(packaged.template, tmp_path_factory.mktemp("check") / "sam.json")
