"""The third-party example of the guide: short, conforming, and at work over a real socket, byte by byte."""

import importlib.util
import sys
import tomllib
from pathlib import Path

import pytest

from qkdctl.devices import Device, InstrumentError, OutOfRangeError
from qkdctl.devices.conformance import check_driver
from tests.devices.peers import tcp_peer

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "third-party-driver"
HELLO = [(b"*IDN?\n", b"ACME,FA-1,S42,2.0\n")] * 2


def example_class() -> type[Device]:
    """What the example's own entry point names."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    module, _, name = project["project"]["entry-points"]["qkdctl.drivers"]["acme-fa1"].partition(":")
    spec = importlib.util.spec_from_file_location(module, EXAMPLE / f"{module}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = sys.modules[module] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return getattr(loaded, name)


def test_it_is_short_and_conforms() -> None:
    assert len((EXAMPLE / "acme_attenuator.py").read_text().splitlines()) <= 60
    assert check_driver(example_class()) == []


@pytest.mark.asyncio
async def test_it_works_over_a_socket() -> None:
    async with tcp_peer() as peer:
        device = example_class()("voa", peer.address)
        identity = await peer.during(device.connect(), HELLO)
        assert identity.serial_number == "S42"
        sets = [(b"SYST:ERR?\n", b'0,"No error"\n'), (b"ATT 12.50\nSYST:ERR?\n", b"+0\n"), (b"ATT?\n", b"12.49\n")]
        assert await peer.during(device.write_verified("attenuation_db", 12.5), sets) == pytest.approx(12.49)
        with pytest.raises(OutOfRangeError):
            await peer.during(device.write("attenuation_db", 60.01), [])
        refused = [(b"SHUT OPEN\nSYST:ERR?\n", b'-221,"Settings conflict"\n'), (b"SYST:ERR?\n", b"0\n")]
        with pytest.raises(InstrumentError, match="Settings conflict"):
            await peer.during(device.write("shutter_open", True), refused)
        dark = [
            (b"SHUT CLOSED\nSYST:ERR?\n", b"0\n"),
            (b"SHUT?\n", b"CLOSED\n"),
            (b"ATT 60.00\nSYST:ERR?\n", b"0\n"),
            (b"ATT?\n", b"60.00\n"),
        ]
        report = await peer.during(device.to_safe_state(), dark)
        assert report.read_back == {"shutter_open": False, "attenuation_db": 60.0}
        await device.close()
