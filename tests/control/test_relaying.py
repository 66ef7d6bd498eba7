"""Routes reach routers and are read back; who spoils keys is found, who loses them avoided, and liars gain nothing."""

import pytest

from hil_sim.key_relay.conduct import RouterConduct
from qkdctl.api.route_models import Routes
from qkdctl.control.key_counter import IDLE_REPORTS
from qkdctl.node.routes_view import routes_view
from qkdctl.records.route import RouteDemand
from tests.control.routed import KEY_BITS, KEYS, routed

pytestmark = pytest.mark.asyncio
SQUARE = ("a-s", "a-t", "b-s", "b-t")


async def test_routes_are_served_by_all_nodes_of_their_paths_and_keys_come() -> None:
    async with routed(SQUARE, "st") as network:
        for _ in range(3):
            await network.decide()
        assert network.ways("st") == ["sat"]
        served = {name: len(site.instrument.router.table.routes) for name, site in network.sites.items()}
        assert served == {"a": 1, "b": 0, "s": 1, "t": 1}
        assert {site.instrument.router.table.epoch for site in network.sites.values()} == {4}
        keys = sum(len(delivery.numbers) for delivery in network.sites["s"].instrument.world.delivered)
        assert keys >= 3 * KEYS
        assert not any(told.tallies or told.relays for told in network.reports)
        assert not any(site.alarm("routes-not-applied") for site in network.sites.values())


async def test_every_node_shows_all_routes_and_whether_its_router_serves_them() -> None:
    async with routed(SQUARE, "st", a={"refuses_routes": True}) as network:
        demands = [RouteDemand(demand="st", source="s", target="t", bits=KEYS * KEY_BITS)]
        shown = {}
        for name, site in network.sites.items():
            document = Routes.model_validate(routes_view(name, network.state, demands, site.relaying))
            ((path,),) = [demand.paths for demand in document.demands]
            shown[name] = path.applied
            assert ("takes no routes" in document.trouble) is (name == "a")
        assert shown == {"s": True, "a": False, "t": True, "b": None}
        alone = routes_view("s", network.state, demands, None)
        assert [path["applied"] for path in alone["demands"][0]["paths"]] == [False]
        assert Routes.model_validate(routes_view("s", None, demands, None)).demands == []


async def test_a_relay_that_corrupts_keys_is_blamed_and_routed_around() -> None:
    async with routed(SQUARE, "st", a={"corrupt_ppm": 300_000}) as network:
        await network.until(network.blamed, epochs=4)
        assert network.blamed() == {"a"}
        assert list(network.opened().values()) == [{"s", "a", "t"}]
        await network.until(lambda: network.ways("st") == ["sbt"])
        for _ in range(3):
            await network.decide()
        assert (network.ways("st"), network.blamed()) == (["sbt"], set())
        assert not any(told.tallies for told in network.reports)
        critical = {(alarm.subject, alarm.code) for s in network.sites.values() for alarm in s.alarms.listed()}
        assert critical == {("a-router", "router-corrupt")}


async def test_a_relay_that_opens_nothing_is_not_blamed_and_routed_around() -> None:
    async with routed(SQUARE, "st", a={"corrupt_ppm": 300_000, "audit": "silent"}) as network:
        await network.until(lambda: network.ways("st") == ["sbt"])
        assert not network.state.network.disputes
        assert {entry.score_ppm for entry in network.state.network.standings} == {1_000_000}


async def test_a_relay_that_drops_keys_is_routed_around_by_the_demand_that_suffers_and_nobody_is_blamed() -> None:
    async with routed(SQUARE, "st", a={"drop_ppm": 200_000}) as network:
        epochs = await network.until(lambda: network.ways("st") == ["sbt"])
        assert 5 <= epochs <= 8
        assert [suspect.node for suspect in network.plan("st").suspects] == ["a"]
        for _ in range(3):
            await network.decide()
        assert network.ways("st") == ["sbt"]
        assert {entry.score_ppm for entry in network.state.network.standings} == {1_000_000}
        assert not network.state.network.disputes


async def test_an_end_that_denies_keys_gains_nothing_but_a_dispute_with_the_other_end() -> None:
    async with routed(SQUARE, "st", "ab", t={"deny_ppm": 1_000_000}) as network:
        await network.until(lambda: network.state.network.disputes)
        before = network.plan("ab")
        for _ in range(6):
            await network.decide()
        assert {(d.link, d.one, d.other) for d in network.state.network.disputes} == {("", "s", "t")}
        assert network.plan("ab").paths == before.paths
        assert {entry.score_ppm for entry in network.state.network.standings} == {1_000_000}


async def test_an_end_that_slanders_relays_is_in_dispute_with_all_and_the_honest_with_it_alone() -> None:
    liar = {"deny_ppm": 1_000_000, "audit": "slander"}
    async with routed(SQUARE, "st", "ab", t=liar) as network:
        for _ in range(9):
            await network.decide()
        assert all("t" in (d.one, d.other) for d in network.state.network.disputes)
        honest = [e for e in network.state.network.standings if e.node != "t"]
        assert {entry.score_ppm for entry in honest} == {1_000_000}
        assert network.ways("ab") == ["asb"]


async def test_all_nodes_open_a_key_in_one_epoch_although_they_saw_it_fail_in_two() -> None:
    async with routed(SQUARE, "st", a={"corrupt_ppm": 1_000_000}) as network:
        named = {}
        for _ in range(5):
            await network.decide("s")
            named |= {(told.node, tally.unequal): told.epoch for told in network.reports for tally in told.tallies}
            if network.opened():
                break
        ((key, who),) = network.opened().items()
        assert who == {"s", "a", "t"}
        assert named.get(("s", key)) != named.get(("t", key))
        assert network.blamed() == {"a"}


async def test_a_key_is_asked_of_again_when_a_report_did_not_count() -> None:
    async with routed(SQUARE, "st", a={"corrupt_ppm": 1_000_000}) as network:
        await network.until(lambda: network.state.audits.cases)
        (case,) = network.state.audits.cases
        network.away = {"a"}
        await network.decide()
        assert (network.opened(), network.blamed()) == ({case.key: {"s", "t"}}, set())
        assert network.state.audits.cases == (case.model_copy(update={"asked": 2}),)
        network.away = set()
        await network.decide()
        assert (network.opened(), network.blamed()) == ({case.key: {"s", "a", "t"}}, {"a"})
        assert case.key not in {case.key for case in network.state.audits.cases}


async def test_a_router_that_takes_no_routes_raises_an_alarm_and_is_routed_around_until_it_does() -> None:
    async with routed(SQUARE, "st", a={"refuses_routes": True}) as network:
        assert network.sites["a"].alarm("routes-not-applied")
        assert not network.sites["s"].alarm("routes-not-applied")
        epochs = await network.until(lambda: network.ways("st") == ["sbt"])
        assert epochs > IDLE_REPORTS
        assert not network.blamed()
        network.sites["a"].instrument.router.conduct = RouterConduct()
        await network.decide()
        assert not network.sites["a"].alarm("routes-not-applied")
        assert network.sites["a"].relaying.keeper.in_force is not None
