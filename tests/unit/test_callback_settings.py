"""Settings of callbacks and large results: off unless set, and development's nowhere else."""

from __future__ import annotations

import pytest

from chalicelib.callbacks import secret, webhooks
from chalicelib.settings import Settings, SettingsError

ENVIRONMENT = {
    "AUTH": "open",
    "JOBS_TABLE": "table",
    "JOBS_QUEUE": "queue",
    "JOBS_DEAD_LETTER_QUEUE": "dead",
    "CALLBACKS_QUEUE": "callbacks",
    "JOB_ID_KEY": "0123456789abcdef",
}
NEW, OLD = "a-new-secret-of-the-master", "an-old-secret-of-the-master"


def settings(**more: str) -> Settings:
    return Settings.from_environment({**ENVIRONMENT, **more})


def test_callbacks_and_the_bucket_are_off_unless_they_are_set() -> None:
    plain = settings()
    assert plain.callback_secrets == ()
    assert (plain.callback_allow_loopback, plain.results_bucket) == (False, None)


def test_a_secret_is_replaced_by_having_two_for_a_while() -> None:
    assert settings(CALLBACK_SECRET=NEW).callback_secrets == (NEW.encode(),)
    both = settings(CALLBACK_SECRET=f"{NEW} {OLD}").callback_secrets
    assert both == (NEW.encode(), OLD.encode())


@pytest.mark.parametrize(
    ("secret", "reason"),
    [("short", "has 5 bytes"), (f"{NEW} short", "has 5 bytes"), (f"{NEW} {OLD} {NEW}", "has 3")],
)
def test_a_secret_that_could_be_guessed_and_a_third_one_are_refused(
    secret: str, reason: str
) -> None:
    with pytest.raises(SettingsError, match=f"CALLBACK_SECRET {reason}"):
        settings(CALLBACK_SECRET=secret)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "http://localhost", "http://[::1]/"])
def test_this_machine_may_be_called_where_aws_is_on_it(endpoint: str) -> None:
    local = settings(CALLBACK_ALLOW_LOOPBACK="true", AWS_ENDPOINT_URL=endpoint)
    assert local.callback_allow_loopback


@pytest.mark.parametrize(
    "endpoint",
    ["", "https://sqs.eu-west-1.amazonaws.com", "http://127.0.0.1.example", "http://127.0.0.1@x"],
)
def test_a_deployed_service_refuses_the_setting_of_development(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="AWS_ENDPOINT_URL is not on this machine: remove it"):
        settings(CALLBACK_ALLOW_LOOPBACK="true", AWS_ENDPOINT_URL=endpoint)


def test_the_operator_sees_each_receivers_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a secret is replaced both, the new one first; a tenant's own by its name."""
    monkeypatch.setenv("CALLBACK_SECRET", f"{NEW} {OLD}")
    secret.main("one")
    masters = [NEW.encode(), OLD.encode()]
    assert capsys.readouterr().out.split() == [webhooks.secret(m, "one") for m in masters]


def test_the_secret_of_development_needs_no_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALLBACK_SECRET", raising=False)
    secret.main()
    assert capsys.readouterr().out.startswith("whsec_")
