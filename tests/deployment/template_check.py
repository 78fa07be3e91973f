"""Run by the environment in .venv/template: translates a SAM template as AWS does, and lints it.

Prints one JSON object: the CloudFormation that comes out, and what cfn-lint says of both.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cfnlint.api import lint_all
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

RUNTIME_DEPRECATED = "W2531"


def translated(template: dict[str, Any]) -> dict[str, Any]:
    """What CloudFormation makes of it, once ``aws cloudformation package`` has sent the code."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bundles/deployment.zip"
    # no managed policy is named, so there is none to look up
    return dict(Translator(None, Parser()).translate(template, parameter_values={}))


def findings(template: dict[str, Any]) -> list[str]:
    """Errors and warnings. What cfn-lint calls informational is a taste: notes for AI tools, or
    that queues should outlive their stack. How long Lambda keeps a runtime is no fault of the
    template, which has the Python that made it.
    """
    return [
        f"{match.rule.id} {'/'.join(map(str, match.path or []))}: {match.message}"
        for match in lint_all(json.dumps(template))
        if not match.rule.id.startswith("I") and match.rule.id != RUNTIME_DEPRECATED
    ]


if __name__ == "__main__":
    sam = json.loads(Path(sys.argv[1]).read_text())
    said = findings(sam)
    made = translated(sam)
    print(json.dumps({"template": made, "findings": [*said, *findings(made)]}))
