"""Whatever stands in a file, the answer is a configuration or a list of problems, never a traceback."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qkdctl.config.example import toml_value
from qkdctl.config.load import load
from qkdctl.config.model import Config
from qkdctl.config.problems import ConfigError, Problem
from qkdctl.config.schema import find_shape, keys_of
from tests.config.drivers import Drivers
from tests.config.files import write

_WORDS = [
    "laser",
    "voa",
    "x",
    "acme-laser",
    "acme-engine",
    "broken",
    "tcp://h:1",
    "http://u:p@h:1",
    "credential:a",
    "*",
    "a b",
    "",
]
_SCALAR = st.one_of(
    st.booleans(),
    st.integers(-2, 2**70),
    st.floats(),
    st.sampled_from(_WORDS),
    st.lists(st.sampled_from(_WORDS), max_size=2),
)


def _keys(path: tuple[str, ...]) -> list[str]:
    shape = find_shape(path)
    known = [key for key, _, _ in keys_of(shape.section)] if shape and shape.section else ["laser", "voa", "current_a"]
    return [*known, "password", "nonsense", "poll_ms"]


@st.composite
def _tables(draw: Any, path: tuple[str, ...] = ()) -> str:
    """An inline table of keys of the schema, mostly."""
    pairs = []
    for key in draw(st.lists(st.sampled_from(_keys(path)), max_size=5, unique=True)):
        shape = find_shape((*path, key))
        is_table = (shape is not None and shape.kind is dict) or draw(st.integers(0, 9)) == 0
        is_table = is_table != (draw(st.integers(0, 9)) == 0)
        value = draw(_tables((*path, key))) if is_table and len(path) < 4 else toml_value(draw(_SCALAR))
        pairs.append(f"{key} = {value}")
    return "{" + ", ".join(pairs) + "}"


@given(st.fixed_dictionaries({}, optional={key: _tables((key,)) for key in Config.model_fields}))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_values_give_a_configuration_or_problems(
    tmp_path_factory: pytest.TempPathFactory, sections: dict[str, str]
) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in sections.items())
    path = write(tmp_path_factory.getbasetemp(), text, "any.toml")
    for problem in _problems(path, {"QKDCTL_DEVICES__LASER__POLL_S": "0.5"} if "devices" in text else {}):
        assert problem.message
        assert problem.origin.source == str(path) or problem.origin.source.startswith("environment ")
        assert "u:p@" not in problem.render()


def _problems(path: Path, environment: dict[str, str]) -> tuple[Problem, ...]:
    try:
        return load(path, environment, {}, Drivers()).provenance.warnings
    except ConfigError as error:
        return error.problems


def test_a_file_that_is_a_directory(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, {}, {}, Drivers())
    assert caught.value.problems[0].message == "cannot be read: Is a directory"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"#" * (1 << 20) + b"\n", "has more than 1048576 bytes"),
        (b'[node]\nname = "b"\nx = ' + b"[" * 5000, "has values nested too deeply"),
    ],
    ids=["endless", "deep"],
)
def test_a_file_that_would_take_all_memory_or_stack_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "qkdctl.toml"
    path.write_bytes(content)
    assert _problems(path, {})[0].message == message


def test_a_device_without_end_is_no_configuration() -> None:
    assert "bytes" in _problems(Path("/dev/zero"), {})[0].message
