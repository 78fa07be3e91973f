"""The transform of SAM: AWS's own translator, in an environment of its own.

It needs another pydantic than moto does, so it is run as a program by the Python of the virtual
environment ``template`` inside the emulator's own.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy.html
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError

from emulator.cloud_formation.template_text import decoded

if TYPE_CHECKING:
    from collections.abc import Mapping

SAM = "AWS::Serverless-2016-10-31"
ENVIRONMENT = Path(sys.prefix) / "template"
PROGRAM = Path(__file__).with_name("sam_translation.py")


class TransformFailedError(ValueError):
    """A template is none for its transform; the message is what CloudFormation says."""


def processed(text: str, parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """A template, decoded and transformed. Takes its time: not to be called with a lock held.

    Raises ValidationError for what is no template, or needs what is not installed, and
    TransformFailedError.
    """
    template = decoded(text)
    transforms = template.get("Transform") or []
    for name in [transforms] if isinstance(transforms, str) else transforms:
        if name != SAM:
            raise ValidationError(message=f"No transform named {name} is known here: only {SAM}.")
        template = _translated(template, parameters, region)
    return template


def _translated(
    template: dict[str, Any], parameters: Mapping[str, str], region: str
) -> dict[str, Any]:
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        raise ValidationError(
            message=f"The transform {SAM} needs AWS's translator in {ENVIRONMENT}, which is not "
            f"there: python3 -m venv {ENVIRONMENT} && {ENVIRONMENT}/bin/pip install "
            "aws-sam-translator"
        )
    # half a second; without a timeout, for which the module would sleep, and a test's clock move
    done = subprocess.run(
        [python, "-I", PROGRAM],
        input=json.dumps({"template": template, "parameters": dict(parameters)}),
        env={**os.environ, "AWS_DEFAULT_REGION": region},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise ValidationError(message=f"AWS's translator in {ENVIRONMENT} has failed: {last}")
    answer = json.loads(done.stdout)
    if "problem" in answer:
        raise TransformFailedError(f"Transform {SAM} failed with: {answer['problem']}")
    return dict(answer["template"])
