"""The N776x programming guide, claim by claim (INPut, OUTPut, READ)."""

import pytest
from qkdctl_drivers.keysight_n776x import KeysightN776x

from qkdctl.clock import VirtualClock
from qkdctl.devices import InstrumentError, OutOfRangeError, Value
from tests.devices.peers import Exchange, Peer, tcp_peer
from tests.drivers.benches import connected, in_time, transcript

pytestmark = pytest.mark.asyncio
IDENTITY = b"Keysight Technologies,N7762A,MY49A00123,1.20\n"
EMPTY: Exchange = (b"SYST:ERR?\n", b'+0,"No error"\n')
IDENTIFIED: list[Exchange] = [(b"*IDN?\n", IDENTITY)] * 2
REST: list[Exchange] = [
    (b"INP1:ATT:SPE?\n", b"+1.00000000E+003\n"),
    (b"INP1:ATT? MIN\n", b"+0.00000000E+000\n"),
    (b"INP1:ATT? MAX\n", b"+4.50000000E+001\n"),
]
NO_OFFSET: Exchange = (b"INP1:OFFS?\n", b"+0.00000000E+000\n")
GREETING: list[Exchange] = [*IDENTIFIED, NO_OFFSET, NO_OFFSET, *REST]


async def attenuator(peer: Peer) -> KeysightN776x:
    device: KeysightN776x = await transcript(peer, KeysightN776x, GREETING)
    return device


@pytest.mark.parametrize(
    ("name", "exchanges", "value"),
    [
        ("attenuation_db", [(b"INP1:ATT?\n", b"+3.15000000E+001\n")], 31.5),
        ("shutter_open", [(b"OUTP1:STAT?\n", b"1\n")], True),
        ("shutter_open", [(b"OUTP1:STAT?\n", b"+0\n")], False),
        ("wavelength_nm", [(b"INP1:WAV?\n", b"+1.55012000E-006\n")], 1550.12),
        ("speed_db_per_s", [(b"INP1:ATT:SPE?\n", b"+8.00000000E+001\n")], 80.0),
        ("power_control", [(b"OUTP1:POW:CONTR?\n", b"0\n")], False),
        ("averaging_time_s", [(b"OUTP1:ATIM?\n", b"+2.00000000E-001\n")], 0.2),
        ("output_power_w", [(b"READ1:POW?\n", b"+2.50000000E-006\n"), (b"OUTP1:POW:UN?\n", b"+1\n")], 2.5e-6),
        ("output_power_w", [(b"READ1:POW?\n", b"-3.00000000E+001\n"), (b"OUTP1:POW:UN?\n", b"+0\n")], 1e-6),
    ],
)
async def test_replies_are_read_in_the_units_of_the_guide(name: str, exchanges: list[Exchange], value: Value) -> None:
    async with tcp_peer() as peer:
        device = await attenuator(peer)
        assert await peer.during(device.read(name), exchanges) == pytest.approx(value, rel=1e-12)
        await device.close()


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("attenuation_db", 31.5, b"INP1:ATT 31.500\n"),
        ("shutter_open", True, b"OUTP1:STAT 1\n"),
        ("shutter_open", False, b"OUTP1:STAT 0\n"),
        ("wavelength_nm", 1550.12, b"INP1:WAV 1.550120000e-06\n"),
        ("speed_db_per_s", 0.1, b"INP1:ATT:SPE 0.1\n"),
        ("power_control", False, b"OUTP1:POW:CONTR 0\n"),
        ("averaging_time_s", 0.002, b"OUTP1:ATIM 0.002\n"),
    ],
)
async def test_sets_are_sent_in_the_units_of_the_guide(name: str, value: Value, command: bytes) -> None:
    async with tcp_peer() as peer:
        device = await attenuator(peer)
        await peer.during(device.write(name, value), [EMPTY, (command, b""), EMPTY])
        await device.close()


@pytest.mark.parametrize(("name", "value"), [("attenuation_db", 45.01), ("wavelength_nm", 1259.9), ("offset_db", 1.0)])
async def test_what_the_guide_does_not_allow_is_never_sent(name: str, value: Value) -> None:
    async with tcp_peer() as peer:
        device = await attenuator(peer)
        with pytest.raises(OutOfRangeError):
            await peer.during(device.write(name, value), [])
        await device.close()


async def test_the_second_channel_of_a_two_channel_unit_is_number_3() -> None:
    async with tcp_peer() as peer:
        greeting = [(sent.replace(b"INP1", b"INP3"), reply) for sent, reply in GREETING]
        options = KeysightN776x.Options(channel=3)
        device = await transcript(peer, KeysightN776x, greeting, options=options)
        assert await peer.during(device.read("shutter_open"), [(b"OUTP3:STAT?\n", b"1\n")]) is True
        await device.close()


async def test_an_offset_is_taken_out_of_the_display() -> None:
    async with tcp_peer() as peer:
        offset = [(b"INP1:OFFS?\n", b"+1.00000000E+001\n"), EMPTY, (b"INP1:OFFS 0.0000dB\n", b""), EMPTY, NO_OFFSET]
        device = await transcript(peer, KeysightN776x, [*IDENTIFIED, *offset, *REST])
        assert device.limits("attenuation_db").maximum == 45.0
        await device.close()


async def test_where_nothing_may_be_written_the_offset_is_reckoned_with() -> None:
    async with tcp_peer() as peer:
        shown = [
            (b"INP1:OFFS?\n", b"+1.00000000E+001\n"),
            REST[0],
            (b"INP1:ATT? MIN\n", b"+1.0E+001\n"),
            (b"INP1:ATT? MAX\n", b"+5.5E+001\n"),
        ]
        device = await transcript(peer, KeysightN776x, [*IDENTIFIED, *shown], may_write=False)
        assert await peer.during(device.read("attenuation_db"), [(b"INP1:ATT?\n", b"+3.0E+001\n")]) == 20.0
        assert device.limits("attenuation_db").maximum == 45.0
        await device.close()


async def test_a_refusal_reaches_the_caller_with_its_code() -> None:
    async with tcp_peer() as peer:
        device = await attenuator(peer)
        refused = (b"SYST:ERR?\n", b'-222,"Data out of range"\n')
        exchanges = [EMPTY, (b"INP1:ATT 31.500\n", b""), refused, EMPTY]
        with pytest.raises(InstrumentError, match=r"refused 'INP1:ATT 31\.500': -222 Data out of range"):
            await peer.during(device.write("attenuation_db", 31.5), exchanges)
        await device.close()


async def test_a_set_counts_only_when_the_filter_has_arrived() -> None:
    clock = VirtualClock()
    async with connected("keysight-n776x", clock=clock, speed_db_per_s=10.0) as (device, _):
        begun = clock.monotonic()
        assert await in_time(clock, device.write_verified("attenuation_db", 20.0)) == pytest.approx(20.0, abs=0.005)
        assert 2.0 <= clock.monotonic() - begun < 2.3
