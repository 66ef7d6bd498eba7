"""Operating points and finite blocks in words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qkdctl.cli.output import Painter, percent, rate
from qkdctl.cli.tables import Cell, table, wrapped

if TYPE_CHECKING:
    from qkdctl.physics_view.answer import Answer
    from qkdctl.physics_view.finite_points import FinitePoint
    from qkdctl.physics_view.points import Bounds, Point

_WIDE = 110


def answer_text(answer: "Answer", paint: Painter) -> str:
    """What was asked, the protocols, and the finite block where one was asked for."""
    asked = answer.question
    length = f"{asked.loss_db / asked.attenuation_db_per_km:.4g} km at {asked.attenuation_db_per_km:g} dB/km"
    parts = [
        f"{asked.loss_db:g} dB ({length}), {_frequency(asked.clock_hz)}\n{asked.setup.title()}",
        _points_text(answer.points, answer.bounds, paint),
    ]
    if (block := asked.block) is not None:
        secret = f"eps_sec {block.secrecy:g}, eps_cor {block.correctness:g}"
        parts.append(f"bb84 in blocks of {block.number:.3g} {block.unit.replace('_', ' ')}, {secret}")
        parts.append(_finite_text(answer.finite, paint))
    return "\n\n".join(parts)


def _points_text(points: "Sequence[Point]", bounds: "Bounds", paint: Painter) -> str:
    """One row per protocol, the bounds, and a line for each protocol without key."""
    wide = paint.width is None or paint.width >= _WIDE
    left = ("PROTOCOL", "KEY/PULSE", "KEY RATE", "PHOTONS", "QBER Z/X")
    right = ("PHASE ERROR", "GAIN", "OF PLOB", "OF 1 REPEATER", "REACH") if wide else ("OF PLOB", "REACH")
    lines = [
        table((*left, *right), [_row(point, wide=wide) for point in points], paint),
        "",
        f"PLOB bound {_bound(bounds.plob)}, with one repeater midway {_bound(bounds.single_repeater)}",
    ]
    for point in points:
        if point.reason:
            lines += wrapped(f"{point.protocol}: no key: {point.reason}", paint.width or 10_000)
    return "\n".join(lines)


def _finite_text(points: "Sequence[FinitePoint]", paint: Painter) -> str:
    """One row per analysis of a finite block."""
    header = ("ANALYSIS", "KEY/PULSE", "KEY RATE", "KEY/BLOCK", "BLOCK TAKES", "OF ASYMPTOTIC", "SOURCE")
    lines = [table(header, [_finite_row(point) for point in points], paint), ""]
    if any(point.key_bits for point in points):
        lines.append("from expected counts: about every second block gives less")
    elif any(point.share_of_asymptotic is not None for point in points):
        lines.append("no key: so few clicks prove too little at this loss; larger blocks may give key")
    else:
        lines.append("no key: no block, however large, gives any at this loss")
    return "\n".join(lines)


def _finite_row(point: "FinitePoint") -> tuple[Cell | str, ...]:
    if not point.key_bits:
        return (point.analysis, _key(0.0), "-", "-", "-", "-", "-")
    return (
        point.analysis,
        _key(point.rate_per_pulse),
        rate(point.key_rate_bps),
        f"{point.key_bits:.3g} bit",
        _duration(point.duration_s),
        _share(point.share_of_asymptotic),
        _source(point),
    )


def _row(point: "Point", *, wide: bool) -> tuple[Cell | str, ...]:
    left = (
        point.protocol,
        _key(point.rate_per_pulse),
        rate(point.key_rate_bps) if point.rate_per_pulse else "-",
        f"{point.mean_photon_number:.3g}",
        f"{percent(point.qber_z).removesuffix(' %')}/{percent(point.qber_x)}",
    )
    share, reach = _share(point.share_of_plob), f"{point.reach_db:.1f} dB"
    if not wide:
        return (*left, share, reach)
    clicks = (percent(point.phase_error), f"{point.gain:.2e}")
    return (*left, *clicks, share, _share(point.share_of_single_repeater), reach)


def _key(rate_per_pulse: float) -> Cell | str:
    return f"{rate_per_pulse:.2e}" if rate_per_pulse else ("no key", "red")


def _share(ratio: float | None) -> str:
    return f"{100 * ratio:.3g} %" if ratio else "-"


def _bound(bits: float | None) -> str:
    return "infinite" if bits is None else f"{bits:.3e} per pulse"


def _source(point: "FinitePoint") -> str:
    light = ", ".join(
        f"{mu:.2g} ({share:.0%})" for mu, share in zip(point.mean_photon_numbers, point.probabilities, strict=True)
    )
    return f"photons {light}; key basis {point.key_basis_probability:.0%}"


def _duration(seconds: float) -> str:
    for limit_s, unit in ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= limit_s:
            return f"{seconds / limit_s:.3g} {unit}"
    return f"{seconds:.3g} s"


def _frequency(hertz: float) -> str:
    for limit, unit in ((1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz")):
        if hertz >= limit:
            return f"{hertz / limit:.4g} {unit}"
    return f"{hertz:.4g} Hz"
