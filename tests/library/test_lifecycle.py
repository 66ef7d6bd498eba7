"""Every step from every stage, and nothing else."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.library.lifecycle import PASSED, STAGES, STEPS, TRANSITIONS, Event, Life, LifecycleError, Stage, Step

TABLE = """
staged       stage      staged
staged       pass       vetted
staged       fail       rejected
vetted       fail       rejected
vetted       watch      shadow
vetted       try        canary
vetted       activate   active
shadow       fail       rejected
shadow       leave      vetted
shadow       try        canary
shadow       activate   active
shadow       roll-back  rolled-back
canary       fail       rejected
canary       leave      vetted
canary       activate   active
canary       roll-back  rolled-back
active       fail       rejected
active       replace    retired
active       roll-back  rolled-back
retired      fail       rejected
retired      watch      shadow
retired      try        canary
retired      activate   active
rolled-back  fail       rejected
rolled-back  watch      shadow
rolled-back  try        canary
rolled-back  activate   active
rejected     stage      staged
"""
ALLOWED = {(row.split()[0], row.split()[1]): row.split()[2] for row in TABLE.split("\n") if row}


def at(stage: Stage) -> Life:
    return Life(events=(Event(wall_ms=1, step="stage", stage=stage, epoch=0, why=""),))


def test_the_table_of_steps() -> None:
    assert ALLOWED == TRANSITIONS


@pytest.mark.parametrize(("stage", "step"), list(itertools.product(STAGES, STEPS)))
def test_each_step_from_each_stage(stage: Stage, step: Step) -> None:
    life = at(stage)
    if (stage, step) in ALLOWED:
        after = life.after(step, 2, 7, "why")
        assert life.can(step)
        assert after.stage == ALLOWED[stage, step]
        assert after.events[-1] == Event(wall_ms=2, step=step, stage=after.stage, epoch=7, why="why")
        assert after.events[:-1] == life.events
    else:
        assert not life.can(step)
        with pytest.raises(LifecycleError, match=stage):
            life.after(step, 2, 7, "why")


@given(st.lists(st.sampled_from(STEPS), max_size=120))
def test_whatever_happens_no_file_is_in_force_that_did_not_pass(steps: list[Step]) -> None:
    life, passed = Life.begun(0, 0, "me"), False
    for number, step in enumerate(steps):
        if life.can(step):
            life = life.after(step, number, number, "")
            passed = {"pass": True, "fail": False, "stage": False}.get(step, passed)
        assert (life.stage in PASSED) == passed
        assert len(life.events) <= 50
        assert Life.from_json(life.canonical()) == life


def test_a_rejected_file_says_which_check_it_failed() -> None:
    life = Life.begun(0, 0, "me").after("fail", 1, 1, "not-finite: weights_0 has weights that are not finite")
    assert life.code == "not-finite"
    assert Life.begun(0, 0, "uid 7: me").code == ""
