"""qkdctl policy: verdicts without a daemon, commands through it, and what people get to read."""

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from qkdctl import exit_codes
from qkdctl.cli import policy_group
from qkdctl.cli.output import Painter
from qkdctl.cli.policy_files import name_of
from qkdctl.cli.policy_text import policies_text
from qkdctl.policy.builder import build
from tests.api import policies
from tests.api.memory import MemoryFacade
from tests.cli.conftest import Cli
from tests.library import hostile
from tests.policy.networks import random_network

PLAIN = Painter(colour=False)


def policy(folder: Path, seed: int = 1) -> Path:
    path = folder / f"Night {seed}.onnx"
    path.write_bytes(build(random_network(seed, 3), {"name": f"night-{seed}", "origin": "constructed"}))
    return path


def key(folder: Path) -> Path:
    path = folder / "release.pem"
    private = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def test_verify_takes_a_policy_and_says_what_it_claims(cli: Cli, tmp_path: Path) -> None:
    shown = cli("policy", "verify", str(policy(tmp_path)))
    assert shown.returncode == exit_codes.OK
    assert "good" in shown.stdout
    assert "origin: constructed" in shown.stdout


def test_verify_refuses_with_a_code_and_exit_code_1(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(hostile.changed(hostile.weight(float("nan"))))
    shown = cli("policy", "verify", str(path))
    assert (shown.returncode, shown.stdout.split()[0]) == (exit_codes.FAILURE, "rejected")
    document = json.loads(cli("policy", "verify", str(path), "--json").stdout)
    assert (document["schema_version"], document["code"]) == (1, "not-finite")
    assert cli("policy", "verify", str(tmp_path / "absent.onnx")).returncode == exit_codes.FAILURE


def test_a_signed_manifest_is_verified_with_the_keys_of_the_configuration(
    cli: Cli, folder: Path, tmp_path: Path
) -> None:
    file = policy(tmp_path)
    signed = cli("policy", "sign", str(file), "--key", str(key(tmp_path)), "--signer", "release", "--version", "4")
    assert signed.stderr.startswith('trusted_keys = ["release:')
    manifest = tmp_path / "night.json"
    manifest.write_text(signed.stdout)
    assert json.loads(signed.stdout)["name"] == "night-1"
    (folder / "qkdctl.toml").write_text(f'[node]\nname = "a"\n[policy]\n{signed.stderr}')
    good = cli("policy", "verify", str(file), "--manifest", str(manifest))
    assert (good.returncode, "version 4, signed by release" in good.stdout) == (0, True), good.stderr
    manifest.write_text(signed.stdout.replace('"version": 4', '"version": 5'))
    assert "signature:" in cli("policy", "verify", str(file), "--manifest", str(manifest)).stdout
    other = cli("policy", "verify", str(policy(tmp_path, 2)), "--manifest", str(manifest))
    assert "digest:" in other.stdout


def test_what_no_daemon_would_take_is_not_signed(cli: Cli, tmp_path: Path) -> None:
    file, large = policy(tmp_path), tmp_path / "large.onnx"
    large.write_bytes(bytes(4 * 1024 * 1024 + 1))
    words = ("--key", str(key(tmp_path)), "--version", "4", "--signer")
    for signer in ("Release Key", "a:b", "x" * 64):
        refused = cli("policy", "sign", str(file), *words, signer)
        assert (refused.returncode, refused.stdout) == (exit_codes.USAGE, "")
        assert f"{signer!r} is no name" in refused.stderr
    refused = cli("policy", "sign", str(large), *words, "release")
    assert (refused.returncode, "more than 4194304 bytes" in refused.stderr) == (exit_codes.FAILURE, True)


@pytest.mark.usefixtures("daemon")
def test_a_manifest_that_is_none_and_a_configuration_that_is_not_there_are_told(cli: Cli, tmp_path: Path) -> None:
    file, manifest = policy(tmp_path), tmp_path / "night.json"
    manifest.write_bytes(file.read_bytes())
    assert "manifest:" in cli("policy", "verify", str(file), "--manifest", str(manifest)).stdout
    assert cli("policy", "stage", str(file), "--manifest", str(manifest)).returncode != exit_codes.SOFTWARE
    signed = cli("policy", "sign", str(file), "--key", str(key(tmp_path)), "--signer", "release", "--version", "4")
    manifest.write_text(signed.stdout)
    words = ("policy", "verify", str(file), "--manifest", str(manifest), "--config", str(tmp_path / "typo.toml"))
    absent = cli(*words)
    assert (absent.returncode != 0, "typo.toml" in absent.stderr) == (True, True)


def test_a_key_that_is_none_is_a_usage_error(cli: Cli, tmp_path: Path) -> None:
    file = policy(tmp_path)
    refused = cli("policy", "sign", str(file), "--key", str(file), "--signer", "release", "--version", "4")
    assert (refused.returncode, refused.stdout) == (exit_codes.USAGE, "")


@pytest.mark.usefixtures("daemon")
def test_commands_go_to_the_daemon(cli: Cli, facade: MemoryFacade, tmp_path: Path) -> None:
    assert cli("policy", "stage", str(policy(tmp_path))).stdout.startswith("night-1 version 3 is at hand")
    assert facade.done[-1][0] == "stage-policy"
    assert json.loads(cli("policy", "shadow", "ramp", "--json").stdout)["stage"] == "shadow"
    assert cli("policy", "shadow", "ramp", "--off").stdout == "ramp version 3 is vetted\n"
    words = ("policy", "canary", "ramp", "--link", "a-b", "--link", "c-d", "--until", "90")
    assert f"qkdctl policy activate {'ab' * 32}" in cli(*words).stdout
    assert facade.done[-1][1:5] == ("ramp", ["a-b", "c-d"], 90, "")
    assert cli("policy", "activate", "ramp").returncode == 0
    assert facade.done[-1][:2] == ("file-act", {"kind": "activate-policy", "policy": "ramp"})
    refused = cli("policy", "activate", "rmap")
    assert (refused.returncode, "did you mean 'ramp'" in refused.stderr) == (exit_codes.FAILURE, True)
    facade.filed = False
    assert cli("policy", "rollback").stdout == "activate-policy: wanted by this node\n"


@pytest.mark.usefixtures("daemon")
def test_the_largest_policy_passes_the_gate(cli: Cli, facade: MemoryFacade, tmp_path: Path) -> None:
    path = tmp_path / "large.onnx"
    path.write_bytes(bytes(4 * 1024 * 1024))
    assert cli("policy", "stage", str(path), "--name", "large").returncode == 0
    assert facade.done[-1][1] == -(-4 * 1024 * 1024 // 3) * 4


@pytest.mark.usefixtures("daemon")
def test_list_and_history(cli: Cli) -> None:
    shown = cli("policy", "list").stdout
    assert "in force: ramp 3; before: rule-based" in shown
    assert "rejected (not-finite)" in shown
    assert json.loads(cli("policy", "list", "--json").stdout)["policy"] == "ab" * 32
    events = json.loads(cli("policy", "history", "night", "--json").stdout)["events"]
    assert [event["stage"] for event in events] == ["staged", "rejected"]
    assert len(cli("policy", "history").stdout.splitlines()) == 6
    assert cli("policy", "history", "absent").returncode == exit_codes.FAILURE


def test_what_a_list_says_of_a_node_in_trouble() -> None:
    calm = policies.POLICIES
    assert "which this node has not got" in policies_text(calm | {"at_hand": False}, PLAIN)
    unchecked = policies_text(calm | {"trusted_signers": []}, PLAIN)
    assert ("release (unchecked)" in unchecked, "unchecked" in policies_text(calm, PLAIN)) == (True, False)
    assert "failed too often" in policies_text(calm | {"ejected": True}, PLAIN)
    assert "'qkdctl policy stage FILE' takes one in" in policies_text(calm | {"files": []}, PLAIN)
    figures = {"epochs": 4, "links": 8, "same": 6, "touched": 1, "failures": 0, "latency_s": 0.0004, "slowest_s": 2e-4}
    watched = calm["files"][0] | {"stage": "shadow", "shadow": figures}
    text = policies_text(calm | {"files": [watched]}, PLAIN)
    assert "in shadow for 4 epochs: as decided 75.00 %, changed by the shield 12.50 %, 0 failures, 100 us each" in text


@pytest.mark.usefixtures("daemon")
def test_diff_of_files(cli: Cli, tmp_path: Path) -> None:
    one, other = policy(tmp_path, 1), policy(tmp_path, 2)
    found = json.loads(cli("policy", "diff", str(one), str(other), "--json").stdout)
    assert found["claims"] == {"name": ["night-1", "night-2"]}
    assert 0 < sum(found["choices"].values()) <= found["observations"]
    assert "other choice on" in cli("policy", "diff", str(one), str(other)).stdout
    assert cli("policy", "diff", str(one), str(one)).stdout.startswith("the same file")
    assert cli("policy", "diff", str(one), "ramp").returncode == exit_codes.FAILURE


def test_other_packages_add_verbs_and_replace_none(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    verbs = [EntryPoint(name, "tests.cli.test_policy:plugin", policy_group.GROUP) for name in ("train", "verify")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: verbs if group == policy_group.GROUP else [])
    assert cli("policy", "train").stdout == "trained\n"
    shown = cli("policy", "--help").stdout
    assert (shown.count(" train "), shown.count(" verify ")) == (1, 1)


def plugin() -> None:
    """Train."""
    print("trained")


def test_names_from_files() -> None:
    assert [name_of(Path(text)) for text in ("a/Night 2.onnx", "__.onnx", "x" * 99)] == ["night-2", "policy", "x" * 63]
