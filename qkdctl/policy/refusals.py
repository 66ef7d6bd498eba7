"""The rules of the shield: each gives a reason not to do something, or None."""

from dataclasses import dataclass

from qkdctl.policy.history import LinkHistory
from qkdctl.policy.limits import highest_allowed_e6
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkFacts
from qkdctl.records.network import LinkState
from qkdctl.records.plan import Intervention


@dataclass(frozen=True)
class Case:
    """One link as the shield sees it.

    Attributes:
        epoch: epoch of the state; window_epochs: how far back the hourly budgets look.
    """

    link: LinkState
    facts: LinkFacts
    history: LinkHistory
    settings: ShieldSettings
    epoch: int
    window_epochs: int

    def within(self, epochs: int, past: tuple[int, ...]) -> int:
        """How many of the past epochs lie fewer than so many epochs back."""
        return sum(1 for epoch in past if self.epoch - epoch < epochs)


def why_not_raise(case: Case) -> Intervention | None:
    """Reasons that forbid any raise of the mean photon number."""
    link, settings = case.link, case.settings
    if not link.valid:
        return Intervention(code="invalid-telemetry", text=f"No raise: no valid row for {link.invalid_epochs} epochs.")
    if link.age_ms > settings.stale_after_ms:
        return Intervention(
            code="stale-telemetry",
            text=f"No raise: the youngest record is {link.age_ms} ms old, allowed are {settings.stale_after_ms} ms.",
        )
    if exceeds_set_power(link, case.facts):
        return Intervention(
            code="power-mismatch",
            text=f"No raise: measured {link.measured_mean_photon_number_e6}e-6 photons per pulse exceed the set "
            f"{link.mean_photon_number_e6}e-6 by more than the calibration allows.",
        )
    return _thin_margin(case)


def _thin_margin(case: Case) -> Intervention | None:
    protocol = case.facts.protocol(case.link.protocol)
    limit = 0 if protocol is None else protocol.qber_limit_ppm
    for basis, series in (("Z", case.link.qber_z), ("X", case.link.qber_x)):
        worst = max(series.level, series.average)
        if limit - worst < case.settings.qber_margin_ppm:
            return Intervention(
                code="thin-margin",
                text=f"No raise: QBER {worst} ppm in basis {basis} is less than {case.settings.qber_margin_ppm} ppm "
                f"below the limit of {limit} ppm.",
            )
    return None


def why_not_realign(case: Case) -> Intervention | None:
    """Reasons that forbid a re-alignment now."""
    if not case.facts.can_realign:
        return Intervention(code="no-controller", text="No re-alignment: the link has no polarisation controller.")
    rest = case.settings.realign_rest_epochs
    if case.link.epochs_since_realign < rest or case.within(rest, case.history.realigns):
        return Intervention(code="realign-rest", text=f"No re-alignment: the last one is less than {rest} epochs ago.")
    budget = case.settings.realigns_per_hour
    if case.within(case.window_epochs, case.history.realigns) >= budget:
        return Intervention(code="realign-budget", text=f"No re-alignment: {budget} within the last hour.")
    return None


def why_not_switch(case: Case, protocol: str) -> Intervention | None:
    """Reasons of the link itself that forbid a switch to a protocol now."""
    if case.facts.protocol(protocol) is None:
        return Intervention(code="illegal-protocol", text=f"No switch: the link cannot run {protocol}.")
    if protocol == case.link.protocol:
        return Intervention(code="no-change", text=f"No switch: {protocol} is already active.")
    dwell = case.facts.dwell_epochs
    if case.link.epochs_since_protocol_change < dwell or case.within(dwell, case.history.switches):
        return Intervention(code="dwell", text=f"No switch: a protocol is kept for at least {dwell} epochs.")
    budget = case.settings.switches_per_hour
    if case.within(case.window_epochs, case.history.switches) >= budget:
        return Intervention(code="switch-budget", text=f"No switch: {budget} within the last hour.")
    return None


def exceeds_set_power(link: LinkState, facts: LinkFacts) -> bool:
    """Whether the measured mean photon number exceeds the set one by more than the calibration uncertainty."""
    bound = link.mean_photon_number_e6 * (1_000_000 + facts.calibration_uncertainty_ppm)
    return link.measured_mean_photon_number_e6 * 1_000_000 > bound


def cap_now_e6(link: LinkState, facts: LinkFacts, protocol: str) -> int:
    """Highest command allowed under a protocol, less when the link is measurably brighter than set; 0 without proof."""
    known = facts.protocol(protocol)
    if known is None:
        return 0
    allowed = highest_allowed_e6(facts, known)
    if exceeds_set_power(link, facts):
        return allowed * link.mean_photon_number_e6 // link.measured_mean_photon_number_e6
    return allowed
