"""Controllers that know the truth do what pays within their horizon, and nothing that is not allowed."""

import numpy as np
import pytest
from qkdctl_policies.environment.network_env import EnvSettings, NetworkEnv
from qkdctl_policies.learning.contenders import REALIGN, HoldContender
from qkdctl_policies.learning.informed import InformedContender
from qkdctl_policies.learning.play import first_routes, link_inputs, play
from qkdctl_policies.learning.scenarios import network

SETTINGS = EnvSettings(epochs=60)


def actions_of(contender, scenario, epochs=40):
    env = NetworkEnv([network(scenario, 3)], SETTINGS)
    observation, _ = env.reset(seed=3)
    contender.begin(env)
    taken = []
    for _ in range(epochs):
        rows, legal = link_inputs(env, observation)
        chosen = contender.choose(env, rows, legal)
        assert legal[np.arange(chosen.size), chosen].all()
        taken.append(chosen)
        observation, *_ = env.step(first_routes(env, chosen))
    return np.array(taken)


def test_it_holds_as_long_as_it_knows_nothing():
    assert not actions_of(InformedContender(60), "storm", epochs=1).any()


def test_who_looks_further_ahead_aligns_more_often():
    counts = [(actions_of(InformedContender(horizon), "duct") == REALIGN).sum() for horizon in (1, 20)]
    assert counts[0] < counts[1]


def test_it_runs_the_protocol_of_most_key_where_it_pays_for_the_switch():
    assert (actions_of(InformedContender(20), "many-protocols") > REALIGN).any()
    assert not (actions_of(InformedContender(20), "duct") > REALIGN).any(), "one protocol, nothing to switch to"


@pytest.mark.parametrize("scenario", ["duct-slow", "storm"])
def test_knowing_makes_more_key_than_holding(scenario):
    env = NetworkEnv([network(scenario, seed) for seed in (1, 2)], EnvSettings(epochs=120))
    held, known = (play(env, [1, 2], contender) for contender in (HoldContender(), InformedContender(6)))
    assert known.key_bps.sum() > 1.05 * held.key_bps.sum()
