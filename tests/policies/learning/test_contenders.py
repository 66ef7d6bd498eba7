"""Baselines on many links do what their originals do on one."""

import numpy as np
from qkdctl_policies.environment.facts import FactArrays
from qkdctl_policies.environment.link_states import advanced, unseen
from qkdctl_policies.environment.link_views import LinkViews
from qkdctl_policies.environment.network_env import EnvSettings, NetworkEnv
from qkdctl_policies.environment.rules import legal_actions
from qkdctl_policies.learning.contenders import (
    REALIGN,
    FieldContender,
    HoldContender,
    RandomContender,
    RuleContender,
    best_of,
)
from qkdctl_policies.learning.ideal import best_fixed, ideal
from qkdctl_policies.learning.play import link_inputs, play
from qkdctl_policies.learning.scenarios import network

from hil_sim.network.hardware import PROTOCOLS
from qkdctl.policy.actions import BY_NAME
from qkdctl.policy.baselines import RuleBased
from qkdctl.policy.optimum import best_mean_photon_number_e6
from qkdctl.records.facts import LinkTable
from tests.policies.environment.twins import agreed_rows, random_facts, random_rows
from tests.records.samples import state_after

LINKS = 9
SETTINGS = EnvSettings(epochs=70)


def storm(count=2, settings=SETTINGS):
    return NetworkEnv([network("storm", seed) for seed in range(count)], settings)


def test_the_optimum_of_many_error_rates():
    rates = np.arange(0, 130_000, 37)
    np.testing.assert_array_equal(best_of(rates), [best_mean_photon_number_e6(int(rate)) for rate in rates])


def test_the_rule_is_that_of_the_daemon():
    taken = set()
    for seed in range(16):
        rng = np.random.default_rng(seed)
        entries = random_facts(rng, LINKS)
        table = LinkTable(epoch_ms=1_000, links=tuple(entries))
        facts = FactArrays.of(entries)
        first = np.array([PROTOCOLS.index(entry.protocols[0].protocol) for entry in entries], dtype=np.int8)
        states, state, rows = unseen(facts, first), None, None
        for epoch in range(1, 41):
            rows = random_rows(rng, entries, rows)
            present = rng.random(LINKS) < 0.9
            states = advanced(states, rows, present, facts, 1_000)
            state = state_after(state, epoch, *agreed_rows(rows, entries, present), facts_of=table)
            trust = np.full(LINKS, 1_000_000)
            views = LinkViews(states, facts, trust, trust, 1_000)
            actions = RuleContender().actions(views, legal_actions(views))
            proposed = [BY_NAME[link.action].index for link in RuleBased().propose(state, table).links]
            assert actions.tolist() == proposed, (seed, epoch)
            taken |= set(proposed)
    assert len(taken) > 3, "a rule that always holds would prove nothing"


def test_operators_wait_for_five_estimates_and_leave_a_link_alone_for_ten_minutes():
    env = storm()
    observation, _ = env.reset(seed=1)
    field = FieldContender()
    field.begin(env)
    realigned = []
    for _ in range(SETTINGS.epochs):
        actions = field.choose(env, *link_inputs(env, observation))
        realigned.append(actions == REALIGN)
        observation, *_ = env.step(
            {"links": env.padded(actions), "routes": np.zeros(env.action_space["routes"].shape, int)}
        )
    epochs, links = np.nonzero(np.array(realigned))
    assert epochs.size > 0
    assert epochs.min() >= 1, "nobody knows an error rate before the first epoch"
    for link in range(realigned[0].size):
        assert (np.diff(epochs[links == link]) >= 60).all()


def test_chance_is_legal_and_repeats_itself():
    env = storm(1, EnvSettings(epochs=10))
    first, again = (play(env, [1], RandomContender(7)) for _ in range(2))
    np.testing.assert_array_equal(first.reward, again.reward)
    rows, legal = link_inputs(env, env.reset(seed=1)[0])
    actions = RandomContender(1).choose(env, rows, legal)
    assert legal[np.arange(actions.size), actions].all()


def test_holding_moves_nothing_and_nobody_beats_ideal_control_in_a_storm():
    short, seeds = EnvSettings(epochs=25), [1]
    env = storm(1, short)
    networks = env.world.stack.networks
    held = play(env, seeds, HoldContender())
    ruled = play(env, seeds, RuleContender())
    fixed = best_fixed(networks, seeds, short, (300_000, 500_000))
    best = ideal(networks, seeds, short, (400_000,))
    assert held.moves.tolist() == held.interventions.tolist() == [0.0]
    assert (best.key_bps > ruled.key_bps).all()
    assert (ruled.key_bps > held.key_bps).all()
    assert (fixed.key_bps >= held.key_bps).all()
    assert (best.link_key_bps > 0).all()


def test_ideal_control_runs_the_protocol_of_most_key():
    kept = EnvSettings(epochs=10)
    many = [network("many-protocols", 1)]
    first = ideal([network("duct", 1)], [1], kept, (400_000,))
    best = ideal(many, [1], kept, (400_000,))
    held = play(NetworkEnv(many, kept), [1], HoldContender())
    assert best.link_key_bps.size == many[0].links.count
    assert (best.link_key_bps >= held.link_key_bps).all()
    assert first.key_bps > 0
