import statistics

import pytest

from hil_sim.world.link import OpticalLink
from hil_sim.world.parameters import LinkParameters
from hil_sim.world.presets import PRESETS
from hil_sim.world.session import KeySession
from hil_sim.world.session_state import SessionParameters
from tests.hil_sim.world.links import STILL, HandClock, lit_link


def seconds_until_five_percent(name, seed, step_s, patience_s):
    link = OpticalLink("alice-bob", PRESETS[name], seed, clock := HandClock())
    begin = clock.now_s
    while link.misalignment_error() < 0.05 and clock.now_s < begin + patience_s:
        clock.go_on(step_s)
    return clock.now_s - begin


@pytest.mark.parametrize("name", PRESETS)
def test_a_link_begins_near_one_percent_and_makes_key(name):
    link = lit_link(PRESETS[name], clock=(clock := HandClock()))
    session = KeySession(link, SessionParameters())
    session.configure(running=True, mean_photon_number_e6=500_000)
    clock.go_on(3)
    first, *_, last = session.records("bob", 0, 100)
    assert 5_000 < first.z.qber_ppm() < 15_000
    assert last.secret_key_bits > 10_000


@pytest.mark.parametrize("name", PRESETS)
def test_half_a_photon_is_within_reach_of_laboratory_lasers_and_attenuators(name):
    link = OpticalLink("a", PRESETS[name], 1, HandClock())
    link.set_laser_power_w(1e-3)
    link.set_attenuation_db(45.0)
    assert link.mean_photon_number() < 0.5
    link.set_attenuation_db(5.0)
    assert link.mean_photon_number() > 0.5


@pytest.mark.parametrize("name", ["snspd-50km-demo", "ingaas-25km-demo"])
def test_an_unattended_demonstration_passes_five_percent_within_tens_of_seconds(name):
    times = [seconds_until_five_percent(name, seed, 0.5, 200) for seed in range(30)]
    assert 10 < statistics.median(times) < 60
    assert max(times) < 150


@pytest.mark.parametrize("name", ["snspd-50km", "ingaas-25km"])
def test_a_deployed_link_does_so_within_hours(name):
    times = [seconds_until_five_percent(name, seed, 60.0, 48 * 3600) for seed in range(30)]
    assert 1 < statistics.median(times) / 3600 < 12


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid_as_a_scenario_would_write_them(name):
    assert LinkParameters.model_validate_json(PRESETS[name].model_dump_json()) == PRESETS[name]


def test_overlapping_gates_are_refused():
    with pytest.raises(ValueError, match="gates would overlap"):
        LinkParameters.model_validate(STILL.model_dump() | {"gate_s": 2e-9})
