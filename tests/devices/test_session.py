"""A reply answers its own question, whatever the wire does to it."""

import asyncio
from pathlib import Path

import pytest

from qkdctl.devices.errors import ConnectionLostError, ExchangeTimeoutError, IdentityMismatchError, ProtocolError
from tests.devices.drivers import GREETING, IDENTITY, AcmeVoa
from tests.devices.peers import Peer, serial_peer, tcp_peer

pytestmark = pytest.mark.asyncio
QUICK_S = 0.15


async def connected(peer: Peer, timeout_s: float = QUICK_S) -> AcmeVoa:
    device = AcmeVoa("voa", peer.address, timeout_s=timeout_s)
    await peer.during(device.connect(), GREETING)
    return device


@pytest.mark.parametrize("cut", range(len(b"+12.50\r\n") + 1))
async def test_a_reply_may_be_split_anywhere(cut: int) -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        reply = b"+12.50\r\n"
        assert await peer.during(device.read("attenuation_db"), [(b"ATT?\n", (reply[:cut], reply[cut:]))]) == 12.5
        await device.close()


async def test_what_comes_after_a_reply_answers_nothing() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        assert await peer.during(device.read("attenuation_db"), [(b"ATT?\n", b"12.5\n99.0\n")]) == 12.5
        assert await peer.during(device.read("temperature_degc"), [(b"TEMP?\n", b"25.0\n")]) == 25.0
        assert device.session.unsolicited_bytes == len(b"99.0\n")
        await device.close()


async def test_what_arrives_unasked_answers_nothing() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        peer.send(b"99.0\n")
        while not device.session._stream._collector.buffer:
            await asyncio.sleep(0)
        assert await peer.during(device.read("temperature_degc"), [(b"TEMP?\n", b"25.0\n")]) == 25.0
        await device.close()


async def test_a_late_reply_on_a_connection_dies_with_it() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        with pytest.raises(ExchangeTimeoutError, match="no reply"):
            await peer.during(device.read("attenuation_db"), [(b"ATT?\n", b"")])
        peer.send(b"45.0\n")
        exchanges = [(b"*IDN?\n", IDENTITY), (b"TEMP?\n", b"25.0\n")]
        assert await peer.during(device.read("temperature_degc"), exchanges) == 25.0
        assert len(peer.transports) == 2
        assert device.session.resynchronised == 1
        await device.close()


async def test_a_late_reply_on_a_serial_line_is_skipped_before_the_marker(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        device = await connected(peer)
        with pytest.raises(ExchangeTimeoutError):
            await peer.during(device.read("attenuation_db"), [(b"ATT?\n", b"")])
        exchanges = [(b"*IDN?\n", b"45.0\n" + IDENTITY), (b"TEMP?\n", b"25.0\n")]
        assert await peer.during(device.read("temperature_degc"), exchanges) == 25.0
        await device.close()


async def test_a_late_reply_waiting_on_the_line_is_drained(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        device = await connected(peer)
        with pytest.raises(ExchangeTimeoutError):
            await peer.during(device.read("attenuation_db"), [(b"ATT?\n", b"")])
        peer.send(b"45.0\n")
        exchanges = [(b"*IDN?\n", IDENTITY), (b"TEMP?\n", b"25.0\n")]
        assert await peer.during(device.read("temperature_degc"), exchanges) == 25.0
        assert device.session.unsolicited_bytes == len(b"45.0\n")
        await device.close()


async def test_a_late_reply_without_its_end_may_spoil_one_marker_only(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        device = await connected(peer)
        with pytest.raises(ExchangeTimeoutError, match="incomplete reply b'4'"):
            await peer.during(device.read("attenuation_db"), [(b"ATT?\n", b"4")])
        exchanges = [(b"*IDN?\n", b"5.0" + IDENTITY), (b"*IDN?\n", IDENTITY), (b"TEMP?\n", b"25.0\n")]
        assert await peer.during(device.read("temperature_degc"), exchanges) == 25.0
        await device.close()


async def test_a_late_marker_reply_is_not_taken_for_that_of_the_second_marker(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        device = await connected(peer)
        for question in (b"ATT?\n", b"*IDN?\n"):
            with pytest.raises(ExchangeTimeoutError):
                await peer.during(device.read("attenuation_db"), [(question, b"")])
        # Now the instrument wakes up and answers everything in order: the query, the first marker, slowly the second.
        reading = asyncio.create_task(device.read("temperature_degc"))
        await peer.play([(b"*IDN?\n", b"45.0\n" + IDENTITY)])
        await asyncio.wait({reading}, timeout=QUICK_S / 3)
        assert not peer.received, "nothing is asked while a reply is owed"
        peer.send(IDENTITY)
        await peer.play([(b"TEMP?\n", b"25.0\n")])
        assert await reading == 25.0
        await device.close()


async def test_the_rest_of_a_reply_that_lies_on_the_line_spoils_no_marker(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        device = await connected(peer)
        with pytest.raises(ExchangeTimeoutError):
            await peer.during(device.read("attenuation_db"), [(b"ATT?\n", b"4")])
        peer.send(b"5.0")
        exchanges = [(b"*IDN?\n", IDENTITY), (b"TEMP?\n", b"25.0\n")]
        assert await peer.during(device.read("temperature_degc"), exchanges) == 25.0
        await device.close()


async def test_a_line_opened_again_skips_what_an_earlier_owner_had_asked(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        first = await connected(peer)
        with pytest.raises(ExchangeTimeoutError):
            await peer.during(first.read("attenuation_db"), [(b"ATT?\n", b"")])
        await first.close()
        second = AcmeVoa("voa", peer.address, timeout_s=QUICK_S)
        await peer.during(second.connect(), [(b"*IDN?\n", (b"45.0\n", IDENTITY)), (b"*IDN?\n", IDENTITY)])
        assert await peer.during(second.read("temperature_degc"), [(b"TEMP?\n", b"25.0\n")]) == 25.0
        await second.close()


async def test_a_cancelled_exchange_leaves_no_reply_for_the_next() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        reading = asyncio.create_task(device.read("attenuation_db"))
        await peer.expect(b"ATT?\n")
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        peer.send(b"45.0\n")
        exchanges = [(b"*IDN?\n", IDENTITY), (b"TEMP?\n", b"25.0\n")]
        assert await peer.during(device.read("temperature_degc"), exchanges) == 25.0
        await device.close()


async def test_after_garbage_nothing_is_believed_until_the_marker() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        with pytest.raises(ProtocolError, match=r"voa.attenuation_db: reply 'ERR\?'; expected a number"):
            await peer.during(device.read("attenuation_db"), [(b"ATT?\n", b"ERR?\n")])
        exchanges = [(b"*IDN?\n", IDENTITY), (b"ATT?\n", b"12.5\n")]
        assert await peer.during(device.read("attenuation_db"), exchanges) == 12.5
        await device.close()


async def test_a_reply_without_end_is_given_up() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer, timeout_s=5.0)
        with pytest.raises(ProtocolError, match="longer than 1048576 bytes"):
            await peer.during(device.read("attenuation_db"), [(b"ATT?\n", b"9" * (1 << 20) + b"99")])
        await device.close()


async def test_a_stranger_is_named_and_told_nothing_but_the_identity_query(tmp_path: Path) -> None:
    stranger = b"ACME,LASER-9,0007,1.0\n"
    async with tcp_peer() as tcp, serial_peer(tmp_path) as line:
        for peer in (tcp, line):
            device = AcmeVoa("voa", peer.address, timeout_s=QUICK_S)
            with pytest.raises(
                IdentityMismatchError, match=r"LASER-9.*expected an identity like .*nothing was written"
            ):
                await peer.during(device.connect(), [(b"*IDN?\n", stranger)] * 2)


async def test_a_serial_number_that_differs_is_refused() -> None:
    async with tcp_peer() as peer:
        device = AcmeVoa("voa", peer.address, timeout_s=QUICK_S, serial_number="0043")
        with pytest.raises(IdentityMismatchError, match=r"serial number 0042 .* expected 0043"):
            await peer.during(device.connect(), GREETING)


async def test_a_connection_that_ends_is_lost_at_once() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer, timeout_s=30.0)
        reading = asyncio.create_task(device.read("attenuation_db"))
        await peer.expect(b"ATT?\n")
        peer.hang_up()
        with pytest.raises(ConnectionLostError):
            async with asyncio.timeout(2.0):
                await reading


async def test_exchanges_of_two_callers_do_not_mix() -> None:
    async with tcp_peer() as peer:
        device = await connected(peer)
        both = asyncio.gather(device.read("attenuation_db"), device.read("temperature_degc"))
        await peer.play([(b"ATT?\n", b"12.5\n"), (b"TEMP?\n", b"25.0\n")])
        assert await both == [12.5, 25.0]
        await device.close()


async def test_silence_is_reported_after_one_marker() -> None:
    async with tcp_peer() as peer:
        device = AcmeVoa("voa", peer.address, timeout_s=QUICK_S)
        with pytest.raises(ExchangeTimeoutError):
            await peer.during(device.connect(), [(b"*IDN?\n", b"")])
