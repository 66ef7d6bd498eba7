import math
import re

import numpy as np
import pytest

from qkdctl.physics.bb84 import Channel
from qkdctl.physics.bbm92 import Bbm92Channel
from qkdctl.physics.gg02 import CvChannel
from qkdctl.physics.mdi import MdiChannel
from qkdctl.physics.ranges import FINITE, NON_NEGATIVE, POSITIVE_PROBABILITY, PROBABILITY, Range, require
from qkdctl.physics.sns import SnsChannel
from qkdctl.physics.twin_field import TwinFieldChannel


@pytest.mark.parametrize(
    ("allowed", "words", "inside", "outside"),
    [
        (PROBABILITY, "[0, 1]", [0, 0.5, 1], [-1e-300, 1 + 1e-15]),
        (POSITIVE_PROBABILITY, "(0, 1]", [1e-300, 1], [0, 2]),
        (NON_NEGATIVE, "[0, inf)", [0, 1e300], [-1, math.inf]),
        (Range(0, 1, below=True), "[0, 1)", [0, 0.999], [1]),
        (FINITE, "(-inf, inf)", [-1e300, 0], [math.inf, -math.inf]),
    ],
)
def test_a_range_says_and_does_the_same(allowed, words, inside, outside):
    assert str(allowed) == words
    assert allowed.admits(np.array(inside, dtype=float)).all()
    assert not allowed.admits(np.array([*outside, math.nan], dtype=float)).any()


def test_a_refusal_names_the_first_number_that_does_not_fit():
    many = Channel(np.linspace(0, 1, 12).reshape(3, 4), 1e-6, 0.01)
    require(many, {"transmittance": PROBABILITY})
    with pytest.raises(
        ValueError, match=re.escape("a link's transmittance must lie in [0, 0.5], got 0.545455 at [1, 2]")
    ):
        require(many, {"transmittance": Range(0.0, 0.5)}, prefix="a link's ")


@pytest.mark.parametrize(
    ("kind", "fitting", "wrong"),
    [
        (Channel, (1.0, 1e-6, 0.5), {"transmittance": 1.1, "background": -1e-9, "misalignment": 0.51}),
        (MdiChannel, (0.1, 1.0, 0.0, 1.0), {"transmittance_a": -0.1, "dark_probability": 2, "misalignment": 1.1}),
        (SnsChannel, (0.1, 0.0, 1.0), {"transmittance": 1.1, "dark_probability": -1, "misalignment": -0.1}),
        (TwinFieldChannel, (0.1, 0.0, -3.0, 9.0), {"transmittance": 1.1, "phase_mismatch_rad": math.inf}),
        (Bbm92Channel, (0.1, 1.0, 0.0, 1.0, 0.5), {"transmittance_b": 1.1, "background_a": -1, "misalignment": 2}),
        (CvChannel, (1.0, 0.0, 1.0, 0.0), {"transmittance": 0.0, "excess_noise": -0.1, "efficiency": 0}),
    ],
)
def test_no_channel_is_better_than_perfect_or_worse_than_dead(kind, fitting, wrong):
    names = list(kind.__slots__)
    given = dict(zip(names, fitting, strict=True))
    kind(**given)
    for name, value in {**wrong, names[0]: math.nan}.items():
        for refused in (value, [given[name], value]):
            with pytest.raises(ValueError, match=f"{name} must lie in .* got {value:g}"):
                kind(**{**given, name: refused})
