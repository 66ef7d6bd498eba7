"""Scenarios are read with every mistake named: where it is, what it is, what to do."""

from pathlib import Path

import pytest

from hil_sim.instruments.registry import find_model, model_names
from hil_sim.scenario import load_scenario, scenario_of
from hil_sim.scenario_problems import LineIndex, ScenarioError

SHIPPED = sorted((Path(__file__).parents[2] / "hil_sim" / "scenarios").glob("*.toml"))


def mistakes(text: str, tmp_path: Path) -> list[str]:
    file = tmp_path / "scenario.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    return [line.removeprefix(f"{file}:") for line in str(caught.value).splitlines()]


GOOD = """\
seed = 3

[links.alice-bob]
preset = "snspd-50km"
fibre_length_km = 10.0

[links.alice-bob.loss_drift]
wander_db = 0.0

[instruments.laser]
model = "thorlabs-cld101x"
link = "alice-bob"
options = { current_limit_a = 0.1 }

[[faults]]
at_s = 5.0
instrument = "laser"
kind = "stall"
seconds = 2.0
"""


def test_a_good_scenario(tmp_path: Path) -> None:
    file = tmp_path / "good.toml"
    file.write_text(GOOD, encoding="utf-8")
    scenario = load_scenario(file)
    link = scenario.links["alice-bob"]
    assert (link.fibre_length_km, link.fibre_loss_db_per_km, link.loss_drift.wander_db) == (10.0, 0.2, 0.0)
    assert link.loss_drift.wander_time_s == 7200
    assert scenario.faults[0].seconds == 2.0
    assert scenario.instruments["laser"].options == {"current_limit_a": 0.1}


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_shipped_scenarios_are_good(path: Path) -> None:
    assert load_scenario(path).instruments


def test_one_of_each_kind_is_shipped() -> None:
    scenario = load_scenario(next(path for path in SHIPPED if path.stem == "instruments"))
    shipped = {section.model for section in scenario.instruments.values()}
    assert shipped == set(model_names())


@pytest.mark.parametrize("name", model_names())
def test_models_go_by_the_name_they_are_registered_under(name: str) -> None:
    assert find_model(name).name == name


@pytest.mark.parametrize(
    ("wrong", "right", "expected"),
    [
        ("seed = 3", "sed = 3", "1: sed: Extra inputs are not permitted -- did you mean 'seed'?"),
        ('"snspd-50km"', '"snspd-5km"', "4: links.alice-bob.preset: unknown preset 'snspd-5km' -- did you mean"),
        ("fibre_length_km = 10.0", "fibre_length = 10.0", "5: links.alice-bob.fibre_length: "),
        (
            "fibre_length_km = 10.0",
            "fibre_length_km = -1",
            "5: links.alice-bob.fibre_length_km: Input should be greater",
        ),
        ('"thorlabs-cld101x"', '"cld101x"', "11: instruments.laser.model: unknown model 'cld101x' -- did you mean"),
        ('link = "alice-bob"', 'link = "alice"', "12: instruments.laser.link: 'alice' does not fit"),
        ('link = "alice-bob"', 'transport = "pty"', "12: instruments.laser.transport: 'pty' does not fit"),
        ('link = "alice-bob"', 'role = "alice"', "12: instruments.laser.role: 'alice' does not fit"),
        ('link = "alice-bob"', "side_ports = { x = 1 }", "12: instruments.laser.side_ports.x: 'x' does not fit"),
        ("current_limit_a = 0.1", "current_limit_a = 9", "13: instruments.laser.options: current_limit_a of a CLD1015"),
        ("current_limit_a = 0.1", "curent_limit_a = 1", "-- did you mean 'current_limit_a'?"),
        (
            'instrument = "laser"',
            'instrument = "lazer"',
            "17: faults.0.instrument: no instrument 'lazer' -- did you mean",
        ),
        ("at_s = 5.0", "at = 5.0", "16: faults.0.at: Extra inputs are not permitted -- did you mean 'at_s'?"),
        ("[instruments.laser]", "[instruments.Laser]", "10: instruments.Laser"),
        ("seed = 3", "seed = ", " not valid TOML: "),
    ],
)
def test_each_mistake_is_named_with_its_line_and_a_hint(wrong: str, right: str, expected: str, tmp_path: Path) -> None:
    assert wrong in GOOD
    found = mistakes(GOOD.replace(wrong, right), tmp_path)
    assert any(expected in line for line in found), found


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('link = "alice-bob"', 'link = "x"').replace('instrument = "laser"', 'instrument = "y"')
    assert len(mistakes(text, tmp_path)) == 2


def test_dictionaries_have_no_lines() -> None:
    with pytest.raises(ScenarioError, match=r"^scenario: instruments\.a\.model: unknown model 'x'"):
        scenario_of({"instruments": {"a": {"model": "x"}}})


def test_two_serial_instruments_with_one_serial_number_would_share_a_link() -> None:
    section = {"model": "ozoptics-epc04", "options": {"serial_number": "7"}}
    with pytest.raises(ScenarioError, match=r"instruments\.b\.options\.serial_number: also that of 'a'"):
        scenario_of({"instruments": {"a": section, "b": section}})


def test_lines_of_tables_keys_and_what_is_around_them() -> None:
    index = LineIndex('a.b = 1\n[t]\n"k" = [\n  2,\n]\n# x = 1\n[[u]]\nv = 1\n[[u]]\nv = 2\n')
    assert [index.line(place) for place in (("a", "b"), ("t", "k"), ("t", "k", 0), ("u", 1, "v"), ("u", 1, "w"))] == [
        1, 3, 3, 10, 9,
    ]  # fmt: skip
    assert index.line(("nowhere",)) is None
