"""The policy file that ships: reproducible, accepted, and worth having."""

import hashlib
import json
import runpy
import sys
from pathlib import Path

import pytest
from qkdctl_policies.bench_link import Bench
from qkdctl_policies.constructed import card, constructed_policy
from qkdctl_policies.rollout import roll_out
from qkdctl_policies.scores import BENCHES

from qkdctl.policy.baselines import Hold
from qkdctl.policy.execution import OnnxPolicy
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.policy.vetting import vet
from qkdctl.records.facts import ProtocolFacts
from qkdctl.records.network import LinkState
from tests.policy.states import facts, link, qber, state, table

ZOO = Path(__file__).parents[2] / "policies" / "zoo"
FILE = ZOO / "bench-constructed.onnx"
POLICY = OnnxPolicy(vet(FILE.read_bytes()))


def action(entry: LinkState, **fact_changes: object) -> str:
    return POLICY.propose(state(entry), table(facts(**fact_changes))).links[0].action  # type: ignore[arg-type]


def test_shipped_file_is_what_the_source_builds() -> None:
    assert FILE.read_bytes() == constructed_policy()


def test_command_line_writes_the_same_file_and_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "again.onnx"
    monkeypatch.setattr("qkdctl_policies.scores.SEEDS", range(1))
    monkeypatch.setattr("qkdctl_policies.scores.EPOCHS", 5)
    monkeypatch.setattr(sys, "argv", ["constructed", str(out)])
    monkeypatch.delitem(sys.modules, "qkdctl_policies.constructed")
    runpy.run_module("qkdctl_policies.constructed", run_name="__main__")
    assert out.read_bytes() == FILE.read_bytes()
    assert json.loads(out.with_suffix(".json").read_text())["sha256"] == POLICY.identity


def test_card_belongs_to_the_file_and_its_scores_can_be_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    data = FILE.read_bytes()
    shipped = json.loads(FILE.with_suffix(".json").read_text(encoding="utf-8"))
    assert shipped["sha256"] == hashlib.sha256(data).hexdigest()
    name = "steady turn, 10 dB"
    monkeypatch.setattr("qkdctl_policies.scores.BENCHES", {name: BENCHES[name]})
    again = json.loads(json.dumps(card(data)))
    assert {key: value for key, value in again.items() if key != "scores"} == {
        key: value for key, value in shipped.items() if key != "scores"
    }
    for policy, rate in again["scores"]["benches"][name]["key_bits_per_s"].items():
        assert shipped["scores"]["benches"][name]["key_bits_per_s"][policy] == pytest.approx(rate, rel=0.02)


@pytest.mark.parametrize("name", sorted(BENCHES))
@pytest.mark.parametrize("seed", [101, 102])
def test_it_beats_holding_and_never_needs_the_shield(name: str, seed: int) -> None:
    own = roll_out(POLICY, BENCHES[name], 60, seed)
    held = roll_out(Hold(), BENCHES[name], 60, seed)
    assert own.key_bits > 1.2 * held.key_bits
    assert not own.interventions
    assert own.actions["realign"] >= (0 if "slow" in name else 1)
    assert own.actions["up-large"] >= 1


def test_a_long_run_stays_within_the_default_limits() -> None:
    run = roll_out(POLICY, Bench(walk_rad=0.02, turn_rad=0.02), 400, 7, ShieldSettings())
    assert set(run.interventions) <= {"realign-budget"}
    assert max(entry.mean_photon_number_e6 for entry in run.plans) < 800_000


def test_quiet_link_is_left_alone_once_it_is_tuned() -> None:
    run = roll_out(POLICY, Bench(walk_rad=0.0, turn_rad=0.0), 200, 3)
    assert {plan.action for plan in run.plans[20:]} == {"hold"}


def test_it_steps_toward_the_optimum_and_slower_when_near() -> None:
    assert action(link(mean_photon_number_e6=250_000)) == "up-large"
    assert action(link(mean_photon_number_e6=563_464, qber_z=qber(8_000))) == "up-small"
    assert action(link(mean_photon_number_e6=600_548)) == "hold"
    assert action(link(mean_photon_number_e6=682_198)) == "hold"
    errors = qber(50_000, floor=50_000)
    assert action(link(mean_photon_number_e6=640_073, qber_z=errors, epochs_since_realign=100)) == "down-large"
    assert action(link(mean_photon_number_e6=384_394, qber_z=errors, epochs_since_realign=100)) == "down-large"
    assert action(link(mean_photon_number_e6=338_387, qber_z=errors, epochs_since_realign=100)) == "hold"


def test_it_is_slow_to_move_again_unless_far_off() -> None:
    near, far = {"mean_photon_number_e6": 496_025}, {"mean_photon_number_e6": 338_387}
    assert action(link(**near)) == "up-large"
    assert action(link(**near, epochs_since_power_change=0)) == "hold"
    assert action(link(**far, epochs_since_power_change=0)) == "up-large"


def test_it_goes_brighter_on_a_short_link() -> None:
    short = link().loss.model_copy(update={"level": 1_000})
    assert action(link(mean_photon_number_e6=600_548)) == "hold"
    assert action(link(mean_photon_number_e6=600_548, loss=short), receiver_loss_mdb=1_000) == "up-large"


def due(excess_sum: int, trend: int = 0, **changes: object) -> str:
    series = qber(15_000, excess_sum=excess_sum, trend=trend)
    usual = {"mean_photon_number_e6": 600_548, "qber_z": series, "epochs_since_realign": 50}
    return action(link(**usual | changes))


def test_it_realigns_when_the_harm_is_worth_the_dead_time() -> None:
    assert due(40_000) == "hold"
    assert due(50_000) == "realign"
    assert due(40_000, trend=8_000) == "realign"
    assert due(40_000, qber_x=qber(15_000, excess_sum=20_000)) == "realign"


def test_a_costlier_realignment_waits_longer() -> None:
    assert due(150_000, realign_dead_ms=2_000) == "realign"
    assert due(150_000, realign_dead_ms=4_000) == "hold"


def test_it_rests_between_realignments() -> None:
    assert due(500_000, epochs_since_realign=9) == "hold"
    assert due(500_000, epochs_since_realign=10) == "realign"


def test_few_counts_are_weak_evidence() -> None:
    assert due(60_000, sifted_bits=500) == "hold"


def test_a_realignment_that_did_not_help_is_retried_after_a_long_rest() -> None:
    bad = {"qber_z": qber(40_000, floor=40_000), "qber_x": qber(40_000, floor=40_000), "mean_photon_number_e6": 384_394}
    assert action(link(**bad, epochs_since_realign=250)) == "hold"
    assert action(link(**bad, epochs_since_realign=400)) == "realign"


def test_it_does_not_act_on_the_mixed_row_of_a_realignment() -> None:
    mixed = qber(60_000, floor=60_000, floor_samples=0, samples=0)
    assert action(link(mean_photon_number_e6=640_073, qber_z=mixed, epochs_since_realign=0)) == "hold"


def test_it_never_raises_near_the_qber_limit_and_never_switches() -> None:
    near = ProtocolFacts(protocol="bb84", cap_mean_photon_number_e6=800_000, qber_limit_ppm=19_000)
    tf = ProtocolFacts(protocol="tf", cap_mean_photon_number_e6=800_000, qber_limit_ppm=90_000)
    assert action(link(mean_photon_number_e6=250_000), protocols=(near, tf)) == "hold"
    assert not action(link(mean_photon_number_e6=640_073), protocols=(tf, near)).startswith("switch")
