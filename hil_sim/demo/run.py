"""Running the demo: two arms side by side, shown live or summed up as one document."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil_sim.demo.arm import Arm, running_arm
from hil_sim.demo.files import PolicyChoice
from hil_sim.demo.outcome import SCHEMA_VERSION, darkness, link_outcome
from hil_sim.scenario import load_scenario
from qkdctl.clock import RealClock

Json = dict[str, Any]
Show = Callable[[Json, dict[str, list[Json]], dict[str, list[Json]]], None]
_STEP_S = 0.5


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


def run_demo(options: DemoOptions, show: Show) -> Json:
    """Run both arms and return the closing document.

    Args:
        options: see DemoOptions.
        show: called about twice a second with the status and the histories of both arms.

    Raises:
        DemoError: a daemon did not come up, or went away.
        OSError: a directory cannot be written.
    """
    return asyncio.run(_run(options, show))


async def _run(options: DemoOptions, show: Show) -> Json:
    clock = RealClock()
    scenario = load_scenario(options.scenario)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        directory = options.keep
        if directory is None:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qkdctl-demo-")))
        directory.mkdir(parents=True, exist_ok=True)
        starting = asyncio.create_task(_both(stack, options, scenario, directory, clock))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
            return {"schema_version": SCHEMA_VERSION, "interrupted": "while starting"}
        arm, hold = await starting
        await _follow(arm, hold, options.epochs, stop, show, clock)
        stopping.cancel()
        histories = await _histories(arm)
        held = await _histories(hold)
        status = await arm.status()
        exit_code, _ = await asyncio.gather(arm.stop(), hold.stop())
        document = _document(options, status, histories, held)
        document["stop"] = {"exit_code": exit_code, "links": darkness(arm.trace, arm.stopped_at)}
        return document


async def _both(
    stack: AsyncExitStack, options: DemoOptions, scenario: Any, directory: Path, clock: RealClock
) -> tuple[Arm, Arm]:
    """Start both arms at the same time, so that their fibres drift alike."""
    print("starting simulated bench, daemon and calibration ...", file=sys.stderr, flush=True)  # noqa: T201
    arms = [
        running_arm("policy", scenario, options.configuration, options.policy, directory / "policy", clock),
        running_arm("hold", scenario, options.configuration, PolicyChoice("hold"), directory / "hold", clock),
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


async def _follow(arm: Arm, hold: Arm, epochs: int | None, stop: asyncio.Event, show: Show, clock: RealClock) -> None:
    """Show the arms until enough epochs are over or somebody stops it."""
    while not stop.is_set():
        histories, held = await _histories(arm), await _histories(hold)
        show(await arm.status(), histories, held)
        done = min((len(history) for history in (*histories.values(), *held.values())), default=0)
        if epochs is not None and done >= epochs:
            return
        await clock.sleep(_STEP_S)


async def _histories(arm: Arm) -> dict[str, list[Json]]:
    return {link: await arm.history(link) for link in arm.first_epochs}


def _document(
    options: DemoOptions, status: Json, histories: dict[str, list[Json]], held: dict[str, list[Json]]
) -> Json:
    count = options.epochs
    links = {name: link_outcome(epochs[:count], held[name][:count]) for name, epochs in histories.items()}
    key, hold_key = (sum(link[name] for link in links.values()) for name in ("secret_key_bits", "hold_secret_key_bits"))
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": options.scenario.stem,
        "policy": status["policy"],
        "links": links,
        "total": {
            "secret_key_bits": key,
            "hold_secret_key_bits": hold_key,
            "gain": round(key / hold_key - 1.0, 4) if hold_key else None,
            "gain_bits": key - hold_key,
        },
        "alarms": status["alarms"],
    }
