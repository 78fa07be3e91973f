"""Run by an environment that has AWS's translator, as a program: nothing of the emulator is there.

Reads ``{"template": …, "parameters": …}`` and prints ``{"template": …}``, or ``{"problem": …}``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


def translated(template: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    """The template as CloudFormation without the transform; raises InvalidDocumentException."""
    # policies are named in templates by their ARNs: there is no list of managed ones to look in
    return dict(Translator({}, Parser()).translate(template, parameter_values=parameters))


def main() -> None:
    request = json.load(sys.stdin)
    try:
        answer: dict[str, Any] = {
            "template": translated(request["template"], request["parameters"])
        }
    except InvalidDocumentException as error:
        causes = [cause.message for cause in error.causes] or [str(error)]
        answer = {"problem": f"{error.message} {' '.join(causes)}"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
