"""Hardware that ships makes key over a metropolitan span."""

import numpy as np
import pytest

from hil_sim.network.built import build
from hil_sim.network.hardware_presets import HARDWARE
from hil_sim.network.scenario import NetworkScenario
from hil_sim.network.topology import topology_of
from hil_sim.network.world import NetworkWorld

EPOCH_S = 60.0
LOSS_DB = {"near": 5.0, "far": 10.0}


@pytest.mark.parametrize("name", sorted(HARDWARE))
def test_every_preset_makes_key_within_two_hours(name: str) -> None:
    sites = {site: {"latitude_deg": 48.0 + 0.05 * n, "longitude_deg": 16.0} for n, site in enumerate("amcnb")}
    measured = {"mdi", "tf"} & {*HARDWARE[name].protocols}
    ends = zip(LOSS_DB, ("acm", "cbn"), strict=True)
    spans = {
        span: {"a": a, "b": b, "length_km": 12.0, "loss_db": 3.0} | ({"relay": middle} if measured else {})
        for span, (a, b, middle) in ends
    }
    if not measured:
        sites = {site: place for site, place in sites.items() if site in "abc"}
    topology = topology_of({"title": "two spans", "sites": sites, "spans": spans})
    tables = {"topology": "two-spans", "hardware": name, "relay_hardware": name}
    links = {span: {"loss_db": loss} for span, loss in LOSS_DB.items()}
    scenario = NetworkScenario.model_validate({"network": tables, "links": links, "epoch_s": EPOCH_S})
    world = NetworkWorld([build(scenario, topology).network], [3], epoch_s=EPOCH_S)
    stored = sum(world.step(world.holding()).key.stored_bits for _ in range(120))
    assert np.all(stored > 100_000), stored
