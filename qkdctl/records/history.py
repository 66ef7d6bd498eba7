"""How the rows of links move from one epoch to the next."""

from collections.abc import Iterable
from typing import Any

from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.network import LinkState
from qkdctl.records.report import LinkReport
from qkdctl.records.saturation import saturated
from qkdctl.records.series import EPOCHS_MAX, ErrorSeries, Series, later

UNKNOWN_PROTOCOL = "none"


def next_links(
    before: Iterable[LinkState], rows: Iterable[LinkReport], table: LinkTable, elapsed: int
) -> tuple[LinkState, ...]:
    """All links of the table after an epoch; one without a row keeps its last measurements, marked invalid.

    Args:
        before: the links as they were; those outside the table are forgotten.
        rows: at most one per link; those outside the table are ignored.
        table: the agreed static facts.
        elapsed: epochs since `before`, at least 1.
    """
    known = {link.link: link for link in before}
    reported = {row.link: row for row in rows}

    def after(facts: LinkFacts) -> LinkState:
        old, row = known.get(facts.link) or unseen_link(facts), reported.get(facts.link)
        return silent_link(old, elapsed, table.epoch_ms) if row is None else next_link(old, row, facts, elapsed)

    return tuple(after(facts) for facts in table.links)


def unseen_link(facts: LinkFacts) -> LinkState:
    """The row of a link before its first report: dark, safe, nothing measured, nothing ever changed."""
    return LinkState(
        link=facts.link,
        mode="safe",
        protocol=facts.protocols[0].protocol,
        mean_photon_number_e6=0,
        measured_mean_photon_number_e6=0,
        attenuation_mdb=0,
        qber_z=ErrorSeries.promised(facts.aligned_qber_ppm),
        qber_x=ErrorSeries.promised(facts.aligned_qber_ppm),
        loss=Series.starting_at(0),
        sifted_bits=0,
        test_bits=0,
        secret_key_bits=0,
        detected=0,
        pulses=0,
        vacuum_sent=0,
        vacuum_detected=0,
        duration_ms=0,
        dead_ms=0,
        age_ms=0,
        valid=0,
        invalid_epochs=EPOCHS_MAX,
        realign_dead_ms=facts.realign_dead_ms,
        dead_run_ms=0,
        epochs_since_power_change=EPOCHS_MAX,
        epochs_since_realign=EPOCHS_MAX,
        epochs_since_protocol_change=EPOCHS_MAX,
    )


def silent_link(old: LinkState, elapsed: int, epoch_ms: int) -> LinkState:
    """The row of a link that nobody reported: older, and invalid."""
    return old.model_copy(
        update={
            "age_ms": saturated(old.age_ms + elapsed * epoch_ms),
            "valid": 0,
            "invalid_epochs": later(old.invalid_epochs, elapsed),
            "epochs_since_power_change": later(old.epochs_since_power_change, elapsed),
            "epochs_since_realign": later(old.epochs_since_realign, elapsed),
            "epochs_since_protocol_change": later(old.epochs_since_protocol_change, elapsed),
        }
    )


def next_link(old: LinkState, row: LinkReport, facts: LinkFacts, elapsed: int) -> LinkState:
    """The row after a report.

    Settings are always taken over, measurements only from a valid row. A re-alignment or change of protocol
    restarts the series: the row that shows it mixes both settings, so the next one sets the level.
    """
    protocol = old.protocol if row.protocol == UNKNOWN_PROTOCOL else row.protocol
    switched = protocol != old.protocol
    dead_run_ms = saturated(old.dead_run_ms + row.dead_ms) if row.dead_ms else 0
    moved = row.mean_photon_number_e6 != old.mean_photon_number_e6
    changes: dict[str, Any] = {
        "mode": row.mode,
        "protocol": protocol,
        "mean_photon_number_e6": row.mean_photon_number_e6,
        "measured_mean_photon_number_e6": row.measured_mean_photon_number_e6,
        "attenuation_mdb": row.attenuation_mdb,
        "age_ms": row.age_ms,
        "valid": row.valid,
        "invalid_epochs": 0 if row.valid else later(old.invalid_epochs, elapsed),
        "realign_dead_ms": (old.realign_dead_ms + dead_run_ms) // 2 if row.realigns else old.realign_dead_ms,
        "dead_run_ms": 0 if row.realigns else dead_run_ms,
        "epochs_since_power_change": 0 if moved else later(old.epochs_since_power_change, elapsed),
        "epochs_since_realign": 0 if row.realigns else later(old.epochs_since_realign, elapsed),
        "epochs_since_protocol_change": 0 if switched else later(old.epochs_since_protocol_change, elapsed),
    }
    if row.valid:
        changes |= _counts(row)
    if row.realigns:
        levels = _levels(old, row)
        changes |= {
            "qber_z": ErrorSeries.unmeasured(levels[0]),
            "qber_x": ErrorSeries.unmeasured(levels[1]),
            "loss": Series.starting_at(levels[2]),
        }
    elif switched:
        levels = _levels(old, row)
        changes |= {
            "qber_z": ErrorSeries.promised(facts.aligned_qber_ppm, levels[0]),
            "qber_x": ErrorSeries.promised(facts.aligned_qber_ppm, levels[1]),
            "loss": Series.starting_at(levels[2]),
        }
    else:
        qber_z, qber_x, loss = _measured(row)
        changes |= {
            "qber_z": old.qber_z.after(qber_z, elapsed),
            "qber_x": old.qber_x.after(qber_x, elapsed),
            "loss": old.loss.after(loss, elapsed),
        }
    return old.model_copy(update=changes)


def _counts(row: LinkReport) -> dict[str, int]:
    return {
        "sifted_bits": row.sifted_bits,
        "test_bits": row.test_bits,
        "secret_key_bits": row.secret_key_bits,
        "detected": row.detected,
        "pulses": row.pulses,
        "vacuum_sent": row.vacuum_sent,
        "vacuum_detected": row.vacuum_detected,
        "duration_ms": row.duration_ms,
        "dead_ms": row.dead_ms,
    }


def _levels(old: LinkState, row: LinkReport) -> tuple[int, int, int]:
    """Levels of the row, or the last known ones where it has none."""
    qber_z, qber_x, loss = _measured(row)
    return (
        old.qber_z.level if qber_z is None else qber_z,
        old.qber_x.level if qber_x is None else qber_x,
        old.loss.level if loss is None else loss,
    )


def _measured(row: LinkReport) -> tuple[int | None, int | None, int | None]:
    """QBER per basis and loss; None in an invalid row, and where nothing was detected: no clicks, no error rate."""
    return (
        row.qber_z_ppm if row.valid and row.sifted_bits else None,
        row.qber_x_ppm if row.valid and row.test_bits else None,
        row.loss_mdb if row.valid and row.detected else None,
    )
