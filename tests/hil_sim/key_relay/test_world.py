"""Keys travel hop by hop, arrive equal where all relays are honest, and routers that lie are found as far as can be."""

import numpy as np
import pytest

from hil_sim.key_relay.conduct import AuditConduct, RouterConduct
from hil_sim.key_relay.refusals import RouterRefusedError
from hil_sim.key_relay.router import KeyRouter
from hil_sim.key_relay.transfer import KEY_BITS
from hil_sim.kme.pool import KeyPool
from qkdctl.records.relay import xor_hex
from qkdctl.records.route import RouteTable
from tests.hil_sim.key_relay.networks import PLENTY, Network, route

pytestmark = pytest.mark.asyncio
CHAIN = ("a-s", "a-b", "b-t")
LADDER = ("a-s", "a-t", "b-s", "b-t", "c-s", "c-t")


async def test_keys_arrive_at_both_ends_at_the_rate_of_the_route() -> None:
    network = Network(*CHAIN)
    network.serve("sabt")
    await network.pass_time(2.0)
    assert [r.outcome for r in network.records("t")] == ["equal"] * 12
    assert [r.key for r in network.records("a")][:2] == ["st/1/1/0", "st/1/1/1"]
    assert [d.numbers for d in network.world.delivered] == [(0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11)]
    assert len({d.keys[i : i + 32] for d in network.world.delivered for i in range(0, len(d.keys), 32)}) == 12
    assert network.world.feed("t", "s")() == 12 * KEY_BITS


async def test_each_hop_pays_for_the_key_that_crosses_it() -> None:
    network = Network(*CHAIN, start_bits=3 * KEY_BITS)
    network.serve("sabt")
    assert [r.outcome for r in network.records("s")] == ["equal", "equal", "equal", "lost"]
    await network.pass_time(1.0)
    assert [r.outcome for r in network.records("s")][4:] == ["lost"], "an empty link costs one record per interval"


async def test_relayed_key_can_feed_a_pool_between_its_ends() -> None:
    network = Network(*CHAIN)
    pool = KeyPool("s", "t", network.world.feed("s", "t"), capacity_bits=PLENTY, route="relayed")
    network.serve("sabt")
    assert pool.available_bits() == 4 * KEY_BITS


async def test_nothing_flows_until_every_node_of_the_path_was_told_the_same() -> None:
    network = Network(*CHAIN)
    network.world.tell("b", RouteTable(epoch=1, routes=(route("sabt", bits=512),)))
    network.world.tell("t", RouteTable(epoch=1, routes=(route("sabt"),)))
    for node in "sa":
        network.world.tell(node, RouteTable(epoch=1, routes=(route("sabt"),)))
    await network.pass_time(5.0)
    assert network.records("s") == []
    network.world.tell("b", RouteTable(epoch=1, routes=(route("sabt"),)))
    assert len(network.records("s")) == 4


async def test_a_table_sent_again_neither_stops_nor_restarts_a_route() -> None:
    network = Network(*CHAIN)
    network.serve("sabt")
    await network.pass_time(0.5)
    network.serve("sabt", epoch=2)
    await network.pass_time(0.4)
    assert len(network.records("s")) == 4
    await network.pass_time(0.1)
    assert len(network.records("s")) == 8
    network.serve(epoch=3)
    await network.pass_time(9.0)
    network.serve("sabt", epoch=4)
    keys = [record.key for record in network.records("s")]
    assert len(keys) == len(set(keys)) == 12, "a key number is never used again"


async def test_who_slept_for_long_makes_up_for_a_minute_only() -> None:
    network = Network(*CHAIN)
    network.serve("sabt")
    await network.pass_time(3600.0)
    assert 61 <= len(network.records("s")) / 4 <= 62


async def test_a_relay_announces_the_xor_of_its_hop_keys_and_never_the_key() -> None:
    network = Network(*CHAIN)
    network.world.routers["a"].conduct = RouterConduct(reads=True)
    network.serve("sabt")
    (one, two) = (network.records(node)[0].announced for node in "ab")
    key = network.world.routers["a"].read["st/1/1/0"].hex()
    assert len({one, two, xor_hex(one, two), key}) == 4
    assert network.records("s")[0].announced == network.records("t")[0].announced == ""


@pytest.mark.parametrize("told", ["honest", "false-announcement"])
async def test_a_relay_that_corrupts_is_convicted_by_the_first_audit(told: AuditConduct) -> None:
    network = Network(*CHAIN, a=RouterConduct(corrupt_ppm=100_000, audit=told))
    network.serve("sabt", bits=100 * KEY_BITS)
    bad = [r.key for r in network.records("t") if r.outcome == "unequal"]
    assert 2 <= len(bad) <= 25
    for key in bad:
        assert [blame.node for blame in network.audit(key, "sabt").blamed] == ["a"]


async def test_a_relay_that_opens_false_keys_is_in_dispute_with_its_neighbour() -> None:
    network = Network(*CHAIN, a=RouterConduct(corrupt_ppm=1_000_000, audit="false-key"))
    network.serve("sabt")
    found = network.audit("st/1/1/0", "sabt")
    assert (found.blamed, [dispute.nodes for dispute in found.disputes]) == ((), [("a", "b")])


async def test_a_relay_that_deceives_the_destination_alone_is_in_dispute_with_it() -> None:
    network = Network(*CHAIN, a=RouterConduct(corrupt_ppm=1_000_000, deceives="destination"))
    network.serve("sabt")
    found = network.audit("st/1/1/0", "sabt")
    assert (found.blamed, [dispute.nodes for dispute in found.disputes]) == ((), [("a", "t")])


async def test_an_end_that_denies_is_in_dispute_with_the_other() -> None:
    network = Network(*CHAIN, t=RouterConduct(deny_ppm=1_000_000))
    network.serve("sabt")
    found = network.audit("st/1/1/0", "sabt")
    assert (found.blamed, [dispute.nodes for dispute in found.disputes]) == ((), [("s", "t")])


async def test_slander_hits_nobody_but_the_slanderer() -> None:
    network = Network(*CHAIN, a=RouterConduct(corrupt_ppm=1_000_000), s=RouterConduct(audit="slander"))
    network.serve("sabt")
    found = network.audit("st/1/1/0", "sabt")
    assert [blame.node for blame in found.blamed] == ["a"]
    assert [dispute.nodes for dispute in found.disputes] == [("b", "s")]


async def test_silence_is_noted_and_a_dropped_key_is_lost_without_an_audit() -> None:
    network = Network(*CHAIN, b=RouterConduct(drop_ppm=1_000_000, audit="silent"))
    network.serve("sabt")
    assert {r.outcome for r in network.records("s")} == {"lost"}
    with pytest.raises(RouterRefusedError, match="opens nothing"):
        network.audit("st/1/1/0", "sabt")
    network.world.routers["b"].conduct = RouterConduct(corrupt_ppm=1_000_000, audit="silent")
    await network.pass_time(1.0)
    with pytest.raises(RouterRefusedError, match="b opens nothing"):
        network.audit(network.records("s")[-1].key, "sabt")


async def test_keys_that_may_be_in_use_are_never_opened() -> None:
    network = Network(*CHAIN)
    network.serve("sabt")
    assert network.records("a")[0].outcome == "equal"
    for node in "sabt":
        with pytest.raises(RouterRefusedError):
            network.world.routers[node].audit("st/1/1/0")


async def test_a_path_that_fails_costs_no_key_that_two_of_three_shares_give() -> None:
    network = Network(*LADDER, b=RouterConduct(corrupt_ppm=1_000_000))
    network.serve("sat", "sbt", "sct", threshold=2)
    assert {r.outcome for r in network.records("b")} == {"unequal"}
    assert [delivery.numbers for delivery in network.world.delivered] == [(0, 1, 2, 3)]
    assert all(2 not in delivery.public.sealed for delivery in network.world.delivered), "nothing under an opened key"
    network.world.routers["c"].conduct = RouterConduct(drop_ppm=1_000_000)
    await network.pass_time(1.0)
    assert len(network.world.delivered) == 1


async def test_readers_on_fewer_than_k_paths_learn_nothing_and_on_k_paths_everything() -> None:
    network = Network(*LADDER, a=RouterConduct(reads=True), b=RouterConduct(reads=True))
    network.serve("sat", "sbt", "sct", threshold=2)
    delivery = network.world.delivered[0]
    read = {share: network.world.routers[node].read for share, node in ((1, "a"), (2, "b"))}
    keys = {share: b"".join(kept[f"st/{share}/1/{n}"] for n in range(4)) for share, kept in read.items()}
    assert delivery.public.open(keys) == delivery.keys
    with pytest.raises(ValueError, match="threshold of 2"):
        delivery.public.open({1: keys[1]})
    guesses = {delivery.public.open({1: keys[1], 3: bytes([guess]) * 128}) for guess in range(16)}
    assert len(guesses) == 16, "every share that is not known leads to another key"
    assert {r.outcome for r in network.records("t")} == {"equal"}, "nobody can notice a reader"


async def test_tables_that_do_not_fit_are_refused_and_the_old_one_stays() -> None:
    network = Network(*CHAIN)
    network.serve("sabt", epoch=5)
    router = network.world.routers["a"]
    for table, why in (
        (RouteTable(epoch=4, routes=()), "epoch 4"),
        (RouteTable(epoch=6, routes=(route("sb"),)), "does not lead through a"),
        (RouteTable(epoch=6, routes=(route("cab"),)), "over its links"),
    ):
        with pytest.raises(RouterRefusedError, match=why):
            router.accept(table)
    assert router.table.epoch == 5
    router.conduct = RouterConduct(refuses_routes=True)
    with pytest.raises(RouterRefusedError, match="takes no routes"):
        router.accept(RouteTable(epoch=6, routes=()))
    router.power_cycle()
    assert router.table.routes == ()


async def test_records_are_paged_by_number() -> None:
    network = Network(*CHAIN)
    network.serve("sabt")
    await network.pass_time(2.0)
    router = network.world.routers["a"]
    assert (router.oldest, router.newest) == (1, 12)
    assert [r.sequence for r in router.records(5, 3)] == [6, 7, 8]
    assert list(router.records(12, 3)) == []


async def test_a_node_has_one_router() -> None:
    network = Network(*CHAIN)
    with pytest.raises(ValueError, match="has a key router"):
        network.world.add_router(KeyRouter("a", {}))


@pytest.mark.parametrize("seed", range(8))
async def test_two_liars_of_any_conduct_are_hit_and_never_an_honest_router(seed: int) -> None:
    random = np.random.default_rng(seed)
    liars = {*random.choice(list("sabct"), size=2, replace=False).tolist()}
    network = Network("a-s", "a-b", "b-c", "c-t", seed=seed)
    for liar in sorted(liars):
        network.world.routers[liar].conduct = RouterConduct(
            corrupt_ppm=400_000,
            deny_ppm=300_000,
            drop_ppm=100_000,
            deceives=random.choice(["everyone", "destination"]).item(),
            audit=random.choice(["honest", "false-key", "false-announcement", "slander"]).item(),
        )
    network.serve("sabct", bits=20 * KEY_BITS)
    failed = [r.key for r in network.records("t") if r.outcome == "unequal"]
    assert failed
    for key in failed:
        found = network.audit(key, "sabct", faults=2)
        assert {blame.node for blame in found.blamed} <= liars
        assert all(liars.intersection(dispute.nodes) for dispute in found.disputes)
        assert found.blamed or found.disputes


async def test_keys_go_over_whichever_paths_were_good_for_them() -> None:
    network = Network(*LADDER, b=RouterConduct(corrupt_ppm=500_000))
    network.serve("sat", "sbt", "sct", threshold=2, bits=40 * KEY_BITS)
    good = {r.key for r in network.records("b") if r.outcome == "equal"}
    by_paths = {tuple(sorted(delivery.public.sealed)): set(delivery.numbers) for delivery in network.world.delivered}
    assert {f"st/2/1/{number}" for number in by_paths[1, 2, 3]} == good
    assert by_paths[1, 3] == set(range(40)) - by_paths[1, 2, 3]
