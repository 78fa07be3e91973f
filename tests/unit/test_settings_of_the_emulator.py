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


@pytest.mark.parametrize("name", ["EMULATOR_RUNER", "EMULATOR_LOG", "EMULATOR_MEMROY"])
def test_mistyped_variable_is_named_with_the_one_that_is_meant(name: str) -> None:
    with pytest.raises(settings.SettingError, match=f"{name} means nothing; EMULATOR_"):
        settings.read({name: "thread"})


def test_variables_of_others_are_theirs() -> None:
    others = ["EMULATOR_START", "ANDROID_EMULATOR_HOME", "PUBSUB_EMULATOR_HOST", "EMULATORS"]
    assert settings.read(dict.fromkeys(others, "x")) == settings.read({})
