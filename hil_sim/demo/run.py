"""Running the demo: two arms side by side, shown live or summed up as one document."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil_sim.demo.arm import Arm, ArmPlan, running_arm
from hil_sim.demo.files import PolicyChoice
from hil_sim.demo.outcome import SCHEMA_VERSION, darkness, link_outcome
from hil_sim.scenario import Scenario, load_scenario
from qkdctl.clock import Clock, RealClock

Json = dict[str, Any]
Histories = dict[str, list[Json]]
Show = Callable[[Json, Histories, Histories], None]
_STEP_S = 0.5
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What to show.

    Attributes:
        scenario: the simulated bench.
        configuration: of the daemon, without devices.
        policy: what decides in the first arm; the second always holds.
        epochs: epochs to run; None runs until Ctrl-C.
        keep: directory for logs, traces, ledgers; a temporary one when None.
    """

    scenario: Path
    configuration: Path
    policy: PolicyChoice
    epochs: int | None = None
    keep: Path | None = None


@dataclass(slots=True)
class Stage:
    """What runs, and whether somebody wants it to end.

    Attributes:
        arms: daemons started so far.
        stop: set by a signal; `signalled_at` is its monotonic time.
    """

    clock: Clock
    arms: list[Arm] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    signalled_at: float | None = None

    def end(self) -> None:
        """A signal: every daemon is told at once, whatever the demo is doing."""
        if self.signalled_at is None:
            self.signalled_at = self.clock.monotonic()
        self.stop.set()
        for arm in self.arms:
            arm.tell_to_stop()

    def add(self, arm: Arm) -> None:
        """A daemon has been started."""
        self.arms.append(arm)
        if self.stop.is_set():
            arm.tell_to_stop()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Status of the first arm and histories of both."""

    status: Json
    histories: Histories
    held: Histories

    def epochs(self) -> int:
        """Epochs that every link of both arms has behind it."""
        return min((len(history) for history in (*self.histories.values(), *self.held.values())), default=0)


def run_demo(options: DemoOptions, show: Show, say: Callable[[str], None]) -> Json:
    """Run both arms and return the closing document.

    Args:
        options: see DemoOptions.
        show: called about twice a second with the status and the histories of both arms.
        say: told what is being waited for.

    Raises:
        DemoError: a daemon did not come up, or went away.
        OSError: a directory cannot be written.
    """
    return asyncio.run(_run(options, show, say))


async def _run(options: DemoOptions, show: Show, say: Callable[[str], None]) -> Json:
    scenario = load_scenario(options.scenario)
    stage = Stage(RealClock())
    with tempfile.TemporaryDirectory(prefix="qkdctl-demo-") as temporary:
        directory = options.keep if options.keep is not None else Path(temporary)
        await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
        async with _signals(stage):
            last = await _act(stage, options, scenario, directory, show, say)
        document = _document(options, last) if last is not None else {"interrupted": "while starting"}
        return {"schema_version": SCHEMA_VERSION, **document, "stop": _stop(stage)}


@asynccontextmanager
async def _signals(stage: Stage) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stage.end)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def _act(
    stage: Stage,
    options: DemoOptions,
    scenario: Scenario,
    directory: Path,
    show: Show,
    say: Callable[[str], None],
) -> Snapshot | None:
    """Start both arms, follow them, stop them; None when it was ended before both were up."""
    async with AsyncExitStack() as stack:
        starting = asyncio.create_task(_both(stack, stage, options, scenario, directory, say))
        stopping = asyncio.create_task(stage.stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
            return None
        arm, hold = await starting
        last = await _follow(stage, arm, hold, options.epochs, show)
        await asyncio.gather(arm.stop(), hold.stop())
        return last


async def _both(
    stack: AsyncExitStack,
    stage: Stage,
    options: DemoOptions,
    scenario: Scenario,
    directory: Path,
    say: Callable[[str], None],
) -> tuple[Arm, Arm]:
    """Start both arms at the same time, so that their fibres drift alike."""

    def plan(name: str, policy: PolicyChoice, tell: Callable[[str], None]) -> ArmPlan:
        return ArmPlan(name, scenario, options.configuration, policy, directory / name, stage.add, tell)

    arms = [
        running_arm(plan("policy", options.policy, say), stage.clock),
        running_arm(plan("hold", PolicyChoice("hold"), lambda _: None), stage.clock),
    ]
    entered = await asyncio.gather(*(arm.__aenter__() for arm in arms), return_exceptions=True)
    for arm, outcome in zip(arms, entered, strict=True):
        if not isinstance(outcome, BaseException):
            stack.push_async_exit(arm)
    policy, hold = entered
    if isinstance(policy, BaseException):
        raise policy
    if isinstance(hold, BaseException):
        raise hold
    return policy, hold


async def _follow(stage: Stage, arm: Arm, hold: Arm, epochs: int | None, show: Show) -> Snapshot | None:
    """Show the arms until enough epochs are over or somebody ends it; returns what was seen last."""
    last: Snapshot | None = None
    while not stage.stop.is_set():
        try:
            last = Snapshot(await arm.status(), await _histories(arm), await _histories(hold))
        except Exception:
            if stage.stop.is_set():
                break
            raise
        show(last.status, last.histories, last.held)
        if epochs is not None and last.epochs() >= epochs:
            break
        try:
            async with asyncio.timeout(_STEP_S):
                await stage.stop.wait()
        except TimeoutError:
            continue
    return last


async def _histories(arm: Arm) -> Histories:
    return {link: await arm.history(link) for link in arm.first_epochs}


def _document(options: DemoOptions, last: Snapshot) -> Json:
    count = options.epochs
    links = {name: link_outcome(epochs[:count], last.held[name][:count]) for name, epochs in last.histories.items()}
    key, held = (sum(link[name] for link in links.values()) for name in ("secret_key_bits", "hold_secret_key_bits"))
    return {
        "scenario": options.scenario.stem,
        "policy": last.status["policy"],
        "links": links,
        "total": {
            "secret_key_bits": key,
            "hold_secret_key_bits": held,
            "gain": round(key / held - 1.0, 4) if held else None,
            "gain_bits": key - held,
        },
        "alarms": last.status["alarms"],
    }


def _stop(stage: Stage) -> Json:
    """Darkness of both arms by the record of their instruments, from the signal or else from the order to stop."""
    return {
        arm.name: {
            "exit_code": arm.process.returncode,
            "links": darkness(arm.trace, stage.signalled_at or arm.stopped_at or stage.clock.monotonic()),
        }
        for arm in stage.arms
    }
