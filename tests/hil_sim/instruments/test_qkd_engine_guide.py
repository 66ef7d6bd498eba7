"""The guide for engine vendors says what the simulated engine serves."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from hil_sim.instruments.json_service import Refusal
from hil_sim.instruments.qkd_engine_app import Info, Records, State, StateChange
from hil_sim.scenario import scenario_of
from qkdctl.records.session import QberSample

GUIDE = (Path(__file__).parents[3] / "docs/guides/qkd-engine.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize(
    ("example", "body"), list(zip(EXAMPLES, (Info, State, Records, QberSample, Refusal), strict=True))
)
def test_every_example_is_a_body_of_the_interface(example: str, body: type) -> None:
    TypeAdapter(body).validate_json(example)


def test_settable_fields_are_those_of_a_change() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| settable \|", GUIDE, re.MULTILINE)
    assert set(rows) == set(StateChange.model_fields)


def test_the_example_of_an_alignment_is_consistent() -> None:
    sample = json.loads(EXAMPLES[3])
    assert sample["qber_ppm"] == sample["errors"] * 1_000_000 // sample["detected"]


def test_every_field_is_explained() -> None:
    explained = set(re.findall(r"`(\w+)`", GUIDE))
    record = json.loads(EXAMPLES[2])["records"][0]
    wanted = {*Info.model_fields, *State.model_fields, *Records.model_fields, *record, *record["z"]}
    assert wanted - {"records"} <= explained


def test_the_scenario_of_the_guide_is_valid() -> None:
    (scenario,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert scenario_of(tomllib.loads(scenario)).instruments["engine"].port == 8080
