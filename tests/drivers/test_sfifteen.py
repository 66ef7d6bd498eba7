"""S-Fifteen counter and detector, claim by claim: silent sets, counts after the integration time."""

from pathlib import Path

import pytest
from qkdctl_drivers.sfifteen import SFifteenCounter, SFifteenSpd

from qkdctl.devices import ExchangeTimeoutError, ProtocolError, Value
from tests.devices.peers import Exchange, serial_peer, tcp_peer
from tests.drivers.benches import connected, transcript

pytestmark = pytest.mark.asyncio
COUNTER: Exchange = (b"*idn?\r\n", b"S-Fifteen USB counter TDC1, SN: 0042\r\n")
DETECTOR: Exchange = (b"*idn?\r\n", b"S-Fifteen SPD, SN: 0043\r\n")
TIME: list[Exchange] = [(b"time 100\r\n", b""), (b"time?\r\n", b"100\r\n")]


async def test_rates_are_counts_over_the_time_that_the_counter_has(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        device = await transcript(peer, SFifteenCounter, [COUNTER, COUNTER, *TIME])
        assert device.identity.serial_number == "0042"
        counts = [(b"singles;counts?\r\n", b"100 250 3 0\r\n")]
        assert await peer.during(device.read("count_rate_hz"), counts) == 3530.0
        assert await peer.during(device.read("count_rate_2_hz"), counts) == 2500.0
        assert await peer.during(device.read("input_level"), [(b"level?\r\n", b"NIM\r\n")]) == "NIM"
        await device.close()


async def test_only_the_channels_in_use_are_summed() -> None:
    async with tcp_peer() as peer:
        options = SFifteenCounter.Options(channels=(1, 3))
        device = await transcript(peer, SFifteenCounter, [COUNTER, COUNTER, *TIME], options=options)
        counts = [(b"singles;counts?\r\n", b"100 250 3 0\r\n")]
        assert await peer.during(device.read("count_rate_hz"), counts) == 1030.0
        await device.close()


async def test_where_nothing_may_be_written_time_and_mode_stay_as_they_are() -> None:
    async with tcp_peer() as peer:
        greeting = [COUNTER, COUNTER, (b"time?\r\n", b"500\r\n")]
        device = await transcript(peer, SFifteenCounter, greeting, may_write=False)
        assert await peer.during(device.read("count_rate_1_hz"), [(b"counts?\r\n", b"100 250 3 0\r\n")]) == 200.0
        await device.close()


@pytest.mark.parametrize("reply", [b"\x12\x34\x56\r\n", b"ERROR\r\n", b"\r\n"])
async def test_what_is_no_list_of_counts_is_no_rate(reply: bytes) -> None:
    async with tcp_peer() as peer:
        device = await transcript(peer, SFifteenCounter, [COUNTER, COUNTER, *TIME])
        with pytest.raises(ProtocolError, match="expected counts"):
            await peer.during(device.read("count_rate_hz"), [(b"singles;counts?\r\n", reply)])
        await device.close()


async def test_counts_of_fewer_inputs_than_configured_are_refused() -> None:
    async with tcp_peer() as peer:
        device = await transcript(peer, SFifteenCounter, [COUNTER, COUNTER, *TIME])
        with pytest.raises(ProtocolError, match="2 counts; expected at least 4"):
            await peer.during(device.read("count_rate_hz"), [(b"singles;counts?\r\n", b"1 2\r\n")])
        await device.close()


@pytest.mark.parametrize(
    ("name", "sent", "reply", "value"),
    [
        ("count_rate_hz", b"counts?\r\n", b"1234\r\n", 12340.0),
        ("bias_v", b"hvolt?\r\n", b"195.250\r\n", 195.25),
        ("threshold_v", b"threshvolt?\r\n", b"0.100\r\n", 0.1),
        ("temperature_degc", b"temp?\r\n", b"-19.87\r\n", -19.87),
        ("temperature_set_point_degc", b"settemp?\r\n", b"-20.000\r\n", -20.0),
        ("temperature_control_enabled", b"loop?\r\n", b"1\r\n", True),
    ],
)
async def test_the_detector_is_read(name: str, sent: bytes, reply: bytes, value: Value) -> None:
    async with tcp_peer() as peer:
        device = await transcript(peer, SFifteenSpd, [DETECTOR, DETECTOR, *TIME])
        assert await peer.during(device.read(name), [(sent, reply)]) == value
        await device.close()


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("bias_v", 195.25, b"hvolt 195.25\r\n"),
        ("threshold_v", 0.125, b"threshvolt 0.125\r\n"),
        ("temperature_set_point_degc", -20.0, b"settemp -20.0\r\n"),
        ("temperature_control_enabled", False, b"loop 0\r\n"),
    ],
)
async def test_the_detector_is_set_without_waiting_for_a_reply(name: str, value: Value, command: bytes) -> None:
    async with tcp_peer() as peer:
        device = await transcript(peer, SFifteenSpd, [DETECTOR, DETECTOR, *TIME])
        await peer.during(device.write(name, value), [(command, b"")])
        await device.close()


async def test_what_the_simulated_detector_does_not_know_times_out_and_the_next_query_works() -> None:
    async with connected("sfifteen-spd", options={"integration_ms": 10}, timeout_s=0.1) as (device, _):
        with pytest.raises(ExchangeTimeoutError):
            await device.ask("nonsense?")
        assert await device.read("bias_v") == 195.0


async def test_a_simulated_count_takes_its_integration_time() -> None:
    async with connected("sfifteen-counter", options={"integration_ms": 150}, timeout_s=0.1) as (device, _):
        assert await device.read("count_rate_hz") > 0.0
        assert await device.read("integration_time_ms") == 150
