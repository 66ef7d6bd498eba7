"""The configurations that come with the package, and the guide, are true."""

import re
import tomllib
from pathlib import Path

import pytest

from qkdctl.config.catalog import EntryPointCatalog
from qkdctl.config.defaults import with_defaults
from qkdctl.config.documents import parse_document
from qkdctl.config.example import render_example, toml_value
from qkdctl.config.load import load
from qkdctl.config.model import Config
from qkdctl.config.problems import ConfigError
from qkdctl.config.schema import keys_of
from qkdctl.config.suggestions import listing
from qkdctl.config.tree import merge
from tests.config import reference_table
from tests.config.files import read, write

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/guides/configuration.md"
CREDENTIALS = ("mqtt-password",)


def _uncommented(text: str) -> str:
    return re.sub(r"(?m)^#(?=[\w\[])", "", text)


def _load(path: Path, tmp_path: Path) -> Config:
    for name in CREDENTIALS:
        write(tmp_path, "x", f"credentials/{name}").chmod(0o600)
    return load(path, {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}, {})


def test_the_example_loads_as_it_is(tmp_path: Path) -> None:
    config = read(write(tmp_path, render_example()))
    assert config.node.name == "bench"
    assert config.provenance.warnings == ()


def test_the_example_has_every_key_and_shows_values_that_are_valid() -> None:
    path = Path("example.toml")
    text = _uncommented(render_example())
    tree = with_defaults(merge(path, [parse_document(path, text)]), {})
    config = Config.model_validate(tree.values)
    assert config.mqtt is not None
    assert config.mqtt.tls is not None
    assert config.api.tcp is not None
    for name, _, shape in keys_of(Config):
        model = shape.section or shape.entries
        assert model is not None
        table = tree.table((name,)) if shape.section else next(iter(tree.table((name,)).values()))
        assert set(table) == set(model.model_fields)


def test_the_example_shows_the_defaults() -> None:
    document = tomllib.loads(_uncommented(render_example()))
    shown = {**document, "links": document["links"]["alice-bob"], "devices": document["devices"]["alice-attenuator"]}
    compared = 0
    for name, _, shape in keys_of(Config):
        model = shape.section or shape.entries
        assert model is not None
        for key, field, inner in keys_of(model):
            if inner.kind is not dict and not field.is_required() and not field.examples:
                assert f"{key} = {toml_value(shown[name][key])}" == f"{key} = {toml_value(field.default)}"
                compared += 1
    assert compared > 25


def test_the_bench_is_valid_with_the_drivers_of_this_package(tmp_path: Path) -> None:
    config = _load(ROOT / "config/bench.toml", tmp_path)
    assert config.provenance.warnings == ()
    assert set(config.links) == {"alice-bob", "charlie-dave"}
    assert {device.driver for device in config.devices.values()} <= set(EntryPointCatalog().names())


def test_what_the_bench_has_commented_out_is_valid_too(tmp_path: Path) -> None:
    text = (ROOT / "config/bench.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) != tomllib.loads(_uncommented(text))
    config = _load(write(tmp_path, _uncommented(text)), tmp_path)
    assert config.provenance.warnings == ()
    assert config.mqtt is not None


def test_the_reference_in_the_guide_is_that_of_the_models() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    shown = guide.partition(f"{reference_table.BEGIN}\n")[2].partition(reference_table.END)[0]
    assert shown == reference_table.render(), "print it anew with: python -m tests.config.reference_table"


def test_the_errors_in_the_guide_are_those_that_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    blocks = re.findall(r"<!-- example: \w+ -->\n```\w+\n(.*?)```", guide, flags=re.DOTALL)
    (given, shown) = blocks
    write(tmp_path, given)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load(Path("qkdctl.toml"), {}, {})
    rendered = "\n".join(problem.render() for problem in caught.value.problems)
    assert rendered.replace(listing(EntryPointCatalog().names(), quoted=True), "DRIVERS") == shown.rstrip("\n")
