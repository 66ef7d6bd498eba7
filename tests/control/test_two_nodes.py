"""A link between two nodes: each daemon moves its own end, they make key together, and either may die at any time."""

import asyncio

import pytest

from qkdctl.actuation.roles import NotReadyError
from qkdctl.records.session import BasisCounts, End, SessionRecord
from tests.control.lab import CAP_E6
from tests.control.pair import ENDS, Pair
from tests.control.virtual import run, until, virtual

PATIENCE_EPOCHS = 17
"""More than a meeting, the longest search and the parting take."""


async def started(**settings: object) -> Pair:
    """Both daemons, one after the other."""
    pair = Pair(**settings)  # type: ignore[arg-type]
    for end in ENDS:
        await pair.start(end)
    return pair


@virtual
async def test_both_ends_come_up_and_make_key_by_equal_settings() -> None:
    pair = await started()
    await pair.until(pair.settled)
    assert pair.world.mean_photon_number == pytest.approx(0.3, rel=0.01)
    assert pair.world.mean_photon_number <= 0.3
    assert {engine.state.mean_photon_number_e6 for engine in pair.engines.values()} == {300_000}
    state = await pair.epoch()
    assert (state.rows[0].mode, state.rows[0].valid, state.disputes) == ("running", 1, ())
    await pair.stop()
    assert not pair.world.on
    assert pair.engines["bob"].state.mode == "idle"


@virtual
async def test_a_plan_changes_the_light_and_both_engines_and_nobody_is_blamed() -> None:
    pair = await started()
    await pair.until(pair.settled)
    for action in ("up-large", "down-small", "up-small"):
        pair.action = action
        before = pair.engines["bob"].state.mean_photon_number_e6
        await pair.epoch()
        await pair.until(pair.settled)
        told_e6 = pair.engines["alice"].state.mean_photon_number_e6
        assert told_e6 != before
        assert told_e6 == pair.engines["bob"].state.mean_photon_number_e6
        assert 0.99 * told_e6 < 1e6 * pair.world.mean_photon_number <= told_e6
    assert not any(state.disputes or state.verdicts for state in pair.states)
    await pair.stop()


@pytest.mark.parametrize("held", [False, True])
@virtual
async def test_a_node_that_remembers_another_setting_takes_over_what_alice_sends(held: bool) -> None:
    pair = await started(initial_e6={"alice": 450_000, "bob": 200_000})
    if held:
        await pair.run("alice", pair.alice.link.orders.hold("test"))
    for _ in range(6):
        await pair.epoch()
    assert {engine.state.mean_photon_number_e6 for engine in pair.engines.values()} == {450_000}
    assert pair.states[-1].rows[0].secret_key_bits > 0
    assert pair.states[-1].rows[0].mode == ("hold" if held else "running")
    assert not any(state.disputes or state.verdicts for state in pair.states)
    await pair.stop()


@virtual
async def test_alice_keeps_the_cap_by_her_own_calibration_though_the_plan_says_more() -> None:
    pair = await started(initial_e6={"alice": CAP_E6, "bob": CAP_E6})
    await pair.until(pair.settled)
    uncertainty = pair.alice.disk.records["a-b"].uncertainty_ppm / 1e6
    brightest_e6 = 1e6 * max(mean for _, mean in pair.world.launched)
    assert 0.99 * CAP_E6 < brightest_e6 * (1 + uncertainty) <= CAP_E6
    assert not pair.alice.daemon.alarm("power-deviation")
    await pair.stop()


@virtual
async def test_both_re_align_together_and_the_error_rate_falls() -> None:
    pair = await started()
    await pair.until(pair.settled)
    for name, value in (("voltage_1_mv", 1000), ("voltage_2_mv", 900)):
        async with pair.bob.daemon.supervisors["epc"].writing:
            pair.controller.hold(name, value)
    before = (await pair.epoch()).rows[0].qber_z_ppm
    pair.action = "realign"
    await pair.epoch()
    await until(lambda: {engine.state.mode for engine in pair.engines.values()} == {"alignment"}, 1.0)
    await pair.until(pair.settled)
    assert pair.states[-1].rows[0].qber_z_ppm < 30_000 < before
    assert sum(row.realigns for state in pair.states for row in state.rows) == 1
    assert not any(state.disputes or state.verdicts for state in pair.states)
    for site in pair.sites.values():
        assert [p["realign"] for _, p in site.disk.entries if "realign" in p] == ["begun", "done"]
    await pair.stop()


@pytest.mark.parametrize("end", ENDS)
@virtual
async def test_a_node_whose_peer_knows_of_no_re_alignment_goes_on_with_key(end: End) -> None:
    pair = await started()
    await pair.until(pair.settled)
    voltages = dict(pair.controller.held)
    pair.action = "realign"
    pair.deaf = {"alice", "bob"} - {end}
    await pair.epoch()
    pair.deaf = set()
    await until(lambda: pair.engines[end].state.mode == "alignment", 1.0)
    await pair.until(pair.settled)
    daemon = pair.sites[end].daemon
    assert daemon is not None
    assert daemon.alarm("realigned-alone")
    assert pair.controller.held == voltages
    assert pair.world.on
    assert not any(state.disputes or state.verdicts for state in pair.states)
    await pair.stop()


@virtual
async def test_operators_re_align_by_orders_at_both_nodes_and_not_by_one() -> None:
    pair = await started()
    await pair.until(pair.settled)
    await asyncio.gather(*(pair.run(end, pair.sites[end].link.orders.realign("test")) for end in ENDS))
    await pair.until(pair.settled)
    for end in ENDS:
        with pytest.raises(NotReadyError, match="give the order at both nodes"):
            await pair.run(end, pair.sites[end].link.orders.realign("test"))
        await pair.until(pair.settled)
    await pair.stop()


@virtual
async def test_what_only_alice_can_do_is_refused_at_bob_with_words() -> None:
    pair = await started()
    await pair.until(pair.settled)
    with pytest.raises(NotReadyError, match="calibration is done at Alice's end, which stands at another node"):
        await pair.run("bob", pair.bob.link.orders.calibrate("test"))
    assert pair.both("running")
    await pair.run("alice", pair.alice.link.orders.calibrate("test"))
    await pair.until(pair.settled)
    await pair.stop()


@virtual
async def test_safe_at_bob_stops_his_engine_and_safe_at_alice_makes_dark_whatever_bob_does() -> None:
    pair = await started()
    await pair.until(pair.settled)
    await pair.run("bob", pair.bob.link.orders.make_safe("test"))
    assert pair.engines["bob"].state.mode == "idle"
    assert pair.bob.link.mode == "manual-safe"
    await pair.epoch()
    assert pair.world.on, "the light is Alice's"
    assert (await pair.epoch()).rows[0].mode == "manual-safe"
    await pair.run("bob", pair.bob.link.orders.resume("test"))
    await pair.until(pair.settled)
    for instrument in pair.bob.instruments.values():
        instrument.hangs_until = asyncio.get_running_loop().time() + 20.0
    told_at = asyncio.get_running_loop().time()
    await pair.run("alice", pair.alice.link.orders.make_safe("test"))
    assert asyncio.get_running_loop().time() - told_at < 0.5
    assert pair.world.mean_photon_number == 0
    for _ in range(25):
        await pair.epoch()
    assert pair.engines["bob"].state.mode == "key", "Bob waits for light"
    await pair.run("alice", pair.alice.link.orders.resume("test"))
    await pair.until(pair.settled)
    await pair.stop()


@virtual
async def test_a_receiving_end_whose_engine_is_gone_is_no_unsafe_light() -> None:
    pair = await started()
    await pair.until(pair.settled)
    pair.engines["bob"].gone = True
    await pair.epoch()
    await pair.run("bob", pair.bob.link.orders.make_safe("test"))
    assert pair.bob.link.mode == "manual-safe"
    assert not pair.bob.daemon.alarm("not-shown-dark")
    assert pair.engines["bob"].state.mode == "key"
    pair.engines["bob"].gone = False
    await pair.until(lambda: pair.engines["bob"].state.mode == "idle")
    pair.engines["bob"].gone = True
    await pair.stop()


STAGES = ("coming up", "running", "changing", "re-aligning")


async def killed(stage: str, end: End, steps: int) -> bool:
    """Kill one daemon after so many steps in a stage; False when the stage has fewer."""
    pair = Pair()
    site, left, fallen = pair.sites[end], steps, asyncio.Event()

    def step(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            fallen.set()
            site.disk.dead = True
            for instrument in site.instruments.values():
                instrument.crashed.set()

    def arm() -> None:
        site.disk.on_entry = step
        for instrument in site.instruments.values():
            instrument.on_write = step

    if stage == "coming up":
        arm()
    for which in ENDS:
        await pair.start(which)
    if stage != "coming up":
        await pair.until(pair.settled)
        pair.action = {"changing": "up-large", "re-aligning": "realign"}.get(stage, "hold")
        arm()
    for _ in range(4):
        await pair.epoch()
    site.disk.on_entry = lambda _: None
    for instrument in site.instruments.values():
        instrument.on_write = lambda *_: None
    await pair.crash(end)
    other: End = "bob" if end == "alice" else "alice"
    for _ in range(PATIENCE_EPOCHS):
        await pair.epoch()
    assert pair.engines[other].state.mode == "key", "left in alignment"
    assert not pair.sites[other].link.busy
    if end == "bob":
        assert pair.world.on, "Alice's end waits for nobody"
    await pair.start(end)
    await pair.until(pair.settled)
    told_e6 = pair.engines["bob"].state.mean_photon_number_e6
    assert 0.9 * told_e6 < 1e6 * pair.world.mean_photon_number <= told_e6
    assert not any(state.disputes or state.verdicts for state in pair.states)
    assert max(mean for _, mean in pair.world.launched) <= CAP_E6 / 1e6
    await pair.stop()
    assert not pair.world.on
    return fallen.is_set()


def with_many_decoys(records: list[SessionRecord]) -> list[SessionRecord]:
    """More clicks of decoys than their photons make, though fewer than of signals."""

    def changed(z: BasisCounts) -> BasisCounts:
        return z.model_copy(update={"detected": (z.detected[0], 4 * z.detected[1], z.detected[2])})

    return [record.model_copy(update={"z": changed(record.z)}) for record in records]


@virtual
async def test_in_no_epoch_does_a_node_vouch_for_an_engine_whose_decoys_no_photons_explain() -> None:
    pair = await started()
    await pair.until(pair.settled)
    daemon = pair.sites["bob"].daemon
    assert daemon is not None
    pair.engines["bob"].deform = with_many_decoys
    await pair.epoch()
    for _ in range(5):
        await pair.epoch()
        [alarm] = daemon.alarms.listed()
        assert (alarm.code, alarm.subject) == ("records-rejected", "a-b")
        assert "no photon-number yields explain the counts" in alarm.text
    pair.engines["bob"].deform = list
    await pair.epoch()
    assert not daemon.alarms.listed()
    assert not any(state.disputes or state.verdicts for state in pair.states)
    await pair.stop()


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("end", ENDS)
def test_either_daemon_may_die_at_any_step(end: End, stage: str) -> None:
    steps = 1
    while run(killed(stage, end, steps)):
        steps += 1 if steps < 5 else 3 if steps < 12 else 12
    assert steps > 2, "the stage was not observed"
