"""The configuration that install-service leaves: valid as it is, and valid with its example."""

import re
from pathlib import Path

import pytest

from qkdctl.config.load import load
from qkdctl.resources import resource


def test_it_starts_without_an_instrument() -> None:
    config = load(resource("config/qkdctl.toml"), {}, {})
    assert (dict(config.devices), dict(config.links), config.mqtt) == ({}, {}, None)
    assert config.provenance.warnings == ()


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "mqtt-password").write_text("secret")
    (folder / "mqtt-password").chmod(0o600)
    return folder


def test_its_example_is_a_bench(tmp_path: Path, credentials: Path) -> None:
    text = resource("config/qkdctl.toml").read_text()
    path = tmp_path / "qkdctl.toml"
    path.write_text(re.sub(r"(?m)^#(?=\S)", "", text))
    config = load(path, {"CREDENTIALS_DIRECTORY": str(credentials)}, {})
    assert list(config.links) == ["alice-bob"]
    assert len(config.devices) == 7
    assert config.provenance.warnings == ()
