"""Who calls: a JSON Web Token, signed with one of the configured keys.

https://www.rfc-editor.org/rfc/rfc7519 with the practices of https://www.rfc-editor.org/rfc/rfc8725
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jwt
import msgspec

from chalicelib import limits
from chalicelib.errors import ServiceError
from chalicelib.http import identity
from chalicelib.settings import SettingsError

if TYPE_CHECKING:
    from chalicelib.settings import TokenSettings

#: Each with the kind of key that it takes. All but the first need the library ``cryptography``.
ALGORITHMS = {"HS256": "oct", "RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
#: A shared key must be as long as the hash.
#: https://www.rfc-editor.org/rfc/rfc7518#section-3.2
SHARED_KEY_BYTES_MIN = 32
CLAIMS_REQUIRED = ["exp", "iss", "aud", "sub"]

_SUBJECT = re.compile(r"[!-~]{1,255}")


class InvalidTokenError(ServiceError):
    """The token proves nothing."""


class Caller(msgspec.Struct, frozen=True):
    """Whom a token names."""

    subject: str
    #: None: its tenant claim is missing, or none that this service can use
    tenant: str | None


class TokenVerifier:
    """Verifies tokens with a set of keys, of which each has an id and an algorithm of its own."""

    def __init__(self, settings: TokenSettings) -> None:
        """Raises SettingsError if the keys cannot be used."""
        self._settings = settings
        self._keys = _keys(settings.keys)

    def caller(self, authorization: str) -> Caller:
        """Whom the value of an ``Authorization`` header names. Raises InvalidTokenError.

        https://www.rfc-editor.org/rfc/rfc6750#section-2.1
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidTokenError
        try:
            claims = self._claims(token.strip())
        # a header that is nested too deeply is refused where it is decoded
        except (jwt.PyJWTError, RecursionError) as error:
            raise InvalidTokenError from error
        if not _SUBJECT.fullmatch(claims["sub"]):
            raise InvalidTokenError
        tenant = claims.get(self._settings.tenant_claim)
        return Caller(claims["sub"], tenant if identity.is_tenant(tenant) else None)

    def _claims(self, token: str) -> dict[str, Any]:
        key = self._keys.get(jwt.get_unverified_header(token).get("kid", ""))
        if key is None:
            raise InvalidTokenError
        # the key says which algorithm, never the token
        return jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm_name],
            issuer=self._settings.issuer,
            audience=self._settings.audience,
            leeway=limits.TOKEN_LEEWAY_SECONDS,
            options={"require": CLAIMS_REQUIRED},
        )


def _keys(text: str) -> dict[str, jwt.PyJWK]:
    """The keys of a JSON Web Key Set by their ids.

    https://www.rfc-editor.org/rfc/rfc7517#section-5
    """
    try:
        entries = msgspec.json.decode(text, type=_KeySet).keys
        keys = {entry["kid"]: _key(entry) for entry in entries}
    except (msgspec.MsgspecError, KeyError, jwt.PyJWTError) as error:
        # not the error's text, which may show the key
        raise SettingsError(f"AUTH_KEYS is no set of usable keys: {type(error).__name__}") from None
    if not keys or len(keys) < len(entries):
        raise SettingsError("AUTH_KEYS needs one key or more, each with a kid of its own")
    return keys


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


def _key(entry: dict[str, Any]) -> jwt.PyJWK:
    name = str(entry["kid"])
    algorithm = entry.get("alg")
    if ALGORITHMS.get(str(algorithm)) != entry.get("kty"):
        known = ", ".join(f"{alg} with kty {kty}" for alg, kty in ALGORITHMS.items())
        raise SettingsError(f"AUTH_KEYS: the alg of key {name} must be one of {known}")
    key = jwt.PyJWK(entry)
    if algorithm == "HS256" and len(key.key) < SHARED_KEY_BYTES_MIN:
        raise SettingsError(f"AUTH_KEYS: key {name} has {len(key.key)} bytes, it needs 32 or more")
    return key
