"""What the source paper claims, what stored rows say of it, and a verdict by fixed rules.

A claim holds where the whole 95 % interval lies on its side. It holds "where" it does in some settings and not in all.
What rows do not show is not measured, whatever else is known of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qkdctl_policies.experiments.arms import BASELINE
from qkdctl_policies.experiments.attacks import NO_ATTACK
from qkdctl_policies.experiments.scores import Rows, Score, Setting
from qkdctl_policies.experiments.tally import SERVED_SHARE

OURS: Final = "both"
HOLDS, PARTLY, FAILS, UNKNOWN = "holds", "holds where", "does not hold", "not measured yet"
LEAST_SEEDS: Final = 3
"""Fewer give no interval that means anything."""
LEAST_SLOTS: Final = 30_000
"""Without a failure in so many slots, 99.99 % is shown at 95 % confidence (rule of three)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured value of a claim.

    Attributes:
        where: setting, or protocol and basis.
        value, low, high: with the interval that holds 95 %.
        holds: whether all of it lies on the side of the claim.
    """

    where: str
    value: float
    low: float
    high: float
    holds: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim.

    Attributes:
        claim: of the paper.
        definition: what is measured for it here.
        unit: of the values, `%` or empty.
        findings: one for each setting; none when it is not measured.
        why: it is not measured, or what the values mean.
    """

    claim: str
    definition: str
    unit: str
    findings: tuple[Finding, ...]
    why: str = ""

    @property
    def verdict(self) -> str:
        """By the rules of this module."""
        good = sum(finding.holds for finding in self.findings)
        if not self.findings:
            return UNKNOWN
        return HOLDS if good == len(self.findings) else PARTLY if good else FAILS

    def to_plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "claim": self.claim,
            "definition": self.definition,
            "unit": self.unit,
            "verdict": self.verdict,
            "why": self.why,
            "findings": [{name: getattr(finding, name) for name in Finding.__slots__} for finding in self.findings],
        }


def paper_claims(rows: Rows) -> list[Claim]:
    """All claims, judged by these rows."""
    attacked = [setting for setting in rows.settings() if setting.attack != NO_ATTACK]
    fifth = [setting for setting in attacked if abs(setting.byzantine - 0.2) < 1e-9]
    peaceful = [setting for setting in rows.settings() if setting.attack == NO_ATTACK]
    kept = "secure key of honest demands, over what the same demands got in the same seeds without attack"
    slots = f"slots of honest demands in which {SERVED_SHARE:.0%} or more of the keys came"
    return [
        _claim("95 % of the key rate is kept under 20 % Byzantine nodes", f"`{OURS}`: {kept}", "%", fifth,
               lambda setting: rows.rate_kept(setting, OURS), lambda low, _: low >= 0.95),
        _claim("The baseline keeps 50 %", f"`{BASELINE}`: {kept}; holds where it is 50 % or less", "%", fifth,
               lambda setting: rows.rate_kept(setting, BASELINE), lambda _, high: high <= 0.5),
        _claim("The same under 10 to 30 % Byzantine nodes", f"`{OURS}`: {kept}, at every share", "%", attacked,
               lambda setting: rows.rate_kept(setting, OURS), lambda low, _: low >= 0.95),
        _errors(rows),
        _availability(rows, [*peaceful, *fifth], secure=False, slots=f"{slots}, equal at both ends"),
        _availability(rows, [*peaceful, *fifth], secure=True, slots=f"{slots}, and secure"),
        _claim("The baseline is available 95 % of the time", f"`{BASELINE}`: {slots}, and secure; holds where it is "
               "95 % or less", "%", [*peaceful, *fifth],
               lambda setting: rows.availability(setting, BASELINE, secure=True), lambda _, high: high <= 0.95),
        _claim("The variance of the QBER falls by 35 %", f"variance over time of the true QBER in Z, mean over links: "
               f"`{OURS}` over `{BASELINE}`; holds at 65 % or less", "%", peaceful,
               lambda setting: rows.variance_ratio(setting, OURS, BASELINE), lambda _, high: high <= 0.65),
        Claim("The load grows linearly with the number of nodes", "messages and bytes per node and epoch", "", (),
              "rows hold no messages; see bench-agreement.md"),
    ]  # fmt: skip


def _claim(
    claim: str,
    definition: str,
    unit: str,
    settings: Sequence[Setting],
    score: Callable[[Setting], Score | None],
    holds: Callable[[float, float], bool],
) -> Claim:
    scores = [(setting_name(setting), score(setting)) for setting in settings]
    return Claim(claim, definition, unit, *_judged(scores, holds))


def _judged(
    scores: Sequence[tuple[str, Score | None]], holds: Callable[[float, float], bool]
) -> tuple[tuple[Finding, ...], str]:
    """Findings with an interval, and why there are none."""
    found = []
    for where, score in scores:
        if score is not None and score.above.size >= LEAST_SEEDS:
            interval = score.interval()
            found.append(Finding(where, interval.mean, interval.low, interval.high, holds(interval.low, interval.high)))
    return tuple(found), "" if found else f"no setting has rows of {LEAST_SEEDS} seeds or more"


def _errors(rows: Rows) -> Claim:
    found = rows.accepted_errors([OURS])
    scores = [(f"{protocol}, basis {basis}", score) for (protocol, basis), score in found.items()]
    return Claim(
        "The QBER is below 1 %",
        f"`{OURS}`: true error rate of clicks from which key was made, over all settings",
        "%",
        *_judged(scores, lambda _, high: high < 0.01),
    )


def _availability(rows: Rows, settings: Sequence[Setting], *, secure: bool, slots: str) -> Claim:
    scores = [(setting_name(setting), rows.availability(setting, OURS, secure=secure)) for setting in settings]
    enough = [(where, score) for where, score in scores if score is not None and score.below.sum() >= LEAST_SLOTS]
    failed = [(where, score) for where, score in scores if score is not None and _fails(score)]
    findings, _ = _judged(enough or failed, lambda low, _: low >= 0.9999)
    why = "" if findings else f"no setting has {LEAST_SLOTS} slots, and none has an interval below 99.99 %"
    name = "secure" if secure else "verified"
    return Claim(f"Keys are available 99.99 % of the time ({name})", f"`{OURS}`: {slots}", "%", findings, why)


def _fails(score: Score) -> bool:
    """Whether even a few slots show that a service is less than 99.99 % available."""
    return (
        score.above.size >= LEAST_SEEDS and bool(np.any(score.above < score.below)) and score.interval().high < 0.9999
    )


def setting_name(setting: Setting) -> str:
    """For people."""
    who = "no attack" if setting.attack == NO_ATTACK else f"{setting.byzantine:.0%} {setting.attack}"
    return f"{setting.network}, {setting.load_bps / 1000:g} kbit/s, {who}"
