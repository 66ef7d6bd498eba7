"""Random reports for both ways of keeping the state: records of one link each, and arrays of all."""

from typing import Any

import numpy as np

from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.rows import LinkRows
from qkdctl.records.facts import LinkFacts, ProtocolFacts
from qkdctl.records.report import LinkReport
from tests.records.samples import facts, row

FIELDS = [name for name in LinkRows.__slots__ if name != "protocol"]


def random_facts(rng: np.random.Generator, links: int) -> list[LinkFacts]:
    """Links with different hardware, named in order."""
    entries = []
    for number in range(links):
        able = [name for name in PROTOCOLS if rng.random() < 0.6] or ["bb84"]
        entries.append(
            facts(
                f"link-{number:03}",
                alice="alice",
                bob="bob",
                protocols=tuple(
                    ProtocolFacts(
                        protocol=name,
                        cap_mean_photon_number_e6=int(rng.integers(60_000, 1_000_000)),
                        qber_limit_ppm=int(rng.integers(20_000, 110_000)),
                    )
                    for name in able
                ),
                attenuator_step_mdb=int(rng.integers(0, 500)),
                calibration_uncertainty_ppm=int(rng.integers(0, 100_000)),
                can_realign=int(rng.random() < 0.8),
                realign_dead_ms=int(rng.integers(0, 5_000)),
                dwell_epochs=int(rng.integers(0, 8)),
            )
        )
    return entries


def random_rows(rng: np.random.Generator, entries: list[LinkFacts], before: LinkRows | None) -> LinkRows:
    """Rows of all links; protocol, intensity and validity change now and then."""
    links = len(entries)
    protocol = np.array([PROTOCOLS.index(rng.choice([p.protocol for p in e.protocols])) for e in entries])
    power = rng.integers(0, 1_000_001, links) * (rng.random(links) < 0.95)
    if before is not None:
        stay = rng.random(links) < 0.8
        protocol = np.where(stay, before.protocol, protocol)
        power = np.where(rng.random(links) < 0.7, before.mean_photon_number_e6, power)
    counts = {name: rng.integers(0, 10 ** rng.integers(1, 9), links) for name in FIELDS}
    near = power * rng.uniform(0.9, 1.15, links) * (rng.random(links) < 0.8)
    counts |= {
        "mean_photon_number_e6": power,
        "measured_mean_photon_number_e6": near.astype(np.int64),
        "qber_z_ppm": rng.integers(0, 130_000, links),
        "qber_x_ppm": rng.integers(0, 130_000, links),
        "sifted_bits": counts["sifted_bits"] * (rng.random(links) < 0.9),
        "test_bits": counts["test_bits"] * (rng.random(links) < 0.9),
        "loss_mdb": rng.integers(0, 60_000, links),
        "duration_ms": np.full(links, 1_000),
        "dead_ms": rng.integers(0, 1_001, links) * (rng.random(links) < 0.3),
        "valid": (rng.random(links) < 0.85).astype(np.int64),
        "realigns": (rng.random(links) < 0.1).astype(np.int64),
    }
    return LinkRows(protocol=protocol.astype(np.int8), **counts)


def agreed_rows(rows: LinkRows, entries: list[LinkFacts], present: Any) -> list[LinkReport]:
    """The same rows as records, of the links that reported."""
    return [
        row(
            entry.link,
            protocol=PROTOCOLS[rows.protocol[number]],
            age_ms=0,
            **{name: int(getattr(rows, name)[number]) for name in FIELDS},
        )
        for number, entry in enumerate(entries)
        if present[number]
    ]
