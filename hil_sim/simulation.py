"""A running scenario: links, instruments and endpoints on one event loop."""

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from hil_sim.construction import Bench, Builder
from hil_sim.disturbance import CABLE_FAULTS, EVERYWHERE, LINE_FAULTS, Disturbance
from hil_sim.instruments.behaviours import Disturbable, Moving
from hil_sim.scenario import Scenario
from hil_sim.scenario_problems import Problem, ScenarioError, did_you_mean
from hil_sim.trace import TraceValue, TraceWriter
from qkdctl.clock import Clock, RealClock

# How often instruments that move show the light where they are.
_MOTION_STEP_S = 0.02


class Simulation:
    """Opens every endpoint of a scenario on entry and closes them on exit.

    Attributes:
        scenario: what is simulated.
        bench: links, instruments and endpoints; empty before entry.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        clock: Clock | None = None,
        trace: Path | None = None,
        by_id: Path | None = None,
    ) -> None:
        """Prepare; nothing opens before entry.

        Args:
            scenario: what to simulate.
            clock: source of time, the machine's by default.
            trace: file to which every actuation is appended as a line of JSON.
            by_id: directory for the links to serial ports; a temporary one by default.
        """
        self.scenario = scenario
        self.bench = Bench()
        self._clock = clock or RealClock()
        self._trace_path = trace
        self._by_id = by_id
        self._trace: TraceWriter | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stack = AsyncExitStack()

    @property
    def addresses(self) -> dict[str, str]:
        """Address of each instrument and side port, as `qkdctl` takes them."""
        return {name: endpoint.address for name, endpoint in self.bench.endpoints.items()}

    async def __aenter__(self) -> Self:
        """Open every endpoint.

        Raises:
            OSError: when a port is taken or a file cannot be written.
            ScenarioError: for a fault that its instrument does not know.
        """
        async with AsyncExitStack() as stack:
            by_id = self._by_id
            if by_id is None:
                by_id = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qkdctl-sim-"))) / "by-id"
            if self._trace_path is not None:
                self._trace = TraceWriter(self._trace_path, self._clock)
                stack.callback(self._trace.close)
            self.bench = Builder(self.scenario, self._clock, by_id, self._trace).build()
            self._check_faults()
            for endpoint in self.bench.endpoints.values():
                stack.push_async_callback(endpoint.stop)
                await endpoint.start()
            stack.push_async_callback(self._cancel_tasks)
            self._spawn(self._move())
            for fault in self.scenario.faults:
                what = Disturbance(fault.kind, fault.seconds, fault.replies, fault.size)
                self._spawn(self._strike_later(fault.at_s, fault.instrument, what))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every endpoint and leave no task behind."""
        await self._stack.aclose()

    def kinds_of_fault(self, instrument: str) -> tuple[str, ...]:
        """What may go wrong at an instrument.

        Raises:
            KeyError: for an instrument that is not in the scenario.
        """
        itself = self.bench.instruments[instrument]
        own = tuple(itself.disturbances) if isinstance(itself, Disturbable) else ()
        return (*LINE_FAULTS, *CABLE_FAULTS, *own)

    async def unplug(self, instrument: str) -> None:
        """Pull the cable of an instrument, side ports included."""
        self._note(instrument, "plugged_in", value=False)
        for endpoint in self.bench.endpoints_of(instrument):
            await endpoint.unplug()

    async def replug(self, instrument: str) -> None:
        """Put the cable back."""
        for endpoint in self.bench.endpoints_of(instrument):
            await endpoint.replug()
        self._note(instrument, "plugged_in", value=True)

    async def power_cycle(self, instrument: str) -> None:
        """Switch an instrument off and on: connections break, and its state is that after power-on."""
        await self.unplug(instrument)
        self.bench.instruments[instrument].power_cycle()
        await self.replug(instrument)

    async def fault(self, name: str, what: Disturbance) -> None:
        """Let something go wrong now, at an instrument or at one of its side ports (`<instrument>.<port>`).

        Raises:
            ValueError: for a name that is not in the scenario, a kind that the instrument does not know, or parameters
                that do not fit.
        """
        endpoint = self.bench.endpoints.get(name)
        if endpoint is None:
            raise ValueError(f"no instrument '{name}' here; {did_you_mean(name, self.bench.endpoints)}")
        instrument = name.partition(".")[0]
        kinds = self.kinds_of_fault(instrument)
        if what.kind not in kinds:
            raise ValueError(f"'{instrument}' knows no fault '{what.kind}'; {did_you_mean(what.kind, kinds)}")
        self._note(name, "fault", what.kind)
        if what.kind in LINE_FAULTS:
            everywhere = what.kind in EVERYWHERE and name == instrument
            for struck in self.bench.endpoints_of(instrument) if everywhere else [endpoint]:
                LINE_FAULTS[what.kind](struck.faults, what)
        elif what.kind in CABLE_FAULTS:
            await self._handle_cable(instrument, what)
        else:
            itself = self.bench.instruments[instrument]
            assert isinstance(itself, Disturbable), "its kinds of fault include disturbances"
            itself.disturbances[what.kind]()

    async def _handle_cable(self, instrument: str, what: Disturbance) -> None:
        if what.kind == "replug":
            await self.replug(instrument)
        elif what.kind == "power-cycle":
            await self.power_cycle(instrument)
        else:
            await self.unplug(instrument)
            if what.seconds is not None:
                self._spawn(self._strike_later(what.seconds, instrument, Disturbance("replug")))

    async def _strike_later(self, seconds: float, name: str, what: Disturbance) -> None:
        await self._clock.sleep(seconds)
        await self.fault(name, what)

    async def _move(self) -> None:
        """Let instruments that move show the light where they are."""
        moving = [instrument for instrument in self.bench.instruments.values() if isinstance(instrument, Moving)]
        while moving:
            await self._clock.sleep(_MOTION_STEP_S)
            for instrument in moving:
                instrument.update_link()

    def _check_faults(self) -> None:
        problems = [
            Problem(
                ("faults", index, "kind"),
                f"'{fault.instrument}' knows no fault '{fault.kind}'",
                did_you_mean(fault.kind, self.kinds_of_fault(fault.instrument)),
            )
            for index, fault in enumerate(self.scenario.faults)
            if fault.kind not in self.kinds_of_fault(fault.instrument)
        ]
        if problems:
            raise ScenarioError("scenario", problems)

    def _note(self, name: str, quantity: str, value: TraceValue) -> None:
        if self._trace is not None:
            self._trace.write(name, quantity, value)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        """Forget a task; one that failed is a defect and must be seen."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a task of the simulation failed", "exception": error, "task": task}
            )

    async def _cancel_tasks(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
