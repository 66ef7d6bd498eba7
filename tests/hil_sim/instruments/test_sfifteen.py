"""The S-Fifteen counter and detector: lines over USB serial, counts that take their time."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.endpoints.base import Instrument
from hil_sim.instruments.detectors_place import AVALANCHE_DIODE, DarkDetectors
from hil_sim.instruments.sfifteen_counter import SFifteenCounter
from hil_sim.instruments.sfifteen_line import TICK_S, BlockingLine
from hil_sim.instruments.sfifteen_spd import SFifteenSpd, SpdUnit
from qkdctl.clock import RealClock, VirtualClock
from tests.hil_sim.instruments.wires import assert_packets_do_not_matter, say, serial_client

COUNTER_SESSION = (
    b"\r\n*IDN?\r\ntime?;time 250;TIME?\r\nsingles\r\nmode?\r\npairs;mode?\r\ntimestamp;mode?\r\n"
    b"NIM\r\nlevel?\r\nTTL\r\nlevel?\r\nNEG -0.4\r\nlevel?\r\nPOS 9\r\nlevel?\r\nREFCLK 2\r\nREFCLK?\r\n"
    b"nonsense\r\nnonsense?\r\nhelp\r\n*rst\r\nmode?\r\n"
)


class Steady:
    """Detectors that click exactly at their rates."""

    def __init__(self, *rates_hz: float) -> None:
        self._dark = DarkDetectors(AVALANCHE_DIODE, len(rates_hz), seed=0)
        self.detectors = self._dark.detectors
        self.rates_hz = list(rates_hz)

    def set_detector_bias_ua(self, channel: int, bias_ua: float, enabled: bool) -> None:
        self._dark.set_detector_bias_ua(channel, bias_ua, enabled)

    def set_detector_enabled(self, channel: int, enabled: bool) -> None:
        self._dark.set_detector_enabled(channel, enabled)

    def count_rate_hz(self, channel: int) -> float:
        return self.rates_hz[channel] if self.detectors[channel].enabled else 0.0

    def draw_counts(self, channel: int, integration_s: float) -> int:
        return round(self.count_rate_hz(channel) * integration_s)


async def run(clock: VirtualClock, line: BlockingLine, seconds: float) -> bytes:
    """Let the line tick for a time; what it sends."""
    said = b""
    for _ in range(round(seconds / TICK_S)):
        await clock.advance(TICK_S)
        said += b"".join(reply.data for reply in line.tick())
    return said


def line_of(instrument: Instrument) -> BlockingLine:
    line = instrument.converse()
    assert isinstance(line, BlockingLine)
    return line


def test_counter_answers_queries_and_not_settings() -> None:
    """T9: nothing comes back from a setting, and nothing from what it does not know."""
    lines = say(SFifteenCounter(VirtualClock()).converse(), COUNTER_SESSION).split(b"\r\n")
    assert lines[:11] == [
        b"S-Fifteen USB counter TDC1, SN: SIM00001",
        b"1000",
        b"250",
        b"0",
        b"1",
        b"3",
        b"-0.500 V",
        b"1.200 V",
        b"-0.400 V",
        b"-0.400 V",
        b"2",
    ]
    assert lines[11].startswith(b"*idn?")
    assert lines[-2:] == [b"0", b""]


@given(st.lists(st.integers(0, 500), max_size=6))
def test_packets_do_not_matter(cuts: list[int]) -> None:
    assert_packets_do_not_matter(lambda: SFifteenCounter(VirtualClock()).converse(), COUNTER_SESSION, cuts)
    spd = b"hvolt?\r\nhvolt 100\r\nhvolt?\r\ntemp?\r\ntime 20\r\ntime?\r\nbad?\r\nhelp\r\n"
    assert_packets_do_not_matter(lambda: SFifteenSpd(VirtualClock()).converse(), spd, cuts)


@pytest.mark.asyncio
async def test_counts_come_after_the_integration_time_and_what_follows_waits() -> None:
    clock = VirtualClock()
    line = line_of(SFifteenCounter(clock, place=Steady(1000, 200)))
    assert say(line, b"time 500;singles;counts?\r\ntime?\r\n") == b""
    assert await run(clock, line, 0.49) == b""
    assert await run(clock, line, 0.02) == b"500 100 0 0\r\n500\r\n"


@pytest.mark.asyncio
async def test_counts_follow_the_light_while_they_are_taken() -> None:
    clock, place = VirtualClock(), Steady(1000)
    line = line_of(SFifteenCounter(clock, place=place))
    say(line, b"counts?\r\n")
    assert await run(clock, line, 0.5) == b""
    place.rates_hz = [0.0]
    assert await run(clock, line, 0.51) == b"500 0 0 0\r\n"


@pytest.mark.asyncio
async def test_abort_ends_a_count_without_an_answer() -> None:
    clock = VirtualClock()
    line = line_of(SFifteenCounter(clock, place=Steady(1000)))
    say(line, b"counts?\r\nmode?\r\n")
    await run(clock, line, 0.2)
    assert say(line, b"abort\r\n") == b""
    assert await run(clock, line, 1.0) == b""
    assert say(line, b"mode?\r\n") == b"0\r\n"


@pytest.mark.asyncio
async def test_pairs_adds_the_coincidences_of_four_pairs() -> None:
    clock = VirtualClock()
    line = line_of(SFifteenCounter(clock, place=Steady(1e6, 1e6, 1e6, 0)))
    say(line, b"pairs;time 1000;counts?\r\n")
    counts = [int(cell) for cell in (await run(clock, line, 1.02)).split()]
    assert counts[:4] == [1_000_000, 1_000_000, 1_000_000, 0]
    assert counts[4] == pytest.approx(4000, rel=0.1)  # 1-3: product of the rates times the window of 4 ns
    assert counts[5] == 0
    assert counts[6] == pytest.approx(4000, rel=0.1)
    assert counts[7] == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("time_ms", [200, 0])
async def test_timestamps_stream_as_words_in_order(time_ms: int) -> None:
    clock = VirtualClock()
    line = line_of(SFifteenCounter(clock, place=Steady(10_000, 0, 5_000)))
    say(line, f"INPKT;NEG -0.5;time {time_ms};timestamp;counts?;\r\n".encode())
    stream = await run(clock, line, 0.2)
    words = np.frombuffer(stream, dtype="<u4")
    inputs, units = words & 0x1F, (words >> 5).astype(np.int64)
    assert {int(n): int((inputs == n).sum()) for n in np.unique(inputs)} == {1: 2000, 4: 1000}
    assert (np.diff(units) >= 0).all()
    assert units[-1] * 2e-9 == pytest.approx(0.2, rel=0.01)
    more = await run(clock, line, 0.2)
    assert bool(more) == (time_ms == 0)
    say(line, b"abort\r\n")
    assert await run(clock, line, 0.1) == b""


@pytest.mark.asyncio
async def test_counter_over_a_serial_port(tmp_path: Path) -> None:
    place = Steady(1e4, 2e4)
    async with serial_client(SFifteenCounter(RealClock(), place=place), tmp_path, baud=115200) as client:
        assert b"TDC1" in await client.ask(b"*idn?\r\n", b"\r\n")
        await client.write(b"time 30;")
        loop = asyncio.get_running_loop()
        before = loop.time()
        counts = (await client.ask(b"singles;counts?\r\n", b"\r\n")).split()
        assert loop.time() - before >= 0.03
        assert [int(count) for count in counts] == pytest.approx([300, 600, 0, 0], abs=4)


@pytest.mark.asyncio
async def test_detector_over_a_serial_port(tmp_path: Path) -> None:
    async with serial_client(SFifteenSpd(RealClock(), place=Steady(1e4, 0)), tmp_path, baud=115200) as client:
        assert await client.ask(b"*idn?\r\n", b"\r\n") == b"S-Fifteen single photon detector SPD, SN: SIM00001\r\n"
        await client.write(b"hvolt 190.5\r\n")
        assert await client.ask(b"hvolt?\r\n", b"\r\n") == b"190.500\r\n"
        await client.write(b"time 20\r\n")
        assert int(await client.ask(b"counts?\r\n", b"\r\n")) == pytest.approx(200, abs=4)


def settings_of(line: BlockingLine, names: Sequence[str]) -> list[str]:
    return [say(line, f"{name}?\r\n".encode()).decode().strip() for name in names]


def test_detector_keeps_what_is_in_range_and_saves_on_demand() -> None:
    spd = SFifteenSpd(VirtualClock())
    line = line_of(spd)
    assert settings_of(line, ["hvolt", "threshvolt", "constp", "consti", "loop", "pvolt", "time", "delay"]) == [
        "195.000", "0.100", "0.300", "0.020", "1", "0.000", "1000", "1000",
    ]  # fmt: skip
    assert say(line, b"hvolt 251\r\nloop 2\r\ntime 0\r\nsettemp x\r\nhvolt\r\ntime 30.0\r\n") == b""
    assert settings_of(line, ["hvolt", "loop", "time", "settemp"]) == ["195.000", "1", "30", "-20.000"]
    say(line, b"save\r\ntime 99\r\n")
    spd.power_cycle()
    assert settings_of(line, ["time"]) == ["30"]


@pytest.mark.asyncio
async def test_a_diode_below_breakdown_counts_nothing() -> None:
    clock = VirtualClock()
    line = line_of(SFifteenSpd(clock, SpdUnit(channel=1), place=Steady(5, 3000)))
    say(line, b"time 100\r\ncounts?\r\n")
    assert await run(clock, line, 0.12) == b"300\r\n"
    say(line, b"hvolt 179\r\ncounts?\r\n")
    assert await run(clock, line, 0.12) == b"0\r\n"


@pytest.mark.asyncio
async def test_the_cooler_reaches_its_set_point_and_can_be_driven_by_hand() -> None:
    clock = VirtualClock()
    line = line_of(SFifteenSpd(clock))
    assert say(line, b"temp?\r\n") == b"24.00\r\n"
    await clock.advance(20.0)
    assert float(say(line, b"temp?\r\n")) == pytest.approx(-20 + 44 / np.e, abs=0.01)
    await clock.advance(400.0)
    assert say(line, b"temp?\r\n") == b"-20.00\r\n"
    say(line, b"loop 0\r\npvolt 1.0\r\n")
    await clock.advance(400.0)
    assert say(line, b"temp?\r\n") == b"4.00\r\n"


def test_a_scenario_refuses_a_detector_that_the_link_lacks() -> None:
    with pytest.raises(ValueError, match="channel"):
        SpdUnit(channel=2)
