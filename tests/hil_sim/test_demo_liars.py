"""Liars of the demo: instruments lie, in a form that honest daemons believe; nobody else's instruments do."""

import asyncio
from pathlib import Path

import pytest

from hil_sim.demo.casting import Casting
from hil_sim.demo.cut import SMALLER, load_cut
from hil_sim.demo.liars import FORGED, Liar, Troupe
from hil_sim.demo.story import Story
from hil_sim.instruments.key_router import KeyRouterInstrument
from hil_sim.instruments.qkd_engine import QkdEngine
from hil_sim.instruments.qkd_engine_conduct import EngineConduct
from hil_sim.node_tables import ends_of
from hil_sim.simulation import Simulation
from hil_sim.world.link import OpticalLink
from hil_sim.world.presets import PRESETS
from hil_sim.world.session import KeySession
from hil_sim.world.session_state import SessionParameters
from qkdctl.clock import VirtualClock
from qkdctl.evidence.accusations import OWN
from qkdctl.evidence.claims import sifted
from qkdctl.evidence.decoy_claims import contradiction
from qkdctl.records.facts import LinkFacts, ProtocolFacts
from qkdctl.records.session import SessionRecord

MADRID = Path(__file__).parents[2] / "hil_sim" / "scenarios" / "madrid.toml"
FACTS = LinkFacts(
    link="a-b",
    alice="a",
    bob="b",
    protocols=(ProtocolFacts(protocol="bb84", cap_mean_photon_number_e6=600_000, qber_limit_ppm=60_000),),
    pulse_rate_hz=1_000_000_000,
    detector_efficiency_ppm=650_000,
    receiver_loss_mdb=3000,
    background_yield_e9=200,
    aligned_qber_ppm=12_000,
    attenuator_step_mdb=10,
    calibration_uncertainty_ppm=100_000,
    can_realign=1,
    realign_dead_ms=1000,
    dwell_epochs=12,
)


def records() -> list[SessionRecord]:
    """Twenty seconds of a 50 km link, as both ends know them."""
    clock = VirtualClock()
    link = OpticalLink("a-b", PRESETS["snspd-50km"], 1, clock)
    session = KeySession(link, SessionParameters())
    link.set_laser_power_w(1e-3)
    session.configure(running=True, mean_photon_number_e6=480_000)
    link.set_laser_power_w(1e-3 * 0.48 / link.mean_photon_number())
    asyncio.run(_pass(clock, 20.0))
    return session.records("alice", 0, 100)[2:]


async def _pass(clock: VirtualClock, seconds: float) -> None:
    await clock.advance(seconds)


@pytest.mark.parametrize("text", ["nobody:forge", "norte:lie", "norte", "norte:forge@soon", "norte:silent@5"])
def test_who_lies_and_how_must_be_known(text: str) -> None:
    with pytest.raises(ValueError, match=r"nodes are norte|expected NODE:MANNER|silent from the beginning"):
        Liar.parse(text, ["norte"])


def test_a_liar_begins_when_it_is_told_to() -> None:
    assert Liar.parse("norte:forge@12", ["norte"]) == Liar("norte", "forge", 12)
    assert Liar.parse("norte:silent", ["norte"]).manner == "silent"


def test_forged_records_are_such_that_the_own_daemon_reports_them_and_the_other_end_contradicts_them() -> None:
    truth = records()
    told = [FORGED.told(record) for record in truth]
    sound, complaints, _ = sifted(FACTS, told, None)
    assert not complaints
    assert contradiction(FACTS, sound, OWN) == ""
    changed = [number for number, (lie, true) in enumerate(zip(told, truth, strict=True)) if lie != true]
    assert len(changed) == len(truth) // 2
    assert all(told[i].z.errors[0] < truth[i].z.errors[0] for i in changed)
    assert all(told[i].secret_key_bits >= truth[i].secret_key_bits for i in changed)
    assert [FORGED.told(record) for record in truth] == told, "asked again, an engine tells the same"


def test_an_honest_engine_tells_the_truth() -> None:
    truth = records()
    assert [EngineConduct().told(record) for record in truth] == truth


def test_no_engine_claims_more_errors_than_clicks() -> None:
    for record in records():
        lie = EngineConduct(errors_percent=1000, key_percent=1000).told(record)
        assert lie.z.errors[0] <= lie.z.detected[0]
        assert lie.secret_key_bits <= sum(lie.z.detected)


def _troupe(simulation: Simulation) -> Troupe:
    return Troupe(simulation, ends_of(simulation.scenario))


def _lying_engines(simulation: Simulation) -> set[str]:
    return {
        name
        for name, instrument in simulation.bench.instruments.items()
        if isinstance(instrument, QkdEngine) and instrument.conduct != EngineConduct()
    }


@pytest.mark.asyncio
async def test_only_the_instruments_of_liars_lie() -> None:
    async with Simulation(load_cut(MADRID, SMALLER[4])) as simulation:
        troupe = _troupe(simulation)
        troupe.lie("quevedo", "forge")
        assert _lying_engines(simulation) == {"engine-bob-quijote-quevedo", "engine-alice-quevedo-quijano"}
        troupe.lie("quinto", "corrupt")
        corrupt = {
            instrument.router.node
            for instrument in simulation.bench.instruments.values()
            if isinstance(instrument, KeyRouterInstrument) and instrument.router.conduct.corrupt_ppm
        }
        assert corrupt == {"quinto"}
        troupe.be_honest("quevedo")
        assert not _lying_engines(simulation)
        assert troupe.lying == {"quinto": "corrupt"}


@pytest.mark.asyncio
async def test_slanderers_agree_on_an_honest_neighbour_and_spare_all_others() -> None:
    async with Simulation(load_cut(MADRID, SMALLER[4])) as simulation:
        troupe = _troupe(simulation)
        troupe.lie("quijote", "slander")
        troupe.lie("quijano", "slander")
        assert troupe.victim() == "quevedo"
        assert _lying_engines(simulation) == {"engine-alice-quijote-quevedo", "engine-bob-quevedo-quijano"}


@pytest.mark.asyncio
async def test_keys_let_nodes_lie_and_be_honest_again() -> None:
    async with Simulation(load_cut(MADRID, SMALLER[4])) as simulation:
        story = Story()
        troupe = _troupe(simulation)
        casting = Casting(troupe, story, ("quevedo", "quijano", "quijote", "quinto"), [Liar("quinto", "forge", 3)])
        casting.due(2)
        assert not casting.lying
        casting.due(3)
        casting.press("m")
        casting.press("1")
        casting.press("9")
        assert casting.lying == {"quinto": "forge", "quevedo": "slander"}
        casting.press("4")
        assert casting.lying == {"quevedo": "slander"}
        assert [(lie.node, lie.manner) for lie in story.lies] == [("quinto", "forge"), ("quevedo", "slander")]
