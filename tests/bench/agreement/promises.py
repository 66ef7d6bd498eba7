"""What the agreement promises of its cost, next to what was measured."""

from typing import Final

from tests.bench.agreement.results import FIT_FROM, Results
from tests.bench.agreement.windows import Layer
from tests.bench.targets import Verdict

EXPONENT: Final = 1.2
PAIR_BITS: Final = 2500


def promises(results: Results) -> list[Verdict]:
    """Every promise."""
    return [
        _linear(results, "core", "the agreement alone"),
        _linear(results, "hub", "a whole node"),
        _key(results),
        _repetition(results),
    ]


def _linear(results: Results, layer: Layer, name: str) -> Verdict:
    promise = f"processor time of {name} grows at most like N^{EXPONENT:g} from {FIT_FROM} nodes on"
    found = results.exponent(layer, "qkdctl")
    if found is None:
        return Verdict(promise, "not measured", None)
    return Verdict(promise, f"N^{found:.2f}", found <= EXPONENT)


def _key(results: Results) -> Verdict:
    promise = f"under {PAIR_BITS / 1000:g} kbit of key per pair and decision in round 0 without loss"
    cells = [cell for layer in ("hub", "broker") for cell in results.cells(layer, "qkdctl")]
    most = max((cell.pair_bits.most for cell in cells if cell.pair_bits is not None), default=None)
    if most is None:
        return Verdict(promise, "not measured", None)
    return Verdict(promise, f"{most:.0f} bits at most", most < PAIR_BITS)


def _repetition(results: Results) -> Verdict:
    promise, found = "no key for saying things again", results.measured.repetition
    if found is None or not found.packets:
        return Verdict(promise, "not measured", None)
    return Verdict(promise, f"{found.bits} bits for {found.packets} packets", found.bits == 0)
