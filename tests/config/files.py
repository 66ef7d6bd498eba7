"""A valid configuration to spoil, and how to load it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from qkdctl.config.load import load
from qkdctl.config.model import Config
from qkdctl.config.problems import ConfigError, Problem
from tests.config.drivers import Drivers

VALID = """\
[node]
name = "bench"
epoch_s = 2

[devices.laser]
driver = "acme-laser"
address = "tcp://192.0.2.1:5025"
poll_s = 0.5

[devices.laser.limits.current_a]
maximum = 0.06

[devices.voa]
driver = "acme-attenuator"
address = "tcp://192.0.2.2:5025"
options = { channel = 1 }

[devices.tap]
driver = "acme-meter"
address = "tcp://192.0.2.3:5025"

[devices.counter]
driver = "acme-detector"
address = "tcp://192.0.2.4:5025"

[devices.alice]
driver = "acme-engine"
address = "http://192.0.2.5:8080"

[devices.bob]
driver = "acme-engine"
address = "http://192.0.2.6:8080"

[links.alice-bob]
source = "laser"
attenuator = "voa"
power_meter = "tap"
tap_ratio = 99.0
detector = "counter"
engine_alice = "alice"
engine_bob = "bob"
pulse_rate_hz = 1e9
operating_current_a = 0.04
"""


def write(directory: Path, text: str = VALID, name: str = "qkdctl.toml") -> Path:
    """Write a file, making its directory."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def read(
    path: Path, environment: Mapping[str, str] | None = None, overrides: Mapping[str, str] | None = None
) -> Config:
    """Load with the small catalog."""
    return load(path, environment or {}, overrides or {}, Drivers())


def problems_of(
    path: Path, environment: Mapping[str, str] | None = None, overrides: Mapping[str, str] | None = None
) -> tuple[Problem, ...]:
    """The problems of a configuration that must not load."""
    with pytest.raises(ConfigError) as caught:
        read(path, environment, overrides)
    return caught.value.problems


def errors_of(path: Path) -> list[Problem]:
    """Its errors, without warnings."""
    return [problem for problem in problems_of(path) if problem.severity == "error"]
