"""A policy in shadow sees every epoch, and nothing comes of what it says but figures."""

import asyncio
from dataclasses import replace

import pytest

from qkdctl.clock import RealClock
from qkdctl.library.shadow import FAILURES_IN_A_ROW, Scene, ShadowFigures, seen
from qkdctl.library.shadows import NOTED_EPOCHS, Shadows
from qkdctl.policy.baselines import Hold
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from tests.agreement.lone import Scripted
from tests.policy.states import facts, link, state, table_of

STATE = state(link("a-b"), link("c-d"))
TABLE = table_of(facts("a-b"), facts("c-d"))


def scene() -> Scene:
    plan = shield(STATE, Hold().propose(STATE, TABLE), ShieldSettings(), TABLE, ShieldHistory())
    return Scene(STATE, TABLE, ShieldSettings(), ShieldHistory(), plan)


def test_one_that_would_do_the_same() -> None:
    assert seen(Scripted("a", "hold"), scene()) == ShadowFigures(epochs=1, links=2, same=2)


def test_one_that_would_do_something_else() -> None:
    assert seen(Scripted("a", "down-small"), scene()) == ShadowFigures(epochs=1, links=2, same=0)


def test_one_that_the_shield_would_stop_ends_as_holding() -> None:
    assert seen(Scripted("a", "switch-tf"), scene()) == ShadowFigures(epochs=1, links=2, same=2, touched=2)


def test_one_that_fails() -> None:
    assert seen(Scripted("a", ""), scene()) == ShadowFigures(epochs=1, failures=1, failed_by="not-finite")


def test_figures_add_up_and_a_good_epoch_ends_a_row_of_failures() -> None:
    good, bad = seen(Scripted("a"), scene()).taking(0.25), seen(Scripted("a", ""), scene()).taking(0.5)
    total = ShadowFigures()
    for one in (good, bad, bad, good, bad):
        total = total.after(one)
    assert total == ShadowFigures(
        epochs=5, links=4, same=4, failures=3, in_a_row=1, failed_by="not-finite", latency_s=2.0, slowest_s=0.5
    )


@pytest.mark.asyncio
async def test_figures_are_noted_now_and_then_and_as_long_as_it_fails_too_often() -> None:
    noted: list[tuple[str, int]] = []
    shadows = Shadows(RealClock(), lambda sha256, figures: noted.append((sha256, figures.epochs)))
    policies = {"a": Scripted("a"), "b": Scripted("b", "")}
    for _ in range(NOTED_EPOCHS + 1):
        shadows.watch(policies, scene())
        await shadows.stop()
    assert [epochs for name, epochs in noted if name == "a"] == [NOTED_EPOCHS]
    assert [epochs for name, epochs in noted if name == "b"] == [*range(FAILURES_IN_A_ROW, NOTED_EPOCHS + 2)]
    shadows.watch({}, scene())
    assert shadows.figures == {}


@pytest.mark.asyncio
async def test_an_epoch_that_comes_too_soon_is_left_out_and_none_waits() -> None:
    shadows = Shadows(RealClock(), lambda *_: None)
    for _ in range(5):
        shadows.watch({"a": Scripted("a")}, scene())
    await asyncio.sleep(0)
    await shadows.stop()
    assert shadows.figures["a"].epochs == 1
    assert replace(shadows.figures["a"], latency_s=0.0, slowest_s=0.0) == ShadowFigures(epochs=1, links=2, same=2)
