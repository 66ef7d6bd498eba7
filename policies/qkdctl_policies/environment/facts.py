"""What is fixed about the links of simulated networks: the agreed table, and the same numbers as arrays."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.link_arrays import LinkArrays
from hil_sim.network.network import Network
from qkdctl.physics.detectors import background_yield, dark_probability_per_gate
from qkdctl.policy.limits import highest_allowed_e6
from qkdctl.records.facts import LinkFacts, LinkTable, ProtocolFacts

Integers = NDArray[np.int64]

_PPM = 1_000_000


def link_table(network: Network, epoch_s: float) -> LinkTable:
    """The table that the nodes of this network agree on, links in the order of their names."""
    epoch_ms = round(1000 * epoch_s)
    facts = [_facts(network, link, epoch_ms) for link in range(network.links.count)]
    return LinkTable(epoch_ms=epoch_ms, links=tuple(sorted(facts, key=lambda entry: entry.link)))


@dataclass(frozen=True, slots=True)
class FactArrays:
    """Facts of many links; arrays of shape (links,), per protocol (protocols, links) with 0 for those a link lacks.

    Fields as in `LinkFacts`; a node that owns both ends counts twice.
    """

    pulse_rate_hz: Integers
    detector_efficiency_ppm: Integers
    receiver_loss_mdb: Integers
    background_yield_e9: Integers
    aligned_qber_ppm: Integers
    calibration_uncertainty_ppm: Integers
    can_realign: Integers
    realign_dead_ms: Integers
    dwell_epochs: Integers
    highest_allowed_e6: Integers
    qber_limit_ppm: Integers

    @classmethod
    def of(cls, facts: Sequence[LinkFacts]) -> Self:
        """From the table's entries, in this order."""
        plain = [field.name for field in fields(cls) if field.name not in ("highest_allowed_e6", "qber_limit_ppm")]
        protocols = [[entry.protocol(name) for entry in facts] for name in PROTOCOLS]
        return cls(
            **{name: np.array([getattr(entry, name) for entry in facts], dtype=np.int64) for name in plain},
            highest_allowed_e6=np.array(
                [
                    [
                        0 if known is None else highest_allowed_e6(entry, known)
                        for entry, known in zip(facts, row, strict=True)
                    ]
                    for row in protocols
                ],
                dtype=np.int64,
            ),
            qber_limit_ppm=np.array(
                [[0 if known is None else known.qber_limit_ppm for known in row] for row in protocols], dtype=np.int64
            ),
        )


def facts_of_links(network: Network, epoch_s: float) -> list[LinkFacts]:
    """Facts in the order of the network's links."""
    table = link_table(network, epoch_s)
    return [table.of(name) for name in network.link_names]


def _facts(network: Network, link: int, epoch_ms: int) -> LinkFacts:
    links = network.links
    return LinkFacts(
        link=network.link_names[link],
        alice=network.node_names[network.ends[0, link]],
        bob=network.node_names[network.ends[1, link]],
        protocols=tuple(
            ProtocolFacts(
                protocol=name,
                cap_mean_photon_number_e6=int(links.cap_e6[number, link]),
                qber_limit_ppm=int(links.qber_limit_ppm[link]),
            )
            for number, name in enumerate(PROTOCOLS)
            if links.supported[number, link]
        ),
        pulse_rate_hz=round(links.pulse_rate_hz[link]),
        detector_efficiency_ppm=max(round(links.efficiency[link] * _PPM), 1),
        receiver_loss_mdb=round(1000 * links.receiver_loss_db[link]),
        background_yield_e9=round(1e9 * _background(links, link)),
        sending_ppm=round(links.sending[link] * _PPM),
        aligned_qber_ppm=round(links.intrinsic_error[link] * _PPM),
        # rounded up, so that what the facts allow is never more than the link takes
        attenuator_step_mdb=_up(1000 * links.attenuator_step_db[link]),
        calibration_uncertainty_ppm=_up(links.calibration_uncertainty[link] * _PPM),
        can_realign=int(links.can_realign[link]),
        realign_dead_ms=round(1000 * links.realign_s[link]),
        dwell_epochs=-(-round(1000 * links.dwell_s[link]) // epoch_ms),
    )


def _up(value: float) -> int:
    """Rounded up, less a billionth for what binary fractions add."""
    return math.ceil(value - 1e-9)


def _background(links: LinkArrays, link: int) -> float:
    return float(background_yield(dark_probability_per_gate(links.dark_rate_hz[link], links.gate_s[link])))
