"""What may happen to a network of daemons. Each returns once it is over; what follows is recovery."""

import asyncio
import random
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from hil_sim.faults.mqtt_faults import MqttFault, MqttFaultKind
from qkdctl import exit_codes
from qkdctl.store.ledger_file import STATE_FILE
from tests.network.daemons.daemon import Daemon, Status
from tests.network.daemons.folders import NETWORK, QKDCTL, complete
from tests.network.daemons.laboratory import Laboratory
from tests.network.daemons.ledgers import decisions

Strike: TypeAlias = Callable[[Laboratory, random.Random], Awaitable[str]]
"""Lets it happen; tells in a few words what was chosen."""
DOWN = ("down",)
SHIFTED = Path(__file__).parents[2] / "network" / "daemons" / "shifted"


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of trouble.

    Attributes:
        strike: see `Strike`.
        alarms: codes that some daemon must raise meanwhile or soon after.
        needs_disk: only where a small disk could be mounted.
    """

    strike: Strike
    alarms: frozenset[str] = frozenset()
    needs_disk: bool = False


async def crash(lab: Laboratory, chance: random.Random) -> str:
    """One daemon is killed at any moment and comes back."""
    daemon = _any(lab, chance)
    await asyncio.sleep(chance.uniform(0, lab.plan.epoch_s))
    await daemon.end(signal.SIGKILL)
    away_s = chance.uniform(0, 4 * lab.plan.epoch_s)
    await asyncio.sleep(away_s)
    daemon.start()
    return f"{daemon.name} away for {away_s:.1f} s"


async def blackout(lab: Laboratory, chance: random.Random) -> str:
    """All daemons are killed at once."""
    await asyncio.sleep(chance.uniform(0, lab.plan.epoch_s))
    await asyncio.gather(*(daemon.end(signal.SIGKILL) for daemon in lab.daemons.values()))
    for daemon in lab.daemons.values():
        daemon.start()
    return "all four"


async def frozen_leader(lab: Laboratory, chance: random.Random) -> str:
    """The daemon that leads does nothing for several seconds, and goes on as if nothing had been."""
    leader = lab.daemons[await _any(lab, chance).leader()]
    leader.send(signal.SIGSTOP)
    frozen_s = chance.uniform(5, 10)
    await asyncio.sleep(frozen_s)
    leader.send(signal.SIGCONT)
    return f"{leader.name} for {frozen_s:.1f} s"


async def no_broker(lab: Laboratory, chance: random.Random) -> str:
    """The broker is killed and comes back."""
    lab.broker.kill()
    away_s = chance.uniform(0, 5)
    await asyncio.sleep(away_s)
    await lab.broker.start()
    return f"for {away_s:.1f} s"


async def loss(lab: Laboratory, _chance: random.Random) -> str:
    """A fifth of the messages is lost, and the others come up to 200 ms late."""
    return await _weather(
        lab,
        MqttFault(MqttFaultKind.DROP, share=0.2, directions=DOWN),
        MqttFault(MqttFaultKind.DELAY, jitter_s=0.2, directions=DOWN),
    )


async def disorder(lab: Laboratory, _chance: random.Random) -> str:
    """Messages come twice and overtake each other."""
    return await _weather(
        lab,
        MqttFault(MqttFaultKind.DUPLICATE, share=0.5, directions=DOWN),
        MqttFault(MqttFaultKind.REORDER, share=0.5, delay_s=0.1, jitter_s=0.4, directions=DOWN),
    )


async def partition(lab: Laboratory, chance: random.Random) -> str:
    """For a minute some hear some others not."""
    nodes = list(lab.plan.nodes)
    chance.shuffle(nodes)
    one, two, three, four = nodes
    shapes: Mapping[str, set[tuple[str, str]]] = {
        f"{one} alone": _apart([one], [two, three, four]),
        f"{one} and {two} from {three} and {four}": _apart([one, two], [three, four]),
        f"{one} hears nobody": {(other, one) for other in (two, three, four)},
        f"nobody hears {one}": {(one, other) for other in (two, three, four)},
        f"a line {one}, {two}, {three}, {four}": _apart([one], [three, four]) | _apart([two], [four]),
        "everybody alone": {(a, b) for a in nodes for b in nodes if a != b},
    }
    shape = chance.choice(sorted(shapes))
    topics = tuple(f"qkdctl/{NETWORK}/pair/{sender}/{to}" for sender, to in sorted(shapes[shape]))
    lab.proxy.fault(MqttFault(MqttFaultKind.PARTITION, topics=topics, directions=DOWN))
    await asyncio.sleep(60)
    lab.proxy.clear()
    return shape


async def full_disk(lab: Laboratory, chance: random.Random) -> str:
    """There is no room for the state of one node for a while."""
    assert lab.disk is not None
    # room that the journal has left, and would use again, counts
    with closing(sqlite3.connect(lab.daemons[lab.plan.cramped].state / STATE_FILE)) as state:
        state.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    await asyncio.to_thread(lab.disk.fill)
    full_s = chance.uniform(5, 15)
    await asyncio.sleep(full_s)
    lab.disk.free()
    return f"{lab.plan.cramped} for {full_s:.1f} s"


async def backup(lab: Laboratory, chance: random.Random) -> str:
    """The state of one node is put back from a copy a few epochs old."""
    daemon = _but_cramped(lab, chance)
    copy = daemon.folder / "backup"
    await daemon.end(signal.SIGKILL)
    shutil.copytree(daemon.state, copy)
    daemon.start()
    await lab.decides_on(chance.randint(1, 4))
    await daemon.end(signal.SIGKILL)
    shutil.rmtree(daemon.state)
    copy.rename(daemon.state)
    daemon.start()
    return daemon.name


async def second_process(lab: Laboratory, chance: random.Random) -> str:
    """Somebody starts the daemon of a node that runs already."""
    daemon = _any(lab, chance)
    done = await asyncio.to_thread(
        subprocess.run,
        [*QKDCTL, "run", "--config", str(daemon.configuration)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == exit_codes.UNAVAILABLE, done.stderr[-2000:]
    assert daemon.is_alive
    return daemon.name


async def other_policy(lab: Laboratory, chance: random.Random) -> str:
    """One node is told to run another policy; it follows the network, in which policies are decided."""
    daemon = _any(lab, chance)
    await daemon.end()
    complete(daemon.folder, '[policy]\nkind = "hold"\n')
    daemon.start()
    await lab.decides_on(3)
    await daemon.end()
    complete(daemon.folder, '[policy]\nkind = "rule-based"\n')
    daemon.start()
    return daemon.name


async def other_description(lab: Laboratory, chance: random.Random) -> str:
    """One node is given another description: it refuses to start, and without its past it decides nothing."""
    daemon = _but_cramped(lab, chance)
    path = daemon.folder / "network.toml"
    text, past = path.read_text(), daemon.folder / "past"
    await daemon.end()
    try:
        path.write_text(text + "\n[trust]\nagreed_epochs = 101\n")
        daemon.start()
        assert await daemon.ended() == exit_codes.CONFIG, daemon.log[-1500:]
        daemon.state.rename(past)
        daemon.start()
        others = [other for other in lab.daemons.values() if other is not daemon]
        await asyncio.gather(*(other.until(_misses_somebody, 120.0, "alarm") for other in others))
        await _decide(lab, others)
        await daemon.end()
        assert not decisions(daemon.state), "it decides with the others"
    finally:
        if daemon.is_alive:
            await daemon.end(signal.SIGKILL)
        path.write_text(text)
        if past.exists():
            shutil.rmtree(daemon.state, ignore_errors=True)
            past.rename(daemon.state)
    daemon.start()
    return daemon.name


async def clock_steps(lab: Laboratory, chance: random.Random) -> str:
    """The wall clock of one node jumps by an hour, forth and back."""
    daemon = _any(lab, chance)
    shift = daemon.folder / "shift"
    _write_at_once(shift, "0")
    await daemon.end()
    daemon.environment = {"PYTHONPATH": str(SHIFTED), "SHIFTED_CLOCK": str(shift)}
    daemon.start()
    await lab.decides_on(1)
    for hours in (1, -1, 0):
        _write_at_once(shift, str(3600 * hours))
        await lab.decides_on(2)
    await daemon.end()
    daemon.environment = {}
    daemon.start()
    return daemon.name


def _write_at_once(path: Path, text: str) -> None:
    """So that the daemon never reads half of it, or nothing."""
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.replace(path)


FAULTS: Mapping[str, Fault] = {
    "crash": Fault(crash),
    "blackout": Fault(blackout),
    "frozen leader": Fault(frozen_leader),
    "no broker": Fault(no_broker),
    "loss": Fault(loss),
    "disorder": Fault(disorder),
    "partition": Fault(partition),
    "full disk": Fault(full_disk, frozenset({"agreement-store-failing"}), needs_disk=True),
    "backup": Fault(backup, frozenset({"restored-store"})),
    "second process": Fault(second_process),
    "other policy": Fault(other_policy),
    "other description": Fault(other_description, frozenset({"other-description"})),
    "clock steps": Fault(clock_steps),
}


def _misses_somebody(status: Status) -> bool:
    return any(alarm["code"] == "other-description" for alarm in status["alarms"])


async def _decide(lab: Laboratory, daemons: list[Daemon]) -> None:
    """Wait until these have decided a few epochs."""
    goal = await lab.epoch() + 3
    await asyncio.gather(
        *(daemon.until(lambda status: status["epoch"] >= goal, 120.0, "decision") for daemon in daemons)
    )


def _any(lab: Laboratory, chance: random.Random) -> Daemon:
    return chance.choice(list(lab.daemons.values()))


def _but_cramped(lab: Laboratory, chance: random.Random) -> Daemon:
    """One whose state directory can be replaced."""
    return chance.choice([daemon for name, daemon in lab.daemons.items() if name != lab.plan.cramped])


def _apart(some: list[str], others: list[str]) -> set[tuple[str, str]]:
    return {pair for one in some for two in others for pair in ((one, two), (two, one))}


async def _weather(lab: Laboratory, *faults: MqttFault) -> str:
    seconds = 20 * lab.plan.epoch_s
    for fault in faults:
        lab.proxy.fault(fault)
    await asyncio.sleep(seconds)
    lab.proxy.clear()
    return f"for {seconds:g} s"
