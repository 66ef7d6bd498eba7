"""One network through all faults, in an order that the seed decides, with a look at everything after each."""

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.campaigns.daemons.faults import FAULTS
from tests.network.daemons.laboratory import Laboratory, Plan, is_well, laboratory, links_run

NODES = ("n1", "n2", "n3", "n4")
RING = {f"{one}-{two}": (one, two) for one, two in zip(NODES, (*NODES[1:], NODES[0]), strict=True)}
EPOCH_S = 2.0
PATIENCE_S = 240.0
_QUIET_EPOCHS = 5
QUIET = "nothing"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One fault and what followed.

    Attributes:
        seed: of the voyage.
        fault: its name; `QUIET` for a while without any.
        what: was chosen.
        lasted_s: from its beginning to its end.
        epochs: that the foremost node decided meanwhile.
        deciding_s: from its end until all nodes had decided twice more than any of them had.
        shining_s: from its end until all links made key and no alarm lasted.
        violations: what must never be; and alarms that did not come.
        alarms: that came.
    """

    seed: int
    fault: str
    what: str
    lasted_s: float
    epochs: int
    deciding_s: float
    shining_s: float
    violations: tuple[str, ...]
    alarms: tuple[str, ...]


async def voyage(
    seed: int, done: Collection[str], until_s: float, show: Callable[[str], None], note: Callable[[Outcome], None]
) -> None:
    """Go through the faults that are not done yet.

    Args:
        seed: decides order and choices, and every second time that keys come from key managers.
        done: names.
        until_s: monotonic time at which no fault begins any more.
        show: told of progress.
        note: takes outcomes.
    """
    chance = random.Random(seed)
    order = [QUIET, *sorted(FAULTS)]
    chance.shuffle(order)
    plan = Plan(NODES, RING, EPOCH_S, 0.2, seed, has_key_managers=seed % 2 == 0, cramped="n3")
    with tempfile.TemporaryDirectory(prefix="daemons-", ignore_cleanup_errors=True) as name:
        async with laboratory(Path(name), plan) as lab:
            began_s = time.monotonic()
            await lab.bring_up()
            show(f"seed {seed}: all links run after {time.monotonic() - began_s:.0f} s")
            known: set[str] = set()
            for fault in order:
                if fault in done or time.monotonic() > until_s or (lab.disk is None and _needs_disk(fault)):
                    continue
                show(f"seed {seed}: {fault}")
                outcome = await _outcome(lab, seed, fault, known)
                note(outcome)
                show(
                    f"  {outcome.what}: decides again after {outcome.deciding_s:.1f} s, "
                    f"all well after {outcome.shining_s:.1f} s {list(outcome.violations) or ''}"
                )
            codes = await lab.close_down()
            light = lab.light()
            assert set(codes.values()) == {0}, f"exit codes {codes}"
            assert all(found.last == 0 for found in light.values()), f"light at the end: {light}"


async def _outcome(lab: Laboratory, seed: int, fault: str, known: set[str]) -> Outcome:
    chance = random.Random(f"{seed} {fault}")
    offsets = {name: daemon.log_bytes for name, daemon in lab.daemons.items()}
    epoch, began_s = await lab.epoch(), time.monotonic()
    problems = []
    try:
        what = await _quiet(lab) if fault == QUIET else await FAULTS[fault].strike(lab, chance)
    except AssertionError as error:
        what = "failed"
        problems.append(str(error)[:1500])
        lab.revive()
    lasted_s = time.monotonic() - began_s
    epochs = await _foremost(lab) - epoch
    ended_s = time.monotonic()
    try:
        await lab.decides_on(2, PATIENCE_S)
        deciding_s = time.monotonic() - ended_s
        await lab.all_until(lambda status: links_run(status) and is_well(status), "end of trouble", PATIENCE_S)
    except AssertionError as error:
        deciding_s = time.monotonic() - ended_s
        problems.append(f"no recovery: {str(error)[:1500]}")
    shining_s = time.monotonic() - ended_s
    alarms = set().union(*(daemon.raised(offsets[name]) for name, daemon in lab.daemons.items()))
    expected = FAULTS[fault].alarms if fault in FAULTS else frozenset()
    problems += [f"no alarm {code}" for code in sorted(expected - alarms)]
    found = lab.faults_found()
    problems += [problem for problem in found if problem not in known]
    known.update(found)
    return Outcome(seed, fault, what, lasted_s, epochs, deciding_s, shining_s, tuple(problems), tuple(sorted(alarms)))


async def _quiet(lab: Laboratory) -> str:
    await lab.decides_on(_QUIET_EPOCHS)
    return f"{_QUIET_EPOCHS} epochs"


async def _foremost(lab: Laboratory) -> int:
    """From the ledgers, since daemons that have just been started do not answer yet."""
    ledgers = await asyncio.to_thread(lab.ledgers)
    return max(max(decided, default=0) for decided in ledgers.values())


def _needs_disk(fault: str) -> bool:
    return fault in FAULTS and FAULTS[fault].needs_disk


def written(outcome: Outcome) -> str:
    """A line of JSON."""
    return json.dumps(asdict(outcome)) + "\n"


def read(path: Path) -> list[Outcome]:
    """All outcomes that were noted."""
    if not path.exists():
        return []
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        Outcome(**{**plain, "violations": tuple(plain["violations"]), "alarms": tuple(plain["alarms"])})
        for plain in found
    ]
