"""Alarms: one per condition, latched when critical, oldest forgotten first."""

import pytest

from qkdctl.clock import VirtualClock
from qkdctl.control.alarms import Alarm, Alarms, Severity


@pytest.fixture
def changes() -> list[Alarm]:
    return []


@pytest.fixture
def alarms(changes: list[Alarm]) -> Alarms:
    return Alarms(VirtualClock(), changes.append)


def test_a_condition_that_lasts_is_one_alarm(alarms: Alarms, changes: list[Alarm]) -> None:
    for _ in range(3):
        alarms.raise_("no-plan", "bench", "text")
    assert [alarm.code for alarm in alarms.listed()] == ["no-plan"]
    assert len(changes) == 1


def test_equal_codes_of_other_subjects_are_other_alarms(alarms: Alarms) -> None:
    alarms.raise_("not-calibrated", "a", "text")
    alarms.raise_("not-calibrated", "b", "text")
    assert [alarm.subject for alarm in alarms.listed()] == ["a", "b"]


def test_a_warning_goes_when_its_cause_goes(alarms: Alarms) -> None:
    alarms.raise_("not-calibrated", "a", "text")
    alarms.clear("not-calibrated", "a")
    assert alarms.listed() == []


def test_a_critical_alarm_stays_until_it_is_acknowledged(alarms: Alarms) -> None:
    alarms.raise_("not-shown-dark", "a", "text", Severity.CRITICAL)
    alarms.clear("not-shown-dark", "a")
    [alarm] = alarms.listed()
    assert not alarm.active
    alarms.acknowledge(alarm.number, "uid 1000")
    assert alarms.listed() == []


def test_an_acknowledged_alarm_stays_while_its_cause_lasts(alarms: Alarms) -> None:
    alarms.raise_("not-shown-dark", "a", "text", Severity.CRITICAL)
    alarms.acknowledge(1, "uid 1000")
    [alarm] = alarms.listed()
    assert alarm.acknowledged_by == "uid 1000"
    assert alarm.active


def test_a_condition_that_comes_back_is_a_new_alarm(alarms: Alarms) -> None:
    alarms.raise_("no-plan", "bench", "first")
    alarms.clear("no-plan", "bench")
    alarms.raise_("no-plan", "bench", "second")
    assert [(alarm.number, alarm.text) for alarm in alarms.listed()] == [(2, "second")]


def test_many_alarms_push_out_no_grave_one_that_nobody_has_seen(alarms: Alarms) -> None:
    alarms.raise_("state-damaged", "state 0", "text", Severity.CRITICAL)
    alarms.clear("state-damaged", "state 0")
    alarms.raise_("no-plan", "bench", "text")
    for number in range(3000):
        alarms.raise_("other-description", f"liar {number}", "text")
        alarms.clear("other-description", f"liar {number}")
    assert [alarm.code for alarm in alarms.listed()] == ["state-damaged", "no-plan"]
    for number in range(3000):
        alarms.raise_("other-description", f"liar {number}", "text")
    assert alarms.listed()[0].code == "state-damaged"
    assert len(alarms.listed()) == 1000


def test_of_grave_alarms_alone_those_that_were_seen_go_first_and_then_the_oldest(alarms: Alarms) -> None:
    for number in range(1000):
        alarms.raise_("fork", f"{number}", "text", Severity.CRITICAL)
    alarms.acknowledge(500, "uid 1000")
    alarms.raise_("fork", "1000", "text", Severity.CRITICAL)
    assert {1, 500} - {alarm.number for alarm in alarms.listed()} == {500}
    alarms.raise_("fork", "1001", "text", Severity.CRITICAL)
    numbers = {alarm.number for alarm in alarms.listed()}
    assert {500, 1}.isdisjoint(numbers)
    assert len(numbers) == 1000


def test_clearing_what_was_never_raised_is_nothing(alarms: Alarms, changes: list[Alarm]) -> None:
    alarms.clear("no-plan", "bench")
    assert changes == []
