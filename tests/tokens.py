"""Tokens as callers of a closed stage have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt

from emulator.clock import SystemClock

CONFIG = Path(__file__).parents[1] / ".chalice" / "config.json"


def token(
    tenant: str | None,
    *,
    seconds: int = 60,
    config: Path = CONFIG,
    stage: str = "dev",
    **changed: Any,
) -> str:
    """A token as the stage's key signs it, for so long from now on; None: without a tenant."""
    found = json.loads(config.read_text())
    known = {
        **found["environment_variables"],
        **found["stages"][stage]["environment_variables"],
    }
    key = json.loads(known["AUTH_KEYS"])["keys"][0]
    claims = {
        "iss": known["AUTH_ISSUER"],
        "aud": known["AUTH_AUDIENCE"],
        "sub": "somebody",
        "exp": SystemClock().now_ms() // 1000 + seconds,
        **({} if tenant is None else {"tenant": tenant}),
        **changed,
    }
    return jwt.encode(claims, jwt.PyJWK(key).key, key["alg"], headers={"kid": key["kid"]})
