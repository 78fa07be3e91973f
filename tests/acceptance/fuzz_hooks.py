"""What ``make fuzz`` tells Schemathesis: a link out of a page is looked for in its text."""

from __future__ import annotations

from typing import Any

import schemathesis


@schemathesis.deserializer("text/html")
def page(context: Any, response: Any) -> str:
    return str(response.text)
