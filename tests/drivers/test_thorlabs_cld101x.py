"""The Thorlabs 4000 series reference, claim by claim; refusals to emit are typed."""

import pytest
from qkdctl_drivers.thorlabs_cld101x import ThorlabsCld101x

from hil_sim.disturbance import Disturbance
from qkdctl.devices import InterlockError, OutOfRangeError, Value
from tests.devices.peers import Exchange, Peer, tcp_peer
from tests.drivers.benches import connected, transcript

pytestmark = pytest.mark.asyncio
IDENTITY = b"THORLABS,ITC4020,M00123456,1.4.0/2.0.3/1.6.0\n"
EMPTY: Exchange = (b"SYST:ERR?\n", b'+0,"No error"\n')
GREETING: list[Exchange] = [*[(b"*IDN?\n", IDENTITY)] * 2, (b"SOUR:CURR:LIM?\n", b"1.500000E-01\n")]
TRIPS = (b"OUTP:PROT:INTL:TRIP?\n", b"OUTP:PROT:KEYL:TRIP?\n", b"OUTP:PROT:OTEM:TRIP?\n", b"OUTP:PROT:CONN:TRIP?\n")


async def laser(peer: Peer) -> ThorlabsCld101x:
    device: ThorlabsCld101x = await transcript(peer, ThorlabsCld101x, GREETING)
    return device


@pytest.mark.parametrize(
    ("name", "sent", "reply", "value"),
    [
        ("emission_enabled", b"OUTP:STAT?\n", b"1\n", True),
        ("current_a", b"SOUR:CURR?\n", b"5.000000E-02\n", 0.05),
        ("current_limit_a", b"SOUR:CURR:LIM?\n", b"1.500000E-01\n", 0.15),
        ("current_limited", b"SOUR:CURR:LIM:TRIP?\n", b"0\n", False),
        ("temperature_control_enabled", b"OUTP2:STAT?\n", b"1\n", True),
        ("temperature_set_point_degc", b"SOUR2:TEMP:SPO?\n", b"2.500000E+01\n", 25.0),
        ("temperature_degc", b"SENS2:TEMP:DATA?\n", b"2.501000E+01\n", 25.01),
        ("measured_current_a", b"SENS3:CURR:DATA?\n", b"4.998000E-02\n", 0.04998),
        ("voltage_v", b"SENS4:VOLT:DATA?\n", b"1.450000E+00\n", 1.45),
        ("interlock_tripped", TRIPS[0], b"1\n", True),
        ("key_locked", TRIPS[1], b"0\n", False),
        ("over_temperature", TRIPS[2], b"0\n", False),
        ("connection_tripped", TRIPS[3], b"0\n", False),
        ("status_bits", b"STAT:MEAS:COND?\n", b"516\n", 516),
    ],
)
async def test_replies_are_read(name: str, sent: bytes, reply: bytes, value: Value) -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        assert await peer.during(device.read(name), [(sent, reply)]) == value
        await device.close()


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("emission_enabled", False, b"OUTP:STAT 0\n"),
        ("current_a", 0.05, b"SOUR:CURR 0.05000\n"),
        ("temperature_control_enabled", True, b"OUTP2:STAT 1\n"),
        ("temperature_set_point_degc", 24.5, b"SOUR2:TEMP:SPO 24.500\n"),
    ],
)
async def test_sets_are_sent(name: str, value: Value, command: bytes) -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        await peer.during(device.write(name, value), [EMPTY, (command, b""), EMPTY])
        await device.close()


async def test_the_limit_set_at_the_instrument_bounds_the_current() -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        with pytest.raises(OutOfRangeError, match=r"the limits are 0 to 0\.15 A"):
            await peer.during(device.write("current_a", 0.16), [])
        with pytest.raises(OutOfRangeError, match="only read"):
            await peer.during(device.write("current_limit_a", 0.2), [])
        await device.close()


async def test_the_laser_turns_on_after_every_protection_was_asked() -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        ready = [*((trip, b"0\n") for trip in TRIPS), (b"OUTP2:STAT?\n", b"1\n")]
        await peer.during(device.write("emission_enabled", True), [*ready, EMPTY, (b"OUTP:STAT 1\n", b""), EMPTY])
        await device.close()


@pytest.mark.parametrize(
    ("tripped", "cooler", "cause"),
    [
        (0, b"1\n", "interlock_tripped"),
        (1, b"1\n", "key_locked"),
        (2, b"1\n", "over_temperature"),
        (3, b"1\n", "connection_tripped"),
        (None, b"0\n", "temperature control off"),
    ],
)
async def test_a_refusal_to_emit_names_its_cause_and_sends_nothing(
    tripped: int | None, cooler: bytes, cause: str
) -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        asked = [(trip, b"1\n" if n == tripped else b"0\n") for n, trip in enumerate(TRIPS)]
        with pytest.raises(InterlockError, match=cause):
            await peer.during(device.write("emission_enabled", True), [*asked, (b"OUTP2:STAT?\n", cooler)])
        await device.close()


async def test_a_refusal_of_the_instrument_itself_is_typed_too() -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        ready = [*((trip, b"0\n") for trip in TRIPS), (b"OUTP2:STAT?\n", b"1\n")]
        refused = [EMPTY, (b"OUTP:STAT 1\n", b""), (b"SYST:ERR?\n", b'-221,"Settings conflict"\n'), EMPTY]
        with pytest.raises(InterlockError) as caught:
            await peer.during(device.write("emission_enabled", True), [*ready, *refused])
        assert caught.value.entries == ((-221, "Settings conflict"),)
        await device.close()


async def test_a_unit_without_temperature_controller_is_asked_nothing_about_it() -> None:
    async with tcp_peer() as peer:
        options = ThorlabsCld101x.Options(temperature_controller=False)
        greeting = [(sent, reply.replace(b"ITC4020", b"LDC4005")) for sent, reply in GREETING]
        device = await transcript(peer, ThorlabsCld101x, greeting, options=options)
        assert not [a.name for a in device.attributes if a.name.startswith("temperature")]
        ready = [(trip, b"0\n") for trip in TRIPS]
        await peer.during(device.write("emission_enabled", True), [*ready, EMPTY, (b"OUTP:STAT 1\n", b""), EMPTY])
        await device.close()


@pytest.mark.parametrize(
    ("kind", "cause"),
    [("interlock-open", "interlock_tripped"), ("key-lock", "key_locked"), ("overheat", "over_temperature")],
)
async def test_the_simulated_laser_goes_out_and_stays_out_while_tripped(kind: str, cause: str) -> None:
    async with connected("thorlabs-cld101x") as (device, running):
        with pytest.raises(InterlockError, match="temperature control off"):
            await device.write("emission_enabled", True)
        await device.write_verified("temperature_control_enabled", True)
        await device.write_verified("emission_enabled", True)
        await running.fault("unit", Disturbance(kind))
        assert await device.read("emission_enabled") is False
        with pytest.raises(InterlockError, match=cause):
            await device.write("emission_enabled", True)
        assert await device.read("emission_enabled") is False
