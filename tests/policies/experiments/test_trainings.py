"""Claims about learning follow from the evaluation of several trainings, and from nothing else."""

import json

import pytest
from qkdctl_policies.experiments.trainings import TrainingsError, convergence, learning_targets, read_trainings

NAMES = ("constructed", "rule-based", "field", "hold", "random")


def evaluation(shares, longest, *, greedy=1.05, closed=None, spread=0.0, best_of_others=0.6):
    """As the command writes it, all groups alike: a share of the ideal, and of the regret, for each training."""

    def interval(value):
        return [value, value and value - spread, value and value + spread]

    files = {f"seed-{number}.onnx": share for number, share in enumerate(shares)} | {"long.onnx": longest}
    each = {
        file: {
            "key_share_iqm": share,
            "interval_95": interval(share)[1:],
            "greedy_share": interval(greedy),
            "regret_closed": interval(share if closed is None else closed),
        }
        for file, share in files.items()
    }
    groups = ("mild", "hard", "all")
    theirs = {"key_share_iqm": best_of_others, "interval_95": interval(best_of_others)[1:]}
    return {
        "episodes": {file: 6400 if file == "long.onnx" else 500 for file in files},
        "trainings": {group: {"each": each} for group in groups},
        "summary": {group: dict.fromkeys(NAMES, theirs) for group in groups},
    }


def stored(tmp_path, content):
    path = tmp_path / "trainings.json"
    path.write_text(json.dumps(content) if isinstance(content, dict) else content)
    return read_trainings(path)


def test_trainings_that_come_near_the_long_one_have_converged(tmp_path):
    claim = convergence(stored(tmp_path, evaluation([0.68, 0.69, 0.70], 0.70)))
    assert claim.verdict == "holds"
    assert {finding.where for finding in claim.findings} == {"all scenarios", "mild scenarios", "hard scenarios"}
    assert claim.findings[0].low <= 0.69 / 0.70 <= claim.findings[0].high


def test_those_that_stay_behind_have_not(tmp_path):
    assert convergence(stored(tmp_path, evaluation([0.60, 0.61, 0.62], 0.70))).verdict == "does not hold"


def test_the_targets_are_judged_one_by_one(tmp_path):
    found = learning_targets(stored(tmp_path, evaluation([0.68, 0.69, 0.70], 0.70, greedy=0.99, closed=0.8)))
    assert [claim.verdict for claim in found] == ["does not hold", "holds where", "holds"]
    [mild] = [finding for finding in found[1].findings if finding.holds]
    assert mild.where == "mild scenarios"
    beaten = learning_targets(stored(tmp_path, evaluation([0.5, 0.5, 0.5], 0.70)))[2]
    assert beaten.verdict == "does not hold"


def test_networks_that_all_trainings_ran_do_not_average_out(tmp_path):
    shares = [0.86, 0.87, 0.88]
    assert learning_targets(stored(tmp_path, evaluation(shares, 0.9)))[0].verdict == "holds"
    unsure = learning_targets(stored(tmp_path, evaluation(shares, 0.9, spread=0.03)))[0]
    assert unsure.verdict == "not shown"
    assert unsure.findings[0].low == pytest.approx(0.87 - 0.0309, abs=1e-3)


def test_who_is_ahead_by_less_than_networks_differ_has_beaten_nobody(tmp_path):
    ahead = [0.63, 0.63, 0.63]
    assert learning_targets(stored(tmp_path, evaluation(ahead, 0.9, spread=0.01)))[2].verdict == "holds"
    unsure = learning_targets(stored(tmp_path, evaluation(ahead, 0.9, spread=0.03)))[2]
    assert unsure.verdict == "not shown"
    assert unsure.findings[0].value == pytest.approx(1.05)
    assert unsure.findings[0].low == pytest.approx(1.05 - (0.03**2 + (1.05 * 0.03) ** 2) ** 0.5 / 0.6)


def test_nothing_is_said_without_an_evaluation():
    for claim in (convergence(None), *learning_targets(None)):
        assert claim.verdict == "not measured yet"
        assert "--trainings" in claim.why


def without(document, *path):
    table = document
    for name in path[:-1]:
        table = table[name]
    del table[path[-1]]
    return document


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        evaluation([0.6, 0.6], 0.7),
        without(evaluation([0.6] * 3, 0.7), "episodes", "long.onnx"),
        without(evaluation([0.6] * 3, 0.7), "trainings", "mild", "each", "seed-1.onnx"),
        without(evaluation([0.6] * 3, 0.7), "trainings"),
        evaluation([None, 0.6, 0.6], 0.7),
    ],
)
def test_anything_else_is_refused(tmp_path, content):
    with pytest.raises(TrainingsError, match="expected what 'qkdctl policy evaluate"):
        stored(tmp_path, content)
