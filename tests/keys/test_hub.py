"""Key between simulated nodes: equal at both ends, delivered once, and no more than there is."""

import random

import pytest

from qkdctl.keys.base import BLOCK_BYTES, CHAPTER_BYTES, Key, KeySourceError
from qkdctl.keys.hub import KeyHub

pytestmark = pytest.mark.asyncio


async def test_each_key_is_delivered_once_to_the_peer_it_is_for() -> None:
    hub = KeyHub()
    a, b, c = (hub.source(name) for name in "abc")
    keys = [*await a.draw("b", 3), await a.chapter("b")]
    assert [len(key.material) for key in keys] == [BLOCK_BYTES] * 3 + [CHAPTER_BYTES]
    ids = [key.id for key in keys]
    assert await c.fetch("a", ids) == {}
    assert await a.fetch("b", ids) == {}
    assert await b.fetch("a", ids) == {key.id: key.material for key in keys}
    assert await b.fetch("a", ids) == {}


async def test_a_supply_runs_out() -> None:
    hub = KeyHub()
    a = hub.source("a")
    hub.supply("a", "b", 2 * 8 * BLOCK_BYTES + 100)
    assert len(await a.draw("b", 5)) == 2
    assert await a.left_bits("b") == 100
    with pytest.raises(KeySourceError, match="no key left from a to b"):
        await a.chapter("b")
    assert len(await a.draw("c", 5)) == 5


async def test_a_seeded_hub_repeats_itself() -> None:
    one, two = (KeyHub(random.Random(3).randbytes) for _ in range(2))
    assert await one.source("a").draw("b", 2) == await two.source("a").draw("b", 2)


async def test_the_number_of_a_key_has_16_bytes() -> None:
    with pytest.raises(ValueError, match="16 bytes, got 3"):
        Key(b"abc", b"")
