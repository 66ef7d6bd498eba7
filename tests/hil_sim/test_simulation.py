"""A simulation is a bench: instruments share light, break when told and leave a trace."""

import asyncio
import json
from pathlib import Path
from typing import Any, Self

import pytest

from hil_sim.disturbance import Disturbance
from hil_sim.scenario import scenario_of
from hil_sim.scenario_problems import ScenarioError
from hil_sim.simulation import Simulation
from qkdctl.clock import VirtualClock

PATIENCE_S = 5.0
LINK = {"preset": "snspd-50km"}
BENCH: dict[str, Any] = {
    "links": {"ab": LINK},
    "instruments": {
        "laser": {"model": "thorlabs-cld101x", "link": "ab"},
        "meter": {"model": "thorlabs-pm100d", "link": "ab"},
        "voa": {"model": "keysight-n776x", "link": "ab", "options": {"speed_db_per_s": 10.0}},
        "epc": {"model": "ozoptics-epc04", "link": "ab"},
    },
}


def port_of(simulation: Simulation, name: str) -> int:
    return int(simulation.addresses[name].split("::")[2])


class Client:
    """A line client of one instrument."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def of(cls, simulation: Simulation, name: str) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port_of(simulation, name)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, line: str) -> str:
        self._writer.write(line.encode() + b"\n")
        return (await self.line()).decode().strip()

    async def line(self) -> bytes:
        return await asyncio.wait_for(self._reader.readline(), PATIENCE_S)


@pytest.mark.asyncio
async def test_a_change_at_one_instrument_shows_at_the_others() -> None:
    clock = VirtualClock()
    async with Simulation(scenario_of(BENCH), clock=clock) as simulation:
        async with await Client.of(simulation, "laser") as laser, await Client.of(simulation, "meter") as meter:
            assert float(await meter.ask("MEAS:POW?")) == 0
            await laser.ask("OUTP2 1;:SOUR:CURR 0.1;:OUTP 1;:SYST:ERR?")
            assert float(await meter.ask("MEAS:POW?")) > 1e-5
        link = simulation.bench.links["ab"]
        async with await Client.of(simulation, "voa") as voa:
            await voa.ask("OUTP1 1;:INP1:ATT 10;*IDN?")
        bright = link.mean_photon_number()
        await clock.advance(1.1)
        assert link.mean_photon_number() == pytest.approx(bright / 10, rel=0.02)


@pytest.mark.asyncio
async def test_unplugging_and_replugging_keeps_address_and_state_and_a_power_cycle_does_not() -> None:
    async with Simulation(scenario_of(BENCH)) as simulation:
        address = simulation.addresses["voa"]
        async with await Client.of(simulation, "voa") as voa:
            assert await voa.ask("OUTP1 1;:OUTP1?") == "1"
        await simulation.unplug("voa")
        with pytest.raises(ConnectionRefusedError):
            await Client.of(simulation, "voa")
        await simulation.replug("voa")
        assert simulation.addresses["voa"] == address
        async with await Client.of(simulation, "voa") as voa:
            assert await voa.ask("OUTP1?") == "1"
        await simulation.power_cycle("voa")
        async with await Client.of(simulation, "voa") as voa:
            assert await voa.ask("OUTP1?") == "0"


@pytest.mark.asyncio
async def test_faults_strike_on_demand() -> None:
    async with Simulation(scenario_of(BENCH)) as simulation, await Client.of(simulation, "laser") as laser:
        await simulation.fault("laser", Disturbance("drop"))
        await simulation.fault("laser", Disturbance("garbage"))
        laser._writer.write(b"*IDN?\n*OPC?;*OPC?;*OPC?\n*TST?\n")
        noise = await laser.line()
        assert len(noise) == len(b"1;1;1\n")
        assert noise != b"1;1;1\n"
        assert await laser.line() == b"0\n"
        await simulation.fault("laser", Disturbance("interlock-open"))
        assert await laser.ask("OUTP:PROT:INTL:TRIP?") == "1"
        await simulation.fault("laser", Disturbance("power-cycle"))
        assert await laser.line() == b""


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "what", "message"),
    [
        ("lazer", Disturbance("drop"), "no instrument 'lazer' here; did you mean 'laser'"),
        ("laser", Disturbance("stal"), "'laser' knows no fault 'stal'; did you mean 'stall'"),
        ("voa", Disturbance("interlock-open"), "'voa' knows no fault 'interlock-open'"),
        ("laser", Disturbance("late"), "needs seconds"),
        ("laser", Disturbance("stall", seconds=-1), "must be positive"),
    ],
)
async def test_impossible_faults_are_refused(name: str, what: Disturbance, message: str) -> None:
    async with Simulation(scenario_of(BENCH)) as simulation:
        with pytest.raises(ValueError, match=message):
            await simulation.fault(name, what)


@pytest.mark.asyncio
async def test_scenario_faults_strike_at_their_time_and_an_unplugged_cable_comes_back() -> None:
    faults = [{"at_s": 5.0, "instrument": "voa", "kind": "unplug", "seconds": 2.0}]
    clock = VirtualClock()
    async with Simulation(scenario_of({**BENCH, "faults": faults}), clock=clock) as simulation:
        await clock.advance(4.9)
        (await asyncio.open_connection("127.0.0.1", port_of(simulation, "voa")))[1].close()
        await clock.advance(0.2)
        with pytest.raises(ConnectionRefusedError):
            await Client.of(simulation, "voa")
        await clock.advance(2.0)
        async with await Client.of(simulation, "voa") as voa:
            assert await voa.ask("OUTP1?") == "0"


@pytest.mark.asyncio
async def test_a_fault_that_the_instrument_does_not_know_stops_the_start_and_leaves_nothing_open() -> None:
    faults = [{"at_s": 5.0, "instrument": "voa", "kind": "key-lock"}]
    with pytest.raises(ScenarioError, match=r"faults\.0\.kind: 'voa' knows no fault 'key-lock'"):
        async with Simulation(scenario_of({**BENCH, "faults": faults})):
            pass


@pytest.mark.asyncio
async def test_side_ports_go_with_their_instrument() -> None:
    scenario = scenario_of({"links": {"ab": LINK}, "instruments": {"snspd": {"model": "websq", "link": "ab"}}})
    async with Simulation(scenario) as simulation:
        assert set(simulation.addresses) == {"snspd", "snspd.counts"}
        port = int(simulation.addresses["snspd.counts"].rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await simulation.fault("snspd", Disturbance("stall"))
        assert all(endpoint.faults.stalled for endpoint in simulation.bench.endpoints.values())
        await simulation.fault("snspd.counts", Disturbance("clear"))
        assert [e.faults.stalled for e in simulation.bench.endpoints.values()] == [True, False]
        await simulation.unplug("snspd")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        writer.close()


@pytest.mark.asyncio
async def test_the_trace_tells_every_actuation_with_its_time(tmp_path: Path) -> None:
    clock = VirtualClock(start_s=100.0)
    path = tmp_path / "trace.jsonl"
    async with (
        Simulation(scenario_of(BENCH), clock=clock, trace=path) as simulation,
        await Client.of(simulation, "laser") as laser,
    ):
        await laser.ask("OUTP2 1;:SOUR:CURR 0.1;:OUTP 1;*IDN?")
        await clock.advance(1.0)
        await laser.ask("OUTP 0;*IDN?")
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert all(set(event) == {"monotonic_s", "wall_ms", "instrument", "quantity", "value"} for event in events)
    emission = [
        (event["monotonic_s"], event["value"])
        for event in events
        if (event["instrument"], event["quantity"]) == ("laser", "emission_enabled")
    ]
    assert emission[-2:] == [(100.0, True), (101.0, False)]
    power = [event["value"] for event in events if (event["instrument"], event["quantity"]) == ("ab", "laser_power_w")]
    assert power[-1] == 0


@pytest.mark.asyncio
async def test_instruments_of_one_kind_differ_in_serial_number_and_seed() -> None:
    section = {"model": "ozoptics-epc04"}
    async with Simulation(scenario_of({"instruments": {"one": section, "two": section}})) as simulation:
        links = {address.partition("?")[0] for address in simulation.addresses.values()}
        assert len(links) == 2
        assert all(Path(link.removeprefix("serial://")).is_symlink() for link in links)
    assert not any(Path(link.removeprefix("serial://")).is_symlink() for link in links)


@pytest.mark.asyncio
async def test_serial_links_may_lie_in_a_given_directory(tmp_path: Path) -> None:
    scenario = scenario_of({"instruments": {"epc": {"model": "ozoptics-epc04", "options": {"serial_number": "42"}}}})
    async with Simulation(scenario, by_id=tmp_path / "by-id") as simulation:
        link = tmp_path / "by-id" / "usb-OZ_Optics_EPC-04_42-if00-port0"
        assert link.is_symlink()
        assert simulation.addresses["epc"] == f"serial://{link}?baud=9600"
