"""One arm of the demo: a simulated bench, a daemon of its own, and one way to decide."""

import asyncio
import ctypes
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil_sim.demo.files import PolicyChoice, write_configuration
from hil_sim.scenario import Scenario
from hil_sim.simulation import Simulation
from qkdctl.client import Client, ClientError, UnreachableError
from qkdctl.clock import Clock

Json = dict[str, Any]
_PATIENCE_S = 60.0
_STOP_S = 15.0
_STEP_S = 0.1


class DemoError(Exception):
    """The demo cannot go on; the message says why and shows the daemon's last words."""


@dataclass(slots=True)
class Arm:
    """A running arm.

    Attributes:
        name: for people.
        client: to its daemon.
        process: the daemon.
        log: file with the daemon's log.
        trace: file with what the simulated instruments really did.
        first_epochs: link -> first epoch in which it ran.
        stopped_at: monotonic time at which the daemon was told to stop; None before.
    """

    name: str
    client: Client
    process: asyncio.subprocess.Process
    log: Path
    trace: Path
    clock: Clock
    first_epochs: dict[str, int] = field(default_factory=dict)
    stopped_at: float | None = None

    async def status(self) -> Json:
        """The daemon's status."""
        status: Json = await self._ask(self.client.status)
        return status

    async def history(self, link: str, limit: int = 1000) -> list[Json]:
        """Epochs of a link from its first running one on, oldest first."""
        epochs: list[Json] = await self._ask(self.client.history, link, limit)
        return [epoch for epoch in epochs if epoch["epoch"] > self.first_epochs.get(link, 0)]

    async def bring_up(self, say: Callable[[str], None]) -> None:
        """Wait for the daemon, calibrate every link, hold them until all are up, then leave them to the policy.

        Args:
            say: told what is being waited for.

        Raises:
            DemoError: it did not come up.
        """
        say("waiting for the daemon and its instruments")
        links: list[str] = [link["name"] for link in (await self._until(lambda status: bool(status["links"])))["links"]]
        await self._until(lambda status: all(device["state"] == "online" for device in status["devices"]))
        for link in links:
            say(f"calibrating {link}")
            await self._ask(self.client.link_action, link, "hold")
            await self._ask(self.client.link_action, link, "calibrate")
        await self._until(lambda status: all(link["mode"] == "hold" for link in status["links"]))
        for link in links:
            await self._ask(self.client.link_action, link, "resume")
        status = await self._until(lambda status: all(link["mode"] == "running" for link in status["links"]))
        self.first_epochs = {link: int(status["epoch"]) for link in links}

    def tell_to_stop(self) -> None:
        """Tell the daemon to stop, as Ctrl-C does; at once and without waiting."""
        if self.process.returncode is None and self.stopped_at is None:
            self.stopped_at = self.clock.monotonic()
            self.process.send_signal(signal.SIGINT)

    async def stop(self) -> int:
        """Tell the daemon to stop and wait for it; returns its exit code."""
        self.tell_to_stop()
        if self.process.returncode is None:
            try:
                async with asyncio.timeout(_STOP_S):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        return self.process.returncode or 0

    async def _until(self, condition: Any) -> Json:
        deadline = self.clock.monotonic() + _PATIENCE_S
        while True:
            self._check_alive()
            try:
                status: Json = await asyncio.to_thread(self.client.status)
                if status["state"] == "running" and condition(status):
                    return status
                last = _summary(status)
            except UnreachableError as error:
                last = str(error)
            if self.clock.monotonic() > deadline:
                raise DemoError(f"arm {self.name!r} did not come up in {_PATIENCE_S:g} s: {last}\n{self._last_words()}")
            await self.clock.sleep(_STEP_S)

    async def _ask(self, call: Any, *arguments: Any) -> Any:
        try:
            return await asyncio.to_thread(call, *arguments)
        except ClientError as error:
            self._check_alive()
            raise DemoError(f"arm {self.name!r}: {error}\n{self._last_words()}") from error

    def _check_alive(self) -> None:
        if self.process.returncode is not None:
            raise DemoError(
                f"the daemon of arm {self.name!r} ended with {self.process.returncode}\n{self._last_words()}"
            )

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-10:])


@dataclass(frozen=True, slots=True)
class ArmPlan:
    """What an arm is made of.

    Attributes:
        shipped: configuration of the daemon, without devices.
        directory: for its files; must not exist.
        started: told of the arm as soon as its daemon runs.
        say: told what is being waited for.
    """

    name: str
    scenario: Scenario
    shipped: Path
    policy: PolicyChoice
    directory: Path
    started: Callable[[Arm], None]
    say: Callable[[str], None]


@asynccontextmanager
async def running_arm(plan: ArmPlan, clock: Clock) -> AsyncIterator[Arm]:
    """A bench and its daemon while the block lasts; the daemon is stopped before the instruments vanish."""
    directory = plan.directory
    await asyncio.to_thread(directory.mkdir)
    trace, log = directory / "trace.jsonl", directory / "daemon.log"
    async with Simulation(plan.scenario, clock=clock, trace=trace) as simulation:
        path = write_configuration(directory, plan.shipped, simulation, plan.policy)
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "qkdctl", "run", "--config", str(path),
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                preexec_fn=_end_with_parent,
            )  # fmt: skip
        arm = Arm(plan.name, Client(directory / "qkdctl.sock"), process, log, trace, clock)
        plan.started(arm)
        try:
            await arm.bring_up(plan.say)
            yield arm
        finally:
            await arm.stop()


def _end_with_parent() -> None:
    """In the daemon's process: be told to stop when the demo is gone, however it went (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _summary(status: Json) -> str:
    devices = [f"{device['name']} {device['state']}" for device in status["devices"] if device["state"] != "online"]
    links = [f"{link['name']} {link['mode']}" for link in status["links"]]
    alarms = [alarm["text"] for alarm in status["alarms"]]
    return "; ".join([*devices, *links, *alarms])
