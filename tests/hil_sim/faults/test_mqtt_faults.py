"""Which packets a fault strikes, how often, and that luck repeats with its seed."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.faults.delay_line import MOST_BYTES, DelayLine
from hil_sim.faults.fault_list import FaultList
from hil_sim.faults.mqtt_faults import Dice, Fate, MqttFault, MqttFaultKind
from qkdctl.clock import VirtualClock

DROP, DELAY, DUPLICATE = MqttFaultKind.DROP, MqttFaultKind.DELAY, MqttFaultKind.DUPLICATE
REORDER, PARTITION, STALL, CUT = MqttFaultKind.REORDER, MqttFaultKind.PARTITION, MqttFaultKind.STALL, MqttFaultKind.CUT
COUNT = 4000


def fates(*faults: MqttFault, qos: int = 0, seed: int = 1, topic: str = "t") -> list[Fate]:
    dice = Dice(seed, "alice", "up", 1)
    return [dice.message(faults, "alice", "up", topic, qos) for _ in range(COUNT)]


def test_shares_are_kept_and_independent_faults_add_up() -> None:
    """5 standard deviations of a binomial share of 4000 are less than 0.04."""
    lost = sum(fate.copies == 0 for fate in fates(MqttFault(DROP, 0.2), MqttFault(DROP, 0.5))) / COUNT
    assert lost == pytest.approx(1 - 0.8 * 0.5, abs=0.04)
    doubled = sum(fate.copies == 2 for fate in fates(MqttFault(DUPLICATE, 0.3))) / COUNT
    assert doubled == pytest.approx(0.3, abs=0.04)
    overtaken = [fate for fate in fates(MqttFault(REORDER, 0.3, jitter_s=0.2)) if fate.overtaken]
    assert len(overtaken) / COUNT == pytest.approx(0.3, abs=0.04)
    assert max(fate.delay_s for fate in overtaken) <= 0.2


def test_delays_lie_between_delay_and_delay_with_jitter() -> None:
    delays = [fate.delay_s for fate in fates(MqttFault(DELAY, delay_s=0.2, jitter_s=0.1))]
    assert 0.2 <= min(delays) < 0.21
    assert 0.29 < max(delays) < 0.3
    assert not any(fate.overtaken for fate in fates(MqttFault(DELAY, delay_s=0.2, jitter_s=0.1)))


def test_acknowledged_messages_are_lost_on_request_and_never_doubled_or_overtaken() -> None:
    harm = (MqttFault(DROP, 0.5), MqttFault(DUPLICATE), MqttFault(REORDER, delay_s=1.0))
    assert set(fates(*harm, qos=1)) == {Fate()}
    assert {fate.copies for fate in fates(MqttFault(DROP, 0.5, every_qos=True), qos=1)} == {0, 1}
    assert {fate.copies for fate in fates(MqttFault(PARTITION), qos=2)} == {0}


def test_a_message_has_the_same_luck_whatever_else_goes_on() -> None:
    plain = fates(MqttFault(DROP, 0.2))
    assert fates(MqttFault(DROP, 0.2)) == plain
    assert fates(MqttFault(DROP, 0.2), seed=2) != plain
    dice = Dice(1, "alice", "up", 1)
    busy = []
    for _ in range(COUNT):
        dice.other([], "alice", "up")
        busy.append(dice.message([MqttFault(DROP, 0.2), MqttFault(DUPLICATE, 0.5)], "alice", "up", "t", 0))
    assert [fate.copies == 0 for fate in busy] == [fate.copies == 0 for fate in plain]
    for other in (Dice(1, "bob", "up", 1), Dice(1, "alice", "down", 1), Dice(1, "alice", "up", 2)):
        assert [other.message([MqttFault(DROP, 0.2)], "alice", "up", "t", 0) for _ in range(COUNT)] != plain


@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        (MqttFault(PARTITION), {"alice a/b", "bob a/b", "alice c", "bob c"}),
        (MqttFault(PARTITION, clients=("ali*",)), {"alice a/b", "alice c"}),
        (MqttFault(PARTITION, clients=("bob", "carol")), {"bob a/b", "bob c"}),
        (MqttFault(PARTITION, topics=("a/+",)), {"alice a/b", "bob a/b"}),
        (MqttFault(PARTITION, clients=("bob",), topics=("a/#", "c")), {"bob a/b", "bob c"}),
        (MqttFault(PARTITION, directions=("down",)), set()),
    ],
)
def test_a_fault_strikes_the_clients_topics_and_directions_it_names(fault: MqttFault, struck: set[str]) -> None:
    cases = [(client, topic) for client in ("alice", "bob") for topic in ("a/b", "c")]
    assert {f"{client} {topic}" for client, topic in cases if fault.strikes(client, "up", topic)} == struck


def test_a_packet_that_is_no_message_is_late_with_a_slow_network_only() -> None:
    slow, topical = MqttFault(DELAY, delay_s=0.2), MqttFault(DELAY, delay_s=0.2, topics=("#",))
    dice = Dice(1, "alice", "up", 1)
    assert dice.other([slow, MqttFault(DROP), MqttFault(PARTITION)], "alice", "up") == Fate(delay_s=0.2)
    assert dice.other([topical], "alice", "up") == Fate()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"kind": DROP, "share": 1.1}, "between 0 and 1"),
        ({"kind": STALL, "share": 0.5}, "a share is for"),
        ({"kind": DELAY}, "need a delay"),
        ({"kind": DELAY, "delay_s": -0.1}, "not negative"),
        ({"kind": DROP, "delay_s": 0.1}, "others know none"),
        ({"kind": DUPLICATE, "every_qos": True}, "drop only"),
        ({"kind": CUT, "topics": ("#",)}, "not topics"),
        ({"kind": STALL, "seconds": 0.0}, "seconds must be positive"),
        ({"kind": DROP, "directions": ()}, "a direction"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(changes: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        MqttFault(**changes)


@pytest.mark.asyncio
async def test_faults_end_by_their_time_or_by_word() -> None:
    clock = VirtualClock()
    faults = FaultList(clock)
    short, long = MqttFault(STALL, seconds=1.0, clients=("alice",)), MqttFault(PARTITION)
    faults.add(short)
    faults.add(long)
    waiting = asyncio.create_task(faults.flowing("alice"))
    await faults.flowing("bob")
    await clock.advance(0.9)
    assert not waiting.done()
    assert faults.now() == [short, long]
    await clock.advance(0.2)
    assert waiting.done()
    assert faults.now() == [long]
    faults.add(MqttFault(STALL))
    waiting = asyncio.create_task(faults.flowing("alice"))
    await clock.advance(10.0)
    assert not waiting.done()
    faults.clear(STALL)
    await waiting
    assert faults.now() == [long]
    faults.clear()
    assert faults.now() == []


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.booleans()), max_size=20))
def test_a_line_keeps_order_but_for_what_may_be_overtaken(sent: list[tuple[float, bool]]) -> None:
    async def story() -> None:
        clock = VirtualClock()
        got: list[tuple[float, int]] = []

        async def deliver(data: bytes) -> None:
            got.append((round(clock.monotonic(), 6), data[0]))

        line = DelayLine(clock, deliver)
        running = asyncio.create_task(line.run())
        for number, (delay_s, overtaken) in enumerate(sent):
            line.put(bytes([number]), delay_s, overtaken=overtaken)
        await clock.advance(2.0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        due, last = {}, 0.0
        for number, (delay_s, overtaken) in enumerate(sent):
            last = last if overtaken else max(last, delay_s)
            due[number] = delay_s if overtaken else last
        assert got == sorted((due[number], number) for number in due)
        await line.drained()

    asyncio.run(story())


@pytest.mark.asyncio
async def test_a_full_line_makes_its_sender_wait() -> None:
    clock = VirtualClock()
    gate = asyncio.Event()
    line = DelayLine(clock, lambda _: gate.wait())
    running = asyncio.create_task(line.run())
    await line.room()
    line.put(bytes(MOST_BYTES))
    waiting = asyncio.create_task(line.room())
    await clock.advance(1.0)
    assert not waiting.done()
    gate.set()
    await waiting
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
