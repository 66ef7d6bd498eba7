"""The node as documents for the API: plain dictionaries in the shapes of `qkdctl.api.models`."""

from datetime import UTC, datetime
from typing import Any

from qkdctl.control.alarms import Alarm
from qkdctl.control.epoch import EpochOutcome
from qkdctl.control.link import LinkController
from qkdctl.devices.attributes import Attribute
from qkdctl.devices.supervisor import Supervisor
from qkdctl.records.plan import LinkPlan
from qkdctl.records.report import LinkReport

Json = dict[str, Any]


def device_view(supervisor: Supervisor, driver: str, now: float) -> Json:
    """One device (`models.Device`)."""
    device = supervisor.device
    return {
        "name": device.name,
        "driver": driver,
        "kind": device.kind.value,
        "state": supervisor.state.value,
        "address": device.address,
        "identity": device.identity.text,
        "failures": supervisor.counters.failures,
        "last_error": supervisor.last_error or None,
        "values": {a.name: _attribute_view(supervisor, a, now) for a in device.attributes if a.readable},
    }


def _attribute_view(supervisor: Supervisor, attribute: Attribute, now: float) -> Json:
    reading = supervisor.readings[attribute.name]
    limits = supervisor.device.limits(attribute.name)
    numeric = attribute.type in (int, float) and attribute.writable
    return {
        "value": reading.value,
        "unit": attribute.unit,
        "age_s": None if reading.value is None else round(now - reading.at, 3),
        "stale": supervisor.is_stale(attribute.name),
        "set_point": supervisor.set_point(attribute.name),
        "limits": [limits.minimum, limits.maximum] if numeric else None,
        "writable": attribute.writable,
    }


def link_view(controller: LinkController, row: LinkReport | None, plan: LinkPlan | None, age_s: float | None) -> Json:
    """One link (`models.Link`)."""
    measured_e6, calibration = controller.watch.measured_e6, controller.operations.calibration
    valid = row is not None and row.valid == 1
    duration_s = row.duration_ms / 1000 if row is not None and row.duration_ms else None
    return {
        "name": controller.name,
        "ends": list(controller.roles.ends),
        "mode": controller.mode,
        "mean_photon_number": controller.commanded_e6 / 1e6,
        "measured_mean_photon_number": None if measured_e6 is None else measured_e6 / 1e6,
        "cap": controller.settings.cap_e6 / 1e6,
        "qber_z": row.qber_z_ppm / 1e6 if row is not None and valid and row.sifted_bits else None,
        "qber_x": row.qber_x_ppm / 1e6 if row is not None and valid and row.test_bits else None,
        "secret_key_rate_bps": row.secret_key_bits / duration_s if row is not None and duration_s else None,
        "sifted_rate_bps": row.sifted_bits / duration_s if row is not None and duration_s else None,
        "loss_db": row.loss_mdb / 1000 if row is not None and valid and row.loss_mdb else None,
        "action": plan.action if plan is not None else None,
        "interventions": [entry.to_plain() for entry in plan.interventions] if plan is not None else [],
        "calibrated_at": None if calibration is None else _iso(calibration.made_at_ms),
        "age_s": age_s,
    }


def epoch_view(outcome: EpochOutcome, link: str) -> Json | None:
    """One epoch of one link (`models.EpochRecord`); None when the link had nothing to report."""
    row = next((entry for entry in outcome.state.rows if entry.link == link), None)
    plan = next((entry for entry in outcome.plan.links if entry.link == link), None)
    if row is None or plan is None:
        return None
    return {
        "epoch": outcome.plan.epoch,
        "ended_ms": outcome.ended_ms,
        "mean_photon_number_e6": row.mean_photon_number_e6,
        "qber_z_ppm": row.qber_z_ppm if row.sifted_bits else None,
        "qber_x_ppm": row.qber_x_ppm if row.test_bits else None,
        "sifted_bits": row.sifted_bits,
        "secret_key_bits": row.secret_key_bits,
        "action": plan.action,
        "interventions": [entry.to_plain() for entry in plan.interventions],
    }


def alarm_view(alarm: Alarm) -> Json:
    """One alarm (`models.Alarm`)."""
    return {
        "id": str(alarm.number),
        "code": alarm.code,
        "severity": alarm.severity.value,
        "subject": alarm.subject,
        "text": alarm.text,
        "hint": alarm.hint,
        "raised_ms": alarm.raised_ms,
        "cleared_ms": alarm.cleared_ms or None,
        "acknowledged_ms": alarm.acknowledged_ms or None,
        "acknowledged_by": alarm.acknowledged_by or None,
    }


def _iso(wall_ms: int) -> str:
    return datetime.fromtimestamp(wall_ms / 1000, UTC).isoformat(timespec="seconds")
