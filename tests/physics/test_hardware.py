import re
from dataclasses import asdict, replace

import pytest

from qkdctl.physics.detectors import background_yield
from qkdctl.physics.hardware import PRESETS, Hardware


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("snspd-a", {"efficiency": 0.65, "dark_probability": 1e-7, "misalignment": 0.005}),
        ("snspd-b", {"efficiency": 0.7, "dark_probability": 1e-9, "misalignment": 0.01}),
        ("ingaas", {"efficiency": 0.2, "dark_probability": 1e-6, "misalignment": 0.01}),
        (
            "gobby-yuan-shields",
            {
                "efficiency": 0.045,
                "dark_probability": 8.5e-7,
                "misalignment": 0.033,
                "correction": 1.22,
                "sift": 0.5,
            },
        ),
        (
            "lo-curty-qi",
            {"efficiency": 0.145, "dark_probability": 3.01e-6, "misalignment": 0.015, "correction": 1.16, "sift": 1.0},
        ),
        (
            "ma-fung-lo",
            {"efficiency": 0.145, "dark_probability": 3.01e-6, "misalignment": 0.015, "correction": 1.22, "sift": 0.5},
        ),
        (
            "wang-yu-hu",
            {"efficiency": 0.8, "dark_probability": 1e-11, "correction": 1.1, "interference_error": 0.05},
        ),
    ],
)
def test_figures_that_the_literature_calculates_with(name, figures):
    found = asdict(PRESETS[name])
    assert {key: found[key] for key in figures} == figures


@pytest.mark.parametrize(
    ("name", "background"), [("gobby-yuan-shields", 1.7e-6), ("lo-curty-qi", 6.02e-6), ("ma-fung-lo", 6.02e-6)]
)
def test_two_detectors_make_the_background_that_was_published(name, background):
    assert background_yield(PRESETS[name].dark_probability) == pytest.approx(background, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("efficiency", 0.0, "(0, 1]"),
        ("dark_probability", 1.0, "[0, 1)"),
        ("misalignment", 0.6, "[0, 0.5]"),
        ("correction", 0.9, "[1, inf)"),
        ("sift", 0.0, "(0, 1]"),
        ("interference_error", -0.1, "[0, 0.5]"),
        ("phase_reference_duty", 1.1, "(0, 1]"),
    ],
)
def test_hardware_keeps_its_ranges(name, value, words):
    fitting = Hardware(efficiency=1.0, dark_probability=0.0, misalignment=0.5)
    with pytest.raises(ValueError, match=re.escape(f"{name} must lie in {words}, got {value:g}")):
        replace(fitting, **{name: value})
