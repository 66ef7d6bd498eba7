"""Scores are of all contenders on the same networks, and say how sure they are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qkdctl_policies.constructed import constructed_policy
from qkdctl_policies.environment.network_env import EnvSettings
from qkdctl_policies.learning.evaluation import _GROUPS, TRAINED, judge
from qkdctl_policies.learning.evaluation_text import tell
from qkdctl_policies.learning.scenarios import HELD_OUT, SCENARIOS, TO_LEARN_FROM, network

from qkdctl.policy.vetting import vet

NAMES = ("storm", "cambridge")
CLAIMS = {"name": "x", "training_hash": "0" * 64}
ZOO = Path(__file__).parents[3] / "policies" / "zoo"


@pytest.fixture(scope="module")
def judged():
    first = replace(vet(constructed_policy()), claims=CLAIMS | {"seed": "1"})
    second = replace(vet((ZOO / "links.onnx").read_bytes()), claims=CLAIMS | {"seed": "2"})
    return judge({"first": first, "second": second}, NAMES, seeds=2, how=EnvSettings(epochs=6))


def test_files_of_other_trainings_are_policies_of_their_own():
    links, fast = (vet((ZOO / f"{name}.onnx").read_bytes()) for name in ("links", "fast-links"))
    again = replace(links, data=fast.data, claims=links.claims | {"seed": "2"})
    unknown = vet(constructed_policy())
    files = {"a": links, "b": again, "c": fast, "hold": unknown, "d": replace(unknown, data=links.data)}
    found = judge(files, ("duct",), seeds=2, how=EnvSettings(epochs=3))
    assert found.policies == {
        "file a and 1 more": ("a", "b"), "file c": ("c",), "file hold": ("hold",), "file d": ("d",)
    }  # fmt: skip
    own = {name: row["key_share"] for name, row in found.figures.items()}
    np.testing.assert_array_equal(own["file c"], found.trainings["b"]["key_share"])
    np.testing.assert_allclose(own["file a and 1 more"], (own["file c"] + found.trainings["a"]["key_share"]) / 2)
    document = found.document()
    assert document["policies"]["file a and 1 more"] == ["a", "b"]
    assert set(document["trainings"]["all"]["over_all"]) == {"file a and 1 more"}
    assert "| file hold |" in tell(document)
    assert "| mean of file a and 1 more |" in tell(document)


def test_everybody_runs_everything(judged):
    assert set(judged.figures) == {
        "this policy", "ideal", "constructed", "rule-based", "field", "hold", "random", "greedy", "best fixed", "oracle"
    }  # fmt: skip
    for row in judged.figures.values():
        for values in row.values():
            assert values.shape == (2, 2)
            assert np.isfinite(values).all()


def test_a_file_scores_as_itself(judged):
    for name, values in judged.trainings["first"].items():
        np.testing.assert_array_equal(values, judged.figures["constructed"][name])


def test_several_trainings_count_as_their_mean(judged):
    first, second = (judged.trainings[name]["key_share"] for name in ("first", "second"))
    assert not np.array_equal(first, second)
    np.testing.assert_allclose(judged.figures["this policy"]["key_share"], (first + second) / 2)
    over = judged.over_trainings(TRAINED, NAMES).regret_closed
    assert over.low < over.mean < over.high
    each = judged.document()["trainings"]["all"]["each"]
    assert over.mean == pytest.approx(np.mean([one["regret_closed"][0] for one in each.values()]), rel=1e-3)


def test_the_best_fixed_power_is_0_and_the_most_that_is_possible_1(judged):
    assert judged.standing("best fixed", NAMES).regret_closed.mean == 0
    assert judged.standing("oracle", NAMES).regret_closed.mean == 1
    assert judged.standing("greedy", NAMES).greedy_share.mean == 1
    assert judged.standing("ideal", ("storm",)).key_share.mean == pytest.approx(1)


def test_trainings_count_by_their_plain_mean_however_far_one_is_off(judged):
    shares = {f"{n}": {"key_share": np.full((2, 2), share)} for n, share in enumerate((0.9, 0.9, 0.9, 0.9, 0.1))}
    found = (
        replace(judged, trainings=shares, policies={TRAINED: tuple(shares)}).over_trainings(TRAINED, NAMES).key_share
    )
    assert found.mean == pytest.approx(0.74)
    assert found.low < 0.74 < found.high


def test_what_was_learned_from_and_what_was_not_are_told_apart():
    assert not set(_GROUPS["learned_from"]) & set(_GROUPS["held_out"])
    assert {*_GROUPS["learned_from"], *_GROUPS["held_out"]} == set(SCENARIOS) == {*_GROUPS["mild"], *_GROUPS["hard"]}


def test_the_document_groups_scenarios_and_can_be_told(judged):
    document = judged.document()
    assert list(document["scenarios"]) == list(NAMES)
    assert set(document["summary"]) == {"mild", "hard", "learned_from", "held_out", "all"}
    low, high = document["summary"]["all"]["this policy"]["interval_95"]
    assert low <= document["summary"]["all"]["this policy"]["key_share_iqm"] <= high
    text = tell(document)
    assert "| cambridge |" in text
    assert "| oracle |" in text
    assert "| mean of this policy |" in text


def test_scenarios_to_learn_from_and_to_be_judged_by_are_apart():
    assert not set(TO_LEARN_FROM) & set(HELD_OUT)
    for name in SCENARIOS:
        assert network(name, 3).demands.rate_bps.size > 0
        assert network(name, 3, sites=2).links.count == (
            1 if "mesh" in SCENARIOS[name]["network"] else network(name, 3).links.count
        )
    with pytest.raises(ValueError, match="no scenario 'dcut'"):
        network("dcut", 0)
