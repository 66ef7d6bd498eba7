"""The vector environment keeps the interface, gives each network its own story, and judges actions by the rules."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import onnxruntime
import pytest
from gymnasium.vector import AutoresetMode
from qkdctl_policies.environment.network_env import EnvSettings, NetworkEnv

from hil_sim.network.scenario_file import network_of
from qkdctl.policy.actions import ACTIONS, BY_NAME
from qkdctl.policy.schema import FEATURES
from qkdctl.resources import resource

SMALL = {"network": {"topology": "cambridge", "hardware": "snspd-multi"}, "demands": [{"random": 3, "rate_bps": 2e4}]}
LARGE = {
    "network": {"mesh": {"nodes": 8, "relay_share": 0.2}, "hardware": "ingaas", "channel": "demonstration"},
    "demands": [{"random": 5}],
}
LIARS = LARGE | {"adversaries": [{"share": 0.3, "kinds": ["replay", "intercept-resend", "withhold-report"]}]}
NETWORKS = [network_of(scenario | {"seed": 5}).network for scenario in (SMALL, LARGE, LIARS)]
SETTINGS = EnvSettings(epochs=12)


def make(*which, settings=SETTINGS):
    return NetworkEnv([NETWORKS[number] for number in which], settings)


def holding(env):
    return {name: np.zeros(space.shape, dtype=np.int64) for name, space in env.action_space.items()}


def history(env, number, seeds, actions, steps):
    """What network `number` sees and gets."""
    observation, _ = env.reset(seed=seeds)
    links, demands = NETWORKS[actions].link_names, NETWORKS[actions].demands.rate_bps.size
    rng = np.random.default_rng(1)
    story = [observation["links"][number, : len(links)]]
    for _ in range(steps):
        act = holding(env)
        act["links"][number, : len(links)] = rng.integers(len(ACTIONS), size=len(links))
        act["routes"][number, :demands] = rng.integers(4, size=demands)
        observation, reward, _, truncated, _ = env.step(act)
        story += [observation["links"][number, : len(links)], reward[number], truncated[number]]
        story.append(observation["routes"][number][observation["route_mask"][number] > 0])
    return story


def test_spaces_hold_what_comes_and_goes():
    env = make(0, 1, 2)
    observation, infos = env.reset(seed=3)
    assert infos == {}
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    env.action_space.seed(1)
    for _ in range(15):
        assert env.observation_space.contains(observation)
        assert env.observation_space["links"].shape[0] == env.num_envs == 3
        observation, reward, terminated, truncated, _ = env.step(env.action_space.sample())
        assert reward.shape == terminated.shape == truncated.shape == (3,)
        assert np.isfinite(reward).all()
        assert not terminated.any()
    env.close()


def test_without_surroundings_the_features_of_the_format_are_the_same_and_the_rest_is_left_out():
    whole, bare = make(0, 1), make(0, 1, settings=replace(SETTINGS, surroundings=False))
    seen, less = whole.reset(seed=3)[0], bare.reset(seed=3)[0]
    rng = np.random.default_rng(2)
    for _ in range(SETTINGS.epochs + 2):
        assert bare.observation_space.contains(less)
        assert less.keys() == {"links", "legal", "link_mask"}
        assert (less["links"] == seen["links"][..., : len(FEATURES)]).all()
        assert (less["legal"] == seen["legal"]).all()
        act = holding(whole) | {"links": rng.integers(len(ACTIONS), size=whole.action_space["links"].shape)}
        (seen, reward, *_), (less, same, *_) = whole.step(act), bare.step(act)
        assert (reward == same).all()


def test_gymnasium_wrappers_take_it():
    env = gym.wrappers.vector.RecordEpisodeStatistics(make(0, 1))
    env.reset(seed=1)
    for _ in range(SETTINGS.epochs):
        _, _, _, truncated, infos = env.step(holding(env))
    assert truncated.all()
    assert infos["episode"]["l"].tolist() == [SETTINGS.epochs] * 2


def test_observations_lie_on_the_grid_of_the_policy_format():
    env = make(0, 1)
    observation, _ = env.reset(seed=3)
    for _ in range(5):
        observation, *_ = env.step(holding(env))
    for name in ("links", "routes"):
        assert (observation[name] * 4096 == np.rint(observation[name] * 4096)).all()
        assert np.abs(observation[name]).max() <= 8


def test_padding_is_masked_and_empty():
    env = make(0, 1)
    observation, _ = env.reset(seed=3)
    sizes = [len(NETWORKS[number].link_names) for number in (0, 1)]
    assert observation["link_mask"].sum(axis=1).tolist() == sizes
    assert not observation["links"][0, sizes[0] :].any()
    assert not observation["legal"][0, sizes[0] :].any()
    assert observation["legal"][0, : sizes[0], 0].all()
    rows = env.rows(observation["links"])
    assert len(rows) == sum(sizes)
    np.testing.assert_array_equal(env.padded(rows), observation["links"])


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_network_has_the_same_story_alone_and_among_others(which):
    others = [number for number in (0, 1, 2) if number != which]
    alone = history(make(which), 0, [8], which, 30)
    first = history(make(which, *others), 0, [8, 1, 2], which, 30)
    last = history(make(*others, which), 2, [5, 6, 8], which, 30)
    for a, b, c in zip(alone, first, last, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_the_seed_tells_the_story():
    one, again, other = (history(make(1), 0, [seed], 1, 10) for seed in (8, 8, 9))
    for a, b in zip(one, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((np.asarray(a) != np.asarray(b)).any() for a, b in zip(one, other, strict=True))


def test_a_new_episode_begins_in_the_step_that_ends_the_old_one():
    env = make(0, 1)
    start, _ = env.reset(seed=4)
    for epoch in range(1, SETTINGS.epochs + 1):
        observation, _, _, truncated, infos = env.step(holding(env))
        assert truncated.all() == truncated.any() == (epoch == SETTINGS.epochs)
    assert infos["_final_obs"].all()
    assert infos["final_obs"]["links"].any()
    np.testing.assert_array_equal(observation["legal"], start["legal"])
    assert (infos["final_obs"]["links"] != observation["links"]).any()
    assert not env.step(holding(env))[3].any()


def test_part_of_the_networks_can_be_reset_and_the_others_go_on():
    alone, both = make(1), make(0, 1)
    alone.reset(seed=[6])
    both.reset(seed=[5, 6])
    links = len(NETWORKS[1].link_names)
    for step in range(10):
        if step == 4:
            both.reset(options={"reset_mask": np.array([True, False])})
        one, *_ = alone.step(holding(alone))
        two, _, _, truncated, _ = both.step(holding(both))
        np.testing.assert_array_equal(one["links"][0, :links], two["links"][1, :links])
        assert not truncated.any()
    for _ in range(2):
        truncated = both.step(holding(both))[3]
    assert truncated.tolist() == [False, True]


def test_an_illegal_action_holds_and_counts_as_an_intervention():
    env = make(0)
    env.reset(seed=1)
    env.step(holding(env))
    before = env.world.operation.protocol.copy()
    act = holding(env)
    act["links"][0, 0] = BY_NAME["switch-bb84"].index
    _, _, _, _, infos = env.step(act)
    assert infos["intervened"][0].tolist() == [True, False, False]
    assert (env.world.operation.protocol == before).all()


def test_legal_actions_are_carried_out():
    env = make(0)
    env.reset(seed=1)
    observation, *_ = env.step(holding(env))
    act = holding(env)
    for link, name in enumerate(("down-small", "realign", "switch-bbm92")):
        assert observation["legal"][0, link, BY_NAME[name].index]
        act["links"][0, link] = BY_NAME[name].index
    start = env.world.operation.mean_photon_number_e6.copy()
    *_, infos = env.step(act)
    # pairs may not be as bright as weak pulses: the shield cuts the power of a switch
    assert infos["intervened"][0].tolist() == [False, False, True]
    operation = env.world.operation
    assert operation.mean_photon_number_e6[0] < start[0]
    assert operation.protocol.tolist() == [0, 0, 3]
    assert operation.mean_photon_number_e6[2] <= 150_000
    assert operation.dead_left_s.tolist() == [0, 10, 50]


def test_less_key_is_worth_less():
    good, bad = make(0), make(0)
    good.reset(seed=2)
    bad.reset(seed=2)
    act = holding(bad)
    act["links"][:] = BY_NAME["down-large"].index
    for _ in range(8):
        best, worst = good.step(holding(good))[1], bad.step(act)[1]
    assert worst[0] < best[0]


def test_bad_seeds_and_settings_are_refused():
    env = make(0, 1)
    with pytest.raises(ValueError, match="2 networks need as many seeds"):
        env.reset(seed=[1])
    with pytest.raises(ValueError, match="0 or more"):
        env.reset(seed=[1, -1])
    with pytest.raises(ValueError, match="positive length"):
        EnvSettings(epochs=0)
    silent = network_of({"network": {"topology": "cambridge"}}).network
    with pytest.raises(ValueError, match="demand"):
        NetworkEnv([silent])


def test_the_shipped_policy_sees_and_does_what_it_knows():
    session = onnxruntime.InferenceSession(resource("zoo/bench-constructed.onnx"), providers=["CPUExecutionProvider"])
    drifting = SMALL | {"network": SMALL["network"] | {"channel": "demonstration"}, "seed": 5}
    settings = EnvSettings(epochs=60, epoch_s=60.0)
    env = NetworkEnv([network_of(drifting).network], settings)
    made = {}
    for name in ("held", "policy"):
        observation, _ = env.reset(seed=3)
        made[name] = realigned = 0
        for _ in range(settings.epochs - 1):
            act = holding(env)
            if name == "policy":
                rows = env.rows(observation["links"])[:, : len(FEATURES)]
                (values,) = session.run(["link_q"], {"link_observation": rows})
                legal = env.rows(observation["legal"]) > 0
                act["links"] = env.padded(np.where(legal, values, -np.inf).argmax(axis=1))
            observation, _, _, _, infos = env.step(act)
            made[name] += int(infos["key_bits"].sum())
            realigned += int((env.rows(act["links"]) == BY_NAME["realign"].index).sum())
    assert realigned > 0
    assert made["policy"] > 1.2 * made["held"] > 0
