"""The guide for makers of key routers says what the simulated router serves."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from hil_sim.instruments.json_service import Refusal
from hil_sim.instruments.key_router_app import Audit, Info, Relays
from hil_sim.key_relay.conduct import RouterConduct
from hil_sim.key_relay.router import KEPT_KEYS, KEPT_RECORDS
from hil_sim.scenario import scenario_of
from qkdctl.config.network_section import NetworkSection
from qkdctl.control.key_counter import IDLE_REPORTS
from qkdctl.evidence.path_losses import LOSSY_PERMILLE
from qkdctl.records.relay import MOST_NODES, MOST_VIEWED_NODES, MOST_VIEWS, RelayRecord, RelayView
from qkdctl.records.relay_audits import MOST_ASKED
from qkdctl.records.route import MOST_SHARES, MOST_SUSPICION, Route, RoutePath, RouteTable
from qkdctl.routing.agreed import PATIENCE_EPOCHS
from qkdctl.routing.carriers import HOP_COST
from qkdctl.routing.suspicion import STRIKE_EPOCHS, SUSPECT_COST

GUIDE = (Path(__file__).parents[3] / "docs/guides/key-router.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize(
    ("example", "body"), list(zip(EXAMPLES, (Info, RouteTable, Relays, RelayView, Refusal), strict=True))
)
def test_every_example_is_a_body_of_the_interface(example: str, body: type) -> None:
    TypeAdapter(body).validate_json(example)


def test_the_view_of_the_guide_is_honest() -> None:
    view = RelayView.from_json(EXAMPLES[3])
    assert view.own == view.opened_xor
    (request,) = re.findall(r"`(\{\"key\".*?\})`", GUIDE)
    assert Audit.model_validate_json(request).key == view.key


def test_every_field_and_every_conduct_is_explained() -> None:
    explained = set(re.findall(r"`(\w+)`", GUIDE))
    bodies = (Info, RouteTable, Route, RoutePath, Relays, RelayRecord, RelayView, RouterConduct)
    assert {name for body in bodies for name in body.model_fields} <= explained


def test_the_numbers_of_the_guide_are_those_in_force() -> None:
    assert f"2 to {MOST_NODES}, each once" in GUIDE
    assert f"| 1..{MOST_SHARES} |" in GUIDE
    assert f"the last {KEPT_KEYS} keys that failed" in GUIDE
    assert f"at most {MOST_VIEWS} at a node" in GUIDE
    assert f"{MOST_VIEWED_NODES} nodes on their paths together" in GUIDE
    assert f"{LOSSY_PERMILLE // 10} % or more of the keys" in GUIDE
    assert f"within {STRIKE_EPOCHS} epochs" in GUIDE
    assert f"adds {STRIKE_EPOCHS} epochs, up to {MOST_SUSPICION}" in GUIDE
    assert (MOST_ASKED, IDLE_REPORTS, PATIENCE_EPOCHS, SUSPECT_COST // HOP_COST) == (3, 3, 3, 20), "as in words"
    assert f"the last {KEPT_RECORDS:_} records".replace("_", " ") in GUIDE


def test_the_scenario_of_the_guide_is_valid() -> None:
    node, scenario = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert scenario_of(tomllib.loads(scenario)).instruments["halle"].port == 8082
    assert NetworkSection.model_fields.keys() >= tomllib.loads(node)["network"].keys()
