"""A simulation on an event loop of its own, for code that is not asynchronous."""

import asyncio
import json
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from hil_sim.disturbance import Disturbance
from hil_sim.scenario import Scenario, load_scenario, scenario_of
from hil_sim.simulation import Simulation

_PATIENCE_S = 10.0


class BackgroundSimulation:
    """A running simulation whose methods block until they are done."""

    def __init__(self, scenario: Path | str | Mapping[str, Any], trace: Path) -> None:
        """Prepare.

        Args:
            scenario: a file, or the same as nested dictionaries.
            trace: file for the record of actuations.

        Raises:
            hil_sim.scenario_problems.ScenarioError: for a scenario with mistakes.
        """
        self._simulation = Simulation(_read(scenario), trace=trace)
        self._trace = trace
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="qkdctl-simulation", daemon=True)

    def start(self) -> None:
        """Open every endpoint."""
        self._thread.start()
        try:
            self._call(self._simulation.__aenter__())
        except BaseException:
            self._end_loop()
            raise

    def stop(self) -> None:
        """Close every endpoint and end the thread."""
        try:
            self._call(self._simulation.__aexit__(None, None, None))
        finally:
            self._end_loop()

    @property
    def addresses(self) -> dict[str, str]:
        """Address of each instrument and side port, as `qkdctl` takes them."""
        return self._simulation.addresses

    def fault(
        self,
        name: str,
        kind: str,
        *,
        seconds: float | None = None,
        replies: int | None = None,
        size: int | None = None,
    ) -> None:
        """Let something go wrong; see `hil_sim.disturbance`."""
        self._call(self._simulation.fault(name, Disturbance(kind, seconds, replies, size)))

    def unplug(self, instrument: str) -> None:
        """Pull the cable."""
        self._call(self._simulation.unplug(instrument))

    def replug(self, instrument: str) -> None:
        """Put the cable back."""
        self._call(self._simulation.replug(instrument))

    def power_cycle(self, instrument: str) -> None:
        """Switch off and on."""
        self._call(self._simulation.power_cycle(instrument))

    def trace(self) -> list[dict[str, Any]]:
        """What the instruments have done so far."""
        return [json.loads(line) for line in self._trace.read_text(encoding="utf-8").splitlines()]

    def _call(self, work: Coroutine[Any, Any, object]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_S)

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_S)
        self._loop.close()


def _read(scenario: Path | str | Mapping[str, Any]) -> Scenario:
    return scenario_of(scenario) if isinstance(scenario, Mapping) else load_scenario(Path(scenario))
