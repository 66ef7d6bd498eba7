"""Running the demo: simulated instruments, daemons, liars; shown live or summed up as one document."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil_sim.demo.casting import Casting
from hil_sim.demo.daemons import Daemons, running_daemons
from hil_sim.demo.folders import FolderPlan, make_folders
from hil_sim.demo.keyboard import pressed
from hil_sim.demo.liars import Liar, Troupe
from hil_sim.demo.outcome import SCHEMA_VERSION, darkness, network_outcome
from hil_sim.demo.policy_choice import PolicyChoice
from hil_sim.demo.starting import Start
from hil_sim.demo.story import Story
from hil_sim.demo.untouched import Untouched
from hil_sim.demo.usage import Usage
from hil_sim.demo.watching import Watcher
from hil_sim.node_tables import ends_of
from hil_sim.scenario import Scenario
from hil_sim.simulation import Simulation
from qkdctl.client import ClientError
from qkdctl.clock import Clock, RealClock

Json = dict[str, Any]
_LOOK_EVERY_S = 0.7
_POLL_S = 2.0
_HOUR_EPOCHS = 3600
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What to show.

    Attributes:
        scenario: simulated links and instruments; links name their nodes.
        description: of the network, without links.
        policy: of all nodes.
        liars: from the beginning on.
        epochs: epochs to run once all links do; None runs until Ctrl-C.
        keep: new directory for folders, logs, ledgers and trace; a temporary one when None.
    """

    scenario: Scenario
    description: Path
    policy: PolicyChoice
    liars: tuple[Liar, ...] = ()
    epochs: int | None = None
    keep: Path | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """Where the demo shows itself.

    Attributes:
        say: told what is being waited for.
        show: called about once a second, and after each key, with what was seen and who lies.
    """

    say: Callable[[str], None]
    show: Callable[[Story, Casting], None]


@dataclass(slots=True)
class _Stage:
    """What runs, and whether somebody wants it to end."""

    clock: Clock
    daemons: Daemons | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    signalled_at: float | None = None

    def end(self) -> None:
        """A signal: every daemon is told at once, whatever the demo is doing."""
        if self.signalled_at is None:
            self.signalled_at = self.clock.monotonic()
        self.stop.set()
        if self.daemons is not None:
            self.daemons.tell_to_stop()


def run_demo(options: DemoOptions, screen: Screen) -> Json:
    """Run the demo and return the closing document.

    Raises:
        DemoError: the network did not come up, or a daemon went away.
        OSError: a directory cannot be written.
        ValueError: the links of the scenario name no nodes.
    """
    return asyncio.run(_run(options, screen))


async def _run(options: DemoOptions, screen: Screen) -> Json:
    stage = _Stage(RealClock())
    with tempfile.TemporaryDirectory(prefix="qkdctl-demo-", dir=_in_memory()) as temporary:
        directory = options.keep if options.keep is not None else Path(temporary)
        await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
        async with _signals(stage):
            document = await _act(stage, options, directory, screen)
        return {"schema_version": SCHEMA_VERSION, **document, "stop": _stop(stage, directory / "trace.jsonl")}


def _in_memory() -> Path | None:
    """A file system in memory, where there is one: eight ledgers on one disk would wait for each other."""
    return _MEMORY if os.access(_MEMORY, os.W_OK) else None


@asynccontextmanager
async def _signals(stage: _Stage) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stage.end)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def _act(stage: _Stage, options: DemoOptions, directory: Path, screen: Screen) -> Json:
    """The whole demo, unless it is ended before; instruments vanish after the daemons."""
    began = stage.clock.monotonic()
    ends = ends_of(options.scenario)
    apart = frozenset(liar.node for liar in options.liars if liar.manner == "silent")
    screen.say("instruments are being simulated")
    async with Simulation(options.scenario, clock=stage.clock, trace=directory / "trace.jsonl") as simulation:
        untouched = Untouched(simulation.bench, options.scenario.seed, stage.clock)
        screen.say("each node gets its folder and keys")
        plan = FolderPlan(options.description, options.policy, _POLL_S, options.epochs or _HOUR_EPOCHS)
        paths = await make_folders(directory / "nodes", simulation, plan)
        story = Story(options.policy.label)
        casting = Casting(Troupe(simulation, ends), story, sorted(paths), options.liars)
        if stage.stop.is_set():
            return {"interrupted": "while starting"}
        async with (
            untouched.following(),
            running_daemons(paths, apart, directory / "daemons.log", stage.clock) as daemons,
        ):
            stage.daemons = daemons
            first_epoch = await _unless_stopped(stage, Start(daemons, ends, screen.say).bring_up())
            if first_epoch is None:
                return {"interrupted": "while starting"}
            up = Usage.now(stage.clock, daemons)
            with pressed(lambda key: _press(key, casting, story, screen)):
                watcher = Watcher(daemons, first_epoch)
                await _follow(stage, watcher, untouched, story, casting, options.epochs, screen)
            processor = Usage.now(stage.clock, daemons).since(up)
    known = network_outcome(story, casting.lying) if story.epochs else {"interrupted": "before the first epoch"}
    return {"policy": options.policy.to_plain(), "start_s": round(up.at - began, 1), "processor": processor, **known}


def _press(key: str, casting: Casting, story: Story, screen: Screen) -> None:
    casting.press(key)
    screen.show(story, casting)


async def _unless_stopped(stage: _Stage, work: Any) -> int | None:
    """What the work comes to; None when it was ended before."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stage.stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if stage.stop.is_set():
        working.cancel()
        await asyncio.wait({working})
        return None
    result: int = await working
    return result


async def _follow(
    stage: _Stage,
    watcher: Watcher,
    untouched: Untouched,
    story: Story,
    casting: Casting,
    epochs: int | None,
    screen: Screen,
) -> None:
    """Show the network until enough epochs are over or somebody ends it."""
    assert stage.daemons is not None, "it runs"
    while not stage.stop.is_set():
        try:
            scene = await watcher.look(casting.lying)
        except ClientError:
            if stage.stop.is_set():
                return
            stage.daemons.check_alive()
            scene = None
        if scene is not None:
            story.add(scene, untouched.look())
            casting.due(scene.epoch - watcher.first_epoch + 1)
            screen.show(story, casting)
            if epochs is not None and story.epochs >= epochs:
                return
        try:
            async with asyncio.timeout(_LOOK_EVERY_S):
                await stage.stop.wait()
        except TimeoutError:
            continue


def _stop(stage: _Stage, trace: Path) -> Json:
    """Darkness by the record of the instruments, from the signal or else from the order to stop."""
    if stage.daemons is None:
        return {"exit_codes": [], "links": {}}
    stopped_at = stage.signalled_at or stage.daemons.stopped_at or stage.clock.monotonic()
    return {"exit_codes": stage.daemons.exit_codes, "links": darkness(trace, stopped_at)}
