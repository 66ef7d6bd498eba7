"""Everything that happens to the links of a network by itself, drawn in chunks of steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np

from hil_sim.channels.brownian_rotation import BrownianRotation
from hil_sim.channels.bursts import Bursts
from hil_sim.channels.coexistence import ClassicalLight
from hil_sim.channels.detector_ageing import DetectorAgeing
from hil_sim.channels.epoch_fading import EpochFading
from hil_sim.channels.fibre_loss import FibreLossDrift
from hil_sim.channels.impairments import Impairment
from hil_sim.channels.misalignment import Misalignment
from hil_sim.channels.per_link import PerLink
from hil_sim.channels.phase_noise import PhaseNoise
from hil_sim.channels.process import Process
from hil_sim.channels.quaternions import IDENTITY, multiply
from hil_sim.channels.source_drift import SourceDrift
from qkdctl.physics.arrays import Floats, floats


@dataclass(frozen=True, slots=True, eq=False)
class ChannelState:
    """State of each process of ChannelProcesses, by the same names."""

    loss: Floats
    fading: Floats
    rotation: Floats
    misalignment: Floats
    classical: Floats
    bursts: Floats
    source: Floats
    phase: Floats
    ageing: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ChannelTrace:
    """What the links went through: arrays of shape (steps, links), one row for the end of each step.

    Rows of what is switched off for all links are read-only views of one number.

    Attributes:
        excess_loss_db: loss beyond the nominal one; negative when the link is better (see fibre_loss_db).
        rotation: unit quaternions of the polarisation, shape (steps, links, 4).
        background_photons: mean noise photons per gate at the receiver.
        extra_error: error probability on top of the link's own.
        source_factor: true intensity over the believed one.
        phase_error: error probability by phase noise, for twin-field links.
        efficiency_factor, dark_factor: efficiency and dark counts of the detectors over those of new ones.
        end: state to go on from.
    """

    excess_loss_db: Floats
    rotation: Floats
    background_photons: Floats
    extra_error: Floats
    source_factor: Floats
    phase_error: Floats
    efficiency_factor: Floats
    dark_factor: Floats
    end: ChannelState


@dataclass(frozen=True, slots=True, eq=False)
class ChannelProcesses:
    """The processes of one link or of many; each is off unless given.

    All parts are brought to one shape: () for one link, (links,) for many. What is off for all links costs nothing.

    Raises:
        ValueError: for parts whose numbers of links differ.
    """

    loss: FibreLossDrift = field(default_factory=FibreLossDrift)
    fading: EpochFading = field(default_factory=EpochFading)
    rotation: BrownianRotation = field(default_factory=BrownianRotation)
    misalignment: Misalignment = field(default_factory=Misalignment)
    classical: ClassicalLight = field(default_factory=ClassicalLight)
    bursts: Bursts = field(default_factory=Bursts)
    source: SourceDrift = field(default_factory=SourceDrift)
    phase: PhaseNoise = field(default_factory=PhaseNoise)
    ageing: DetectorAgeing = field(default_factory=DetectorAgeing)
    impairment: Impairment = field(default_factory=Impairment)

    def __post_init__(self) -> None:
        shape = np.broadcast_shapes(*(part.shape for part in self._parts().values()))
        for name, part in self._parts().items():
            object.__setattr__(self, name, part.resized(shape))

    @classmethod
    def of(cls, links: Sequence[Self]) -> Self:
        """Processes of many links from those of single ones, such as presets, in this order.

        Raises:
            ValueError: without links.
        """
        if not links:
            raise ValueError("channel processes need at least one link, got none")
        parts: dict[str, Any] = {
            part.name: type(getattr(links[0], part.name)).stack([getattr(link, part.name) for link in links])
            for part in fields(cls)
        }
        return cls(**parts)

    def with_impairment(self, impairment: Impairment) -> Self:
        """The same links with something wrong with them."""
        return replace(self, impairment=impairment)

    @property
    def shape(self) -> tuple[int, ...]:
        """() for one link, (links,) for many."""
        return self.loss.shape

    def start(self, rng: np.random.Generator) -> ChannelState:
        """First states."""
        keys = _keys(rng)
        states: dict[str, Any] = {
            name: process.start(_stream(key)) for (name, process), key in zip(self._processes(), keys, strict=True)
        }
        return ChannelState(**states)

    def trace(
        self, state: ChannelState, steps: int, step_s: float, elapsed_s: float, rng: np.random.Generator
    ) -> ChannelTrace:
        """Draw the next `steps` steps.

        Every process has a stream of its own, keyed by the generator, so that switching one on or off changes no
        other; the generator itself always moves on by the same amount.

        Args:
            state: where the links are.
            steps: 1 or more.
            step_s: length of a step.
            elapsed_s: time since the start, at the start of the first step.
            rng: source of randomness.

        Raises:
            ValueError: for less than one step, or steps that take no time.
        """
        keys = _keys(rng)
        paths = {
            name: process.walk(getattr(state, name), steps, step_s, _stream(key))
            for (name, process), key in zip(self._processes(), keys, strict=True)
            if not process.off
        }
        shape = (steps, *self.shape)
        times = floats(elapsed_s + step_s * np.arange(1, steps + 1)).reshape(steps, *(1 for _ in self.shape))
        bursts, source, phase, ageing = (paths.get(name) for name in ("bursts", "source", "phase", "ageing"))
        return ChannelTrace(
            excess_loss_db=self._excess_loss_db(paths, step_s, times, shape),
            rotation=self._rotation(paths, shape),
            background_photons=self._background(paths, shape),
            extra_error=_constant(0.0, shape) if bursts is None else self.bursts.added_error(bursts),
            source_factor=_constant(1.0, shape) if source is None else self.source.factor(source),
            phase_error=_constant(0.0, shape) if phase is None else self.phase.error(phase),
            efficiency_factor=_constant(1.0, shape) if ageing is None else self.ageing.efficiency_factor(ageing, times),
            dark_factor=_constant(1.0, shape) if ageing is None else self.ageing.dark_factor(ageing, times),
            end=replace(state, **{name: path[-1].copy() for name, path in paths.items()}),
        )

    def _excess_loss_db(self, paths: dict[str, Floats], step_s: float, times: Floats, shape: tuple[int, ...]) -> Floats:
        excess = _constant(self.impairment.loss_db, shape)
        if "loss" in paths:
            excess = excess + self.loss.excess_db(paths["loss"], times)
        if "fading" in paths:
            excess = excess + self.fading.excess_db(paths["fading"], step_s)
        return excess

    def _rotation(self, paths: dict[str, Floats], shape: tuple[int, ...]) -> Floats:
        free, held = paths.get("rotation"), paths.get("misalignment")
        if held is not None:
            held = self.misalignment.rotation(held)
            return held if free is None else multiply(held, free)
        return _constant(IDENTITY, (*shape, 4)) if free is None else free

    def _background(self, paths: dict[str, Floats], shape: tuple[int, ...]) -> Floats:
        steady = _constant(self.impairment.photons_per_gate, shape)
        return steady + self.classical.background(paths["classical"]) if "classical" in paths else steady

    def _parts(self) -> dict[str, PerLink]:
        return {part.name: getattr(self, part.name) for part in fields(self)}

    def _processes(self) -> list[tuple[str, Process]]:
        return [(part.name, getattr(self, part.name)) for part in fields(ChannelState)]


def _constant(values: Any, shape: tuple[int, ...]) -> Floats:
    return np.broadcast_to(floats(values), shape)


def _keys(rng: np.random.Generator) -> list[int]:
    keys: list[int] = rng.integers(2**63, size=len(fields(ChannelState))).tolist()
    return keys


def _stream(key: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(key))
