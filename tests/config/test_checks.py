"""What is wrong only in relation to something else: links that share, instruments that are configured twice."""

from pathlib import Path

import pytest

from tests.config.files import VALID, errors_of, problems_of, read, write

SECOND_LINK = """
[devices.alice-2]
driver = "acme-engine"
address = "http://192.0.2.15:8080"
[devices.bob-2]
driver = "acme-engine"
address = "http://192.0.2.16:8080"
[links.second]
source = "laser"
attenuator = "voa"
power_meter = "tap"
tap_ratio = 99.0
detector = "counter"
engine_alice = "alice-2"
engine_bob = "bob-2"
pulse_rate_hz = 1e9
operating_current_a = 0.04
"""


def _warnings(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    return [(problem.key, problem.message) for problem in read(write(tmp_path, text)).provenance.warnings]


def test_two_links_share_a_detector_and_nothing_else(tmp_path: Path) -> None:
    path = write(tmp_path, VALID + SECOND_LINK)
    assert [(problem.key, problem.message) for problem in errors_of(path)] == [
        ("links.second.source", f"laser is already the source of link alice-bob ({path}:35)"),
        ("links.second.attenuator", f"voa is already the attenuator of link alice-bob ({path}:36)"),
        ("links.second.power_meter", f"tap is already the power_meter of link alice-bob ({path}:37)"),
    ]


def test_channels_of_one_instrument_share_its_address(tmp_path: Path) -> None:
    other = '\n[devices.voa-2]\ndriver = "acme-attenuator"\naddress = "tcp://192.0.2.2:5025"\n'
    assert read(write(tmp_path, f"{VALID}{other}options = {{ channel = 2 }}\n")).provenance.warnings == ()
    (problem,) = errors_of(write(tmp_path, VALID + other))
    assert problem.key == "devices.voa-2.address"
    assert problem.message.startswith("voa-2 and voa (")
    assert problem.message.endswith(") are the same instrument")


def test_one_address_under_two_drivers_is_a_warning(tmp_path: Path) -> None:
    other = '\n[devices.x]\ndriver = "acme-meter"\naddress = "tcp://192.0.2.2:5025"\n'
    ((key, message),) = _warnings(tmp_path, VALID + other)
    assert key == "devices.x.address"
    assert message.endswith("has the same address and another driver")


def test_a_wider_limit_than_the_instruments_own_is_a_warning(tmp_path: Path) -> None:
    ((key, message),) = _warnings(tmp_path, VALID.replace("maximum = 0.06", "maximum = 60"))
    assert key == "devices.laser.limits.current_a.maximum"
    assert message == "the limit has no effect: the instrument itself allows only 0 to 0.2 A"


def test_limits_become_those_of_the_device_layer(tmp_path: Path) -> None:
    limits = read(write(tmp_path)).devices["laser"].limits["current_a"].to_limits()
    assert (limits.maximum, limits.admits(-1e9), limits.maximum_step) == (0.06, True, float("inf"))


@pytest.mark.parametrize(
    ("host", "is_refused"),
    [("127.0.0.1", False), ("127.1.2.3", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("::", True),
     ("192.0.2.1", True), ("localhost.example", True)],
)  # fmt: skip
def test_only_loopback_goes_without_a_token(tmp_path: Path, host: str, is_refused: bool) -> None:
    path = write(tmp_path, f'{VALID}\n[api.tcp]\nport = 8470\nhost = "{host}"\n')
    if is_refused:
        assert [problem.key for problem in problems_of(path)] == ["api.tcp.host"]
    else:
        assert read(path).provenance.warnings == ()


_REMOTE = f'{VALID}\n[mqtt]\nhost = "broker.example"\n'
_PASSWORD = 'username = "me"\npassword_file = "password"\n'
_CERTIFICATE = 'certificate_file = "certificate"\nkey_file = "key"\n'
_ANONYMOUS = "the broker is not on this machine and would be used anonymously"
_CLEAR = "the broker is not on this machine and everything would cross the network unencrypted"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_REMOTE, [_CLEAR, _ANONYMOUS]),
        (f'{_REMOTE}username = "me"\n', [_CLEAR, _ANONYMOUS]),
        (_REMOTE + _PASSWORD, [_CLEAR]),
        (f"{_REMOTE}[mqtt.tls]\n", [_ANONYMOUS]),
        (f"{_REMOTE}{_PASSWORD}[mqtt.tls]\n", []),
        (f"{_REMOTE}[mqtt.tls]\n{_CERTIFICATE}", []),
        (_REMOTE.replace("broker.example", "127.0.0.1"), []),
        (_REMOTE.replace("broker.example", "localhost"), []),
    ],
)
def test_a_broker_elsewhere_needs_encryption_and_a_name(tmp_path: Path, text: str, expected: list[str]) -> None:
    for name in ("password", "certificate", "key"):
        write(tmp_path, "x", name).chmod(0o600)
    path = write(tmp_path, text)
    found = problems_of(path) if expected else list(read(path).provenance.warnings)
    assert [(p.severity, p.key, p.message) for p in found] == [("error", "mqtt.host", text) for text in expected]
    assert all(problem.hint and problem.origin.line for problem in found)


def test_everybody_may_read_but_a_wider_door_is_a_warning(tmp_path: Path) -> None:
    roles = '\n[api.roles]\nread = ["*"]\noperate = ["alice", "@lab", "*"]\n'
    assert _warnings(tmp_path, VALID + roles) == [
        ("api.roles.operate[2]", "everybody whom the socket's mode lets in may operate")
    ]


@pytest.mark.parametrize("key", ["node.runtime_directory", "api.socket"])
def test_the_kernel_takes_no_longer_path_of_a_socket(tmp_path: Path, key: str) -> None:
    section, name = key.split(".")
    spoilt = VALID.replace("epoch_s = 2", f'epoch_s = 2\n{name} = "/run/{"x" * 120}"')
    text = spoilt if section == "node" else f'{VALID}\n[api]\n{name} = "/run/{"x" * 120}"\n'
    (problem,) = problems_of(write(tmp_path, text))
    assert (problem.key, problem.expected) == (key, "at most 107 bytes")


def test_a_link_without_power_meter_is_a_warning(tmp_path: Path) -> None:
    ((key, message),) = _warnings(tmp_path, VALID.replace('power_meter = "tap"\ntap_ratio = 99.0\n', ""))
    assert key == "links.alice-bob"
    assert "cannot be calibrated" in message


def test_what_depends_on_a_broken_device_is_not_reported_twice(tmp_path: Path) -> None:
    text = VALID.replace('driver = "acme-laser"', 'driver = "broken"').replace("poll_s = 0.5", "poll_s = 0.001")
    assert {problem.key for problem in errors_of(write(tmp_path, text))} == {
        "devices.laser.driver",
        "devices.laser.poll_s",
    }


def test_all_errors_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        VALID.replace('name = "bench"', 'name = "Bench"')
        .replace('driver = "acme-laser"', 'driver = "acme-lazer"')
        .replace('address = "tcp://192.0.2.2:5025"', 'address = "192.0.2.2"')
        .replace("options = { channel = 1 }", "options = { channel = 9 }")
        .replace('detector = "counter"', 'detector = "tap"')
        .replace("operating_current_a = 0.04", "operating_current_ma = 40")
    )
    assert [(problem.origin.line, problem.key) for problem in problems_of(write(tmp_path, text))] == [
        (2, "node.name"),
        (6, "devices.laser.driver"),
        (15, "devices.voa.address"),
        (16, "devices.voa.options.channel"),
        (39, "links.alice-bob.detector"),
        (43, "links.alice-bob.operating_current_ma"),
    ]


def test_a_section_that_is_no_table(tmp_path: Path) -> None:
    (first, *_) = problems_of(
        write(tmp_path, "devices = 5\nlinks = []\nmqtt = true\napi = 1\npolicy = ''\n[node]\nname = 'a'\n")
    )
    assert (first.key, first.expected) == ("devices", "a table")


def test_values_are_frozen(tmp_path: Path) -> None:
    config = read(write(tmp_path))
    with pytest.raises(ValueError, match="frozen"):
        config.node.name = "other"  # type: ignore[misc]
    assert config.links["alice-bob"].maximum_mean_photon_number_e6 == 600_000
    assert config.shield.settings(5.0).max_raise_ppm == 350_000
