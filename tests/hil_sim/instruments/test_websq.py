"""The WebSQ talks JSON on one port and streams counts on another."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.endpoints.tcp import TcpEndpoint
from hil_sim.instruments.detectors_place import NANOWIRE, DarkDetectors
from hil_sim.instruments.websq import WebSq
from hil_sim.instruments.websq_state import WebSqUnit
from qkdctl.clock import RealClock, VirtualClock
from tests.hil_sim.instruments.wires import assert_packets_do_not_matter, say

ETB = b"\x17"


def objects(data: bytes) -> list[dict[str, Any]]:
    """The JSON objects of a reply, joined ones taken apart."""
    decoder, found = json.JSONDecoder(), []
    for block in data.decode().split("\x17"):
        position = 0
        while position < len(block):
            value, position = decoder.raw_decode(block, position)
            found.append(value)
    return found


def request(label: str) -> bytes:
    return json.dumps({"request": label, "value": "None"}).encode()


def command(name: str, label: str, value: object) -> bytes:
    return json.dumps({"command": name, "label": label, "value": value}).encode()


SESSION = (
    request("labelProps")
    + command("SetAllBiasCurrents", "BiasCurrent", [15.0, 16.5])
    + b"\r\n"
    + request("BiasCurrent")
    + command("SetAllTriggerLevels", "TriggerLevel", [200, 250])
    + command("SetMeasurementPeriod", "InptMeasurementPeriod", 250)
    + command("SetMeasurementPeriod", "InptMeasurementPeriod", 3)
    + b'{"request": "a } brace \\" in a string"}'
    + b"{broken}"
    + command("DetectorEnable", "DetectorEnable", False)
    + request("BiasVoltage")
)


class Detectors:
    """Two nanowires on a bench, with all that a link offers for them."""

    def __init__(self, rate_hz: float) -> None:
        self._dark = DarkDetectors(NANOWIRE, 2, seed=1)
        self.detectors = self._dark.detectors
        self.rate_hz = rate_hz

    def set_detector_bias_ua(self, channel: int, bias_ua: float, enabled: bool) -> None:
        self._dark.set_detector_bias_ua(channel, bias_ua, enabled)

    def set_detector_enabled(self, channel: int, enabled: bool) -> None:
        self._dark.set_detector_enabled(channel, enabled)

    def count_rate_hz(self, channel: int) -> float:
        return self.rate_hz * self.detectors[channel].efficiency() + self._dark.count_rate_hz(channel)

    def draw_counts(self, channel: int, integration_s: float) -> int:
        return round(self.count_rate_hz(channel) * integration_s)


@asynccontextmanager
async def connected(websq: WebSq) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, TcpEndpoint]]:
    """A client of the control port, and the endpoint of the counts port."""
    control = TcpEndpoint("websq", websq, RealClock())
    counts = TcpEndpoint("websq.counts", websq.counts_port(), RealClock())
    await control.start()
    await counts.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", control.port)
        try:
            yield reader, writer, counts
        finally:
            writer.close()
    finally:
        await control.stop()
        await counts.stop()


@pytest.mark.asyncio
async def test_every_label_comes_with_its_properties_joined_in_one_block() -> None:
    """T10: many objects, one terminator."""
    async with connected(WebSq(RealClock(), WebSqUnit(channels=3))) as (reader, writer, _):
        writer.write(request("labelProps"))
        block = await reader.readuntil(ETB)
        assert b"}{" in block
        labels = {message["label"]: message["value"] for message in objects(block)}
        assert labels["NumberOfDetectors"] == {"value": 3}
        assert labels["BiasCurrent"] == {"value": [17.0, 17.0, 17.0], "unit": "uA"}
        assert labels["InptMeasurementPeriod"]["unit"] == "ms"
        assert {"BiasVoltage", "TriggerLevel", "DetectorEnable", "StartAutoIV", "DarkCountsAutoIV"} <= labels.keys()


@pytest.mark.asyncio
async def test_two_requests_in_one_packet_and_one_in_two() -> None:
    """T10: neither costs an answer."""
    async with connected(WebSq(RealClock())) as (reader, writer, _):
        writer.write(request("NumberOfDetectors") + request("StartAutoIV")[:9])
        assert objects(await reader.readuntil(ETB)) == [{"label": "NumberOfDetectors", "value": 2}]
        writer.write(request("StartAutoIV")[9:])
        assert objects(await reader.readuntil(ETB)) == [{"label": "StartAutoIV", "value": False}]


@pytest.mark.asyncio
async def test_what_one_client_sets_the_others_hear_of_and_so_they_do_of_errors() -> None:
    websq = WebSq(RealClock())
    async with connected(websq) as (reader, writer, _):
        other = TcpEndpoint("again", websq, RealClock())
        await other.start()
        try:
            listener, listening = await asyncio.open_connection("127.0.0.1", other.port)
            listening.write(request("NumberOfDetectors"))
            await listener.readuntil(ETB)
            writer.write(command("SetAllBiasCurrents", "BiasCurrent", [10, 11]))
            expected = [{"label": "BiasCurrent", "value": [10.0, 11.0]}]
            assert objects(await reader.readuntil(ETB)) == expected
            assert objects(await listener.readuntil(ETB)) == expected
            writer.write(command("SetAllBiasCurrents", "BiasCurrent", [10]))
            (error,) = objects(await reader.readuntil(ETB))
            assert "Error" in error["label"]
            assert objects(await listener.readuntil(ETB)) == [error]
            listening.close()
        finally:
            await other.stop()


@pytest.mark.asyncio
async def test_counts_stream_in_lines_at_the_measurement_period() -> None:
    async with connected(WebSq(RealClock(), WebSqUnit(period_ms=10.0), link=Detectors(2e5))) as (_, _, counts):
        reader, writer = await asyncio.open_connection("127.0.0.1", counts.port)
        rows = [[float(cell) for cell in (await reader.readline()).decode().split(",")] for _ in range(4)]
        writer.close()
    times_ms = [row[0] for row in rows]
    assert times_ms == sorted(set(times_ms))
    # two nanowires of 80 % efficiency on the plateau, 10 ms each
    assert all(row[1:] == pytest.approx([1590, 1590], rel=0.02) for row in rows)


def test_two_listeners_see_the_same_measurement() -> None:
    websq = WebSq(VirtualClock(10.0), link=Detectors(1e5))
    first, second = (websq.counts_port().converse() for _ in range(2))
    assert first.tick() == second.tick()  # type: ignore[attr-defined]


@given(st.lists(st.integers(0, 2000), max_size=6))
def test_packets_do_not_matter(cuts: list[int]) -> None:
    assert_packets_do_not_matter(lambda: WebSq(VirtualClock()).converse(), SESSION, cuts)


def test_a_session_is_answered_object_by_object() -> None:
    answers = objects(say(WebSq(VirtualClock()).converse(), SESSION)[:-1])
    tail = [(answer["label"], answer["value"]) for answer in answers[10:]]
    assert [label for label, _ in tail] == [
        "BiasCurrent",
        "BiasCurrent",
        "TriggerLevel",
        "InptMeasurementPeriod",
        "ErrorMessage",
        "ErrorMessage",
        "ErrorMessage",
        "DetectorEnable",
        "BiasVoltage",
    ]
    assert tail[0][1] == tail[1][1] == [15.0, 16.5]
    assert tail[3][1] == 250.0
    assert "10..10000" in tail[4][1]
    assert tail[-1][1] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        (command("SetAllBiasCurrents", "BiasCurrent", [50.1, 1]), "0..50"),
        (command("SetAllBiasCurrents", "BiasCurrent", [-1, 1]), "0..50"),
        (command("SetAllBiasCurrents", "BiasCurrent", 5), "list"),
        (command("SetAllBiasCurrents", "BiasCurrent", [True, 1]), "number"),
        (b'{"command":"SetAllBiasCurrents","value":[NaN,1]}', "0..50"),
        (b'{"command":"SetAllBiasCurrents","value":[1' + b"0" * 400 + b",1]}", "too large"),
        (command("SetAllTriggerLevels", "TriggerLevel", [1, 2001]), "0..2000"),
        (command("DetectorEnable", "DetectorEnable", 1), "true or false"),
        (command("DetectorEnable", "BiasCurrent", True), "label DetectorEnable"),
        (command("Explode", "Explode", True), "unknown command"),
        (request("Nothing"), "unknown label"),
        (b'{"value": 1}', "unknown command"),
        (b"{" * 5000 + b"}" * 5000, "no JSON object"),
        (b'{"a": "' + b"x" * 70000 + b'"}', "no JSON object"),
    ],
)
def test_nonsense_is_an_error_and_changes_nothing(sent: bytes, complaint: str) -> None:
    websq = WebSq(VirtualClock())
    (answer,) = objects(say(websq.converse(), sent)[:-1])
    assert "Error" in answer["label"]
    assert complaint in answer["value"]
    assert websq.state.bias_ua == (17.0, 17.0)
    assert websq.state.enabled


@pytest.mark.asyncio
async def test_bias_decides_what_a_nanowire_counts() -> None:
    clock = VirtualClock()
    websq = WebSq(clock, link=Detectors(1e5))
    line = websq.converse()

    async def measured() -> int:
        await clock.advance(1.0)
        return websq.state.measure().counts[0]

    plateau = await measured()
    assert plateau == pytest.approx(0.8 * 1e5 * 0.1, rel=0.02)
    say(line, command("SetAllBiasCurrents", "BiasCurrent", [12, 12]))
    assert await measured() == pytest.approx(plateau / 2, rel=0.05)
    say(line, command("SetAllBiasCurrents", "BiasCurrent", [20, 17]))
    assert await measured() == 0
    assert websq.state.bias_mv()[0] > 500 > websq.state.bias_mv()[1]
    say(line, command("SetAllBiasCurrents", "BiasCurrent", [17, 17]))
    assert await measured() == 0  # it stays latched until it is switched off
    say(line, command("DetectorEnable", "DetectorEnable", False) + command("DetectorEnable", "DetectorEnable", True))
    assert await measured() == pytest.approx(plateau, rel=0.02)
    say(line, command("SetAllTriggerLevels", "TriggerLevel", [340, 100]))
    assert await measured() == 0  # no pulse is as high as that


@pytest.mark.asyncio
async def test_the_search_for_the_bias_takes_its_time_and_meets_the_dark_counts() -> None:
    clock, place = VirtualClock(), Detectors(0.0)
    websq = WebSq(clock, link=place)
    line = websq.converse()
    say(line, command("DarkCountsAutoIV", "DarkCountsAutoIV", [1000, 100]))
    started = objects(say(line, b'{"command": "AutoCaliBiasCurrents", "value": true}')[:-1])
    assert started == [{"label": "StartAutoIV", "value": True}]
    await clock.advance(4.9)
    assert objects(say(line, request("StartAutoIV"))[:-1])[0]["value"] is True
    await clock.advance(0.2)
    answers = say(line, request("StartAutoIV")) + b"".join(reply.data for reply in line.tick())  # type: ignore[attr-defined]
    values = {answer["label"]: answer["value"] for answer in objects(answers[:-1])}
    assert values["StartAutoIV"] is False
    assert values["BiasCurrent"] == values["BiasCurrentAutoIV"] == list(websq.state.bias_ua)
    assert [place.count_rate_hz(n) for n in (0, 1)] == pytest.approx([1000, 100], rel=0.02)


def test_power_cycle_returns_to_the_operating_bias() -> None:
    websq = WebSq(VirtualClock())
    say(websq.converse(), command("SetAllBiasCurrents", "BiasCurrent", [1, 2]))
    websq.power_cycle()
    assert websq.state.bias_ua == (17.0, 17.0)


def test_a_scenario_refuses_impossible_units() -> None:
    with pytest.raises(ValueError, match="channels"):
        WebSqUnit(channels=0)
    with pytest.raises(ValueError, match="period_ms"):
        WebSqUnit(period_ms=1.0)
