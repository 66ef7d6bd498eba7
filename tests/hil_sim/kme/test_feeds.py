"""Where the key of a pool comes from."""

import pytest

from hil_sim.kme.feeds import session_feed, steady_feed
from hil_sim.kme.pool import KeyPool, PoolEmptyError
from hil_sim.world.link import OpticalLink
from hil_sim.world.presets import PRESETS
from hil_sim.world.session import KeySession
from hil_sim.world.session_state import SessionParameters
from qkdctl.clock import VirtualClock
from tests.hil_sim.kme.bench import Credit

pytestmark = pytest.mark.asyncio


async def test_a_link_gives_what_its_blocks_prove_and_nothing_while_idle() -> None:
    clock = VirtualClock()
    link = OpticalLink("ab", PRESETS["ingaas-25km"], 1, clock)
    link.set_laser_power_w(1e-3)
    link.set_attenuation_db(29.0)
    session = KeySession(link, SessionParameters())
    feed = session_feed(session)
    await clock.advance(10.0)
    assert feed() == 0
    session.configure(mode="key", mean_photon_number_e6=round(link.mean_photon_number() * 1e6))
    await clock.advance(60.0)
    made = feed()
    assert made == sum(record.secret_key_bits for record in session.records("bob", 0, 1000)) > 0
    assert feed() == made
    session.configure(mode="idle")
    await clock.advance(60.0)
    assert feed() == made


async def test_a_steady_link_makes_key_in_proportion_to_time() -> None:
    clock = VirtualClock(start_s=100.0)
    feed = steady_feed(clock, 2.5, start_bits=7)
    assert feed() == 7
    await clock.advance(10.0)
    assert feed() == 32


async def test_what_exceeds_the_capacity_is_discarded_for_good() -> None:
    credit = Credit(100)
    pool = KeyPool("a", "b", credit, capacity_bits=64)
    assert pool.available_bits() == 64
    pool.take(8)
    assert pool.available_bits() == 0
    credit.bits += 8
    assert len(pool.take(1)) == 1


async def test_taking_too_much_takes_nothing() -> None:
    pool = KeyPool("a", "b", Credit(64), capacity_bits=64)
    with pytest.raises(PoolEmptyError, match="64 secret bits now, 72 are needed"):
        pool.take(9)
    assert len(pool.take(8)) == 8


async def test_the_bytes_depend_on_seed_and_names_whatever_their_order_and_the_size_of_the_draws() -> None:
    def key(first: str, second: str, seed: int, sizes: tuple[int, ...] = (16,)) -> bytes:
        pool = KeyPool(first, second, Credit(), capacity_bits=10_000, seed=seed)
        return b"".join(pool.take(size) for size in sizes)

    assert key("a", "b", 1) == key("b", "a", 1)
    assert len({key("a", "b", 1), key("a", "b", 2), key("a", "c", 1)}) == 3


@pytest.mark.parametrize(("names", "capacity"), [(("a", "a"), 64), (("a", "b"), 7)])
async def test_a_pool_joins_two_nodes_and_holds_a_byte(names: tuple[str, str], capacity: int) -> None:
    with pytest.raises(ValueError):
        KeyPool(*names, Credit(), capacity_bits=capacity)
