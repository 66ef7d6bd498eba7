"""The result as a page."""

from collections.abc import Sequence
from datetime import UTC, datetime

from tests.bench.machine import machine
from tests.campaigns.sequence_bb84.comparison import Comparison, verdict
from tests.campaigns.sequence_bb84.points import LOSS_DB_PER_KM
from tests.campaigns.sequence_bb84.prediction import closed_form

Load = tuple[float, float, float]

_CONVENTIONS = f"""\
Nothing was fitted; both sides get the numbers of the first table. SeQUeNCe's conventions, read from its source, and
what they are here:

- Source: Poisson photon numbers. Fibre: each photon survives with 10^(-loss/10), {LOSS_DB_PER_KM} dB/km.
- `polarization_fidelity` f: with probability 1 - f a photon's polarisation becomes a random angle, so half of these
  photons are read wrong in either basis: misalignment error (1 - f)/2.
- Each photon meets its detector's efficiency by itself; dark counts are a Poisson process per detector, and a click
  belongs to the nearest pulse: the gate is the whole pulse period.
- `count_rate`: after a click the detector is blind for 1/`count_rate`, its end included (non-paralysable). The dead
  times here are whole numbers of pulse periods, for which the discrete train loses what the continuous formula says.
- Both ends choose the basis with probability 1/2, and sifting keeps half.
- **Double clicks** are discarded by SeQUeNCe. The receiver model draws a random bit, as security proofs require. The
  expectation takes the double clicks out of the model's probabilities, exactly, since the two detectors click
  independently; at the brightest point they are {{doubles:.0%}} of all clicks.
- `QKDNode.update_detector_params` of SeQUeNCe {{version}} sets nothing, because it looks for detectors of the abstract
  type; the parameters are therefore set at the detectors themselves."""

_ERRORS = """\
Deviations are measured less expected, in standard errors; +- are these standard errors, binomial. Dead time makes
counts more regular than that, so there the deviation of the rate is understated."""
_CLOSED = """\
Gain and error rate of Ma, Qi, Zhao, Lo (2005) as in `qkdctl.physics.bb84`, for the points without dead time, in the
order of their clicks. The formulas count every pulse with a click and take the share e_d of the signal's clicks for
errors. Discarding double clicks, as SeQUeNCe does, removes pulses, and wrong bits more often than right ones; the
difference grows with the light that arrives and is gone where pulses arrive weak, as they do on real links."""


def report(comparisons: Sequence[Comparison], duration_s: float, load: Load, command: str) -> str:
    """All of it, as Markdown."""
    versions = comparisons[0].measured.versions
    doubles = max(_double_share(c) for c in comparisons if c.point.dead_gates == 0)
    blocks = [
        "# BB84 photon by photon in SeQUeNCe, and the receiver model",
        _circumstances(comparisons, duration_s, load, command),
        _summary(comparisons),
        _points(comparisons),
        _ERRORS,
        _deviations(comparisons),
        "## Conventions",
        _CONVENTIONS.format(doubles=doubles, version=versions["sequence"]),
        "## The closed formulas",
        _CLOSED,
        _closed(comparisons),
    ]
    return "\n\n".join(blocks) + "\n"


def _circumstances(comparisons: Sequence[Comparison], duration_s: float, load: Load, command: str) -> str:
    where, versions = machine(), comparisons[0].measured.versions
    pulses = sum(c.measured.pulses for c in comparisons)
    cpu_s = sum(c.measured.cpu_s for c in comparisons)
    lines = [
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, {duration_s:.0f} s",
        f"{where['cores']} cores of {where['processor']}, load {load[0]:.1f}",
        f"SeQUeNCe {versions['sequence']}, Python {versions['python']}: {pulses:,} pulses in {cpu_s:.0f} s",
        "the other side is the receiver model of the simulated links, `hil_sim.world.receiver`, a formula",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _summary(comparisons: Sequence[Comparison]) -> str:
    found = verdict(comparisons)
    return (
        f"**chi-square {found.chi_square:.1f} for {found.degrees} deviations, p = {found.p_value:.2f}; "
        f"the largest deviation is {found.largest:.1f} standard errors.**"
    )


def _points(comparisons: Sequence[Comparison]) -> str:
    head = (
        "| point | pulse rate | mean photon number | fibre | efficiency | dark counts | fidelity | dead time | pulses |"
    )
    rows = []
    for c in comparisons:
        p = c.point
        dead_time = f"{p.dead_gates} gates" if p.dead_gates else "none"
        rows.append(
            f"| {p.name} | {p.pulse_rate_hz / 1e6:g} MHz | {p.mean_photon_number:g} | {p.length_km:g} km "
            f"| {p.efficiency:g} | {p.dark_rate_hz:,g} Hz | {p.polarization_fidelity:g} | {dead_time} "
            f"| {c.measured.pulses:,} |"
        )
    return _table(head, rows)


def _deviations(comparisons: Sequence[Comparison]) -> str:
    head = "| point | sifted rate, SeQUeNCe | expected | deviation | QBER, SeQUeNCe | expected | deviation |"
    rows = []
    for c in comparisons:
        rate_hz = c.point.pulse_rate_hz
        rows.append(
            f"| {c.point.name} | {_rate(c.measured.sifted_per_pulse * rate_hz)} +- {_rate(c.rate_error * rate_hz)} "
            f"| {_rate(c.expected.sifted_per_pulse * rate_hz)} | {c.rate_deviation:+.2f} "
            f"| {c.measured.qber:.3%} +- {c.qber_error:.3%} | {c.expected.qber:.3%} | {c.qber_deviation:+.2f} |"
        )
    return _table(head, rows)


def _closed(comparisons: Sequence[Comparison]) -> str:
    head = "| point | clicks by the formula | sifted rate, SeQUeNCe over formula | QBER, SeQUeNCe over formula |"
    rows = []
    for c in sorted(comparisons, key=lambda c: c.expected.sifted_per_pulse):
        if c.point.dead_gates:
            continue
        formula = closed_form(c.point)
        rate, qber = c.measured.sifted_per_pulse / formula.sifted_per_pulse, c.measured.qber / formula.qber
        rate_error, qber_error = c.rate_error / formula.sifted_per_pulse, c.qber_error / formula.qber
        rows.append(
            f"| {c.point.name} | {2 * formula.sifted_per_pulse:.4f} per pulse | {rate:.3f} +- {rate_error:.3f} "
            f"| {qber:.3f} +- {qber_error:.3f} |"
        )
    return _table(head, rows)


def _double_share(comparison: Comparison) -> float:
    """Double clicks among all clicks, without dead time: what the closed gain has beyond the single clicks."""
    return 1 - comparison.expected.sifted_per_pulse / closed_form(comparison.point).sifted_per_pulse


def _rate(per_s: float) -> str:
    return f"{per_s / 1e3:,.2f} kHz"


def _table(head: str, rows: Sequence[str]) -> str:
    rule = "|---" * (head.count("|") - 1) + "|"
    return "\n".join([head, rule, *rows])
