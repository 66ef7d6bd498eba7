"""What foresight says of an action is what comes of it when the same episode is played again with it."""

from functools import cache

import numpy as np
import pytest
from qkdctl_policies.environment.network_env import EnvSettings, NetworkEnv
from qkdctl_policies.environment.rules import shield_links
from qkdctl_policies.learning.config import LEAST_AHEAD
from qkdctl_policies.learning.config_sections import RewardSection
from qkdctl_policies.learning.exploration import REALIGN
from qkdctl_policies.learning.foresight import Foresight
from qkdctl_policies.learning.ideal import reference_bps
from qkdctl_policies.learning.informed import InformedContender
from qkdctl_policies.learning.play import first_routes, link_inputs
from qkdctl_policies.learning.scenarios import network

from qkdctl.policy.actions import ACTIONS, BY_NAME

EPOCHS, HORIZON, GAMMA, AT = 66, 45, 0.97, 20
FREE = RewardSection(move=0.0, switch=0.0, intervention=0.0)
SEEDS = list(range(4))


@cache
def played(scenario, *, at=-1, action=0, costs=FREE, foreseen=True):
    """Key of every epoch and link, as shares of the reference, and what was foreseen; one action, else nothing."""
    networks, how = [network(scenario, seed) for seed in SEEDS], EnvSettings(epochs=EPOCHS, surroundings=False)
    reference = reference_bps(networks, SEEDS, how)
    env = NetworkEnv(networks, how)
    observation, _ = env.reset(seed=SEEDS)
    ahead = Foresight(env, reference, costs, HORIZON, GAMMA)
    keys = []
    for epoch in range(EPOCHS):
        rows, legal = link_inputs(env, observation)
        if foreseen and env.last is not None:
            ahead.note(rows.astype(np.float32), legal)
        chosen = np.where(legal[:, action], action, 0) if epoch == at else np.zeros(len(legal), dtype=np.int64)
        observation, _, _, _, infos = env.step(first_routes(env, chosen))
        keys.append(env.rows(infos["key_bits"]) / (how.epoch_s * reference))
    return np.array(keys), ahead.lessons() if foreseen else None


@pytest.mark.parametrize(
    ("scenario", "name"),
    [
        ("poles", "realign"),
        ("storm", "realign"),
        ("duct-diodes", "down-large"),
        ("poles-diodes", "down-small"),
        ("many-protocols", "up-small"),
        ("many-protocols", "switch-tf"),
    ],
)
def test_a_gain_is_the_key_that_the_action_really_makes_more(scenario, name):
    action = BY_NAME[name].index
    keys, lessons = played(scenario)
    other, _ = played(scenario, at=AT, action=action, foreseen=False)
    weight = GAMMA ** np.arange(HORIZON)
    more = ((other - keys)[AT : AT + HORIZON] * weight[:, np.newaxis]).sum(axis=0) / weight.sum()
    gain, known = (
        table.reshape(-1, keys.shape[1], len(ACTIONS))[AT - 1, :, action] for table in (lessons.gain, lessons.known)
    )
    # of the links of a network only the first in line may switch at once
    known &= ((other != keys)[AT:]).any(axis=0)
    real, foreseen = np.clip(more[known], -1, 1), gain[known]
    assert known.sum() >= len(SEEDS)
    assert np.mean(foreseen) == pytest.approx(np.mean(real), rel=0.15, abs=0.006)
    assert np.corrcoef(foreseen, real)[0, 1] > 0.8
    assert np.std(real - foreseen) < 0.6 * np.std(real)


@pytest.mark.parametrize("scenario", ["poles", "storm-diodes", "many-protocols"])
def test_the_guide_makes_as_much_key_as_whoever_knows_the_truth_and_looks_as_far_ahead(scenario):
    networks, how = [network(scenario, seed) for seed in SEEDS], EnvSettings(epochs=EPOCHS, surroundings=False)
    made = dict.fromkeys(("guide", "informed", "hold"), 0.0)
    for who in made:
        env, informed = NetworkEnv(networks, how), InformedContender(12)
        observation, _ = env.reset(seed=SEEDS)
        links = env.world.stack.links.count
        ahead, chosen = Foresight(env, np.ones(links), FREE, HORIZON, GAMMA), np.zeros(links, dtype=np.int64)
        for _ in range(EPOCHS - 1):
            observation, _, _, _, infos = env.step(first_routes(env, chosen))
            made[who] += float(infos["key_bits"].sum())
            rows, legal = link_inputs(env, observation)
            if who == "guide":
                ahead.note(rows.astype(np.float32), legal)
                chosen = ahead.guided()
                assert legal[np.arange(links), chosen].all()
            elif who == "informed":
                chosen = informed.choose(env, rows, legal)
    assert made["guide"] > 0.98 * made["informed"]
    assert made["guide"] > 1.005 * made["hold"]


def test_lessons_are_rows_of_links_with_nothing_to_gain_from_hold():
    keys, lessons = played("duct")
    rows = (EPOCHS - 1 - LEAST_AHEAD) * keys.shape[1]
    assert len(lessons.observation) == len(lessons.gain) == len(lessons.known) == rows
    assert not lessons.gain[:, 0].any()
    assert lessons.known[:, 0].all()
    assert not lessons.gain[~lessons.known].any()
    assert np.abs(lessons.gain).max() <= 1


def test_costs_are_taken_off_and_what_the_shield_refuses_is_worth_less_than_nothing():
    free, dear = (played("storm", at=AT, action=REALIGN, costs=costs)[1] for costs in (FREE, RewardSection(move=0.5)))
    ahead = (GAMMA ** np.arange(HORIZON)).sum()
    up = BY_NAME["up-small"].index
    taken = dear.known[:, up] & (np.abs(free.gain[:, up]) < 0.9) & (dear.gain[:, up] != np.float32(-0.05 / ahead))
    np.testing.assert_allclose((free.gain - dear.gain)[taken, up], 0.5 / ahead, atol=1e-6)
    links = free.known.shape[0] // (EPOCHS - 1 - LEAST_AHEAD)
    # the notes begin after the first epoch, and an alignment of 20 s is over two epochs later
    resting = slice((AT + 1) * links, (AT + 6) * links)
    refused = dear.gain[resting, REALIGN] == np.float32(-0.05 / ahead)
    assert refused[dear.known[resting, REALIGN]].all()


def test_what_is_said_to_be_refused_is_refused():
    env = NetworkEnv([network("storm", seed) for seed in SEEDS], EnvSettings(epochs=60))
    observation, _ = env.reset(seed=SEEDS)
    rng = np.random.default_rng(1)
    seen = 0
    for epoch in range(60):
        refused, views = env.refused(), env.link_views()
        _, legal = link_inputs(env, observation)
        chosen = np.where(legal[:, REALIGN] & (rng.random(len(legal)) < 0.3), REALIGN, 0)
        shield, groups = env.settings.shield, env.world.stack.network_of_link
        decided = shield_links(views, chosen, shield, env._events, epoch, groups)
        np.testing.assert_array_equal(decided.intervened, (chosen == REALIGN) & refused[:, REALIGN])
        seen += int(decided.intervened.sum())
        observation, *_ = env.step(first_routes(env, chosen))
    assert seen > 100


def test_nothing_is_foreseen_before_the_first_epoch():
    env = NetworkEnv([network("duct", 1)], EnvSettings(epochs=5))
    observation, _ = env.reset(seed=1)
    ahead = Foresight(env, np.ones(env.world.stack.links.count), FREE, 5, 0.9)
    with pytest.raises(ValueError, match="before the first epoch"):
        ahead.note(*(table.astype(np.float32) for table in link_inputs(env, observation)))
    for what in (ahead.lessons, ahead.guided):
        with pytest.raises(ValueError, match="nothing was noted"):
            what()
