"""What a policy was worth is told against twins of the links on the same fibres, not against another run."""

import math
from pathlib import Path

import pytest

from hil_sim.construction import Bench, Builder
from hil_sim.demo.cut import SMALLER, load_cut
from hil_sim.demo.liars import FORGED
from hil_sim.demo.untouched import Untouched, Yield
from hil_sim.instruments.qkd_engine import QkdEngine
from hil_sim.world.session import KeySession
from qkdctl.clock import VirtualClock

MADRID = load_cut(Path(__file__).parents[2] / "hil_sim" / "scenarios" / "madrid.toml", SMALLER[4])
LINK = "quevedo-quijano"


class Stage:
    """A bench whose one link is set by hand."""

    def __init__(self, by_id: Path) -> None:
        self.clock = VirtualClock()
        self.bench: Bench = Builder(MADRID, self.clock, by_id).build()
        self.untouched = Untouched(self.bench, MADRID.seed, self.clock)

    @property
    def engines(self) -> list[QkdEngine]:
        engines = [each for each in self.bench.instruments.values() if isinstance(each, QkdEngine)]
        return [engine for engine in engines if engine.session.link.name == LINK]

    @property
    def session(self) -> KeySession:
        return self.engines[0].session

    def light(self, e6: int) -> None:
        """Make key at this mean photon number."""
        self.session.configure(mode="idle")
        self.session.link.set_shutter_open(True)
        self.session.link.set_laser_power_w(0.0075)
        self.session.link.set_attenuation_db(0.0)
        brightest = self.session.link.mean_photon_number()
        self.session.link.set_attenuation_db(10 * math.log10(brightest * 1e6 / e6))
        self.session.configure(mode="key", mean_photon_number_e6=e6)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.mark.asyncio
async def test_who_holds_makes_what_holding_makes(stage: Stage) -> None:
    await stage.clock.advance(10)
    stage.light(300_000)
    assert stage.untouched.begin() == 1
    await stage.clock.advance(60)
    gain = stage.untouched.look()[LINK].gain
    assert gain == pytest.approx(0.0, abs=0.02)


@pytest.mark.asyncio
async def test_a_better_power_shows_as_a_gain_and_darkness_as_a_loss(stage: Stage) -> None:
    stage.light(300_000)
    stage.untouched.begin()
    stage.light(500_000)
    await stage.clock.advance(30)
    brighter = stage.untouched.look()[LINK]
    assert brighter.gain is not None
    assert brighter.gain > 0.1
    stage.session.configure(mode="idle")
    await stage.clock.advance(30)
    darker = stage.untouched.look()[LINK]
    assert darker.made_bits == brighter.made_bits
    assert darker.held_bits == pytest.approx(2 * brighter.held_bits, rel=0.05)


@pytest.mark.asyncio
async def test_a_twin_begins_with_its_link_and_once(stage: Stage) -> None:
    await stage.clock.advance(10)
    assert stage.untouched.begin() == 0
    assert stage.untouched.look() == {}
    stage.light(300_000)
    stage.untouched.begin()
    await stage.clock.advance(10)
    before = stage.untouched.look()
    stage.untouched.begin()
    assert stage.untouched.look() == before


@pytest.mark.asyncio
async def test_what_engines_forge_is_no_key(stage: Stage) -> None:
    stage.light(300_000)
    stage.untouched.begin()
    for engine in stage.engines:
        engine.conduct = FORGED
    await stage.clock.advance(30)
    assert stage.untouched.look()[LINK].gain == pytest.approx(0.0, abs=0.03)


@pytest.mark.asyncio
async def test_links_are_noticed_as_they_come_up(stage: Stage) -> None:
    async with stage.untouched.following():
        await stage.clock.advance(1)
        stage.light(300_000)
        await stage.clock.advance(10)
        assert stage.untouched.look()[LINK].held_bits > 0


def test_without_key_there_is_no_gain_to_tell() -> None:
    assert Yield(100, 0).gain is None
    assert Yield(150, 100).gain == 0.5
