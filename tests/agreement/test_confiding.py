"""Shares cross between two nodes under fresh key, each bit of which is used once, and none is lost by asking."""

import asyncio
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from qkdctl.abft.act_messages import KeyShare
from qkdctl.abft.sealed_share import SealedShare
from qkdctl.agreement.confiding import Confidant, ConfidingError
from qkdctl.agreement.share_traffic import ShareTraffic
from qkdctl.keys.base import BLOCK_BYTES, Key
from qkdctl.keys.hub import HubSource, KeyHub

pytestmark = pytest.mark.asyncio
SHARE = KeyShare(3, 1, (bytes(range(256)) * 3)[:528].hex())


class Scarce(HubSource):
    """Gives one key at a time, after one that is only to be announced."""

    drawn = 0

    async def draw(self, peer: str, count: int) -> list[Key]:
        self.drawn += 1
        if self.drawn == 1:
            return [Key(bytes(16), b"")]
        return await super().draw(peer, min(count, 1))


class Slow(HubSource):
    """Lets others go first."""

    async def draw(self, peer: str, count: int) -> list[Key]:
        await asyncio.sleep(0)
        return await super().draw(peer, count)


async def crossed(sealed: SealedShare, hub: KeyHub) -> KeyShare:
    return await Confidant(hub.source("b")).receive(sealed, "a")


async def test_a_share_arrives_as_it_was_and_every_bit_of_it_is_masked_with_its_own_key() -> None:
    hub = KeyHub()
    sender = Confidant(hub.source("a"))
    one, two = await sender.confide(SHARE, "b"), await sender.confide(SHARE, "b")
    assert len(one.keys) == -(-528 // BLOCK_BYTES)
    assert not set(one.keys) & set(two.keys)
    assert one.ciphertext != two.ciphertext
    assert await crossed(one, hub) == await crossed(two, hub) == SHARE


async def test_what_does_not_suffice_yet_is_kept_for_the_next_attempt() -> None:
    hub = KeyHub()
    source = Scarce(hub, "a")
    sender = Confidant(source)
    for there in range(5):
        with pytest.raises(ConfidingError, match=f"5 keys are needed for a share to b, {there} are there"):
            await sender.confide(SHARE, "b")
    sealed = await sender.confide(SHARE, "b")
    assert source.drawn == 6
    assert await crossed(sealed, hub) == SHARE


async def test_shares_that_wait_for_key_are_told_once_and_again_when_there_is_some() -> None:
    sent: list[str] = []
    traffic = ShareTraffic(Confidant(Scarce(KeyHub(), "a")), lambda said: sent.extend(peer for peer, _ in said), heard)
    running = asyncio.create_task(traffic.run())
    with capture_logs() as logs:
        for _ in range(6):
            traffic.give("b", SHARE)
            while traffic._waiting["b"]:
                await asyncio.sleep(0)
    running.cancel()
    assert sent == ["b"]
    assert [(entry["event"].partition(",")[0], entry["log_level"]) for entry in logs] == [
        ("shares wait for key", "info"),
        ("there is key for shares", "info"),
    ]


async def heard(_: str, __: KeyShare) -> None:
    """Nobody sends any."""


async def test_two_shares_that_wait_for_key_at_the_same_time_use_none_twice() -> None:
    hub = KeyHub()
    sender = Confidant(Slow(hub, "a"))
    one, two = await asyncio.gather(sender.confide(SHARE, "b"), sender.confide(SHARE, "b"))
    assert not set(one.keys) & set(two.keys)
    assert await crossed(one, hub) == await crossed(two, hub) == SHARE


@pytest.mark.parametrize(
    "named", [lambda keys: keys[:1], lambda keys: (*keys[:-1], keys[0]), lambda keys: (*keys, "00" * 16)]
)
async def test_a_share_under_fewer_or_more_keys_than_it_needs_is_refused_and_costs_none(named: object) -> None:
    hub = KeyHub()
    sealed = await Confidant(hub.source("a")).confide(SHARE, "b")
    keys: Sequence[str] = named(sealed.keys)  # type: ignore[operator]
    with pytest.raises(ConfidingError, match=r"names [1-6] keys in [1-6], not 5"):
        await crossed(SealedShare(sealed.number, sealed.committee, tuple(keys), sealed.ciphertext), hub)
    assert await crossed(sealed, hub) == SHARE


async def test_a_share_whose_key_is_gone_is_refused() -> None:
    hub = KeyHub()
    sealed = await Confidant(hub.source("a")).confide(SHARE, "b")
    await crossed(sealed, hub)
    with pytest.raises(ConfidingError, match="is not here"):
        await crossed(sealed, hub)
