"""The network of the constructed policy: what an engineer would do, as ReLU units.

Values are preferences, not returns: hold is 0, a step of power is worth the table steps it gains, and a re-alignment
outweighs every step once it is due.

Re-alignment follows renewal theory: it is due when the key lost to misalignment since the last one equals the key that
the next one costs in dead time. The loss is the sum of the rise of the QBER per basis, weighted by what physics says a
rise costs; a rising trend brings the moment forward. One that ended far above what the link table promises is tried
again after a long rest.
"""

from itertools import pairwise
from typing import Final

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.integers import log2_256
from qkdctl.policy.layers import Layer
from qkdctl.policy.schema import FEATURES
from qkdctl_policies.power_fit import QBER_KNOTS_PPM, PowerFit
from qkdctl_policies.wiring import Unit, layer

UP_DEAD_BAND: Final = 2.0
DOWN_DEAD_BAND: Final = 2.5
"""Table steps from the optimum that are left alone: every move ends a key block, and the optimum is flat."""
LARGE_FROM: Final = 0.5
"""Steps beyond the dead band where the large step starts to gain on the small one; half a step later it wins."""
CALM_EPOCHS: Final = 8
"""After a move the dead band is wider for so long, so that power does not chase the QBER up and down."""
CALM: Final = 3.0
REST_EPOCHS: Final = 10
SETTLE_EPOCHS: Final = 3
RETRY_EPOCHS: Final = 300
RETRY_ABOVE_PPM: Final = 10_000
RETRY_SURELY_PPM: Final = 12_000
MARGIN_PPM: Final = 20_000
SHORT_LOSS_MDB: Final = 8_000
"""Optical loss below which the optimum rises."""
SHORT_SPAN_MDB: Final = 6_000
"""Loss over which it rises by the fitted number of steps."""
FEW_COUNTS_LOG2: Final = 15
"""With fewer sifted bits (log2) a rise of the QBER may be chance; the threshold rises."""
AHEAD_EPOCHS: Final = 3
"""Epochs of the present trend that count as harm already done."""
DUE: Final = 500.0
VETO: Final = 2.0**20

_SHIFT: Final = {feature.name: feature.shift for feature in FEATURES}


def constructed_network(fit: PowerFit) -> tuple[Layer, ...]:
    """Three layers from features to action values."""
    features = [feature.name for feature in FEATURES]
    first = [*_qber_hinges(), *_link_units(), *_harm_units(fit), *_retry_units(), *_gate_units()]
    second = [*_power_units(fit), *_realign_units(), *_passed_gates()]
    return (
        layer(features, first),
        layer([unit.name for unit in first], second),
        layer([unit.name for unit in second], _action_values()),
    )


def _seen(feature: str, value: float) -> float:
    """A value in the unit of a feature, as the network sees it."""
    return value / 2.0 ** _SHIFT[feature]


def _before(epochs: int) -> float:
    """A threshold on the `since_` features between this number of epochs and one less."""
    return _seen("since_realign", (log2_256(epochs) + log2_256(1 + epochs)) / 2)


def _qber_hinges() -> list[Unit]:
    return [Unit(f"qber_over_{ppm}", {"qber_z_average": 1.0}, -_seen("qber_z_average", ppm)) for ppm in QBER_KNOTS_PPM]


def _link_units() -> list[Unit]:
    """Present power, and how far the optical loss is below that of a long link, both on the scale of `loss`."""
    receiver = 2.0 ** (_SHIFT["receiver_loss"] - _SHIFT["loss"])
    return [
        Unit("power", {"power_step": 1.0}),
        Unit("short", {"loss": -1.0, "receiver_loss": -receiver}, _seen("loss", SHORT_LOSS_MDB)),
    ]


def _harm_units(fit: PowerFit) -> list[Unit]:
    """Share of an epoch's key lost since the last re-alignment, for each epoch that another one would cost."""

    def per_unit(harm: float, feature: str) -> float:
        return harm * 1e-6 * 2.0 ** _SHIFT[feature]

    harm_z, harm_x = per_unit(fit.harm_z, "harm_z"), per_unit(fit.harm_x, "harm_x")
    trend_z, trend_x = per_unit(fit.harm_z, "qber_z_trend"), per_unit(fit.harm_x, "qber_x_trend")
    return [
        Unit("harm", {"harm_z": harm_z, "harm_x": harm_x}),
        Unit("rising", {"qber_z_trend": AHEAD_EPOCHS * trend_z, "qber_x_trend": AHEAD_EPOCHS * trend_x}),
        Unit("few_counts", {"sifted_bits": -1.0}, _seen("sifted_bits", 256 * FEW_COUNTS_LOG2)),
    ]


def _retry_units() -> list[Unit]:
    """Pairs of hinges: their difference rises from 0 to a plateau."""
    above = {"qber_z_average": 0.5, "qber_x_average": 0.5, "aligned_qber": -1.0, "background_qber": -1.0}
    long_ago = _before(RETRY_EPOCHS)
    return [
        Unit("bad", above, -_seen("qber_z_average", RETRY_ABOVE_PPM)),
        Unit("very_bad", above, -_seen("qber_z_average", RETRY_SURELY_PPM)),
        Unit("long_ago", {"since_realign": 1.0}, -long_ago),
        Unit("very_long_ago", {"since_realign": 1.0}, -long_ago - 1 / 16),
    ]


def _gate_units() -> list[Unit]:
    margin = _seen("qber_z_margin", MARGIN_PPM)
    return [
        Unit("resting", {"since_realign": -1.0}, _before(REST_EPOCHS)),
        Unit("settling", {"since_realign": -1.0}, _before(SETTLE_EPOCHS)),
        Unit("just_moved", {"since_power_change": -1.0}, _before(CALM_EPOCHS)),
        Unit("thin_z", {"qber_z_margin": -1.0}, margin),
        Unit("thin_x", {"qber_x_margin": -1.0}, margin),
    ]


def _power_units(fit: PowerFit) -> list[Unit]:
    """Hinges over the distance from the present power to the optimum, in table steps, upwards and downwards."""
    knots = list(pairwise(QBER_KNOTS_PPM))
    slopes = [
        (after - before) / _seen("qber_z_average", high - low)
        for (before, after), (low, high) in zip(pairwise(fit.best_steps), knots, strict=True)
    ]
    bends = [slopes[0], *(after - before for before, after in pairwise(slopes)), -slopes[-1]]
    distance = {f"qber_over_{ppm}": bend for ppm, bend in zip(QBER_KNOTS_PPM, bends, strict=True)}
    distance["short"] = fit.short_link_steps / _seen("loss", SHORT_SPAN_MDB)
    distance["power"] = -(2.0 ** _SHIFT["power_step"])
    opposite = {name: -weight for name, weight in distance.items()}
    best = float(fit.best_steps[0])
    return [
        Unit("up", distance, best - UP_DEAD_BAND),
        Unit("far_up", distance, best - UP_DEAD_BAND - LARGE_FROM),
        Unit("down", opposite, -best - DOWN_DEAD_BAND),
        Unit("far_down", opposite, -best - DOWN_DEAD_BAND - LARGE_FROM),
    ]


def _realign_units() -> list[Unit]:
    bad = 1 / _seen("qber_z_average", RETRY_SURELY_PPM - RETRY_ABOVE_PPM)
    both = {"bad": bad, "very_bad": -bad, "long_ago": 16.0, "very_long_ago": -16.0}
    return [
        Unit("due", {"harm": 1.0, "rising": 1.0, "few_counts": -2.0}, -1.0),
        Unit("retry", both, -1.5),
    ]


def _passed_gates() -> list[Unit]:
    return [
        Unit("rest", {"resting": 1.0}),
        Unit("settle", {"settling": 1.0}),
        Unit("calm", {"just_moved": 1.0}),
        Unit("thin", {"thin_z": 1.0, "thin_x": 1.0}),
    ]


def _action_values() -> list[Unit]:
    down = {"settle": -VETO, "calm": -CALM}
    up = {**down, "thin": -200.0}
    values = {
        "hold": Unit("hold"),
        "up-small": Unit("up-small", {"up": 1.0, "far_up": -1.0, **up}),
        "up-large": Unit("up-large", {"far_up": 2.0, **up}),
        "down-small": Unit("down-small", {"down": 1.0, "far_down": -1.0, **down}),
        "down-large": Unit("down-large", {"far_down": 2.0, **down}),
        "realign": Unit("realign", {"due": DUE, "retry": 2 * DUE, "rest": -VETO}),
    }
    return [values.get(action.name, Unit(action.name, bias=-1.0)) for action in ACTIONS]
