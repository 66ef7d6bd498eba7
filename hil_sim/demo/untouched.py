"""What links would have made untouched: each has a twin on the same fibre that holds what it began with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hil_sim.construction import Bench
from hil_sim.instruments.qkd_engine import QkdEngine
from hil_sim.world.link import OpticalLink
from hil_sim.world.session import KeySession
from qkdctl.clock import Clock

_PAGE = 1000
_STEP_S = 0.1
"""A policy sees a link a whole epoch before it touches it for the first time."""


@dataclass(frozen=True, slots=True)
class Yield:
    """Key of a link since it first ran, by the simulators' own record: what engines say of it plays no part.

    Attributes:
        made_bits: secret bits of the link itself.
        held_bits: of its twin.
    """

    made_bits: int
    held_bits: int

    @property
    def gain(self) -> float | None:
        """By how much more was made than by holding, as a share of the latter; None before that has made key."""
        return self.made_bits / self.held_bits - 1 if self.held_bits else None


@dataclass(slots=True)
class _Counter:
    """Adds up the key of a session from some record on."""

    session: KeySession
    last: int
    bits: int = 0

    @classmethod
    def of(cls, session: KeySession) -> "_Counter":
        return cls(session, session.state().sequence)

    def total(self) -> int:
        while records := self.session.records("alice", self.last, _PAGE):
            self.bits += sum(record.secret_key_bits for record in records)
            self.last = records[-1].sequence
        return self.bits


@dataclass(slots=True)
class Untouched:
    """The twins of all links, from when each link first runs.

    Made when the links are, so that a twin's fibre drifts as that of its link does, to within the milliseconds between
    the two; it counts its own photons.

    Args:
        bench: links and engines.
        seed: of the scenario.
        clock: of the links.
    """

    bench: Bench
    seed: int
    clock: Clock
    _twins: dict[str, OpticalLink] = field(init=False)
    _counters: dict[str, tuple[_Counter, _Counter]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make the twins, dark as links are at first."""
        self._twins = {
            name: OpticalLink(name, link.parameters, self.seed, self.clock) for name, link in self.bench.links.items()
        }

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Begin with every link that begins while the block lasts."""
        task = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            task.cancel()
            (result,) = await asyncio.gather(task, return_exceptions=True)
            if isinstance(result, Exception):
                raise result

    def begin(self) -> int:
        """Let twins take over the settings of links that make key since the last call, and keep them.

        Returns:
            How many links have begun.
        """
        for name, session in self._sessions().items():
            if name not in self._counters and _makes_key(session):
                twin = KeySession(self._twins[name], session.parameters)
                _set_alike(self._twins[name], session.link)
                twin.configure(mode="key", mean_photon_number_e6=session.state().mean_photon_number_e6)
                self._counters[name] = (_Counter.of(session), _Counter.of(twin))
        return len(self._counters)

    def look(self) -> dict[str, Yield]:
        """Key so far of the links that run or ran."""
        return {name: Yield(own.total(), twin.total()) for name, (own, twin) in self._counters.items()}

    async def _follow(self) -> None:
        while self.begin() < len(self._twins):
            await self.clock.sleep(_STEP_S)

    def _sessions(self) -> dict[str, KeySession]:
        engines = self.bench.instruments.values()
        return {each.session.link.name: each.session for each in engines if isinstance(each, QkdEngine)}


def _makes_key(session: KeySession) -> bool:
    state = session.state()
    return (state.mode, state.peer_mode) == ("key", "key") and session.link.mean_photon_number() > 0


def _set_alike(twin: OpticalLink, link: OpticalLink) -> None:
    now = link.settings
    twin.set_switch_connected(now.switch_connected)
    twin.set_polarization_voltages_mv(now.polarization_voltages_mv)
    twin.set_attenuation_db(now.attenuation_db)
    twin.set_laser_power_w(now.laser_power_w)
    twin.set_shutter_open(now.shutter_open)
