"""Records that tests start from and change in one place."""

from typing import Any

from qkdctl.records.facts import LinkFacts, LinkTable, ProtocolFacts
from qkdctl.records.report import LinkReport, NodeReport


def facts(link: str = "alice-bob", **changes: Any) -> LinkFacts:
    """A 50 km link with nanowire detectors and a polarisation controller."""
    values: dict[str, Any] = {
        "link": link,
        "nodes": ("bench",),
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


def report(epoch: int, *links: LinkReport, node: str = "bench") -> NodeReport:
    return NodeReport(node=node, epoch=epoch, wall_ms=1_700_000_000_000 + 1_000 * epoch, devices=(), links=links)
