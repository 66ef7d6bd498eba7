"""Secrets are kept in files, and appear nowhere else."""

import json
from pathlib import Path

import pytest

from qkdctl.config.effective import effective
from qkdctl.config.model import Config
from qkdctl.config.secrets import SecretError, read_secret, secret_path
from qkdctl.config.types import SecretReference
from tests.config.files import VALID, problems_of, read, write

CANARY = "canary-7b1f"
MQTT = '\n[mqtt]\nusername = "me"\npassword_file = "{}"\n'


@pytest.mark.parametrize(
    "text",
    [
        f'\n[mqtt]\npassword = "{CANARY}"\n',
        f'\n[mqtt]\nPassword = "{CANARY}"\n',
        f'\n[mqtt]\npassword "{CANARY}"\n',
        f"\n[mqtt]\npassword = {CANARY}\n",
        f'\n[mqtt]\npassword = "{CANARY}\n',
        f'\n[mqtt]\npassword = """{CANARY}\n{CANARY}\n',
        f"\n[mqtt]\n{CANARY}\n",
        f'\n[api.tcp]\nport = 1\ntoken = ["{CANARY}"]\n',
        f'\n[api.tcp]\nport = "x"\ntoken = {{ value = "{CANARY}" }}\n',
        f'\n[devices.bob.options]\npassword = "{CANARY}"\n',
        f'\n[devices.bob.options]\nlogin = {{ api_key = "{CANARY}" }}\n',
        f'\n[devices.x]\ndriver = "acme-engine"\naddress = "http://me:{CANARY}@192.0.2.7:80"\n',
        f'\n[devices.x]\ndriver = "acme-engine"\naddress = "http://192.0.2.7:80/?token={CANARY}"\n',
        f'\n[devices.x]\ndriver = "acme-engine"\naddress = "http://me:a/b@{CANARY}@192.0.2.7"\n',
        f'\n[devices.x]\ndriver = "http://me:{CANARY}@192.0.2.7"\naddress = "tcp://h:1"\n',
        f'\n[links.x]\nsource = "http://me:{CANARY}@192.0.2.7"\n',
        f'\n[policy]\nfile = "http://me:{CANARY}@192.0.2.7"\n',
        f'\n[devices.x]\ndriver = "acme-engine"\naddress = "htp://me:{CANARY}@192.0.2.7"\n',
    ],
)
def test_no_secret_in_any_problem(tmp_path: Path, text: str) -> None:
    problems = problems_of(write(tmp_path, VALID + text))
    assert CANARY not in "\n".join(problem.render() for problem in problems)
    assert CANARY not in json.dumps([problem.to_plain() for problem in problems])


@pytest.mark.parametrize("variable", ["QKDCTL_MQTT__PASSWORD", "QKDCTL_API__TCP__TOKEN", "QKDCTL_NODE__SECRET"])
def test_no_secret_from_the_environment(tmp_path: Path, variable: str) -> None:
    (problem,) = problems_of(write(tmp_path, VALID + "\n[mqtt]\n"), {variable: CANARY})
    assert problem.message == "a secret must not stand in the configuration"
    assert CANARY not in problem.render()


def test_show_has_the_reference_and_never_the_secret(tmp_path: Path) -> None:
    secret = write(tmp_path, f"{CANARY}\n", "password")
    secret.chmod(0o600)
    config = read(write(tmp_path, VALID + MQTT.format("password")))
    values = {value.key: value.value for value in effective(config)}
    assert values["mqtt.password_file"] == str(secret)
    assert CANARY not in json.dumps([value.to_plain() for value in effective(config)])
    assert CANARY not in repr(config)
    assert config.mqtt is not None
    assert config.mqtt.password_file is not None
    value = read_secret(config.mqtt.password_file, {})
    assert value.get_secret_value() == CANARY
    assert CANARY not in repr(value)


def test_show_redacts_what_no_check_has_seen() -> None:
    values = {
        "node": {"name": "bench"},
        "api": {"socket": "/run/x"},
        "policy": {"kind": "hold"},
        "devices": {
            "x": {"driver": "y", "address": "tcp://h:1", "options": {"token": CANARY, "url": f"http://me:{CANARY}@h"}}
        },
    }
    shown = {value.key: value.value for value in effective(Config.model_validate(values))}
    assert shown["devices.x.options.token"] == "[redacted]"
    assert shown["devices.x.options.url"] == "http://[redacted]@h"


def test_a_secret_everybody_can_read_is_a_warning(tmp_path: Path) -> None:
    secret = write(tmp_path, CANARY, "password")
    secret.chmod(0o644)
    (warning,) = read(write(tmp_path, VALID + MQTT.format("password"))).provenance.warnings
    assert (warning.severity, warning.message) == ("warning", f"every user can read {secret}")
    assert (warning.key, warning.found) == ("mqtt.password_file", "mode 0644")


def test_a_secret_that_is_absent_is_an_error(tmp_path: Path) -> None:
    (problem,) = problems_of(write(tmp_path, VALID + MQTT.format("password")))
    assert (problem.severity, problem.message) == ("error", f"{tmp_path / 'password'} does not exist")


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_secret_the_daemon_could_not_use_is_an_error(tmp_path: Path, content: bytes) -> None:
    secret = tmp_path / "password"
    secret.write_bytes(content)
    secret.chmod(0o600)
    (problem,) = problems_of(write(tmp_path, VALID + MQTT.format("password")))
    assert (problem.severity, problem.key) == ("error", "mqtt.password_file")
    assert str(secret) in problem.message


def test_a_token_that_could_be_guessed_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "x" * 15, "token").chmod(0o600)
    (problem,) = problems_of(write(tmp_path, f'{VALID}\n[api.tcp]\nport = 8470\ntoken_file = "token"\n'))
    assert problem.key == "api.tcp.token_file"
    assert "fewer than 16 characters" in problem.message


def test_credentials_lie_in_the_directory_of_the_service_manager(tmp_path: Path) -> None:
    path = write(tmp_path, VALID + MQTT.format("credential:mqtt"))
    (warning,) = read(path).provenance.warnings
    assert warning.severity == "warning"
    assert "CREDENTIALS_DIRECTORY" in warning.hint
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    (problem,) = problems_of(path, environment)
    assert problem.message == f"{tmp_path / 'credentials/mqtt'} does not exist"
    write(tmp_path, CANARY, "credentials/mqtt").chmod(0o400)
    assert read(path, environment).provenance.warnings == ()
    assert read_secret(SecretReference("credential:mqtt"), environment).get_secret_value() == CANARY


def test_a_credential_names_no_path(tmp_path: Path) -> None:
    problems = problems_of(
        write(tmp_path, VALID + MQTT.format("credential:../passwd")), {"CREDENTIALS_DIRECTORY": "/x"}
    )
    assert "mqtt.password_file" in {problem.key for problem in problems if problem.severity == "error"}


def test_reading_says_what_is_wrong_and_not_what_was_read(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="cannot be read: No such file"):
        read_secret(SecretReference(str(tmp_path / "absent")), {})
    with pytest.raises(SecretError, match="is empty"):
        read_secret(SecretReference(str(write(tmp_path, " \n", "empty"))), {})
    binary = tmp_path / "binary"
    binary.write_bytes(CANARY.encode() + b"\xff")
    with pytest.raises(SecretError, match="not UTF-8") as caught:
        read_secret(SecretReference(str(binary)), {})
    assert CANARY not in str(caught.value)
    with pytest.raises(SecretError, match="service manager"):
        secret_path(SecretReference("credential:x"), {})
