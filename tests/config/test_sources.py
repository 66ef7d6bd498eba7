"""Main file, conf.d, environment, flags: which value wins, and where it says it comes from."""

from pathlib import Path

import pytest

from qkdctl.config.load import load
from tests.config.drivers import Drivers
from tests.config.files import VALID, problems_of, read, write


def test_later_sources_replace_single_values(tmp_path: Path) -> None:
    path = write(tmp_path)
    write(tmp_path, "[node]\nepoch_s = 3\nobserve_only = true\n[devices.laser]\npoll_s = 2\n", "conf.d/20-site.toml")
    write(tmp_path, "[node]\nepoch_s = 4\n", "conf.d/30-host.toml")
    write(tmp_path, "[node]\nepoch_s = 60\n", "conf.d/40-ignored.toml.bak")
    config = read(path)
    assert config.provenance.files == (path, tmp_path / "conf.d/20-site.toml", tmp_path / "conf.d/30-host.toml")
    assert (config.node.name, config.node.epoch_s, config.node.observe_only) == ("bench", 4.0, True)
    assert (config.devices["laser"].poll_s, config.devices["laser"].driver) == (2.0, "acme-laser")
    config = read(path, {"QKDCTL_NODE__EPOCH_S": "5"})
    assert config.node.epoch_s == 5.0
    config = read(path, {"QKDCTL_NODE__EPOCH_S": "5"}, {"node.epoch_s": "6"})
    assert config.node.epoch_s == 6.0


def test_every_value_knows_its_source(tmp_path: Path) -> None:
    path = write(tmp_path)
    fragment = write(tmp_path, "\n[devices.laser]\npoll_s = 2\n", "conf.d/site.toml")
    config = read(path, {"QKDCTL_DEVICES__VOA__TIMEOUT_S": "3"}, {"node.epoch_s": "6"})
    sources = {
        ("node", "name"): f"{path}:2",
        ("devices", "laser", "poll_s"): f"{fragment}:3",
        ("devices", "laser", "driver"): f"{path}:6",
        ("devices", "voa", "timeout_s"): "environment QKDCTL_DEVICES__VOA__TIMEOUT_S",
        ("devices", "voa", "options", "channel"): f"{path}:16",
        ("devices", "voa", "options", "dialect"): "default",
        ("node", "epoch_s"): "flag node.epoch_s",
        ("api", "socket"): "default",
    }
    assert {key: str(config.origin(key)) for key in sources} == sources
    assert config.devices["voa"].options == {"channel": 1, "dialect": "scpi"}


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("QKDCTL_NODE__OBSERVE_ONLY", "true", "observe_only", True),
        ("QKDCTL_NODE__NAME", "other", "name", "other"),
        ("QKDCTL_NODE__NO_PLAN_EPOCHS_UNTIL_SAFE", "7", "no_plan_epochs_until_safe", 7),
    ],
)
def test_environment_in_the_type_of_the_key(tmp_path: Path, variable: str, text: str, key: str, value: object) -> None:
    assert getattr(read(write(tmp_path), {variable: text}).node, key) == value


def test_dashes_of_names_are_underscores_in_the_environment(tmp_path: Path) -> None:
    config = read(
        write(tmp_path), {"QKDCTL_LINKS__ALICE_BOB__PULSE_RATE_HZ": "5e8", "QKDCTL_DEVICES__VOA__OPTIONS__CHANNEL": "2"}
    )
    assert config.links["alice-bob"].pulse_rate_hz == 5e8
    assert config.devices["voa"].options["channel"] == 2


@pytest.mark.parametrize(
    ("variable", "text", "message", "hint"),
    [
        ("QKDCTL_NODE__EPOHC_S", "2", "there is no epohc_s in [node] to replace", "did you mean epoch_s?"),
        ("QKDCTL_NODES__EPOCH_S", "2", "there is no nodes in the configuration to replace", "did you mean node?"),
        (
            "QKDCTL_NODE__EPOCH_S",
            "2 s",
            "node.epoch_s has a value of the wrong type",
            "epoch_s is a plain number in seconds: epoch_s = 2",
        ),
        ("QKDCTL_NODE__OBSERVE_ONLY", "maybe", "node.observe_only has a value of the wrong type", ""),
        ("QKDCTL_NODE", "{}", "", ""),
        ("QKDCTL_DEVICES__LASER__LIMITS", "{}", "devices.laser.limits is a table and can only be set in a file", ""),
        ("QKDCTL_API__ROLES__ADMIN", '["*"]', "api.roles.admin is a list and can only be set in a file", ""),
        ("QKDCTL_DEVICES__NEW__DRIVER", "acme-laser", "there is no new in [devices] to replace", ""),
        (
            "QKDCTL_MQTT__HOST",
            "evil.example",
            "there is no host in [mqtt] to replace",
            "[mqtt] stands in no file; a variable or flag adds no table",
        ),
    ],
)
def test_environment_replaces_values_and_injects_no_structure(
    tmp_path: Path, variable: str, text: str, message: str, hint: str
) -> None:
    path = write(tmp_path)
    if not message:
        assert read(path, {variable: text}) == read(path)
        return
    (problem,) = problems_of(path, {variable: text})
    assert (problem.origin.source, problem.message, problem.hint) == (f"environment {variable}", message, hint)


def test_a_value_from_outside_meets_the_same_checks(tmp_path: Path) -> None:
    (problem,) = problems_of(write(tmp_path), overrides={"links.alice-bob.operating_current_a": "0.07"})
    assert problem.origin.source == "flag links.alice-bob.operating_current_a"
    assert problem.message == "operating_current_a is outside the limits of laser"


def test_a_value_from_outside_hides_no_error_of_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, "logging = 5\n" + VALID)
    (problem,) = problems_of(path, {"QKDCTL_LOGGING__LEVEL": "debug"})
    assert (problem.origin.line, problem.key, problem.expected) == (1, "logging", "a table")


def test_relative_paths_start_at_the_file_that_has_them(tmp_path: Path) -> None:
    path = write(tmp_path, VALID.replace("epoch_s = 2", 'state_directory = "state"'))
    write(tmp_path, "", "policy.onnx")
    write(tmp_path, '[policy]\nfile = "../policy.onnx"\n', "conf.d/policy.toml")
    config = read(path)
    assert config.node.state_directory == tmp_path / "state"
    assert config.policy.file is not None
    assert config.policy.file.resolve() == tmp_path / "policy.onnx"
    assert config.policy.kind == "onnx"


def test_defaults_that_follow_from_other_values(tmp_path: Path) -> None:
    text = VALID.replace("epoch_s = 2", 'runtime_directory = "/tmp/x"')
    config = read(write(tmp_path, f"{text}\n[mqtt]\n[mqtt.tls]\n"))
    assert config.api.socket == Path("/tmp/x/qkdctl.sock")
    assert config.policy.kind == "rule-based"
    assert config.mqtt is not None
    assert (config.mqtt.port, config.mqtt.client_id) == (8883, "qkdctl-bench")
    offsets = {name: device.poll_offset_s for name, device in config.devices.items()}
    assert len(set(offsets.values())) == len(offsets)
    assert all(0 <= offsets[name] < device.poll_s for name, device in config.devices.items())


def test_only_the_drivers_in_use_are_imported(tmp_path: Path) -> None:
    drivers = Drivers()
    load(write(tmp_path), {}, {}, drivers)
    assert set(drivers.loaded) == {"acme-laser", "acme-attenuator", "acme-meter", "acme-detector", "acme-engine"}
