"""The control socket is found without reading the rest: it is the one that the whole configuration gives."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from qkdctl.config.control_socket import control_socket
from qkdctl.config.problems import ConfigError
from tests.config.files import VALID, read, write

CASES: dict[str, tuple[str, str, dict[str, str]]] = {
    "socket": ('[api]\nsocket = "/tmp/a.sock"\n', "", {}),
    "relative": ('[api]\nsocket = "run/a.sock"\n', "", {}),
    "fragment": ('[api]\nsocket = "/tmp/a.sock"\n', '[api]\nsocket = "b.sock"\n', {}),
    "socket in the environment": ('[api]\nsocket = "/tmp/a.sock"\n', "", {"QKDCTL_API__SOCKET": "c.sock"}),
    "directory": ("", '[node]\nruntime_directory = "run"\n', {}),
    "directory in the environment": ("", "", {"QKDCTL_NODE__RUNTIME_DIRECTORY": "/tmp/run"}),
}


@pytest.mark.parametrize(("more", "fragment", "environment"), CASES.values(), ids=CASES)
def test_it_is_that_of_the_whole_configuration(
    tmp_path: Path, more: str, fragment: str, environment: Mapping[str, str]
) -> None:
    path = write(tmp_path, VALID + more)
    write(tmp_path, fragment, "conf.d/site.toml")
    assert control_socket(path, environment) == read(path, environment).api.socket


def test_a_configuration_that_names_none_has_none(tmp_path: Path) -> None:
    assert control_socket(write(tmp_path), {}) is None


def test_what_is_wrong_elsewhere_is_of_no_matter(tmp_path: Path) -> None:
    broken = write(tmp_path, 'colour = \n[api]\nsocket = "/tmp/a.sock"\n[devices.laser]\ndriver = 3\n')
    assert control_socket(broken, {}) == Path("/tmp/a.sock")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        control_socket(tmp_path / "absent.toml", {})
