"""Records that tests start from and change in one place."""

from typing import Any

from qkdctl.records.facts import LinkFacts, LinkTable, ProtocolFacts
from qkdctl.records.history import next_links
from qkdctl.records.network import NetworkState
from qkdctl.records.report import EndReport, LinkReport, NodeReport
from qkdctl.records.session import BasisCounts, End, SessionRecord
from qkdctl.records.standing import NodeStanding


def facts(link: str = "alice-bob", **changes: Any) -> LinkFacts:
    """A 50 km link with nanowire detectors and a polarisation controller."""
    values: dict[str, Any] = {
        "link": link,
        "alice": "bench",
        "bob": "bench",
        "protocols": (ProtocolFacts(protocol="bb84", cap_mean_photon_number_e6=800_000, qber_limit_ppm=90_000),),
        "pulse_rate_hz": 100_000_000,
        "detector_efficiency_ppm": 650_000,
        "receiver_loss_mdb": 3_000,
        "background_yield_e9": 200,
        "aligned_qber_ppm": 10_000,
        "attenuator_step_mdb": 50,
        "calibration_uncertainty_ppm": 20_000,
        "can_realign": 1,
        "realign_dead_ms": 1_000,
        "dwell_epochs": 60,
    }
    return LinkFacts(**(values | changes))


def table(*links: LinkFacts) -> LinkTable:
    return LinkTable(epoch_ms=1_000, links=links or (facts(),))


def row(link: str = "alice-bob", **changes: Any) -> LinkReport:
    """A valid row of a link that runs well."""
    values: dict[str, Any] = {
        "link": link,
        "mode": "running",
        "protocol": "bb84",
        "mean_photon_number_e6": 250_000,
        "measured_mean_photon_number_e6": 249_000,
        "attenuation_mdb": 31_250,
        "qber_z_ppm": 10_000,
        "qber_x_ppm": 11_000,
        "sifted_bits": 400_000,
        "test_bits": 5_000,
        "secret_key_bits": 250_000,
        "detected": 600_000,
        "pulses": 100_000_000,
        "vacuum_sent": 8_000_000,
        "vacuum_detected": 2,
        "loss_mdb": 10_000,
        "duration_ms": 1_000,
        "dead_ms": 0,
        "age_ms": 50,
        "valid": 1,
        "realigns": 0,
        "records": "0" * 64,
    }
    return LinkReport(**(values | changes))


def state_after(
    previous: NetworkState | None, epoch: int, *rows: LinkReport, facts_of: LinkTable | None = None
) -> NetworkState:
    """The state after an epoch with these agreed rows; every node is fully trusted."""
    known = facts_of or table()
    nodes = sorted({node for entry in known.links for node in entry.nodes})
    elapsed = 1 if previous is None else epoch - previous.epoch
    return NetworkState(
        epoch=epoch,
        wall_ms=1_700_000_000_000 + 1_000 * epoch,
        links=next_links(() if previous is None else previous.links, rows, known, elapsed),
        rows=rows,
        standings=tuple(standing(node) for node in nodes),
        disputes=(),
        pending=(),
        accounts=(),
        absent=(),
        verdicts=(),
    )


def standing(node: str, **changes: Any) -> NodeStanding:
    """A node of which nothing bad is known."""
    values: dict[str, Any] = {
        "node": node,
        "score_ppm": 1_000_000,
        "trust_ppm": 1_000_000,
        "score_quiet": 0,
        "trust_quiet": 0,
        "fidelity_permille": 1_000,
        "data_weight_e6": 1_000_000,
    }
    return NodeStanding(**(values | changes))


def session(sequence: int = 1, end: End = "alice", link: str = "alice-bob", **changes: Any) -> SessionRecord:
    """One second of a link that runs well."""
    values: dict[str, Any] = {
        "link": link,
        "end": end,
        "sequence": sequence,
        "block": 1,
        "started_ms": 1_000 * sequence,
        "duration_ms": 1_000,
        "protocol": "bb84",
        "pulses": 100_000_000,
        "mean_photon_numbers_e6": (250_000, 50_000, 0),
        "z": BasisCounts(
            sent=(64_000_000, 8_000_000, 8_000_000), detected=(400_000, 10_000, 2), errors=(4_000, 200, 1)
        ),
        "x": BasisCounts(sent=(800_000, 100_000, 100_000), detected=(5_000, 130, 0), errors=(55, 3, 0)),
        "secret_key_bits": 250_000,
        "dead_ms": 0,
    }
    return SessionRecord(**(values | changes))


def end_report(*sessions: SessionRecord, end: End = "alice", link: str = "alice-bob", **changes: Any) -> EndReport:
    """One end of a link that runs well, with these records."""
    values: dict[str, Any] = {
        "link": link,
        "end": end,
        "mode": "running",
        "protocol": "bb84",
        "mean_photon_number_e6": 250_000,
        "measured_mean_photon_number_e6": 249_000 if end == "alice" else 0,
        "attenuation_mdb": 31_250 if end == "alice" else 0,
        "age_ms": 50,
        "trusted": 1,
        "realigns": 0,
        "sessions": sessions,
    }
    return EndReport(**(values | changes))


def report(epoch: int, *ends: EndReport, node: str = "bench", **changes: Any) -> NodeReport:
    """What a node says about an epoch; its ends are put into order."""
    values: dict[str, Any] = {
        "node": node,
        "epoch": epoch,
        "wall_ms": 1_700_000_000_000 + 1_000 * epoch,
        "policy": "rule-based",
        "devices": (),
        "ends": tuple(sorted(ends, key=lambda entry: (entry.link, entry.end))),
        "late": (),
        "accusations": (),
    }
    return NodeReport(**(values | changes))
