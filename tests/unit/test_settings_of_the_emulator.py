"""The variables with which a developer chooses."""

from __future__ import annotations

import pytest

from emulator import settings


def test_without_variables_everything_is_as_on_lambda() -> None:
    chosen = settings.read({"EMULATOR_START": "no setting"})
    assert (chosen.runner, chosen.logs) == ("process", "compact")
    assert (chosen.memory, chosen.fork) == ("enforced", "on")


def test_each_variable_is_read() -> None:
    chosen = settings.read(
        {
            "EMULATOR_RUNNER": "thread",
            "EMULATOR_LOGS": "full",
            "EMULATOR_MEMORY": "reported",
            "EMULATOR_FORK": "off",
        }
    )
    assert (chosen.runner, chosen.logs) == ("thread", "full")
    assert (chosen.memory, chosen.fork) == ("reported", "off")


def test_empty_variable_is_none() -> None:
    assert settings.read({"EMULATOR_RUNNER": ""}) == settings.Settings()


def test_what_a_variable_cannot_mean_is_refused_with_what_it_can() -> None:
    with pytest.raises(settings.SettingError) as refused:
        settings.read({"EMULATOR_RUNNER": "docker"})
    assert str(refused.value) == "EMULATOR_RUNNER is 'docker' and must be process or thread"
