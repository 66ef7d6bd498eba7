"""Errors of an instrument are drained, bounded, and charged to the command that caused them."""

import pytest

from qkdctl.devices import InstrumentError, InterlockError, ProtocolError
from qkdctl.devices.errors import ExchangeTimeoutError
from tests.devices.drivers import GREETING, IDENTITY, AcmeVoa
from tests.devices.peers import Exchange, TcpPeer, tcp_peer

pytestmark = pytest.mark.asyncio
EMPTY: Exchange = (b"SYST:ERR?\n", b'+0,"No error"\n')


async def connected(peer: TcpPeer, driver: type[AcmeVoa] = AcmeVoa) -> AcmeVoa:
    device = driver("voa", peer.address, timeout_s=0.15)
    await peer.during(device.connect(), GREETING)
    return device


@pytest.mark.parametrize("nothing", [b"0", b"+0", b"0, No Error", b'+0,"No error"', b'0,"No error"', b" +0 "])
async def test_no_error_has_many_spellings(nothing: bytes) -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        empty = (b"SYST:ERR?\n", nothing + b"\n")
        await peer.during(device.write("shutter_open", True), [empty, (b"SHUT 1\n", b""), empty])
        await device.close()


async def test_a_refusal_names_the_command_and_every_entry() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        exchanges = [
            EMPTY,
            (b"SHUT 1\n", b""),
            (b"SYST:ERR?\n", b'-222,"Data out of range"\n'),
            (b"SYST:ERR?\n", b'-350,"Queue overflow"\n'),
            EMPTY,
        ]
        with pytest.raises(InstrumentError, match="voa refused 'SHUT 1': -222 Data out of range; -350") as caught:
            await peer.during(device.write("shutter_open", True), exchanges)
        assert caught.value.entries == ((-222, "Data out of range"), (-350, "Queue overflow"))
        assert caught.value.overflow
        assert caught.value.command == "SHUT 1"
        await device.close()


async def test_errors_of_others_are_not_charged_to_the_first_command() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        exchanges = [(b"SYST:ERR?\n", b'-113,"Undefined header"\n'), EMPTY, (b"SHUT 1\n", b""), EMPTY]
        await peer.during(device.write("shutter_open", True), exchanges)
        await peer.during(device.write("shutter_open", False), [(b"SHUT 0\n", b""), EMPTY])
        await device.close()


async def test_the_error_of_an_unanswered_query_is_not_charged_to_the_next_command() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        await peer.during(device.write("shutter_open", True), [EMPTY, (b"SHUT 1\n", b""), EMPTY])
        with pytest.raises(ExchangeTimeoutError):
            await peer.during(device.read("temperature_degc"), [(b"TEMP?\n", b"")])
        exchanges = [
            (b"*IDN?\n", IDENTITY),
            (b"SYST:ERR?\n", b'-113,"Undefined header"\n'),
            EMPTY,
            (b"SHUT 0\n", b""),
            EMPTY,
        ]
        await peer.during(device.write("shutter_open", False), exchanges)
        await device.close()


async def test_a_queue_without_end_is_given_up() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        endless = [(b"SYST:ERR?\n", b'-222,"Data out of range"\n')] * 32
        with pytest.raises(ProtocolError, match="32 errors and no end"):
            await peer.during(device.write("shutter_open", True), endless)
        await device.close()


async def test_a_reply_that_is_no_entry_is_refused() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        with pytest.raises(ProtocolError, match="expected a code"):
            await peer.during(device.write("shutter_open", True), [(b"SYST:ERR?\n", b"No error\n")])
        await device.close()


async def test_some_codes_mean_that_emission_was_refused() -> None:
    class Guarded(AcmeVoa):
        interlock_codes = frozenset({-221})

    async with tcp_peer() as peer:
        device = await connected(peer, Guarded)
        refusal = [EMPTY, (b"SHUT 1\n", b""), (b"SYST:ERR?\n", b'-221,"Settings conflict"\n'), EMPTY]
        with pytest.raises(InterlockError):
            await peer.during(device.write("shutter_open", True), refusal)
        await device.close()


async def test_not_a_number_is_no_reading() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        with pytest.raises(ProtocolError, match="overload or no signal"):
            await peer.during(device.read("temperature_degc"), [(b"TEMP?\n", b"9.91E+37\n")])
        assert await peer.during(device.read("temperature_degc"), [(b"TEMP?\n", b"+2.5E+001\n")]) == 25.0
        await device.close()


async def test_units_are_converted_once() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        await peer.during(device.write("wavelength_nm", 1550.12), [EMPTY, (b"WAV 1.55012e-06\n", b""), EMPTY])
        assert await peer.during(device.read("wavelength_nm"), [(b"WAV?\n", b"+1.55012E-006\n")]) == 1550.12
        await device.close()
