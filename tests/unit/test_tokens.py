"""Tokens: which prove who calls, and which prove nothing."""

from __future__ import annotations

import base64
import datetime
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import limits
from chalicelib.http.tokens import Caller, InvalidTokenError, TokenVerifier
from chalicelib.settings import Settings, SettingsError, TokenSettings

ROOT = Path(__file__).parents[2]
SECRET = b"a secret of thirty-two bytes, or more"
OTHER_SECRET = b"another secret of thirty-two bytes, or more"
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
CLAIMS: dict[str, Any] = {
    "iss": "https://issuer.example/",
    "aud": "accepted",
    "sub": "ann",
    "exp": datetime.datetime(9999, 1, 1, tzinfo=datetime.timezone.utc),
    "tenant": "acme",
}


def base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def shared(kid: str, secret: bytes) -> dict[str, str]:
    return {"kid": kid, "kty": "oct", "alg": "HS256", "k": base64url(secret)}


def verifier(*keys: dict[str, Any]) -> TokenVerifier:
    given = keys or (shared("one", SECRET),)
    return TokenVerifier(
        TokenSettings(
            keys=json.dumps({"keys": given}),
            issuer="https://issuer.example/",
            audience="accepted",
            tenant_claim="tenant",
        )
    )


def bearer(key: Any = SECRET, algorithm: str = "HS256", *, kid: Any = "one", **changed: Any) -> str:
    """An Authorization header; a claim that is None is left out."""
    header = {} if kid is None else {"kid": kid}
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    return f"Bearer {jwt.encode(claims, key, algorithm, headers=header)}"


def refused(header: str, *keys: dict[str, Any]) -> bool:
    with pytest.raises(InvalidTokenError):
        verifier(*keys).caller(header)
    return True


def test_a_token_names_its_subject_and_its_tenant() -> None:
    assert verifier().caller(bearer()) == Caller("ann", "acme")


def test_the_scheme_is_written_as_one_likes() -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-11.1"""
    token = bearer().partition(" ")[2]
    for scheme in ("bearer ", "BEARER ", "Bearer  "):
        assert verifier().caller(scheme + token).subject == "ann"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer é"]
)
def test_what_is_no_token_proves_nothing(header: str) -> None:
    assert refused(header)


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "exp"])
def test_a_token_without_a_required_claim_proves_nothing(claim: str) -> None:
    without: dict[str, Any] = {claim: None}
    assert refused(bearer(**without))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example/"},
        {"iss": "https://issuer.example"},
        {"aud": "another"},
        {"aud": []},
        {"sub": ""},
        {"sub": "a b"},
        {"sub": "a\n"},
        {"sub": "é"},
        {"sub": "a" * 256},
        {"nbf": CLAIMS["exp"]},
        {"iat": CLAIMS["exp"]},
    ],
    ids=str,
)
def test_a_token_for_others_or_of_nobody_proves_nothing(changed: dict[str, Any]) -> None:
    assert refused(bearer(**changed))


@pytest.mark.parametrize(("late_seconds", "passes"), [(-1, True), (29, True), (31, False)])
def test_a_token_ends_at_its_time_and_thirty_seconds_of_other_clocks(
    late_seconds: int, passes: bool
) -> None:
    header = bearer(exp=NOW - datetime.timedelta(seconds=late_seconds))
    assert limits.TOKEN_LEEWAY_SECONDS == 30
    with time_machine.travel(NOW, tick=False):
        assert verifier().caller(header).subject == "ann" if passes else refused(header)


@pytest.mark.parametrize("audience", ["accepted", ["other", "accepted"]])
def test_a_token_may_be_for_several(audience: Any) -> None:
    assert verifier().caller(bearer(aud=audience)).tenant == "acme"


@pytest.mark.parametrize("tenant", [None, "", "a b", "a#b", "../a", "a" * 65, 7, ["acme"], {}])
def test_a_caller_without_a_usable_tenant_has_none(tenant: Any) -> None:
    """Who it is, is proved; the authorizer says 403."""
    assert verifier().caller(bearer(tenant=tenant)) == Caller("ann", None)


def test_keys_are_replaced_one_by_one() -> None:
    """While the new one comes and the old one goes both are good, each under its own id."""
    both = (shared("one", SECRET), shared("two", OTHER_SECRET))
    assert verifier(*both).caller(bearer()).subject == "ann"
    assert verifier(*both).caller(bearer(OTHER_SECRET, kid="two")).subject == "ann"
    assert refused(bearer(OTHER_SECRET, kid="one"), *both)
    assert refused(bearer(), both[1])
    assert refused(bearer(kid=None))


def test_only_the_keys_own_algorithm_counts() -> None:
    """The token's header chooses nothing, least of all ``none``.

    https://www.rfc-editor.org/rfc/rfc8725#section-3.1
    """
    assert refused(bearer(OTHER_SECRET))
    assert refused(bearer(SECRET * 2, "HS512"))
    header, claims, _ = bearer().partition(" ")[2].split(".")
    unsigned = base64url(json.dumps({"alg": "none", "kid": "one"}).encode())
    for alg in (unsigned, header):
        assert refused(f"Bearer {alg}.{claims}.")


def private_keys() -> list[tuple[str, Any]]:
    return [
        ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ]


@pytest.mark.parametrize(("alg", "private"), private_keys(), ids=["RS256", "ES256", "EdDSA"])
def test_a_public_key_verifies_and_signs_nothing(alg: str, private: Any) -> None:
    """Where ``cryptography`` is installed; its text as a shared secret opens nothing.

    https://www.rfc-editor.org/rfc/rfc8725#section-2.1
    """
    public = private.public_key()
    jwk = jwt.get_algorithm_by_name(alg).to_jwk(public, as_dict=True)
    key = {**jwk, "kid": "one", "alg": alg}
    assert verifier(key).caller(bearer(private, alg)) == Caller("ann", "acme")
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    confused = {"kid": "one", "kty": "oct", "alg": "HS256", "k": base64url(pem)}
    forged = jwt.PyJWK(confused).key
    header = base64url(json.dumps({"alg": "HS256", "kid": "one"}).encode())
    content = f"{header}.{bearer().split('.')[1]}"
    signature = jwt.get_algorithm_by_name("HS256").sign(content.encode(), forged)
    assert refused(f"Bearer {content}.{base64url(signature)}", key)


@given(st.text() | st.binary().map(base64url))
def test_whatever_is_sent_as_a_token_is_refused_in_order(text: str) -> None:
    """By no other error than the one that becomes 401."""
    assert refused(f"Bearer {text}")
    assert refused(f"Bearer {base64url(text.encode(errors='replace'))}.{text}.{text}")


@given(st.integers(0, 400), st.characters(codec="ascii"))
def test_a_token_with_one_character_changed_proves_nothing(position: int, other: str) -> None:
    """But for the last character of the signature, of which some bits mean nothing."""
    token = bearer().partition(" ")[2]
    position %= len(token) - 1
    changed = token[:position] + other + token[position + 1 :]
    # white space is no part of a token, and "+/" are other names of "-_"
    if changed != token and not other.isspace() and other not in "+/=":
        assert refused(f"Bearer {changed}")


def test_a_header_that_is_nested_too_deeply_proves_nothing() -> None:
    """It fits into the 10 KB that API Gateway lets pass."""
    nested = base64url(b'{"kid":' + b"[" * 5_000)
    assert refused(f"Bearer {nested}.e30.")


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ("", "AUTH_KEYS is not set"),
        ("no JSON", "no set of usable keys"),
        ("[]", "no set of usable keys"),
        ('{"keys": []}', "one key or more"),
        ('{"keys": [{"kty": "oct", "alg": "HS256", "k": "YQ"}]}', "no set of usable keys"),
        (json.dumps({"keys": [shared("a", SECRET)] * 2}), "a kid of its own"),
        (json.dumps({"keys": [shared("a", b"short")]}), "5 bytes, it needs 32"),
        (json.dumps({"keys": [{**shared("a", SECRET), "alg": "none"}]}), "alg of key a"),
        (json.dumps({"keys": [{**shared("a", SECRET), "alg": "RS256"}]}), "alg of key a"),
        (json.dumps({"keys": [{"kid": "a", "alg": "HS256", "kty": "oct"}]}), "usable keys"),
        (json.dumps({"keys": [{"kid": "a", "alg": "RS256", "kty": "RSA"}]}), "usable keys"),
        ("{{resolve:secretsmanager:x}}", "only CloudFormation resolves"),
    ],
)
def test_keys_that_cannot_be_used_are_named_and_not_shown(keys: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint) as raised:
        TokenVerifier(settings(AUTH_KEYS=keys).tokens)  # type: ignore[arg-type]
    assert base64url(SECRET) not in str(raised.value)


def settings(**changed: str) -> Settings:
    return Settings.from_environment(
        {
            "JOBS_TABLE": "t",
            "JOBS_QUEUE": "q",
            "JOBS_DEAD_LETTER_QUEUE": "d",
            "CALLBACKS_QUEUE": "c",
            "JOB_ID_KEY": "0123456789abcdef",
            "AUTH_KEYS": json.dumps({"keys": [shared("one", SECRET)]}),
            "AUTH_ISSUER": "https://issuer.example/",
            "AUTH_AUDIENCE": "accepted",
            **changed,
        }
    )


def test_a_stage_is_closed_unless_it_says_that_it_is_open() -> None:
    assert settings().tokens is not None
    assert settings(AUTH="jwt").tokens is not None
    assert settings(AUTH="open").tokens is None


@pytest.mark.parametrize("name", ["AUTH_KEYS", "AUTH_ISSUER", "AUTH_AUDIENCE"])
def test_a_closed_stage_needs_what_it_verifies_with(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        settings(**{name: ""})


def test_what_auth_can_be_is_said() -> None:
    with pytest.raises(SettingsError, match="must be jwt or open"):
        settings(AUTH="Open")


def test_a_function_in_lambda_refuses_to_be_open() -> None:
    """The emulator's functions look the same, but their AWS is on this machine."""
    function = {"AUTH": "open", "LAMBDA_TASK_ROOT": "/var/task"}
    local = "http://127.0.0.1:4566"
    assert settings(**function, AWS_ENDPOINT_URL=local).tokens is None
    for elsewhere in ("", "https://dynamodb.eu-central-1.amazonaws.com"):
        with pytest.raises(SettingsError, match="set it to jwt"):
            settings(**function, AWS_ENDPOINT_URL=elsewhere)


@pytest.mark.parametrize("name", ["AUTH_KEYS", "JOB_ID_KEY", "CALLBACK_SECRET"])
def test_a_function_in_lambda_refuses_the_secrets_of_development(name: str) -> None:
    """Everybody can read them: with that key anybody could make tokens."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    published = {name: config["stages"]["dev"]["environment_variables"][name]}
    assert settings(**published).tokens is not None
    with pytest.raises(SettingsError, match=f"{name} is published"):
        settings(**published, LAMBDA_TASK_ROOT="/var/task")


@pytest.mark.parametrize("name", ["AUTH_KEYS", "JOB_ID_KEY", "CALLBACK_SECRET"])
def test_a_reference_that_nobody_resolved_is_no_secret(name: str) -> None:
    """As after plain ``chalice deploy``: everybody knows its text."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    reference = config["stages"]["prod"]["environment_variables"][name]
    with pytest.raises(SettingsError, match=f"{name} is a reference"):
        settings(**{name: reference})
