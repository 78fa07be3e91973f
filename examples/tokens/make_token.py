"""Make a token for a tenant, signed with the first key of a stage in .chalice/config.json.

    .venv/bin/python examples/tokens/make_token.py acme --minutes 60

For trying the API on a developer's machine. A deployed stage trusts the keys of whoever issues its
tokens, and those are not in the file. Needs PyJWT.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from pathlib import Path
from typing import Any

import jwt

CONFIG = Path(".chalice/config.json")


def settings(stage: str) -> dict[str, str]:
    """The environment variables of the stage, as Chalice merges them."""
    config = json.loads(CONFIG.read_text())
    own: dict[str, str] = config["stages"][stage].get("environment_variables", {})
    return {**config.get("environment_variables", {}), **own}


def make(known: dict[str, str], tenant: str, *, subject: str, minutes: float) -> str:
    """A token that names the tenant and lasts that long from now on."""
    key: dict[str, Any] = json.loads(known["AUTH_KEYS"])["keys"][0]
    now = datetime.datetime.now(datetime.timezone.utc)
    claims = {
        "iss": known["AUTH_ISSUER"],
        "aud": known["AUTH_AUDIENCE"],
        "sub": subject,
        "iat": now,
        "exp": now + datetime.timedelta(minutes=minutes),
        known["AUTH_TENANT_CLAIM"]: tenant,
    }
    return jwt.encode(claims, jwt.PyJWK(key).key, key["alg"], headers={"kid": key["kid"]})


def main() -> int:
    parser = argparse.ArgumentParser(description="Make a token for trying the API.")
    parser.add_argument("tenant", help="whose jobs it opens, such as acme")
    parser.add_argument("--subject", default="developer", help="who calls (developer)")
    parser.add_argument("--minutes", type=float, default=60, help="how long it lasts (60)")
    parser.add_argument("--stage", default="dev", help="of .chalice/config.json (dev)")
    given = parser.parse_args()
    try:
        known = settings(given.stage)
        print(make(known, given.tenant, subject=given.subject, minutes=given.minutes))
    except FileNotFoundError:
        print(f"There is no {CONFIG} here: run this in the project's folder", file=sys.stderr)
    except (KeyError, IndexError, ValueError, TypeError, jwt.PyJWTError):
        print(f"Stage {given.stage} in {CONFIG} has no key to sign with", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
