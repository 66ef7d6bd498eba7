"""Addresses, and which of them share a bus."""

from importlib.metadata import EntryPoint

import pytest

from qkdctl.devices import registry
from qkdctl.devices.address import Address, parse_address
from qkdctl.devices.streams import open_stream


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp://192.0.2.1:5025", Address("tcp", "192.0.2.1", 5025)),
        ("tcp://voa.lab:5025", Address("tcp", "voa.lab", 5025)),
        ("zmq+tcp://192.0.2.1:5555", Address("zmq+tcp", "192.0.2.1", 5555)),
        ("http://192.0.2.1:8080", Address("http", "192.0.2.1", 8080)),
        ("http+unix:///run/engine.sock", Address("http+unix", path="/run/engine.sock")),
        ("serial:///dev/ttyUSB0", Address("serial", path="/dev/ttyUSB0")),
        ("serial:///dev/ttyUSB0?baud=19200", Address("serial", path="/dev/ttyUSB0", parameters={"baud": "19200"})),
        ("TCPIP::192.0.2.1::5025::SOCKET", Address("visa", path="TCPIP::192.0.2.1::5025::SOCKET")),
        ("visa:TCPIP::192.0.2.1::inst0::INSTR", Address("visa", path="TCPIP::192.0.2.1::inst0::INSTR")),
        ("GPIB0::5::INSTR", Address("visa", path="GPIB0::5::INSTR")),
        ("USB0::0x1313::0x8078::P1::INSTR", Address("visa", path="USB0::0x1313::0x8078::P1::INSTR")),
        ("ASRL/dev/ttyUSB0::INSTR", Address("visa", path="ASRL/dev/ttyUSB0::INSTR")),
    ],
)
def test_addresses_parse(text: str, expected: Address) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("192.0.2.1:5025", "no instrument address; expected"),
        ("ftp://192.0.2.1:21", "no instrument address"),
        ("tcp://192.0.2.1", "needs host and port"),
        ("tcp://:5025", "needs host and port"),
        ("tcp://192.0.2.1:99999", "range"),
        ("serial://ttyUSB0", "names no absolute path"),
        ("", "no instrument address"),
    ],
)
def test_what_is_no_address_says_why(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_address(text)


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("GPIB0::5::INSTR", "GPIB0::7::INSTR", True),
        ("GPIB0::5::INSTR", "GPIB1::5::INSTR", False),
        ("serial:///dev/a", "serial:///dev/a?baud=19200", True),
        ("serial:///dev/a", "serial:///dev/b", False),
        ("TCPIP::192.0.2.1::inst0::INSTR", "tcpip::192.0.2.1::INST0::instr", True),
        ("TCPIP::192.0.2.1::inst0::INSTR", "TCPIP::192.0.2.2::inst0::INSTR", False),
        ("USB0::1::2::A::INSTR", "USB0::1::2::B::INSTR", False),
    ],
)
def test_one_bus_is_one_bus(first: str, second: str, shared: bool) -> None:
    assert (parse_address(first).bus == parse_address(second).bus) is shared


def test_messages_are_no_byte_stream() -> None:
    with pytest.raises(ValueError, match="carries messages"):
        open_stream("zmq+tcp://192.0.2.1:5555", 1.0)
    with pytest.raises(ValueError, match="baud='fast' is no number"):
        open_stream("serial:///dev/ttyUSB0?baud=fast", 1.0)


def test_drivers_are_found_by_entry_point_and_near_names_suggested() -> None:
    assert "keysight-n776x" in registry.driver_names()
    assert registry.driver_names() == sorted(registry.driver_names())
    assert registry.driver_class("keysight-n776x").__name__ == "KeysightN776x"
    with pytest.raises(LookupError, match="did you mean 'keysight-n776x'"):
        registry.driver_class("keysight-n777x")
    with pytest.raises(LookupError, match=r"registered are .*websq"):
        registry.driver_class("???")


def test_what_is_registered_must_be_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("odd", "qkdctl.devices.address:parse_address", registry.GROUP)
    monkeypatch.setattr(registry, "_points", lambda: {"odd": point})
    with pytest.raises(TypeError, match=r"no qkdctl\.devices\.Device"):
        registry.driver_class("odd")
