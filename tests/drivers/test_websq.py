"""The WebSQ ports, claim by claim: JSON objects that packets neither respect nor delimit, and a stream of counts."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from qkdctl_drivers.websq import WebSq

from hil_sim.disturbance import Disturbance
from qkdctl.devices import ExchangeTimeoutError, InstrumentError, ProtocolError
from tests.devices.peers import TcpPeer, tcp_peer
from tests.drivers.benches import connected

pytestmark = pytest.mark.asyncio
REQUEST = b'{"request": "labelProps", "value": "None"}'
LABELS = {
    "NumberOfDetectors": 4,
    "InptMeasurementPeriod": 100.0,
    "BiasCurrent": [10.0, 11.0, 12.0, 13.0],
    "TriggerLevel": [100.0, 110.0, 120.0, 130.0],
    "DetectorEnable": True,
}


def said(**labels: Any) -> bytes:
    """Objects without anything between them, then the delimiter."""
    return b"".join(json.dumps({"label": label, "value": value}).encode() for label, value in labels.items()) + b"\x17"


def props() -> bytes:
    return said(**{label: {"value": value, "unit": "?"} for label, value in LABELS.items()})


@asynccontextmanager
async def unit(*, timeout_s: float = 10.0) -> AsyncIterator[tuple[TcpPeer, TcpPeer, WebSq]]:
    """The control port, the count port and a connected driver."""
    async with tcp_peer() as control, tcp_peer() as counts:
        options = WebSq.Options(channels=(1, 2), counts_port=counts.port)
        device = WebSq("snspd", control.address, options=options, timeout_s=timeout_s)
        await control.during(device.connect(), [(REQUEST, props())])
        try:
            yield control, counts, device
        finally:
            await device.close()


async def test_labels_are_found_in_joined_and_in_split_objects() -> None:
    async with unit() as (control, _, device):
        reply = props()
        pieces = tuple(reply[n : n + 7] for n in range(0, len(reply), 7))
        assert await control.during(device.read("bias_current_2_ua"), [(REQUEST, pieces)]) == 11.0
        assert await control.during(device.read("detectors_enabled"), [(REQUEST, reply)]) is True
        assert await control.during(device.read("trigger_level_1_mv"), [(REQUEST, reply)]) == 100.0


async def test_only_detectors_in_use_are_offered() -> None:
    async with unit() as (_, _, device):
        names = {attribute.name for attribute in device.attributes}
        assert "bias_current_2_ua" in names
        assert "bias_current_3_ua" not in names


async def test_one_bias_current_is_set_among_all_of_them() -> None:
    async with unit() as (control, _, device):
        command = {"command": "SetAllBiasCurrents", "label": "BiasCurrent", "value": [10.0, 15.5, 12.0, 13.0]}
        exchanges = [(REQUEST, props()), (json.dumps(command).encode(), said(BiasCurrent=[10.0, 15.5, 12.0, 13.0]))]
        await control.during(device.write("bias_current_2_ua", 15.5), exchanges)


async def test_two_writers_do_not_undo_each_other() -> None:
    async with connected("websq") as (device, _):
        await asyncio.gather(device.write("bias_current_1_ua", 15.0), device.write("bias_current_2_ua", 16.0))
        assert await device.read("bias_current_1_ua") == 15.0
        assert await device.read("bias_current_2_ua") == 16.0


async def test_an_error_label_is_a_refusal_and_the_next_exchange_works() -> None:
    async with unit() as (control, _, device):
        command = {"command": "SetMeasurementPeriod", "label": "InptMeasurementPeriod", "value": 5.0}
        refusal = said(ErrorMessage="period too short")
        with pytest.raises(InstrumentError, match="period too short"):
            await control.during(device.write("measurement_period_ms", 5.0), [(json.dumps(command).encode(), refusal)])
        assert await control.during(device.read("bias_current_1_ua"), [(REQUEST, props())]) == 10.0


async def test_the_rate_is_that_of_the_newest_whole_period() -> None:
    async with unit() as (_, counts, device):
        counts.send(b"1000.0,100.0,200.0,0.0,0.0\n1100.0,150.0,250.0,0.0,0.0\n1200.0,99")
        while not device._counts._collector.buffer:
            await asyncio.sleep(0)
        assert await device.read("count_rate_hz") == 4000.0
        reading = asyncio.create_task(device.read("count_rate_1_hz"))
        await asyncio.sleep(0)
        counts.send(b"9.0,1.0,0.0,0.0\n")
        assert await reading == 9990.0


async def test_a_new_period_that_somebody_set_is_known_without_asking() -> None:
    async with unit() as (control, counts, device):
        control.send(said(InptMeasurementPeriod=50.0))
        while not device._control._collector.buffer:
            await asyncio.sleep(0)
        counts.send(b"1000.0,100.0,0.0,0.0,0.0\n")
        assert await device.read("count_rate_1_hz") == 2000.0


async def test_counts_that_stop_are_a_time_out_and_garbage_is_no_rate() -> None:
    async with unit(timeout_s=0.1) as (_, counts, device):
        with pytest.raises(ExchangeTimeoutError):
            await device.read("count_rate_hz")
        counts.send(b"1000.0,abc\n")
        with pytest.raises(ProtocolError, match="expected numbers"):
            await device.read("count_rate_hz")


async def test_a_late_answer_dies_with_its_connection() -> None:
    async with unit(timeout_s=0.15) as (control, _, device):
        with pytest.raises(ExchangeTimeoutError):
            await control.during(device.read("bias_current_1_ua"), [(REQUEST, b"")])
        control.send(said(BiasCurrent=[99.0, 99.0]))
        assert await control.during(device.read("bias_current_1_ua"), [(REQUEST, props())]) == 10.0
        assert len(control.transports) == 2


@pytest.mark.parametrize("value", ['"10"', "[10.0]", "null", "[true, false]", '["a", "b"]'])
async def test_values_of_another_shape_are_refused(value: str) -> None:
    async with unit() as (control, _, device):
        reply = f'{{"label": "BiasCurrent", "value": {value}}}\x17'.encode()
        with pytest.raises(ProtocolError):
            await control.during(device.read("bias_current_2_ua"), [(REQUEST, reply)])


async def test_more_channels_than_detectors_are_refused_on_connecting() -> None:
    async with tcp_peer() as control, tcp_peer() as counts:
        options = WebSq.Options(channels=(1, 5), counts_port=counts.port)
        device = WebSq("snspd", control.address, options=options, timeout_s=10.0)
        with pytest.raises(ProtocolError, match="has 4 detectors"):
            await control.during(device.connect(), [(REQUEST, props())])


async def test_merged_and_split_replies_of_the_simulator_lose_nothing() -> None:
    async with connected("websq", timeout_s=10.0) as (device, running):
        for kind, arguments in (("split", {"size": 5, "replies": 4}), ("merge", {"replies": 2, "seconds": 0.05})):
            await running.fault("unit", Disturbance(kind, **arguments))
            await device.write_verified("measurement_period_ms", 50.0)
            await device.write_verified("measurement_period_ms", 100.0)
