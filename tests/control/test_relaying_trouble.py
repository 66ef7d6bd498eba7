"""Whatever happens to a router or its node: decided routes come back, none outlive the decisions, nothing waits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from qkdctl_drivers.key_router import KeyRouter

from qkdctl.clock import VirtualClock
from qkdctl.control.alarms import Alarms
from qkdctl.control.epoch import EpochLoop
from qkdctl.control.key_opener import KeyOpener
from qkdctl.control.relaying import Relaying
from qkdctl.devices import RelayView
from qkdctl.devices.supervisor import DeviceState, Supervisor, SupervisorSettings
from qkdctl.records.relay import xor_hex
from qkdctl.records.relay_audits import KeyCase
from qkdctl.records.route import RouteTable
from tests.control.routed import Site, routed

pytestmark = pytest.mark.asyncio
CHAIN = ("a-s", "a-t")


@asynccontextmanager
async def attended(site: Site) -> AsyncIterator[Callable[[], RouteTable]]:
    """The router of a node is looked after as the daemon does it; gives what it serves."""
    task = asyncio.create_task(site.relaying.run())
    try:
        yield lambda: site.instrument.router.table
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_router_that_restarted_gets_its_routes_again_without_a_new_decision() -> None:
    async with routed(CHAIN, "st") as network, attended(network.sites["a"]) as served:
        before = served()
        assert before.routes
        network.sites["a"].instrument.router.power_cycle()
        assert not served().routes
        await network.wait(lambda: served() == before)


async def test_routes_that_could_not_be_sent_are_sent_once_the_router_is_back() -> None:
    async with routed(CHAIN, "st") as network, attended(network.sites["a"]) as served:
        site = network.sites["a"]
        await network.simulation.unplug("a")
        await network.wait(lambda: not site.supervisor.usable)
        await network.decide()
        assert site.alarm("routes-not-applied")
        assert (await site.relaying.report()).tallies == ()
        await network.simulation.replug("a")
        await network.wait(lambda: served().epoch == network.state.network.epoch)
        await network.wait(lambda: not site.alarm("routes-not-applied"))


async def test_a_node_that_hears_of_no_decision_for_too_long_relays_nothing_until_it_does() -> None:
    async with routed(CHAIN, "st") as network, attended(network.sites["a"]) as served:
        site, epochs = network.sites["a"], _isolated(network.sites["a"].relaying, network.clock)
        task = asyncio.create_task(epochs.run(lambda: None))
        await network.wait(lambda: site.alarm("no-plan"))
        assert served().routes
        await network.wait(lambda: not served().routes)
        assert served().epoch == network.state.network.epoch
        await network.decide()
        await network.wait(lambda: served().routes)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _isolated(relaying: Relaying, clock: VirtualClock) -> EpochLoop:
    """The epochs of a node that nobody talks to."""
    nothing = cast("Any", None)
    return EpochLoop(
        "a", 1.0, clock, links={}, reporter=nothing, application=nothing, journal=nothing,
        alarms=cast("Any", relaying.keeper)._alarms, policy=nothing, table=nothing, acts=nothing, relaying=relaying,
        aside=nothing, until_safe=3, on_epoch=nothing,
    )  # fmt: skip


async def test_a_node_that_stops_leaves_its_router_without_routes() -> None:
    async with routed(CHAIN, "st") as network:
        await network.sites["a"].relaying.stop()
        assert network.sites["a"].instrument.router.table.routes == ()
        assert network.sites["s"].instrument.router.table.routes


async def test_a_node_that_only_observes_writes_nothing_and_is_in_no_trouble() -> None:
    async with routed(CHAIN, "st") as network:
        await network.sites["a"].relaying.stop()
        site = network.sites["a"]
        watcher = Relaying(
            "a", site.supervisor, site.alarms, network.clock, interval_ms=1000, patience_s=1.0, may_write=False
        )
        watcher.apply(network.state)
        assert not await watcher.attend()
        assert (watcher.keeper.in_force, site.instrument.router.table.routes) == (None, ())
        assert not site.alarm("routes-not-applied")


class Strange(KeyRouter):
    """A router whose answers a test gives."""

    view: RelayView

    async def audit(self, key: str) -> RelayView:
        return self.view

    async def read(self, name: str) -> Any:
        await asyncio.Event().wait()


def strange(view: RelayView) -> Supervisor:
    """One that is always there."""
    device = Strange("router", Strange.address_example)
    device.view = view
    supervisor = Supervisor(device, SupervisorSettings(), VirtualClock())
    supervisor.state = DeviceState.ONLINE
    return supervisor


ONE, TWO = "00" * 16, "0f" * 16
SAID = xor_hex(ONE, TWO)
VIEW = RelayView(key="st/1/1/0", path=("s", "a", "t"), position=1, before=ONE, after=TWO, announced=(SAID,))
CASE = KeyCase(key="st/1/1/0", path=("s", "a", "t"), asked=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "st/1/1/1"},
        {"path": ("s", "a", "b")},
        {"position": 0, "before": "", "after": ONE},
    ],
    ids=["another key", "another path", "another place"],
)
async def test_a_node_does_not_pass_on_what_it_would_be_blamed_for_without_being_guilty(
    changes: dict[str, Any],
) -> None:
    alarms = Alarms(VirtualClock())
    opener = KeyOpener("a", strange(VIEW.model_copy(update=changes)), alarms)
    opener.ask([CASE])
    assert not await opener.open()
    assert opener.views() == ()
    assert [(alarm.code, alarm.severity.value, alarm.active) for alarm in alarms.listed()] == [
        ("router-misplaced", "critical", False)
    ]


async def test_a_node_whose_own_router_lies_says_so_to_its_operator_and_the_truth_to_the_others() -> None:
    alarms = Alarms(VirtualClock())
    lie = VIEW.model_copy(update={"announced": ("ff" * 16,)})
    opener = KeyOpener("a", strange(lie), alarms)
    opener.ask([CASE])
    assert await opener.open()
    assert opener.views() == (lie,)
    assert [alarm.code for alarm in alarms.listed()] == ["router-corrupt"]


async def test_keys_of_other_paths_are_not_asked_for() -> None:
    opener = KeyOpener("b", strange(VIEW), Alarms(VirtualClock()))
    opener.ask([CASE])
    assert await opener.open()
    assert opener.views() == ()


async def test_a_router_that_does_not_answer_holds_up_no_report() -> None:
    router, alarms = strange(VIEW), Alarms(VirtualClock())
    relaying = Relaying("a", router, alarms, VirtualClock(), interval_ms=1000, patience_s=0.01, may_write=True)
    relaying.keeper.wanted = relaying.keeper.seen = RouteTable(epoch=1, routes=())
    assert (await relaying.report()).tallies == ()
